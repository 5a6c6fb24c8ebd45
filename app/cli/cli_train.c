/* `train`, `resume`, `fork`: a run goes on, step by step, until its steps are done, a condition holds, it
 * fails, or the user wants it to stop; then one JSON document or line tells where it stands. */
#include "app/cli/cli.h"
#include "app/cli/cli_drive.h"

#include <stdio.h>
#include <string.h>

#include "app/base/json_write.h"

static const char *const stop_name[] = {
    [STOP_END] = "end",       [STOP_STEPS] = "steps", [STOP_UNTIL] = "until", [STOP_INTERRUPT] = "interrupt",
    [STOP_FAILED] = "failed",
};

static void print_json(const struct session *s, const struct drive *d)
{
    struct str text = {0};
    struct json_writer w = {.out = &text};
    struct digest digest = trainer_digest(s->trainer);
    char hex[DIGEST_HEX];
    digest_hex(&digest, hex);
    write_begin(&w, '{');
    write_key(&w, "run");
    write_word(&w, s->run.name);
    write_key(&w, "id");
    write_whole(&w, s->run.id);
    write_key(&w, "step");
    write_whole(&w, s->trainer->step);
    write_key(&w, "digest");
    write_word(&w, hex);
    write_key(&w, "stopped_by");
    write_word(&w, stop_name[d->stop]);
    write_key(&w, "seconds");
    write_number(&w, s->trainer->seconds);
    write_key(&w, "rl_seconds");
    write_number(&w, s->trainer->rl_seconds);
    write_key(&w, "metrics");
    write_begin(&w, '{');
    for (int i = 0; i < METRIC_N; i++) {
        write_key(&w, metric_row(i)->name);
        write_number(&w, d->measured.latest[i]);
    }
    write_end(&w, '}');
    write_end(&w, '}');
    str_add(&text, "\n");
    cli_print(&text);
    str_free(&text);
}

static void print_line(const struct session *s, const struct drive *d)
{
    const double *m = d->measured.latest;
    struct digest digest = trainer_digest(s->trainer);
    char hex[DIGEST_HEX];
    digest_hex(&digest, hex);
    printf("%s: step %lld (%s), %.1f s", s->run.name, (long long)s->trainer->step, stop_name[d->stop],
           s->trainer->seconds);
    if (m[M_REWARD] == m[M_REWARD])
        printf(", reward %.3f", m[M_REWARD]);
    else if (m[M_LOSS] == m[M_LOSS])
        printf(", loss %.4f", m[M_LOSS]);
    if (m[M_PASS_1] == m[M_PASS_1])
        printf(", pass@1 %.3f", m[M_PASS_1]);
    printf(", digest %s\n", hex);
}

static enum status conditions(const struct cli *c, struct drive *d, struct err *e)
{
    enum status st = ST_OK;
    if (args_has(&c->args, OPT_UNTIL))
        st = condition_parse(&d->until, c->args.until, e);
    if (!st && args_has(&c->args, OPT_EXPECT))
        st = condition_parse(&d->expect, c->args.expect, e);
    return st;
}

/* Drives the open run and tells what came of it. */
static enum status go(struct cli *c, struct session *s, struct drive *d, struct err *e)
{
    enum status st = drive_run(d, s, e);
    if (st && d->stop != STOP_INTERRUPT && d->stop != STOP_FAILED)
        return st;
    if (args_has(&c->args, OPT_JSON))
        print_json(s, d);
    else
        print_line(s, d);
    if (d->until.n && d->stop != STOP_UNTIL && !st)
        cli_unmet(c, "--until", c->args.until, "the run ended first");
    if (d->expect.n && !condition_holds(&d->expect, &d->measured) && !st)
        cli_unmet(c, "--expect", c->args.expect, "does not hold");
    return st;
}

static void prepare(const struct cli *c, struct drive *d)
{
    memset(d, 0, sizeof *d);
    d->target = args_has(&c->args, OPT_STEPS) ? c->args.steps : -1;
    d->quiet = args_has(&c->args, OPT_QUIET);
    measured_init(&d->measured);
}

static enum status check_name(const struct cli *c, struct err *e)
{
    const char *name = args_has(&c->args, OPT_NAME) ? c->args.name : "x";
    if (strlen(name) >= NAME_BYTES)
        return err_set(e, ST_USAGE, "arguments", "--name: a name has at most %d bytes", NAME_BYTES - 1);
    if (name[strspn(name, "0123456789")] == 0 || strchr(name, '@') || name[0] == '-')
        return err_set(e, ST_USAGE, "arguments",
                       "--name %.60s: a name is no number, has no @ and does not begin with -", name);
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return err_set(e, ST_USAGE, "arguments", "--name: a name has no control characters");
    return ST_OK;
}

enum status cli_train(struct cli *c, struct err *e)
{
    struct drive d;
    struct session *s;
    struct settings set;
    uint64_t seed = 1;
    enum status st;
    prepare(c, &d);
    st = conditions(c, &d, e);
    if (!st)
        st = check_name(c, e);
    if (!st)
        st = cli_settings(c, c->args.operand.word[0], &set, &seed, e);
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    s->follow_chain = 1;
    drive_watch(&d, s);
    st = session_new(s, &set, seed, args_has(&c->args, OPT_NAME) ? c->args.name : "", e);
    if (!st && s->reused)
        cli_note(c, "%s", s->message);
    if (!st)
        st = go(c, s, &d, e);
    drive_unwatch(&d);
    return st;
}

/* Whether stages follow the run's in its chain. */
static int is_early_stage(const struct session *s)
{
    enum stage chain[STAGE_N];
    int n = settings_stages(&s->trainer->set, chain);
    return n > 0 && chain[n - 1] > s->trainer->stage;
}

enum status cli_resume(struct cli *c, struct err *e)
{
    struct drive d;
    struct session *s;
    struct record_run run = {0};
    int64_t step;
    char id[24];
    enum status st;
    prepare(c, &d);
    st = conditions(c, &d, e);
    if (!st)
        st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st && step >= 0)
        st = err_set(e, ST_USAGE, "resume",
                     "a run goes on from its latest step; `grpolab fork %s` goes on from an earlier one",
                     c->args.operand.word[0]);
    if (!st && args_has(&c->args, OPT_SEED) && (uint64_t)c->args.seed != run.seed)
        st = err_set(e, ST_USAGE, "resume",
                     "run %s keeps its seed %llu; `grpolab fork` makes one with another", run.name,
                     (unsigned long long)run.seed);
    if (!st && d.target >= 0 && d.target < run.step)
        cli_note(c, "%s is at step %lld already", run.name, (long long)run.step);
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)run.id);
    drive_watch(&d, s);
    st = session_open(s, id, -1, 1, e);
    if (!st) {
        /* A run of an earlier stage goes on to the end of the chain, where no step of its own is asked for.
         */
        s->follow_chain = d.target < 0 && is_early_stage(s) && strcmp(run.state, "done");
        st = measured_read(&d.measured, s->query, &s->run, s->trainer->step, e);
    }
    if (!st)
        st = go(c, s, &d, e);
    drive_unwatch(&d);
    return st;
}

enum status cli_fork(struct cli *c, struct err *e)
{
    struct drive d;
    struct session *s;
    struct record_run run = {0};
    int64_t step;
    char id[24], seed[32];
    struct words set = c->args.set;
    enum status st;
    prepare(c, &d);
    st = conditions(c, &d, e);
    if (!st)
        st = check_name(c, e);
    if (!st)
        st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st && args_has(&c->args, OPT_SEED)) {
        if (set.n == WORDS_MAX)
            return err_set(e, ST_USAGE, "arguments", "more than %d settings", WORDS_MAX - 1);
        snprintf(seed, sizeof seed, "seed=%lld", (long long)c->args.seed);
        set.word[set.n++] = seed;
    }
    if (!st)
        st = cli_session(c, &s, e);
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)run.id);
    drive_watch(&d, s);
    st = session_fork(s, id, step, set.word, set.n, args_has(&c->args, OPT_NAME) ? c->args.name : "", e);
    if (!st)
        st = measured_read(&d.measured, s->query, &s->run, s->trainer->step, e);
    if (!st) {
        cli_note(c, "%s", s->message);
        st = go(c, s, &d, e);
    }
    drive_unwatch(&d);
    return st;
}
