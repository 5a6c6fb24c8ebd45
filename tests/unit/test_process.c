/* The step-wise reward: the rules on counts, its place in a trace's reward, and that without a weight it is
 * nothing. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

Test(process, rules_on_counts)
{
    static const struct {
        int equations, right;
        double sum, mean;
    } row[] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {1, 0, -1, -1}, {4, 3, 2, 0.5}, {600, 600, 600, 1},
               {3, 0, -3, -1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct trace_counts c = {.equations = row[i].equations, .equations_right = row[i].right, .waits = 7};
        cr_assert_eq(process_reward(&c, PROCESS_SUM), row[i].sum, "row %zu", i);
        cr_assert_eq(process_reward(&c, PROCESS_MEAN), row[i].mean, "row %zu", i);
    }
}

/* A batch of one trace with a given text, scored as Countdown scores it. */
struct bench {
    struct tiny_run r;
    struct arena arena;
    struct batch b;
};

static void bench_init(struct bench *x, const char *text)
{
    struct settings s;
    struct err e;
    int n;
    tiny_settings(&s, NULL);
    tiny_run_init(&x->r, &s, STAGE_GRPO, 1, 1);
    cr_assert_eq(arena_init(&x->arena, "test", 1 << 20, &e), ST_OK);
    cr_assert_eq(batch_init(&x->b, 1, 1, 64, &x->arena, &e), ST_OK);
    cr_assert_eq(batch_draw(&x->b, &x->r.t.task, 1, 1, 0, 0, &e), ST_OK);
    cr_assert_eq(vocab_encode(&x->r.t.vocab, text, x->b.token, 64, &n, &e), ST_OK, "%s", e.msg);
    atomic_store(&x->b.n[0], n);
}

static void bench_release(struct bench *x)
{
    arena_release(&x->arena);
    tiny_run_release(&x->r);
}

static double reward_of(struct bench *x, double weight, enum process_rule rule)
{
    struct reward_weights w = {.accuracy = 1, .format = 0.1, .process = weight, .process_rule = rule};
    score_group(&x->b, &x->r.t.task, &w, 0, 0);
    return x->b.reward[0];
}

Test(process, a_trace_earns_for_its_equations_repeated_or_not)
{
    struct bench x;
    double plain;
    bench_init(&x, "2 + 2 = 4 , 2 + 2 = 4 , 2 + 2 = 4 , 2 + 2 = 5");
    plain = reward_of(&x, 0, PROCESS_SUM);
    cr_assert_eq(x.b.counts[0].equations, 4);
    cr_assert_float_eq(reward_of(&x, 0.25, PROCESS_SUM), plain + 0.25 * 2, 1e-12);
    cr_assert_float_eq(reward_of(&x, 0.25, PROCESS_MEAN), plain + 0.25 * 0.5, 1e-12);
    cr_assert_float_eq(reward_of(&x, -1, PROCESS_SUM), plain - 2, 1e-12);
    bench_release(&x);
}

static void two_steps(const char *const *more, struct digest *digest, double *metric)
{
    struct settings s;
    struct tiny_run r;
    tiny_settings(&s, more);
    tiny_run_init(&r, &s, STAGE_GRPO, 5, 1);
    tiny_run_step(&r, NULL);
    tiny_run_step(&r, NULL);
    *digest = trainer_digest(&r.t);
    memcpy(metric, r.t.metric, sizeof r.t.metric);
    tiny_run_release(&r);
}

Test(process, without_a_weight_the_rule_changes_no_bit_and_nothing_is_measured)
{
    static const char *const off[] = {"rl.process", "0", "rl.process_rule", "mean", NULL},
                             *const on[] = {"rl.process", "0.5", NULL};
    double plain[METRIC_N], none[METRIC_N], some[METRIC_N];
    struct digest a, b, c;
    two_steps(NULL, &a, plain);
    two_steps(off, &b, none);
    two_steps(on, &c, some);
    tiny_same(&a, &b, "a rule without a weight");
    cr_assert(isnan(plain[M_PROCESS]) && isnan(none[M_PROCESS]));
    cr_assert(isfinite(some[M_PROCESS]), "measured where it counts");
}
