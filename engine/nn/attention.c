/* Attention blocks: Multi-head Latent Attention (V3 eq. 1-11) and plain multi-head attention, whose keys and
 * values groups of heads may share (grouped-query attention, Ainslie et al. 2023; multi-query, Shazeer 2019).
 *
 *   h    = RMSNorm(x)
 *   [c_Q | c_KV | k_R] = h W_down           (without a query latent the first part is q itself)
 *   q    = RMSNorm(c_Q) W_UQ                 per head [q_C | q_R]
 *   [k_C | v] = RMSNorm(c_KV) W_UKV          all heads' keys, then all heads' values
 *   k    = per head [k_C | RoPE(k_R)],  q_R = RoPE(q_R)
 *   y    = x + softmax(q k^T / sqrt(d_h + d_R)) v W_O
 *
 * Plain: [q | k | v] = h W_QKV with H heads of queries and Hk of keys and values; head i reads those of head
 * i / (H/Hk), and the backward sums over the heads that read.
 *
 * RoPE is applied in place, so what is kept is already turned; the backward turns gradients back. */
#include <math.h>
#include <string.h>

#include "engine/nn/block.h"
#include "engine/nn/linear.h"

/* Columns of the down projection. */
struct down_layout {
    int q, kv, rope, ld;   /* widths of the three parts, their sum */
};

static struct down_layout down_layout(const struct model_config *c)
{
    struct down_layout d;
    d.q = c->q_rank ? c->q_rank : c->heads_n * (c->nope_dim + c->rope_dim);
    d.kv = c->kv_rank;
    d.rope = c->rope_dim;
    d.ld = d.q + d.kv + d.rope;
    return d;
}

static real attention_scale(const struct model_config *c)
{
    return (real)(1.0 / sqrt((double)config_key_dim(c)));
}

static void mla_project(const struct model *m, const struct block_params *b, const real *w, int T,
                        const int *position, struct block_state *s)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    struct down_layout d = down_layout(c);
    int H = c->heads_n, dk = config_key_dim(c), ldq = c->q_rank ? H * dk : d.ld;
    real eps = (real)c->norm_eps;
    linear_forward(m, s->linear, w, b->down, 0, T, s->attn_in, 0, s->down);
    if (c->q_rank) {
        k->rmsnorm(T, d.q, s->down, d.ld, w + p[b->q_norm].offset, eps, s->q_latent, d.q, s->q_rstd);
        linear_forward(m, s->linear, w, b->q_up, 0, T, s->q_latent, 0, s->q);
    }
    k->rope(T, H, c->rope_dim, s->q + c->nope_dim, ldq, dk, position, m->rope, 1);
    k->rope(T, 1, c->rope_dim, s->down + d.q + d.kv, d.ld, d.rope, position, m->rope, 1);
    k->rmsnorm(T, d.kv, s->down + d.q, d.ld, w + p[b->kv_norm].offset, eps, s->kv_latent, d.kv, s->kv_rstd);
    linear_forward(m, s->linear, w, b->kv_up, 0, T, s->kv_latent, 0, s->kv);
}

/* The full keys: each head's plain part with the shared turned part behind it. */
static void mla_keys(const struct model_config *c, int T, const struct block_state *s)
{
    struct down_layout d = down_layout(c);
    int H = c->heads_n, dk = config_key_dim(c), up = H * (c->nope_dim + c->v_dim);
    for (int t = 0; t < T; t++) {
        const real *plain = s->kv + (size_t)t * up, *turned = s->down + (size_t)t * d.ld + d.q + d.kv;
        real *key = s->k + (size_t)t * H * dk;
        for (int h = 0; h < H; h++, key += dk, plain += c->nope_dim) {
            memcpy(key, plain, (size_t)c->nope_dim * sizeof *key);
            memcpy(key + c->nope_dim, turned, (size_t)c->rope_dim * sizeof *key);
        }
    }
}

static void mha_project(const struct model *m, const struct block_params *b, const real *w, int T,
                        const int *position, struct block_state *s)
{
    const struct model_config *c = &m->config;
    int turned = c->heads_n + config_kv_heads(c), hd = c->head_dim;
    linear_forward(m, s->linear, w, b->qkv, 0, T, s->attn_in, 0, s->q);
    /* Queries and keys lie side by side. */
    m->k->rope(T, turned, hd, s->q, config_qkv_dim(c), hd, position, m->rope, 1);
}

void attention_project(const struct model *m, const struct block_params *b, const real *w, int T,
                       const int *position, struct block_state *s)
{
    const struct model_config *c = &m->config;
    m->k->rmsnorm(T, c->width, s->x, c->width, w + m->params.row[b->attn_norm].offset, (real)c->norm_eps,
                  s->attn_in, c->width, s->attn_rstd);
    if (c->attention == ATTENTION_MLA)
        mla_project(m, b, w, T, position, s);
    else
        mha_project(m, b, w, T, position, s);
}

/* Leading dimensions of q, k, v as the attention kernel sees them. */
struct qkv_strides {
    int q, k, v;
};

static struct qkv_strides qkv_strides(const struct model_config *c)
{
    int H = c->heads_n, dk = config_key_dim(c), row = config_qkv_dim(c);
    if (c->attention == ATTENTION_MHA)
        return (struct qkv_strides){row, row, row};
    return (struct qkv_strides){c->q_rank ? H * dk : down_layout(c).ld, H * dk, H * (c->nope_dim + c->v_dim)};
}

void attention_block_forward(const struct model *m, const struct block_params *b, const real *w,
                             const struct tokens *t, struct block_state *s, real *scratch)
{
    const struct model_config *c = &m->config;
    int T = t->T, D = c->width, H = c->heads_n, dk = config_key_dim(c), dv = config_value_dim(c);
    struct qkv_strides ld = qkv_strides(c);
    attention_project(m, b, w, T, t->position, s);
    if (c->attention == ATTENTION_MLA)
        mla_keys(c, T, s);
    m->k->attention(&t->seq, H, config_kv_heads(c), dk, dv, s->q, ld.q, s->k, ld.k, s->v, ld.v,
                    attention_scale(c), s->attn, H * dv, s->lse, scratch);
    memcpy(s->mid, s->x, (size_t)T * D * sizeof *s->mid);
    linear_forward(m, s->linear, w, b->out, 0, T, s->attn, 1, s->mid);
}

static void mla_project_backward(const struct model *m, const struct block_params *b, const real *w, int T,
                                 const int *position, const struct block_state *s, real *dq, const real *dkey,
                                 real *dkv, real *ddown, real *dlatent, real *grad)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    struct down_layout d = down_layout(c);
    int H = c->heads_n, dk = config_key_dim(c), up = H * (c->nope_dim + c->v_dim),
        ldq = c->q_rank ? H * dk : d.ld;
    if (c->q_rank)
        memset(ddown, 0, (size_t)T * d.ld * sizeof *ddown);
    for (int t = 0; t < T; t++) {
        real *plain = dkv + (size_t)t * up, *turned = ddown + (size_t)t * d.ld + d.q + d.kv;
        const real *key = dkey + (size_t)t * H * dk;
        memset(ddown + (size_t)t * d.ld + d.q, 0, (size_t)(d.kv + d.rope) * sizeof *ddown);
        for (int h = 0; h < H; h++, key += dk, plain += c->nope_dim) {
            memcpy(plain, key, (size_t)c->nope_dim * sizeof *key);
            for (int i = 0; i < c->rope_dim; i++)
                turned[i] += key[c->nope_dim + i];
        }
    }
    k->rope(T, H, c->rope_dim, dq + c->nope_dim, ldq, dk, position, m->rope, -1);
    k->rope(T, 1, c->rope_dim, ddown + d.q + d.kv, d.ld, d.rope, position, m->rope, -1);
    if (c->q_rank) {
        linear_wgrad(m, s->linear, b->q_up, 0, T, s->q_latent, dq, grad);
        linear_dgrad(m, s->linear, w, b->q_up, 0, T, dq, dlatent);
        k->rmsnorm_backward(T, d.q, s->down, d.ld, w + p[b->q_norm].offset, s->q_rstd, dlatent, d.q, ddown,
                            d.ld, grad + p[b->q_norm].offset);
    }
    linear_wgrad(m, s->linear, b->kv_up, 0, T, s->kv_latent, dkv, grad);
    linear_dgrad(m, s->linear, w, b->kv_up, 0, T, dkv, dlatent);
    k->rmsnorm_backward(T, d.kv, s->down + d.q, d.ld, w + p[b->kv_norm].offset, s->kv_rstd, dlatent, d.kv,
                        ddown + d.q, d.ld, grad + p[b->kv_norm].offset);
}

void attention_block_backward(const struct model *m, const struct block_params *b, const real *w,
                              const struct tokens *t, const struct block_state *s, const real *dout, real *dx,
                              struct workspace *ws, real *grad)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width, H = c->heads_n, Hk = config_kv_heads(c);
    int dk = config_key_dim(c), dv = config_value_dim(c);
    struct qkv_strides ld = qkv_strides(c);
    real *dattn = ws->grad[0], *din = ws->grad[1], *ddown = ws->grad[2], *dq, *dkey, *dvalue;
    int in_cols, in_map;
    linear_wgrad(m, s->linear, b->out, 0, T, s->attn, dout, grad);
    linear_dgrad(m, s->linear, w, b->out, 0, T, dout, dattn);
    if (c->attention == ATTENTION_MLA) {
        struct down_layout d = down_layout(c);
        dq = c->q_rank ? ws->grad[3] : ddown;
        dkey = ws->grad[4];
        dvalue = ws->grad[5] + (size_t)H * c->nope_dim;
        in_cols = d.ld;
        in_map = b->down;
    } else {
        dq = ddown;
        dkey = dq + H * dk;
        dvalue = dkey + Hk * dk;
        in_cols = config_qkv_dim(c);
        in_map = b->qkv;
    }
    k->attention_backward(&t->seq, H, Hk, dk, dv, s->q, ld.q, s->k, ld.k, s->v, ld.v, attention_scale(c),
                          s->attn, dattn, H * dv, s->lse, dq, dkey, dvalue, ws->scratch);
    if (c->attention == ATTENTION_MLA)
        mla_project_backward(m, b, w, T, t->position, s, dq, dkey, ws->grad[5], ddown, dattn, grad);
    else
        k->rope(T, H + Hk, dk, dq, in_cols, dk, t->position, m->rope, -1);
    linear_wgrad(m, s->linear, in_map, 0, T, s->attn_in, ddown, grad);
    linear_dgrad(m, s->linear, w, in_map, 0, T, ddown, din);
    k->rmsnorm_backward(T, D, s->x, D, w + p[b->attn_norm].offset, s->attn_rstd, din, D, dx, D,
                        grad + p[b->attn_norm].offset);
}
