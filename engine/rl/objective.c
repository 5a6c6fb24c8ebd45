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
    int capped = o->ratio_cap > 0 && ratio > o->ratio_cap && !high && !low;
    out->ratio[at] = ratio;
    out->clipped[at] = (unsigned char)(high || low);
    out->clip_high += high;
    out->clip_low += low;
    out->capped += capped;
    if (capped) {
        *slope = o->ratio_cap * A;
        return *slope * (1 + log(ratio / o->ratio_cap));
    }
    *slope = high || low ? 0 : ratio * A;
    return (high ? 1 + o->eps_high : low ? 1 - o->eps_low : ratio) * A;
}

/* A bounded ratio as the weight of log pi: cispo's clipped one, or the truncated one. */
static double weighted(const struct objective *o, double logp, double ratio, double A,
                       struct sequence_terms *out, int at, double *slope)
{
    int is_clip = o->loss == LOSS_CISPO;
    int high = is_clip && ratio > 1 + o->eps_high, low = is_clip && ratio < 1 - o->eps_low;
    double weight = high ? 1 + o->eps_high : low ? 1 - o->eps_low : ratio;
    int capped = o->ratio_cap > 0 && weight > o->ratio_cap;
    out->ratio[at] = ratio;
    out->clipped[at] = (unsigned char)(high || low);
    out->clip_high += high;
    out->clip_low += low;
    out->capped += capped;
    *slope = (capped ? o->ratio_cap : weight) * A;
    return *slope * logp;
}

/* A token's term and its derivative with respect to log pi. */
static double token_gain(const struct objective *o, double logp, double old, double A,
                         struct sequence_terms *out, int at, double *slope)
{
    double ratio = exp(logp - old);
    int is_log = o->loss == LOSS_REINFORCE || o->loss == LOSS_RLOO;
    if (o->loss == LOSS_CISPO || (is_log && o->ratio_cap > 0))
        return weighted(o, logp, ratio, A, out, at, slope);
    if (!is_log)
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

double kl_term(enum kl_kind kind, int clamp, double d, double ratio, double *slope)
{
    static const double LOG_MOST = 20, MOST = 10;
    double x = -d, value;
    int is_clamped;
    if (kind == KL_K1 || kind == KL_K2) {
        *slope = kind == KL_K1 ? 1 : d;
        return kind == KL_K1 ? d : d * d / 2;
    }
    if (clamp)
        x = fmax(-LOG_MOST, fmin(LOG_MOST, x));
    value = k3(x);
    is_clamped = clamp && (x != -d || value > MOST);
    if (clamp && value > MOST)
        value = MOST;
    *slope = is_clamped ? 0 : -expm1(x);
    if (kind == KL_UNBIASED) {
        *slope = ratio * (is_clamped ? value : d);   /* k3 + k3' = d */
        value *= ratio;
    }
    return value;
}

/* The KL term of token t into loss and gradient, with a share of the weight: 1 of `parts`. */
static void add_kl(const struct objective *o, double weight, int parts, int t, double logp, double old,
                   double ref, struct sequence_terms *out)
{
    double slope;
    out->kl[t] = kl_term(o->kl, o->kl_clamp, logp - ref, o->kl == KL_UNBIASED ? exp(logp - old) : 1, &slope);
    out->kl_sum += out->kl[t];
    out->loss += weight * o->beta * out->kl[t] / parts;
    out->grad[t] += weight * o->beta * slope / parts;
}

/* Ratio and clip by token, each token weighted alike. */
static void by_token(const struct objective *o, double weight, int n, const double *logp, const double *old,
                     const double *ref, double A, struct sequence_terms *out)
{
    out->ratio_n = n;
    out->kl_n = ref ? n : 0;
    out->entropy_weight = -o->entropy * weight;
    for (int t = 0; t < n; t++) {
        double slope, gain = token_gain(o, logp[t], old[t], A, out, t, &slope);
        out->policy_loss -= weight * gain;
        out->grad[t] = -weight * slope;
        if (ref)
            add_kl(o, weight, 1, t, logp[t], old[t], ref[t], out);
    }
}

/* R1 eq. 1 as it stands: ratio and KL of whole sequences. */
static void by_sequence(const struct objective *o, double weight, int n, const double *logp,
                        const double *old, const double *ref, double A, struct sequence_terms *out)
{
    double d_old = 0, d_ref = 0, slope, gain, pull = 0;
    for (int t = 0; t < n; t++) {
        d_old += logp[t] - old[t];
        d_ref += ref ? ref[t] - logp[t] : 0;
    }
    out->ratio_n = 1;
    out->kl_n = ref ? 1 : 0;
    out->entropy_weight = -o->entropy * weight;
    gain = surrogate(o, exp(d_old), A, out, 0, &slope);
    out->policy_loss -= weight * gain;
    if (ref) {
        out->kl[0] = kl_term(o->kl, o->kl_clamp, -d_ref, out->ratio[0], &pull);
        out->kl_sum = out->kl[0];
        out->loss += weight * o->beta * out->kl[0];
    }
    for (int t = 0; t < n; t++)
        out->grad[t] = -weight * slope + weight * o->beta * pull;
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
    out->entropy_weight = -o->entropy * weight / n;
    gain = surrogate(o, exp(d), A, out, 0, &slope);
    out->policy_loss -= weight * gain;
    for (int t = 0; t < n; t++) {
        out->grad[t] = -weight * slope / n;
        if (ref)
            add_kl(o, weight, n, t, logp[t], old[t], ref[t], out);
    }
}

/* V3.2's mask: far from the policy that sampled it, and to be made rarer. */
static int is_off_policy(const struct objective *o, int n, const double *logp, const double *old, double A)
{
    double sum = 0;
    for (int t = 0; t < n; t++)
        sum += old[t] - logp[t];
    return o->off_policy_delta > 0 && A < 0 && sum / n > o->off_policy_delta;
}

void objective_sequence(const struct objective *o, const struct loss_scope *scope, int n, const double *logp,
                        const double *old, const double *ref, double advantage, struct sequence_terms *out)
{
    double S = scope->sequences;
    out->loss = out->policy_loss = out->kl_sum = 0;
    out->clip_low = out->clip_high = out->capped = 0;
    out->is_off_policy = is_off_policy(o, n, logp, old, advantage);
    if (out->is_off_policy)   /* the terms of A = 0: nothing but KL */
        advantage = 0;
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
        by_token(o,
                 1 / (scope->micro_batches > 0 ? scope->micro_tokens * scope->micro_batches : scope->tokens),
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
