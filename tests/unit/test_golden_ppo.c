/* PPO's advantages, losses and gradients against an independent script (tests/golden/make_ppo.py). */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/rl/ppo.h"

enum { P = 2, G = 2, CAP = 8 };

/* What the engine keeps as a real is rounded in the build of single precision. */
static const double TOLERANCE = sizeof(real) == sizeof(double) ? 1e-12 : 1e-7;

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    cr_assert(json_is_number(v), "%s", key);
    return json_number_value(v);
}

static int list(const json_t *o, const char *key, double *out)
{
    const json_t *v = json_object_get(o, key);
    cr_assert(json_is_array(v) && json_array_size(v) <= CAP, "%s", key);
    for (size_t i = 0; i < json_array_size(v); i++)
        out[i] = json_number_value(json_array_get(v, i));
    return (int)json_array_size(v);
}

static void close_to(double got, double want, double tolerance, const char *what, const json_t *o)
{
    cr_assert(fabs(got - want) <= tolerance * fmax(1, fabs(want)), "%s: %s is %.15g, not %.15g",
              json_string_value(json_object_get(o, "case")), what, got, want);
}

struct golden_case {
    struct arena arena;
    struct batch b;
    struct ppo ppo;
    struct ppo_settings s;
    struct objective o;
};

static void load(struct golden_case *c, const json_t *o)
{
    const json_t *traces = json_object_get(o, "trace");
    struct err e;
    memset(c, 0, sizeof *c);
    cr_assert_eq(arena_init(&c->arena, "ppo", (size_t)8 << 20, &e), ST_OK);
    cr_assert_eq(batch_init(&c->b, P, G, CAP, &c->arena, &e), ST_OK);
    cr_assert_eq(ppo_init(&c->ppo, &c->b, &c->arena, &e), ST_OK);
    c->s = (struct ppo_settings){.is_on = 1,
                                 .lambda = number(o, "gae_lambda"),
                                 .gamma = number(o, "gamma"),
                                 .value_clip = number(o, "value_clip"),
                                 .value_weight = number(o, "value_weight"),
                                 .kl_reward = number(o, "kl_reward"),
                                 .normalise = (int)number(o, "normalise")};
    c->o = (struct objective){.loss = LOSS_DAPO,
                              .eps_low = number(o, "eps_low"),
                              .eps_high = number(o, "eps_high"),
                              .beta = number(o, "beta")};
    cr_assert_eq(json_array_size(traces), P * G);
    for (int i = 0; i < P * G; i++) {
        const json_t *x = json_array_get(traces, (size_t)i);
        double old[CAP], ref[CAP], value[CAP];
        real kept[CAP];
        int n = list(x, "old", old);
        atomic_store(&c->b.n[i], n);
        c->b.reward[i] = number(x, "reward");
        list(x, "ref", ref);
        list(x, "value_old", value);
        for (int t = 0; t < n; t++) {
            c->b.logp_old[i * CAP + t] = (float)old[t];
            c->b.logp_ref[i * CAP + t] = (float)ref[t];
            kept[t] = (real)value[t];
        }
        ppo_keep(&c->ppo, &c->b, i, kept);
    }
    ppo_weigh(&c->ppo, &c->b, &c->s);
}

/* One trace's advantages and gradients; adds its losses. */
static void check_trace(struct golden_case *c, const json_t *o, int i, double tokens, double sum[4])
{
    const json_t *x = json_array_get(json_object_get(o, "trace"), (size_t)i);
    double logp[CAP], old[CAP], ref[CAP], value[CAP], want[CAP], ratio[CAP], kl[CAP], grad[CAP], mean = 0;
    const double *A = c->b.token_advantage + i * CAP;
    unsigned char clipped[CAP];
    struct sequence_terms out = {.ratio = ratio, .clipped = clipped, .kl = kl, .grad = grad};
    real now[CAP], dvalue[CAP];
    int n = list(x, "logp", logp);
    list(x, "old", old);
    list(x, "ref", ref);
    list(x, "value", value);
    list(x, "advantage", want);
    for (int t = 0; t < n; t++) {
        close_to(A[t], want[t], 1e-12, "advantage", o);
        mean += want[t] / n;
        now[t] = (real)value[t];
    }
    close_to(c->b.advantage[i], mean, 1e-12, "mean advantage", o);
    list(x, "return", want);
    for (int t = 0; t < n; t++)
        close_to(c->ppo.ret[i * CAP + t], want[t], 1e-12, "return", o);
    ppo_policy(&c->o, tokens, n, logp, old, ref, A, &out);
    list(x, "dlogp", want);
    for (int t = 0; t < n; t++)
        close_to(grad[t], want[t], 1e-12, "d loss / d logp", o);
    sum[0] += out.policy_loss;
    sum[1] += out.loss;
    sum[2] += ppo_value(&c->ppo, &c->b, &c->s, i, tokens, now, dvalue);
    sum[3] += out.clip_low + out.clip_high;
    list(x, "dvalue", want);
    for (int t = 0; t < n; t++)
        close_to((double)dvalue[t], want[t], TOLERANCE, "d loss / d value", o);
}

Test(golden_ppo, advantages_losses_and_gradients)
{
    json_error_t at;
    json_t *root = json_load_file("tests/golden/ppo.json", 0, &at);
    const json_t *cases = json_object_get(root, "cases");
    int clipped = 0;
    cr_assert(root, "%s", at.text);
    cr_assert_geq(json_array_size(cases), 5);
    for (size_t k = 0; k < json_array_size(cases); k++) {
        const json_t *o = json_array_get(cases, k);
        struct golden_case c;
        struct ppo_stats stats;
        double sum[4] = {0}, tokens = 0;
        load(&c, o);
        for (int i = 0; i < P * G; i++)
            tokens += c.b.n[i];
        for (int i = 0; i < P * G; i++)
            check_trace(&c, o, i, tokens, sum);
        stats = ppo_measure(&c.ppo, &c.b);
        close_to(sum[0], number(o, "policy_loss"), 1e-12, "policy loss", o);
        close_to(sum[1] + c.s.value_weight * sum[2], number(o, "loss"), 1e-12, "loss", o);
        close_to(sum[2], number(o, "value_loss"), 1e-12, "value loss", o);
        close_to(sum[3], number(o, "clipped"), 0, "clipped tokens", o);
        close_to(stats.explained_variance, number(o, "explained_variance"), 1e-12, "explained variance", o);
        close_to(stats.value_mean, number(o, "value_mean"), 1e-12, "mean value", o);
        clipped += sum[3] > 0;
        arena_release(&c.arena);
    }
    cr_assert_gt(clipped, 0, "the cases reach the clip");
    json_decref(root);
}
