#ifndef GRPOLAB_RL_OBJECTIVE_H
#define GRPOLAB_RL_OBJECTIVE_H

/* The arithmetic of GRPO and its relatives, in double precision, one group or one sequence at a time. Pure
 * functions; `grpolab calc` and the trainer call the same ones. */

enum loss_kind {
    LOSS_GRPO, LOSS_R1, LOSS_DAPO, LOSS_DR_GRPO, LOSS_GSPO, LOSS_BNPO, LOSS_REINFORCE, LOSS_RLOO, LOSS_CISPO,
    LOSS_KIND_N
};
/* What a run's loss may be besides: not of single sequences, see dpo.h; with a critic, see ppo.h. */
enum { LOSS_DPO = LOSS_KIND_N, LOSS_PPO };
/* The estimators of KL(pi || ref); k3 is 0, so that an objective that names none has it. */
enum kl_kind { KL_K3, KL_K1, KL_K2, KL_UNBIASED, KL_KIND_N };
enum std_kind { STD_SAMPLE, STD_POPULATION, STD_NONE };
/* What REINFORCE compares a reward with: the mean of the batch, nothing, the running mean of earlier ones. */
enum baseline_kind { BASELINE_BATCH, BASELINE_NONE, BASELINE_RUNNING };

#define LOSS_CHOICES "grpo r1 dapo dr_grpo gspo bnpo reinforce rloo cispo"
#define RL_LOSS_CHOICES LOSS_CHOICES " dpo ppo"
#define STD_CHOICES "sample population none"
#define BASELINE_CHOICES "batch none running"
#define KL_CHOICES "k3 k1 k2 unbiased"

struct objective {
    enum loss_kind loss;
    enum std_kind std;
    double eps_low, eps_high;  /* clip range 1-eps_low .. 1+eps_high */
    double beta;               /* weight of the KL term */
    int max_length;            /* dr_grpo's constant L_max, tokens */
    enum baseline_kind baseline; /* reinforce */
    double running_mean;       /* what BASELINE_RUNNING stands for */
    enum kl_kind kl;
    int kl_clamp;              /* verl's clamps of k3 */
    double ratio_cap;          /* largest weight of a stale token; 0: unbounded */
    double off_policy_delta;   /* V3.2's delta, nats a token; 0: off */
    double entropy;            /* weight of the entropy bonus */
};

/* kl_term: an estimate of KL(pi || ref) from one sample and its derivative by log pi, as the loss has it.
 *   d = log pi - log ref, ratio = pi / pi_old (of the same token or sequence as d), nats
 *   k1 = d;  k2 = d^2 / 2;  k3 = exp(-d) - 1 + d;  unbiased = ratio * k3 (V3.2, whose derivative is ratio * d)
 * Of samples of pi, k1 and k3 are unbiased in value and k2 in its derivative; k1's derivative is 1, on
 * average no push at all. `clamp`: verl's, of k3 alone and within `unbiased`: d to +-20, then k3 to +-10,
 * beyond which it has no derivative. k3 grows with exp(-d): without the clamp a sequence's k3 can overflow.
 * Threads: pure. */
double kl_term(enum kl_kind kind, int clamp, double d, double ratio, double *slope);

/* advantage_group: group-relative advantages (R1 eq. 3).
 *   reward [G] in, finite;  adv [G] out
 * adv = (reward - mean) / (std + 1e-4); without std where the kind is STD_NONE. A group of equal rewards
 * (max == min) gets 0. Returns 1 when it was flat. mean, std: of the rewards (ddof as the kind has it;
 * population for STD_NONE), may be NULL. */
int advantage_group(int G, const double *reward, enum std_kind kind, double *adv, double *mean, double *std);

/* advantage_objective: the advantages as the loss has them.
 *   reward [G] in, finite;  adv [G] out;  baseline: what o->baseline stands for: 0 where it is none
 * rloo: G/(G-1) (r - mean), which is r less the mean of the others; 0 for a group of one. reinforce: r -
 * baseline, also where the group is flat. Neither is divided by a std. All others: advantage_group. mean, std
 * (may be NULL) and the result: as advantage_group has them for o->std. Sources: Ahmadian et al. 2024 (RLOO),
 * Williams 1992 (REINFORCE). */
int advantage_objective(const struct objective *o, int G, const double *reward, double baseline, double *adv,
                        double *mean, double *std);

/* What one batch (mini-batch) divides by. */
struct loss_scope {
    int sequences;             /* that count in the mean */
    double tokens;             /* completion tokens of them, all together (dapo, cispo) */
    /* bnpo: tokens of the sequence's micro-batch, and how many there are; 0: the whole is one */
    double micro_tokens;
    int micro_batches;
};

/* What one sequence adds. Arrays are the caller's, [n] unless the ratio is of the sequence ([1]). */
struct sequence_terms {
    double *ratio;             /* pi / pi_old: [n], or [1] for r1 and gspo */
    unsigned char *clipped;    /* 1 where the clipped branch was chosen: as ratio */
    double *kl;                /* the estimator's values: [n], or [1] for r1 */
    double *grad;              /* [n] d loss / d logp */
    int ratio_n, kl_n;         /* filled in */
    double loss, policy_loss;  /* this sequence's share of the loss; without the KL term */
    double kl_sum;             /* sum over kl */
    int clip_low, clip_high;   /* how many of ratio_n were clipped below, above */
    int capped;                /* how many of ratio_n were above ratio_cap, and not clipped */
    int is_off_policy;         /* left out by off_policy_delta */
    double entropy_weight;     /* what a token's entropy is multiplied by in the loss, <= 0 */
};

/* objective_sequence: loss = -J and its gradient for one sequence of n >= 1 tokens.
 *   logp, old [n];  ref [n] or NULL (no KL term and no measurement)
 * Token terms: min(rho A, clip(rho, 1-eps_low, 1+eps_high) A) - beta KL (R1 eq. 1-2, Math eq. 3-4), KL as
 * kl_term has it.  Aggregation: grpo 1/S sum_i 1/|o_i| sum_t; dapo sum / tokens; dr_grpo sum / (S
 * max_length); r1: one ratio and one k3 of the sequence's sums, / S; gspo: ratio exp(mean(logp - old)), /
 * S, its KL by token, / (S |o_i|); bnpo as dapo in each micro-batch, / micro_batches. S = scope->sequences.
 * A clipped token (A > 0 and rho > 1+eps_high, or A < 0 and rho < 1-eps_low) passes no gradient. Without a
 * min: reinforce and rloo: A log pi, summed / S, ratios measured and not used. cispo: sg(clip(rho,
 * 1-eps_low, 1+eps_high)) A log pi, summed / tokens (MiniMax-M1, arXiv 2506.13585): the weight is a
 * constant of the gradient, so that a clipped token, rho out of the range whatever A's sign, still learns.
 * Stale ratios, where ratio_cap C > 0: what weighs a token's gradient is at most C (truncated importance
 * sampling, Ionides 2008). Under a min the term past rho = C goes on as C A (1 + log(rho / C)), whose
 * derivative by log pi is C A; cispo's weight is sg(min(clip(rho), C)); reinforce and rloo, which have
 * none, get sg(min(rho, C)). The ratio within the unbiased KL is not truncated. off_policy_delta > 0: a
 * sequence of A < 0 whose mean log(pi_old / pi) exceeds it has no policy term (V3.2's mask M); its KL
 * stays, and so it counts in what the loss divides by. The entropy bonus is not added here, for it needs
 * whole distributions: loss = ... + entropy_weight * sum_t H_t, entropy_weight = -entropy times what a
 * token's (r1: the sequence's) KL is weighed by. */
void objective_sequence(const struct objective *o, const struct loss_scope *scope, int n, const double *logp,
                        const double *old, const double *ref, double advantage, struct sequence_terms *out);

/* balance_update: V3's aux-loss-free rule, b_i += gamma * sign(mean load - load_i); returns MaxVio =
 * max_i(load_i E / sum load) - 1 (0 when nothing was routed). */
double balance_update(int E, const double *load, double *bias, double gamma);

/* pass_at_k: unbiased estimate 1 - C(n-c,k)/C(n,k) from n samples of which c are right. */
double pass_at_k(int n, int c, int k);

#endif
