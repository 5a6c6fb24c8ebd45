#ifndef GRPOLAB_RL_PPO_H
#define GRPOLAB_RL_PPO_H

#include "engine/nn/real.h"
#include "engine/rl/batch.h"
#include "engine/rl/objective.h"

/* What PPO has and GRPO has not: a critic, whose values make an advantage of each token's own (Schulman et
 * al. 2017; R1 v2 App. A.3). The critic is the model's value head; V_t is its value before completion token
 * t.
 *
 *   r_t = -kl_reward (log pi_old - log ref)_t, and the trace's reward added to the last token's
 *   A, R by GAE (gae.h), then A = (A - mean) / (std + 1e-8) over the batch's tokens where it is normalised
 *   loss = 1/N sum_t [-min(rho_t A_t, clip(rho_t) A_t) + beta KL_t] + value_weight value_loss,  N tokens of the
 *   mini-batch; the first part is `dapo`'s with an advantage by token
 * A trace that the length limit cuts off ends there like any other: nothing is expected after it. */
struct ppo_settings {
    int is_on;
    double lambda, gamma;      /* of GAE */
    double value_clip;         /* range around the rollout's value; 0: the value loss is not clipped */
    double value_weight, kl_reward;
    int normalise;
    int is_warming;            /* the critic alone is trained: the policy's weights get no gradient */
};

struct ppo_stats {
    double value_mean, explained_variance;  /* of the rollout's values; NaN where all returns are equal */
};

/* Scratch of a batch, from an arena; all [N, cap]. */
struct ppo {
    double *value, *ret;       /* V before each token by the weights that sampled it; what came of it */
    double *seen, *came;       /* the same of the tokens that count, one after the other */
};

/* ppo_init: for b's shape; also gives b its token_advantage. Errors: ST_NOMEM. */
enum status ppo_init(struct ppo *p, struct batch *b, struct arena *a, struct err *e);

/* ppo_keep: the values of a trace's tokens, value [b->n[trace]], by the weights of the rollout. */
void ppo_keep(struct ppo *p, const struct batch *b, int trace, const real *value);

/* ppo_advantage: GAE of one trace whose values are kept, from b's reward, logp_old and logp_ref: writes its
 * token_advantage, returns, and advantage[trace], the mean over its tokens. Threads: one a trace. */
void ppo_advantage(struct ppo *p, struct batch *b, const struct ppo_settings *s, int trace);

/* ppo_weigh: ppo_advantage of all traces that the loss looks at, then the normalisation; the others get 0. */
void ppo_weigh(struct ppo *p, struct batch *b, const struct ppo_settings *s);

/* ppo_policy: as objective_sequence, with an advantage [n] by token and `tokens` to divide by; a ratio cap,
 * the estimator of the KL and the entropy bonus are as o has them, V3.2's mask of stale sequences is not. */
void ppo_policy(const struct objective *o, double tokens, int n, const double *logp, const double *old,
                const double *ref, const double *advantage, struct sequence_terms *out);

/* ppo_value: a trace's share of value_weight * value_loss, and its gradient.
 *   value [n] of the present weights in;  dvalue [n] out;  n = b->n[trace]
 * Returns the share without the weight: 1/(2 tokens) sum_t max(.,.) of gae.h's value_loss. */
double ppo_value(const struct ppo *p, const struct batch *b, const struct ppo_settings *s, int trace,
                 double tokens, const real *value, real *dvalue);

/* ppo_measure: after the advantages, over all tokens that the loss looks at. */
struct ppo_stats ppo_measure(struct ppo *p, const struct batch *b);

#endif
