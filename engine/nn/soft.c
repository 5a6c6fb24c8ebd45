/* Soft targets. The student's distribution at a temperature is made of the one at temperature 1 that the
 * forward left, q_j ~ probs_j^(1/tau), so that no logits have to be kept; its sum is at least that of the
 * likeliest token, so nothing is lost but probabilities that are 0 already. */
#include "engine/nn/soft.h"

#include <float.h>
#include <math.h>

/* log sum_j probs_j^(1/tau) */
static double log_norm(int V, const real *probs, double tau)
{
    double sum = 0;
    for (int j = 0; j < V; j++)
        sum += probs[j] > 0 ? exp(log((double)probs[j]) / tau) : 0;
    return log(fmax(sum, DBL_MIN));
}

double soft_divergence(int V, const real *p, const real *student, double tau)
{
    double norm = log_norm(V, student, tau), kl = 0;
    for (int j = 0; j < V; j++)
        if (p[j] > 0)
            kl += (double)p[j] * (log((double)p[j]) - log(fmax((double)student[j], 1e-38)) / tau + norm);
    return kl;
}

static void soft_row(int V, real *probs, const real *p, double dlogp, double weight, double tau)
{
    double norm = log_norm(V, probs, tau), pull = weight / tau;
    for (int j = 0; j < V; j++) {
        double q = probs[j] > 0 ? exp(log((double)probs[j]) / tau - norm) : 0;
        probs[j] = (real)(pull * (q - (double)p[j]) - dlogp * (double)probs[j]);
    }
}

void soft_backward(int T, int V, real *probs, const int *target, const real *dlogp,
                   const struct soft_targets *s)
{
    for (int t = 0; t < T; t++, probs += V) {
        real g = dlogp[t];
        if (target[t] >= 0 && s->weight[t] != 0)
            soft_row(V, probs, s->p + (size_t)t * (size_t)V, (double)g, (double)s->weight[t], s->temperature);
        else
            for (int j = 0; j < V; j++)
                probs[j] = target[t] >= 0 ? -g * probs[j] : 0;
        if (target[t] >= 0)
            probs[target[t]] += g;
    }
}
