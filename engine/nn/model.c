/* The whole model: embedding, blocks, head; forward, and backward by hand.
 *
 *   x_0 = embed[id];  x_{l+1} = block_l(x_l);  logits = RMSNorm(x_L) W_head
 *
 * One pass keeps every block's activations in the workspace; the backward walks them in reverse. A NaN
 * anywhere reaches the log-probabilities, so one sum over them tells whether the pass was finite; only when
 * it was not are the tensors searched for the first culprit. */
#include "engine/nn/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/block.h"
#include "engine/nn/soft.h"

enum status model_init(struct model *m, const struct model_config *c, const struct kernels *k, struct err *e)
{
    int d = c->attention == ATTENTION_MLA ? c->rope_dim : c->head_dim;
    enum status st;
    memset(m, 0, sizeof *m);
    m->config = *c;
    m->k = k;
    st = params_init(&m->params, c, e);
    if (st)
        return st;
    m->rope = malloc((size_t)c->positions_n * (size_t)d * sizeof *m->rope);
    if (!m->rope) {
        params_release(&m->params);
        return err_set(e, ST_NOMEM, "model", "no memory for %d positions", c->positions_n);
    }
    for (int t = 0; t < c->positions_n; t++)
        for (int i = 0; i < d / 2; i++) {
            double angle = t * pow(c->rope_theta, -2.0 * i / d);
            m->rope[(size_t)t * d + 2 * i] = (real)cos(angle);
            m->rope[(size_t)t * d + 2 * i + 1] = (real)sin(angle);
        }
    return ST_OK;
}

void model_release(struct model *m)
{
    params_release(&m->params);
    free(m->rope);
    memset(m, 0, sizeof *m);
}

void block_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                   const struct tokens *t, struct block_state *s, real *y, real *load, real *scratch)
{
    attention_block_forward(m, b, w, t, s, scratch);
    ffn_block_forward(m, b, w, bias, t, s, y, load ? load + (size_t)(b->moe_index < 0 ? 0 : b->moe_index) *
                      m->config.experts_n : NULL);
}

void block_backward(const struct model *m, const struct block_params *b, const real *w,
                    const struct tokens *t, const struct block_state *s, real balance_weight, real *dx,
                    struct workspace *ws, real *grad)
{
    size_t bytes = (size_t)t->T * m->config.width * sizeof *dx;
    /* The residual paths: dx already holds d/dy, each half adds what comes through it. */
    memcpy(ws->dy, dx, bytes);
    ffn_block_backward(m, b, w, t, s, ws->dy, balance_weight, dx, ws, grad);
    memcpy(ws->dy, dx, bytes);
    attention_block_backward(m, b, w, t, s, ws->dy, dx, ws, grad);
}

void head_forward(const struct model *m, const real *w, int T, const real *normed, real *logits)
{
    const struct model_config *c = &m->config;
    const real *head = w + m->params.row[m->params.head].offset;
    m->k->gemm(0, c->tied, T, c->vocab_n, c->width, normed, c->width, head, c->tied ? c->width : c->vocab_n,
               0, logits, c->vocab_n);
}

void head_backward(const struct model *m, const real *w, int T, const real *normed, const real *dlogits,
                   real *dnormed, real *grad)
{
    const struct model_config *c = &m->config;
    size_t at = m->params.row[m->params.head].offset;
    int D = c->width, V = c->vocab_n;
    if (c->tied) {
        m->k->gemm(1, 0, V, D, T, dlogits, V, normed, D, 1, grad + at, D);
        m->k->gemm(0, 0, T, D, V, dlogits, V, w + at, D, 0, dnormed, D);
    } else {
        m->k->gemm(1, 0, D, V, T, normed, D, dlogits, V, 1, grad + at, V);
        m->k->gemm(0, 1, T, D, V, dlogits, V, w + at, V, 0, dnormed, D);
    }
}

/* value [T] of the last normed residual stream. */
static void value_forward(const struct model *m, const real *w, int T, const real *normed, real *value)
{
    const struct params *p = &m->params;
    real bias = w[p->row[p->value_bias].offset];
    m->k->gemm(0, 0, T, 1, m->config.width, normed, m->config.width, w + p->row[p->value_weight].offset, 1, 0,
               value, 1);
    for (int t = 0; t < T; t++)
        value[t] += bias;
}

/* Adds the head's own gradient, and to dnormed (NULL: it stops here) what flows on into the trunk. */
static void value_backward(const struct model *m, const real *w, int T, const real *normed,
                           const real *dvalue, real *dnormed, real *grad)
{
    const struct params *p = &m->params;
    size_t at = p->row[p->value_weight].offset, bias = p->row[p->value_bias].offset;
    int D = m->config.width;
    for (int t = 0; t < T; t++) {
        const real *h = normed + (size_t)t * D;
        grad[bias] += dvalue[t];
        for (int i = 0; i < D; i++)
            grad[at + (size_t)i] += dvalue[t] * h[i];
        for (int i = 0; dnormed && i < D; i++)
            dnormed[(size_t)t * D + i] += dvalue[t] * w[at + (size_t)i];
    }
}

static int finite_all(const struct model *m, const real *x, size_t n)
{
    return isfinite(m->k->sum_squares(n, x));
}

/* Names the first tensor of the pass that is not finite. */
static enum status name_nonfinite(const struct model *m, const real *w, const struct workspace *ws, int T,
                                  struct err *e)
{
    size_t n = (size_t)T * m->config.width;
    for (int i = 0; i < m->params.n; i++) {
        const struct param *r = &m->params.row[i];
        if (!finite_all(m, w + r->offset, (size_t)r->count * r->rows * r->cols))
            return err_set(e, ST_NONFINITE, "forward", "weight %s is not finite", r->name);
    }
    for (int l = 0; l < m->config.layers_n; l++) {
        if (!finite_all(m, ws->block[l].x, n))
            return err_set(e, ST_NONFINITE, "forward", "residual stream before layer %d is not finite", l);
        if (!finite_all(m, ws->block[l].mid, n))
            return err_set(e, ST_NONFINITE, "forward", "attention of layer %d is not finite", l);
    }
    return err_set(e, ST_NONFINITE, "forward", "log-probabilities are not finite");
}

enum status model_forward(const struct model *m, const real *w, const real *bias, const struct tokens *t,
                          real inv_temperature, int with_mtp, struct workspace *ws, struct err *e)
{
    const struct model_config *c = &m->config;
    int T = t->T, D = c->width, L = c->layers_n;
    const real *embed = w + m->params.row[m->params.embed].offset;
    for (int i = 0; i < T; i++)
        memcpy(ws->block[0].x + (size_t)i * D, embed + (size_t)t->id[i] * D, (size_t)D * sizeof(real));
    for (int l = 0; l < L; l++)
        block_forward(m, &m->params.layer[l], w, bias, t, &ws->block[l],
                      l + 1 < L ? ws->block[l + 1].x : ws->out, ws->load, ws->scratch);
    m->k->rmsnorm(T, D, ws->out, D, w + m->params.row[m->params.final_norm].offset, (real)c->norm_eps,
                  ws->normed, D, ws->rstd);
    head_forward(m, w, T, ws->normed, ws->probs);
    m->k->softmax(T, c->vocab_n, ws->probs, inv_temperature, t->target, ws->logp, ws->entropy);
    if (ws->value)
        value_forward(m, w, T, ws->normed, ws->value);
    if (with_mtp)
        mtp_forward(m, w, bias, t, inv_temperature, ws);
    if (!finite_all(m, ws->entropy, (size_t)T) || !finite_all(m, ws->logp, (size_t)T) ||
        (ws->value && !finite_all(m, ws->value, (size_t)T)))
        return name_nonfinite(m, w, ws, T, e);
    return ST_OK;
}

/* softmax_backward with the entropies' gradient: dH/dz_j = -p_j (log p_j + H), z = logits *
 * inv_temperature. */
static void entropy_backward(int T, int V, real *p, real inv_temperature, const struct tokens *t,
                             const real *dlogp, const struct workspace *ws)
{
    for (int i = 0; i < T; i++, p += V) {
        real g = dlogp[i] * inv_temperature, h = ws->dentropy[i] * inv_temperature;
        int target = t->target[i];
        for (int j = 0; j < V; j++) {
            real turn = target >= 0 && p[j] > 0 ? h * ((real)log((double)p[j]) + ws->entropy[i]) : 0;
            p[j] = target >= 0 ? -p[j] * (g + turn) : 0;
        }
        if (target >= 0)
            p[target] += g;
    }
}

void model_backward(const struct model *m, const real *w, const struct tokens *t, real inv_temperature,
                    const real *dlogp, const real *mtp_dlogp, const real *dvalue, real balance_weight,
                    struct workspace *ws, real *grad)
{
    const struct model_config *c = &m->config;
    int T = t->T, D = c->width;
    real *embed = grad + m->params.row[m->params.embed].offset;
    if (dvalue && !dlogp)
        value_backward(m, w, T, ws->normed, dvalue, NULL, grad);
    if (!dlogp)
        return;
    if (ws->soft)
        soft_backward(T, c->vocab_n, ws->probs, t->target, dlogp, ws->soft);
    else if (ws->dentropy)
        entropy_backward(T, c->vocab_n, ws->probs, inv_temperature, t, dlogp, ws);
    else
        m->k->softmax_backward(T, c->vocab_n, ws->probs, inv_temperature, t->target, dlogp);
    head_backward(m, w, T, ws->normed, ws->probs, ws->dy, grad);
    if (dvalue)
        value_backward(m, w, T, ws->normed, dvalue, c->value_detach ? NULL : ws->dy, grad);
    memset(ws->dx, 0, (size_t)T * D * sizeof *ws->dx);
    m->k->rmsnorm_backward(T, D, ws->out, D, w + m->params.row[m->params.final_norm].offset, ws->rstd, ws->dy,
                           D, ws->dx, D, grad + m->params.row[m->params.final_norm].offset);
    if (mtp_dlogp)
        mtp_backward(m, w, t, inv_temperature, mtp_dlogp, balance_weight, ws, grad);
    for (int l = c->layers_n - 1; l >= 0; l--)
        block_backward(m, &m->params.layer[l], w, t, &ws->block[l], balance_weight, ws->dx, ws, grad);
    for (int i = 0; i < T; i++)
        m->k->add((size_t)D, ws->dx + (size_t)i * D, embed + (size_t)t->id[i] * D);
}

const real *model_hidden(const struct model *m, const struct workspace *ws, int layer)
{
    return layer < m->config.layers_n ? ws->block[layer].x : ws->out;
}
