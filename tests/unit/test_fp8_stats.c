/* The statistics of FP8 on a run: what they count, that they change nothing, and that an outlier channel
 * drowns a tensor under one scale and not under tiles. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "app/base/presets.h"
#include "engine/run/fp8_stats.h"
#include "scenarios/registry.h"

static struct err e;

/* A run's start under a preset with settings changed. */
static void start(struct trainer *t, const char *preset, int on, enum fp8_scale_kind scale, double outlier,
                  struct pool *pool)
{
    struct settings set;
    uint64_t seed = 0;
    cr_assert_eq(presets_load(preset, NULL, 0, &set, &seed, &e), ST_OK, "%s", e.msg);
    set.model.fp8.on = on;
    set.model.fp8.tile = set.model.fp8.block = 16;
    set.model.fp8.scale = scale;
    set.model.fp8.outlier = outlier;
    cr_assert_eq(trainer_init(t, &set, STAGE_COLD, 1, kernels_best(), pool, &e), ST_OK, "%s", e.msg);
    trainer_start(t);
}

static void run(int on, enum fp8_scale_kind scale, double outlier, struct fp8_stats *s)
{
    struct pool *pool;
    struct trainer t;
    struct digest before, after;
    cr_assert_eq(pool_init(&pool, 1, &e), ST_OK);
    start(&t, "quick", on, scale, outlier, pool);
    before = trainer_digest(&t);
    cr_assert_eq(fp8_stats_run(&t, s, &e), ST_OK, "%s", e.msg);
    after = trainer_digest(&t);
    cr_assert_arr_eq(&before, &after, sizeof before);
    trainer_release(&t);
    pool_release(pool);
}

static double worst_flushed(const struct fp8_stats *s, enum fp8_role role)
{
    double most = 0;
    for (int i = 0; i < s->tensors_n; i++)
        if (s->tensor[i].role == role)
            most = fmax(most, s->tensor[i].flushed);
    return most;
}

Test(fp8_stats, of_a_run_that_is_not_in_fp8)
{
    struct fp8_stats s;
    uint64_t values = 0;
    run(0, FP8_SCALE_TILE, 1, &s);
    cr_assert(!s.config.on && s.tokens > 100 && s.tensors_n > 0 && s.tensors_n % FP8_ROLE_N == 0);
    for (int i = 0; i < s.tensors_n; i++) {
        const struct fp8_tensor *t = &s.tensor[i];
        cr_assert_eq(t->role, i % FP8_ROLE_N);
        cr_assert(t->n > 0 && t->error > 0.005 && t->error < 0.2, "%s %d: %g", t->name, t->role, t->error);
        cr_assert_eq(t->saturated, 0, "the largest of a tile lands on 448");
        values += t->role == FP8_ACTIVATION ? t->n : 0;
    }
    cr_assert_eq(s.activations.fp32, 4 * values);
    cr_assert_eq(s.activations.bf16, 2 * values);
    cr_assert(s.weights.fp8 * 3 < s.weights.fp32 && s.weights.fp8 * 4 > s.weights.fp32 && s.high > 0);
    cr_assert(s.loss != s.loss_fp32 && fabs(s.loss / s.loss_fp32 - 1) < 0.02, "%g, %g", s.loss, s.loss_fp32);
    cr_assert(s.cosine > 0.98 && s.cosine < 0.999999, "%g", s.cosine);
    fp8_stats_free(&s);
}

Test(fp8_stats, an_outlier_drowns_a_tensor_and_not_its_tiles)
{
    struct fp8_stats tile, tensor;
    run(1, FP8_SCALE_TILE, 65536, &tile);
    run(1, FP8_SCALE_TENSOR, 65536, &tensor);
    cr_assert(tile.config.on && tensor.config.on);
    cr_assert_gt(worst_flushed(&tensor, FP8_ACTIVATION), 0.7, "%g", worst_flushed(&tensor, FP8_ACTIVATION));
    cr_assert_lt(worst_flushed(&tile, FP8_ACTIVATION), 0.6, "%g", worst_flushed(&tile, FP8_ACTIVATION));
    cr_assert(tile.cosine > 0.96 && tensor.cosine < 0.93, "%g, %g", tile.cosine, tensor.cosine);
    fp8_stats_free(&tile);
    fp8_stats_free(&tensor);
}

Test(fp8_stats, without_scales_gradients_underflow)
{
    struct fp8_stats s;
    run(1, FP8_SCALE_NONE, 1, &s);
    cr_assert_gt(worst_flushed(&s, FP8_GRADIENT), 0.5, "%g", worst_flushed(&s, FP8_GRADIENT));
    fp8_stats_free(&s);
}

Test(fp8_stats, an_impossible_setting_is_named)
{
    struct pool *pool;
    struct trainer t;
    struct fp8_stats s;
    cr_assert_eq(pool_init(&pool, 1, &e), ST_OK);
    start(&t, "quick", 0, FP8_SCALE_TILE, 3, pool);
    cr_assert_eq(fp8_stats_run(&t, &s, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "fp8_outlier"), "%s", e.msg);
    fp8_stats_free(&s);
    trainer_release(&t);
    pool_release(pool);
}
