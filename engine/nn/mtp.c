/* Multi-token prediction (V3 eq. 21-25): depth k predicts token t+1+k from the block output of depth k-1 and
 * the embedding of token t+k.
 *
 *   h'_k,i = [RMSNorm(h_{k-1,i}) ; RMSNorm(embed[t_{i+k}])] M_k
 *   h_k = block_k(h'_k);  logits = RMSNorm(h_k) W_head
 *
 * Rows keep their places in the packing. A row whose token i+k lies outside its sequence has no target; it
 * takes token 0, and as the block is causal it changes no row that has one. */
#include <string.h>

#include "engine/nn/block.h"

static void shift(const struct tokens *t, int by, uint16_t *id, int *target)
{
    for (int q = 0; q < t->seq.n; q++)
        for (int i = t->seq.begin[q], end = t->seq.begin[q + 1]; i < end; i++) {
            id[i] = i + by < end ? t->id[i + by] : 0;
            target[i] = i + by < end ? t->target[i + by] : -1;
        }
}

void mtp_forward(const struct model *m, const real *w, const real *bias, const struct tokens *t,
                 real inv_temperature, struct workspace *ws)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width;
    real eps = (real)c->norm_eps;
    const real *embed = w + p[m->params.embed].offset, *h = ws->out;
    for (int i = 0; i < c->mtp_depth; i++) {
        struct block_state *s = &ws->block[c->layers_n + i];
        shift(t, i + 1, ws->mtp[i].shifted, ws->mtp[i].target);
        for (int r = 0; r < T; r++)
            memcpy(ws->mtp[i].embedded + (size_t)r * D, embed + (size_t)ws->mtp[i].shifted[r] * D,
                   (size_t)D * sizeof(real));
        k->rmsnorm(T, D, h, D, w + p[m->params.mtp[i].h_norm].offset, eps, ws->mtp[i].joined, 2 * D,
                   ws->mtp[i].h_rstd);
        k->rmsnorm(T, D, ws->mtp[i].embedded, D, w + p[m->params.mtp[i].e_norm].offset, eps,
                   ws->mtp[i].joined + D, 2 * D, ws->mtp[i].e_rstd);
        k->gemm(0, 0, T, D, 2 * D, ws->mtp[i].joined, 2 * D, w + p[m->params.mtp[i].project].offset, D, 0,
                s->x, D);
        block_forward(m, &m->params.mtp[i].block, w, bias, t, s, ws->mtp[i].out, ws->load, ws->scratch);
        k->rmsnorm(T, D, ws->mtp[i].out, D, w + p[m->params.mtp[i].final_norm].offset, eps, ws->mtp[i].normed,
                   D, ws->mtp[i].rstd);
        head_forward(m, w, T, ws->mtp[i].normed, ws->mtp[i].probs);
        k->softmax(T, c->vocab_n, ws->mtp[i].probs, inv_temperature, ws->mtp[i].target, ws->mtp[i].logp,
                   NULL);
        h = ws->mtp[i].out;
    }
}

/* One depth: dh [T,D] holds the gradient of its block output on entry, and on return that of the h it started
 * from is added to dh_before. */
static void depth_backward(const struct model *m, const real *w, const struct tokens *t, int i,
                           real balance_weight, const real *h, real *dh, real *dh_before,
                           struct workspace *ws, real *grad)
{
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = m->config.width;
    real *djoined = ws->grad[0], *dembedded = ws->grad[1], *embed = grad + p[m->params.embed].offset;
    block_backward(m, &m->params.mtp[i].block, w, t, &ws->block[m->config.layers_n + i], balance_weight, dh,
                   ws, grad);
    k->gemm(1, 0, 2 * D, D, T, ws->mtp[i].joined, 2 * D, dh, D, 1, grad + p[m->params.mtp[i].project].offset,
            D);
    k->gemm(0, 1, T, 2 * D, D, dh, D, w + p[m->params.mtp[i].project].offset, D, 0, djoined, 2 * D);
    k->rmsnorm_backward(T, D, h, D, w + p[m->params.mtp[i].h_norm].offset, ws->mtp[i].h_rstd, djoined, 2 * D,
                        dh_before, D, grad + p[m->params.mtp[i].h_norm].offset);
    memset(dembedded, 0, (size_t)T * D * sizeof *dembedded);
    k->rmsnorm_backward(T, D, ws->mtp[i].embedded, D, w + p[m->params.mtp[i].e_norm].offset,
                        ws->mtp[i].e_rstd, djoined + D, 2 * D, dembedded, D,
                        grad + p[m->params.mtp[i].e_norm].offset);
    for (int r = 0; r < T; r++)
        k->add((size_t)D, dembedded + (size_t)r * D, embed + (size_t)ws->mtp[i].shifted[r] * D);
}

void mtp_backward(const struct model *m, const real *w, const struct tokens *t, real inv_temperature,
                  const real *mtp_dlogp, real balance_weight, struct workspace *ws, real *grad)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width;
    size_t bytes = (size_t)T * D * sizeof(real);
    for (int i = c->mtp_depth - 1; i >= 0; i--) {
        real *dh = ws->mtp[i].dout;
        if (i == c->mtp_depth - 1)
            memset(dh, 0, bytes);
        k->softmax_backward(T, c->vocab_n, ws->mtp[i].probs, inv_temperature, ws->mtp[i].target,
                            mtp_dlogp + (size_t)i * T);
        head_backward(m, w, T, ws->mtp[i].normed, ws->mtp[i].probs, ws->dy, grad);
        k->rmsnorm_backward(T, D, ws->mtp[i].out, D, w + p[m->params.mtp[i].final_norm].offset,
                            ws->mtp[i].rstd, ws->dy, D, dh, D, grad + p[m->params.mtp[i].final_norm].offset);
        if (i > 0)
            memset(ws->mtp[i - 1].dout, 0, bytes);
        depth_backward(m, w, t, i, balance_weight, i > 0 ? ws->mtp[i - 1].out : ws->out, dh,
                       i > 0 ? ws->mtp[i - 1].dout : ws->dx, ws, grad);
    }
}
