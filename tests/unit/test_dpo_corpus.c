/* A dpo stage: that it learns which texts are preferred, and what it refuses. test_session_recipe.c drives
 * one to the bit, tests/double has its gradient. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

static struct err e;

static void init(struct tiny_run *r)
{
    static const char *const more[] = {"dpo.steps", "60", "dpo.documents", "6", "dpo.lr", "3e-3", "dpo.warmup",
                                       "1", "rl.steps", "0", NULL};
    struct settings s;
    tiny_settings(&s, more);
    tiny_run_init(r, &s, STAGE_DPO, 3, 1);
}

Test(dpo_corpus, the_loss_begins_at_log_2_and_falls)
{
    struct tiny_run r;
    const double *m = r.t.metric;
    init(&r);
    tiny_run_pairs(&r);
    tiny_run_step(&r, &(struct trainer_hooks){0});
    /* The policy is the reference. */
    cr_assert_float_eq(m[M_LOSS], log(2), 1e-6);
    cr_assert_float_eq(m[M_DPO_MARGIN], 0, 1e-6);
    cr_assert_float_eq(m[M_DPO_ACCURACY], 0, 1e-9);
    for (int i = 0; i < 50; i++)
        tiny_run_step(&r, &(struct trainer_hooks){0});
    cr_assert_lt(m[M_LOSS], 0.2, "loss %g", m[M_LOSS]);
    cr_assert_float_eq(m[M_DPO_ACCURACY], 1, 1e-9);
    cr_assert_gt(m[M_DPO_CHOSEN], m[M_DPO_REJECTED]);
    cr_assert_float_eq(m[M_DPO_CHOSEN] - m[M_DPO_REJECTED], m[M_DPO_MARGIN], 1e-6);
    tiny_run_release(&r);
}

Test(dpo_corpus, without_pairs_there_is_nothing_to_learn)
{
    struct tiny_run r;
    struct corpus c = {0};
    init(&r);
    cr_assert_eq(trainer_step(&r.t, &(struct trainer_hooks){0}, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "pairs"));
    cr_assert_eq(corpus_add(&c, "User :", "1 </answer>", NULL, 0, &e), ST_OK);
    cr_assert_eq(trainer_corpus(&r.t, &c, &e), ST_OK);
    cr_assert_eq(trainer_step(&r.t, &(struct trainer_hooks){0}, &e), ST_USAGE, "it learned from a trace");
    tiny_run_release(&r);
}
