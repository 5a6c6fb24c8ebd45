/* GRPO's arithmetic. One function a formula, each written as its equation reads. */
#include "engine/rl/objective.h"

#include <math.h>

static const double STD_EPS = 1e-4;

int advantage_group(int G, const double *reward, enum std_kind kind, double *adv, double *mean, double *std)
{
    double low = reward[0], high = reward[0], sum = 0, squares = 0, mu, sd;
    for (int i = 0; i < G; i++) {
        sum += reward[i];
        low = fmin(low, reward[i]);
        high = fmax(high, reward[i]);
    }
    mu = sum / G;
    for (int i = 0; i < G; i++)
        squares += (reward[i] - mu) * (reward[i] - mu);
    sd = sqrt(squares / (kind == STD_SAMPLE && G > 1 ? G - 1 : G));
    if (mean)
        *mean = mu;
    if (std)
        *std = high > low ? sd : 0;
    for (int i = 0; i < G; i++)
        adv[i] = high > low ? (reward[i] - mu) / (kind == STD_NONE ? 1 : sd + STD_EPS) : 0;
    return !(high > low);
}

int advantage_objective(const struct objective *o, int G, const double *reward, double baseline, double *adv,
                        double *mean, double *std)
{
    double mu;
    int is_flat = advantage_group(G, reward, o->std, adv, &mu, std);
    if (mean)
        *mean = mu;
    for (int i = 0; i < G && o->loss == LOSS_RLOO; i++)
        adv[i] = is_flat ? 0 : (reward[i] - mu) * G / (G - 1);
    for (int i = 0; i < G && o->loss == LOSS_REINFORCE; i++)
        adv[i] = reward[i] - baseline;
    return is_flat;
}

/* The surrogate min(rho A, clip(rho) A) and its derivative with respect to log rho. */
static double surrogate(const struct objective *o, double ratio, double A, struct sequence_terms *out, int at,
                        double *slope)
{
    int high = A > 0 && ratio > 1 + o->eps_high, low = A < 0 && ratio < 1 - o->eps_low;
    out->ratio[at] = ratio;
    out->clipped[at] = (unsigned char)(high || low);
    out->clip_high += high;
    out->clip_low += low;
    *slope = high || low ? 0 : ratio * A;
    return (high ? 1 + o->eps_high : low ? 1 - o->eps_low : ratio) * A;
}

/* CISPO: the bounded ratio is a weight of log pi. */
static double weighted(const struct objective *o, double logp, double ratio, double A,
                       struct sequence_terms *out, int at, double *slope)
{
    int high = ratio > 1 + o->eps_high, low = ratio < 1 - o->eps_low;
    out->ratio[at] = ratio;
    out->clipped[at] = (unsigned char)(high || low);
    out->clip_high += high;
    out->clip_low += low;
    *slope = (high ? 1 + o->eps_high : low ? 1 - o->eps_low : ratio) * A;
    return *slope * logp;
}

/* A token's term and its derivative with respect to log pi. */
static double token_gain(const struct objective *o, double logp, double old, double A,
                         struct sequence_terms *out, int at, double *slope)
{
    double ratio = exp(logp - old);
    if (o->loss == LOSS_CISPO)
        return weighted(o, logp, ratio, A, out, at, slope);
    if (o->loss != LOSS_REINFORCE && o->loss != LOSS_RLOO)
        return surrogate(o, ratio, A, out, at, slope);
    out->ratio[at] = ratio;
    out->clipped[at] = 0;
    *slope = A;
    return A * logp;
}

static double k3(double log_ratio_ref)
{
    return expm1(log_ratio_ref) - log_ratio_ref;
}

/* Ratio and clip by token, each token weighted alike. */
static void by_token(const struct objective *o, double weight, int n, const double *logp, const double *old,
                     const double *ref, double A, struct sequence_terms *out)
{
    out->ratio_n = n;
    out->kl_n = ref ? n : 0;
    for (int t = 0; t < n; t++) {
        double slope, gain = token_gain(o, logp[t], old[t], A, out, t, &slope);
        out->policy_loss -= weight * gain;
        out->grad[t] = -weight * slope;
        if (ref) {
            out->kl[t] = k3(ref[t] - logp[t]);
            out->kl_sum += out->kl[t];
            out->loss += weight * o->beta * out->kl[t];
            out->grad[t] -= weight * o->beta * expm1(ref[t] - logp[t]);
        }
    }
}

/* R1 eq. 1 as it stands: ratio and KL of whole sequences. */
static void by_sequence(const struct objective *o, double weight, int n, const double *logp, const double *old,
                        const double *ref, double A, struct sequence_terms *out)
{
    double d_old = 0, d_ref = 0, slope, gain;
    for (int t = 0; t < n; t++) {
        d_old += logp[t] - old[t];
        d_ref += ref ? ref[t] - logp[t] : 0;
    }
    out->ratio_n = 1;
    out->kl_n = ref ? 1 : 0;
    gain = surrogate(o, exp(d_old), A, out, 0, &slope);
    out->policy_loss -= weight * gain;
    if (ref) {
        out->kl[0] = k3(d_ref);
        out->kl_sum = out->kl[0];
        out->loss += weight * o->beta * out->kl[0];
    }
    for (int t = 0; t < n; t++)
        out->grad[t] = -weight * slope - (ref ? weight * o->beta * expm1(d_ref) : 0);
}

/* GSPO: the ratio is the geometric mean over the sequence; KL stays by token. */
static void by_mean(const struct objective *o, double weight, int n, const double *logp, const double *old,
                    const double *ref, double A, struct sequence_terms *out)
{
    double d = 0, slope, gain;
    for (int t = 0; t < n; t++)
        d += (logp[t] - old[t]) / n;
    out->ratio_n = 1;
    out->kl_n = ref ? n : 0;
    gain = surrogate(o, exp(d), A, out, 0, &slope);
    out->policy_loss -= weight * gain;
    for (int t = 0; t < n; t++) {
        out->grad[t] = -weight * slope / n;
        if (ref) {
            out->kl[t] = k3(ref[t] - logp[t]);
            out->kl_sum += out->kl[t];
            out->loss += weight * o->beta * out->kl[t] / n;
            out->grad[t] -= weight * o->beta * expm1(ref[t] - logp[t]) / n;
        }
    }
}

void objective_sequence(const struct objective *o, const struct loss_scope *scope, int n, const double *logp,
                        const double *old, const double *ref, double advantage, struct sequence_terms *out)
{
    double S = scope->sequences;
    out->loss = out->policy_loss = out->kl_sum = 0;
    out->clip_low = out->clip_high = 0;
    switch (o->loss) {
    case LOSS_R1:
        by_sequence(o, 1 / S, n, logp, old, ref, advantage, out);
        break;
    case LOSS_GSPO:
        by_mean(o, 1 / S, n, logp, old, ref, advantage, out);
        break;
    case LOSS_DAPO:
    case LOSS_CISPO:
        by_token(o, 1 / scope->tokens, n, logp, old, ref, advantage, out);
        break;
    case LOSS_BNPO:
        by_token(o, 1 / (scope->micro_batches > 0 ? scope->micro_tokens * scope->micro_batches : scope->tokens),
                 n, logp, old, ref, advantage, out);
        break;
    case LOSS_DR_GRPO:
        by_token(o, 1 / (S * o->max_length), n, logp, old, ref, advantage, out);
        break;
    case LOSS_REINFORCE:
    case LOSS_RLOO:
        by_token(o, 1 / S, n, logp, old, ref, advantage, out);
        break;
    default:
        by_token(o, 1 / (S * n), n, logp, old, ref, advantage, out);
        break;
    }
    out->loss += out->policy_loss;
}

double balance_update(int E, const double *load, double *bias, double gamma)
{
    double sum = 0, most = 0;
    for (int i = 0; i < E; i++) {
        sum += load[i];
        most = fmax(most, load[i]);
    }
    for (int i = 0; i < E; i++) {
        double gap = sum / E - load[i];
        bias[i] += gamma * ((gap > 0) - (gap < 0));
    }
    return sum > 0 ? most * E / sum - 1 : 0;
}

double pass_at_k(int n, int c, int k)
{
    double miss = 1;
    if (k > n - c)
        return 1;
    for (int i = 0; i < k; i++)
        miss *= (double)(n - c - i) / (n - i);
    return 1 - miss;
}
