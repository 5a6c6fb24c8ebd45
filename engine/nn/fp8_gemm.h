#ifndef GRPOLAB_NN_FP8_GEMM_H
#define GRPOLAB_NN_FP8_GEMM_H

#include <stddef.h>

#include "engine/nn/real.h"

/* Matrix products as H800's tensor cores sum them (V3 sections 3.3.2 and 3.5.2): a reference, exact and
 * slow. */
enum { FP8_ACCUMULATOR_BITS = 14, FP8_INSTRUCTION = 32 };

/* fp8_accumulate14: one instruction, register + sum of n <= 32 products. All n + 1 terms are aligned to the
 * largest exponent among them, of each the highest 14 bits are kept by an arithmetic shift to the right
 * (what falls off is cut towards minus infinity), they are added exactly and the sum is cut to 14 bits again.
 * V3 says 14 bits and the alignment; that the register is one of the terms is this program's reading. */
double fp8_accumulate14(double reg, const double *product, int n);

/* One operand: element (i, k) of the product's row or column i and depth k lies at i * along + k * depth.
 * value: what the codes stand for; scale: of each value's tile; segment: how many k share a scale
 * (0: all). */
struct fp8_side {
    const real *value, *scale;
    size_t along, depth;
    int segment;
};

/* C [M,N] = A B. promote: every so many products the register is multiplied by both scales and added in
 * the engine's precision, V3's promotion to CUDA cores (128); it also is wherever a scale ends, as it must.
 * 0: only there. */
struct fp8_gemm {
    int M, N, K;
    struct fp8_side a, b;
    int promote;
};

/* fp8_gemm14: C = A B, or C += with accumulate. Threads: pure. */
void fp8_gemm14(const struct fp8_gemm *g, int accumulate, real *c);

#endif
