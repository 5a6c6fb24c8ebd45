/* The one learning test: a small cold start, then GRPO, counted in steps with a fixed seed. It asks for a
 * clear effect, not for particular numbers, so that it holds on every kernel table. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "app/base/presets.h"
#include "engine/run/trainer.h"

static const char *const small[] = {
    "base.steps=400", "cold.steps=300", "rl.steps=60", "rl.lr=3e-4", "countdown.number_max=9",
    "countdown.range_1=9", "countdown.range_2=9", "countdown.range_3=10", "countdown.target_high=20",
    "countdown.value_max=30", "countdown.held_out_every=6", "eval.every=60", "eval.r1=0",
    "eval.final_problems=95",
};
enum { SMALL = sizeof small / sizeof *small };

static struct err e;

static struct trainer *stage(const struct settings *set, enum stage stage, struct pool *pool,
                             const struct trainer *before)
{
    struct trainer *t = calloc(1, sizeof *t);
    cr_assert_eq(trainer_init(t, set, stage, 1, kernels_best(), pool, &e), ST_OK, "%s", e.msg);
    if (before)
        trainer_follow(t, before);
    else
        trainer_start(t);
    return t;
}

/* Takes steps first..last; the mean of a metric over them. */
static double run(struct trainer *t, int64_t last, enum metric m)
{
    struct trainer_hooks none = {0};
    double sum = 0;
    int n = 0;
    for (; t->step < last; n++) {
        cr_assert_eq(trainer_step(t, &none, &e), ST_OK, "%s: %s", e.where, e.msg);
        sum += t->metric[m];
    }
    return sum / n;
}

Test(learning, cold_start_then_grpo)
{
    struct settings set;
    uint64_t seed = 1;
    struct pool *pool;
    struct trainer *base, *cold, *rl;
    double first, last, before;
    cr_assert_eq(presets_load("quick", small, SMALL, &set, &seed, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(pool_init(&pool, 2, &e), ST_OK);
    base = stage(&set, STAGE_BASE, pool, NULL);
    first = run(base, 20, M_LOSS);
    run(base, 380, M_LOSS);
    last = run(base, 400, M_LOSS);
    cr_assert_lt(last, 0.5 * first, "base loss %.2f -> %.2f", first, last);
    cold = stage(&set, STAGE_COLD, pool, base);
    run(cold, 300, M_LOSS);
    before = cold->metric[M_PASS_1];
    rl = stage(&set, STAGE_GRPO, pool, cold);
    first = run(rl, 5, M_REWARD);
    run(rl, 50, M_REWARD);
    last = run(rl, 60, M_REWARD);
    cr_assert_gt(last, first + 0.15, "reward %.2f -> %.2f", first, last);
    cr_assert_gt(rl->metric[M_PASS_1], before + 0.1, "held-out pass@1 %.2f -> %.2f", before,
                 rl->metric[M_PASS_1]);
    cr_log_info("reward %.2f -> %.2f, pass@1 %.2f -> %.2f", first, last, before, rl->metric[M_PASS_1]);
    trainer_release(base);
    trainer_release(cold);
    trainer_release(rl);
    free(base);
    free(cold);
    free(rl);
    pool_release(pool);
}
