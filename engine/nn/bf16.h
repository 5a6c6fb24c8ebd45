#ifndef GRPOLAB_NN_BF16_H
#define GRPOLAB_NN_BF16_H

#include <stdint.h>
#include <string.h>

#include "engine/nn/real.h"

/* Products of matrices in bfloat16 (the upper half of an FP32 number: 8 bits of exponent, 8 of precision),
 * summed in FP32, with the semantics of x86's VDPBF16PS and VCVTNEPS2BF16, so that the instruction and its
 * emulation give the same bits:
 *
 *   rounding   to the nearest, ties to the even code; below 2^-126 it is 0 with the sign; a NaN stays one
 *   one step   s = fma(a[2i], b[2i], fma(a[2i+1], b[2i+1], s)), each fma rounded to FP32 and, below 2^-126, 0
 *
 * An operand lies in pairs along k, the even one in the lower half of 32 bits; the last of an odd number is
 * paired with 0. A pair is carried in a float, which is moved and never computed with. */
struct bf16_kernels {
    const char *name;   /* "avx512_bf16", "emulated" */

    /* rows: x [n, cols] to pairs [n, bf16_pairs(cols)], along its columns.
     * stack: x [n, cols] to pairs [bf16_pairs(n), cols], along its rows. */
    void (*rows)(int n, int cols, const real *x, float *pairs);
    void (*stack)(int n, int cols, const real *x, float *pairs);

    /* gemm: C[M,N] = op(A) op(B), or C += with accumulate, over K pairs: A is [M,K] (ta 0) or [K,M] (ta 1), B
     * is [K,N] (tb 0) or [N,K] (tb 1), both contiguous as rows or stack left them; C [M,N].
     * Each number of C is one chain of steps over the pairs in order: its bits do not depend on M, N or the
     * other rows. Pure; one thread; no memory but a fixed stack buffer. */
    void (*gemm)(int ta, int tb, int M, int N, int K, const float *A, const float *B, int accumulate,
                 real *C);
};

static inline int bf16_pairs(int n)
{
    return n / 2 + n % 2;
}

/* bf16_round: the code of x. bf16_value: exact. */
static inline uint16_t bf16_round(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    if ((u & 0x7f800000) == 0)
        return (uint16_t)(u >> 16 & 0x8000);
    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static inline float bf16_value(uint16_t code)
{
    uint32_t u = (uint32_t)code << 16;
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* bf16_best: the fastest for this CPU. bf16_find: by name ("avx512_bf16", "avx2", "portable"); NULL when
 * unknown or not runnable here. The last two are both "emulated", for they differ in speed alone. */
const struct bf16_kernels *bf16_best(void);
const struct bf16_kernels *bf16_find(const char *name);

#endif
