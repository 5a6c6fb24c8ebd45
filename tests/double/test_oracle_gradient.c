/* The oracle's true gradients against differences of its own exact values, along random directions. Without
 * experts: over all completions some token would stand at an edge of the routing. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/run/oracle.h"
#include "scenarios/registry.h"
#include "tests/double/difference.h"

enum { DIRECTIONS = 2 };

static void open_settings(struct settings *s)
{
    static const char *const pair[] = {"model.width",
                                       "8",
                                       "model.layers",
                                       "2",
                                       "model.heads",
                                       "2",
                                       "model.q_rank",
                                       "6",
                                       "model.kv_rank",
                                       "6",
                                       "model.nope_dim",
                                       "4",
                                       "model.rope_dim",
                                       "4",
                                       "model.v_dim",
                                       "4",
                                       "model.ffn_width",
                                       "12",
                                       "model.dense_layers",
                                       "2",
                                       "rl.prompts",
                                       "2",
                                       "rl.group",
                                       "2",
                                       "rl.max_tokens",
                                       "4",
                                       "rl.temperature",
                                       "0.8",
                                       "run.slots",
                                       "8",
                                       NULL};
    struct err e;
    settings_init(s, scenario_find("tiny"));
    for (int i = 0; pair[i]; i += 2)
        cr_assert_eq(settings_set(s, STAGE_GRPO, pair[i], pair[i + 1], NULL, &e), ST_OK, "%s", e.msg);
}

enum { REWARD, KL, LENGTH, VALUES };

/* The run, moved along a direction. */
struct line {
    struct trainer t;
    real *from, *along;
    double *gradient[VALUES];
};

static void look(struct line *x, double at, const struct oracle_gradients *g, double value[VALUES])
{
    struct oracle_settings s = {1, 2, 1, 3};
    struct oracle o;
    struct err e;
    for (size_t j = 0; j < x->t.model.params.total; j++)
        x->t.learner.w[j] = x->from[j] + at * x->along[j];
    cr_assert_eq(oracle_run(&x->t, &s, NULL, g, &o, &e), ST_OK, "%s", e.msg);
    cr_assert_float_eq(o.probability, 1, 1e-12);
    value[REWARD] = o.reward;
    value[KL] = o.kl;
    value[LENGTH] = o.mean_length;
}

Test(oracle_gradient, true_gradients_are_those_of_the_true_values)
{
    /* Central, of fourth order, as difference.h has it; one look gives all three values. */
    static const double step[] = {1e-4, -1e-4, 2e-4, -2e-4};
    static const char *const name[] = {"reward", "KL", "length"};
    struct line x = {0};
    struct settings s;
    struct pool *pool;
    struct err e;
    struct rng r = rng_at(3, RNG_TEST, 40, 0, 0);
    size_t n;
    open_settings(&s);
    cr_assert_eq(pool_init(&pool, 1, &e), ST_OK);
    cr_assert_eq(trainer_init(&x.t, &s, STAGE_GRPO, 5, kernels_find("portable"), pool, &e), ST_OK, "%s",
                 e.msg);
    trainer_start(&x.t);
    n = x.t.model.params.total;
    x.from = calloc(n, sizeof *x.from);
    x.along = calloc(n, sizeof *x.along);
    for (int i = 0; i < VALUES; i++)
        x.gradient[i] = calloc(n, sizeof(double));
    for (size_t j = 0; j < n; j++) {
        x.from[j] = 1.5 * x.t.learner.w[j];
        x.t.learner.ref_w[j] = x.from[j] + 0.12 * rng_normal(&r);
    }
    for (int k = 0; k < DIRECTIONS; k++) {
        struct oracle_gradients g = {x.gradient[REWARD], x.gradient[KL], x.gradient[LENGTH]};
        double value[5][VALUES];
        for (size_t j = 0; j < n; j++)
            x.along[j] = rng_normal(&r) / sqrt((double)n);
        look(&x, 0, &g, value[4]);
        for (int i = 0; i < 4; i++)
            look(&x, step[i], NULL, value[i]);
        for (int i = 0; i < VALUES; i++) {
            double exact = 0, norm = 0;
            double numeric = (8 * (value[0][i] - value[1][i]) - (value[2][i] - value[3][i])) / (12 * step[0]);
            for (size_t j = 0; j < n; j++) {
                exact += x.gradient[i][j] * x.along[j];
                norm += x.gradient[i][j] * x.gradient[i][j];
            }
            cr_assert_gt(norm, 1e-6);
            cr_assert_leq(gradient_error(exact, numeric, 0.1 * sqrt(norm / (double)n)), GRADIENT_ERROR,
                          "%s: %.12g, %.12g", name[i],
                          exact, numeric);
        }
    }
    for (int i = 0; i < VALUES; i++)
        free(x.gradient[i]);
    free(x.from);
    free(x.along);
    trainer_release(&x.t);
    pool_release(pool);
}
