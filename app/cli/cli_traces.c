/* `traces`: the completions of a step. Marks are not on record: the scenario analyses the text again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/cli/cli.h"

/* What is needed to read a run's traces. */
struct reader {
    struct settings set;
    struct vocab vocab;
    void *task;
    struct query_step step;
    struct record_finding *finding; /* of the step's traces */
    int findings_n;
};

static void reader_release(struct reader *r)
{
    query_step_free(&r->step);
    free(r->finding);
    vocab_release(&r->vocab);
    if (r->task)
        r->set.scenario->close(r->task);
}

static enum status reader_init(struct reader *r, struct query *q, const struct record_run *run, int64_t step,
                               struct err *e)
{
    struct str words = {0};
    enum status st;
    memset(r, 0, sizeof *r);
    st = session_settings(q, run->id, &r->set, e);
    if (!st)
        st = r->set.scenario->open(r->set.task, &r->task, e);
    if (!st)
        st = query_vocabulary(q, run->id, &words, e);
    if (!st)
        st = vocab_parse(&r->vocab, str_c(&words), e);
    if (!st)
        st = query_step(q, run->id, step, 1, &r->step, e);
    if (!st)
        st = query_findings(q, run->id, step, -1, -1, &r->finding, &r->findings_n, e);
    str_free(&words);
    return st;
}

/* Tokens are divided by single blanks: the index of the token that byte `at` belongs to. */
static int token_at(const char *text, int at)
{
    int n = 0;
    for (int i = 0; i < at; i++)
        n += text[i] == ' ';
    return n;
}

static void write_ahas(struct json_writer *w, const struct reader *r, const struct record_trace *t,
                       const struct str *text)
{
    struct problem p;
    struct err none;
    struct marks *m = malloc(sizeof *m);
    write_key(w, "aha");
    write_begin(w, '[');
    if (m && t->aha > 0 &&
        r->set.scenario->parse(r->task, r->step.group[t->group].problem, &p, &none) == ST_OK) {
        r->set.scenario->analyse(r->task, &p, str_c(text), text->n, t->accuracy, m);
        for (int i = 0; i < m->n && i < MARKS_MAX; i++) {
            if (m->mark[i].kind != MARK_AHA)
                continue;
            write_begin(w, '{');
            write_key(w, "position");
            write_whole(w, token_at(str_c(text), m->mark[i].begin));
            write_key(w, "word");
            write_text(w, str_c(text) + m->mark[i].begin, (size_t)(m->mark[i].end - m->mark[i].begin));
            write_key(w, "kind");
            write_word(w, "candidate");
            write_end(w, '}');
        }
    }
    write_end(w, ']');
    free(m);
}

/* What resampling found out about the trace. */
static void write_findings(struct json_writer *w, const struct reader *r, const struct record_trace *t)
{
    write_key(w, "findings");
    write_begin(w, '[');
    for (int i = 0; i < r->findings_n; i++) {
        const struct record_finding *f = &r->finding[i];
        if (f->group != t->group || f->index != t->index)
            continue;
        write_begin(w, '{');
        write_key(w, "kind");
        write_word(w, finding_name(f->kind));
        write_key(w, "position");
        write_whole(w, f->token);
        write_key(w, "right");
        write_whole(w, f->right);
        write_key(w, "n");
        write_whole(w, f->n);
        if (f->kind == FINDING_AHA) {
            write_key(w, "without_right");
            write_whole(w, f->without_right);
            write_key(w, "without_n");
            write_whole(w, f->without_n);
            write_key(w, "p");
            write_number(w, f->p);
            write_key(w, "verified");
            write_bool(w, f->verified);
        }
        write_end(w, '}');
    }
    write_end(w, ']');
}

static void trace_json(struct json_writer *w, const struct reader *r, const struct record_trace *t,
                       const struct str *text)
{
    write_begin(w, '{');
    write_key(w, "step");
    write_whole(w, r->step.step);
    write_key(w, "prompt");
    write_word(w, r->step.group[t->group].prompt);
    write_key(w, "group");
    write_whole(w, t->group);
    write_key(w, "index");
    write_whole(w, t->index);
    write_key(w, "text");
    write_text(w, str_c(text), text->n);
    write_key(w, "tokens");
    write_begin(w, '[');
    for (int i = 0; i < t->n; i++)
        write_whole(w, t->token[i]);
    write_end(w, ']');
    write_key(w, "logp");
    write_begin(w, '[');
    for (int i = 0; i < t->n; i++)
        write_number(w, (double)t->logp[i]);
    write_end(w, ']');
    write_key(w, "reward");
    write_number(w, t->reward);
    write_key(w, "advantage");
    write_number(w, t->advantage);
    write_key(w, "accuracy");
    write_number(w, t->accuracy);
    write_key(w, "format");
    write_number(w, t->format);
    write_key(w, "why");
    write_word(w, t->why ? t->why : "");
    write_key(w, "at");
    write_whole(w, t->at);
    write_ahas(w, r, t, text);
    write_findings(w, r, t);
    write_key(w, "cut_off");
    write_bool(w, t->cut_off);
    write_end(w, '}');
}

static void trace_lines(struct str *out, const struct reader *r, const struct record_trace *t,
                        const struct str *text)
{
    const struct record_group *g = &r->step.group[t->group];
    if (t->index == 0) {
        str_printf(out, "%sgroup %d: ", out->n ? "\n" : "", t->group);
        cli_safe(out, g->prompt, strlen(g->prompt));
        str_printf(out, "\n  mean reward %.3f, std %.3f%s\n", g->mean, g->std, g->flat ? ", flat" : "");
    }
    str_printf(out, "  %d  reward %.3g  advantage %+.3f  %d tokens%s%s", t->index, t->reward, t->advantage,
               t->n, t->cut_off ? ", cut off" : "", t->aha ? ", aha candidate" : "");
    if (t->why && t->why[0]) {
        str_add(out, "  (");
        cli_safe(out, t->why, strlen(t->why));
        str_add(out, ")");
    }
    str_add(out, "\n     ");
    cli_safe(out, str_c(text), text->n);
    str_add(out, "\n");
}

static enum status print_traces(struct cli *c, const struct reader *r, struct err *e)
{
    struct str text = {0}, words = {0};
    struct json_writer w = {.out = &text};
    int json = args_has(&c->args, OPT_JSON), only = args_has(&c->args, OPT_GROUP) ? (int)c->args.group : -1;
    enum status st = ST_OK;
    if (only >= r->step.groups_n && only >= 0)
        return err_set(e, ST_USAGE, "traces", "step %lld has %d groups; they are counted from 0",
                       (long long)r->step.step, r->step.groups_n);
    if (json)
        write_begin(&w, '[');
    for (int i = 0; i < r->step.traces_n; i++) {
        const struct record_trace *t = &r->step.trace[i];
        if (t->group < 0 || t->group >= r->step.groups_n || (only >= 0 && t->group != only))
            continue;
        str_clear(&words);
        vocab_decode(&r->vocab, t->token, t->n, &words);
        if (json)
            trace_json(&w, r, t, &words);
        else
            trace_lines(&text, r, t, &words);
    }
    if (json) {
        write_end(&w, ']');
        str_add(&text, "\n");
    } else if (r->step.traces_n == 0) {
        cli_note(c, "step %lld has no traces: only GRPO steps have", (long long)r->step.step);
    }
    if (text.failed || words.failed)
        st = err_set(e, ST_NOMEM, "traces", "no memory for %d traces", r->step.traces_n);
    else
        cli_print(&text);
    str_free(&text);
    str_free(&words);
    return st;
}

enum status cli_traces(struct cli *c, struct err *e)
{
    struct reader *r = calloc(1, sizeof *r);
    struct record_run run;
    struct query *q;
    int64_t step;
    enum status st = r ? ST_OK : err_set(e, ST_NOMEM, "traces", "no memory");
    if (!st)
        st = cli_find(c, c->args.operand.word[0], &run, &step, e);
    if (!st)
        st = cli_query(c, &q, e);
    if (!st)
        st = reader_init(r, q, &run, step < 0 ? run.step : step, e);
    if (!st)
        st = print_traces(c, r, e);
    if (r)
        reader_release(r);
    free(r);
    return st;
}
