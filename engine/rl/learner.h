#ifndef GRPOLAB_RL_LEARNER_H
#define GRPOLAB_RL_LEARNER_H

#include <stdatomic.h>

#include "engine/base/hash.h"
#include "engine/base/pool.h"
#include "engine/nn/model.h"
#include "engine/nn/optimizer.h"
#include "engine/rl/gate.h"

/* The state that learns, and the machinery that computes its gradients: weights, AdamW's moments, expert
 * biases, the frozen reference; a workspace for every thread, a gradient buffer for every lane.
 *
 * A batch of sequences is cut into shards, shard i belongs to lane i % lanes_n, and a lane's shards run in
 * order on one thread into the lane's buffer; lanes are summed in a fixed tree. Neither cut depends on the
 * threads. */
enum { LANES_MAX = 16, SHARDS_MAX = 4096 };

struct bf16_weights;                /* engine/nn/linear_bf16.h */

/* The rows of one shard, packed; capacity tokens. */
struct packed {
    struct tokens t;
    int *begin, *target, *position;
    uint16_t *id;
    real *dlogp, *mtp_dlogp, *ref_logp, *dvalue;    /* dvalue: NULL without a value head */
    real *dentropy;
    uint8_t *route;                 /* [capacity, config_route]; NULL until learner_keep_routes */
};

struct learner {
    const struct model *m;
    struct pool *pool;
    int lanes_n, shard_tokens, longest;
    real *w, *adam_m, *adam_v;      /* [params.total] */
    real *bias;                     /* [moe_layers, E] */
    real *ref_w, *ref_bias;         /* the reference policy; NULL where a stage has none */
    double *load_average;           /* [moe_layers, E] moving average of the shares */
    int64_t updates;                /* AdamW's t */
    /* Running mean of the batches' rewards, a baseline of reinforce: sum of decay^age * mean, sum of decay^age. The
     * latter is 0 where none is kept. */
    double running_mean[2];
    real *lane[LANES_MAX];          /* gradients */
    real *load;                     /* [lanes_n][moe_layers*E] assignments of the batch under way */
    struct workspace *ws;           /* [threads] */
    struct bf16_weights *bf16;      /* in bf16: the maps of the weights of the pass under way; else NULL */
    struct packed *packed;          /* [threads] */
    int *shard_begin;               /* [SHARDS_MAX+1] first sequence of each shard of the pass under way */
    int bias_n;                     /* moe_layers * E */
    int shards_n;                   /* of the pass under way */
    atomic_int shards_done;
};

/* learner_init: everything from the arena; weights are not filled. Errors: ST_NOMEM. */
enum status learner_init(struct learner *l, const struct model *m, struct pool *pool, int lanes_n,
                         int shard_tokens, int longest, int with_reference, struct arena *a, struct err *e);
/* learner_keep_routes: room for passes with given routes. Errors: ST_NOMEM. */
enum status learner_keep_routes(struct learner *l, struct arena *a, struct err *e);
/* learner_start: fresh weights from the seed, zero moments and biases. */
void learner_start(struct learner *l, uint64_t seed);
/* learner_reference: the reference becomes the present policy. */
void learner_reference(struct learner *l);
/* learner_digest: of all that counts (weights, moments, biases, averages, reference, updates, a running
 * mean where one is kept) with the step. */
struct digest learner_digest(const struct learner *l, int64_t step);

/* A sequence to learn from: input id[0..n-1], scored targets (-1: none), and the caller's own index. */
struct sequence {
    int n, index;
    const uint16_t *id;
    const int *target;
};

/* Called for each shard, in its lane, after the forward: the caller reads ws->logp and writes dlogp [T]
 * (and mtp_dlogp [depth,T] when not NULL) for the rows of its sequences, which stand in t->seq in the order
 * first..first+t->seq.n-1. ref_logp [T] is the reference's, or NULL. Returning other than ST_OK stops the
 * batch. */
struct shard {
    int first, index, lane;         /* sequence number of its first; number of the shard */
    const struct tokens *t;
    const real *logp, *entropy, *ref_logp;
    const real *probs;              /* [T,V] of the next token at the pass's temperature */
    const struct soft_targets *soft;/* NULL before the call; what the backward also pulls towards */
    const real *mtp_logp[MTP_MAX];
    const int *mtp_target[MTP_MAX];
    real *dlogp, *mtp_dlogp;
    const real *value;              /* [T] of the value head after each token read; NULL: the model has none */
    real *dvalue;                   /* [T] d loss / d value, zeroed before the call; NULL as value */
    real *dentropy;                 /* [T] d loss / d entropy, zeroed before the call; NULL: not asked for */
    real balance, balance_weight;   /* balance loss of the pass; weight that its gradient gets */
    int64_t routed, moved;          /* assignments that a sampler made, and those that this forward's top K has not */
};

struct pass {
    const struct sequence *sequence;
    int sequences_n;
    real inv_temperature;
    int with_reference, with_mtp, with_entropy, backward;
    int value_only;                 /* the backward leaves everything but the value head alone; dlogp is not read */
    const real *w, *bias;           /* other weights than the learner's, of the same shapes; w NULL: its own */
    enum status (*shard)(void *ctx, struct shard *s);
    /* Writes the experts [n, config_route] that a sampler chose for the rows of the sequence with that index; NULL:
     * none are known. Any thread. The reference keeps its own routing. */
    void (*route)(void *ctx, int index, uint8_t *out);
    int replays;                    /* the policy's forward and backward use them */
    void *ctx;
    const struct gate *gate;
};

/* learner_pass: forward (and backward) over all sequences; gradients are left in lane[0] after
 * learner_apply's reduction, loads in l->load. Errors: ST_CANCELLED, ST_NONFINITE. */
enum status learner_pass(struct learner *l, const struct pass *p, struct err *e);

/* learner_apply: reduce, clip, AdamW. norm: the global gradient norm before clipping. */
enum status learner_apply(struct learner *l, const struct adamw_settings *s, double *norm, struct err *e);

/* learner_balance: V3's bias update from the loads of the last passes (summed over lanes), gamma; max_vio
 * [moe_layers] of the batch, share [moe_layers*E]; the moving average is advanced with `decay`. */
void learner_balance(struct learner *l, double gamma, double decay, double *max_vio, double *max_vio_average,
                     float *share);
/* learner_clear_load: before the first pass of a batch. */
void learner_clear_load(struct learner *l);

#endif
