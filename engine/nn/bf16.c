/* The choice of the bf16 kernels. */
#include "engine/nn/bf16.h"

#include "engine/nn/bf16_table.h"

static int runs_native(void)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("fma");
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

const struct bf16_kernels *bf16_find(const char *name)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    if (strcmp(name, "avx512_bf16") == 0)
        return runs_native() ? &bf16_avx512 : NULL;
    if (strcmp(name, "avx2") == 0)
        return runs_avx2() ? &bf16_avx2 : NULL;
#endif
    return strcmp(name, "portable") == 0 ? &bf16_portable : NULL;
}

const struct bf16_kernels *bf16_best(void)
{
    return bf16_find(runs_native() ? "avx512_bf16" : runs_avx2() ? "avx2" : "portable");
}
