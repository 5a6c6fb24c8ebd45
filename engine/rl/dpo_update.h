#ifndef GRPOLAB_RL_DPO_UPDATE_H
#define GRPOLAB_RL_DPO_UPDATE_H

#include "engine/rl/dpo.h"
#include "engine/rl/grpo.h"

/* DPO's update of one step: pairs out of the batch's groups, the preference loss, AdamW. */
struct dpo_settings {
    double beta;
    enum pair_rule pairs;
};

/* Scratch for the largest batch, from an arena. */
struct dpo {
    struct dpo_match *pair;      /* [pairs_cap] of the mini-batch under way */
    int pairs_cap;
    double *now, *ref;           /* [N] sums of log-probabilities over a trace's completion, nats */
    double *pull;                /* [N] d loss / d now */
    unsigned char *is_paired;    /* [N] of the mini-batch */
};

/* dpo_init: Errors: ST_NOMEM. */
enum status dpo_init(struct dpo *d, int P, int G, enum pair_rule rule, struct arena *a, struct err *e);

/* dpo_update: the loss is the mean of dpo_terms over the pairs of a mini-batch, which is whole groups and
 * so whole pairs (Rafailov et al. 2023, eq. 7; the policy's own samples, ranked by reward). A pair's
 * gradient needs both its traces before it can be told, so that each update is a forward over the traces of
 * its pairs and then the pass that learns. Inner epochs and mini-batches as grpo_update has them. Traces
 * that no pair has, and those marked masked, are not looked at; without a pair nothing is updated.
 * Advantages play no part. Writes b->logp_old, logp_ref, logp_new of the traces of pairs. stats: kl (k3),
 * entropy, tokens of those traces at the weights that sampled them; loss, margin, pair_accuracy, chosen,
 * rejected at each update's own, averaged over updates. Errors: as grpo_update. */
enum status dpo_update(struct dpo *d, struct grpo *g, struct learner *l, struct batch *b,
                       const struct grpo_settings *s, const struct dpo_settings *set, const struct gate *gate,
                       struct grpo_stats *stats, struct err *e);

#endif
