/* bf16: rounding on every code and beside it, the layouts, and products in every form: against double within
 * a bound, the CPU's own instruction against its emulations to the bit, rows that do not depend on others. */
#include <criterion/criterion.h>
#include <float.h>
#include <jansson.h>
#include <math.h>

#include "engine/base/rng.h"
#include "engine/nn/bf16.h"

static const char *const name[] = {"portable", "avx2", "avx512_bf16"};
enum { KERNELS = 3, MOST = 70 * 70 };

static float of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint32_t bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

Test(bf16, every_code_is_its_own_and_ties_are_even)
{
    for (uint32_t code = 0; code <= 0xffff; code++) {
        uint32_t size = code & 0x7fff, got = bf16_round(bf16_value((uint16_t)code));
        if (size < 0x80)   /* below the normal range */
            cr_assert_eq(got, code & 0x8000, "%x", code);
        else if (size > 0x7f80)
            cr_assert(got == (code | 0x40), "%x: a NaN stays one and is quiet", code);
        else
            cr_assert_eq(got, code, "%x", code);
        if (size < 0x80 || size >= 0x7f80)
            continue;
        cr_assert_eq(bf16_round(of_bits(code << 16 | 0x7fff)), code);
        cr_assert_eq(bf16_round(of_bits(code << 16 | 0x8000)), code + (code & 1), "%x: half way", code);
        cr_assert_eq(bf16_round(of_bits(code << 16 | 0x8001)), code + 1);
        cr_assert_eq(bf16_round(of_bits(code << 16 | 0xffff)), code + 1);
    }
}

Test(bf16, the_ends)
{
    cr_assert_eq(bf16_round(0), 0);
    cr_assert_eq(bf16_round(-0.0f), 0x8000);
    cr_assert_eq(bf16_round(FLT_MAX), 0x7f80, "nearer to infinity than to the largest code");
    cr_assert_eq(bf16_round(-INFINITY), 0xff80);
    cr_assert_eq(bf16_round(FLT_MIN), 0x0080);
    cr_assert_eq(bf16_round(-nextafterf(FLT_MIN, 0)), 0x8000);
    cr_assert_eq(bf16_round(of_bits(0x7f800001)), 0x7fc0, "no NaN becomes an infinity");
    cr_assert_eq(bf16_round(1 + 0x1p-8f), 0x3f80);
    cr_assert_eq(bf16_round(1 + 0x3p-8f), 0x3f82);
}

Test(bf16, rounding_is_as_the_independent_script_has_it)
{
    json_t *root = json_load_file("tests/golden/bf16_linear.json", 0, NULL), *pair;
    size_t i;
    cr_assert_gt(json_array_size(json_object_get(root, "codes")), 40);
    json_array_foreach(json_object_get(root, "codes"), i, pair)
    {
        uint32_t from = (uint32_t)json_integer_value(json_array_get(pair, 0));
        cr_assert_eq(bf16_round(of_bits(from)), json_integer_value(json_array_get(pair, 1)), "%08x", from);
    }
    json_decref(root);
}

static uint16_t half(const float *pairs, size_t i, int which)
{
    return (uint16_t)(bits(pairs[i]) >> (which ? 16 : 0));
}

/* Every kind of number: ties, NaN and what is below the normal range too. */
static void any_bits(float *x, int n)
{
    struct rng r = rng_at(3, RNG_TEST, 1, 0, 0);
    for (int i = 0; i < n; i++) {
        uint32_t u = (uint32_t)rng_below(&r, 1 << 16) << 16 | (uint32_t)rng_below(&r, 1 << 16);
        u = i % 3 == 0 ? (u & 0xffff0000) | 0x8000 : u;
        x[i] = of_bits(i % 5 == 0 ? u & 0x80ffffff : i % 7 == 0 ? u | 0x7f800000 : u);
    }
}

Test(bf16, operands_lie_in_pairs)
{
    static const int shape[][2] = {{1, 1},  {2, 2},  {3, 5},   {5, 31}, {4, 32},
                                   {7, 33}, {8, 47}, {33, 64}, {9, 67}};
    static float x[MOST], pairs[MOST + 1];
    any_bits(x, MOST);
    for (int k = 0; k < KERNELS; k++) {
        const struct bf16_kernels *b = bf16_find(name[k]);
        for (size_t s = 0; b && s < sizeof shape / sizeof *shape; s++) {
            int n = shape[s][0], cols = shape[s][1], across = bf16_pairs(cols);
            pairs[n * across] = 42;
            b->rows(n, cols, x, pairs);
            cr_assert_eq(pairs[n * across], 42, "%s wrote past the end", name[k]);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < 2 * across; j++)
                    cr_assert_eq(half(pairs, (size_t)(i * across + j / 2), j % 2),
                                 j < cols ? bf16_round(x[i * cols + j]) : 0, "%s [%d,%d] at %d,%d", name[k],
                                 n, cols, i, j);
            pairs[bf16_pairs(n) * cols] = 42;
            b->stack(n, cols, x, pairs);
            cr_assert_eq(pairs[bf16_pairs(n) * cols], 42, "%s wrote past the end", name[k]);
            for (int i = 0; i < 2 * bf16_pairs(n); i++)
                for (int j = 0; j < cols; j++)
                    cr_assert_eq(half(pairs, (size_t)(i / 2 * cols + j), i % 2),
                                 i < n ? bf16_round(x[i * cols + j]) : 0, "%s [%d,%d] at %d,%d", name[k], n,
                                 cols, i, j);
        }
    }
}

/* One product: a [M,K] and b [K,N] in the form that ta and tb say, random and rounded. */
struct product {
    int M, N, K, ta, tb;
    float a[MOST], b[MOST], left[MOST], right[MOST], start[MOST];
};

static void product_init(struct product *p, int M, int N, int K, int ta, int tb, int exponent)
{
    struct rng r = rng_at(4, RNG_TEST, (uint32_t)(M * 1000 + N), (uint32_t)K, 0);
    p->M = M, p->N = N, p->K = K, p->ta = ta, p->tb = tb;
    for (int i = 0; i < M * K; i++)
        p->a[i] = bf16_value(bf16_round((float)ldexp(rng_normal(&r), rng_below(&r, 5) + exponent)));
    for (int i = 0; i < K * N; i++)
        p->b[i] = bf16_value(bf16_round((float)ldexp(rng_normal(&r), rng_below(&r, 5) + exponent)));
    for (int i = 0; i < M * N; i++)
        p->start[i] = (float)ldexp(rng_normal(&r), 2 * exponent);
}

static float a_at(const struct product *p, int i, int k)
{
    return p->ta ? p->a[k * p->M + i] : p->a[i * p->K + k];
}

static float b_at(const struct product *p, int k, int j)
{
    return p->tb ? p->b[j * p->K + k] : p->b[k * p->N + j];
}

static void run(const struct bf16_kernels *k, struct product *p, int accumulate, float *c)
{
    (p->ta ? k->stack : k->rows)(p->ta ? p->K : p->M, p->ta ? p->M : p->K, p->a, p->left);
    (p->tb ? k->rows : k->stack)(p->tb ? p->N : p->K, p->tb ? p->K : p->N, p->b, p->right);
    memcpy(c, p->start, (size_t)(p->M * p->N) * sizeof *c);
    k->gemm(p->ta, p->tb, p->M, p->N, bf16_pairs(p->K), p->left, p->right, accumulate, c);
}

static const int size[][3] = {{1, 1, 1},  {1, 17, 3},  {2, 33, 2},  {5, 64, 7},   {7, 65, 16}, {8, 31, 33},
                              {14, 32, 40}, {15, 48, 1}, {29, 50, 67}, {64, 70, 70}, {70, 16, 65}};
enum { SIZES = sizeof size / sizeof *size };

/* Each step rounds once: with K products and their signs at most 2^-24 (K + 1) of the sum of sizes. */
Test(bf16, products_are_near_those_in_double)
{
    static struct product p;
    static float c[MOST];
    for (int k = 0; k < KERNELS; k++)
        for (int s = 0; bf16_find(name[k]) && s < SIZES; s++)
            for (int form = 0; form < 8; form++) {
                product_init(&p, size[s][0], size[s][1], size[s][2], form & 1, form >> 1 & 1, -2);
                run(bf16_find(name[k]), &p, form >> 2, c);
                for (int i = 0; i < p.M * p.N; i++) {
                    double want = form >> 2 ? (double)p.start[i] : 0, most = fabs(want);
                    for (int q = 0; q < p.K; q++) {
                        double x = (double)a_at(&p, i / p.N, q) * (double)b_at(&p, q, i % p.N);
                        want += x;
                        most += fabs(x);
                    }
                    cr_assert_leq(fabs((double)c[i] - want), ldexp(p.K + 2, -24) * most,
                                  "%s [%d,%d,%d] form %d: %.9g, not %.9g", name[k], p.M, p.N, p.K, form,
                                  (double)c[i], want);
                }
            }
}

/* Sizes from the normal numbers' middle to their lower and upper end, where products leave the range. */
Test(bf16, the_instruction_and_its_emulations_have_the_same_bits)
{
    static const int exponent[] = {0, -45, -61, -63, -65, -70, 60, 63};
    static struct product p;
    static float want[MOST], c[MOST];
    for (size_t x = 0; x < sizeof exponent / sizeof *exponent; x++)
        for (int s = 0; s < SIZES; s++)
            for (int form = 0; form < 8; form++) {
                product_init(&p, size[s][0], size[s][1], size[s][2], form & 1, form >> 1 & 1, exponent[x]);
                run(bf16_find("portable"), &p, form >> 2, want);
                for (int k = 1; k < KERNELS; k++) {
                    if (!bf16_find(name[k]))
                        continue;
                    run(bf16_find(name[k]), &p, form >> 2, c);
                    for (int i = 0; i < p.M * p.N; i++)
                        cr_assert(bits(c[i]) == bits(want[i]) || (isnan(c[i]) && isnan(want[i])),
                                  "%s 2^%d [%d,%d,%d] form %d at %d: %a, not %a", name[k], exponent[x], p.M,
                                  p.N, p.K, form, i, (double)c[i], (double)want[i]);
                }
            }
}

Test(bf16, what_is_below_the_normal_range_is_zero)
{
    const float tiny = 0x1p-100f, x[2] = {tiny, 0}, y[2] = {tiny, 0};
    float a[1], b[1];
    for (int k = 0; k < KERNELS; k++) {
        const struct bf16_kernels *g = bf16_find(name[k]);
        float c = nextafterf(FLT_MIN, 0), d = FLT_MIN;
        if (!g)
            continue;
        g->rows(1, 2, x, a);
        g->rows(1, 2, y, b);
        g->gemm(0, 1, 1, 1, 1, a, b, 1, &c);
        g->gemm(0, 1, 1, 1, 1, a, b, 1, &d);
        cr_assert_eq(bits(c), 0, "%s: %a", name[k], (double)c);
        cr_assert_eq(d, FLT_MIN, "%s: %a", name[k], (double)d);
        d = nextafterf(FLT_MIN, 0);
        cr_assert_neq(d * 1, 0, "%s left the processor's mode changed", name[k]);
    }
}

Test(bf16, a_row_does_not_depend_on_its_company)
{
    static struct product p;
    static float all[MOST], some[MOST], left[MOST];
    for (int k = 0; k < KERNELS; k++) {
        const struct bf16_kernels *g = bf16_find(name[k]);
        for (int s = 0; g && s < SIZES; s++) {
            int M = size[s][0], N = size[s][1], K = size[s][2], across = bf16_pairs(K);
            product_init(&p, M, N, K, 0, s % 2, 0);
            run(g, &p, 0, all);
            memcpy(left, p.left, sizeof left);
            for (int first = 0; first < M; first++)
                for (int n = 1; first + n <= M; n += 1 + n / 3) {
                    g->gemm(0, p.tb, n, N, across, left + first * across, p.right, 0, some);
                    cr_assert_arr_eq(some, all + first * N, (size_t)(n * N) * sizeof *some,
                                     "%s [%d,%d,%d]: rows %d to %d", name[k], M, N, K, first, first + n - 1);
                }
        }
    }
}

Test(bf16, kernels_are_found_by_name)
{
    cr_assert_null(bf16_find("amx"));
    cr_assert_not_null(bf16_find("portable"));
    cr_assert(bf16_best() == bf16_find("avx512_bf16") || !bf16_find("avx512_bf16"));
}
