/* Answers about one trace. Every answer begins with the weights that sampled it: the state after the step
 * before. A trace on record is read from the store; one that is being sampled comes with the question, and
 * its problem is found among those that the step draws. Invariant: facts hold numbers of one trace only, and
 * tokens once sampled never change, so that what is known stays true while a trace grows. */
#include "app/session/probe_answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/probe_trace.h"
#include "engine/run/resample.h"

static void changed(const struct past_hooks *h)
{
    if (h && h->changed)
        h->changed(h->ctx);
}

static int samples_of(const struct probe_question *q)
{
    return q->samples > 0 ? q->samples : RESAMPLE_USUAL;
}

static int is_same_trace(const struct probe_question *q, const struct trace_facts *f)
{
    return f->run == q->run && f->step == q->step && f->group == q->group && f->index == q->index;
}

static const struct value_point *find_value(const struct trace_facts *f, int token, int samples)
{
    for (int i = 0; i < f->values_n; i++)
        if (f->value[i].token == token && f->value[i].n >= samples)
            return &f->value[i];
    return NULL;
}

static const struct aha_test *find_test(const struct trace_facts *f, int token, int samples)
{
    for (int i = 0; i < f->tests_n; i++)
        if (f->test[i].token == token && f->test[i].with_n >= samples)
            return &f->test[i];
    return NULL;
}

int probe_is_known(const struct probe_question *q, const struct trace_facts *f)
{
    if (!f || !is_same_trace(q, f))
        return 0;
    switch (q->what) {
    case PROBE_TOKENS:
        return f->has_tokens && (q->is_finished ? f->n > 0 && !isnan(f->new_logp[0]) : f->n == q->n);
    case PROBE_AHA:
        return q->at >= 0 && find_test(f, q->at, samples_of(q));
    case PROBE_VALUES:
        return q->at >= 0 && find_value(f, q->at, samples_of(q));
    default:
        return 0;
    }
}

int probe_findings(const struct trace_facts *f, struct record_finding *out, int cap)
{
    int n = 0;
    for (int i = 0; i < f->tests_n && n < cap; i++, n++) {
        const struct aha_test *a = &f->test[i];
        out[n] = (struct record_finding){
            .step = f->step, .group = f->group, .index = f->index, .kind = FINDING_AHA, .token = a->token,
            .right = a->with_right, .n = a->with_n, .without_right = a->without_right,
            .without_n = a->without_n, .p = a->p, .verified = a->verified};
    }
    for (int i = 0; i < f->values_n && n < cap; i++, n++) {
        const struct value_point *v = &f->value[i];
        out[n] = (struct record_finding){
            .step = f->step, .group = f->group, .index = f->index, .kind = FINDING_VALUE, .token = v->token,
            .right = v->right, .n = v->n, .p = NAN};
    }
    return n;
}

/* Facts become those of the question's trace. */
static void begin(struct trace_facts *f, const struct probe_question *q, const struct probe_trace *x)
{
    if (!is_same_trace(q, f)) {
        f->has_tokens = f->values_n = f->tests_n = f->layers_n = f->has_critic = f->group_n = 0;
        f->run = q->run;
        f->step = q->step;
        f->group = q->group;
        f->index = q->index;
    }
    if (f->n != x->n)
        f->has_tokens = f->has_critic = f->group_n = 0;
    f->n = x->n;
}

/* Where a loss is of pairs: also the sums of the whole group, before the step and after it. */
static enum status answer_pairs(struct past *p, const struct probe_question *q,
                                const struct inspect_trace *trace, struct trace_facts *f,
                                const struct past_hooks *h, struct err *e)
{
    int G = p->trainer->batch.G, n = G <= FACT_GROUP ? G : 0;
    struct probe_trace *x = calloc((size_t)n + 1, sizeof *x);
    enum status st =
        x ? ST_OK : err_set(e, ST_NOMEM, "probe", "no memory for a group of %d completions", G);
    if (!st && n > 0)
        st = probe_read_group(p, q, h ? h->gate : NULL, x, e);
    for (int i = 0; i < n && !st; i++) {
        struct inspect_trace other = probe_inspect(&x[i]);
        past_tell(h, 0.5 * i / n, "log-probability of completion %d of %d", i + 1, n);
        st = inspect_sum(p->trainer, &other, 0, &f->group_logp[i], e);
        if (!st)
            st = inspect_sum(p->trainer, &other, 1, &f->group_ref[i], e);
    }
    if (!st)
        st = past_go(p, q->run, q->step, h, e);
    for (int i = 0; i < n && !st; i++) {
        struct inspect_trace other = probe_inspect(&x[i]);
        st = inspect_sum(p->trainer, &other, 0, &f->group_new[i], e);
    }
    f->group_n = st ? 0 : n;
    if (!st)
        st = inspect_after(p->trainer, trace, f, e);
    if (!st)
        changed(h);
    free(x);
    return st;
}

static enum status answer_tokens(struct past *p, const struct probe_question *q, const struct probe_trace *x,
                                 struct trace_facts *f, const struct past_hooks *h, struct err *e)
{
    struct inspect_trace trace = probe_inspect(x);
    enum status st = ST_OK;
    if (!f->has_tokens) {
        past_tell(h, 0, "reading the tokens");
        st = inspect_tokens(p->trainer, &trace, f, e);
        if (!st)
            st = inspect_drafts(p->trainer, &trace, f, e);
        if (!st)
            changed(h);
    }
    if (st || !q->is_finished || x->n == 0)
        return st;
    if (p->trainer->set.rl.loss == LOSS_DPO)
        return answer_pairs(p, q, &trace, f, h, e);
    if (p->trainer->set.rl.loss != LOSS_PPO)
        st = past_go(p, q->run, q->step, h, e);
    else if (!(st = past_take(p, q->step, h, e)))
        st = inspect_critic(p->trainer, &trace, q->group, q->index, f, e);
    if (!st)
        st = inspect_after(p->trainer, &trace, f, e);
    if (!st)
        changed(h);
    return st;
}

/* Points stand in order; a place that is known gets the newer numbers, a full list gives up the nearest one.
 * */
static void put_value(struct trace_facts *f, struct value_point v)
{
    int at = 0, near = 0;
    while (at < f->values_n && f->value[at].token < v.token)
        at++;
    if (at < f->values_n && f->value[at].token == v.token) {
        f->value[at] = v;
        return;
    }
    if (f->values_n == FACT_VALUES) {
        near = at < FACT_VALUES ? at : FACT_VALUES - 1;
        f->value[near] = v;
        return;
    }
    memmove(&f->value[at + 1], &f->value[at], (size_t)(f->values_n - at) * sizeof *f->value);
    f->value[at] = v;
    f->values_n++;
}

static void put_test(struct trace_facts *f, const struct aha_test *a)
{
    int at = 0;
    while (at < f->tests_n && f->test[at].token != a->token)
        at++;
    if (at == FACT_TESTS)
        at--;
    f->test[at] = *a;
    if (at == f->tests_n)
        f->tests_n++;
}

static struct resample_place place_of(const struct probe_question *q, const struct probe_trace *x,
                                      const struct inspect_trace *trace, int at)
{
    return (struct resample_place){
        .problem = &x->problem, .trace = trace, .group = q->group, .index = q->index, .at = at, .banned = -1,
        .samples = samples_of(q)};
}

static enum status answer_values(struct past *p, const struct probe_question *q, const struct probe_trace *x,
                                 struct trace_facts *f, const struct past_hooks *h, struct err *e)
{
    struct inspect_trace trace = probe_inspect(x);
    int place[FACT_VALUES], n = 1;
    enum status st = ST_OK;
    place[0] = q->at;
    if (q->at < 0)
        n = probe_value_places(p->trainer, x, place, FACT_VALUES);
    if (q->at > x->n)
        return err_set(e, ST_USAGE, "probe", "the trace has tokens 0 to %d", x->n);
    for (int i = 0; i < n && !st; i++) {
        struct resample_place r = place_of(q, x, &trace, place[i]);
        struct value_point v = {place[i], 0, r.samples};
        past_tell(h, (double)i / n, "%d continuations from place %d of %d", r.samples, i + 1, n);
        if (find_value(f, place[i], r.samples))
            continue;
        st = resample_run(p->trainer, &r, h ? h->gate : NULL, &v.right, e);
        if (st)
            return st;
        put_value(f, v);
        changed(h);
    }
    return st;
}

static enum status answer_aha(struct past *p, const struct probe_question *q, const struct probe_trace *x,
                              struct trace_facts *f, const struct past_hooks *h, struct err *e)
{
    struct inspect_trace trace = probe_inspect(x);
    int token[FACT_TESTS], n = 1;
    enum status st = ST_OK;
    token[0] = q->at;
    if (q->at < 0)
        n = probe_candidates(p->trainer, x, token, FACT_TESTS);
    if (n == 0)
        return err_set(e, ST_NOTFOUND, "aha",
                       "this trace has no aha candidate: no reflection word after a failed attempt "
                       "that led to the answer");
    for (int i = 0; i < n && !st; i++) {
        struct aha_test a;
        struct resample_place r = place_of(q, x, &trace, token[i]);
        if (find_test(f, token[i], r.samples))
            continue;
        past_tell(h, (double)i / n, "%d continuations with and without token %d", r.samples, token[i]);
        st = resample_aha(p->trainer, &r, h ? h->gate : NULL, &a, e);
        if (st)
            return st;
        put_test(f, &a);
        changed(h);
    }
    return st;
}

/* All completions of a step, and where they were routed. */
static enum status answer_routing(struct past *p, const struct probe_question *q, struct routing_facts *f,
                                  const struct past_hooks *h, struct err *e)
{
    struct inspect_routing r = {0};
    struct query_step s = {0};
    enum status st;
    if (f->run == q->run && f->step == q->step && f->tokens > 0)
        return ST_OK;
    st = query_step(p->session.query, q->run, q->step, 1, &s, e);
    if (!st)
        st = inspect_routing_init(&r, p->trainer, e);
    for (int i = 0; i < s.traces_n && !st; i++) {
        struct probe_trace x;
        struct inspect_trace trace;
        past_tell(h, (double)i / s.traces_n, "routing completion %d of %d", i + 1, s.traces_n);
        st = gate_point(h ? h->gate : NULL, GATE_SHARD, i, 0);
        if (st)
            err_set(e, st, "probe", "cancelled");
        if (!st)
            st = probe_trace_of(p->trainer, &s, s.trace[i].group, s.trace[i].index, &x, e);
        trace = probe_inspect(&x);
        if (!st)
            st = inspect_routing_add(&r, p->trainer, &trace, e);
    }
    if (!st) {
        f->run = q->run;
        f->step = q->step;
        inspect_routing_facts(&r, &p->trainer->vocab, f);
        changed(h);
    }
    inspect_routing_free(&r);
    query_step_free(&s);
    return st;
}

static enum status answer_what_if(struct past *p, const struct probe_question *q, struct what_if_facts *f,
                                  const struct past_hooks *h, struct err *e)
{
    struct trainer *t = p->trainer;
    struct probe_trace *x = calloc((size_t)t->batch.G, sizeof *x);
    struct inspect_trace trace[WHAT_IF_GROUP];
    int cut_off[WHAT_IF_GROUP];
    struct inspect_what_if w = {
        .trace = trace, .cut_off = cut_off, .reward = q->reward, .objective = q->objective,
        .lr = trainer_rate(t, q->step)}; /* of the step itself, whether it is on record or under way */
    enum status st = ST_OK;
    past_tell(h, 0.2, "one update on group %d", q->group + 1);
    if (!x)
        return err_set(e, ST_NOMEM, "what-if", "no memory for %d completions", t->batch.G);
    if (t->batch.G > WHAT_IF_GROUP)
        st = err_set(e, ST_USAGE, "what-if", "groups of at most %d can be asked about, not %d", WHAT_IF_GROUP,
                     t->batch.G);
    if (!st)
        st = probe_read_group(p, q, h ? h->gate : NULL, x, e);
    for (int i = 0; i < t->batch.G && !st; i++) {
        trace[i] = probe_inspect(&x[i]);
        cut_off[i] = x[i].cut_off;
    }
    if (!st && !past_state(p))
        st = err_set(e, ST_FAILED, "what-if", "there is no copy of the step's beginning");
    if (!st)
        st = inspect_update(t, &w, past_state(p), h ? h->gate : NULL, f, e);
    if (!st) {
        f->run = q->run;
        f->step = q->step;
        f->group = q->group;
        f->lr = w.lr;
        changed(h);
    }
    free(x);
    return st;
}

/* The forward is a few ms, so that every head is asked for when it is looked at. */
static enum status answer_attention(struct past *p, const struct probe_question *q, struct attention_facts *f,
                                    const struct past_hooks *h, struct err *e)
{
    struct probe_trace *x = malloc(sizeof *x);
    struct inspect_trace trace;
    enum status st =
        x ? probe_read_trace(p, q, x, e) : err_set(e, ST_NOMEM, "probe", "no memory for a trace");
    if (!st) {
        past_tell(h, 0, "attention of layer %d, head %d", q->layer + 1, q->head + 1);
        trace = probe_inspect(x);
        st = inspect_attention(p->trainer, &trace, q->layer, q->head, f, e);
    }
    if (!st) {
        f->run = q->run;
        f->step = q->step;
        f->group = q->group;
        f->index = q->index;
        changed(h);
    }
    free(x);
    return st;
}

static enum status answer_trace(struct past *p, const struct probe_question *q, struct trace_facts *f,
                                const struct past_hooks *h, struct err *e)
{
    struct probe_trace *x = malloc(sizeof *x);
    enum status st =
        x ? probe_read_trace(p, q, x, e) : err_set(e, ST_NOMEM, "probe", "no memory for a trace");
    if (!st) {
        begin(f, q, x);
        switch (q->what) {
        case PROBE_TOKENS:
            st = answer_tokens(p, q, x, f, h, e);
            break;
        case PROBE_AHA:
            st = answer_aha(p, q, x, f, h, e);
            break;
        default:
            st = answer_values(p, q, x, f, h, e);
        }
    }
    free(x);
    return st;
}

enum status probe_answer(struct past *p, const struct probe_question *q, const struct probe_facts *f,
                         const struct past_hooks *h, struct err *e)
{
    enum status st;
    if (q->step < 1)
        return err_set(e, ST_NOTFOUND, "probe", "step %lld has no traces", (long long)q->step);
    if (q->samples > RESAMPLE_MOST || q->samples < 0)
        return err_set(e, ST_USAGE, "probe", "%d continuations: at most %d a place", q->samples,
                       RESAMPLE_MOST);
    if (f->trace && q->what <= PROBE_VALUES && probe_is_known(q, f->trace))
        return ST_OK;
    st = past_go(p, q->run, q->step - 1, h, e);
    if (st)
        return st;
    if (q->what == PROBE_ROUTING)
        return answer_routing(p, q, f->routing, h, e);
    if (q->what == PROBE_WHAT_IF)
        return answer_what_if(p, q, f->what_if, h, e);
    if (q->what == PROBE_ATTENTION)
        return answer_attention(p, q, f->attention, h, e);
    return answer_trace(p, q, f->trace, h, e);
}
