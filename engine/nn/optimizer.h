#ifndef GRPOLAB_NN_OPTIMIZER_H
#define GRPOLAB_NN_OPTIMIZER_H

#include "engine/base/pool.h"
#include "engine/nn/kernels.h"
#include "engine/nn/params.h"

struct adamw_settings {
    double lr, beta1, beta2, eps, weight_decay;
    double clip;              /* largest global gradient norm; 0: no clipping */
    double value_lr;          /* learning rate of the value head's rows; 0: lr */
};

/* optimizer_reduce: sums lanes [lanes_n] of gradients [total] into lane[0] in a fixed tree ((0+1)+(2+3))+...,
 * and returns their global L2 norm in *norm. Errors: ST_NONFINITE names the first row that is not finite. */
enum status optimizer_reduce(struct pool *pool, const struct kernels *k, const struct params *p,
                             real *const *lane, int lanes_n, double *norm, struct err *e);

/* optimizer_step: AdamW (decoupled weight decay, Loshchilov & Hutter 2019) with the gradient scaled by
 * min(1, clip/norm). t: 1 for the first update. w, m, v [total] in and out. */
void optimizer_step(struct pool *pool, const struct kernels *k, const struct params *p,
                    const struct adamw_settings *s, int64_t t, double norm, const real *grad, real *w,
                    real *m, real *v);

#endif
