#ifndef GRPOLAB_RL_OBJECTIVE_H
#define GRPOLAB_RL_OBJECTIVE_H

/* The arithmetic of GRPO and its relatives, in double precision, one group or one sequence at a time. Pure functions;
 * `grpolab calc` and the trainer call the same ones. */

enum loss_kind { LOSS_GRPO, LOSS_R1, LOSS_DAPO, LOSS_DR_GRPO, LOSS_GSPO, LOSS_KIND_N };
enum std_kind { STD_SAMPLE, STD_POPULATION, STD_NONE };

#define LOSS_CHOICES "grpo r1 dapo dr_grpo gspo"
#define STD_CHOICES "sample population none"

struct objective {
    enum loss_kind loss;
    enum std_kind std;
    double eps_low, eps_high;  /* clip range 1-eps_low .. 1+eps_high */
    double beta;               /* weight of the KL term */
    int max_length;            /* dr_grpo's constant L_max, tokens */
};

/* advantage_group: group-relative advantages (R1 eq. 3).
 *   reward [G] in, finite;  adv [G] out
 * adv = (reward - mean) / (std + 1e-4); without std where the kind is STD_NONE. A group of equal rewards
 * (max == min) gets 0. Returns 1 when it was flat. mean, std: of the rewards (ddof as the kind has it; population
 * for STD_NONE), may be NULL. */
int advantage_group(int G, const double *reward, enum std_kind kind, double *adv, double *mean, double *std);

/* What one batch (mini-batch) divides by. */
struct loss_scope {
    int sequences;             /* that count in the mean */
    double tokens;             /* completion tokens of them, all together (dapo) */
};

/* What one sequence adds. Arrays are the caller's, [n] unless the ratio is of the sequence ([1]). */
struct sequence_terms {
    double *ratio;             /* pi / pi_old: [n], or [1] for r1 and gspo */
    unsigned char *clipped;    /* 1 where the clipped branch was chosen: as ratio */
    double *kl;                /* k3 estimator: [n], or [1] for r1 */
    double *grad;              /* [n] d loss / d logp */
    int ratio_n, kl_n;         /* filled in */
    double loss, policy_loss;  /* this sequence's share of the loss; without the KL term */
    double kl_sum;             /* sum over kl */
    int clip_low, clip_high;   /* how many of ratio_n were clipped below, above */
};

/* objective_sequence: loss = -J and its gradient for one sequence of n >= 1 tokens.
 *   logp, old [n];  ref [n] or NULL (no KL term and no measurement)
 * Token terms: min(rho A, clip(rho, 1-eps_low, 1+eps_high) A) - beta k3 (R1 eq. 1-2, Math eq. 3-4), k3 =
 * exp(ref - logp) - (ref - logp) - 1.  Aggregation: grpo 1/S sum_i 1/|o_i| sum_t; dapo sum / tokens; dr_grpo sum / (S
 * max_length); r1: one ratio and one k3 of the sequence's sums, / S; gspo: ratio exp(mean(logp - old)), / S, its KL
 * by token, / (S |o_i|). S = scope->sequences. A clipped token (A > 0 and rho > 1+eps_high, or A < 0 and
 * rho < 1-eps_low) passes no gradient. */
void objective_sequence(const struct objective *o, const struct loss_scope *scope, int n, const double *logp,
                        const double *old, const double *ref, double advantage, struct sequence_terms *out);

/* balance_update: V3's aux-loss-free rule, b_i += gamma * sign(mean load - load_i); returns MaxVio =
 * max_i(load_i E / sum load) - 1 (0 when nothing was routed). */
double balance_update(int E, const double *load, double *bias, double gamma);

/* pass_at_k: unbiased estimate 1 - C(n-c,k)/C(n,k) from n samples of which c are right. */
double pass_at_k(int n, int c, int k);

#endif
