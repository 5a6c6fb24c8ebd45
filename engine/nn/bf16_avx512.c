/* The bf16 kernels where the CPU has AVX512_BF16. */
#include "engine/nn/bf16_table.h"

#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma")
#endif

#define VECMATH_AVX512
#include "engine/nn/vecmath.h"

V_INLINE vec v_dot(vec a, vec b, vec c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

/* The codes of v in the lower halves of the lanes. */
V_INLINE __m512i v_codes(vec v)
{
    return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(v));
}

V_INLINE vec v_pair(vec low, vec high)
{
    return _mm512_castsi512_ps(_mm512_or_si512(v_codes(low), _mm512_slli_epi32(v_codes(high), 16)));
}

/* Pairs of neighbours: of the numbers of a, then of b. */
V_INLINE vec v_pair_along(vec a, vec b)
{
    return (vec)_mm512_cvtne2ps_pbh(b, a);
}

#define GEMM_MULTIPLY v_dot
#include "engine/nn/gemm_tiles.h"

#include "engine/nn/bf16_body.h"

const struct bf16_kernels bf16_avx512 = {"avx512_bf16", rows, stack, pair_gemm};

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
