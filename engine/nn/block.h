#ifndef GRPOLAB_NN_BLOCK_H
#define GRPOLAB_NN_BLOCK_H

#include "engine/nn/model.h"

/* The parts of a block, for model.c, mtp.c and decode.c. Each forward stands beside its backward; outputs
 * live in struct block_state (names there). A backward takes the gradient of its output in dout [T,D] and
 * adds the gradient of its input to dx [T,D] (the residual path is the caller's) and of
 * its weights to grad. */

/* attention_block_forward: s->mid = s->x + Attention(RMSNorm(s->x)).  MLA: V3 eq. 1-11. */
void attention_block_forward(const struct model *m, const struct block_params *b, const real *w,
                             const struct tokens *t, struct block_state *s, real *scratch);
void attention_block_backward(const struct model *m, const struct block_params *b, const real *w,
                              const struct tokens *t, const struct block_state *s, const real *dout, real *dx,
                              struct workspace *ws, real *grad);

/* attention_project: the projections alone, for T rows at the given positions: fills s->attn_in, down,
 * latents, q, kv (or qkv) with RoPE applied, but not k. Used by the training form and by decoding. */
void attention_project(const struct model *m, const struct block_params *b, const real *w, int T,
                       const int *position, struct block_state *s);

/* ffn_block_forward: y [T,D] = s->mid + FFN(RMSNorm(s->mid)), dense or MoE; load [E] gets the
 * assignments added. */
void ffn_block_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                       const struct tokens *t, struct block_state *s, real *y, real *load);
void ffn_block_backward(const struct model *m, const struct block_params *b, const real *w,
                        const struct tokens *t, const struct block_state *s, const real *dout,
                        real balance_weight, real *dx, struct workspace *ws, real *grad);

/* moe_forward / moe_backward: the routed experts alone (V3 eq. 12-16): y [T,D] += sum of the chosen experts
 * of s->ffn_in. moe_backward adds to dffn_in [T,D]. */
void moe_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                 const struct tokens *t, struct block_state *s, real *y, real *load);
void moe_backward(const struct model *m, const struct block_params *b, const real *w, const struct tokens *t,
                  const struct block_state *s, const real *dout, real balance_weight, real *dffn_in,
                  struct workspace *ws, real *grad);

/* block_forward / block_backward: both halves. dx [T,D] holds the gradient of y on entry and
 * of s->x on return. */
void block_forward(const struct model *m, const struct block_params *b, const real *w, const real *bias,
                   const struct tokens *t, struct block_state *s, real *y, real *load, real *scratch);
void block_backward(const struct model *m, const struct block_params *b, const real *w,
                    const struct tokens *t, const struct block_state *s, real balance_weight, real *dx,
                    struct workspace *ws, real *grad);

/* block_state_alloc: activations for T rows; is_moe as the block is. 0 when the arena is full. */
int block_state_alloc(struct block_state *s, const struct model *m, const struct block_params *b, int T,
                      struct arena *a);

/* MTP modules (V3 eq. 21-25), called between the last block and the head. */
void mtp_forward(const struct model *m, const real *w, const real *bias, const struct tokens *t,
                 real inv_temperature, struct workspace *ws);
/* adds to ws->dx the gradient with respect to ws->out. */
void mtp_backward(const struct model *m, const real *w, const struct tokens *t, real inv_temperature,
                  const real *mtp_dlogp, real balance_weight, struct workspace *ws, real *grad);

/* head_forward: probs [T,V] = normed * head (tied: embed transposed); head_backward adds dnormed [T,D]
 * (written) and the head's gradient. */
void head_forward(const struct model *m, const real *w, int T, const real *normed, real *logits);
void head_backward(const struct model *m, const real *w, int T, const real *normed, const real *dlogits,
                   real *dnormed, real *grad);

#endif
