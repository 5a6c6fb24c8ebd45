/* The bf16 kernels in plain C for any CPU, in float or (-DGRPOLAB_DOUBLE) in double. In double a sum is that
 * of the engine's own numbers: what is rounded are the operands alone. */
#include <math.h>
#include <stddef.h>

#include "engine/nn/bf16_table.h"

static float pair(real low, real high)
{
    uint32_t u = (uint32_t)bf16_round((float)high) << 16 | bf16_round((float)low);
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static void rows(int n, int cols, const real *x, float *pairs)
{
    for (int i = 0; i < n; i++, x += cols)
        for (int j = 0; j < cols; j += 2)
            *pairs++ = pair(x[j], j + 1 < cols ? x[j + 1] : 0);
}

static void stack(int n, int cols, const real *x, float *pairs)
{
    for (int i = 0; i < n; i += 2, x += 2 * (ptrdiff_t)cols)
        for (int j = 0; j < cols; j++)
            *pairs++ = pair(x[j], i + 1 < n ? x[cols + j] : 0);
}

#ifdef GRPOLAB_DOUBLE
static real step(float a, float b, real s)
{
    return s + (real)a * (real)b;
}
#else
static float flush(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

/* The product of two codes is exact within FP32's range; then a sum rounds as a fused multiply-add does. */
static real step(float a, float b, real s)
{
    float x, y;
    a = flush(a), b = flush(b), s = flush(s);
    x = a * b;
    y = fabsf(x) >= 0x1p-126f && fabsf(x) < INFINITY ? s + x : fmaf(a, b, s);
    return flush(y);
}
#endif

static void parts(float p, float *low, float *high)
{
    uint32_t u;
    memcpy(&u, &p, sizeof u);
    *low = bf16_value((uint16_t)u);
    *high = bf16_value((uint16_t)(u >> 16));
}

static void gemm(int ta, int tb, int M, int N, int K, const float *A, const float *B, int accumulate, real *C)
{
    ptrdiff_t a_i = ta ? 1 : K, a_k = ta ? M : 1, b_j = tb ? K : 1, b_k = tb ? 1 : N;
    for (int i = 0; i < M; i++, C += N) {
        for (int j = 0; j < N && !accumulate; j++)
            C[j] = 0;
        for (int k = 0; k < K; k++) {
            float a0, a1;
            parts(A[i * a_i + k * a_k], &a0, &a1);
            for (int j = 0; j < N; j++) {
                float b0, b1;
                parts(B[j * b_j + k * b_k], &b0, &b1);
                C[j] = step(a0, b0, step(a1, b1, C[j]));
            }
        }
    }
}

const struct bf16_kernels bf16_portable = {"emulated", rows, stack, gemm};
