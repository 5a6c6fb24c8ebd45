#ifndef GRPOLAB_NN_KERNELS_H
#define GRPOLAB_NN_KERNELS_H

#include <stddef.h>

#include "engine/nn/real.h"

/* The numeric kernels, one table per instruction set. A model holds a pointer to the
 * table it uses; nothing is global. All matrices are row-major. Shape
 * letters: T tokens (rows), D width, V vocabulary, H heads, F hidden width.
 * Every kernel is deterministic: the same inputs and shapes give the same bits. A table's functions are
 * single-threaded and pure: memory is the caller's, none is allocated but fixed-size stack buffers. */

/* Packed sequences: token rows begin[i] .. begin[i+1]-1 are sequence i. */
struct packing {
    int n;              /* sequences */
    const int *begin;   /* [n+1] */
};

struct kernels {
    const char *name;   /* "avx512", "avx2", "portable" */

    /* gemm: C[M,N] = op(A) op(B), or C += with accumulate; op transposes where ta/tb is 1:
     * A is [M,K] (ta 0) or [K,M] (ta 1); B is [K,N] (tb 0) or [N,K] (tb 1). ld* in elements.
     * A row of C (ta = tb = 0) never depends on M or on the other rows. */
    void (*gemm)(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                 int accumulate, real *C, int ldc);

    /* RMSNorm: y = x * rstd * w, rstd = 1/sqrt(mean(x^2) + eps).
     * x,y [T,D] with row strides ldx,ldy; rstd [T].
     * backward adds to dx [T,D] and dw [D]. */
    void (*rmsnorm)(int T, int D, const real *x, int ldx, const real *w, real eps, real *y, int ldy,
                    real *rstd);
    void (*rmsnorm_backward)(int T, int D, const real *x, int ldx, const real *w, const real *rstd,
                             const real *dy, int ldy, real *dx, int lddx, real *dw);

    /* SwiGLU: y = silu(g) * u; gu [T,2F] holds g in its first F columns and u in its last; y [T,F].
     * backward writes dgu [T,2F]. */
    void (*swiglu)(int T, int F, const real *gu, real *y);
    void (*swiglu_backward)(int T, int F, const real *gu, const real *dy, real *dgu);

    /* RoPE on adjacent pairs (V3's convention), in place: for each row t and each of n heads, the d numbers
     * at x + t*ld + head*stride are turned by +angle (sign 1) or -angle (sign -1, the backward).
     * table [positions, d]: cos, sin of pair i at columns 2i, 2i+1. position [T]. */
    void (*rope)(int T, int n, int d, real *x, int ld, int stride, const int *position,
                 const real *table, int sign);

    /* Softmax over V with logits * inv_temperature: in place logits -> probabilities p [T,V];
     * logp[t] of target[t] (target < 0: logp 0), entropy[t] in nats (may be NULL).
     * backward: in place p -> dlogits, dlogits = dlogp[t] * (onehot(target) - p) * inv_temperature; rows with
     * target < 0 become 0. */
    void (*softmax)(int T, int V, real *logits, real inv_temperature, const int *target, real *logp,
                    real *entropy);
    void (*softmax_backward)(int T, int V, real *p, real inv_temperature, const int *target,
                             const real *dlogp);

    /* Causal attention on packed sequences, the plain (training) form. q,k [T,H*dk], v [T,H*dv], out
     * [T,H*dv]; key and value head h is h / (H/Hk): k [T,Hk*dk], v [T,Hk*dv] (Hk = H: multi-head). Every ld
     * in elements. lse [T,H]: log-sum-exp of the scaled scores, kept for the backward, which writes dq, dk_
     * and dv_ (not adds). scratch: attention_scratch(longest sequence) reals. */
    void (*attention)(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q, int ldq,
                      const real *k, int ldk, const real *v, int ldv, real scale, real *out, int ldo,
                      real *lse, real *scratch);
    void (*attention_backward)(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q,
                               int ldq, const real *k, int ldk, const real *v, int ldv, real scale,
                               const real *out, const real *dout, int ldo, const real *lse, real *dq,
                               real *dk_, real *dv_, real *scratch);

    /* One decoded token of one sequence against its cache (a block's layout: kernels_layout.h). q [H,dk]
     * contiguous, out [H,dv]. The cache holds n positions of Hk key heads of dk and value heads of dv; where
     * value_in_key is 1 the value is the first dv numbers of the key (the latent cache of MLA, Hk 1). */
    void (*attend)(int n, int H, int Hk, int dk, int dv, int value_in_key, const real *cache, const real *q,
                   real scale, real *out, real *scratch);
    /* The same over a latent cache in pages (value_in_key 1, Hk 1): position i lies in page table[i / page],
     * at memory + table[] * stride, each a cache of `page` positions, a multiple of 16. Online softmax
     * (Milakov and Gimelshein 2018, alg. 3) as in FlashMLA, but over four pages at a time, which halves what
     * carrying the values on costs: with s their scores, scaled,
     *   m' = max(m, max s), l' = l e^(m - m') + sum e^(s - m'), o' = o e^(m - m') + sum e^(s - m') value;
     * out = o / l. scratch: attend_pages_scratch reals. */
    void (*attend_pages)(int n, int page, const int *table, const real *memory, ptrdiff_t stride, int H,
                         int dk, int dv, const real *q, real scale, real *out, real *scratch);
    void (*cache_put)(int position, int Hk, int dk, int dv, int value_in_key, real *cache, const real *k,
                      const real *v);

    /* A mixture's rows in the order of the experts. order [N]: row i is assignment order[i] = token*K + slot,
     * its token order[i]/K; x [T,D] by token, y [N,D] by row for gather; x [N,D] by row, y [T,D] by token for
     * combine; gate [T,K].
     *   gather            y[i] = x[token]                 gather_backward    dx[token] += dy[i]
     *   combine           y[token] += gate * x[i]
     *   combine_backward  dx[i] = gate * dy[token], dgate = dy[token] . x[i]
     * sigmoid: in place. */
    void (*gather)(int N, int D, int K, const int *order, const real *x, real *y);
    void (*gather_backward)(int N, int D, int K, const int *order, const real *dy, real *dx);
    void (*combine)(int N, int D, int K, const int *order, const real *gate, const real *x, real *y);
    void (*combine_backward)(int N, int D, int K, const int *order, const real *gate, const real *x,
                             const real *dy, real *dx, real *dgate);
    void (*sigmoid)(size_t n, real *x);

    /* AdamW on n parameters of one table row (Loshchilov & Hutter 2019, alg. 2): m,v moments; c1 = 1-beta1^t,
     * c2 = 1-beta2^t; w -= lr * ((m/c1)/(sqrt(v/c2)+eps) + decay*w), the gradient first times grad_scale. */
    void (*adamw)(size_t n, real *w, real *m, real *v, const real *grad, real grad_scale, real lr, real beta1,
                  real beta2, real c1, real c2, real eps, real decay);

    void (*add)(size_t n, const real *x, real *y);                 /* y += x */
    double (*sum_squares)(size_t n, const real *x);                /* in double; NaN and Inf pass through */
};

/* attention_scratch, attend_scratch, attend_pages_scratch: how many reals the calls above need. */
size_t attention_scratch(int longest, int dk, int dv);
size_t attend_scratch(int longest, int H, int dk, int dv);
size_t attend_pages_scratch(int page, int dv);
/* cache_reals: the size of one sequence's cache of one layer for `positions` positions. */
size_t cache_reals(int positions, int Hk, int dk, int dv, int value_in_key);

/* kernels_best: the fastest table this CPU runs. kernels_find: by name; NULL when unknown or
 * not runnable here. */
const struct kernels *kernels_best(void);
const struct kernels *kernels_find(const char *name);

#endif
