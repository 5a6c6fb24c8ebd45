/* The choice of a kernel table, and the sizes that all tables share. */
#include "engine/nn/kernels.h"

#include <string.h>

#include "engine/nn/blas.h"
#include "engine/nn/kernels_layout.h"
#include "engine/nn/kernels_table.h"

size_t attention_scratch(int longest, int dk, int dv)
{
    return attention_ld(longest) * ((size_t)(dk + dv + 2 * ATTENTION_ROWS) + padded(dk) + padded(dv));
}

size_t attend_scratch(int longest, int H, int dk, int dv)
{
    (void)dk;
    (void)dv;
    return padded(longest) * (size_t)H;
}

/* Four heads at a time; values are kept four dimensions together, at most CACHE_BLOCK lanes each. */
size_t attend_pages_scratch(int page, int dv)
{
    return 4 * (padded(ATTEND_PAGES * page) + (size_t)(dv + 3) * CACHE_BLOCK);
}

size_t cache_reals(int positions, int Hk, int dk, int dv, int value_in_key)
{
    return padded(positions) / CACHE_BLOCK * cache_block_reals(Hk, dk, dv, value_in_key);
}

static int runs_avx512(void)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

static int runs_avx2(void)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

const struct kernels *kernels_find(const char *name)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    if (strcmp(name, "avx512") == 0)
        return runs_avx512() ? &kernels_avx512 : NULL;
    if (strcmp(name, "avx2") == 0)
        return runs_avx2() ? &kernels_avx2 : NULL;
#endif
    if (strcmp(name, "portable") != 0)
        return NULL;
    blas_init();
    return &kernels_portable;
}

const struct kernels *kernels_best(void)
{
    return kernels_find(runs_avx512() ? "avx512" : runs_avx2() ? "avx2" : "portable");
}
