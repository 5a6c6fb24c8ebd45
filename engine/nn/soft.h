#ifndef GRPOLAB_NN_SOFT_H
#define GRPOLAB_NN_SOFT_H

#include "engine/nn/model.h"

/* Soft targets: a teacher's whole distribution at each position in place of, or beside, the one token that
 * was written. With z the student's logits and tau the temperature
 *
 *   q = softmax(z / tau),   KL = sum_j p_j log(p_j / q_j),   dKL/dz_j = (q_j - p_j) / tau
 *
 * Source: Hinton, Vinyals and Dean 2015, section 2; their soft term is tau^2 KL beside the cross entropy of
 * the hard targets, for its gradient falls as 1/tau^2. */
struct soft_targets {
    const real *p;            /* [T,V] the teacher's, at the temperature; only rows of a weight are read */
    const real *weight;       /* [T] of the row's KL in what is differentiated; 0: none */
    double temperature;       /* tau, > 0 */
};

/* soft_divergence: KL(p || q) of one row, nats. student [V]: its probabilities at temperature 1, p [V]: the
 * teacher's at tau. A student's probability that is 0 in `real` counts as 1e-38. Pure. */
double soft_divergence(int V, const real *p, const real *student, double tau);

/* soft_backward: probs [T,V], the student's at temperature 1, become the gradient with respect to its logits
 * of  sum_t dlogp[t] logp[t] + weight[t] KL_t;  rows without a target get 0. Pure. */
void soft_backward(int T, int V, real *probs, const int *target, const real *dlogp,
                   const struct soft_targets *s);

#endif
