/* `objectives`: a recipe whose reinforcement stages learn under several objectives, and a table of what
 * each one needs and reaches. Every figure is read from the record of the runs or from a trainer that is
 * set up as theirs was: what an objective costs is measured, not told.
 *
 * Compute is RL seconds, evaluation left out. Equal compute is the least that any of the runs has taken: of
 * each run the last evaluation counts that lies within it, and likewise for steps. */
#include "app/cli/cli.h"
#include "app/cli/cli_drive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/session/session_recipe.h"

static const char RECIPE[] = "race";

/* An evaluation within a budget; step 0: there is none. */
struct reached {
    int64_t step;
    double seconds, pass_1;
};

struct objective_row {
    const struct recipe_stage *stage; /* borrowed from the course */
    char run[NAME_BYTES], loss[16];
    int critic, reference; /* reference: its log-probabilities are part of what is learned from */
    int64_t parameters;    /* that the objective moves */
    size_t bytes;          /* peak of a trainer's arena */
    int64_t steps;
    double seconds;        /* of RL, in all */
    char reward[96];
    struct reached by_seconds, by_steps;
    int64_t *step;         /* [n] steps on record; owned */
    double *value;         /* [n, METRIC_N]; owned */
    int n;
};

struct table {
    struct objective_row row[RECIPE_STAGES];
    int n;
    int64_t steps;  /* the budgets */
    double seconds;
};

static void table_free(struct table *t)
{
    for (int i = 0; t && i < t->n; i++) {
        free(t->row[i].step);
        free(t->row[i].value);
    }
    free(t);
}

static void add_term(struct str *out, double weight, const char *name)
{
    if (weight == 0)
        return;
    if (out->n)
        str_add(out, " + ");
    if (weight != 1)
        str_printf(out, "%g ", weight);
    str_add(out, name);
}

/* Where rewards come from, in words. */
static void reward_words(const struct rl_stage *s, char *out, size_t bytes)
{
    struct str terms = {0};
    add_term(&terms, s->accuracy, "accuracy");
    add_term(&terms, s->format, "format");
    add_term(&terms, s->language, "language");
    add_term(&terms, s->process, "process");
    add_term(&terms, s->preference, "preference model");
    snprintf(out, bytes, "%s: %s", s->loss == LOSS_DPO ? "pairs by rules" : "rules", str_c(&terms));
    str_free(&terms);
}

/* The name of a choice in a blank-separated list. */
static void choice_word(const char *list, int n, char *out, size_t bytes)
{
    while (n-- > 0)
        list += strcspn(list, " ") + 1;
    snprintf(out, bytes, "%.*s", (int)strcspn(list, " "), list);
}

/* What the objective needs: a trainer set up as the run's was, but for a value head that nothing teaches. */
static enum status read_needs(struct session *s, struct settings *set, uint64_t seed, struct objective_row *r,
                              struct err *e)
{
    struct trainer *t = malloc(sizeof *t);
    enum status st;
    if (!t)
        return err_set(e, ST_NOMEM, "objectives", "no memory");
    r->critic = set->rl.loss == LOSS_PPO;
    r->reference = set->rl.loss == LOSS_DPO || set->rl.beta > 0 || (r->critic && set->rl.kl_reward > 0);
    choice_word(RL_LOSS_CHOICES, set->rl.loss, r->loss, sizeof r->loss);
    reward_words(&set->rl, r->reward, sizeof r->reward);
    set->model.value_head = r->critic;
    st = trainer_init(t, set, STAGE_GRPO, seed, s->kernels, s->pool, e);
    if (!st) {
        const struct params *p = &t->model.params;
        for (int i = 0; i < p->n; i++)
            r->parameters += (int64_t)p->row[i].count * p->row[i].rows * p->row[i].cols;
        r->bytes = trainer_peak_bytes(t);
        trainer_release(t);
    }
    free(t);
    return st;
}

static enum status read_row(struct session *s, int stage, struct objective_row *r, struct err *e)
{
    const struct course *c = s->course;
    struct record_run run;
    struct settings set;
    char id[24];
    enum status st;
    r->stage = &c->recipe.stage[stage];
    snprintf(id, sizeof id, "%lld", (long long)c->run[stage]);
    st = query_run(s->query, id, &run, e);
    if (!st)
        st = session_settings(s->query, run.id, &set, e);
    if (!st)
        st = read_needs(s, &set, run.seed, r, e);
    if (!st)
        st = query_metrics(s->query, run.id, 1, run.step, &r->step, &r->value, &r->n, e);
    if (st)
        return st;
    snprintf(r->run, sizeof r->run, "%s", run.name);
    r->steps = r->n ? r->step[r->n - 1] : 0;
    r->seconds = r->n ? r->value[(size_t)(r->n - 1) * METRIC_N + M_RL_SECONDS] : 0;
    return ST_OK;
}

/* The last evaluation of at most `steps` steps and `seconds` of RL. */
static struct reached last_within(const struct objective_row *r, int64_t steps, double seconds)
{
    struct reached found = {0, NAN, NAN};
    for (int i = 0; i < r->n; i++) {
        const double *m = r->value + (size_t)i * METRIC_N;
        if (r->step[i] <= steps && m[M_RL_SECONDS] <= seconds && !isnan(m[M_PASS_1]))
            found = (struct reached){r->step[i], m[M_RL_SECONDS], m[M_PASS_1]};
    }
    return found;
}

static enum status read_table(struct session *s, struct table *t, struct err *e)
{
    const struct course *c = s->course;
    enum status st = ST_OK;
    t->seconds = INFINITY;
    t->steps = INT64_MAX;
    for (int i = 0; i < c->recipe.stages_n && !st; i++)
        if (c->recipe.stage[i].stage == STAGE_GRPO && c->run[i]) {
            struct objective_row *r = &t->row[t->n++];
            st = read_row(s, i, r, e);
            t->seconds = fmin(t->seconds, r->seconds);
            t->steps = r->steps < t->steps ? r->steps : t->steps;
        }
    for (int i = 0; i < t->n; i++) {
        t->row[i].by_seconds = last_within(&t->row[i], INT64_MAX, t->seconds);
        t->row[i].by_steps = last_within(&t->row[i], t->steps, INFINITY);
    }
    return st;
}

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

static void put_word(struct json_writer *w, const char *key, const char *word)
{
    write_key(w, key);
    write_word(w, word);
}

static void put_reached(struct json_writer *w, const char *key, const struct reached *x)
{
    write_key(w, key);
    write_begin(w, '{');
    put(w, "step", x->step ? (double)x->step : NAN);
    put(w, "seconds", x->seconds);
    put(w, "pass@1", x->pass_1);
    write_end(w, '}');
}

static void print_json(const struct session *s, const struct table *t, struct str *out)
{
    struct json_writer w = {.out = out};
    write_begin(&w, '{');
    put_word(&w, "recipe", s->course->recipe.name);
    put(&w, "seed", (double)s->course->seed);
    put(&w, "equal_seconds", t->seconds);
    put(&w, "equal_steps", (double)t->steps);
    write_key(&w, "objectives");
    write_begin(&w, '[');
    for (int i = 0; i < t->n; i++) {
        const struct objective_row *r = &t->row[i];
        write_begin(&w, '{');
        put_word(&w, "stage", r->stage->name);
        put_word(&w, "start", r->stage->from);
        put_word(&w, "run", r->run);
        put_word(&w, "loss", r->loss);
        write_key(&w, "critic");
        write_bool(&w, r->critic);
        put_word(&w, "reference", r->reference ? "learned from" : "measured");
        put(&w, "parameters", (double)r->parameters);
        put(&w, "memory_bytes", (double)r->bytes);
        put(&w, "steps", (double)r->steps);
        put(&w, "rl_seconds", r->seconds);
        put(&w, "seconds_a_step", r->seconds / (double)r->steps);
        put_word(&w, "reward", r->reward);
        put_reached(&w, "after_equal_seconds", &r->by_seconds);
        put_reached(&w, "after_equal_steps", &r->by_steps);
        write_end(&w, '}');
    }
    write_end(&w, ']');
    write_end(&w, '}');
    str_add(out, "\n");
}

static void text_reached(const struct reached *x, struct str *out)
{
    if (x->step)
        str_printf(out, "  %5.3f at %-5lld", x->pass_1, (long long)x->step);
    else
        str_printf(out, "  %-14s", "-");
}

static void print_text(const struct table *t, struct str *out)
{
    str_printf(out, "%-10s %-6s %-9s %-6s %-9s %10s %9s %6s %8s  %-14s  %-14s  %s\n", "stage", "start",
               "loss", "critic", "reference", "parameters", "memory MB", "steps", "s a step", "equal seconds",
               "equal steps", "reward");
    for (int i = 0; i < t->n; i++) {
        const struct objective_row *r = &t->row[i];
        str_printf(out, "%-10s %-6s %-9s %-6s %-9s %10lld %9.1f %6lld %8.4f", r->stage->name, r->stage->from,
                   r->loss, r->critic ? "yes" : "no", r->reference ? "learned" : "measured",
                   (long long)r->parameters, (double)r->bytes / 1e6, (long long)r->steps,
                   r->seconds / (double)r->steps);
        text_reached(&r->by_seconds, out);
        text_reached(&r->by_steps, out);
        str_printf(out, "  %s\n", r->reward);
    }
    str_printf(out, "held-out pass@1 at the last evaluation within %.2f s of RL, and within %lld steps\n",
               t->seconds, (long long)t->steps);
}

static enum status print_table(struct cli *c, struct session *s, struct err *e)
{
    struct table *t = calloc(1, sizeof *t);
    struct str text = {0};
    enum status st = t ? read_table(s, t, e) : err_set(e, ST_NOMEM, "objectives", "no memory");
    if (!st) {
        if (args_has(&c->args, OPT_JSON))
            print_json(s, t, &text);
        else
            print_text(t, &text);
        cli_print(&text);
    }
    str_free(&text);
    table_free(t);
    return st;
}

/* Before a store is made for it. */
static enum status check_recipe(const char *name, struct err *e)
{
    struct recipe *r = malloc(sizeof *r);
    int learns = 0;
    enum status st = r ? recipe_load(r, name, e) : err_set(e, ST_NOMEM, "objectives", "no memory");
    for (int i = 0; !st && i < r->stages_n; i++)
        learns |= r->stage[i].stage == STAGE_GRPO;
    if (!st && !learns)
        st = err_set(e, ST_USAGE, "objectives",
                     "no stage of %.60s has run = grpo: there is nothing to compare", name);
    free(r);
    return st;
}

enum status cli_objectives(struct cli *c, struct err *e)
{
    struct drive d = {.target = -1, .quiet = args_has(&c->args, OPT_QUIET)};
    const char *name = c->args.operand.n ? c->args.operand.word[0] : RECIPE;
    struct words set = c->args.set;
    struct session *s;
    char steps[32];
    enum status st;
    if (args_has(&c->args, OPT_STEPS)) {
        if (set.n == WORDS_MAX)
            return err_set(e, ST_USAGE, "arguments", "more than %d settings", WORDS_MAX - 1);
        snprintf(steps, sizeof steps, "rl.steps=%lld", (long long)c->args.steps);
        set.word[set.n++] = steps;
    }
    measured_init(&d.measured);
    st = check_recipe(name, e);
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    s->follow_chain = 1;
    drive_watch(&d, s);
    st = course_start(s, name, set.word, set.n, args_has(&c->args, OPT_SEED) ? (uint64_t)c->args.seed : 1, 0,
                      e);
    if (!st && s->message[0])
        cli_note(c, "%s", s->message);
    if (!st)
        st = drive_run(&d, s, e);
    drive_unwatch(&d);
    return st ? st : print_table(c, s, e);
}
