/* DeepSeekMoE's routed experts (V3 eq. 12-16) with auxiliary-loss-free balancing (section 2.1.2).
 *
 *   s_i = sigmoid(u . e_i);  chosen = top K of s_i + b_i, among the best groups when routing is group-limited
 *   g_i = route_scale * s_i / sum of the chosen s   (without b)
 *   y  += sum over chosen of g_i * Expert_i(u)
 *
 * Rows are sorted by expert, so that each expert is one pair of GEMMs; no token is dropped. The choice is
 * taken as fixed in the backward: gradients reach the router through the gates (and the balance loss) only.
 * It may also be given from outside (router replay): the experts that the sampler used, gates from the
 * present s. Sequence-wise balance loss (eq. 17-20): alpha * sum_i f_i P_i a sequence, weighted by the
 * sequence's share of the tokens; f counts the top K of s without the bias. */
#include <string.h>

#include "engine/nn/block.h"
#include "engine/nn/linear.h"

enum { EXPERTS_MAX = 64 };

/* top: indices of the n largest of value[0..count-1] among those allowed, largest first; ties go
 * to the lower index. */
static void top(const real *value, const unsigned char *allowed, int count, int n, int *out)
{
    unsigned char taken[EXPERTS_MAX] = {0};
    for (int j = 0; j < n; j++) {
        int best = -1;
        for (int i = 0; i < count; i++)
            if (!taken[i] && (!allowed || allowed[i]) && (best < 0 || value[i] > value[best]))
                best = i;
        out[j] = best;
        taken[best] = 1;
    }
}

/* Group-limited routing: a group scores by its two highest s + b, as the published code does. */
static void allow_groups(const struct model_config *c, const real *biased, unsigned char *allowed)
{
    int per = c->experts_n / c->groups_n, group[EXPERTS_MAX];
    real value[EXPERTS_MAX];
    for (int g = 0; g < c->groups_n; g++) {
        int two[2];
        top(biased + g * per, NULL, per, per > 1 ? 2 : 1, two);
        value[g] = biased[g * per + two[0]] + (per > 1 ? biased[g * per + two[1]] : 0);
    }
    top(value, NULL, c->groups_n, c->top_groups, group);
    memset(allowed, 0, (size_t)c->experts_n);
    for (int j = 0; j < c->top_groups; j++)
        memset(allowed + group[j] * per, 1, (size_t)per);
}

static void choose(const struct model_config *c, const real *bias, const real *s, int *chosen)
{
    int E = c->experts_n, K = c->top_k;
    real biased[EXPERTS_MAX];
    unsigned char allowed[EXPERTS_MAX];
    for (int i = 0; i < E; i++)
        biased[i] = s[i] + bias[i];
    if (c->groups_n > 1)
        allow_groups(c, biased, allowed);
    top(biased, c->groups_n > 1 ? allowed : NULL, E, K, chosen);
}

static void make_gates(const struct model_config *c, const real *s, const int *chosen, real *gate)
{
    real sum = 0;
    for (int j = 0; j < c->top_k; j++)
        sum += s[chosen[j]];
    for (int j = 0; j < c->top_k; j++)
        gate[j] = (real)c->route_scale * s[chosen[j]] / sum;
}

/* Compares the top K with what a sampler chose, in whose order a replay keeps them: sums have the same
 * bits. */
static void compare_route(int K, const uint8_t *route, int replays, int *chosen, int64_t *moved)
{
    for (int j = 0; j < K; j++) {
        int is_there = 0;
        for (int i = 0; i < K; i++)
            is_there |= chosen[i] == route[j];
        *moved += !is_there;
    }
    for (int j = 0; j < K && replays; j++)
        chosen[j] = route[j];
}

/* f_i of one sequence: E/(K n) times how often i is among the top K of s without the bias (eq. 18). */
static void sequence_frequency(const struct model_config *c, const real *s, int n, real *f)
{
    int E = c->experts_n, chosen[16];
    memset(f, 0, (size_t)E * sizeof *f);
    for (int t = 0; t < n; t++) {
        top(s + (size_t)t * E, NULL, E, c->top_k, chosen);
        for (int j = 0; j < c->top_k; j++)
            f[chosen[j]] += (real)E / ((real)c->top_k * (real)n);
    }
}

/* sum f_e s_e, and sum s_e. */
static real weighted(int E, const real *s, const real *f, real *sum)
{
    real part = 0;
    *sum = 0;
    for (int e = 0; e < E; e++) {
        *sum += s[e];
        part += f[e] * s[e];
    }
    return part;
}

static real balance_loss(const struct model_config *c, const struct tokens *t, const real *affinity)
{
    int E = c->experts_n;
    real f[EXPERTS_MAX], loss = 0;
    for (int q = 0; q < t->seq.n; q++) {
        int begin = t->seq.begin[q], n = t->seq.begin[q + 1] - begin;
        sequence_frequency(c, affinity + (size_t)begin * E, n, f);
        for (int i = begin; i < begin + n; i++) {
            const real *s = affinity + (size_t)i * E;
            real sum, part = weighted(E, s, f, &sum);
            loss += part / sum / (real)t->T;
        }
    }
    return (real)c->balance_alpha * loss;
}

/* d loss / d s, added: loss is linear in s_e / sum s with weight alpha * f_e / T. */
static void balance_backward(const struct model_config *c, const struct tokens *t, const real *affinity,
                             real weight, real *ds)
{
    int E = c->experts_n;
    real f[EXPERTS_MAX], scale = weight * (real)c->balance_alpha / (real)t->T;
    for (int q = 0; q < t->seq.n; q++) {
        int begin = t->seq.begin[q], n = t->seq.begin[q + 1] - begin;
        sequence_frequency(c, affinity + (size_t)begin * E, n, f);
        for (int i = begin; i < begin + n; i++) {
            const real *s = affinity + (size_t)i * E;
            real sum, part = weighted(E, s, f, &sum);
            for (int e = 0; e < E; e++)
                ds[(size_t)i * E + e] += scale * (f[e] - part / sum) / sum;
        }
    }
}

/* Assignments in order of expert: a counting sort, stable in the token. */
static void sort_by_expert(int T, int E, int K, const int *chosen, int *order, int *begin)
{
    int next[EXPERTS_MAX];
    memset(begin, 0, ((size_t)E + 1) * sizeof *begin);
    for (int i = 0; i < T * K; i++)
        begin[chosen[i] + 1]++;
    for (int e = 0; e < E; e++)
        begin[e + 1] += begin[e];
    memcpy(next, begin, (size_t)E * sizeof *next);
    for (int i = 0; i < T * K; i++)
        order[next[chosen[i]]++] = i;
}

void moe_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                 const struct tokens *t, struct block_state *s, real *y, real *load)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width, E = c->experts_n, K = c->top_k, F = c->expert_width;
    const real *b_row = bias + (size_t)b->moe_index * E;
    k->gemm(0, 0, T, E, D, s->ffn_in, D, w + p[b->router].offset, E, 0, s->affinity, E);
    k->sigmoid((size_t)T * E, s->affinity);
    for (int i = 0; i < T; i++) {
        const real *row = s->affinity + (size_t)i * E;
        int *chosen = s->chosen + (size_t)i * K;
        choose(c, b_row, row, chosen);
        if (s->route)
            compare_route(K, s->route + (size_t)i * (size_t)s->route_stride, s->replays, chosen, &s->moved);
        make_gates(c, row, chosen, s->gate + (size_t)i * K);
    }
    sort_by_expert(T, E, K, s->chosen, s->order, s->expert_begin);
    for (int e = 0; e < E; e++)
        load[e] += (real)(s->expert_begin[e + 1] - s->expert_begin[e]);
    s->balance = c->balance_alpha > 0 ? balance_loss(c, t, s->affinity) : 0;
    k->gather(T * K, D, K, s->order, s->ffn_in, s->expert_in);
    for (int e = 0; e < E; e++) {
        int from = s->expert_begin[e], n = s->expert_begin[e + 1] - from;
        if (n == 0)
            continue;
        linear_forward(m, s->linear, w, b->experts_gate_up, e, n, s->expert_in + (size_t)from * D, 0,
                       s->expert_gate_up + (size_t)from * 2 * F);
        k->swiglu(n, F, s->expert_gate_up + (size_t)from * 2 * F, s->expert_hidden + (size_t)from * F);
        linear_forward(m, s->linear, w, b->experts_down, e, n, s->expert_hidden + (size_t)from * F, 0,
                       s->expert_out + (size_t)from * D);
    }
    k->combine(T * K, D, K, s->order, s->gate, s->expert_out, y);
}

/* From the gradient of the gates to that of the affinities before the sigmoid. */
static void router_backward(const struct model_config *c, const struct tokens *t, const struct block_state *s,
                            const real *dgate, real balance_weight, real *dlogit)
{
    int T = t->T, E = c->experts_n, K = c->top_k;
    memset(dlogit, 0, (size_t)T * E * sizeof *dlogit);
    for (int i = 0; i < T; i++) {
        const real *a = s->affinity + (size_t)i * E, *dg = dgate + (size_t)i * K;
        const int *chosen = s->chosen + (size_t)i * K;
        real sum = 0, dot = 0;
        for (int j = 0; j < K; j++) {
            sum += a[chosen[j]];
            dot += dg[j] * a[chosen[j]];
        }
        for (int j = 0; j < K; j++)
            dlogit[(size_t)i * E + chosen[j]] = (real)c->route_scale * (dg[j] - dot / sum) / sum;
    }
    if (c->balance_alpha > 0)
        balance_backward(c, t, s->affinity, balance_weight, dlogit);
    for (int i = 0; i < T * E; i++)
        dlogit[i] *= s->affinity[i] * (1 - s->affinity[i]);
}

void moe_backward(const struct model *m, const struct block_params *b, const real *w, const struct tokens *t,
                  const struct block_state *s, const real *dout, real balance_weight, real *dffn_in,
                  struct workspace *ws, real *grad)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width, E = c->experts_n, K = c->top_k, F = c->expert_width;
    real *drow = ws->grad[1], *dhidden = ws->grad[2], *dgate_up = ws->grad[3], *dgate = ws->grad[4],
         *dlogit = ws->grad[5];
    k->combine_backward(T * K, D, K, s->order, s->gate, s->expert_out, dout, drow, dgate);
    router_backward(c, t, s, dgate, balance_weight, dlogit);
    k->gemm(1, 0, D, E, T, s->ffn_in, D, dlogit, E, 1, grad + p[b->router].offset, E);
    k->gemm(0, 1, T, D, E, dlogit, E, w + p[b->router].offset, E, 1, dffn_in, D);
    for (int e = 0; e < E; e++) {
        int from = s->expert_begin[e], n = s->expert_begin[e + 1] - from;
        real *dy = drow + (size_t)from * D;
        if (n == 0)
            continue;
        linear_wgrad(m, s->linear, b->experts_down, e, n, s->expert_hidden + (size_t)from * F, dy, grad);
        linear_dgrad(m, s->linear, w, b->experts_down, e, n, dy, dhidden);
        k->swiglu_backward(n, F, s->expert_gate_up + (size_t)from * 2 * F, dhidden, dgate_up);
        linear_wgrad(m, s->linear, b->experts_gate_up, e, n, s->expert_in + (size_t)from * D, dgate_up, grad);
        linear_dgrad(m, s->linear, w, b->experts_gate_up, e, n, dgate_up, dy);
    }
    k->gather_backward(T * K, D, K, s->order, drow, dffn_in);
}
