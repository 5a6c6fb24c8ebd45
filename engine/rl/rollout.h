#ifndef GRPOLAB_RL_ROLLOUT_H
#define GRPOLAB_RL_ROLLOUT_H

#include "engine/base/pool.h"
#include "engine/nn/decode.h"
#include "engine/rl/batch.h"
#include "engine/rl/gate.h"

/* How tokens are sampled. Training samples from the whole distribution: top_p 1, top_k 0. */
struct sampling {
    double temperature;      /* 0: greedy */
    double top_p;            /* nucleus, 1: off */
    int top_k;               /* 0: off */
    int max_tokens;          /* of a completion */
    int end_token;
    uint64_t seed;
    enum rng_stream stream;
    uint32_t step;
};

/* sample_token: from probabilities p [V] at the temperature (changed where top-p or top-k cut), with the
 * place's own random number. logp and, where cut, entropy are of the distribution that was sampled. Pure. */
int sample_token(int V, real *p, const struct sampling *s, uint32_t prompt, uint32_t index, uint32_t position,
                 float *logp, float *entropy);

/* Decoders, one a worker, and how groups are cut into sub-batches. */
struct rollout {
    struct pool *pool;
    struct decoder *decoder;  /* [threads] */
    int slots_n, rows_n;      /* sequences decoded together: as many whole groups as fit; fixed by the
                               * settings, never by the threads */
};

/* rollout_init: memory from the arena for each of the pool's threads. slots_n: most sequences of a
 * sub-batch. Errors: ST_NOMEM, ST_USAGE. */
enum status rollout_init(struct rollout *r, const struct model *m, enum decode_form form, struct pool *pool,
                         int slots_n, int positions_n, struct arena *a, struct err *e);
/* rollout_keep_routes: the decoders keep the experts of what they decode, for batches that have room for them
 * (batch_keep_routes). Errors: ST_NOMEM. */
enum status rollout_keep_routes(struct rollout *r, struct arena *a, struct err *e);
/* rollout_groups: how many groups of G make a sub-batch; 0 when not one fits. */
int rollout_groups(const struct rollout *r, int G);

/* rollout_run: samples the completions of groups first..first+groups-1 of b that are not done, with weights
 * w, bias. Writes token, logp, entropy, n, done, cut_off, and the routes where b keeps them. Threads: the
 * pool's. Errors: ST_CANCELLED from the gate, ST_NONFINITE. The randomness of trace (p, g) at position t is
 * keyed (seed, stream, step, b->draw[p], g, t). */
enum status rollout_run(struct rollout *r, const real *w, const real *bias, const struct sampling *s,
                        struct batch *b, int first, int groups, const struct gate *gate, struct err *e);

#endif
