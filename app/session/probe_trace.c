/* Where the probe's traces come from, and which of their places matter. */
#include "app/session/probe_trace.h"

#include <stdlib.h>
#include <string.h>

enum status probe_trace_of(const struct trainer *t, const struct query_step *s, int group, int index,
                           struct probe_trace *x, struct err *e)
{
    const struct record_trace *found = NULL;
    enum status st;
    for (int i = 0; i < s->traces_n && !found; i++)
        if (s->trace[i].group == group && s->trace[i].index == index)
            found = &s->trace[i];
    if (!found || group < 0 || group >= s->groups_n || !s->group[group].problem)
        return err_set(e, ST_NOTFOUND, "probe", "step %lld has no completion %d of group %d",
                       (long long)s->step, index + 1, group + 1);
    if (found->n > SNAP_TOKENS || (found->n > 0 && !found->token))
        return err_set(e, ST_CORRUPT, "probe", "a completion of %d tokens cannot be read", found->n);
    st = t->set.scenario->parse(t->task_self, s->group[group].problem, &x->problem, e);
    if (!st)
        st = task_prompt(&t->task, &x->problem, x->prompt, &x->prompt_n, e);
    x->n = found->n;
    x->cut_off = found->cut_off;
    if (found->n > 0)
        memcpy(x->token, found->token, (size_t)found->n * sizeof *x->token);
    for (int i = 0; i < x->n && !st; i++)
        if (x->token[i] >= t->vocab.n)
            st = err_set(e, ST_CORRUPT, "probe", "token %d of the completion is not in the vocabulary", i);
    return st;
}

/* The number of the draw that gave a prompt in the step after the trainer's; those of later rounds of dynamic
 * sampling have higher numbers. */
static enum status find_draw(const struct trainer *t, const char *prompt, struct problem *out, uint32_t *draw,
                             struct err *e)
{
    const struct rl_stage *s = &t->set.rl;
    uint32_t most = (uint32_t)s->prompts * (uint32_t)(s->refill + 1);
    struct str text = {0};
    size_t n = strlen(prompt);
    int found = 0;
    while (n > 0 && prompt[n - 1] == ' ')
        n--;
    for (uint32_t i = 0; i < most && !found; i++) {
        struct rng r = rng_at(t->seed, RNG_PROBLEM, (uint32_t)(t->step + 1), i, 0);
        t->set.scenario->draw(t->task_self, &r, out);
        str_clear(&text);
        t->set.scenario->prompt(t->task_self, out, &text);
        found = text.n == n && memcmp(str_c(&text), prompt, n) == 0;
        *draw = i;
    }
    str_free(&text);
    return found ? ST_OK
                 : err_set(e, ST_NOTFOUND, "probe", "step %lld draws no such prompt", (long long)t->step + 1);
}

enum status probe_read_trace(struct past *p, const struct probe_question *q, struct probe_trace *x,
                             struct err *e)
{
    const struct trainer *t = p->trainer;
    struct query_step s;
    uint32_t draw;
    enum status st;
    if (q->prompt[0]) {
        memset(x, 0, sizeof *x);
        st = find_draw(t, q->prompt, &x->problem, &draw, e);
        if (!st)
            st = task_prompt(&t->task, &x->problem, x->prompt, &x->prompt_n, e);
        return st ? st : vocab_encode(&t->vocab, q->text, x->token, SNAP_TOKENS, &x->n, e);
    }
    st = query_step(p->session.query, q->run, q->step, 1, &s, e);
    if (st)
        return st;
    st = probe_trace_of(t, &s, q->group, q->index, x, e);
    query_step_free(&s);
    return st;
}

static enum status sample_group(struct trainer *t, const struct probe_question *q, const struct gate *gate,
                                struct probe_trace *x, struct err *e)
{
    struct batch *b = &t->batch;
    struct sampling how = {.temperature = t->set.rl.temperature,
                           .top_p = 1,
                           .max_tokens = t->set.rl.max_tokens,
                           .end_token = t->task.end_token,
                           .seed = t->seed,
                           .stream = RNG_SAMPLE,
                           .step = (uint32_t)(t->step + 1)};
    uint32_t draw = 0;
    enum status st = find_draw(t, q->prompt, &x->problem, &draw, e);
    if (!st)
        st = batch_draw(b, &t->task, t->seed, how.step, 0, draw, e);
    if (!st)
        st = rollout_run(&t->rollout, t->learner.w, t->learner.bias, &how, b, 0, 1, gate, e);
    for (int i = 0; i < b->G && !st; i++) {
        x[i].problem = b->problem[0];
        x[i].prompt_n = b->prompt_n[0];
        memcpy(x[i].prompt, b->prompt[0], sizeof x[i].prompt);
        x[i].n = atomic_load(&b->n[i]);
        x[i].cut_off = b->cut_off[i];
        memcpy(x[i].token, b->token + (size_t)i * (size_t)b->cap, (size_t)x[i].n * sizeof *x[i].token);
    }
    return st;
}

enum status probe_read_group(struct past *p, const struct probe_question *q, const struct gate *gate,
                             struct probe_trace *x, struct err *e)
{
    struct query_step s;
    enum status st;
    if (q->prompt[0])
        return sample_group(p->trainer, q, gate, x, e);
    st = query_step(p->session.query, q->run, q->step, 1, &s, e);
    if (st)
        return st;
    for (int i = 0; i < p->trainer->batch.G && !st; i++)
        st = probe_trace_of(p->trainer, &s, q->group, i, &x[i], e);
    query_step_free(&s);
    return st;
}

/* The marks of the whole completion, and its text. NULL: no memory. */
static struct marks *marks_of(const struct trainer *t, const struct probe_trace *x, struct str *text)
{
    const struct scenario *k = t->set.scenario;
    struct marks *m = malloc(sizeof *m);
    struct score score;
    vocab_decode(&t->vocab, x->token, x->n, text);
    k->score(t->task_self, &x->problem, str_c(text), text->n, &score);
    if (m)
        k->analyse(t->task_self, &x->problem, str_c(text), text->n, score.accuracy, m);
    return m;
}

/* Tokens are divided by single blanks: the index of the one that byte `at` belongs to. */
static int token_at(const char *text, int at)
{
    int n = 0;
    for (int i = 0; i < at; i++)
        n += text[i] == ' ';
    return n;
}

static int marked(const struct trainer *t, const struct probe_trace *x, enum mark_kind kind, int *out,
                  int cap)
{
    struct str text = {0};
    struct marks *m = marks_of(t, x, &text);
    int n = 0;
    for (int i = 0; m && i < m->n && n < cap; i++)
        if (m->mark[i].kind == kind)
            out[n++] = token_at(str_c(&text), m->mark[i].begin);
    free(m);
    str_free(&text);
    return n;
}

int probe_candidates(const struct trainer *t, const struct probe_trace *x, int *out, int cap)
{
    return marked(t, x, MARK_AHA, out, cap);
}

int probe_value_places(const struct trainer *t, const struct probe_trace *x, int *out, int cap)
{
    int found[MARKS_MAX], n = marked(t, x, MARK_EQUATION, found, MARKS_MAX), kept = 0, last = 0;
    int stride = (n + cap - 3) / (cap - 2); /* every equation, or every so manieth of too many */
    out[kept++] = 0;
    for (int i = 0; i<n; i += stride> 0 ? stride : 1)
        if (found[i] > last)
            out[kept++] = last = found[i];
    if (x->n > last)
        out[kept++] = x->n;
    return kept;
}
