/* What one update on one group would bring: the trainer's own batch and update on that group alone, the
 * change read off by a second forward, and the state put back. */
#include <string.h>

#include "engine/run/inspect.h"

/* The group as the batch's only one. */
static void fill(struct batch *b, const struct inspect_what_if *w)
{
    memcpy(b->prompt[0], w->trace[0].prompt, (size_t)w->trace[0].prompt_n * sizeof(uint16_t));
    b->prompt_n[0] = w->trace[0].prompt_n;
    b->draw[0] = 0;
    for (int i = 0; i < b->G; i++) {
        size_t at = (size_t)i * (size_t)b->cap;
        int n = w->trace[i].n;
        memcpy(b->token + at, w->trace[i].token, (size_t)n * sizeof *b->token);
        atomic_store(&b->n[i], n);
        atomic_store(&b->done[i], 1);
        b->cut_off[i] = w->cut_off ? w->cut_off[i] : 0;
        b->reward[i] = w->reward[i];
    }
    b->stage = BATCH_SCORED;
}

static enum status check(const struct trainer *t, const struct inspect_what_if *w, struct err *e)
{
    if (t->stage != STAGE_GRPO || t->batch.G > WHAT_IF_GROUP)
        return err_set(e, ST_USAGE, "what-if", "a group of at most %d completions is wanted", WHAT_IF_GROUP);
    for (int i = 0; i < t->batch.G; i++)
        if (w->trace[i].n < 0 || w->trace[i].n > t->batch.cap || w->trace[i].prompt_n < 1 ||
            w->trace[i].prompt_n > PROMPT_MAX)
            return err_set(e, ST_USAGE, "what-if", "completion %d has %d tokens, at most %d are possible", i,
                           w->trace[i].n, t->batch.cap);
    return ST_OK;
}

/* The traces' log-probabilities under the present weights, into the place of the sampler's, which no update
 * reads but for a metric: also of those that the loss leaves out. */
static enum status measure(struct trainer *t, const struct inspect_what_if *w, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < t->batch.G && !st; i++)
        if (w->trace[i].n > 0)
            st = inspect_logp(t, &w->trace[i], t->batch.logp + (size_t)i * (size_t)t->batch.cap, e);
    return st;
}

static enum status compare(struct trainer *t, const struct inspect_what_if *w, struct what_if_facts *out,
                           struct err *e)
{
    float logp[SNAP_TOKENS];
    for (int i = 0; i < t->batch.G; i++) {
        const float *old = t->batch.logp + (size_t)i * (size_t)t->batch.cap;
        double change = 0;
        enum status st = w->trace[i].n > 0 ? inspect_logp(t, &w->trace[i], logp, e) : ST_OK;
        if (st)
            return st;
        for (int k = 0; k < w->trace[i].n; k++)
            change += (double)logp[k] - (double)old[k];
        out->change[i] = change;
        out->change_per_token[i] = w->trace[i].n > 0 ? change / w->trace[i].n : 0;
    }
    return ST_OK;
}

enum status inspect_update(struct trainer *t, const struct inspect_what_if *w,
                           const struct inspect_state *before, const struct gate *gate,
                           struct what_if_facts *out, struct err *e)
{
    const struct rl_stage *s = &t->set.rl;
    struct batch *b = &t->batch;
    struct grpo_settings g = {
        .objective = w->objective,
        .adamw = {w->lr, 0, s->beta2, 1e-8, s->weight_decay, s->clip},
        .inner_epochs = 1,
        .mini_batches = 1,
        .temperature = s->temperature,
        .seed = t->seed,
        .step = (uint32_t)(t->step + 1),
    };
    struct grpo_stats stats = {0};
    int P = b->P, N = b->N;
    enum status st = check(t, w, e);
    if (st)
        return st;
    b->P = 1;
    b->N = b->G;
    fill(b, w);
    advantage_batch(b, &w->objective, s->drop_flat, (enum cut_off_rule)s->cut_off);
    out->n = b->G;
    out->is_flat = b->flat[0];
    for (int i = 0; i < b->G; i++) {
        out->reward[i] = w->reward[i];
        out->advantage[i] = b->advantage[i];
    }
    st = measure(t, w, e);
    if (!st)
        st = grpo_update(&t->grpo, &t->learner, b, &g, gate, &stats, e);
    if (!st)
        st = compare(t, w, out, e);
    out->loss = stats.loss;
    out->kl = stats.kl;
    out->grad_norm = stats.grad_norm;
    b->P = P;
    b->N = N;
    inspect_restore(before, t);
    return st;
}
