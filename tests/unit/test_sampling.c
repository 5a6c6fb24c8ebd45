/* sample_token: the distribution of what it draws, greedy choice, nucleus and top-k, and what it says of
 * itself. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/rl/rollout.h"

enum { V = 8, DRAWS = 20000 };

static const real weight[V] = {0.30f, 0.22f, 0.18f, 0.12f, 0.09f, 0.05f, 0.04f, 0.0f};

static struct sampling plain(void)
{
    return (struct sampling){.temperature = 1, .top_p = 1, .max_tokens = 9, .seed = 42, .stream = RNG_SAMPLE,
                             .step = 7};
}

/* Draws from weight; count [V]. */
static void draw_many(const struct sampling *s, int *count)
{
    memset(count, 0, V * sizeof *count);
    for (int i = 0; i < DRAWS; i++) {
        real p[V];
        float logp, entropy = 0;
        int token;
        memcpy(p, weight, sizeof p);
        token = sample_token(V, p, s, (uint32_t)i / 400, (uint32_t)i / 20 % 20, (uint32_t)i % 20, &logp,
                             &entropy);
        cr_assert(token >= 0 && token < V);
        cr_assert_gt(p[token], 0, "a token of probability 0 was drawn");
        cr_assert_eq(logp, logf(p[token]));
        count[token]++;
    }
}

static double chi_square(const int *count, const double *expected)
{
    double x = 0;
    for (int v = 0; v < V; v++)
        if (expected[v] > 0)
            x += (count[v] - expected[v]) * (count[v] - expected[v]) / expected[v];
        else
            cr_assert_eq(count[v], 0, "token %d is outside the set", v);
    return x;
}

/* Six degrees of freedom: 22.5 is exceeded once in a thousand; the seed is fixed. */
Test(sampling, follows_the_distribution)
{
    struct sampling s = plain();
    double expected[V];
    int count[V];
    draw_many(&s, count);
    for (int v = 0; v < V; v++)
        expected[v] = DRAWS * (double)weight[v];
    cr_assert_lt(chi_square(count, expected), 22.5);
    /* and the statistic would notice a shift of one point in a hundred */
    expected[0] -= 0.015 * DRAWS;
    expected[6] += 0.015 * DRAWS;
    cr_assert_gt(chi_square(count, expected), 22.5);
}

Test(sampling, nucleus_follows_the_renormalised_distribution)
{
    struct sampling s = plain();
    double expected[V] = {0};
    int count[V];
    s.top_p = 0.6;   /* 0.30 + 0.22 < 0.6 <= 0.30 + 0.22 + 0.18 */
    draw_many(&s, count);
    for (int v = 0; v < 3; v++)
        expected[v] = DRAWS * (double)weight[v] / 0.70;
    cr_assert_lt(chi_square(count, expected), 13.8);
}

/* What truncation leaves of weight: the number of tokens kept, renormalised, and its entropy. */
static void check_kept(double top_p, int top_k, int kept)
{
    struct sampling s = plain();
    real p[V];
    float logp, entropy = -1;
    double mass = 0, sum = 0, h = 0;
    s.top_p = top_p;
    s.top_k = top_k;
    memcpy(p, weight, sizeof p);
    sample_token(V, p, &s, 1, 2, 3, &logp, &entropy);
    for (int v = 0; v < kept; v++)
        mass += (double)weight[v];
    for (int v = 0; v < V; v++) {
        double want = v < kept ? (double)weight[v] / mass : 0;
        cr_assert_float_eq(p[v], want, 1e-6, "top_p %g, top_k %d: token %d has %g, not %g", top_p, top_k, v,
                           (double)p[v], want);
        sum += (double)p[v];
        h -= p[v] > 0 ? (double)p[v] * log((double)p[v]) : 0;
    }
    cr_assert_float_eq(sum, 1, 1e-6);
    cr_assert_float_eq(entropy, h, 1e-6, "entropy is that of the distribution that was sampled");
}

Test(sampling, truncation_keeps_exactly_the_nucleus)
{
    check_kept(0.001, 0, 1);
    check_kept(0.29, 0, 1);
    check_kept(0.31, 0, 2);
    check_kept(0.51, 0, 2);
    check_kept(0.53, 0, 3);
    check_kept(0.95, 0, 6);
    check_kept(0.97, 0, 7);
    check_kept(1, 1, 1);
    check_kept(1, 4, 4);
    check_kept(0.53, 2, 2);
    check_kept(0.53, 5, 3);
}

/* Equally likely tokens: no more than asked for are kept, the lower ids. */
Test(sampling, ties_do_not_widen_the_set)
{
    for (int k = 1; k < V; k++) {
        struct sampling s = plain();
        real p[V];
        float logp, entropy;
        for (int v = 0; v < V; v++)
            p[v] = (real)1 / V;
        s.top_k = k;
        sample_token(V, p, &s, 1, 2, 3, &logp, &entropy);
        for (int v = 0; v < V; v++)
            cr_assert_float_eq(p[v], v < k ? 1.0 / k : 0, 1e-6, "top_k %d: token %d has %g", k, v,
                               (double)p[v]);
    }
}

/* The order of the ids does not matter to the nucleus. */
Test(sampling, nucleus_of_shuffled_tokens)
{
    static const int place[V] = {5, 0, 7, 2, 6, 1, 4, 3};
    struct sampling s = plain();
    real p[V];
    float logp, entropy;
    for (int v = 0; v < V; v++)
        p[place[v]] = weight[v];
    s.top_p = 0.8;
    sample_token(V, p, &s, 1, 2, 3, &logp, &entropy);
    for (int v = 0; v < V; v++)
        cr_assert_eq(p[place[v]] > 0, v < 4);
}

Test(sampling, greedy_takes_the_most_likely)
{
    struct sampling s = plain();
    real p[V] = {0.1f, 0.2f, 0.35f, 0.35f, 0, 0, 0, 0};
    float logp = 0, entropy = 0;
    s.temperature = 0;
    cr_assert_eq(sample_token(V, p, &s, 0, 0, 0, &logp, &entropy), 2, "the first of equals");
    cr_assert_float_eq(logp, log(0.35), 1e-6);
}

Test(sampling, not_a_number_is_said)
{
    for (int mode = 0; mode < 4; mode++) {
        struct sampling s = plain();
        real p[V];
        float logp = 0, entropy = 0;
        int token;
        for (int v = 0; v < V; v++)
            p[v] = (real)NAN;
        s.temperature = mode == 1 ? 0 : 1;
        s.top_p = mode == 2 ? 0.9 : 1;
        s.top_k = mode == 3 ? 3 : 0;
        token = sample_token(V, p, &s, 0, 0, 0, &logp, &entropy);
        cr_assert(token >= 0 && token < V);
        cr_assert(isnan(logp), "mode %d: log-probability %g of a distribution that is not one", mode,
                  (double)logp);
    }
}

/* Rounding may leave the sum of probabilities below a draw next to 1: the last possible token is taken then.
 * */
Test(sampling, short_sums_still_give_a_token)
{
    struct sampling s = plain();
    for (uint32_t i = 0; i < 200; i++) {
        real p[V] = {0.02f, 0.02f, 0, 0.01f, 0, 0, 0, 0};
        float logp, entropy;
        int token = sample_token(V, p, &s, i, 0, 0, &logp, &entropy);
        cr_assert(token == 0 || token == 1 || token == 3);
    }
}

/* A draw is a function of its place: any part of the key changes it, nothing else does. */
Test(sampling, depends_on_its_place_alone)
{
    struct sampling s = plain();
    int changed[6] = {0};
    for (uint32_t i = 0; i < 100; i++) {
        struct sampling other[6] = {s, s, s, s, s, s};
        real p[V];
        float logp, entropy;
        int first;
        memcpy(p, weight, sizeof p);
        first = sample_token(V, p, &s, i, 3, 4, &logp, &entropy);
        cr_assert_eq(sample_token(V, p, &s, i, 3, 4, &logp, &entropy), first);
        other[3].step++;
        other[4].seed++;
        other[5].stream = RNG_EVAL;
        for (int j = 0; j < 6; j++)
            changed[j] += sample_token(V, p, &other[j], i + 1000 * (j == 0), 3 + (j == 1), 4 + (j == 2),
                                       &logp, &entropy) != first;
    }
    for (int j = 0; j < 6; j++)
        cr_assert(changed[j] > 50 && changed[j] < 100, "part %d of the key: %d of 100 draws differ", j,
                  changed[j]);
}
