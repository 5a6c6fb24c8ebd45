/* `aha`: the aha candidates of a step, each tested by continuations with its word and with it banned. What is
 * found goes on record, where it can be written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"
#include "app/cli/cli_progress.h"
#include "app/session/probe_answer.h"

struct aha_progress {
    struct status_line line;
    int trace, traces_n;
};

static void tell(void *ctx, const char *doing, double part)
{
    struct aha_progress *p = ctx;
    status_line_show(&p->line, "trace %d of %d: %s, %.0f %%", p->trace, p->traces_n, doing, 100 * part);
}

/* What the tests of a step come to, as it is printed. */
struct report {
    struct str out;
    struct json_writer json;
    int is_json, n, verified;
};

static void counts(struct json_writer *w, const char *key, int right, int n)
{
    write_key(w, key);
    write_begin(w, '{');
    write_key(w, "right");
    write_whole(w, right);
    write_key(w, "n");
    write_whole(w, n);
    write_end(w, '}');
}

static void add_test(struct report *r, const struct trace_facts *f, const struct aha_test *a,
                     const char *word)
{
    struct json_writer *w = &r->json;
    r->n++;
    r->verified += a->verified;
    if (!r->is_json) {
        if (r->n == 1)
            str_printf(&r->out, "group  index  token  %-10s  with it       banned        p        result\n",
                       "word");
        str_printf(&r->out, "%5d  %5d  %5d  %-10s  %3d/%-3d %4.2f  %3d/%-3d %4.2f  %-8.2g %s\n", f->group,
                   f->index, a->token, word, a->with_right, a->with_n, (double)a->with_right / a->with_n,
                   a->without_right, a->without_n, (double)a->without_right / a->without_n, a->p,
                   a->verified ? "verified" : "decorative");
        return;
    }
    write_begin(w, '{');
    write_key(w, "group");
    write_whole(w, f->group);
    write_key(w, "index");
    write_whole(w, f->index);
    write_key(w, "position");
    write_whole(w, a->token);
    write_key(w, "word");
    write_word(w, word);
    counts(w, "with", a->with_right, a->with_n);
    counts(w, "without", a->without_right, a->without_n);
    write_key(w, "p");
    write_number(w, a->p);
    write_key(w, "verified");
    write_bool(w, a->verified);
    write_end(w, '}');
}

/* One trace's tests, into the report and, where it can be written, onto the record. */
static enum status test_trace(struct past *p, const struct probe_question *q,
                              const struct record_trace *trace, const struct past_hooks *h, struct report *r,
                              struct cli *c, struct err *e)
{
    struct trace_facts *f = calloc(1, sizeof *f);
    struct record_finding finding[FACT_TESTS];
    struct session *s;
    struct err why;
    enum status st = f ? probe_answer(p, q, &(struct probe_facts){.trace = f}, h, e)
                       : err_set(e, ST_NOMEM, "aha", "no memory for facts");
    for (int i = 0; !st && i < f->tests_n; i++) {
        char word[FACT_WORD];
        inspect_spell(&p->trainer->vocab, trace->token[f->test[i].token], word);
        add_test(r, f, &f->test[i], word);
    }
    if (!st && f->tests_n > 0) {
        enum status kept = cli_session(c, &s, &why);
        if (!kept)
            kept = store_findings(s->store, q->run, finding, probe_findings(f, finding, FACT_TESTS), &why);
        if (kept)
            cli_note(c, "the result is not on record: %s: %s", why.where, why.msg);
    }
    free(f);
    return st;
}

static enum status test_step(struct cli *c, struct past *p, const struct record_run *run,
                             const struct query_step *s, struct report *r, struct err *e)
{
    struct aha_progress progress = {0};
    struct past_hooks h = {.tell = tell, .ctx = &progress};
    int only = args_has(&c->args, OPT_TRACE) ? (int)c->args.trace : -1;
    int size = s->groups_n > 0 ? s->traces_n / s->groups_n : 0;
    enum status st = ST_OK;
    if (only >= s->traces_n)
        return err_set(e, ST_USAGE, "aha", "step %lld has %d traces; they are counted from 0",
                       (long long)s->step, s->traces_n);
    status_line_init(&progress.line, args_has(&c->args, OPT_QUIET));
    for (int i = 0; i < s->traces_n; i++)
        progress.traces_n +=
            s->trace[i].aha > 0 && (only < 0 || s->trace[i].group * size + s->trace[i].index == only);
    for (int i = 0; i < s->traces_n && !st; i++) {
        const struct record_trace *t = &s->trace[i];
        struct probe_question *q;
        if (t->aha <= 0 || (only >= 0 && t->group * size + t->index != only))
            continue;
        q = calloc(1, sizeof *q);
        if (!q)
            return err_set(e, ST_NOMEM, "aha", "no memory");
        *q = (struct probe_question){
            .what = PROBE_AHA, .run = run->id, .step = s->step, .is_finished = 1, .group = t->group,
            .index = t->index, .at = -1};
        progress.trace++;
        st = test_trace(p, q, t, &h, r, c, e);
        free(q);
    }
    status_line_clear(&progress.line);
    return st;
}

enum status cli_aha(struct cli *c, struct err *e)
{
    struct past *p = calloc(1, sizeof *p);
    struct report r = {.json = {.out = &r.out}, .is_json = args_has(&c->args, OPT_JSON)};
    struct query_step s = {0};
    struct record_run run = {0};
    struct query *q;
    int64_t step = -1;
    enum status st = p ? ST_OK : err_set(e, ST_NOMEM, "aha", "no memory");
    if (!st)
        st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st)
        st = cli_query(c, &q, e);
    if (!st && (strcmp(run.stage, "grpo") || (step < 0 ? run.step : step) < 1))
        st = err_set(e, ST_USAGE, "aha", "%s is at step %lld of stage %s: only GRPO steps have traces",
                     run.name, (long long)(step < 0 ? run.step : step), run.stage);
    if (!st)
        st = query_step(q, run.id, step < 0 ? run.step : step, 1, &s, e);
    if (!st)
        st = past_init(p, c->store, (int)c->args.threads, e);
    if (st)
        goto out;
    if (r.is_json)
        write_begin(&r.json, '[');
    st = test_step(c, p, &run, &s, &r, e);
    if (r.is_json) {
        write_end(&r.json, ']');
        str_add(&r.out, "\n");
    } else if (!st && r.n == 0 && args_has(&c->args, OPT_TRACE)) {
        cli_note(c, "trace %d of step %lld has no aha candidate", (int)c->args.trace, (long long)s.step);
    } else if (!st && r.n == 0) {
        cli_note(c, "no trace of step %lld has an aha candidate", (long long)s.step);
    } else if (!st) {
        str_printf(&r.out, "%d of %d verified\n", r.verified, r.n);
    }
    if (!st && r.out.failed)
        st = err_set(e, ST_NOMEM, "aha", "no memory for the result");
    if (!st)
        cli_print(&r.out);
    past_release(p);
out:
    query_step_free(&s);
    str_free(&r.out);
    free(p);
    return st;
}
