/* The oracle on the tiny task: what must hold exactly of the exact numbers, and that estimates from samples
 * agree with them within their standard errors where they are unbiased, and not where they are biased. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/run/oracle.h"
#include "scenarios/registry.h"
#include "tests/unit/tiny_run.h"

enum { G = 8, L = 4 };

static void assign(struct settings *s, const char *const *pair)
{
    struct err e;
    for (; pair && *pair; pair += 2)
        cr_assert_eq(settings_set(s, STAGE_GRPO, pair[0], pair[1], NULL, &e), ST_OK, "%s", e.msg);
}

static void open_settings(struct settings *s, const char *const *more)
{
    static const char *const base[] = {"model.width",
                                       "12",
                                       "model.layers",
                                       "2",
                                       "model.heads",
                                       "2",
                                       "model.q_rank",
                                       "8",
                                       "model.kv_rank",
                                       "8",
                                       "model.nope_dim",
                                       "4",
                                       "model.rope_dim",
                                       "4",
                                       "model.v_dim",
                                       "4",
                                       "model.ffn_width",
                                       "16",
                                       "model.dense_layers",
                                       "1",
                                       "model.experts",
                                       "4",
                                       "model.expert_width",
                                       "8",
                                       "rl.prompts",
                                       "4",
                                       "rl.group",
                                       "8",
                                       "rl.max_tokens",
                                       "4",
                                       "rl.baseline",
                                       "none",
                                       "rl.format",
                                       "0.1",
                                       "run.lanes",
                                       "3",
                                       "run.slots",
                                       "8",
                                       NULL};
    settings_init(s, scenario_find("tiny"));
    assign(s, base);
    assign(s, more);
}

/* A policy that is far from uniform, and a reference that differs from it. */
static void open_run(struct tiny_run *r, const char *const *more, int threads)
{
    struct settings s;
    struct rng g = rng_at(7, RNG_TEST, 30, 0, 0);
    open_settings(&s, more);
    tiny_run_init(r, &s, STAGE_GRPO, 5, threads);
    for (size_t j = 0; j < r->t.model.params.total; j++) {
        r->t.learner.w[j] *= (real)1.5;
        r->t.learner.ref_w[j] = r->t.learner.w[j] + (real)(0.05 * rng_normal(&g));
    }
}

static void look(struct tiny_run *r, int problems, int batches, struct oracle *out)
{
    struct oracle_settings s = {problems, G, batches, 3};
    struct err e;
    cr_assert_eq(oracle_run(&r->t, &s, NULL, NULL, out, &e), ST_OK, "%s", e.msg);
}

Test(oracle, probabilities_sum_to_one_over_all_completions)
{
    struct tiny_run r;
    struct oracle o;
    open_run(&r, NULL, 1);
    look(&r, 2, 2, &o);
    /* Six tokens, one of which ends: 1 + 5 + 25 that end early, and 125 * 6 of four tokens. */
    cr_assert_eq(o.outcomes, 781);
    cr_assert_float_eq(o.probability, 1, 1e-5);
    cr_assert(o.reward > 0 && o.reward < 1.1 && o.mean_length > 1 && o.mean_length < L && o.kl > 0.01);
    tiny_run_release(&r);
}

Test(oracle, a_policy_that_is_its_reference_has_no_kl)
{
    struct tiny_run r;
    struct oracle o;
    open_run(&r, NULL, 1);
    learner_reference(&r.t.learner);
    look(&r, 1, 2, &o);
    cr_assert_eq(o.kl, 0);
    for (int i = 0; i < KL_KIND_N; i++)
        cr_assert(o.token[i].mean == 0 && o.sequence[i].mean == 0 && o.token[i].deviation == 0 &&
                  o.sequence[i].stale == 0);
    tiny_run_release(&r);
}

/* Samples of the policy: k1 and k3 are unbiased, k2 is not. Samples of the reference: only the ratio of whole
 * sequences puts it right. */
Test(oracle, bias_of_the_kl_estimators)
{
    struct tiny_run r;
    struct oracle o;
    open_run(&r, NULL, 1);
    look(&r, 2, 300, &o);
    for (int by = 0; by < 2; by++) {
        const struct oracle_kl *x = by ? o.sequence : o.token;
        const struct oracle_kl *fair[] = {&x[KL_K1], &x[KL_K3], &x[KL_UNBIASED]};
        for (int i = 0; i < 3; i++) {
            cr_assert_float_eq(fair[i]->bias, 0, 1e-5 * o.kl, "by %d: bias %g of %g", by, fair[i]->bias,
                               o.kl);
            cr_assert(fair[i]->error > 0 && fabs(fair[i]->sampled - o.kl) < 4 * fair[i]->error,
                      "by %d: %g +- %g, not %g", by, fair[i]->sampled, fair[i]->error, o.kl);
        }
        cr_assert_gt(fabs(x[KL_K2].bias), 0.02 * o.kl, "by %d: k2 is biased: %g of %g", by, x[KL_K2].bias,
                     o.kl);
        cr_assert_lt(fabs(x[KL_K2].sampled - x[KL_K2].mean), 4 * x[KL_K2].error);
        cr_assert_gt(fabs(x[KL_K2].sampled - o.kl), 2 * x[KL_K2].error);
        cr_assert_gt(fabs(x[KL_K3].stale_bias), 0.1 * o.kl, "k3 of the reference's samples is biased");
    }
    cr_assert_float_eq(o.sequence[KL_UNBIASED].stale_bias, 0, 1e-4 * o.kl, "%g",
                       o.sequence[KL_UNBIASED].stale_bias);
    cr_assert_gt(fabs(o.token[KL_UNBIASED].stale_bias), 1e-3 * o.kl,
                 "a token's ratio leaves its prefix as it was");
    tiny_run_release(&r);
}

/* As losses: k1 pushes nowhere, k2 and the unbiased one as KL itself where they are of the sequence, k3
 * elsewhere. */
Test(oracle, gradients_of_the_kl_estimators)
{
    struct tiny_run r;
    struct oracle o;
    open_run(&r, NULL, 1);
    look(&r, 2, 2, &o);
    cr_assert(o.token[KL_K1].scale < 1e-3 && o.sequence[KL_K1].scale < 1e-3);
    for (int i = 0; i < 2; i++) {
        const struct oracle_kl *x = &o.sequence[i ? KL_K2 : KL_UNBIASED];
        cr_assert(x->cosine > 0.9999 && fabs(x->scale - 1) < 1e-3, "%g, %g", x->cosine, x->scale);
        x = &o.token[i ? KL_K2 : KL_UNBIASED];
        cr_assert(x->cosine < 0.9999 && x->cosine > 0, "a token's own term leaves out the later ones: %g",
                  x->cosine);
    }
    cr_assert_lt(o.sequence[KL_K3].cosine, o.sequence[KL_K2].cosine - 1e-3);
    tiny_run_release(&r);
}

static void near(const struct oracle_loss *x, double cosine, double scale, const char *name)
{
    cr_assert(fabs(x->cosine - cosine) < 1e-5 && fabs(x->scale - scale) < 1e-4 * scale,
              "%s: cosine %.7g, scale %.7g", name, x->cosine, x->scale);
}

/* Without std: what is unbiased, what is so but for a constant, and what 1/|o| turns aside. */
Test(oracle, directions_of_the_losses)
{
    struct tiny_run r;
    struct oracle o;
    const struct oracle_loss *x;
    const double others = (G - 1.0) / G;
    open_run(&r, NULL, 1);
    look(&r, 2, 40, &o);
    x = o.loss[ORACLE_STD_NONE];
    near(&x[LOSS_RLOO], 1, 1, "rloo");
    near(&x[LOSS_REINFORCE], 1, 1, "reinforce without baseline");
    near(&x[LOSS_R1], 1, others, "r1: the mean holds the trace itself");
    near(&x[LOSS_DR_GRPO], 1, others / L, "dr_grpo");
    cr_assert_float_eq(x[LOSS_RLOO].length, o.length, 1e-4 * fabs(o.length));
    cr_assert(x[LOSS_GRPO].cosine < 0.995, "1/|o| turns the direction: %g", x[LOSS_GRPO].cosine);
    cr_assert_gt(fabs(x[LOSS_GRPO].length - o.length), 0.01, "and its length: %g, %g", x[LOSS_GRPO].length,
                 o.length);
    cr_assert(x[LOSS_DAPO].cosine < 1 - 1e-6 && x[LOSS_DAPO].cosine > x[LOSS_GRPO].cosine,
              "dapo %g", x[LOSS_DAPO].cosine);
    cr_assert(x[LOSS_GSPO].cosine == x[LOSS_GRPO].cosine && x[LOSS_BNPO].cosine == x[LOSS_DAPO].cosine);
    /* With it: problems count by how hard they are. */
    cr_assert_lt(o.loss[ORACLE_STD_RUN][LOSS_DR_GRPO].cosine, 0.9999);
    tiny_run_release(&r);
}

/* The expectation over groups, by counting, against the mean of groups that were drawn; the expected reward
 * too. */
Test(oracle, samples_agree_with_the_expectations)
{
    static const char *const batch[] = {"rl.baseline",       "batch",      "rl.std",
                                        "population",        "rl.cut_off", "overlong",
                                        "rl.overlong_cache", "2",          NULL};
    for (int k = 0; k < 2; k++) {
        struct tiny_run r;
        struct oracle o;
        open_run(&r, k ? batch : NULL, 1);
        look(&r, 2, 400, &o);
        cr_assert_lt(fabs(o.reward_sampled - o.reward), 4 * o.reward_error);
        for (int i = 0; i < ORACLE_STDS * LOSS_KIND_N; i++) {
            const struct oracle_loss *x = &o.loss[i / LOSS_KIND_N][i % LOSS_KIND_N];
            cr_assert(x->sampled_distance > 0.2 && x->sampled_distance < 2.5, "loss %d, std %d: distance %g",
                      i % LOSS_KIND_N, i / LOSS_KIND_N, x->sampled_distance);
            cr_assert_gt(x->sampled_cosine, 0.85, "loss %d: cosine %g", i % LOSS_KIND_N, x->sampled_cosine);
        }
        if (k)
            near(&o.loss[0][LOSS_REINFORCE], 1, (G - 1.0) / G, "reinforce against the batch's mean");
        tiny_run_release(&r);
    }
}

Test(oracle, the_run_goes_on_as_if_nobody_had_looked)
{
    struct tiny_run a, b;
    struct oracle one, other;
    struct digest x, y;
    open_run(&a, NULL, 1);
    open_run(&b, NULL, 3);
    x = trainer_digest(&a.t);
    look(&a, 2, 5, &one);
    look(&b, 2, 5, &other);
    y = trainer_digest(&a.t);
    tiny_same(&x, &y, "looked at");
    cr_assert_arr_eq(&one, &other, sizeof one, "threads change the numbers");
    tiny_run_release(&b);
    open_run(&b, NULL, 1);
    tiny_run_step(&a, NULL);
    tiny_run_step(&b, NULL);
    x = trainer_digest(&a.t);
    y = trainer_digest(&b.t);
    tiny_same(&x, &y, "one step on");
    tiny_run_release(&a);
    tiny_run_release(&b);
}

Test(oracle, what_cannot_be_summed_is_refused)
{
    static const char *const longer[] = {"rl.max_tokens", "9", NULL};
    struct oracle_settings s = {1, G, 2, 3};
    struct settings set;
    struct tiny_run r;
    struct oracle o;
    struct err e;
    open_run(&r, longer, 1);
    cr_assert_eq(oracle_run(&r.t, &s, NULL, NULL, &o, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "more than 8192 completions"), "%s", e.msg);
    tiny_run_release(&r);
    tiny_settings(&set, NULL);
    tiny_run_init(&r, &set, STAGE_GRPO, 5, 1);
    cr_assert_eq(oracle_run(&r.t, &s, NULL, NULL, &o, &e), ST_USAGE, "countdown");
    tiny_run_release(&r);
    open_settings(&set, NULL);
    tiny_run_init(&r, &set, STAGE_COLD, 5, 1);
    cr_assert_eq(oracle_run(&r.t, &s, NULL, NULL, &o, &e), ST_USAGE, "a cold start");
    tiny_run_release(&r);
    open_run(&r, NULL, 1);
    for (int i = 0; i < 4; i++) {
        struct oracle_settings bad[] = {{0, G, 2, 3}, {5, G, 2, 3}, {1, 17, 2, 3}, {1, G, 0, 3}};
        cr_assert_eq(oracle_run(&r.t, &bad[i], NULL, NULL, &o, &e), ST_USAGE, "case %d", i);
    }
    tiny_run_release(&r);
}
