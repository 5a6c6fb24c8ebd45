/* Every metric explained: the formula as the trainer computes it, its source, and how a curve of it is read.
 * Names, units and one-line meanings are those of the table of metrics; here stands what it has no room for.
 */
#include "views/explain.h"

/* Of what kind a metric is, where one text serves several. */
#define COUNTED "counted by the task's analysis of the text; no part of the reward"
#define FAILED                                                                                               \
    "share of the traces with accuracy < 1 whose first failed check is this one; the six shares and "        \
    "accuracy sum to 1"
#define HELD_OUT                                                                                             \
    "problems that are kept out of training by a hash of the problem; sampled at temperature 1, top-p 1"
#define AS_R1 "the same held-out problems, sampled as R1 evaluates: temperature 0.6, top-p 0.95"

static const struct text {
    const char *formula, *source, *reading;
} texts[METRIC_N] = {
    [M_REWARD] =
        {"1/N sum_i r_i, r = w_acc * accuracy + w_fmt * format", "R1 section 2.2: rule-based rewards",
         "What training pushes up. It can rise without more right answers when the format part alone is "
         "learned: compare rewards/accuracy/mean."},
    [M_REWARD_STD] =
        {"mean over groups of std(r_1..r_G)", "R1 eq. 3; the divisor of the advantage",
         "How much completions of one prompt differ. Near 0 there is nothing to compare, and nothing is "
         "learned."},
    [M_ACCURACY] =
        {"1/N sum_i accuracy_i", "R1 section 2.2",
         "Right answers among this step's own samples, on training problems; pass@1 is the held-out one."},
    [M_FORMAT] = {"1/N sum_i format_i", "R1 section 2.2",
                  "Traces with <think> .. </think> <answer> .. </answer> in that order. It saturates first."},
    [M_LANGUAGE] = {"1/N sum_i (words of the target language / words)", "R1 v1 section 2.3.2",
                    "1 for a task of one language. R1 traded a little accuracy for traces that one can read; "
                    "rl.language weighs it."},
    [M_PROCESS] =
        {"1/N sum_i (right equations - wrong equations); rl.process_rule = mean: / equations",
         "Math section 4.1.3 (process supervision); R1 v1 section 4.2: why it was given up",
         "What is rewarded is the step, not where it leads. Rising while rewards/accuracy/mean falls is "
         "reward hacking: look at traces for right equations that are of no use."},
    [M_PREFERENCE] = {"mean of sigmoid((s_helpful + s_harmless) / 2) over traces on open problems",
                      "R1 v1 section 2.3.4",
                      "A model of what is preferred, not the thing itself: pushed for long, it is "
                      "satisfied in ways that nobody prefers (reward hacking)."},
    [M_REWARD_ACCURACY] = {"share of pairs with s_preferred > s_other", "Bradley and Terry 1952",
                           "0.5 is guessing."},
    [M_REWARD_MARGIN] = {"mean of s_preferred - s_other", "Bradley and Terry 1952",
                         "The loss is -log sigmoid of it."},
    [M_READABLE] =
        {"1/N sum_i format_i * language_i * distinct_i * right equations_i", "R1 v1 section 2.3.1",
         "How well a trace can be followed, 0 where it is cut off. R1-Zero's traces were right and hard to "
         "read; the cold start and the language reward mend that."},
    [M_FLAT] = {"groups with max r = min r, over P", "TRL's name; DAPO section 3.2 resamples such groups",
                "A flat group has advantage 0 for all its traces: its tokens pass no gradient, whatever they "
                "cost to "
                "sample. Rising to 1 means that the problems are all solved or all too hard."},
    [M_LENGTH] =
        {"1/N sum_i |o_i|", "R1 figure 3",
         "R1-Zero's grew with training. `grpo` divides each trace's loss by its own length, which makes long "
         "wrong answers cheap; `dapo` and `dr_grpo` do not."},
    [M_LENGTH_MIN] = {"min_i |o_i|", "TRL", "A collapse to empty answers shows here first."},
    [M_LENGTH_MAX] = {"max_i |o_i|", "TRL", "At the limit rl.max_tokens traces are cut off."},
    [M_CUT_OFF] =
        {"traces that reached rl.max_tokens, over N", "TRL; DAPO section 3.4",
         "A trace that is cut off has no answer. Should it rise, the limit is too low or the model rambles."},
    [M_KL] = {"mean over tokens of exp(d) - d - 1, d = log pi_ref - log pi",
              "R1 eq. 2; Math eq. 4 (the estimator k3)",
              "How far the policy has moved from the reference, measured also where beta is 0. Exactly 0 at "
              "the first "
              "step of a run. Steady growth is learning; a jump is instability."},
    [M_ENTROPY] =
        {"mean over tokens of -sum_v p_v log p_v",
         "of the sampling distribution, at the temperature of sampling",
         "How undecided the sampler is. Falling slowly is learning, falling to 0 is collapse: all samples of "
         "a group become equal, and groups become flat."},
    [M_CLIP_LOW] =
        {"share of ratios with A < 0 and ratio < 1 - eps_low", "R1 eq. 1; Math eq. 3",
         "These pass no gradient any more: their probability has fallen enough. Exactly 0 with one update "
         "a rollout, because the ratio is then 1."},
    [M_CLIP_HIGH] =
        {"share of ratios with A > 0 and ratio > 1 + eps_high", "R1 eq. 1; DAPO section 3.1 (clip-higher)",
         "These pass no gradient any more: their probability has risen enough. Exactly 0 with one update "
         "a rollout."},
    [M_CLIP_REGION] = {"clip_ratio/low_mean + clip_ratio/high_mean", "TRL, verl's pg_clipfrac",
                       "Much more than a few per cent says that the updates of one rollout go too far."},
    [M_CAPPED] =
        {"share of ratios above rl.ratio_cap, and not clipped", "truncated importance sampling, Ionides 2008",
         "Their weight stays at the cap: they still learn, but no token counts more. 0 with one update "
         "a rollout."},
    [M_OFF_POLICY] =
        {"share of traces with A < 0 and mean log(pi_old / pi) > delta", "DeepSeek-V3.2, the mask M",
         "They have become rare since they were sampled; pushing them down further would only disturb. "
         "0 with one update a rollout."},
    [M_DPO_MARGIN] =
        {"mean of beta ((log pi_c - log ref_c) - (log pi_r - log ref_r))", "Rafailov et al. 2023, eq. 7",
         "0 where the policy is the reference. It grows while pairs are learned; growing without an end "
         "and with a falling log-probability of both traces it says that beta is small."},
    [M_DPO_ACCURACY] =
        {"share of pairs with a margin above 0", "Rafailov et al. 2023; TRL's rewards/accuracies",
         "About a half says that the policy ranks by chance, as at the start it must. On the policy's own "
         "samples each step has new pairs; a dpo stage reads its corpus again and again."},
    [M_DPO_CHOSEN] = {"mean of beta (log pi_c - log ref_c)", "Rafailov et al. 2023; TRL's rewards/chosen",
                      "What the policy prefers more than the reference did. DPO asks for a distance of the two "
                      "texts alone: both may fall, and what gains is neither of them."},
    [M_DPO_REJECTED] = {"mean of beta (log pi_r - log ref_r)", "Rafailov et al. 2023; TRL's rewards/rejected",
                        "It falls first and farthest: to make a text unlikely is easy."},
    [M_LOSS] = {"GRPO: policy_loss + beta * KL term; base, cold start: mean cross entropy; pairs: -log sigma(margin)",
                "R1 eq. 1, with the sign turned",
                "In GRPO near 0 by construction: the advantages of a group sum to 0. It tells nothing about "
                "learning; "
                "look at reward. In a base or cold start it is the thing that falls."},
    [M_DIVERGENCE] =
        {"mean of sum_v p(v) log(p(v) / q(v)), p the teacher's, q the student's, at temperature tau",
         "Hinton, Vinyals and Dean 2015, section 2",
         "What a token leaves untold: the teacher's other choices. The loss counts it by cold.distill * "
         "tau^2, and the cross entropy of the tokens by the rest. R1 taught its students by tokens alone."},
    [M_POLICY_LOSS] =
        {"- weighted sum of min(ratio A, clip(ratio) A)", "R1 eq. 1",
         "With ratio 1 it is minus the weighted mean advantage; not 0 only where lengths weigh traces "
         "differently."},
    [M_VALUE_LOSS] =
        {"1/(2N) sum_t max((v - R)^2, (clip(v, v_old - eps, v_old + eps) - R)^2)",
         "Schulman et al. 2017; verl, TRL",
         "How far the critic's value of a token is from what came of it. It cannot reach 0: the same "
         "beginning ends well at times and badly at others."},
    [M_VALUE] = {"mean over tokens of V(s_t)", "the value head, weights of the rollout",
                 "What the critic expects of a trace on average. A good one stays near the mean reward."},
    [M_EXPLAINED_VARIANCE] =
        {"1 - Var(R - V) / Var(R), over tokens", "Schulman's implementation; TRL",
         "1: the critic foretells every return; 0: it knows their mean alone, and PPO is REINFORCE with a "
         "constant baseline; below 0: it misleads."},
    [M_MTP_LOSS] = {"cross entropy of the token after next, 1/T over its T-1 terms", "V3 eq. 24-25",
                    "Of the module that predicts two tokens ahead. It stays above the main loss."},
    [M_BALANCE_LOSS] = {"alpha * sum_i f_i P_i, f_i = E/(K T) * count_i", "V3 eq. 17-20",
                        "alpha at its least when all experts are used alike within a sequence."},
    [M_GRAD_NORM] = {"sqrt(sum over all parameters of g^2), before it is clipped to rl.clip", "AdamW's input",
                     "0 when every group is flat. A spike is often the step that breaks a run."},
    [M_LR] = {"warm-up, then down to lr_final * lr at the horizon",
              "settings rl.lr, rl.warmup, rl.horizon, rl.decay", "A schedule, not a measurement."},
    [M_LOGP_DIFFERENCE] =
        {"mean |logp(decode) - logp(training forward)|", "verl's sampler mismatch",
         "Sampler and trainer compute the same model by other code. Around 1e-6 is rounding; 0.01 "
         "and more makes training off-policy without anyone saying so."},
    [M_LOGP_DIFFERENCE_MAX] = {"max |logp(decode) - logp(training forward)|", "verl's sampler mismatch",
                               "The worst token of the step."},
    [M_WAITS] = {"words such as `wait`, a trace", COUNTED,
                 "R1's figure of the rise of reflection words. They need not help: "
                 "test an aha candidate to know."},
    [M_ATTEMPTS] = {"attempts at the target, a trace", COUNTED,
                    "More attempts with the same success is search that does not learn."},
    [M_ATTEMPTS_DISTINCT] = {"distinct attempts / attempts", COUNTED, "Below 1 the trace repeats itself."},
    [M_EQUATIONS] = {"equations, a trace", COUNTED, ""},
    [M_EQUATIONS_RIGHT] = {"equations that hold / equations", COUNTED,
                           "Arithmetic, apart from finding the way."},
    [M_REFLECTIONS] = {"words of R1's list, a trace",
                       "R1 v2: wait, mistake, however, but, retry, error, verify, wrong, evaluate, check",
                       ""},
    [M_VERIFICATIONS] = {"comparisons with the target, a trace", "arXiv 2503.01307: verification", ""},
    [M_VERIFICATIONS_RIGHT] = {"judgements that are true / judgements", "arXiv 2503.01307",
                               "A model that says yes too early scores low here."},
    [M_BACKTRACKS] = {"returns to an earlier set of numbers, a trace", "arXiv 2503.01307: backtracking", ""},
    [M_FALSE_YES] = {"traces with a yes to a result that is not the target, over N", COUNTED,
                     "Reward hacking begins here."},
    [M_AHA] = {"traces with a candidate, over N", "arXiv 2601.00514, made decidable",
               "A reflection word after a failed attempt, followed by another attempt that reaches the "
               "target. Only "
               "resampling tells whether the word mattered."},
    [M_FAIL_CUT] = {"cut off at the length limit", FAILED, ""},
    [M_FAIL_FORMAT] = {"structure missing or out of order", FAILED, ""},
    [M_FAIL_NUMBERS] = {"the answer uses other numbers than were given", FAILED, ""},
    [M_FAIL_FALSE_YES] = {"claims a target that it does not meet", FAILED, ""},
    [M_FAIL_GAVE_UP] = {"judges its attempts rightly and ends without a right one", FAILED, ""},
    [M_FAIL_OTHER] = {"everything else", FAILED, ""},
    [M_PASS_1] = {"mean over problems of c/n, c of n samples right", HELD_OUT,
                  "The honest measure of what was learned."},
    [M_PASS_K] =
        {"1 - C(n-c,k) / C(n,k), mean over problems", HELD_OUT,
         "What the model can do when asked k times. RL often raises pass@1 towards it and hardly raises it."},
    [M_MAJ_K] = {"problems whose most frequent answer is right; ties are shared", HELD_OUT,
                 "R1's cons@64, with k samples."},
    [M_EVAL_LENGTH] = {"mean length of held-out completions", HELD_OUT, ""},
    [M_EVAL_WAITS] = {"reflection marks of held-out completions, a trace", HELD_OUT, ""},
    [M_EVAL_FORMAT] = {"mean of format over the samples of held-out problems", "R1 section 2.2",
                       "Whether the form holds where nothing was trained on."},
    [M_EVAL_LANGUAGE] = {"mean of language over the samples of held-out problems", "R1 v1 section 2.3.2",
                         "1 for tasks of one language."},
    [M_EVAL_READABLE] = {"mean of readability over the samples of held-out problems", "R1 v1 section 2.3.1",
                         "What each stage of a recipe does to how a trace reads."},
    [M_R1_PASS_1] = {"mean over problems of c/n", AS_R1,
                     "Higher than at temperature 1: the sampler is sharper."},
    [M_R1_MAJ_K] = {"majority vote", AS_R1, ""},
    [M_MAX_VIO] =
        {"max_i(load_i E / sum load) - 1, mean over MoE layers", "V3; Wang et al. 2024 (loss-free balancing)",
         "0: all experts get the same. 1: one gets twice its share. Of one batch, so it is never quite 0."},
    [M_MAX_VIO_AVERAGE] = {"the same of the load's moving average (run.load_decay)", "V3",
                           "Without a batch's chance. It stays up where the biases cannot follow."},
    [M_ROUTE_DIFFERENCE] =
        {"assignments of the rollout's top K that the training forward's own top K lacks, over all",
         "V3 eq. 16; routing replay, cf. GSPO section 5.3",
         "Where sampler and trainer choose other experts, their log-probabilities differ, too. With "
         "rl.router_replay the rollout's choice is trained on."},
    [M_TOKENS] = {"sum_i |o_i|", "TRL", ""},
    [M_TOKENS_PER_SECOND] = {"num_tokens / step_time", "verl's throughput",
                             "Of the whole step, the update included."},
    [M_STEP_TIME] = {"", "", "Measured; it differs between equal runs."},
    [M_SECONDS] = {"sum of step_time", "", "Kept across pauses, kills and resumes."},
    [M_RL_SECONDS] = {"sum of step_time of RL steps", "", "Without base, cold start and evaluation."},
    [M_TIME_ROLLOUT] = {"", "", "Sampling; most of a step in large trainers."},
    [M_TIME_UPDATE] = {"", "", "Forward, backward, optimiser."},
    [M_TIME_EVALUATE] = {"", "", "Held-out problems; outside step_time."},
};

/* The KL is measured by the estimator that the loss has; dpo's, which has none in its loss, by k3. */
static void fit_kl(const struct objective_state *x, struct explanation *out)
{
    static const char *const of_token[SHOWN_KL_N] = {
        [SHOWN_K3] = "mean over tokens of exp(d) - d - 1, d = log pi_ref - log pi",
        [SHOWN_K1] = "mean over tokens of d, d = log pi - log pi_ref (rl.kl = k1)",
        [SHOWN_K2] = "mean over tokens of d^2 / 2, d = log pi - log pi_ref (rl.kl = k2)",
        [SHOWN_UNBIASED] =
            "mean over tokens of ratio * (exp(d) - d - 1), d = log pi_ref - log pi (rl.kl = unbiased)",
    };
    static const char *const of_trace[SHOWN_KL_N] = {
        [SHOWN_K3] = "mean over traces of exp(d) - d - 1, d = sum_t (log pi_ref - log pi)",
        [SHOWN_K1] = "mean over traces of d, d = sum_t (log pi - log pi_ref) (rl.kl = k1)",
        [SHOWN_K2] = "mean over traces of d^2 / 2, d = sum_t (log pi - log pi_ref) (rl.kl = k2)",
        [SHOWN_UNBIASED] = "mean over traces of ratio * (exp(d) - d - 1), d = sum_t (log pi_ref - log pi) "
                           "(rl.kl = unbiased)",
    };
    static const char *const source[SHOWN_KL_N] = {
        [SHOWN_K3] = "R1 eq. 2; Math eq. 4 (the estimator k3)",
        [SHOWN_K1] = "Schulman 2020: estimators of the KL",
        [SHOWN_K2] = "Schulman 2020: estimators of the KL",
        [SHOWN_UNBIASED] = "DeepSeek-V3.2: k3 times the ratio",
    };
    enum shown_kl kl = x->loss == SHOWN_DPO ? SHOWN_K3 : x->kl;

    out->formula = x->loss == SHOWN_R1 ? of_trace[kl] : of_token[kl];
    out->source = source[kl];
    if (x->loss == SHOWN_DPO)
        out->reading =
            "Measured over the traces of pairs; no part of the loss, which holds to the reference by its "
            "margin.";
}

static void fit_loss(const struct objective_state *x, struct explanation *out)
{
    switch (x->loss) {
    case SHOWN_DPO:
        out->formula = "dpo: mean over pairs of -log sigma(margin); base, cold start: mean cross entropy";
        out->source = "Rafailov et al. 2023, eq. 7";
        out->reading = "log 2 = 0.693 where the policy is the reference; it falls as pairs are learned.";
        break;
    case SHOWN_PPO:
        out->formula =
            x->entropy != 0
                ? "ppo: policy_loss + beta * KL term + value_weight * value_loss - entropy * mean H"
                : "ppo: policy_loss + beta * KL term + value_weight * value_loss";
        out->source = "Schulman et al. 2017, eq. 9";
        out->reading =
            "Mostly the critic's part: it tells how well values foretell returns. For learning look at "
            "reward.";
        break;
    default:
        if (x->entropy != 0)
            out->formula =
                "policy_loss + beta * KL term - entropy * H, weighted alike; base, cold start: mean cross "
                "entropy";
        if (shown_is_log(x->loss))
            out->reading =
                "Its size says nothing: it falls when improbable tokens are sampled. Look at reward.";
    }
}

static void fit_policy_loss(const struct objective_state *x, struct explanation *out)
{
    if (x->loss == SHOWN_DPO) {
        out->formula = "mean over pairs of -log sigma(margin)";
        out->source = "Rafailov et al. 2023, eq. 7";
        out->reading = "The whole loss: dpo has no other part.";
    } else if (shown_is_log(x->loss)) {
        out->formula = x->loss == SHOWN_CISPO ? "- weighted sum of sg(clip(ratio)) A log pi"
                                              : "- weighted sum of A log pi";
        out->source =
            x->loss == SHOWN_CISPO ? "MiniMax-M1 (arXiv 2506.13585)" : "Williams 1992; Ahmadian et al. 2024";
        out->reading = "Its size says nothing: it falls when improbable tokens are sampled.";
    } else if (x->loss == SHOWN_PPO) {
        out->reading =
            "With ratio 1 it is minus the mean advantage over tokens: 0 where advantages are normalised.";
    }
    if (x->ratio_cap > 0 && x->loss != SHOWN_DPO && out->reading[0])
        out->source = "with truncated ratios (rl.ratio_cap), Ionides 2008";
}

static void fit_clip(int m, const struct objective_state *x, struct explanation *out)
{
    if (x->loss == SHOWN_CISPO) {
        out->formula = m == M_CLIP_LOW    ? "share of ratios below 1 - eps_low, whatever A's sign"
                       : m == M_CLIP_HIGH ? "share of ratios above 1 + eps_high, whatever A's sign"
                                          : out->formula;
        out->source = "MiniMax-M1 (arXiv 2506.13585)";
        out->reading = "Their weight is bounded; they go on learning. Exactly 0 with one update a rollout.";
    } else if (shown_is_log(x->loss) || x->loss == SHOWN_DPO) {
        out->reading = "0: this run's loss has no clip.";
    }
}

/* What the text, which is GRPO's, must say for another loss. */
static void fit(int m, const struct objective_state *x, struct explanation *out)
{
    switch (m) {
    case M_KL: fit_kl(x, out); break;
    case M_LOSS: fit_loss(x, out); break;
    case M_POLICY_LOSS: fit_policy_loss(x, out); break;
    case M_CLIP_LOW:
    case M_CLIP_HIGH:
    case M_CLIP_REGION: fit_clip(m, x, out); break;
    case M_FLAT:
        if (x->loss == SHOWN_REINFORCE || x->loss == SHOWN_PPO)
            out->reading =
                "A flat group teaches too, here: its traces are compared with something else than each "
                "other.";
        break;
    case M_REWARD_STD:
        if (x->loss == SHOWN_DPO)
            out->source = "R1 eq. 3; dpo needs it above 0 to make a pair";
        else if (x->loss >= SHOWN_REINFORCE && x->loss != SHOWN_CISPO)
            out->source = "R1 eq. 3; no part of this run's advantages";
        break;
    default: break;
    }
}

void explain_metric(int m, const struct objective_state *x, struct explanation *out)
{
    const struct metric_row *row = metric_row(m);
    int layer = m >= M_MAX_VIO_LAYER_0 && m <= M_MAX_VIO_LAYER_LAST;
    const struct text *t = &texts[layer ? M_MAX_VIO : m];

    *out = (struct explanation){row->name,
                                row->meaning,
                                t->formula ? t->formula : "",
                                t->source ? t->source : "",
                                row->unit,
                                t->reading ? t->reading : ""};
    if (layer)
        out->formula = "max_i(load_i E / sum load) - 1 of this layer";
    fit(m, x, out);
}
