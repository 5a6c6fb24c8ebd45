/* The feed-forward half of a block: SwiGLU, dense or as the shared expert, and the routed experts around it.
 *
 *   u = RMSNorm(mid);  y = mid + SwiGLU(u) [+ routed experts]      V3 eq. 12
 *   SwiGLU(u) = (silu(u W_gate) * (u W_up)) W_down */
#include <string.h>

#include "engine/nn/block.h"
#include "engine/nn/linear.h"

/* The SwiGLU of a block: the dense layer's, or the shared expert's. 0 where it has neither. */
struct swiglu_rows {
    int gate_up, down, width;
};

static int swiglu_rows(const struct model_config *c, const struct block_params *b, struct swiglu_rows *r)
{
    if (b->ffn_gate_up >= 0)
        *r = (struct swiglu_rows){b->ffn_gate_up, b->ffn_down, c->ffn_width};
    else if (b->shared_gate_up >= 0)
        *r = (struct swiglu_rows){b->shared_gate_up, b->shared_down, c->shared_n * c->expert_width};
    else
        return 0;
    return 1;
}

void ffn_block_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                       const struct tokens *t, struct block_state *s, real *y, real *load)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width;
    struct swiglu_rows r;
    k->rmsnorm(T, D, s->mid, D, w + p[b->ffn_norm].offset, (real)c->norm_eps, s->ffn_in, D, s->ffn_rstd);
    memcpy(y, s->mid, (size_t)T * D * sizeof *y);
    if (swiglu_rows(c, b, &r)) {
        linear_forward(m, s->linear, w, r.gate_up, 0, T, s->ffn_in, 0, s->gate_up);
        k->swiglu(T, r.width, s->gate_up, s->hidden);
        linear_forward(m, s->linear, w, r.down, 0, T, s->hidden, 1, y);
    }
    if (b->router >= 0)
        moe_forward(m, b, w, bias, t, s, y, load);
}

void ffn_block_backward(const struct model *m, const struct block_params *b, const real *w,
                        const struct tokens *t, const struct block_state *s, const real *dout,
                        real balance_weight, real *dx, struct workspace *ws, real *grad)
{
    const struct model_config *c = &m->config;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int T = t->T, D = c->width;
    real *din = ws->grad[0], *dhidden = ws->grad[1], *dgate_up = ws->grad[2];
    struct swiglu_rows r;
    if (swiglu_rows(c, b, &r)) {
        linear_wgrad(m, s->linear, r.down, 0, T, s->hidden, dout, grad);
        linear_dgrad(m, s->linear, w, r.down, 0, T, dout, dhidden);
        k->swiglu_backward(T, r.width, s->gate_up, dhidden, dgate_up);
        linear_wgrad(m, s->linear, r.gate_up, 0, T, s->ffn_in, dgate_up, grad);
        linear_dgrad(m, s->linear, w, r.gate_up, 0, T, dgate_up, din);
    } else {
        memset(din, 0, (size_t)T * D * sizeof *din);
    }
    if (b->router >= 0)
        moe_backward(m, b, w, t, s, dout, balance_weight, din, ws, grad);
    k->rmsnorm_backward(T, D, s->mid, D, w + p[b->ffn_norm].offset, s->ffn_rstd, din, D, dx, D,
                        grad + p[b->ffn_norm].offset);
}
