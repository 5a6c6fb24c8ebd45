/* The kernels for AVX2 and FMA. The target is set here, not by flags of the compiler, so that the rest of
 * the program runs on any CPU; kernels.c hands the table out only where the CPU has the instructions. */
#include "engine/nn/kernels.h"

#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)

#include <string.h>

#include "engine/nn/kernels_layout.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define VECMATH_AVX2
#include "engine/nn/vecmath.h"

#include "engine/nn/gemm_tiles.h"
#include "engine/nn/kernels_rows.h"

#include "engine/nn/kernels_experts.h"

#include "engine/nn/kernels_attention.h"

#include "engine/nn/kernels_attend.h"

#include "engine/nn/kernels_table.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct kernels kernels_avx2 = KERNELS_TABLE("avx2");

#endif
