#ifndef GRPOLAB_NN_LINEAR_BF16_H
#define GRPOLAB_NN_LINEAR_BF16_H

#include "engine/nn/bf16.h"
#include "engine/nn/linear.h"

/* The linear maps in bf16 (mixed precision with FP32 master weights, Micikevicius et al. 2018; the format
 * that V3 trains in where it does not use FP8): the operands of each product are rounded to bf16 and the
 * products summed in FP32 (bf16.h). Weights, gradients, AdamW and all that lies between two maps stay FP32.
 *
 *   Fprop  y  = b(x) b(W)        pairs along the inputs
 *   Dgrad  dx = b(dy) b(W)^T     pairs along the outputs
 *   Wgrad  dW += b(x)^T b(dy)    pairs along the tokens
 *
 * A row of y or dx has the same bits whatever other rows the call has. */

/* Every map's weights in bf16, made once where they serve several calls. */
struct bf16_weights {
    const real *of;             /* the block that they are made of; NULL: none at present */
    float *forward;             /* pairs along the inputs, for Fprop */
    float *backward;            /* pairs along the outputs, for Dgrad; NULL: never needed */
    size_t *at_forward, *at_backward; /* [params.n] where a row's first matrix lies */
};

/* One thread's memory for operands. */
struct bf16_work {
    const struct bf16_kernels *k;
    float *left, *right;
    const struct bf16_weights *weights; /* borrowed; for calls with the block that they are of. NULL: none */
};

/* linear_bf16_alloc: for calls of at most T rows; NULL with *full set where the arena is full, NULL with
 * *full 0 where the model is not in bf16. linear_bf16_weights_alloc: NULL where the arena is full. */
struct bf16_work *linear_bf16_alloc(const struct model *m, int T, struct arena *a, int *full);
struct bf16_weights *linear_bf16_weights_alloc(const struct model *m, int with_backward, struct arena *a);

/* linear_bf16_prepare: the maps of the block w [params.total], for calls with it until w changes. */
void linear_bf16_prepare(const struct model *m, struct bf16_weights *b, const real *w);

/* w is the whole block; `matrix` of the row's stack. */
void linear_bf16_forward(const struct model *m, struct bf16_work *f, const real *w, int row, int matrix,
                         int T, const real *x, int accumulate, real *y);
void linear_bf16_dgrad(const struct model *m, struct bf16_work *f, const real *w, int row, int matrix, int T,
                       const real *dy, real *dx);
void linear_bf16_wgrad(const struct model *m, struct bf16_work *f, int row, int matrix, int T, const real *x,
                       const real *dy, real *grad);

/* linear_bf16_values: x [n] rounded to bf16, in place. linear_bf16_copy: the block w with every map so. */
void linear_bf16_values(size_t n, real *x);
void linear_bf16_copy(const struct model *m, const real *w, real *out);

#endif
