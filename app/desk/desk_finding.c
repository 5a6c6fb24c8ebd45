/* Findings on their way to the record and back.
 *
 * The probe answers about any trace, also one of a step that is not committed yet: what it found waits here
 * until the step is. The engine's thread writes it between steps; such a request never cancels the step
 * under way. One request at a time is in the queue, so that a run that is held inside a step cannot fill
 * it. Invariant: `known` is of the trace (run, step, group, index), and nothing in it is posted again. */
#include "app/desk/desk_finding.h"

#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_read.h"
#include "app/session/probe_answer.h"

int findings_missing(const struct record_finding *known, int n, const struct record_finding *f)
{
    int i;

    for (i = 0; i < n; i++)
        if (known[i].kind == f->kind && known[i].token == f->token)
            return f->n > known[i].n;
    return 1;
}

static void add_value(struct trace_facts *facts, const struct record_finding *f)
{
    int at = 0;

    while (at < facts->values_n && facts->value[at].token < f->token)
        at++;
    if (at < facts->values_n && facts->value[at].token == f->token) {
        if (f->n > facts->value[at].n)
            facts->value[at] = (struct value_point){f->token, f->right, f->n};
        return;
    }
    if (facts->values_n == FACT_VALUES)
        return;
    memmove(facts->value + at + 1, facts->value + at, (size_t)(facts->values_n - at) * sizeof *facts->value);
    facts->value[at] = (struct value_point){f->token, f->right, f->n};
    facts->values_n++;
}

static void add_test(struct trace_facts *facts, const struct record_finding *f)
{
    int at = 0;

    while (at < facts->tests_n && facts->test[at].token != f->token)
        at++;
    if (at == FACT_TESTS || (at < facts->tests_n && facts->test[at].with_n >= f->n))
        return;
    facts->test[at] = (struct aha_test){f->token,     f->right, f->n, f->without_right, f->without_n,
                                        f->p, f->verified};
    facts->tests_n += at == facts->tests_n;
}

void findings_merge(struct trace_facts *facts, const struct record_finding *known, int n)
{
    int i;

    for (i = 0; i < n; i++)
        if (known[i].kind == FINDING_VALUE)
            add_value(facts, &known[i]);
        else
            add_test(facts, &known[i]);
}

static int is_trace(const struct desk_findings *x, int64_t run, int64_t step, int group, int index)
{
    return x->run == run && x->step == step && x->group == group && x->index == index;
}

static void add_known(struct desk_findings *x, const struct record_finding *f)
{
    int i;

    for (i = 0; i < x->known_n && (x->known[i].kind != f->kind || x->known[i].token != f->token); i++)
        ;
    if (i < FINDINGS_OF_TRACE) {
        x->known[i] = *f;
        x->known_n += i == x->known_n;
    }
}

/* Whether it is waiting already. */
static int is_pending(const struct desk_findings *x, int64_t run, const struct record_finding *f)
{
    int i;

    for (i = 0; i < x->pending_n; i++) {
        const struct record_finding *p = &x->pending[i];
        if (x->pending_run[i] == run && p->step == f->step && p->group == f->group && p->index == f->index &&
            p->kind == f->kind && p->token == f->token && p->n >= f->n)
            return 1;
    }
    return 0;
}

static void add_pending(struct desk_findings *x, int64_t run, const struct record_finding *f)
{
    if (is_pending(x, run, f))
        return;
    if (x->pending_n == FINDINGS_PENDING) { /* the oldest is of a step that did not come */
        x->pending_n--;
        memmove(x->pending, x->pending + 1, (size_t)x->pending_n * sizeof *x->pending);
        memmove(x->pending_run, x->pending_run + 1, (size_t)x->pending_n * sizeof *x->pending_run);
    }
    x->pending_run[x->pending_n] = run;
    x->pending[x->pending_n++] = *f;
}

/* What the facts have and the record lacks. Of a trace that is not the one whose record is known,
 * everything: a row that is there already is not changed by an equal one. */
static void collect(struct desk *d)
{
    struct desk_findings *x = d->findings;
    struct record_finding found[FINDINGS_OF_TRACE];
    int n = d->facts->version != x->seen ? probe_findings(d->facts, found, FINDINGS_OF_TRACE) : 0, i;
    int same = n > 0 && is_trace(x, d->facts->run, d->facts->step, d->facts->group, d->facts->index);

    x->seen = d->facts->version;
    for (i = 0; i < n; i++) {
        if (found[i].n < 1 || (same && !findings_missing(x->known, x->known_n, &found[i])))
            continue;
        add_pending(x, d->facts->run, &found[i]);
        if (same)
            add_known(x, &found[i]);
    }
}

static int is_on_record(const struct desk *d, int64_t run, int64_t step)
{
    const struct record_run *r;

    if (run == desk_run_id(d))
        return step <= (d->live->head > d->live->committed ? d->live->head : d->live->committed);
    r = desk_run_of_id(d, run);
    return r && step <= r->step;
}

/* Those of one run that can be written, as one request. */
static void post(struct desk *d)
{
    struct desk_findings *x = d->findings;
    struct engine_message m = {.what = ENGINE_KEEP};
    int i, kept = 0;

    if (x->posted && d->live->command >= x->posted)
        x->posted = 0;
    if (x->posted || !x->pending_n || !d->has_engine)
        return;
    m.finding = malloc((size_t)x->pending_n * sizeof *m.finding);
    if (!m.finding)
        return;
    for (i = 0; i < x->pending_n; i++)
        if ((!m.run_id || m.run_id == x->pending_run[i]) &&
            is_on_record(d, x->pending_run[i], x->pending[i].step)) {
            m.run_id = x->pending_run[i];
            m.finding[m.findings_n++] = x->pending[i];
        }
    if (m.findings_n)
        x->posted = engine_post(&d->engine, &m);
    if (!x->posted) {
        free(m.finding);
        return;
    }
    for (i = 0; i < x->pending_n; i++)
        if (x->pending_run[i] != m.run_id || !is_on_record(d, x->pending_run[i], x->pending[i].step)) {
            x->pending_run[kept] = x->pending_run[i];
            x->pending[kept++] = x->pending[i];
        }
    x->pending_n = kept;
}

void desk_keep_findings(struct desk *d)
{
    collect(d);
    post(d);
}

/* While steps go by, the groups on screen are of a step that nobody knows. */
static int is_standing(const struct desk *d)
{
    return d->at >= 0 || (d->live->state != RUN_RUNNING && d->live->state != RUN_REPLAYING);
}

void desk_read_findings(struct desk *d)
{
    const struct snapshot *s = desk_shown(d);
    struct desk_findings *x = d->findings;
    struct record_finding *found;
    struct trace_facts *f = d->facts;
    struct err none;
    int n, i, had;

    if (!s || !is_standing(d) || s->follow.group < 0 || s->follow.index < 0 ||
        !is_on_record(d, s->run_id, s->step))
        return;
    if (!is_trace(x, s->run_id, s->step, s->follow.group, s->follow.index)) {
        collect(d); /* of the trace before */
        x->run = s->run_id;
        x->step = s->step;
        x->group = s->follow.group;
        x->index = s->follow.index;
        x->known_n = 0;
        if (!query_findings(d->query, x->run, x->step, x->group, x->index, &found, &n, &none)) {
            for (i = 0; i < n; i++)
                add_known(x, &found[i]);
            free(found);
        }
    }
    if (!x->known_n)
        return;
    had = f->values_n + f->tests_n;
    if (!f->version || !is_trace(x, f->run, f->step, f->group, f->index)) {
        /* The probe keeps what it knows of the other trace. */
        f->run = x->run;
        f->step = x->step;
        f->group = x->group;
        f->index = x->index;
        f->n = s->follow.tokens_n;
        f->has_tokens = f->layers_n = f->alternatives_n = f->values_n = f->tests_n = 0;
        f->has_critic = f->group_n = 0;
        had = -1;
    }
    findings_merge(f, x->known, x->known_n);
    if (had < 0 || f->values_n + f->tests_n != had) {
        f->version |= 1; /* newer than what the probe gave, older than what it will give */
        x->seen = f->version;
    }
}
