#ifndef GRPOLAB_RL_GRPO_H
#define GRPOLAB_RL_GRPO_H

#include "engine/rl/batch.h"
#include "engine/rl/learner.h"
#include "engine/rl/objective.h"
#include "engine/rl/ppo.h"

/* GRPO's update of one step: the objective over the batch's traces, its gradient, AdamW. */
enum grpo_routes { ROUTES_OFF, ROUTES_MEASURE, ROUTES_REPLAY };

struct grpo_settings {
    struct objective objective;
    struct adamw_settings adamw;
    int inner_epochs, mini_batches;
    int micro_prompts;        /* bnpo: groups of a micro-batch, in the order of the mini-batch; 0: all */
    struct ppo_settings ppo;  /* is_on: the critic's advantages, and its own loss */
    enum grpo_routes routes;  /* the sampler's experts, which the batch must keep: compared, or also used */
    double temperature;       /* the sampling temperature: training log-probabilities are of that distribution */
    uint64_t seed;
    uint32_t step;
};

struct grpo_stats {
    double loss, policy_loss, balance_loss, grad_norm;
    double kl, entropy;                    /* means over completion tokens (kl of r1: over sequences) */
    double clip_low, clip_high;            /* shares of the ratios */
    double capped, off_policy;             /* share of the ratios truncated, of the sequences masked as stale */
    double logp_difference, logp_difference_max;  /* |decode - training forward|, nats */
    double tokens;                         /* completion tokens that were trained on */
    double value_loss;                     /* ppo: without its weight */
    struct ppo_stats ppo;
    int updates;                           /* optimizer steps done */
    double route_difference;               /* share of the sampler's experts that the top K of the forwards that were
                                            * learned from has not; NaN where it is not measured */
    int pairs;                             /* dpo: of the batch */
    double margin, pair_accuracy;          /* dpo: mean margin, share of pairs ranked right */
    double chosen, rejected;               /* dpo: mean implicit rewards, beta (log pi - log ref) of a trace */
};

/* Scratch for the largest batch, from an arena. */
struct grpo {
    struct sequence *sequence;   /* [N] */
    uint16_t *id;                /* [N, row] */
    int *target;                 /* [N, row] */
    int row;                     /* PROMPT_MAX + cap */
    int *order;                  /* [P] groups as shuffled */
    double *micro_tokens;        /* [P] by group: completion tokens of its micro-batch */
    struct ppo ppo;              /* ppo_init: where there is a critic */
};

enum status grpo_init(struct grpo *g, int P, int G, int cap, struct arena *a, struct err *e);

/* grpo_add_trace: appends the trace's prompt and completion to g->sequence at `count`; returns the new
 * count. */
int grpo_add_trace(struct grpo *g, const struct batch *b, int trace, int count);
/* grpo_shuffle: g->order [P] as this step's epoch has it; the identity where there is one mini-batch. */
void grpo_shuffle(struct grpo *g, int P, const struct grpo_settings *s, int epoch);

/* grpo_update: for each inner epoch and mini-batch (whole groups) one pass and one optimizer step. With a
 * single update logp_old is the pass's own forward, so the ratio is exactly 1; else a forward over all
 * traces comes first. The reference's log-probabilities are measured at every beta. Traces marked masked
 * are left out; when none is left, nothing is updated. PPO's values are of that first forward, which is one
 * of its own also where advantages are normalised over the batch. With an entropy weight the loss holds the
 * bonus and its exact gradient. Writes b->logp_old, logp_ref, logp_new. Errors: ST_CANCELLED, ST_NONFINITE:
 * the weights may have been updated by earlier mini-batches (the caller restores them). */
enum status grpo_update(struct grpo *g, struct learner *l, struct batch *b, const struct grpo_settings *s,
                        const struct gate *gate, struct grpo_stats *stats, struct err *e);

#endif
