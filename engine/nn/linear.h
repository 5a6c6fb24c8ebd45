#ifndef GRPOLAB_NN_LINEAR_H
#define GRPOLAB_NN_LINEAR_H

#include "engine/nn/model.h"

/* The linear maps of a block: attention's projections, the dense SwiGLU, the shared and the routed experts.
 * Each is y = x W with W [in, out]; V3 section 3.3 computes these, and no others, in FP8, and with the
 * setting bf16 these are in bf16. Embedding, head, router, norms, attention itself and the MTP modules'
 * projection call the kernels directly and stay in high precision, as they do in V3's published weights.
 *
 * A map is named by its row of the parameter table and, where matrices are stacked (experts), by which of
 * them. Activations are contiguous: x [T,in], y [T,out]. With work NULL a call is one gemm of the kernels and
 * nothing else; else its operands are quantised first (linear_fp8.h) or rounded (linear_bf16.h).
 * Memory: the work's. Threads: pure but for the work, which is one thread's. */
struct fp8_work;
struct bf16_work;

/* One of the two, the other NULL. */
struct linear_work {
    struct fp8_work *fp8;
    struct bf16_work *bf16;
};

/* linear_work_alloc: for calls of at most T rows; NULL with *full set where the arena is full, NULL with
 * *full 0 where the model is in FP32. */
struct linear_work *linear_work_alloc(const struct model *m, int T, struct arena *a, int *full);

/* linear_forward (Fprop): y = x W, or y += x W with accumulate. */
void linear_forward(const struct model *m, struct linear_work *work, const real *w, int row, int matrix,
                    int T, const real *x, int accumulate, real *y);
/* linear_dgrad: dx = dy W^T. */
void linear_dgrad(const struct model *m, struct linear_work *work, const real *w, int row, int matrix, int T,
                  const real *dy, real *dx);
/* linear_wgrad: dW += x^T dy, into grad at the map's place. */
void linear_wgrad(const struct model *m, struct linear_work *work, int row, int matrix, int T, const real *x,
                  const real *dy, real *grad);

/* linear_activation: x [T,in] as Fprop of the map `row` sees it, in place. */
void linear_activation(const struct model *m, struct linear_work *work, int row, int T, real *x);

/* linear_maps: the rows of the parameter table that are such maps, into row; returns how many. */
enum { LINEAR_MAPS_MAX = 8 * (LAYERS_MAX + MTP_MAX) };
int linear_maps(const struct params *p, int *row);

#endif
