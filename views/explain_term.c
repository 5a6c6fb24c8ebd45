/* Every figure of the objective explained, as the kind of loss has it. */
#include "views/explain.h"

#include <math.h>
#include <string.h>

static const char r1_source[] = "R1 eq. 1 (ratio and KL of whole sequences)";

static const struct {
    const char *word;
    struct explanation text;
} terms[TERM_N] = {
    [TERM_REWARD] =
        {"rewards",
         {"r_1 .. r_G", "the rewards of the group's completions", "r = w_acc * accuracy + w_fmt * format",
          "R1 section 2.2: rules, no reward model", "",
          "All G completions answer the same prompt; they are compared with each other and with nothing "
          "else. That is what replaces PPO's value model."}},
    [TERM_MEAN] = {"mean",
                   {"mean(r)", "the group's mean reward: its baseline", "1/G sum_i r_i", "R1 eq. 3", "",
                    "A completion better than this is made more likely, one worse is made less likely."}},
    [TERM_STD] = {"std",
                  {"std(r)", "the group's spread of rewards",
                   "sqrt(sum (r - mean)^2 / (G - 1)); population: / G",
                   "R1 eq. 3; the papers leave the ddof open, TRL and verl take G - 1", "",
                   "Dividing by it gives every group the same weight, whatever its rewards are. Dr. GRPO "
                   "leaves it out, "
                   "because it favours prompts that are nearly solved or nearly hopeless."}},
    [TERM_ADVANTAGE] =
        {"advantage",
         {"A_i", "how much better this completion is than its group",
          "(r_i - mean) / (std + 1e-4); std none: r_i - mean; 0 where all rewards are equal", "R1 eq. 3", "",
          "One number for all tokens of the trace: GRPO does not know which token earned it. Its sign "
          "says whether they become more or less likely."}},
    [TERM_LOGP] =
        {"logp",
         {"log pi", "the log-probability of this token under the policy", "log softmax(logits / T)[token]",
          "training log-probabilities are those of the sampling distribution", "nats",
          "0 is certain, -0.7 is one in two, -2.3 is one in ten. At the update: the weights that sampled the "
          "trace. After it: those that the step left behind."}},
    [TERM_OLD] =
        {"old",
         {"log pi_old", "the log-probability under the policy that sampled the trace",
          "the training forward before the first update", "Math eq. 3", "nats",
          "Fixed for all updates on this rollout. It is of the training forward, not of the decoder, so that "
          "the ratio begins at exactly 1."}},
    [TERM_RATIO] =
        {"ratio",
         {"ratio", "how much likelier the token has become since it was sampled",
          "pi / pi_old = exp(log pi - log pi_old)", "Math eq. 3 (per token)", "",
          "1: nothing has changed. With one update a rollout it is exactly 1 at the update; its gradient is "
          "what counts then."}},
    [TERM_CLIP] = {"clip",
                   {"clip(ratio)", "the ratio, kept within the trust region",
                    "min(max(ratio, 1 - eps_low), 1 + eps_high)",
                    "R1 eq. 1, from PPO; DAPO: eps_high > eps_low", "",
                    "A token may not be made much likelier or less likely by one rollout. eps_high above "
                    "eps_low leaves "
                    "room for rare tokens to rise."}},
    [TERM_MIN] = {"min",
                  {"min(.,.)", "the more pessimistic of the two", "min(ratio A, clip(ratio) A)", "R1 eq. 1",
                   "",
                   "The clipped branch is a constant: choosing it stops the gradient. It is chosen only "
                   "where the ratio "
                   "has gone too far in the direction that A asks for, never in the other."}},
    [TERM_REF] =
        {"ref",
         {"log pi_ref", "the log-probability under the reference policy",
          "log softmax(logits_ref / T)[token]", "R1 eq. 2", "nats",
          "The reference is the policy at the beginning of RL (or where it was last replaced), weights and "
          "expert biases. Not on record: found again by replaying."}},
    [TERM_K3] =
        {"k3",
         {"KL (k3)", "an estimate of the KL to the reference from this one token",
          "exp(d) - d - 1, d = log pi_ref - log pi", "R1 eq. 2; Math eq. 4", "nats",
          "Never negative, 0 where both agree, unbiased over samples. Measured also where beta is 0."}},
    [TERM_PENALTY] =
        {"penalty",
         {"beta KL", "the price of leaving the reference", "beta * k3", "R1 eq. 1", "",
          "beta weighs it; 0 (DAPO, TRL's default) leaves it out. Too large, and nothing is learned; 0, and "
          "the policy may drift far."}},
    [TERM_WEIGHT] =
        {"weight",
         {"weight", "what this token counts in the loss", "", "", "",
          "The kinds of loss differ here most of all: it decides whether long traces count more."}},
    [TERM_TOKEN] = {"token",
                    {"this token", "its share of the loss", "- weight * (min(.,.) - beta KL)",
                     "R1 eq. 1, with the sign turned", "",
                     "The loss is minus the objective, because optimisers minimise. Its size tells little: "
                     "what moves the "
                     "weights is the gradient."}},
    [TERM_GRADIENT] =
        {"gradient",
         {"d loss / d log pi", "what pushes this token's log-probability",
          "- weight * (ratio A, or 0 where clipped) - weight * beta * (exp(d) - 1)", "derivative of R1 eq. 1",
          "1/nat",
          "Negative: the update raises the token's log-probability. Positive: it lowers it. From here the "
          "gradient flows back through softmax and model."}},
    [TERM_NO_CLIP] = {"no-clip",
                      {"without clip", "what the gradient would be if nothing were clipped",
                       "- weight * ratio A - weight * beta * (exp(d) - 1)", "derivative of R1 eq. 1", "1/nat",
                       "Where it equals the gradient, clip does nothing to this token."}},
    [TERM_PULL] =
        {"pull",
         {"KL's part", "the part of the gradient that comes from the KL term",
          "- weight * beta * (exp(d) - 1)", "derivative of R1 eq. 2", "1/nat",
          "A pull towards the reference: up where the reference gives the token more (d > 0), down where it "
          "gives it less. It is not clipped."}},
    [TERM_TRACE] = {"trace",
                    {"the trace", "the sum over its tokens: what it adds to the loss",
                     "sum_t of the tokens' shares", "R1 eq. 1", "",
                     "With ratio 1 and no KL it is - weight * |o_i| * A_i: longer traces count more only "
                     "where the weight "
                     "does not divide by |o_i|."}},
    [TERM_BATCH] =
        {"batch",
         {"all traces", "the policy part of the loss over the whole step",
          "- sum_i sum_t weight * A_i, at ratio 1", "R1 eq. 1", "",
          "Computed here from rewards and lengths alone, to be compared with policy_loss on record: the two "
          "agree where one update was taken."}},
};

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
        out->formula = is_cispo ? "- weight * clip(ratio) A - weight * beta * (exp(d) - 1)"
                                : "- weight * A - weight * beta * (exp(d) - 1)";
        break;
    case TERM_NO_CLIP:
        if (!is_cispo)
            out->formula = "- weight * A - weight * beta * (exp(d) - 1)";
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
        out->formula = "r_i - baseline: the batch's mean reward, or 0 (rl.baseline)";
        out->source = "Williams 1992: REINFORCE";
        out->reading =
            "One number for all tokens of the trace. Groups are not compared within themselves: an easy "
            "prompt's completions are all good.";
    }
}

void explain_term(enum objective_term t, enum shown_loss loss, struct explanation *out)
{
    *out = terms[t].text;
    if (t == TERM_WEIGHT)
        fit_weight(loss, out);
    if (loss == SHOWN_REINFORCE || loss == SHOWN_RLOO || loss == SHOWN_CISPO)
        fit_log(t, loss, out);
    fit_advantage(t, loss, out);
    if (t == TERM_RATIO && loss == SHOWN_R1) {
        out->formula = "exp(sum_t (log pi - log pi_old))";
        out->source = r1_source;
        out->what = "how much likelier the whole trace has become since it was sampled";
    }
    if (t == TERM_RATIO && loss == SHOWN_GSPO) {
        out->formula = "exp(mean_t (log pi - log pi_old)) = (pi / pi_old)^(1/|o|)";
        out->source = "GSPO: the geometric mean over the sequence";
        out->what = "how much likelier the trace has become, a token";
    }
    if (t == TERM_K3 && loss == SHOWN_R1) {
        out->formula = "exp(d) - d - 1, d = sum_t (log pi_ref - log pi)";
        out->source = r1_source;
        out->what = "an estimate of the KL from the whole trace";
    }
    if (t == TERM_TOKEN && loss == SHOWN_R1)
        out->what = "the trace's term: eq. 1 has no terms of single tokens";
    if (t == TERM_TOKEN && loss == SHOWN_GSPO) {
        out->formula = "- weight * (min(.,.) - beta KL_t) / |o_i|";
        out->what = "its part of the trace's term, which is one for all tokens";
    }
}

int explain_find_term(const char *word)
{
    int i;

    for (i = 0; i < TERM_N; i++)
        if (!strcmp(terms[i].word, word))
            return i;
    return -1;
}

const char *explain_term_word(enum objective_term t)
{
    return terms[t].word;
}

const char *explain_gradient(double gradient, double advantage, int clip, double pull)
{
    int has_pull = fabs(pull) > 0.01 * fabs(gradient); /* NaN: no */

    if (!isfinite(gradient))
        return "not known";
    if (clip && !has_pull)
        return "clipped: passes no gradient";
    if (clip)
        return pull < 0 ? "clipped; pulled up towards the reference"
                        : "clipped; pulled down towards the reference";
    if (advantage == 0 && has_pull)
        return pull < 0 ? "no advantage; pulled up towards the reference"
                        : "no advantage; pulled down towards the reference";
    if (gradient == 0)
        return "no advantage: passes no gradient";
    if (has_pull && (pull < 0) != (gradient < 0))
        return gradient < 0 ? "raises this token's probability, against the reference's pull"
                            : "lowers this token's probability, against the reference's pull";
    return gradient < 0 ? "raises the probability of this token" : "lowers the probability of this token";
}
