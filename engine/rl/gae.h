#ifndef GRPOLAB_RL_GAE_H
#define GRPOLAB_RL_GAE_H

/* What PPO needs beside GRPO's arithmetic: advantages from a value model, and that model's loss. Pure
 * functions in double precision, one trace at a time. */

/* gae: generalised advantage estimation (Schulman et al. 2016, eq. 11-16; R1 v2 App. A.3 compares lambda
 * .95 and 1).
 *   reward [T] in   of each token; a rule's reward stands at the last one
 *   value [T] in    V(s_t), before token t; the value after the last token is 0: the trace is over
 *   adv [T] out, ret [T] out
 * delta_t = r_t + gamma V_{t+1} - V_t;  A_t = delta_t + gamma lambda A_{t+1};  return_t = A_t + V_t.
 * lambda 1: A_t is the discounted sum of the rewards to come less V_t; 0: delta_t. T >= 1. Threads: pure. */
void gae(int T, const double *reward, const double *value, double gamma, double lambda, double *adv,
         double *ret);

/* value_loss: the value head's, clipped as PPO's policy is (Schulman et al. 2017's code; verl and TRL alike).
 *   value, old, ret [T] in;  grad [T] out, d loss / d value, may be NULL
 * loss = 1/(2T) sum_t max((v - ret)^2, (clip(v, old - eps, old + eps) - ret)^2). eps INFINITY: not clipped.
 * Where the clipped square is the larger one the value passes no gradient. Threads: pure. */
double value_loss(int T, const double *value, const double *old, const double *ret, double eps, double *grad);

/* explained_variance: 1 - Var(ret - value) / Var(ret): 1 for a perfect value model, 0 for one that knows only
 * the mean, below 0 for a worse one. NaN where all returns are equal. Threads: pure. */
double explained_variance(int T, const double *value, const double *ret);

#endif
