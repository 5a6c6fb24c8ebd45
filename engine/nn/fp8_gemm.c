/* The 14-bit accumulator. Products of codes have 8 bits, so doubles hold them and their aligned sums exactly;
 * a term is cut by floor() in units of the last place that is kept. */
#include "engine/nn/fp8_gemm.h"

#include <limits.h>
#include <math.h>

static double cut_to(double x, int exponent)
{
    return ldexp(floor(ldexp(x, FP8_ACCUMULATOR_BITS - 1 - exponent)), exponent - FP8_ACCUMULATOR_BITS + 1);
}

static int exponent_of(double x)
{
    return x == 0 ? INT_MIN : ilogb(x);
}

double fp8_accumulate14(double reg, const double *product, int n)
{
    int most = exponent_of(reg);
    double sum;
    for (int i = 0; i < n; i++) {
        int e = exponent_of(product[i]);
        most = e > most ? e : most;
    }
    if (most == INT_MIN || !isfinite(reg))
        return reg;
    sum = cut_to(reg, most);
    for (int i = 0; i < n; i++) {
        if (!isfinite(product[i]))
            return NAN;
        sum += cut_to(product[i], most);
    }
    return sum == 0 ? 0 : cut_to(sum, ilogb(sum));
}

static int ends(int k, int every)
{
    return every > 0 && k % every == 0;
}

static real dot(const struct fp8_gemm *g, const real *a, const real *a_scale, const real *b,
                const real *b_scale)
{
    double product[FP8_INSTRUCTION], reg = 0;
    real total = 0;
    int n = 0, from = 0;
    for (int k = 0; k < g->K; k++) {
        int next = k + 1, is_end = next == g->K || ends(next, g->a.segment) || ends(next, g->b.segment) ||
                                   ends(next, g->promote);
        product[n++] = (double)a[(size_t)k * g->a.depth] * (double)b[(size_t)k * g->b.depth];
        if (n == FP8_INSTRUCTION || is_end) {
            reg = fp8_accumulate14(reg, product, n);
            n = 0;
        }
        if (is_end) {
            real scale = a_scale[(size_t)from * g->a.depth] * b_scale[(size_t)from * g->b.depth];
            total += (real)reg * scale;
            reg = 0;
            from = next;
        }
    }
    return total;
}

void fp8_gemm14(const struct fp8_gemm *g, int accumulate, real *c)
{
    for (int i = 0; i < g->M; i++)
        for (int j = 0; j < g->N; j++) {
            size_t a = (size_t)i * g->a.along, b = (size_t)j * g->b.along;
            real *to = c + (size_t)i * (size_t)g->N + j, x = dot(g, g->a.value + a, g->a.scale + a,
                                                                 g->b.value + b, g->b.scale + b);
            *to = accumulate ? *to + x : x;
        }
}
