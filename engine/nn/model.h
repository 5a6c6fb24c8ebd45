#ifndef GRPOLAB_NN_MODEL_H
#define GRPOLAB_NN_MODEL_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/nn/config.h"
#include "engine/nn/kernels.h"
#include "engine/nn/params.h"

/* The transformer of DeepSeek-V3 (V3 section 2.1), forward and backward by hand. A model is shape only:
 * weights, expert biases and gradients are the caller's blocks, so that policy, reference and a what-if
 * share one model. */
struct model {
    struct model_config config;
    struct params params;
    const struct kernels *k;
    real *rope;               /* [positions_n, rope width]: cos, sin of each pair */
};

/* model_init: Errors: ST_USAGE for impossible sizes, ST_NOMEM. Memory: owned, given back by model_release. */
enum status model_init(struct model *m, const struct model_config *c, const struct kernels *k, struct err *e);
void model_release(struct model *m);

/* Packed sequences: token rows begin[i]..begin[i+1]-1 are sequence i, each from position 0. */
struct tokens {
    int T;                    /* tokens in all */
    struct packing seq;
    const uint16_t *id;       /* [T] */
    const int *target;        /* [T] next token that is scored, -1: none */
    const int *position;      /* [T] place within its sequence */
};

struct linear_work;           /* linear.h */
struct soft_targets;          /* soft.h */

/* Activations of one block, kept for the backward. Names as in V3's equations. */
struct block_state {
    struct linear_work *linear; /* the thread's, shared by all blocks; NULL: linear maps in full precision */
    real *x;                  /* [T,D] residual stream at the block's entrance */
    real *attn_in, *attn_rstd;        /* [T,D],[T] normed input */
    real *down;               /* [T, q_rank|H*dk + kv_rank + rope_dim] c_Q, c_KV, k_R before norms (MLA) */
    real *q_latent, *q_rstd;  /* [T,q_rank],[T] normed c_Q */
    real *kv_latent, *kv_rstd;/* [T,kv_rank],[T] normed c_KV */
    real *q, *k, *v;          /* [T,H*dk],[T,Hk*dk],[T,Hk*dv] (MHA: rows of q are [q | k | v], k and v point into it) */
    real *kv;                 /* [T,H*(nope+dv)] keys' plain part and values of every head (MLA) */
    real *attn, *lse;         /* [T,H*dv],[T,H] */
    real *mid;                /* [T,D] after attention */
    real *ffn_in, *ffn_rstd;  /* [T,D],[T] */
    real *gate_up, *hidden;   /* [T,2F],[T,F] dense SwiGLU, or the shared expert's */
    real *affinity, *gate;    /* [T,E] s = sigmoid(u.e) ; [T,K] g after normalisation and scale */
    int *chosen;              /* [T,K] experts */
    /* Experts that a sampler chose for these rows: row t has [K] at route + t * route_stride; NULL: not known. The
     * caller's. replays: they are used in place of the top K, their gates made of this forward's affinities. */
    const uint8_t *route;
    int route_stride, replays;
    int64_t moved;            /* added to: how many of them are not among this forward's own top K */
    int *order, *expert_begin;/* [T*K] assignments sorted by expert (token*K+slot); [E+1] */
    real *expert_in, *expert_gate_up, *expert_hidden, *expert_out; /* rows sorted by expert: [T*K,...] */
    real balance;             /* sequence-wise balance loss of this pass, alpha included */
};

/* Scratch and activations of one thread for at most `capacity` tokens; everything from one arena. */
struct workspace {
    int capacity;
    struct block_state *block;      /* [layers_n + mtp_depth] */
    real *out;                      /* [T,D] residual stream after the last layer */
    real *normed, *rstd;            /* [T,D],[T] */
    real *probs;                    /* [T,V] logits, then probabilities, then dlogits */
    real *logp, *entropy;           /* [T] of the targets (tokens.target); entropy in nats */
    const real *dentropy;           /* [T] weights of the entropies in what is differentiated; NULL: none.
                                     * The caller's, set before model_backward */
    const struct soft_targets *soft;/* a teacher's distributions, as dentropy; NULL: none. Not both, and at
                                     * inverse temperature 1 only */
    real *value;                    /* [T] of the value head; NULL: the model has none */
    struct {
        real *embedded;             /* [T,D] of the shifted tokens */
        real *joined, *h_rstd, *e_rstd; /* [T,2D] both normed halves side by side */
        real *out, *normed, *rstd, *probs, *logp;
        real *dout;                 /* [T,D] gradient of out */
        int *target;                /* [T] shifted targets */
        uint16_t *shifted;          /* [T] token i+k */
    } mtp[MTP_MAX];
    real *dx, *dy;                  /* [T,D] gradient of the residual stream */
    real *grad[6];                  /* scratch of the backward, widest activation each */
    real *scratch;                  /* attention */
    struct linear_work *linear;     /* as the blocks have it */
    real *load;                     /* [moe_layers, E] assignments counted in this forward */
};

/* workspace_bytes / workspace_init: memory from arena a (ST_NOMEM names what did not fit). */
size_t workspace_bytes(const struct model *m, int capacity, int longest);
enum status workspace_init(struct workspace *ws, const struct model *m, int capacity, int longest,
                           struct arena *a, struct err *e);

/* model_forward: log-probabilities of t->target at the temperature 1/inv_temperature.
 *   w [params.total], bias [moe_layers, E] in
 *   ws out: everything above; ws->logp, ws->entropy, ws->load (added to: cleared by the caller)
 * with_mtp: also the MTP modules' log-probabilities (V3 eq. 21-24).
 * A model with a value head also fills ws->value: v_t = h_t . w_v + b_v with h_t = RMSNorm(x_L)_t, what is
 * expected of the sequence once token t has been read; neither depends on the temperature.
 * Errors: ST_NONFINITE names the first tensor that is not finite.  Threads: one per workspace. */
enum status model_forward(const struct model *m, const real *w, const real *bias, const struct tokens *t,
                          real inv_temperature, int with_mtp, struct workspace *ws, struct err *e);

/* model_backward: adds to grad [params.total] the gradient of  L = sum_t dlogp[t] * logp[t]
 *   + sum_t ws->dentropy[t] * entropy[t] over the scored rows (ws->dentropy NULL: no such term)
 *   + the weighted divergences from ws->soft (soft.h; NULL: no such term)
 *   + sum_t dvalue[t] * value[t] (dvalue NULL: no such term; with config.value_detach it
 *   reaches the head alone)
 *   (+ mtp_dlogp [mtp_depth,T] times the MTP modules' logp; NULL: no MTP)  + balance loss * balance_weight.
 * dlogp NULL: the value head's two rows get their gradient and nothing else does (a critic's warm-up).
 * Must follow model_forward with the same arguments; overwrites ws->probs. */
void model_backward(const struct model *m, const real *w, const struct tokens *t, real inv_temperature,
                    const real *dlogp, const real *mtp_dlogp, const real *dvalue, real balance_weight,
                    struct workspace *ws, real *grad);

/* model_hidden: the residual stream after `layer` blocks [T,D] for inspection, borrowed from ws. */
const real *model_hidden(const struct model *m, const struct workspace *ws, int layer);

#endif
