#ifndef GRPOLAB_NN_VECMATH_H
#define GRPOLAB_NN_VECMATH_H

/* A vector of VL numbers, three ways: AVX-512 (VECMATH_AVX512), AVX2 with FMA (VECMATH_AVX2), or one number
 * in plain C. The kernel bodies are written once against these few operations and compiled by one .c file for
 * each instruction set, which defines the macro and switches the compiler's target before it includes this.
 * Horizontal sums have a fixed order, so that a table gives the same bits on every machine that runs it. NaN:
 * v_max(a, b) gives b when either is NaN; v_exp passes NaN through. The only file with intrinsics but for
 * those of bf16 (bf16_avx512.c, bf16_avx2.c). */

#include <math.h>
#include <stddef.h>

#include "engine/nn/real.h"

#define V_INLINE static inline __attribute__((always_inline))
#define V_UNROLL _Pragma("GCC unroll 16")

/* v_prefetch: asks for the line of p, which need not be memory at all. */
#define v_prefetch(p) __builtin_prefetch(p)

/* exp(x) = 2^n exp(r), r = x - n ln 2, |r| <= ln 2 / 2; exp(r) = 1 + r + r^2 P(r), P of degree 4 by Chebyshev
 * interpolation, relative error 1.0e-8 before rounding. Below V_EXP_LOW it is 0, above V_EXP_HIGH Inf. */
#define V_EXP_LOW (-104.0f)
#define V_EXP_HIGH 89.0f
#define V_EXP_LOG2E 1.44269504088896341f
#define V_EXP_LN2_HIGH 0.693145751953125f
#define V_EXP_LN2_LOW 1.42860682030941723e-6f
#define V_EXP_P0 5.0000000000e-01f
#define V_EXP_P1 1.6666576846e-01f
#define V_EXP_P2 4.1666554438e-02f
#define V_EXP_P3 8.3632029716e-03f
#define V_EXP_P4 1.3926213466e-03f

/* log(x) = e ln 2 + log m for finite x > 0, m in [sqrt(1/2), sqrt(2)); log m = 2 (s + s^3/3 + s^5/5 + ...)
 * with s = (m - 1)/(m + 1), |s| < 0.1716, cut after s^9: error 2e-9 before rounding. NaN and Inf give NaN. */
#define V_LOG_ROOT 0x3f3504f3  /* sqrt(1/2) as bits */
#define V_LOG_LN2 0.693147180559945309f

#if defined(VECMATH_AVX512)
#include <immintrin.h>

#define VL 16
typedef __m512 vec;
typedef __mmask16 vmask;
typedef __m512d dvec;  /* VL / 2 doubles */

V_INLINE vec v_zero(void) { return _mm512_setzero_ps(); }
V_INLINE vec v_set1(float x) { return _mm512_set1_ps(x); }
V_INLINE vec v_load(const float *p) { return _mm512_loadu_ps(p); }
V_INLINE void v_store(float *p, vec v) { _mm512_storeu_ps(p, v); }
V_INLINE vmask v_mask(int n) { return n >= VL ? (vmask)0xffff : (vmask)((1u << n) - 1u); }
V_INLINE vec v_load_m(const float *p, vmask m) { return _mm512_maskz_loadu_ps(m, p); }
V_INLINE void v_store_m(float *p, vmask m, vec v) { _mm512_mask_storeu_ps(p, m, v); }
V_INLINE vec v_pick(vmask m, vec a, vec b) { return _mm512_mask_blend_ps(m, b, a); }
V_INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
V_INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
V_INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
V_INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
V_INLINE vec v_sqrt(vec a) { return _mm512_sqrt_ps(a); }
V_INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
V_INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
V_INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
V_INLINE vec v_even(vec a) { return _mm512_moveldup_ps(a); }
V_INLINE vec v_odd(vec a) { return _mm512_movehdup_ps(a); }
V_INLINE vec v_swap(vec a) { return _mm512_permute_ps(a, 0xb1); }
V_INLINE vec v_fmaddsub(vec a, vec b, vec c) { return _mm512_fmaddsub_ps(a, b, c); }
V_INLINE vec v_fmsubadd(vec a, vec b, vec c) { return _mm512_fmsubadd_ps(a, b, c); }
V_INLINE vec v_unpack_low(vec a, vec b) { return _mm512_unpacklo_ps(a, b); }
V_INLINE vec v_unpack_high(vec a, vec b) { return _mm512_unpackhi_ps(a, b); }
V_INLINE vec v_pairs_low(vec a, vec b)
{
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
V_INLINE vec v_pairs_high(vec a, vec b)
{
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
/* v_load_quads: four numbers from each of VL/4 rows, `step` rows apart in the list of row pointers. */
V_INLINE vec v_load_quads(const float *const *row, int step, ptrdiff_t at)
{
    vec v = _mm512_castps128_ps512(_mm_loadu_ps(row[0] + at));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[step] + at), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(row[2 * step] + at), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(row[3 * step] + at), 3);
}

V_INLINE float v_sum(vec v)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
V_INLINE float v_top(vec v)  /* the largest lane */
{
    __m256 h = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}
V_INLINE void v_sums(float *p, vec a, vec b, vec c, vec d)  /* the sums of four vectors */
{
    vec ab = v_add(v_unpack_low(a, b), v_unpack_high(a, b));
    vec cd = v_add(v_unpack_low(c, d), v_unpack_high(c, d));
    vec v = v_add(v_pairs_low(ab, cd), v_pairs_high(ab, cd));
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1)));
}

V_INLINE dvec d_zero(void) { return _mm512_setzero_pd(); }
V_INLINE dvec d_add(dvec a, dvec b) { return _mm512_add_pd(a, b); }
V_INLINE void d_add_squares(vec v, dvec *low, dvec *high)
{
    __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    __m512d b = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    *low = _mm512_fmadd_pd(a, a, *low);
    *high = _mm512_fmadd_pd(b, b, *high);
}
V_INLINE double d_sum(dvec v)
{
    __m256d h = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    __m128d q = _mm_add_pd(_mm256_castpd256_pd128(h), _mm256_extractf128_pd(h, 1));
    return _mm_cvtsd_f64(_mm_add_sd(q, _mm_unpackhi_pd(q, q)));
}

V_INLINE vec v_exp(vec x)
{
    x = v_min(v_set1(V_EXP_HIGH), v_max(v_set1(V_EXP_LOW), x));
    vec n = _mm512_roundscale_ps(v_mul(x, v_set1(V_EXP_LOG2E)), _MM_FROUND_TO_NEAREST_INT);
    vec r = _mm512_fnmadd_ps(n, v_set1(V_EXP_LN2_HIGH), x);
    r = _mm512_fnmadd_ps(n, v_set1(V_EXP_LN2_LOW), r);
    vec p = v_fma(v_set1(V_EXP_P4), r, v_set1(V_EXP_P3));
    p = v_fma(p, r, v_set1(V_EXP_P2));
    p = v_fma(p, r, v_set1(V_EXP_P1));
    p = v_fma(p, r, v_set1(V_EXP_P0));
    p = v_fma(v_mul(r, r), p, r);
    return _mm512_scalef_ps(v_add(p, v_set1(1.0f)), n);
}
V_INLINE vec v_mantissa(vec x, vec *exponent)
{
    __m512i bits = _mm512_castps_si512(x);
    __m512i e = _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(V_LOG_ROOT)), 23);
    *exponent = _mm512_cvtepi32_ps(e);
    return _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(e, 23)));
}

#elif defined(VECMATH_AVX2)
#include <immintrin.h>

#define VL 8
typedef __m256 vec;
typedef __m256i vmask;
typedef __m256d dvec;

V_INLINE vec v_zero(void) { return _mm256_setzero_ps(); }
V_INLINE vec v_set1(float x) { return _mm256_set1_ps(x); }
V_INLINE vec v_load(const float *p) { return _mm256_loadu_ps(p); }
V_INLINE void v_store(float *p, vec v) { _mm256_storeu_ps(p, v); }
V_INLINE vmask v_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
V_INLINE vec v_load_m(const float *p, vmask m) { return _mm256_maskload_ps(p, m); }
/* Masked stores are slow on older AMD cores, so a full mask takes the plain store. */
V_INLINE void v_store_m(float *p, vmask m, vec v)
{
    if (_mm256_movemask_ps(_mm256_castsi256_ps(m)) == 0xff)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, m, v);
}
V_INLINE vec v_pick(vmask m, vec a, vec b) { return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m)); }
V_INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
V_INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
V_INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
V_INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
V_INLINE vec v_sqrt(vec a) { return _mm256_sqrt_ps(a); }
V_INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
V_INLINE vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
V_INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
V_INLINE vec v_even(vec a) { return _mm256_moveldup_ps(a); }
V_INLINE vec v_odd(vec a) { return _mm256_movehdup_ps(a); }
V_INLINE vec v_swap(vec a) { return _mm256_permute_ps(a, 0xb1); }
V_INLINE vec v_fmaddsub(vec a, vec b, vec c) { return _mm256_fmaddsub_ps(a, b, c); }
V_INLINE vec v_fmsubadd(vec a, vec b, vec c) { return _mm256_fmsubadd_ps(a, b, c); }
V_INLINE vec v_unpack_low(vec a, vec b) { return _mm256_unpacklo_ps(a, b); }
V_INLINE vec v_unpack_high(vec a, vec b) { return _mm256_unpackhi_ps(a, b); }
V_INLINE vec v_pairs_low(vec a, vec b)
{
    return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
V_INLINE vec v_pairs_high(vec a, vec b)
{
    return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
V_INLINE vec v_load_quads(const float *const *row, int step, ptrdiff_t at)
{
    vec v = _mm256_castps128_ps256(_mm_loadu_ps(row[0] + at));
    return _mm256_insertf128_ps(v, _mm_loadu_ps(row[step] + at), 1);
}

V_INLINE float v_sum(vec v)
{
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
V_INLINE float v_top(vec v)
{
    __m128 q = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    q = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}
V_INLINE void v_sums(float *p, vec a, vec b, vec c, vec d)
{
    vec ab = v_add(v_unpack_low(a, b), v_unpack_high(a, b));
    vec cd = v_add(v_unpack_low(c, d), v_unpack_high(c, d));
    vec v = v_add(v_pairs_low(ab, cd), v_pairs_high(ab, cd));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}

V_INLINE dvec d_zero(void) { return _mm256_setzero_pd(); }
V_INLINE dvec d_add(dvec a, dvec b) { return _mm256_add_pd(a, b); }
V_INLINE void d_add_squares(vec v, dvec *low, dvec *high)
{
    __m256d a = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    __m256d b = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    *low = _mm256_fmadd_pd(a, a, *low);
    *high = _mm256_fmadd_pd(b, b, *high);
}
V_INLINE double d_sum(dvec v)
{
    __m128d q = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(q, _mm_unpackhi_pd(q, q)));
}

V_INLINE vec v_power2(__m256i n)  /* 2^n for n in -126..127 */
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
V_INLINE vec v_exp(vec x)
{
    x = v_min(v_set1(V_EXP_HIGH), v_max(v_set1(V_EXP_LOW), x));
    vec n = _mm256_round_ps(v_mul(x, v_set1(V_EXP_LOG2E)), _MM_FROUND_TO_NEAREST_INT);
    vec r = _mm256_fnmadd_ps(n, v_set1(V_EXP_LN2_HIGH), x);
    r = _mm256_fnmadd_ps(n, v_set1(V_EXP_LN2_LOW), r);
    vec p = v_fma(v_set1(V_EXP_P4), r, v_set1(V_EXP_P3));
    p = v_fma(p, r, v_set1(V_EXP_P2));
    p = v_fma(p, r, v_set1(V_EXP_P1));
    p = v_fma(p, r, v_set1(V_EXP_P0));
    p = v_add(v_fma(v_mul(r, r), p, r), v_set1(1.0f));
    /* 2^n in two factors, for results below the normal range and above the largest number. */
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    return v_mul(v_mul(p, v_power2(half)), v_power2(_mm256_sub_epi32(whole, half)));
}
V_INLINE vec v_mantissa(vec x, vec *exponent)
{
    __m256i bits = _mm256_castps_si256(x);
    __m256i e = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(V_LOG_ROOT)), 23);
    *exponent = _mm256_cvtepi32_ps(e);
    return _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(e, 23)));
}

#else

#define VL 1
typedef real vec;
typedef int vmask;
typedef double dvec;

#ifdef GRPOLAB_DOUBLE
#define V_LIBM(name) name
#else
#define V_LIBM(name) name##f
#endif

V_INLINE vec v_zero(void) { return 0; }
V_INLINE vec v_set1(real x) { return x; }
V_INLINE vec v_load(const real *p) { return *p; }
V_INLINE void v_store(real *p, vec v) { *p = v; }
V_INLINE vmask v_mask(int n) { return n > 0; }
V_INLINE vec v_load_m(const real *p, vmask m) { return m ? *p : 0; }
V_INLINE void v_store_m(real *p, vmask m, vec v)
{
    if (m)
        *p = v;
}
V_INLINE vec v_pick(vmask m, vec a, vec b) { return m ? a : b; }
V_INLINE vec v_add(vec a, vec b) { return a + b; }
V_INLINE vec v_sub(vec a, vec b) { return a - b; }
V_INLINE vec v_mul(vec a, vec b) { return a * b; }
V_INLINE vec v_div(vec a, vec b) { return a / b; }
V_INLINE vec v_sqrt(vec a) { return V_LIBM(sqrt)(a); }
V_INLINE vec v_max(vec a, vec b) { return a > b ? a : b; }
V_INLINE vec v_min(vec a, vec b) { return a < b ? a : b; }
V_INLINE vec v_fma(vec a, vec b, vec c) { return a * b + c; }
V_INLINE real v_sum(vec v) { return v; }
V_INLINE real v_top(vec v) { return v; }
V_INLINE void v_sums(real *p, vec a, vec b, vec c, vec d)
{
    p[0] = a, p[1] = b, p[2] = c, p[3] = d;
}
V_INLINE dvec d_zero(void) { return 0; }
V_INLINE dvec d_add(dvec a, dvec b) { return a + b; }
V_INLINE void d_add_squares(vec v, dvec *low, dvec *high)
{
    *low += (double)v * (double)v;
    (void)high;
}
V_INLINE double d_sum(dvec v) { return v; }
V_INLINE vec v_exp(vec x) { return V_LIBM(exp)(x); }
V_INLINE vec v_log(vec x) { return V_LIBM(log)(x); }

#endif

#if VL > 1
V_INLINE vec v_log(vec x)
{
    vec e, one = v_set1(1.0f), m = v_mantissa(x, &e);
    vec s = v_div(v_sub(m, one), v_add(m, one)), z = v_mul(s, s);
    vec p = v_fma(z, v_set1(1.0f / 9), v_set1(1.0f / 7));
    p = v_fma(p, z, v_set1(1.0f / 5));
    p = v_fma(p, z, v_set1(1.0f / 3));
    p = v_fma(p, z, one);
    return v_add(v_fma(e, v_set1(V_LOG_LN2), v_mul(v_add(s, s), p)), v_sub(x, x));
}
#endif

/* Scalar functions in the engine's number. */
#ifdef GRPOLAB_DOUBLE
V_INLINE real r_log(real x) { return log(x); }
V_INLINE real r_sqrt(real x) { return sqrt(x); }
#else
V_INLINE real r_log(real x) { return logf(x); }
V_INLINE real r_sqrt(real x) { return sqrtf(x); }
#endif

/* v_load_n, v_store_n: the first n lanes (n >= VL: all); lanes past n load as 0. */
V_INLINE vec v_load_n(const real *p, int n) { return n >= VL ? v_load(p) : v_load_m(p, v_mask(n)); }
V_INLINE void v_store_n(real *p, int n, vec v)
{
    if (n >= VL)
        v_store(p, v);
    else
        v_store_m(p, v_mask(n), v);
}
/* v_keep_n: lanes past n become `other`. */
V_INLINE vec v_keep_n(vec v, int n, vec other) { return n >= VL ? v : v_pick(v_mask(n), v, other); }

#endif
