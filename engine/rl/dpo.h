#ifndef GRPOLAB_RL_DPO_H
#define GRPOLAB_RL_DPO_H

/* Direct preference optimisation: a policy learns from pairs of a chosen and a rejected answer, without a
 * reward model and without sampling. Pure functions in double precision. */

/* Which pairs a group of scored answers makes. */
enum pair_rule { PAIRS_BEST_WORST, PAIRS_ALL };
#define PAIR_CHOICES "best_worst all"

/* A pair as indices of traces. */
struct dpo_match {
    int chosen, rejected;
};

/* dpo_pairs: the pairs of one group, traces first..first+G-1 of a batch.
 *   reward, left_out: of the whole batch, left_out[i] not 0: trace i is in no pair
 *   out: at most 1 (best_worst) or G (G - 1) / 2 (all)
 * best_worst: the best trace against the worst, the first of equals each; all: every trace against every
 * one of a smaller reward. Equal rewards make no pair. Returns how many. Threads: pure. */
int dpo_pairs(enum pair_rule rule, int first, int G, const double *reward, const int *left_out,
              struct dpo_match *out);

/* A pair's log-probabilities, nats: sums over the tokens of each answer, under policy and reference. */
struct dpo_pair {
    double chosen_logp, chosen_ref, rejected_logp, rejected_ref;
};

/* What a pair adds. The gradients are d loss / d chosen_logp and d loss / d rejected_logp; every token of an
 * answer gets its answer's. */
struct dpo_terms {
    double margin, loss, chosen_grad, rejected_grad;
};

/* dpo_terms: of one pair (Rafailov et al. 2023, eq. 7).
 *   margin = beta ((log pi_c - log ref_c) - (log pi_r - log ref_r)), the difference of the implicit rewards
 *   loss = -log sigmoid(margin);  d loss / d margin = -sigmoid(-margin)
 * Finite for every finite margin. The pair is ranked right where margin > 0. Threads: pure. */
struct dpo_terms dpo_terms(const struct dpo_pair *p, double beta);

#endif
