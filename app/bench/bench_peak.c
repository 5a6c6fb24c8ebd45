/* What a core can do at most: fused multiply-adds on registers alone, as many as hide their latency. */
#include <math.h>

#include "app/bench/bench.h"

#ifdef __x86_64__

#include <immintrin.h>

enum { ROUNDS = 200000, CHAINS = 12 };

#define PEAK(name, isa, vector, lanes, fma, set)                                                             \
    __attribute__((target(isa))) static double name(float seed, double *sink)                                \
    {                                                                                                        \
        vector x[CHAINS], a = set(seed), b = set(1 - seed);                                                  \
        double begin;                                                                                        \
        for (int i = 0; i < CHAINS; i++)                                                                     \
            x[i] = set((float)i);                                                                            \
        begin = bench_now();                                                                                 \
        for (int r = 0; r < ROUNDS; r++)                                                                     \
            for (int i = 0; i < CHAINS; i++)                                                                 \
                x[i] = fma(x[i], a, b);                                                                      \
        begin = bench_now() - begin;                                                                         \
        for (int i = 0; i < CHAINS; i++)                                                                     \
            *sink += (double)((const float *)&x[i])[0];                                                      \
        return 2.0 * (lanes)*ROUNDS * CHAINS / begin / 1e9;                                                  \
    }

PEAK(peak_avx512, "avx512f", __m512, 16, _mm512_fmadd_ps, _mm512_set1_ps)
PEAK(peak_avx2, "avx2,fma", __m256, 8, _mm256_fmadd_ps, _mm256_set1_ps)

double bench_peak(void)
{
    /* volatile: the compiler may neither know the numbers nor leave the sums out. */
    volatile float seed = 0.5f;
    volatile double kept;
    double sink = 0, best = 0;
    int has512 = __builtin_cpu_supports("avx512f"),
        has2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (!has512 && !has2)
        return NAN;
    for (int i = 0; i < 20; i++)
        best = fmax(best, (has512 ? peak_avx512 : peak_avx2)(seed, &sink));
    kept = sink;
    (void)kept;
    return best;
}

#else

double bench_peak(void)
{
    return NAN;
}

#endif
