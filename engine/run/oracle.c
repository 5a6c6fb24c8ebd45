/* The oracle: one problem after the other, its completions listed, scored and weighed by one forward; every
 * exact gradient is a sum over completions of a coefficient for each token times that token's grad log pi,
 * which one backward gives for all of them. What is drawn is drawn from the listed probabilities, so that
 * the estimates differ from the exact numbers by chance and by bias alone. */
#include "engine/run/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/oracle_work.h"

double oracle_dot(size_t n, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static double cosine(size_t n, const double *x, const double *y)
{
    double scale = sqrt(oracle_dot(n, x, x) * oracle_dot(n, y, y));
    return scale > 0 ? oracle_dot(n, x, y) / scale : 0;
}

/* Expected value, and the gradient, of what each completion has: reward, length, log-ratio. */
static enum status add_true(struct oracle_work *w, struct oracle *out, struct err *e)
{
    double mean[TRUE_N] = {0}, share = 1.0 / w->s->problems;
    enum status st = ST_OK;
    for (int o = 0; o < w->outcomes; o++) {
        double value[TRUE_N] = {w->b.reward[o], w->b.n[o], w->log_ratio[o]};
        out->probability += share * w->p[o];
        out->accuracy += share * w->p[o] * w->b.score[o].accuracy;
        for (int i = 0; i < TRUE_N; i++)
            mean[i] += w->p[o] * value[i];
    }
    out->reward += share * mean[TRUE_REWARD];
    out->mean_length += share * mean[TRUE_LENGTH];
    out->kl += share * mean[TRUE_KL];
    for (int i = 0; i < TRUE_N && !st; i++) {
        for (int o = 0; o < w->outcomes; o++) {
            double value[TRUE_N] = {w->b.reward[o], w->b.n[o], w->log_ratio[o]};
            oracle_coef(w, o, w->p[o] * (value[i] - mean[i]));
        }
        st = oracle_add(w, share, w->exact[i], e);
    }
    return st;
}

double oracle_estimate(const struct oracle_work *w, enum kl_kind kind, int by_sequence, int is_stale, int o,
                       double *slope)
{
    double sum = 0;
    int n = w->b.n[o];
    if (by_sequence) {
        sum = kl_term(kind, 0, w->log_ratio[o], is_stale ? exp(w->log_ratio[o]) : 1, slope);
        for (int k = 1; k < n; k++)
            slope[k] = slope[0];
        return sum;
    }
    for (int k = 0; k < n; k++) {
        double d = w->logp[o * w->cap + k] - w->ref[o * w->cap + k];
        sum += kl_term(kind, 0, d, is_stale ? exp(d) : 1, &slope[k]);
    }
    return sum;
}

static enum status add_kl(struct oracle_work *w, enum kl_kind kind, int by_sequence, struct oracle_kl *out,
                          struct err *e)
{
    double mean = 0, squares = 0, stale = 0, share = 1.0 / w->s->problems, slope[ORACLE_TOKENS];
    for (int o = 0; o < w->outcomes; o++) {
        double value;
        stale += w->p[o] * exp(-w->log_ratio[o]) * oracle_estimate(w, kind, by_sequence, 1, o, slope);
        value = oracle_estimate(w, kind, by_sequence, 0, o, slope);
        mean += w->p[o] * value;
        squares += w->p[o] * value * value;
        for (int k = 0; k < w->b.n[o]; k++)
            w->coef[o * w->cap + k] = w->p[o] * slope[k];
    }
    out->mean += share * mean;
    out->stale += share * stale;
    out->deviation += share * fmax(0, squares - mean * mean);
    return oracle_add(w, share, w->kl[by_sequence][kind], e);
}

static void finish_kl(const struct oracle_work *w, double kl, int by_sequence, struct oracle_kl *x)
{
    for (int i = 0; i < KL_KIND_N; i++) {
        const double *g = w->kl[by_sequence][i], *exact = w->exact[TRUE_KL];
        double norm = sqrt(oracle_dot(w->total, exact, exact));
        x[i].bias = x[i].mean - kl;
        x[i].stale_bias = x[i].stale - kl;
        x[i].deviation = sqrt(x[i].deviation);
        x[i].error = sqrt(x[i].error);
        x[i].scale = norm > 0 ? sqrt(oracle_dot(w->total, g, g)) / norm : 0;
        x[i].cosine = cosine(w->total, g, exact);
    }
}

static void finish_loss(const struct oracle_work *w, int row, struct oracle_loss *x)
{
    const double *g = w->loss[row], *drawn = w->drawn[row], *exact = w->exact[TRUE_REWARD];
    double norm = sqrt(oracle_dot(w->total, g, g)), true_norm = sqrt(oracle_dot(w->total, exact, exact));
    double apart = 0, error;
    x->cosine = cosine(w->total, g, exact);
    x->scale = true_norm > 0 ? norm / true_norm : 0;
    x->length = norm > 0 ? oracle_dot(w->total, g, w->exact[TRUE_LENGTH]) / norm : 0;
    x->noise = norm > 0 ? sqrt(w->spread[row]) / norm : 0;
    x->sampled_cosine = cosine(w->total, drawn, g);
    for (size_t j = 0; j < w->total; j++)
        apart += (drawn[j] - g[j]) * (drawn[j] - g[j]);
    error = w->spread[row] / (w->s->batches * (double)w->s->problems);
    x->sampled_distance = error > 0 ? sqrt(apart / error) : 0;
}

static void finish(const struct oracle_work *w, const struct oracle_gradients *g, struct oracle *out)
{
    double *const to[TRUE_N] = {g ? g->reward : NULL, g ? g->mean_length : NULL, g ? g->kl : NULL};
    const double *exact = w->exact[TRUE_REWARD];
    out->gradient = sqrt(oracle_dot(w->total, exact, exact));
    out->length = out->gradient > 0 ? oracle_dot(w->total, exact, w->exact[TRUE_LENGTH]) / out->gradient : 0;
    out->reward_error = sqrt(out->reward_error);
    finish_kl(w, out->kl, 0, out->token);
    finish_kl(w, out->kl, 1, out->sequence);
    for (int i = 0; i < ORACLE_LOSSES; i++)
        finish_loss(w, i, &out->loss[i / LOSS_KIND_N][i % LOSS_KIND_N]);
    for (int i = 0; i < TRUE_N; i++)
        if (to[i])
            memcpy(to[i], w->exact[i], w->total * sizeof(double));
}

enum status oracle_run(struct trainer *t, const struct oracle_settings *s, const struct gate *gate,
                       const struct oracle_gradients *gradients, struct oracle *out, struct err *e)
{
    struct oracle_work *w = malloc(sizeof *w);
    enum status st;
    memset(out, 0, sizeof *out);
    if (!w)
        return err_set(e, ST_NOMEM, "oracle", "no memory");
    st = oracle_open(w, t, s, gate, e);
    for (int p = 0; p < s->problems && !st; p++) {
        st = oracle_problem(w, p, e);
        if (!st)
            st = oracle_types(w, e);
        if (!st)
            st = add_true(w, out, e);
        for (int i = 0; i < KL_KIND_N && !st; i++) {
            st = add_kl(w, (enum kl_kind)i, 0, &out->token[i], e);
            if (!st)
                st = add_kl(w, (enum kl_kind)i, 1, &out->sequence[i], e);
        }
        for (int i = 0; i < ORACLE_LOSSES && !st; i++)
            st = oracle_expect(w, i, e);
        if (!st)
            st = oracle_sample(w, p, out, e);
        if (!st && s->told)
            s->told(s->ctx, (double)(p + 1) / s->problems);
    }
    if (!st) {
        out->problems = s->problems;
        out->outcomes = w->outcomes;
        out->group = s->group;
        out->batches = s->batches;
        out->std = t->set.rl.std;
        finish(w, gradients, out);
    }
    if (w->arena.base)
        arena_release(&w->arena);
    free(w);
    return st;
}
