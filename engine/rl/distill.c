/* The teacher beside the learner. See distill.h; the mathematics of a row is in engine/nn/soft.c. */
#include "engine/rl/distill.h"

#include <string.h>

enum status distill_init(struct distill *d, const struct learner *l, const struct model *m, const real *w,
                         const real *bias, struct arena *a, struct err *e)
{
    int capacity = l->shard_tokens > l->longest ? l->shard_tokens : l->longest;
    size_t lanes = (size_t)l->lanes_n;
    memset(d, 0, sizeof *d);
    d->m = m;
    d->w = w;
    d->bias = bias;
    d->ws = arena_alloc(a, lanes * sizeof *d->ws);
    d->share = arena_alloc(a, lanes * sizeof *d->share);
    d->soft = arena_alloc(a, lanes * sizeof *d->soft);
    if (!d->ws || !d->share || !d->soft)
        return err_set(e, ST_NOMEM, a->name, "no room for a teacher");
    for (int i = 0; i < l->lanes_n; i++) {
        enum status st = workspace_init(&d->ws[i], m, capacity, l->longest, a, e);
        if (st)
            return st;
        if (!(d->share[i] = arena_alloc(a, (size_t)capacity * sizeof **d->share)))
            return err_set(e, ST_NOMEM, a->name, "no room for a teacher");
    }
    return ST_OK;
}

enum status distill_shard(struct distill *d, struct shard *s, struct err *e)
{
    struct workspace *ws = &d->ws[s->lane];
    enum status st = model_forward(d->m, d->w, d->bias, s->t, (real)(1 / d->temperature), 0, ws, e);
    if (st)
        return st;
    memset(d->share[s->lane], 0, (size_t)s->t->T * sizeof **d->share);
    d->soft[s->lane] = (struct soft_targets){ws->probs, d->share[s->lane], d->temperature};
    s->soft = &d->soft[s->lane];
    return ST_OK;
}

double distill_divergence(const struct distill *d, const struct shard *s, int t)
{
    int V = d->m->config.vocab_n;
    size_t at = (size_t)t * (size_t)V;
    return soft_divergence(V, d->ws[s->lane].probs + at, s->probs + at, d->temperature);
}
