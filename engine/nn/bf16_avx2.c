/* The bf16 kernels with AVX2: VDPBF16PS step by step. That instruction takes and leaves 0 for what is below
 * the normal range whatever the control register says, so the register says the same while a product runs. */
#include "engine/nn/bf16_table.h"

#if defined(__x86_64__) && !defined(GRPOLAB_DOUBLE)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define VECMATH_AVX2
#include "engine/nn/vecmath.h"

enum { FLUSH = 0x8040 };   /* MXCSR: results and operands below the normal range are 0 */

V_INLINE vec v_high(vec pair)
{
    return _mm256_and_ps(pair, _mm256_castsi256_ps(_mm256_set1_epi32((int)0xffff0000u)));
}

V_INLINE vec v_low(vec pair)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(pair), 16));
}

V_INLINE vec v_dot(vec a, vec b, vec c)
{
    return v_fma(v_low(a), v_low(b), v_fma(v_high(a), v_high(b), c));
}

/* As bf16_round, the code in the lower half of each lane. */
V_INLINE __m256i v_codes(vec v)
{
    __m256i u = _mm256_castps_si256(v), size = _mm256_and_si256(u, _mm256_set1_epi32(0x7fffffff));
    __m256i top = _mm256_srli_epi32(u, 16), even = _mm256_and_si256(top, _mm256_set1_epi32(1));
    __m256i most = _mm256_add_epi32(even, _mm256_set1_epi32(0x7fff));
    __m256i near = _mm256_srli_epi32(_mm256_add_epi32(u, most), 16);
    __m256i nan = _mm256_cmpgt_epi32(size, _mm256_set1_epi32(0x7f800000));
    __m256i small = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), size);
    near = _mm256_blendv_epi8(near, _mm256_or_si256(top, _mm256_set1_epi32(0x40)), nan);
    return _mm256_blendv_epi8(near, _mm256_and_si256(top, _mm256_set1_epi32(0x8000)), small);
}

V_INLINE vec v_pair(vec low, vec high)
{
    return _mm256_castsi256_ps(_mm256_or_si256(v_codes(low), _mm256_slli_epi32(v_codes(high), 16)));
}

V_INLINE vec v_pair_along(vec a, vec b)
{
    __m256i codes = _mm256_packus_epi32(v_codes(a), v_codes(b));
    return _mm256_castsi256_ps(_mm256_permute4x64_epi64(codes, 0xd8));
}

#define GEMM_MULTIPLY v_dot
#include "engine/nn/gemm_tiles.h"

#include "engine/nn/bf16_body.h"

static __attribute__((noinline)) void flushed_gemm(int ta, int tb, int M, int N, int K, const float *A,
                                                   const float *B, int accumulate, float *C)
{
    pair_gemm(ta, tb, M, N, K, A, B, accumulate, C);
}

static void gemm_under_flush(int ta, int tb, int M, int N, int K, const float *A, const float *B,
                             int accumulate, float *C)
{
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH);
    flushed_gemm(ta, tb, M, N, K, A, B, accumulate, C);
    _mm_setcsr(before);
}

const struct bf16_kernels bf16_avx2 = {"emulated", rows, stack, gemm_under_flush};

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
