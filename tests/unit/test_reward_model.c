/* A preference model: its gradient against differences, and that it learns which texts are preferred. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

static struct err e;

static void init(struct tiny_run *r)
{
    static const char *const more[] = {"model.value_head", "1", "reward.steps", "70", "reward.documents", "6",
                                       "reward.lr", "3e-3", "reward.warmup", "1", "rl.steps", "0", NULL};
    struct settings s;
    tiny_settings(&s, more);
    tiny_run_init(r, &s, STAGE_REWARD, 3, 1);
    tiny_run_pairs(r);
}

Test(reward_model, the_loss_of_a_fresh_head_is_log_2_and_falls)
{
    struct tiny_run r;
    init(&r);
    tiny_run_step(&r, &(struct trainer_hooks){0});
    /* A head of zeros prefers nothing. */
    cr_assert_float_eq(r.t.metric[M_LOSS], log(2), 1e-6);
    cr_assert_float_eq(r.t.metric[M_REWARD_MARGIN], 0, 1e-6);
    for (int i = 0; i < 60; i++)
        tiny_run_step(&r, &(struct trainer_hooks){0});
    cr_assert_lt(r.t.metric[M_LOSS], 0.1, "loss %g", r.t.metric[M_LOSS]);
    cr_assert_float_eq(r.t.metric[M_REWARD_ACCURACY], 1, 1e-9);
    tiny_run_release(&r);
}

/* Helpfulness is judged on the summary alone: thoughts that differ change nothing. Harmlessness reads all. */
Test(reward_model, helpfulness_reads_the_summary_harmlessness_all)
{
    struct tiny_run r;
    struct reward_stats one, other;
    struct adamw_settings still = {0, 0.9, 0.98, 1e-8, 0, 1};
    for (int respect = 0; respect < PREFERENCES_N; respect++) {
        struct corpus c = {0}, d = {0};
        init(&r);
        for (int i = 0; i < 20; i++)
            tiny_run_step(&r, &(struct trainer_hooks){0});
        corpus_add(&c, "User : 3 Assistant : <think>", "3 + 1 yes </think> <answer> 4 </answer>",
                   "no </think> <answer> 5 </answer>", respect, &e);
        corpus_add(&d, "User : 3 Assistant : <think>", "2 - 1 no wait </think> <answer> 4 </answer>",
                   "no </think> <answer> 5 </answer>", respect, &e);
        cr_assert(corpus_ready(&c, &e) == ST_OK && corpus_ready(&d, &e) == ST_OK);
        cr_assert_eq(reward_step(&r.t.reward, &r.t.learner, &r.t.task, &c, &still, 1, 0, 1, NULL, &one, &e),
                     ST_OK);
        cr_assert_eq(reward_step(&r.t.reward, &r.t.learner, &r.t.task, &d, &still, 1, 0, 1, NULL, &other, &e),
                     ST_OK);
        if (respect == PREFER_HELPFUL)
            cr_assert_float_eq(one.margin, other.margin, 1e-6);
        else
            cr_assert_gt(fabs(one.margin - other.margin), 1e-4);
        corpus_release(&c);
        corpus_release(&d);
        tiny_run_release(&r);
    }
}

Test(reward_model, without_pairs_there_is_nothing_to_learn)
{
    static const char *const more[] = {"model.value_head", "1", "reward.steps", "4", NULL};
    struct settings s;
    struct tiny_run r;
    tiny_settings(&s, more);
    tiny_run_init(&r, &s, STAGE_REWARD, 3, 1);
    cr_assert_eq(trainer_step(&r.t, &(struct trainer_hooks){0}, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "pairs"));
    tiny_run_release(&r);
}
