/* Recipes in a session. What a stage learns from is collected when its run is made, with the weights at the
 * end of the stages it names, and is committed with the run: from then on the run stands alone and is
 * replayed like any other. */
#include "app/session/session_recipe.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/session/session_chain.h"
#include "scenarios/registry.h"

enum status recipe_load(struct recipe *r, const char *name, struct err *e)
{
    struct str text = {0}, names = {0};
    enum status st = ST_OK;
    const struct preset *found = NULL;
    for (int i = 0; i < recipe_n(); i++) {
        if (strcmp(recipe_at(i)->name, name) == 0)
            found = recipe_at(i);
        str_printf(&names, "%s%s", i ? ", " : "", recipe_at(i)->name);
    }
    if (found)
        str_add_n(&text, found->text, found->bytes);
    else if (strchr(name, '/') || strstr(name, ".ini"))
        st = presets_read(name, &text, e);
    else
        st = err_set(e, ST_USAGE, "recipe", "there is no recipe %s; there are %s", name, str_c(&names));
    if (!st)
        st = recipe_parse(r, name, str_c(&text), e);
    str_free(&text);
    str_free(&names);
    return st;
}

static enum status plan_stage(struct course *c, int i, const char *const *assignment, int n, struct err *e)
{
    const struct recipe_stage *g = &c->recipe.stage[i];
    struct settings *set = &c->set[i];
    const char *own[RECIPE_SETS];
    struct err inner;
    char key[KEY_HEX], label[2 * RECIPE_NAME];
    uint64_t seed = c->seed;
    enum status st;
    for (int k = 0; k < g->sets_n; k++)
        own[k] = g->set[k];
    st = presets_load(g->preset, own, g->sets_n, set, &seed, &inner);
    if (st)
        return err_set(e, st, "recipe", "stage %s: %s", g->name, inner.msg);
    /* The user's changes go where they belong; one that no stage knows is refused by the last. */
    for (int k = 0; k < n && !st; k++) {
        st = settings_assign(set, g->stage, &assignment[k], 1, &seed, &inner);
        if (st && i + 1 < c->recipe.stages_n)
            st = ST_OK;
    }
    if (st)
        return err_set(e, st, "recipe", "stage %s: %s", g->name, inner.msg);
    recipe_only(set, g->stage);
    if (g->epochs <= 0 && settings_steps(set, g->stage) < 1)
        return err_set(e, ST_USAGE, "recipe", "stage %s: %s.steps is 0", g->name,
                       g->stage == STAGE_GRPO ? "rl" : stage_name(g->stage));
    if (!g->teacher[0] != !(set->cold.distill > 0))
        return err_set(e, ST_USAGE, "recipe", "stage %s: a teacher and cold.distill > 0 go together", g->name);
    snprintf(label, sizeof label, "%s/%s", c->recipe.name, g->name);
    snprintf(set->preset, sizeof set->preset, "%s", label);
    session_key(set, g->stage, c->seed, key);
    recipe_key(&c->recipe, i, key, c->key);
    return ST_OK;
}

/* Which stages are on record as done; the first that is not is to be entered. */
static void find_done(struct course *c, struct query *q)
{
    c->at = c->recipe.stages_n;
    for (int i = 0; i < c->recipe.stages_n; i++) {
        struct record_run found;
        struct err none;
        c->run[i] = 0;
        if (q && query_find_stage(q, c->key[i], &found, &none) == ST_OK)
            c->run[i] = found.id;
        else if (c->at == c->recipe.stages_n)
            c->at = i;
    }
}

enum status course_plan(struct course *c, struct query *q, const char *const *assignment, int n,
                        uint64_t seed, struct err *e)
{
    enum status st = ST_OK;
    c->seed = seed;
    for (int i = 0; i < n && !st; i++)
        if (strncmp(assignment[i], "seed=", 5) == 0) {
            settings_init(&c->set[0], NULL);
            st = settings_assign(&c->set[0], STAGE_GRPO, &assignment[i], 1, &c->seed, e);
        }
    for (int i = 0; i < c->recipe.stages_n && !st; i++)
        st = plan_stage(c, i, assignment, n, e);
    if (!st)
        find_done(c, q);
    return st;
}

int course_open(const struct session *s)
{
    const struct course *c = s->course;
    return c && s->trainer && c->at < c->recipe.stages_n && c->run[c->at] == s->run.id;
}

/* The first stage after the open one that is not done; stages_n: none. */
static int next_stage(const struct course *c)
{
    int i = c->at + 1;
    while (i < c->recipe.stages_n && c->run[i])
        i++;
    return i;
}

int course_next(const struct session *s)
{
    return next_stage(s->course) < s->course->recipe.stages_n;
}

/* The end of a finished stage, in memory. */
static enum status load_end(struct session *s, const char *stage, struct trainer **out,
                            struct record_run *run, struct err *e)
{
    const struct course *c = s->course;
    char id[24];
    enum status st;
    snprintf(id, sizeof id, "%lld", (long long)c->run[recipe_find(&c->recipe, stage)]);
    st = query_run(s->query, id, run, e);
    if (!st)
        st = session_load(s, run, run->step, out, e);
    if (!st && (*out)->step != run->step)
        st = err_set(e, ST_CORRUPT, "recipe", "stage %s has no keyframe at its end", stage);
    return st;
}

static void drop(struct trainer *t)
{
    if (t) {
        trainer_release(t);
        free(t);
    }
}

struct taker {
    struct examples *taught;
    const char *source;
};

static enum status take(void *ctx, const struct record_example *x, struct err *e)
{
    struct taker *k = ctx;
    struct record_example own = *x;
    own.source = k->source;
    return examples_add(k->taught, &own, e);
}

/* What stage i learns from. */
static enum status collect(struct session *s, int i, struct examples *taught, struct err *e)
{
    const struct recipe_stage *g = &s->course->recipe.stage[i];
    enum status st = ST_OK;
    for (int k = 0; k < g->collects_n && !st; k++) {
        struct collect_settings how = g->collect[k].s;
        struct trainer *t = NULL;
        struct record_run from;
        struct taker taker = {taught, how.kind == COLLECT_TEMPLATES ? "" : from.name};
        int kept = taught->kept_n, n = taught->n;
        how.seed = s->course->seed;
        st = load_end(s, g->collect[k].source, &t, &from, e);
        if (!st) {
            session_say(s, 0, "%s: collecting from %s: %d problems, %d samples each", g->name, from.name,
                        how.problems, how.samples);
            session_publish(s, 1);
            st = collect_run(t, &how, take, &taker, &s->gate, NULL, e);
        }
        if (!st)
            session_log(s, "%s: %d of %d texts from %s are kept", g->name, taught->kept_n - kept,
                        taught->n - n, from.name);
        drop(t);
    }
    if (!st && g->collects_n && !taught->kept_n)
        st = err_set(e, ST_FAILED, "recipe", "stage %s: none of %d collected texts may be learned from",
                     g->name, taught->n);
    return st;
}

/* Two models of the same table of parameters: what one learned can go on in the other. */
static enum status same_shape(const struct recipe_stage *g, const struct trainer *a, const struct trainer *b,
                              struct err *e)
{
    const struct params *p = &a->model.params, *q = &b->model.params;
    int same = p->n == q->n && p->total == q->total && a->vocab.n == b->vocab.n;
    for (int i = 0; i < p->n && same; i++)
        same = p->row[i].offset == q->row[i].offset && strcmp(p->row[i].name, q->row[i].name) == 0;
    for (int i = 0; i < a->vocab.n && same; i++)
        same = strcmp(a->vocab.token[i], b->vocab.token[i]) == 0;
    return same ? ST_OK
                : err_set(e, ST_USAGE, "recipe",
                          "stage %s cannot start from %s: other shapes or another vocabulary", g->name,
                          g->from);
}

/* Readings of the texts, in steps. */
static int epoch_steps(const struct recipe_stage *g, const struct settings *set, int kept_n)
{
    int documents = settings_sft(set, g->stage)->documents;
    return (int)fmax(1, ceil(g->epochs * kept_n / documents));
}

/* The teacher's run and step become settings of the run that learns from it: it is found again by them. */
static enum status name_teacher(struct session *s, const struct recipe_stage *g, struct settings *set,
                                struct err *e)
{
    struct record_run run;
    char id[24];
    enum status st;
    snprintf(id, sizeof id, "%lld", (long long)s->course->run[recipe_find(&s->course->recipe, g->teacher)]);
    st = query_run(s->query, id, &run, e);
    if (!st && (run.id > INT_MAX || run.step > INT_MAX))
        st = err_set(e, ST_FAILED, "recipe", "stage %s: run %lld is beyond cold.teacher's range", g->name,
                     (long long)run.id);
    if (!st) {
        set->cold.teacher = (int)run.id;
        set->cold.teacher_step = (int)run.step;
    }
    return st;
}

static enum status make(struct session *s, int i, struct err *e)
{
    struct course *c = s->course;
    const struct recipe_stage *g = &c->recipe.stage[i];
    struct settings set = c->set[i];
    struct examples taught = {0};
    struct trainer *t = NULL, *before = NULL;
    struct record_run parent = {0}, run;
    char name[NAME_BYTES];
    enum status st = collect(s, i, &taught, e);
    if (!st && g->epochs > 0 && g->collects_n)
        settings_set_steps(&set, g->stage, epoch_steps(g, &set, taught.kept_n));
    if (!st && g->teacher[0])
        st = name_teacher(s, g, &set, e);
    if (!st)
        st = session_trainer(s, &set, g->stage, c->seed, &t, e);
    if (!st && g->from[0]) {
        st = load_end(s, g->from, &before, &parent, e);
        if (!st)
            st = same_shape(g, t, before, e);
        if (!st)
            trainer_follow(t, before);
    } else if (!st) {
        trainer_start(t);
    }
    snprintf(name, sizeof name, "%s-%s", c->recipe.name, g->name);
    if (!st && g->reward[0]) {
        struct record_run from;
        struct trainer *reward = NULL;
        st = load_end(s, g->reward, &reward, &from, e);
        if (!st)
            st = same_shape(g, t, reward, e);
        if (!st && t->reward_w)
            trainer_reward(t, reward);
        drop(reward);
    }
    if (!st)
        st = chain_create(s, t, parent.id, parent.step, name, 0, c->key[i], &taught, &run, e);
    if (!st)
        st = session_teach(t, &taught, e);
    if (!st)
        st = session_adopt(s, &run, t, 1, e);
    if (st && s->trainer != t)
        drop(t);
    if (!st) {
        c->run[i] = run.id;
        c->at = i;
        session_log(s, "stage %d of %d of %s: %s", i + 1, c->recipe.stages_n, c->recipe.name, g->summary);
        session_say(s, 0, "stage %s: %s", g->name, g->summary);
    }
    drop(before);
    examples_release(&taught);
    return st;
}

int course_holds(const struct session *s)
{
    return course_open(s) && s->course->reviews && s->trainer->step == 0 && s->trainer->corpus.n > 0;
}

/* Verdicts come before the first step: it waits for them. */
static void hold(struct session *s)
{
    int n = 0, kept = 0;
    struct err none;
    if (!course_holds(s) || query_examples_n(s->query, s->run.id, &n, &kept, &none))
        return;
    control_pause(&s->control);
    session_say(s, 0,
                "%s will learn from %d of %d texts: :texts to accept, reject or edit them; space goes on",
                s->run.name, kept, n);
}

/* The stage's run: one that was begun goes on. */
static enum status enter(struct session *s, int i, struct err *e)
{
    struct course *c = s->course;
    struct record_run begun;
    struct err none;
    char id[24];
    enum status st;
    if (query_find_begun(s->query, c->key[i], &begun, &none) != ST_OK) {
        st = make(s, i, e);
    } else {
        snprintf(id, sizeof id, "%lld", (long long)begun.id);
        st = session_open(s, id, -1, 1, e);
        if (!st) {
            c->run[i] = begun.id;
            c->at = i;
        }
    }
    if (!st)
        hold(s);
    return st;
}

enum status course_advance(struct session *s, struct err *e)
{
    struct err thinning;
    if (store_run_thin(s->store, s->run.id, &thinning))
        session_log(s, "%s: %s", thinning.where, thinning.msg);
    s->is_fork_equal = 0;
    return enter(s, next_stage(s->course), e);
}

enum status session_recipe(struct session *s, struct course *c, struct err *e)
{
    int n = c->recipe.stages_n, done = 0;
    enum status st;
    free(s->course);
    s->course = c;
    s->reused = 0;
    for (int i = 0; i < n; i++)
        done += c->run[i] != 0;
    st = enter(s, c->at < n ? c->at : n - 1, e);
    if (!st && done && !course_holds(s))
        session_say(s, 0, "%s: %d of %d stages are on record", c->recipe.name, done, n);
    return st;
}

enum status course_start(struct session *s, const char *name, const char *const *assignment, int n,
                         uint64_t seed, int reviews, struct err *e)
{
    struct course *c = calloc(1, sizeof *c);
    enum status st = ST_OK;
    if (!c)
        return err_set(e, ST_NOMEM, "recipe", "no memory");
    if (!n && s->course && strcmp(s->course->recipe.name, name) == 0) {
        *c = *s->course;
        find_done(c, s->query);
    } else {
        st = recipe_load(&c->recipe, name, e);
        if (!st)
            st = course_plan(c, s->query, assignment, n, seed, e);
    }
    if (st) {
        free(c);
        return st;
    }
    c->reviews = reviews;
    return session_recipe(s, c, e);
}

void course_stages(const struct session *s, struct snapshot *x)
{
    const struct course *c = s->course;
    const struct trainer *t = s->trainer;
    int first = c->at > SNAP_STAGES - 2 ? c->at - (SNAP_STAGES - 2) : 0;
    for (int i = first; i < c->recipe.stages_n && x->stages_n < SNAP_STAGES; i++) {
        struct snap_stage *k = &x->stages[x->stages_n++];
        memset(k, 0, sizeof *k);
        snprintf(k->stage, sizeof k->stage, "%.*s", STAGE_BYTES - 1, c->recipe.stage[i].name);
        k->steps = i == c->at ? settings_steps(&t->set, t->stage)
                              : settings_steps(&c->set[i], c->recipe.stage[i].stage);
        k->state = i == c->at ? 1 : c->run[i] ? 2 : 0;
        k->step = i == c->at ? t->step : c->run[i] ? k->steps : 0;
        k->value = i != c->at ? NAN : t->stage == STAGE_GRPO ? t->metric[M_PASS_1] : t->metric[M_LOSS];
    }
}
