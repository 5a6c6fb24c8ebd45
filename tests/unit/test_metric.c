/* The table of metrics: whole, without two meanings for a name. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/run/record.h"

Test(metric, rows_are_whole)
{
    for (int m = 0; m < METRIC_N; m++) {
        const struct metric_row *row = metric_row(m);
        cr_assert(row->name && row->name[0] && row->unit && row->meaning && row->meaning[0], "row %d", m);
        cr_assert_eq(metric_find(row->name), m, "%s", row->name);
        cr_assert(!row->alias || metric_find(row->alias) == m, "%s", row->alias);
        cr_assert(!strpbrk(row->name, " \t\n<>="), "%s", row->name);
    }
}

Test(metric, names_that_practitioners_know)
{
    static const struct {
        const char *name;
        int metric;
    } known[] = {
        {"reward", M_REWARD},
        {"rewards/accuracy/mean", M_ACCURACY},
        {"frac_reward_zero_std", M_FLAT},
        {"completions/clipped_ratio", M_CUT_OFF},
        {"clip_ratio/region_mean", M_CLIP_REGION},
        {"kl", M_KL},
        {"actor/kl_loss", M_KL},
        {"actor/entropy", M_ENTROPY},
        {"response_length/mean", M_LENGTH},
        {"length", M_LENGTH},
        {"pass@1", M_PASS_1},
        {"maj@K", M_MAJ_K},
        {"best@K", M_PASS_K},
        {"moe/max_vio/layer_0", M_MAX_VIO_LAYER_0},
        {"moe/max_vio/layer_15", M_MAX_VIO_LAYER_LAST},
        {"num_tokens", M_TOKENS},
        {"step_time", M_STEP_TIME},
        {"sampling/logp_difference", M_LOGP_DIFFERENCE},
        {"rl_seconds", M_RL_SECONDS},
        {"eval/r1/pass@1", M_R1_PASS_1},
        {"fail/gave_up", M_FAIL_GAVE_UP},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        cr_assert_eq(metric_find(known[i].name), known[i].metric, "%s", known[i].name);
    cr_assert_eq(metric_find("no such metric"), -1);
    cr_assert_eq(metric_find(""), -1);
}

Test(metric, times_are_marked)
{
    for (int m = 0; m < METRIC_N; m++)
        cr_assert_eq(metric_row(m)->is_time, m >= M_TOKENS_PER_SECOND, "%s", metric_row(m)->name);
}
