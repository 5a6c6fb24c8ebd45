/* Values of given sequences: a pass without backward, cut into calls of at most SHARDS_MAX sequences, since
 * each may be a shard of its own. */
#include "engine/rl/values.h"

struct ask {
    float *value;
    int stride;
};

static enum status on_shard(void *ctx, struct shard *s)
{
    struct ask *a = ctx;
    for (int q = 0; q < s->t->seq.n; q++) {
        int begin = s->t->seq.begin[q];
        float *out = a->value + (size_t)(s->first + q) * (size_t)a->stride;
        for (int t = begin; t < s->t->seq.begin[q + 1]; t++)
            out[t - begin] = (float)s->value[t];
    }
    return ST_OK;
}

enum status values_of(struct learner *l, const real *w, const real *bias, const struct sequence *sequence,
                      int n, int stride, float *value, const struct gate *gate, struct err *e)
{
    enum status st = ST_OK;
    if (!l->m->config.value_head)
        return err_set(e, ST_USAGE, "values", "the model has no value head: set model.value_head = 1");
    for (int i = 0; i < n; i++)
        if (sequence[i].n > stride)
            return err_set(e, ST_USAGE, "values", "sequence %d has %d tokens, more than %d", i, sequence[i].n,
                           stride);
    learner_clear_load(l);
    for (int at = 0; at < n && !st; at += SHARDS_MAX) {
        struct ask a = {value + (size_t)at * (size_t)stride, stride};
        struct pass p = {.sequence = sequence + at,
                         .sequences_n = n - at < SHARDS_MAX ? n - at : SHARDS_MAX,
                         .inv_temperature = 1,
                         .w = w,
                         .bias = bias,
                         .shard = on_shard,
                         .ctx = &a,
                         .gate = gate};
        st = learner_pass(l, &p, e);
    }
    learner_clear_load(l);
    return st;
}
