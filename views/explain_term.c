/* Every figure of the objective explained, as GRPO has it; what another loss or a setting makes of it is in
 * explain_loss.c. */
#include "views/explain_loss.h"

#include <math.h>
#include <string.h>

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
         {"KL", "an estimate of the KL to the reference from this one token",
          "exp(d) - d - 1, d = log pi_ref - log pi", "R1 eq. 2; Math eq. 4", "nats",
          "Never negative, 0 where both agree, unbiased over samples. Measured also where beta is 0."}},
    [TERM_PENALTY] =
        {"penalty",
         {"beta KL", "the price of leaving the reference", "beta * KL", "R1 eq. 1", "",
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
          "- weight * (ratio A, or 0 where clipped) + KL's part", "derivative of R1 eq. 1", "1/nat",
          "Negative: the update raises the token's log-probability. Positive: it lowers it. From here the "
          "gradient flows back through softmax and model."}},
    [TERM_NO_CLIP] = {"no-clip",
                      {"without clip", "what the gradient would be if nothing were clipped",
                       "- weight * ratio A + KL's part", "derivative of R1 eq. 1", "1/nat",
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
    [TERM_ENTROPY] = {"entropy-here",
                      {"H_t", "how undecided the policy is at this place", "- sum_v p_v log p_v",
                       "of the sampling distribution", "nats", "0: there is but one token to choose."}},
    [TERM_BONUS] =
        {"bonus",
         {"entropy bonus", "what being undecided is worth", "rl.entropy * H_t",
          "PPO (Schulman et al. 2017, eq. 9)", "",
          "Taken from the loss with the token's weight. Its exact gradient goes to the whole "
          "distribution; the figure of the gradient is that of the sampled token's log-probability "
          "alone."}},
    [TERM_VALUE] =
        {"value",
         {"V_t", "what the critic expects of the trace, before this token", "h . w_v + b_v",
          "Schulman et al. 2017 (PPO); R1 v2 App. A.3", "",
          "The value head of the model, by the weights that sampled the trace. It stands where GRPO "
          "has the group's mean."}},
    [TERM_RETURN] =
        {"return",
         {"R_t", "what came of it: what the critic learns to foretell", "(R_t - V_t) + V_t",
          "Schulman et al. 2016 (GAE)", "",
          "With lambda 1 and gamma 1 the rewards from this token on; with a smaller lambda partly "
          "what the critic expected further on."}},
    [TERM_GAE] =
        {"gae",
         {"R_t - V_t", "the advantage before it is normalised",
          "delta_t + gamma lambda A_(t+1), delta_t = r_t + gamma V_(t+1) - V_t",
          "Schulman et al. 2016, eq. 11-16 (GAE)", "",
          "The token's surprise: how much better it went on than the critic expected. The rule's reward "
          "stands at the last token, rl.kl_reward's part at every one."}},
    [TERM_VALUE_LOSS] = {"critic",
                         {"the critic's loss", "this token's share of the value loss",
                          "value_weight / N * 1/2 max((v - R)^2, (clip(v, V - c, V + c) - R)^2)",
                          "Schulman et al. 2017's code; verl, TRL", "",
                          "v: the value by the weights of the moment; at the first update it is V. c: "
                          "rl.value_clip. Where the clipped square is the larger one there is no gradient."}},
    [TERM_CHOSEN] = {"chosen",
                     {"log pi(chosen)", "the log-probability of the pair's better trace under the policy",
                      "sum_t log pi(token t)", "Rafailov et al. 2023, eq. 7", "nats",
                      "Of the whole completion: DPO knows no single tokens."}},
    [TERM_CHOSEN_REF] = {"chosen-ref",
                         {"log ref(chosen)", "the same under the reference", "sum_t log pi_ref(token t)",
                          "Rafailov et al. 2023, eq. 7", "nats",
                          "log pi - log ref, times beta, is the reward that DPO ascribes to the trace."}},
    [TERM_REJECTED] = {"rejected",
                       {"log pi(rejected)", "the log-probability of the pair's worse trace under the policy",
                        "sum_t log pi(token t)", "Rafailov et al. 2023, eq. 7", "nats",
                        "It may fall together with the chosen one's: only the difference counts."}},
    [TERM_REJECTED_REF] = {"rejected-ref",
                           {"log ref(rejected)", "the same under the reference", "sum_t log pi_ref(token t)",
                            "Rafailov et al. 2023, eq. 7", "nats", "What the margin is measured from."}},
    [TERM_MARGIN] = {"margin",
                     {"margin", "by how much the policy ranks the pair as the rewards do",
                      "dpo_beta ((log pi_c - log ref_c) - (log pi_r - log ref_r))",
                      "Rafailov et al. 2023, eq. 7", "",
                      "0 where the policy is the reference; above 0 the pair is ranked right."}},
    [TERM_SIGMA] = {"sigma",
                    {"sigma(-m)", "how wrong the ranking still is", "1 / (1 + exp(margin))",
                     "Rafailov et al. 2023, section 4", "",
                     "The weight of the pair's gradient: 1/2 at the start, near 0 where it is learned."}},
    [TERM_PAIR] = {"pair",
                   {"the pair's loss", "minus the log-probability that the chosen one is preferred",
                    "-log sigma(margin)", "Rafailov et al. 2023, eq. 7", "",
                    "log 2 = 0.693 where the policy is the reference."}},
};

void explain_term(enum objective_term t, const struct objective_state *x, struct explanation *out)
{
    *out = terms[t].text;
    explain_fit_loss(t, x->loss, out);
    explain_fit_settings(t, x, out);
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
