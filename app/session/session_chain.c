/* Chains and forks. A preset's stages become runs one after the other, each starting from the end of the one
 * before; a stage that is on record as finished under the same key (settings that matter to it, seed, engine,
 * machine) is reused. */
#include "app/session/session_chain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/environment.h"
#include "app/session/session_recipe.h"

int chain_next(const struct session *s)
{
    enum stage chain[STAGE_N];
    int n = settings_stages(&s->trainer->set, chain);
    if (course_open(s))
        return course_next(s);
    return n > 0 && chain[n - 1] > s->trainer->stage;
}

void session_key(const struct settings *set, enum stage stage, uint64_t seed, char out[KEY_HEX])
{
    struct str text = {0};
    struct hash h;
    struct digest d;
    char value[SETTING_TEXT];
    for (int i = 0; i < settings_rows(set); i++) {
        const char *section;
        const struct setting *row = settings_row(set, i, &section);
        int later = (strcmp(section, "rl") ? stage_find(section) : STAGE_GRPO) > (int)stage;
        int has_pairs = stage == STAGE_DPO && strcmp(row->key, "dpo_beta") == 0;
        int only_watches = strcmp(section, "eval") == 0 || strcmp(row->key, "slots") == 0;
        /* The length limit shapes the model's positions; beta stands with rl's, for both ways to learn by DPO. */
        if ((later && strcmp(row->key, "max_tokens") && !has_pairs) || only_watches)
            continue;
        settings_value(set, i, value, sizeof value);
        str_printf(&text, "%s.%s=%s\n", section, row->key, value);
    }
    str_printf(&text, "%s %llu %s ", stage_name(stage), (unsigned long long)seed, environment_engine());
    environment_machine(&text);
    hash_init(&h);
    hash_add(&h, str_c(&text), text.n);
    d = hash_end(&h);
    digest_hex(&d, out);
    str_free(&text);
}

void chain_base_name(char *name, const char *stage)
{
    size_t n = strlen(name), k = strlen(stage);
    if (strcmp(stage, "grpo") && n > k + 1 && name[n - k - 1] == '-' && strcmp(name + n - k, stage) == 0)
        name[n - k - 1] = 0;
}

enum status chain_create(struct session *s, struct trainer *t, int64_t parent, int64_t parent_step,
                         const char *name, int is_fork, const char *key, const struct examples *taught,
                         struct record_run *run, struct err *e)
{
    struct record_tensor *tensor = calloc(TENSORS_MAX + 4, sizeof *tensor);
    struct str settings = {0}, environment = {0}, words = {0};
    struct digest start = trainer_digest(t);
    struct record_keyframe k = {.pinned = 1, .tensor = tensor};
    enum status st = ST_NOMEM;
    memset(run, 0, sizeof *run);
    if (!tensor) {
        err_set(e, st, "session", "no memory for a keyframe");
        goto out;
    }
    snprintf(run->name, sizeof run->name, "%s", name);
    snprintf(run->preset, sizeof run->preset, "%s", t->set.preset);
    snprintf(run->stage, sizeof run->stage, "%s", stage_name(t->stage));
    snprintf(run->state, sizeof run->state, "new");
    snprintf(run->key, sizeof run->key, "%s", key);
    run->parent = parent;
    run->parent_step = parent_step;
    run->seed = t->seed;
    run->step = is_fork ? t->step : 0;
    run->seconds = t->seconds;
    run->rl_seconds = t->rl_seconds;
    settings_print(&t->set, &settings);
    environment_print(&environment);
    for (int i = 0; i < t->vocab.n; i++)
        str_word(&words, t->vocab.token[i]);
    k.tensors_n = trainer_tensors(t, t->step, tensor, TENSORS_MAX + 4);
    st = store_run_create_taught(s->store, run, str_c(&settings), str_c(&environment), str_c(&words), &start,
                                 &k, taught ? taught->row : NULL, taught ? taught->n : 0, e);
out:
    free(tensor);
    str_free(&settings);
    str_free(&environment);
    str_free(&words);
    return st;
}

static void stage_run_name(const char *base, enum stage stage, char *out, size_t bytes)
{
    snprintf(out, bytes, stage == STAGE_GRPO ? "%.*s" : "%.*s-%s", NAME_BYTES - STAGE_BYTES - 4, base,
             stage_name(stage));
}

/* Makes the run of `stage`, starting from `before` (NULL: fresh weights), and opens it. */
static enum status begin(struct session *s, const struct settings *set, enum stage stage, uint64_t seed,
                         const struct trainer *before, const struct record_run *parent, struct err *e)
{
    struct trainer *t;
    struct record_run run;
    char name[NAME_BYTES], before_name[NAME_BYTES] = "", key[KEY_HEX] = "";
    enum status st = session_trainer(s, set, stage, seed, &t, e);
    if (st)
        return st;
    if (before) {
        trainer_follow(t, before);
        snprintf(before_name, sizeof before_name, "%s", parent->name);
    } else {
        trainer_start(t);
    }
    stage_run_name(s->base_name, stage, name, sizeof name);
    if (stage != STAGE_GRPO)
        session_key(set, stage, seed, key);
    st = chain_create(s, t, before ? parent->id : 0, before ? parent->step : 0, name, 0, key, NULL, &run, e);
    if (!st)
        st = session_adopt(s, &run, t, 1, e);
    if (st && s->trainer != t) {
        trainer_release(t);
        free(t);
    }
    if (!st)
        session_log(s, "%s of %s begins: %zu parameters, seed %llu, %s kernels%s%s", run.stage, run.preset,
                    t->model.params.total, (unsigned long long)seed, s->kernels->name,
                    before ? ", from run " : "", before ? before_name : "");
    return st;
}

enum status chain_advance(struct session *s, struct err *e)
{
    enum stage chain[STAGE_N];
    struct settings set = s->trainer->set;
    int n = settings_stages(&set, chain), next = 0;
    struct err thinning;
    if (course_open(s))
        return course_advance(s, e);
    while (next + 1 < n && chain[next] <= s->trainer->stage)
        next++;
    s->is_fork_equal = 0;
    /* A stage that is done is looked at seldom; the room of its keyframes is the next one's. */
    if (store_run_thin(s->store, s->run.id, &thinning))
        session_log(s, "%s: %s", thinning.where, thinning.msg);
    return begin(s, &set, chain[next], s->trainer->seed, s->trainer, &s->run, e);
}

enum status session_new(struct session *s, const struct settings *set, uint64_t seed, const char *name,
                        struct err *e)
{
    enum stage chain[STAGE_N];
    int n = settings_stages(set, chain), first = 0;
    struct record_run done = {0};
    struct trainer *before = NULL;
    char key[KEY_HEX];
    enum status st;
    snprintf(s->base_name, sizeof s->base_name, "%s",
             name && name[0]  ? name
             : set->preset[0] ? set->preset
                              : "run");
    s->is_fork_equal = 0;
    for (int i = n - 1; i > 0 && first == 0; i--) {
        struct record_run found;
        struct err none;
        session_key(set, chain[i - 1], seed, key);
        if (query_find_stage(s->query, key, &found, &none) == ST_OK &&
            found.step == settings_steps(set, chain[i - 1])) {
            first = i;
            done = found;
        }
    }
    s->reused = first;
    if (first > 0) {
        st = session_load(s, &done, done.step, &before, e);
        if (st)
            return st;
        if (before->step != done.step)
            st = err_set(e, ST_CORRUPT, "session", "stage %s has no keyframe at its end", done.name);
        else
            session_say(s, 0, "%s is reused from %s", done.stage, done.name);
    } else {
        st = ST_OK;
    }
    if (!st)
        st = begin(s, set, chain[first], seed, before, &done, e);
    if (before) {
        trainer_release(before);
        free(before);
    }
    return st;
}

_Static_assert((int)STAGE_N <= (int)SNAP_STAGES, "a snapshot has room for every stage");

void chain_stages(const struct session *s, struct snapshot *x)
{
    enum stage chain[STAGE_N];
    const struct trainer *t = s->trainer;
    int n = settings_stages(&t->set, chain);
    if (course_open(s)) {
        course_stages(s, x);
        return;
    }
    for (int i = 0; i < n; i++) {
        struct snap_stage *k = &x->stages[x->stages_n++];
        memset(k, 0, sizeof *k);
        snprintf(k->stage, sizeof k->stage, "%s", stage_name(chain[i]));
        k->steps = settings_steps(&t->set, chain[i]);
        k->value = NAN;
        k->state = chain[i] == t->stage ? 1 : chain[i] > t->stage ? 0 : i < s->reused ? 3 : 2;
        k->step = chain[i] == t->stage ? t->step : chain[i] < t->stage ? k->steps : 0;
        if (chain[i] == t->stage)
            k->value = t->stage == STAGE_GRPO ? t->metric[M_PASS_1] : t->metric[M_LOSS];
    }
}

int64_t chain_start(const struct session *s)
{
    return s->is_fork ? s->run.parent_step : 0;
}

static int parent_run(struct session *s, struct record_run *out)
{
    struct err none;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)s->run.parent);
    return s->run.parent && query_run(s->query, id, out, &none) == ST_OK;
}

int chain_is_fork(struct session *s)
{
    struct record_run parent;
    return parent_run(s, &parent) && strcmp(parent.stage, s->run.stage) == 0;
}

int chain_fork_is_equal(struct session *s)
{
    struct settings parent;
    struct record_run run;
    struct err none;
    struct str a = {0}, b = {0};
    int equal = 0;
    if (s->is_fork && parent_run(s, &run) && run.seed == s->run.seed &&
        session_settings(s->query, run.id, &parent, &none) == ST_OK) {
        settings_print(&parent, &a);
        settings_print(&s->trainer->set, &b);
        equal = strcmp(str_c(&a), str_c(&b)) == 0;
    }
    str_free(&a);
    str_free(&b);
    return equal;
}

/* Whether the open trainer stands where a fork of `run` at `step` begins: nothing has to be replayed then. */
static int stands_at(const struct session *s, const struct record_run *run, int64_t step)
{
    return s->trainer && s->run.id == run->id && s->trainer->step == step && !s->trainer->torn && !s->failed;
}

/* The parent's state at `step`, replayed with the parent's settings. */
static enum status parent_state(struct session *s, const struct record_run *run, int64_t step,
                                struct trainer **out, struct err *e)
{
    struct sink sink;
    struct trainer_hooks h = {NULL, &sink};
    enum status st = session_load(s, run, step, out, e);
    if (!st)
        st = store_sink(s->store, run->id, &sink, e);
    while (!st && (*out)->step < step) {
        session_way(s, (*out)->step, step);
        st = trainer_step(*out, &h, e);
    }
    session_way(s, step, step);
    return st;
}

enum status session_fork(struct session *s, const char *name_or_id, int64_t step,
                         const char *const *assignment, int n, const char *name, struct err *e)
{
    struct record_run parent, run;
    struct trainer *from = NULL, *t = NULL;
    struct examples taught = {0};
    struct settings set;
    uint64_t seed;
    enum status st = query_run(s->query, name_or_id, &parent, e);
    if (!st && step < 0)
        step = parent.step;
    if (!st && step > parent.step)
        st = err_set(e, ST_NOTFOUND, "fork", "run %s has steps up to %lld, not %lld", parent.name,
                     (long long)parent.step, (long long)step);
    if (!st)
        st = session_settings(s->query, parent.id, &set, e);
    if (st)
        return st;
    snprintf(set.preset, sizeof set.preset, "%s", parent.preset);
    seed = parent.seed;
    {
        struct settings child = set;
        int stage = stage_find(parent.stage);
        st = settings_assign(&child, (enum stage)stage, assignment, n, &seed, e);
        if (!st)
            st = settings_fork_check(&set, &child, e);
        if (!st && !stands_at(s, &parent, step))
            st = parent_state(s, &parent, step, &from, e);
        if (!st)
            st = session_trainer(s, &child, (enum stage)stage, seed, &t, e);
    }
    if (!st) {
        trainer_take(t, from ? from : s->trainer);
        st = examples_read(s->query, parent.id, &taught, e);
        if (!st)
            st = chain_create(s, t, parent.id, t->step, name && name[0] ? name : parent.name, 1, "", &taught,
                              &run, e);
        if (!st)
            st = session_teach(t, &taught, e);
    }
    examples_release(&taught);
    if (!st)
        st = session_adopt(s, &run, t, 1, e);
    if (st && t && s->trainer != t) {
        trainer_release(t);
        free(t);
    }
    if (from) {
        trainer_release(from);
        free(from);
    }
    if (st)
        return st;
    snprintf(s->base_name, sizeof s->base_name, "%s", run.name);
    s->is_fork_equal = chain_fork_is_equal(s);
    session_log(s, "forked from %s at step %lld", parent.name, (long long)run.step);
    session_say(s, 0, "%s: forked from %s at step %lld", run.name, parent.name, (long long)run.step);
    return ST_OK;
}
