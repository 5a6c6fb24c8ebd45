/* Whole steps under the settings of the objective: bits that do not depend on threads nor on a restart, state
 * that is kept where it must be, and statistics that say what was done. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

static const char *const dpo[] = {"rl.loss",         "dpo", "rl.pairs", "all", "rl.mini_batches", "2",
                                  "rl.inner_epochs", "2",   NULL};
static const char *const dpo_once[] = {"rl.loss", "dpo", NULL};
static const char *const bonus[] = {"rl.entropy", "0.05", "rl.kl", "k2", NULL};
static const char *const running[] = {"rl.loss", "reinforce", "rl.baseline", "running", NULL};
static const char *const stale[] = {"rl.kl", "unbiased", "rl.kl_clamp", "1", "rl.ratio_cap", "1.05",
                                    "rl.off_policy_delta", "0.01", "rl.inner_epochs", "3", "rl.eps_high", "5",
                                    "rl.eps_low", "0.9", "rl.loss", "dapo", NULL};
static const char *const *const variant[] = {dpo, dpo_once, bonus, running, stale};
enum { VARIANTS = 5, STEPS = 3 };

static void run(const char *const *more, int threads, struct tiny_sink *out, double metric[METRIC_N])
{
    struct settings s;
    struct trainer_hooks h = {.sink = &out->sink};
    struct tiny_run r;
    tiny_settings(&s, more);
    tiny_sink_init(out);
    tiny_run_init(&r, &s, STAGE_GRPO, 11, threads);
    for (int i = 0; i < STEPS; i++)
        tiny_run_step(&r, &h);
    if (metric)
        memcpy(metric, r.t.metric, METRIC_N * sizeof *metric);
    tiny_run_release(&r);
}

Test(trainer_objective, the_same_with_any_threads)
{
    for (int v = 0; v < VARIANTS; v++) {
        struct tiny_sink one, three;
        run(variant[v], 1, &one, NULL);
        run(variant[v], 3, &three, NULL);
        for (int i = 1; i <= STEPS; i++) {
            tiny_same(&one.digest[i], &three.digest[i], "state");
            tiny_same(&one.content[i], &three.content[i], "metrics, traces");
        }
        cr_assert_not(digest_equal(&one.digest[1], &one.digest[2]), "variant %d: a step changes something",
                      v);
    }
}

/* Every setting reaches the update: each turned off gives other weights. */
Test(trainer_objective, every_setting_counts)
{
    static const char *const off[][3] = {
        {"rl.pairs", "best_worst"},  {"rl.dpo_beta", "0.5"},     {"rl.entropy", "0"}, {"rl.kl", "k3"},
        {"rl.baseline", "batch"},    {"rl.baseline_decay", "0"}, {"rl.kl", "k3"},     {"rl.ratio_cap", "0"},
        {"rl.off_policy_delta", "0"}};
    static const int of[] = {0, 0, 2, 2, 3, 3, 4, 4, 4};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const char *more[32];
        struct tiny_sink with, without;
        int n = 0;
        for (; variant[of[i]][n]; n++)
            more[n] = variant[of[i]][n];
        more[n] = off[i][0];
        more[n + 1] = off[i][1];
        more[n + 2] = NULL;
        run(variant[of[i]], 1, &with, NULL);
        run(more, 1, &without, NULL);
        cr_assert_not(digest_equal(&with.digest[STEPS], &without.digest[STEPS]), "%s = %s changes nothing",
                      off[i][0], off[i][1]);
    }
}

/* The running mean is state: a restored run goes on with it, and leaving it out is noticed. */
Test(trainer_objective, a_running_baseline_is_restored)
{
    struct settings s;
    struct tiny_run a, b;
    struct tiny_state state;
    struct digest x, y;
    double mean = 0;
    tiny_settings(&s, running);
    tiny_run_init(&a, &s, STAGE_GRPO, 11, 1);
    tiny_run_init(&b, &s, STAGE_GRPO, 11, 1);
    tiny_run_step(&a, NULL);
    for (int i = 0; i < a.t.batch.N; i++)
        mean += a.t.batch.reward[i] / a.t.batch.N;
    cr_assert_eq(a.t.learner.running_mean[0], mean);
    cr_assert_eq(a.t.learner.running_mean[1], 1);
    tiny_run_step(&a, NULL);
    cr_assert_eq(a.t.learner.running_mean[1], 1 + 0.9);
    for (int i = 0; i < 4; i++)   /* the second step compared with the first one's mean, whatever the group */
        cr_assert_float_eq(a.t.batch.advantage[i], a.t.batch.reward[i] - mean, 1e-12);
    tiny_state_save(&state, &a.t);
    tiny_run_step(&b, NULL);
    tiny_state_restore(&state, &b.t);
    x = trainer_digest(&a.t);
    y = trainer_digest(&b.t);
    tiny_same(&x, &y, "restored");
    tiny_run_step(&a, NULL);
    tiny_run_step(&b, NULL);
    x = trainer_digest(&a.t);
    y = trainer_digest(&b.t);
    tiny_same(&x, &y, "one step on");
    b.t.learner.running_mean[0] += 1e-9;
    y = trainer_digest(&b.t);
    cr_assert_not(digest_equal(&x, &y));
    tiny_state_free(&state);
    tiny_run_release(&a);
    tiny_run_release(&b);
}

/* A run that keeps no running mean has no tensor of it, and takes none over from one that does. */
Test(trainer_objective, a_fork_leaves_the_baseline_behind)
{
    struct settings s, other;
    struct tiny_run a, b;
    struct tiny_state state;
    struct record_tensor tensor[TENSORS_MAX];
    int n;
    tiny_settings(&s, running);
    tiny_settings(&other, NULL);
    tiny_run_init(&a, &s, STAGE_GRPO, 11, 1);
    tiny_run_init(&b, &other, STAGE_GRPO, 11, 1);
    tiny_run_step(&a, NULL);
    tiny_state_save(&state, &a.t);
    trainer_take(&b.t, &a.t);
    cr_assert_eq(b.t.learner.running_mean[1], 0);
    tiny_state_restore(&state, &b.t);
    cr_assert_eq(b.t.learner.running_mean[1], 0);
    n = trainer_tensors(&b.t, b.t.step, tensor, TENSORS_MAX);
    for (int i = 0; i < n; i++)
        cr_assert_str_neq(tensor[i].name, "running_mean");
    tiny_state_free(&state);
    tiny_run_release(&a);
    tiny_run_release(&b);
}

Test(trainer_objective, statistics_of_pairs_and_of_stale_traces)
{
    struct tiny_sink sink;
    double m[METRIC_N];
    run(dpo_once, 1, &sink, m);
    cr_assert(isfinite(m[M_DPO_MARGIN]) && m[M_DPO_ACCURACY] >= 0 && m[M_DPO_ACCURACY] <= 1);
    cr_assert(m[M_LOSS] > 0 && m[M_LOSS] == m[M_POLICY_LOSS] && m[M_KL] > 0);
    cr_assert(isnan(m[M_CLIP_HIGH]) && isnan(m[M_CAPPED]));
    run(stale, 1, &sink, m);
    cr_assert(m[M_CAPPED] > 0 && m[M_CAPPED] < 1, "capped %g", m[M_CAPPED]);
    cr_assert(m[M_OFF_POLICY] > 0 && m[M_OFF_POLICY] < 1, "masked %g", m[M_OFF_POLICY]);
    cr_assert(isnan(m[M_DPO_MARGIN]));
    run(bonus, 1, &sink, m);
    cr_assert(isnan(m[M_CAPPED]) && isnan(m[M_OFF_POLICY]));
    cr_assert_lt(m[M_LOSS], m[M_POLICY_LOSS] - 0.04 * m[M_ENTROPY], "the bonus is in the loss");
}

/* DPO moves the pairs that it sees apart: at the second epoch the margins of the same pairs have grown. */
Test(trainer_objective, dpo_moves_pairs_apart)
{
    static const char *const one[] = {"rl.loss", "dpo", "rl.beta", "0", NULL};
    static const char *const more[] = {"rl.loss", "dpo", "rl.inner_epochs", "4", NULL};
    struct tiny_sink sink;
    double m[2][METRIC_N];
    for (int i = 0; i < 2; i++) {
        struct settings s;
        struct tiny_run r;
        struct trainer_hooks h = {.sink = &sink.sink};
        tiny_settings(&s, i ? more : one);
        tiny_sink_init(&sink);
        tiny_run_init(&r, &s, STAGE_GRPO, 11, 1);
        tiny_run_step(&r, &h);
        memcpy(m[i], r.t.metric, sizeof m[i]);
        tiny_run_release(&r);
    }
    /* A fresh reference: nothing is preferred yet, and the loss is that of a coin. */
    cr_assert_float_eq(m[0][M_DPO_MARGIN], 0, 1e-9);
    cr_assert_float_eq(m[0][M_LOSS], log(2), 1e-9);
    cr_assert_gt(m[1][M_DPO_MARGIN], 0);
    cr_assert_lt(m[1][M_LOSS], log(2));
    cr_assert_gt(m[1][M_DPO_ACCURACY], 0.5);
}
