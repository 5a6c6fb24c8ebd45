/* PPO's advantages and its value model's loss, each written as its equation reads. */
#include "engine/rl/gae.h"

#include <math.h>
#include <stddef.h>

void gae(int T, const double *reward, const double *value, double gamma, double lambda, double *adv,
         double *ret)
{
    double next_value = 0, next_adv = 0;
    for (int t = T - 1; t >= 0; t--) {
        double delta = reward[t] + gamma * next_value - value[t];
        next_adv = delta + gamma * lambda * next_adv;
        next_value = value[t];
        adv[t] = next_adv;
        ret[t] = next_adv + value[t];
    }
}

double value_loss(int T, const double *value, const double *old, const double *ret, double eps, double *grad)
{
    double sum = 0;
    for (int t = 0; t < T; t++) {
        double bounded = fmin(fmax(value[t], old[t] - eps), old[t] + eps);
        double plain = value[t] - ret[t], cut = bounded - ret[t];
        int is_cut = cut * cut > plain * plain;
        sum += is_cut ? cut * cut : plain * plain;
        if (grad)
            grad[t] = is_cut ? 0 : plain / T;
    }
    return sum / (2.0 * T);
}

static double variance(int T, const double *a, const double *b)
{
    double mean = 0, sum = 0;
    for (int t = 0; t < T; t++)
        mean += (a[t] - (b ? b[t] : 0)) / T;
    for (int t = 0; t < T; t++) {
        double d = a[t] - (b ? b[t] : 0) - mean;
        sum += d * d;
    }
    return sum / T;
}

double explained_variance(int T, const double *value, const double *ret)
{
    double low = ret[0], high = ret[0];
    for (int t = 1; t < T; t++) {
        low = fmin(low, ret[t]);
        high = fmax(high, ret[t]);
    }
    return high > low ? 1 - variance(T, ret, value) / variance(T, ret, NULL) : NAN;
}
