/* The table of metrics: one row per member of enum metric, in its order. Names
 * are TRL's where TRL has one; verl's names and short ones are accepted as
 * aliases. The store writes the names beside the numbers, so a row may be added
 * anywhere; a name that runs have recorded is never given another meaning. */
#include "engine/run/record.h"

#include <string.h>

#define VIO(l)                                                                                               \
    {                                                                                                        \
        "moe/max_vio/layer_" #l, NULL, "", "MaxVio of MoE layer " #l ": max load over mean load, minus 1", 0 \
    }

static const struct metric_row rows[METRIC_N] = {
    [M_REWARD] = {"reward", "critic/rewards/mean", "", "mean reward of the traces", 0},
    [M_REWARD_STD] = {"reward_std", NULL, "", "std of rewards within a group, mean over groups", 0},
    [M_ACCURACY] = {"rewards/accuracy/mean", "accuracy", "share", "right answers among the traces", 0},
    [M_FORMAT] = {"rewards/format/mean", "format", "share", "well-formed traces", 0},
    [M_LANGUAGE] = {"rewards/language/mean", "language", "share", "words of the target language / words", 0},
    [M_PROCESS] = {"rewards/process/mean", "process", "",
                   "step-wise reward of the traces' equations, before its weight", 0},
    [M_PREFERENCE] = {"rewards/preference/mean", "preference", "share",
                      "what the preference model says of traces on open problems", 0},
    [M_REWARD_ACCURACY] = {"reward_model/accuracy", NULL, "share", "pairs whose preferred text scores higher",
                           0},
    [M_REWARD_MARGIN] = {"reward_model/margin", NULL, "",
                         "mean score of preferred texts less that of the others", 0},
    [M_READABLE] = {"readability", "readable", "share",
                    "format, language, distinct attempts and right equations, multiplied", 0},
    [M_FLAT] = {"frac_reward_zero_std", "flat", "share", "groups whose rewards are all equal", 0},
    [M_LENGTH] = {"completions/mean_length", "length", "tokens", "mean length of completions", 0},
    [M_LENGTH_MIN] = {"completions/min_length", "response_length/min", "tokens", "shortest completion", 0},
    [M_LENGTH_MAX] = {"completions/max_length", "response_length/max", "tokens", "longest completion", 0},
    [M_CUT_OFF] = {"completions/clipped_ratio", "cut_off", "share", "traces stopped by the length limit", 0},
    [M_KL] = {"kl", "actor/kl_loss", "nats/token", "KL to the reference policy, as rl.kl estimates it", 0},
    [M_ENTROPY] = {"entropy", "actor/entropy", "nats/token", "mean entropy of the sampling distribution", 0},
    [M_CLIP_LOW] = {"clip_ratio/low_mean", "clip_low", "share", "tokens clipped at 1 - eps_low", 0},
    [M_CLIP_HIGH] = {"clip_ratio/high_mean", "clip_high", "share", "tokens clipped at 1 + eps_high", 0},
    [M_CLIP_REGION] = {"clip_ratio/region_mean", "actor/pg_clipfrac", "share",
                       "tokens clipped on either side", 0},
    [M_CAPPED] = {"clip_ratio/capped_mean", NULL, "share", "stale ratios truncated at rl.ratio_cap", 0},
    [M_OFF_POLICY] = {"off_policy/masked", NULL, "share", "traces masked by rl.off_policy_delta", 0},
    [M_DPO_MARGIN] = {"dpo/margin", "rewards/margins", "",
                      "DPO: mean difference of a pair's implicit rewards", 0},
    [M_DPO_ACCURACY] = {"dpo/accuracy", "rewards/accuracies", "share", "DPO: pairs that are ranked right", 0},
    [M_DPO_CHOSEN] = {"dpo/chosen", "rewards/chosen", "",
                      "DPO: mean implicit reward of the preferred text, beta x its log-ratio to the reference", 0},
    [M_DPO_REJECTED] = {"dpo/rejected", "rewards/rejected", "",
                        "DPO: mean implicit reward of the other text", 0},
    [M_LOSS] = {"loss", "actor/loss", "", "whole loss that is minimised", 0},
    [M_DIVERGENCE] = {"distill/kl", "divergence", "nats/token",
                      "KL(teacher || student) at the texts' tokens, at cold.distill_temperature", 0},
    [M_POLICY_LOSS] = {"policy_loss", "actor/pg_loss", "", "policy part of the loss", 0},
    [M_VALUE_LOSS] = {"value_loss", "critic/vf_loss", "", "ppo: the critic's loss, without its weight", 0},
    [M_VALUE] = {"value/mean", "critic/values/mean", "", "ppo: the critic's mean value of a token", 0},
    [M_EXPLAINED_VARIANCE] = {"explained_variance", "critic/vf_explained_var", "share",
                              "ppo: 1 - Var(return - value) / Var(return), over tokens", 0},
    [M_MTP_LOSS] = {"mtp_loss", NULL, "nats/token", "loss of the multi-token prediction module", 0},
    [M_BALANCE_LOSS] = {"balance_loss", NULL, "", "sequence-wise expert balance loss", 0},
    [M_GRAD_NORM] = {"grad_norm", "actor/grad_norm", "", "global norm of the gradient before clipping", 0},
    [M_LR] = {"lr", "actor/lr", "", "learning rate of the step", 0},
    [M_LOGP_DIFFERENCE] = {"sampling/logp_difference", "logp_difference", "nats",
                           "mean |log-probability of decode - of training forward|", 0},
    [M_LOGP_DIFFERENCE_MAX] = {"sampling/logp_difference_max", "logp_difference_max", "nats",
                               "largest |log-probability of decode - of training forward|", 0},
    [M_WAITS] = {"waits", NULL, "1/trace", "reflection marks such as wait, a trace", 0},
    [M_ATTEMPTS] = {"attempts", NULL, "1/trace", "attempts at the target, a trace", 0},
    [M_ATTEMPTS_DISTINCT] = {"attempts_distinct", NULL, "share", "attempts that repeat no earlier one", 0},
    [M_EQUATIONS] = {"equations", NULL, "1/trace", "equations written, a trace", 0},
    [M_EQUATIONS_RIGHT] = {"equations_right", NULL, "share", "equations that hold", 0},
    [M_REFLECTIONS] = {"reflections", NULL, "1/trace", "reflection words, a trace", 0},
    [M_VERIFICATIONS] = {"verifications", NULL, "1/trace", "comparisons with the target, a trace", 0},
    [M_VERIFICATIONS_RIGHT] = {"verifications_right", NULL, "share", "comparisons with the right outcome", 0},
    [M_BACKTRACKS] = {"backtracks", NULL, "1/trace", "returns to an earlier set of numbers, a trace", 0},
    [M_FALSE_YES] = {"false_yes", NULL, "share", "traces that claim at least once a target not met", 0},
    [M_AHA] = {"aha", NULL, "share", "traces with at least one aha candidate", 0},
    [M_FAIL_CUT] = {"fail/cut_off", NULL, "share", "traces that failed by the length limit", 0},
    [M_FAIL_FORMAT] = {"fail/format", NULL, "share", "traces that failed by their form", 0},
    [M_FAIL_NUMBERS] = {"fail/numbers", NULL, "share", "traces whose answer uses wrong numbers", 0},
    [M_FAIL_FALSE_YES] = {"fail/false_yes", NULL, "share", "traces that claimed a target not met", 0},
    [M_FAIL_GAVE_UP] = {"fail/gave_up", NULL, "share", "traces that gave up", 0},
    [M_FAIL_OTHER] = {"fail/other", NULL, "share", "traces that failed otherwise", 0},
    [M_PASS_1] = {"pass@1", "pass_1", "share", "held out, T 1: mean over samples", 0},
    [M_PASS_K] = {"pass@k", "best@k", "share", "held out, T 1: any of k samples right", 0},
    [M_MAJ_K] = {"maj@k", "maj@K", "share", "held out, T 1: majority of k samples right", 0},
    [M_EVAL_LENGTH] = {"eval/mean_length", "eval/length", "tokens", "held out, T 1: mean length", 0},
    [M_EVAL_WAITS] = {"eval/waits", NULL, "1/trace", "held out, T 1: reflection marks, a trace", 0},
    [M_EVAL_FORMAT] = {"eval/format", NULL, "share", "held out, T 1: well-formed traces", 0},
    [M_EVAL_LANGUAGE] = {"eval/language", NULL, "share", "held out, T 1: words of the target language", 0},
    [M_EVAL_READABLE] = {"eval/readability", NULL, "share", "held out, T 1: readability", 0},
    [M_R1_PASS_1] = {"eval/r1/pass@1", NULL, "share", "held out, T 0.6, top-p 0.95: mean over samples", 0},
    [M_R1_MAJ_K] = {"eval/r1/maj@k", "eval/r1/maj@K", "share", "held out, T 0.6, top-p 0.95: majority", 0},
    [M_ROUTE_DIFFERENCE] = {"moe/route_difference", NULL, "share",
                            "the sampler's experts that the update's own top K has not", 0},
    [M_MAX_VIO] = {"moe/max_vio", "max_vio", "", "MaxVio of the batch, mean over MoE layers", 0},
    [M_MAX_VIO_AVERAGE] = {"moe/max_vio_average", "max_vio_average", "",
                           "MaxVio of the load's moving average", 0},
    [M_MAX_VIO_LAYER_0] = VIO(0),
    [M_MAX_VIO_LAYER_0 + 1] = VIO(1),
    [M_MAX_VIO_LAYER_0 + 2] = VIO(2),
    [M_MAX_VIO_LAYER_0 + 3] = VIO(3),
    [M_MAX_VIO_LAYER_0 + 4] = VIO(4),
    [M_MAX_VIO_LAYER_0 + 5] = VIO(5),
    [M_MAX_VIO_LAYER_0 + 6] = VIO(6),
    [M_MAX_VIO_LAYER_0 + 7] = VIO(7),
    [M_MAX_VIO_LAYER_0 + 8] = VIO(8),
    [M_MAX_VIO_LAYER_0 + 9] = VIO(9),
    [M_MAX_VIO_LAYER_0 + 10] = VIO(10),
    [M_MAX_VIO_LAYER_0 + 11] = VIO(11),
    [M_MAX_VIO_LAYER_0 + 12] = VIO(12),
    [M_MAX_VIO_LAYER_0 + 13] = VIO(13),
    [M_MAX_VIO_LAYER_0 + 14] = VIO(14),
    [M_MAX_VIO_LAYER_LAST] = VIO(15),
    [M_TOKENS] = {"num_tokens", "perf/total_num_tokens", "tokens", "tokens of the step's completions", 0},
    [M_TOKENS_PER_SECOND] = {"tokens_per_second", "perf/throughput", "tokens/s",
                             "tokens of the step by its time", 1},
    [M_STEP_TIME] = {"step_time", "perf/time_per_step", "s", "time of the step", 1},
    [M_SECONDS] = {"seconds", NULL, "s", "sum of the run's recorded step times", 1},
    [M_RL_SECONDS] = {"rl_seconds", NULL, "s", "sum of RL step times, evaluation left out", 1},
    [M_TIME_ROLLOUT] = {"time/rollout", "timing_s/gen", "s", "time spent sampling", 1},
    [M_TIME_UPDATE] = {"time/update", "timing_s/update_actor", "s",
                       "time spent in forward, backward, optimiser", 1},
    [M_TIME_EVALUATE] = {"time/evaluate", "timing_s/testing", "s", "time spent in evaluation", 1},
};

/* Further names that are understood: a row has room for one alias only. */
static const struct {
    const char *name;
    int metric;
} more[] = {
    {"critic/score/mean", M_REWARD},
    {"response_length/mean", M_LENGTH},
    {"response_length/clip_ratio", M_CUT_OFF},
    {"response_length", M_LENGTH},
    {"actor/pg_clipfrac_lower", M_CLIP_LOW},
    {"clip_ratio", M_CLIP_REGION},
    {"learning_rate", M_LR},
    {"best@K", M_PASS_K},
    {"pass@K", M_PASS_K},
    {"completion_length", M_LENGTH},
    {"throughput", M_TOKENS_PER_SECOND},
    {"tokens", M_TOKENS},
};

const struct metric_row *metric_row(int m)
{
    return &rows[m];
}

int metric_find(const char *name)
{
    for (int m = 0; m < METRIC_N; m++)
        if (!strcmp(name, rows[m].name) || (rows[m].alias && !strcmp(name, rows[m].alias)))
            return m;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!strcmp(name, more[i].name))
            return more[i].metric;
    return -1;
}
