/* Attention, its backward and the decoding form, on every table that this machine runs, against plain loops
 * in double precision. Tolerance: 3e-6 (double build: 1e-13) of the largest number that can occur. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/nn/kernels.h"

enum { TABLES = 3, SEQUENCES = 7, LONGEST = 131 };

static const double close_enough = sizeof(real) == 4 ? 3e-6 : 1e-13;
static const int lengths[SEQUENCES] = {1, 5, 16, 28, 29, 67, LONGEST};

static const struct kernels *table(int i)
{
    static const char *const name[TABLES] = {"portable", "avx2", "avx512"};
    return kernels_find(name[i]);
}

static real *numbers(int n, uint32_t which)
{
    struct rng r = rng_at(7, RNG_TEST, 2, which, 0);
    real *x = malloc((size_t)(n + 1) * sizeof *x);
    cr_assert_not_null(x);
    for (int i = 0; i < n; i++)
        x[i] = (real)(2 * rng_unit(&r) - 1);
    return x;
}

struct shape {
    int H, Hk, dk, dv, ldq, ldk, ldv, ldo;
};

/* The tensors of one case; want_* in double by the reference. */
struct problem {
    struct shape s;
    struct packing seq;
    int begin[SEQUENCES + 1], T;
    real *q, *k, *v, *dout, *out, *lse, *dq, *dk_, *dv_, *scratch;
    double *want_out, *want_lse, *want_dq, *want_dk, *want_dv;
};

static double *zeros(int n)
{
    double *x = calloc((size_t)n + 1, sizeof *x);
    cr_assert_not_null(x);
    return x;
}

static void problem_init(struct problem *a, struct shape s)
{
    a->s = s;
    a->begin[0] = 0;
    for (int i = 0; i < SEQUENCES; i++)
        a->begin[i + 1] = a->begin[i] + lengths[i];
    a->seq = (struct packing){SEQUENCES, a->begin};
    int T = a->T = a->begin[SEQUENCES];
    a->q = numbers(T * s.ldq, 1), a->k = numbers(T * s.ldk, 2), a->v = numbers(T * s.ldv, 3);
    a->dout = numbers(T * s.ldo, 4), a->out = numbers(T * s.ldo, 5), a->lse = numbers(T * s.H, 6);
    a->dq = numbers(T * s.ldq, 7), a->dk_ = numbers(T * s.ldk, 8), a->dv_ = numbers(T * s.ldv, 9);
    a->scratch = malloc(attention_scratch(LONGEST, s.dk, s.dv) * sizeof(real));
    cr_assert_not_null(a->scratch);
    a->want_out = zeros(T * s.ldo), a->want_lse = zeros(T * s.H), a->want_dq = zeros(T * s.ldq);
    a->want_dk = zeros(T * s.ldk), a->want_dv = zeros(T * s.ldv);
}

static void problem_free(struct problem *a)
{
    free(a->q), free(a->k), free(a->v), free(a->dout), free(a->out), free(a->lse), free(a->dq), free(a->dk_);
    free(a->dv_), free(a->scratch), free(a->want_out), free(a->want_lse), free(a->want_dq), free(a->want_dk);
    free(a->want_dv);
}

/* Query row i of head h in a sequence that begins at row `from`: everything of FlashAttention's appendix, one
 * query. */
static void reference_query(struct problem *a, int from, int i, int h, double scale)
{
    const struct shape *s = &a->s;
    int n = i - from + 1, hk = h / (s->H / s->Hk);
    double p[LONGEST], dp[LONGEST], sum = 0, dot = 0;
    const real *q = a->q + i * s->ldq + h * s->dk, *dout = a->dout + i * s->ldo + h * s->dv;
    for (int j = 0; j < n; j++) {
        p[j] = dp[j] = 0;
        for (int d = 0; d < s->dk; d++)
            p[j] += (double)q[d] * a->k[(from + j) * s->ldk + hk * s->dk + d] * scale;
        for (int d = 0; d < s->dv; d++)
            dp[j] += (double)dout[d] * a->v[(from + j) * s->ldv + hk * s->dv + d];
        sum += exp(p[j]);
    }
    a->want_lse[i * s->H + h] = log(sum);
    for (int j = 0; j < n; j++) {
        p[j] = exp(p[j]) / sum;
        dot += p[j] * dp[j];
    }
    for (int j = 0; j < n; j++) {
        double g = p[j] * (dp[j] - dot) * scale;
        for (int d = 0; d < s->dv; d++) {
            a->want_out[i * s->ldo + h * s->dv + d] += p[j] * a->v[(from + j) * s->ldv + hk * s->dv + d];
            a->want_dv[(from + j) * s->ldv + hk * s->dv + d] += p[j] * dout[d];
        }
        for (int d = 0; d < s->dk; d++) {
            a->want_dq[i * s->ldq + h * s->dk + d] += g * a->k[(from + j) * s->ldk + hk * s->dk + d];
            a->want_dk[(from + j) * s->ldk + hk * s->dk + d] += g * q[d];
        }
    }
}

/* Columns below `width` against the reference; the others must be as numbers() made them. */
static void compare(const char *name, const char *what, int T, int width, int ld, const real *got,
                    const double *want, uint32_t which)
{
    real *before = numbers(T * ld, which);
    for (int i = 0; i < T * ld; i++) {
        if (i % ld < width)
            cr_assert(fabs(got[i] - want[i]) <= close_enough * 4, "%s %s[%d,%d] = %.9g, want %.9g", name,
                      what, i / ld, i % ld, (double)got[i], want[i]);
        else
            cr_assert_eq(got[i], before[i], "%s %s[%d,%d] was touched", name, what, i / ld, i % ld);
    }
    free(before);
}

static const struct shape shapes[] = {
    {1, 1, 8, 8, 8, 8, 8, 8},      {4, 4, 24, 16, 100, 96, 64, 70}, {4, 2, 16, 32, 64, 40, 64, 128},
    {4, 1, 40, 20, 163, 41, 23, 80}, {3, 3, 7, 5, 21, 21, 15, 15},    {2, 2, 64, 48, 128, 300, 96, 96},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

Test(kernels_attention, forward_and_backward)
{
    for (int c = 0; c < SHAPES * TABLES; c++) {
        const struct kernels *k = table(c % TABLES);
        const struct shape *s = &shapes[c / TABLES];
        struct problem a;
        double scale = 1.3;
        if (!k)
            continue;
        problem_init(&a, *s);
        for (int i = 0; i < SEQUENCES; i++)
            for (int t = a.begin[i]; t < a.begin[i + 1]; t++)
                for (int h = 0; h < s->H; h++)
                    reference_query(&a, a.begin[i], t, h, scale);
        k->attention(&a.seq, s->H, s->Hk, s->dk, s->dv, a.q, s->ldq, a.k, s->ldk, a.v, s->ldv, (real)scale,
                     a.out, s->ldo, a.lse, a.scratch);
        compare(k->name, "out", a.T, s->H * s->dv, s->ldo, a.out, a.want_out, 5);
        compare(k->name, "lse", a.T, s->H, s->H, a.lse, a.want_lse, 6);
        k->attention_backward(&a.seq, s->H, s->Hk, s->dk, s->dv, a.q, s->ldq, a.k, s->ldk, a.v, s->ldv,
                              (real)scale, a.out, a.dout, s->ldo, a.lse, a.dq, a.dk_, a.dv_, a.scratch);
        compare(k->name, "dq", a.T, s->H * s->dk, s->ldq, a.dq, a.want_dq, 7);
        compare(k->name, "dk", a.T, s->Hk * s->dk, s->ldk, a.dk_, a.want_dk, 8);
        compare(k->name, "dv", a.T, s->Hk * s->dv, s->ldv, a.dv_, a.want_dv, 9);
        problem_free(&a);
    }
}

/* A sequence alone and the same one packed with others: 0 bits differ. */
Test(kernels_attention, sequences_do_not_depend_on_each_other)
{
    for (int t = 0; t < TABLES; t++) {
        const struct shape *s = &shapes[1];
        struct problem a;
        if (!table(t))
            continue;
        problem_init(&a, *s);
        table(t)->attention(&a.seq, s->H, s->Hk, s->dk, s->dv, a.q, s->ldq, a.k, s->ldk, a.v, s->ldv, 1,
                            a.out, s->ldo, a.lse, a.scratch);
        for (int i = 0; i < SEQUENCES; i++) {
            int from = a.begin[i], alone[2] = {0, lengths[i]}, differ = 0;
            struct packing one = {1, alone};
            real *out = numbers(lengths[i] * s->ldo, 5), *lse = numbers(lengths[i] * s->H, 6);
            table(t)->attention(&one, s->H, s->Hk, s->dk, s->dv, a.q + from * s->ldq, s->ldq,
                                a.k + from * s->ldk, s->ldk, a.v + from * s->ldv, s->ldv, 1, out, s->ldo, lse,
                                a.scratch);
            for (int j = 0; j < lengths[i] * s->ldo; j++)
                differ +=
                    j % s->ldo < s->H * s->dv && memcmp(&out[j], &a.out[from * s->ldo + j], sizeof *out) != 0;
            cr_assert_eq(differ, 0, "%s sequence %d: %d differ", table(t)->name, i, differ);
            free(out), free(lse);
        }
        problem_free(&a);
    }
}

/* A NaN in one key makes the rows that see it NaN, lse included, and no other sequence's. */
Test(kernels_attention, passes_nan)
{
    for (int t = 0; t < TABLES; t++) {
        const struct shape *s = &shapes[0];
        struct problem a;
        if (!table(t))
            continue;
        problem_init(&a, *s);
        int at = a.begin[5] + 40;
        a.k[at * s->ldk + 3] = NAN;
        table(t)->attention(&a.seq, s->H, s->Hk, s->dk, s->dv, a.q, s->ldq, a.k, s->ldk, a.v, s->ldv, 1,
                            a.out, s->ldo, a.lse, a.scratch);
        for (int i = 0; i < a.T; i++)
            cr_assert_eq(isnan(a.lse[i]) && isnan(a.out[i * s->ldo]), i >= at && i < a.begin[6], "%s row %d",
                         table(t)->name, i);
        problem_free(&a);
    }
}

/* The cache's memory begins as NaN: positions past n must not count. Every n, so that every tail is met. */
static void attend_case(const struct kernels *k, int H, int Hk, int dk, int dv, int value_in_key)
{
    size_t size = cache_reals(LONGEST, Hk, dk, dv, value_in_key);
    real *cache = malloc(size * sizeof *cache),
         *scratch = malloc(attend_scratch(LONGEST, H, dk, dv) * sizeof *scratch);
    real *key = numbers(LONGEST * Hk * dk, 1), *value = numbers(LONGEST * Hk * dv, 2),
         *q = numbers(H * dk, 3);
    real *out = numbers(H * dv, 4);
    double scale = 1.1;
    cr_assert(cache && scratch);
    for (size_t i = 0; i < size; i++)
        cache[i] = NAN;
    for (int n = 1; n <= LONGEST; n++) {
        k->cache_put(n - 1, Hk, dk, dv, value_in_key, cache, key + (n - 1) * Hk * dk,
                     value_in_key ? NULL : value + (n - 1) * Hk * dv);
        k->attend(n, H, Hk, dk, dv, value_in_key, cache, q, (real)scale, out, scratch);
        for (int h = 0; h < H; h++) {
            int hk = h / (H / Hk);
            double p[LONGEST], sum = 0;
            for (int j = 0; j < n; j++) {
                double score = 0;
                for (int d = 0; d < dk; d++)
                    score += (double)q[h * dk + d] * key[(j * Hk + hk) * dk + d] * scale;
                sum += p[j] = exp(score);
            }
            for (int d = 0; d < dv; d++) {
                double want = 0;
                for (int j = 0; j < n; j++)
                    want += p[j] / sum *
                            (value_in_key ? key[(j * Hk + hk) * dk + d] : value[(j * Hk + hk) * dv + d]);
                cr_assert(fabs(out[h * dv + d] - want) <= close_enough,
                          "%s n %d head %d out[%d] = %.9g, want %.9g", k->name, n, h, d,
                          (double)out[h * dv + d], want);
            }
        }
    }
    free(cache), free(scratch), free(key), free(value), free(q), free(out);
}

Test(kernels_attention, attend)
{
    for (int t = 0; t < TABLES; t++) {
        if (!table(t))
            continue;
        attend_case(table(t), 4, 1, 64, 48, 1);
        attend_case(table(t), 7, 1, 21, 13, 1);
        attend_case(table(t), 4, 4, 24, 24, 0);
        attend_case(table(t), 8, 2, 32, 40, 0);
        attend_case(table(t), 6, 2, 9, 7, 0);
        attend_case(table(t), 2, 1, 16, 80, 0);
        attend_case(table(t), 1, 1, 5, 3, 1);
    }
}
