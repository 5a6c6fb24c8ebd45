/* What a kind of loss and the run's settings make of the explanations of the objective's figures. */
#include "views/explain_loss.h"

static const char r1_source[] = "R1 eq. 1 (ratio and KL of whole sequences)";

static void fit_weight(enum shown_loss loss, struct explanation *out)
{
    static const char *const formula[] = {
        [SHOWN_GRPO] = "1/S * 1/|o_i|, S: traces of the batch",
        [SHOWN_R1] = "1/S, S: traces of the batch",
        [SHOWN_DAPO] = "1 / sum |o| over the batch",
        [SHOWN_DR_GRPO] = "1 / (S * L_max)",
        [SHOWN_GSPO] = "1/S; of the gradient, a token: 1/S * 1/|o_i|",
        [SHOWN_BNPO] = "1/M * 1 / sum |o| over the micro-batch, M: micro-batches",
        [SHOWN_REINFORCE] = "1/S, S: traces of the batch",
        [SHOWN_RLOO] = "1/S, S: traces of the batch",
        [SHOWN_CISPO] = "1 / sum |o| over the batch",
        [SHOWN_DPO] = "1 / pairs of the batch",
        [SHOWN_PPO] = "1 / sum |o| over the batch",
    };
    static const char *const source[] = {
        [SHOWN_GRPO] = "Math eq. 3: a mean over tokens, then over traces, then over groups",
        [SHOWN_R1] = r1_source,
        [SHOWN_DAPO] = "DAPO: every token of the batch counts alike",
        [SHOWN_DR_GRPO] = "Dr. GRPO: a constant, so that length does not matter",
        [SHOWN_GSPO] = "GSPO: the sequence is the unit",
        [SHOWN_BNPO] = "BNPO: as DAPO, but in each micro-batch by itself (rl.micro_prompts)",
        [SHOWN_REINFORCE] = "Williams 1992: the log-probability of a trace is a sum over its tokens",
        [SHOWN_RLOO] =
            "Ahmadian et al. 2024: a completion is one action, its log-probability a sum over its tokens",
        [SHOWN_CISPO] = "MiniMax-M1 (CISPO): every token of the batch counts alike, as in DAPO",
        [SHOWN_DPO] = "Rafailov et al. 2023, eq. 7: a mean over pairs",
        [SHOWN_PPO] = "Schulman et al. 2017: every token of the batch counts alike, as in DAPO",
    };

    out->formula = formula[loss];
    out->source = source[loss];
}

/* Losses that weigh log-probabilities have no min, and none or another use of the clip. */
static void fit_log(enum objective_term t, enum shown_loss loss, struct explanation *out)
{
    int is_cispo = loss == SHOWN_CISPO;
    const char *source = is_cispo             ? "MiniMax-M1 (arXiv 2506.13585): CISPO"
                         : loss == SHOWN_RLOO ? "Ahmadian et al. 2024 (arXiv 2402.14740): RLOO"
                                              : "Williams 1992: REINFORCE";

    switch (t) {
    case TERM_CLIP:
        out->reading = is_cispo
                           ? "A weight only, a constant of the gradient: also a token whose ratio has left "
                             "the range goes on learning, with the bounded weight."
                           : "Not used by this loss: nothing keeps the policy near the one that sampled.";
        break;
    case TERM_RATIO:
        if (!is_cispo)
            out->reading =
                "Measured, not used: the loss does not correct for weights that have moved since the "
                "trace was sampled. With one update a rollout there is nothing to correct.";
        break;
    case TERM_MIN:
        out->name = "term";
        out->what = "what the token's log-probability is weighed with, times it";
        out->formula = is_cispo ? "sg(clip(ratio)) A log pi" : "A log pi";
        out->reading = "There is no minimum to take: its gradient is the weight, whatever its value.";
        break;
    case TERM_TOKEN: out->formula = "- weight * (term - beta KL)"; break;
    case TERM_GRADIENT:
        out->formula = is_cispo ? "- weight * clip(ratio) A + KL's part" : "- weight * A + KL's part";
        break;
    case TERM_NO_CLIP:
        if (!is_cispo)
            out->formula = "- weight * A + KL's part";
        break;
    case TERM_TRACE:
        out->reading = "Its size says nothing: it falls when improbable tokens are sampled.";
        break;
    case TERM_BATCH:
        out->formula = "- sum_i sum_t weight * A_i log pi";
        out->reading =
            "Needs every token's log-probability, so that it is not computed here; policy_loss is on "
            "record.";
        break;
    default: return;
    }
    out->source = source;
}

/* The advantages that are not the group's. */
static void fit_advantage(enum objective_term t, enum shown_loss loss, struct explanation *out)
{
    if (t == TERM_STD && (loss == SHOWN_REINFORCE || loss == SHOWN_RLOO)) {
        out->reading = "Measured, not used: this loss divides its advantages by nothing.";
    } else if (t == TERM_ADVANTAGE && loss == SHOWN_RLOO) {
        out->formula = "G/(G-1) (r_i - mean), which is r_i less the mean of the others";
        out->source = "Ahmadian et al. 2024 (arXiv 2402.14740): RLOO";
    } else if (t == TERM_ADVANTAGE && loss == SHOWN_REINFORCE) {
        out->what = "how much better this completion is than the baseline";
        out->formula = "r_i - baseline (rl.baseline)";
        out->source = "Williams 1992: REINFORCE";
        out->reading =
            "One number for all tokens of the trace. Groups are not compared within themselves: an easy "
            "prompt's completions are all good.";
    }
}

/* A critic in the place of the group. */
static void fit_critic(enum objective_term t, struct explanation *out)
{
    switch (t) {
    case TERM_ADVANTAGE:
        out->name = "A_t";
        out->what = "how much better it went on after this token than the critic expected";
        out->formula =
            "(R_t - V_t - mean) / (std + 1e-8) over the batch's tokens; rl.advantage_norm off: R_t - V_t";
        out->source = "Schulman et al. 2016 (GAE); R1 v2 App. A.3";
        out->reading =
            "Each token has its own: that is what the critic is for. GRPO has one number for the whole "
            "trace, and needs no critic.";
        break;
    case TERM_MEAN:
    case TERM_STD:
        out->reading = "Measured, not used: ppo compares with its critic, not with the group.";
        break;
    case TERM_TRACE:
        out->reading = "Of the policy's loss; the critic's is added to it (critic, value_weight).";
        break;
    case TERM_BATCH:
        out->formula = "- sum_i sum_t A_t / sum |o|, at ratio 1";
        out->reading =
            "With normalised advantages it is 0 by construction. Compare with policy_loss on record.";
        break;
    case TERM_TOKEN:
        out->reading = "The policy's part: the critic's loss of the token stands in a line of its own.";
        break;
    default: break;
    }
}

/* Pairs in the place of terms of single tokens. */
static void fit_pair(enum objective_term t, struct explanation *out)
{
    static const char source[] = "Rafailov et al. 2023, eq. 7: DPO";

    switch (t) {
    case TERM_REWARD:
        out->reading = "They only say which traces make pairs, and which of two is the better.";
        break;
    case TERM_GRADIENT:
        out->formula =
            "- weight * dpo_beta * sigma(-m) where chosen, + where rejected; summed over its pairs";
        out->source = source;
        out->reading =
            "The same for every token of the trace: what is pushed is the trace's log-probability.";
        break;
    case TERM_BATCH:
        out->what = "the mean of the pairs' losses over the step, as it is on record";
        out->formula = "1/pairs sum -log sigma(m)";
        out->source = source;
        out->reading = "dpo/margin and dpo/accuracy are means over the same pairs.";
        break;
    case TERM_WEIGHT: out->what = "what a pair counts in the loss"; break;
    case TERM_LOGP:
    case TERM_REF:
    case TERM_OLD: break;
    default:
        if (t < TERM_CHOSEN)
            out->reading = "No part of dpo's loss, which is of pairs: see margin.";
    }
}

/* One ratio for a whole sequence. */
static void fit_sequence(enum objective_term t, enum shown_loss loss, struct explanation *out)
{
    int is_r1 = loss == SHOWN_R1;

    switch (t) {
    case TERM_RATIO:
        out->formula = is_r1 ? "exp(sum_t (log pi - log pi_old))"
                             : "exp(mean_t (log pi - log pi_old)) = (pi / pi_old)^(1/|o|)";
        out->source = is_r1 ? r1_source : "GSPO: the geometric mean over the sequence";
        out->what = is_r1 ? "how much likelier the whole trace has become since it was sampled"
                          : "how much likelier the trace has become, a token";
        break;
    case TERM_TOKEN:
        out->what = is_r1 ? "the trace's term: eq. 1 has no terms of single tokens"
                          : "its part of the trace's term, which is one for all tokens";
        if (!is_r1)
            out->formula = "- weight * (min(.,.) - beta KL_t) / |o_i|";
        break;
    case TERM_GRADIENT:
        if (!is_r1)
            out->formula = "- weight * (ratio A, or 0 where clipped) / |o_i| + KL's part";
        break;
    case TERM_NO_CLIP:
        if (!is_r1)
            out->formula = "- weight * ratio A / |o_i| + KL's part";
        break;
    default: break;
    }
}

void explain_fit_loss(enum objective_term t, enum shown_loss loss, struct explanation *out)
{
    if (t == TERM_WEIGHT)
        fit_weight(loss, out);
    if (shown_is_log(loss))
        fit_log(t, loss, out);
    fit_advantage(t, loss, out);
    if (loss == SHOWN_R1 || loss == SHOWN_GSPO)
        fit_sequence(t, loss, out);
    if (loss == SHOWN_PPO)
        fit_critic(t, out);
    if (loss == SHOWN_DPO)
        fit_pair(t, out);
}

static void fit_kl(enum objective_term t, const struct objective_state *x, struct explanation *out)
{
    static const struct {
        const char *name, *formula, *source, *reading, *pull;
    } row[SHOWN_KL_N] = {
        [SHOWN_K3] =
            {"KL (k3)", "exp(d) - d - 1, d = log pi_ref - log pi", "R1 eq. 2; Math eq. 4",
             "Never negative, 0 where both agree, unbiased over samples. Measured also where beta is 0.",
             "- weight * beta * (exp(d) - 1)"},
        [SHOWN_K1] =
            {"KL (k1)", "d, d = log pi - log pi_ref", "Schulman 2020: estimators of the KL",
             "Unbiased, negative at times. Its derivative is 1 whatever the reference says: on average no "
             "push at all. Measured also where beta is 0.",
             "weight * beta"},
        [SHOWN_K2] =
            {"KL (k2)", "d^2 / 2, d = log pi - log pi_ref", "Schulman 2020: estimators of the KL",
             "Never negative, its value is biased, its derivative is right on average. Measured also where "
             "beta is 0.",
             "weight * beta * d, d = log pi - log pi_ref"},
        [SHOWN_UNBIASED] = {
            "KL (unbiased)", "ratio * (exp(d) - d - 1), d = log pi_ref - log pi",
            "DeepSeek-V3.2: k3 times the ratio",
            "k3 corrected for the weights having moved since sampling; its derivative is ratio times "
            "log pi/ref. Measured also where beta is 0.",
            "weight * beta * ratio * (log pi - log pi_ref)"}};
    int is_r1 = x->loss == SHOWN_R1;

    if (t == TERM_PULL) {
        out->formula = row[x->kl].pull;
        out->source = x->kl == SHOWN_K3 ? "derivative of R1 eq. 2" : row[x->kl].source;
        if (x->kl == SHOWN_K1)
            out->reading =
                "The same for every token, down; what it says of the reference cancels only on average.";
        else if (x->loss == SHOWN_GSPO)
            out->reading = "Divided by |o_i|, as all of GSPO is. A pull towards the reference, not clipped.";
    }
    if (t != TERM_K3)
        return;
    out->name = row[x->kl].name;
    out->formula = row[x->kl].formula;
    out->source = is_r1 ? r1_source : row[x->kl].source;
    out->what = is_r1 ? "an estimate of the KL from the whole trace: d is the sum over its tokens"
                      : "an estimate of the KL to the reference from this one token";
    out->reading = x->kl_clamp && (x->kl == SHOWN_K3 || x->kl == SHOWN_UNBIASED)
                       ? "Clamped as in verl: d to +-20, k3 to at most 10; beyond that it does not pull."
                       : row[x->kl].reading;
}

static void fit_cap(enum objective_term t, const struct objective_state *x, struct explanation *out)
{
    int is_log = shown_is_log(x->loss);

    if (t == TERM_RATIO && (x->loss == SHOWN_REINFORCE || x->loss == SHOWN_RLOO))
        out->reading =
            "A weight of the gradient, at most rl.ratio_cap: truncated importance sampling (Ionides 2008).";
    else if (t == TERM_MIN)
        out->formula = x->loss == SHOWN_CISPO ? "sg(min(clip(ratio), C)) A log pi, C = rl.ratio_cap"
                       : is_log               ? "sg(min(ratio, C)) A log pi, C = rl.ratio_cap"
                                : "min(ratio A, clip(ratio) A); past C = rl.ratio_cap, where not "
                                  "clipped: C A (1 + log(ratio / C))";
    else if (t == TERM_GRADIENT || t == TERM_NO_CLIP)
        out->reading = "Past rl.ratio_cap what weighs a token is the cap, not its ratio.";
}

static void fit_std(const struct objective_state *x, struct explanation *out)
{
    out->formula = x->std == SHOWN_SAMPLE ? "sqrt(sum (r - mean)^2 / (G - 1))" : "sqrt(sum (r - mean)^2 / G)";
    if (x->std == SHOWN_NONE)
        out->reading =
            "Measured, not used: rl.std is none. Dr. GRPO leaves it out, because it favours prompts that "
            "are nearly solved or nearly hopeless.";
}

void explain_fit_settings(enum objective_term t, const struct objective_state *x, struct explanation *out)
{
    int is_dpo = x->loss == SHOWN_DPO,
        is_group = !is_dpo && x->loss != SHOWN_PPO && x->loss != SHOWN_REINFORCE && x->loss != SHOWN_RLOO;

    if (t == TERM_STD && is_group)
        fit_std(x, out);
    if (t == TERM_ADVANTAGE && is_group)
        out->formula = x->std == SHOWN_NONE ? "r_i - mean; 0 where all rewards are equal"
                                            : "(r_i - mean) / (std + 1e-4); 0 where all rewards are equal";
    if (t == TERM_ADVANTAGE && x->loss == SHOWN_REINFORCE)
        out->formula = x->against == SHOWN_RUNNING ? "r_i - the running mean of earlier batches' rewards"
                       : x->against == SHOWN_BATCH ? "r_i - the mean reward of the batch"
                                                   : "r_i: rl.baseline is none";
    if (!is_dpo)
        fit_kl(t, x, out);
    if (x->ratio_cap > 0 && !is_dpo)
        fit_cap(t, x, out);
    if (x->entropy != 0 && t == TERM_TOKEN)
        out->formula = x->loss == SHOWN_GSPO ? "- weight * (min(.,.) - beta KL_t + eta H_t) / |o_i|"
                                             : "- weight * (min(.,.) - beta KL + eta H)";
}
