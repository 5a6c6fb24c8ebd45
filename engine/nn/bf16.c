/* The choice of the bf16 kernels: those of a table of kernels.h that this CPU runs, and VDPBF16PS where it is. */
#include "engine/nn/bf16.h"

#include <string.h>

#include "engine/nn/bf16_table.h"
#include "engine/nn/kernels.h"

const struct bf16_kernels *bf16_find(const char *name)
{
#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)
    if (strcmp(name, "avx512_bf16") == 0)
        return kernels_find("avx512") && __builtin_cpu_supports("avx512bf16") ? &bf16_avx512 : NULL;
    if (strcmp(name, "avx2") == 0)
        return kernels_find("avx2") ? &bf16_avx2 : NULL;
#endif
    return strcmp(name, "portable") == 0 ? &bf16_portable : NULL;
}

const struct bf16_kernels *bf16_best(void)
{
    const struct bf16_kernels *k = bf16_find("avx512_bf16");
    if (!k)
        k = bf16_find("avx2");
    return k ? k : bf16_find("portable");
}
