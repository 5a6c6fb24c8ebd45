#ifndef GRPOLAB_NN_LINEAR_FP8_H
#define GRPOLAB_NN_LINEAR_FP8_H

#include <stdint.h>

#include "engine/nn/linear.h"

/* The linear maps in FP8 (V3 section 3.3, figures 6 and 7), emulated: every operand is rounded to E4M3
 * (engine/nn/fp8.h) under a scale of its tile, s = max(amax, 1e-4) / 448 in the engine's own precision. 1e-4 is
 * what V3's inference code has for activations. Gradients of a mean over tokens lie below it: with it, tokens
 * that are all but certain lose theirs (`quick`: an eighth of all values becomes 0, an error of 18 % a value in
 * place of 2.5 %), so gradient_floor, 1e-20 unless set, stands in its place.
 *
 *   Fprop  y  = Q_row(x) Q_block(W)             x [T,in]   tiles 1 x tile
 *   Dgrad  dx = Q_row(dy) Q_block(W)^T          dy [T,out] tiles 1 x tile
 *   Wgrad  dW += Q_column(Q_row(x))^T Q_column(dy)         tiles tile x 1, along the tokens that are summed
 *
 * W is the FP32 master weight, cut in blocks of block x block; each expert is a matrix of its own. What
 * Wgrad has of x is the row-quantised value of Fprop, which is what V3 keeps. Gradients are FP32.
 * With scale = tensor an operand of a call has one scale; with none it has scale 1.
 *
 * Accumulation: by default the kernels' FP32 gemm on the dequantised operands. With accumulator = 14 the
 * products are summed as by H800's tensor cores (fp8_gemm.h), exact and slow: for tests and small shapes.
 *
 * outlier g: channel 0 of every map's input is multiplied by g before it is quantised and its row of W
 * divided by g, and both undone after. In exact arithmetic nothing changes; it stands for the outlier
 * channels that large models grow by themselves. g is a power of two, so the factors round nothing. */
enum fp8_role { FP8_WEIGHT, FP8_ACTIVATION, FP8_GRADIENT, FP8_ROLE_N };

/* What quantising did to the values of a tensor: W and x as in Fprop, dy as in Dgrad. */
struct fp8_tally {
    uint64_t n, nonzero;         /* values; those that are not 0 */
    uint64_t saturated;          /* beyond 464, from where the nearest code would exceed 448 */
    uint64_t flushed;            /* not 0 before, 0 after */
    double error;                /* sum over nonzero of |quantised - x| / |x| */
};

/* One thread's memory for quantised operands. */
struct fp8_work {
    real *left, *right;              /* operands: dequantised, or with scales apart values of codes */
    real *left_scale, *right_scale;  /* per value; NULL unless accumulator = 14 */
    real *column;                    /* amax, then scale, of each column of a stripe of tiles */
    int is_prepared;                 /* weights come quantised (linear_fp8_prepare) */
    int rows_alone;                  /* decoding: a row is a tensor of its own, whoever shares the call */
    struct fp8_tally *tally;         /* [params.n][FP8_ROLE_N], added to; NULL: not asked for. The caller's */
};

/* linear_fp8_alloc: for calls of at most T rows; NULL with *full set where the arena is full, NULL with
 * *full 0 where the model is not in FP8. */
struct fp8_work *linear_fp8_alloc(const struct model *m, int T, struct arena *a, int *full);

void linear_fp8_forward(const struct model *m, struct fp8_work *f, const real *w, int row, int T,
                        const real *x, int accumulate, real *y);
void linear_fp8_dgrad(const struct model *m, struct fp8_work *f, const real *w, int row, int T,
                      const real *dy, real *dx);
void linear_fp8_wgrad(const struct model *m, struct fp8_work *f, int row, int T, const real *x,
                      const real *dy, real *grad);

/* linear_fp8_prepare: a copy of the weights w [params.total] in which every linear map is quantised and
 * dequantised, for calls with is_prepared: the same bits as quantising in each call. */
void linear_fp8_prepare(const struct model *m, struct fp8_work *f, const real *w, real *out);

/* linear_fp8_activation: x [T,in] as Fprop of the map `row` sees it, in place. */
void linear_fp8_activation(const struct model *m, struct fp8_work *f, int row, int T, real *x);

#endif
