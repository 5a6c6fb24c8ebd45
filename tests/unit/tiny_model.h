#ifndef GRPOLAB_TESTS_TINY_MODEL_H
#define GRPOLAB_TESTS_TINY_MODEL_H

/* Models so small that every one of their parameters can be moved by hand: one of each kind that the engine
 * knows, with weights, expert biases, packed tokens and gradients' weights. For the float and the double
 * tests alike. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/nn/model.h"

enum tiny_kind {
    TINY_MHA,        /* dense, tied head, plain attention */
    TINY_MLA,        /* query latent, one dense layer, experts with a shared one */
    TINY_GROUPS,     /* no query latent, group-limited routing, balance loss, no shared expert */
    TINY_MTP1,       /* experts with one MTP module, untied */
    TINY_MTP2,       /* two MTP modules, tied head, balance loss */
    TINY_MTP_DENSE,  /* one MTP module on dense multi-head blocks */
    TINY_VALUE,      /* TINY_MLA with a value head */
    TINY_GQA,        /* dense, four heads on two of keys and values */
    TINY_MQA,        /* experts, six heads on one of keys and values */
    TINY_KINDS
};

/* With this seed every expert of every kind gets tokens, and no choice is close. */
enum { TINY_ROWS = 64, TINY_SEQUENCES = 8, TINY_SEED = 17 };

struct tiny {
    struct model m;
    struct arena arena;
    struct workspace ws;
    struct tokens t;
    real *w, *grad, *bias, *dlogp, *mtp_dlogp, *dvalue;
    real inv_temperature, balance_weight;
    int with_mtp;
    int begin[TINY_SEQUENCES + 1], target[TINY_ROWS], position[TINY_ROWS];
    uint16_t id[TINY_ROWS];
};

static inline struct model_config tiny_config(enum tiny_kind kind)
{
    struct model_config c = {
        .vocab_n = 9, .width = 8, .layers_n = 2, .heads_n = 2, .positions_n = 24, .attention = ATTENTION_MLA,
        .q_rank = 6, .kv_rank = 5, .nope_dim = 3, .rope_dim = 4, .v_dim = 3, .head_dim = 4, .ffn_width = 7,
        .dense_layers = 1, .experts_n = 4, .shared_n = 1, .top_k = 2, .expert_width = 3, .groups_n = 1,
            .top_groups = 1,
        .route_scale = 1.5, .mtp_lambda = 0.3, .rope_theta = 50, .norm_eps = 1e-2, .embed_std = 1,
            .init_gain = 1.2,
    };
    if (kind == TINY_MHA || kind == TINY_MTP_DENSE) {
        c.attention = ATTENTION_MHA;
        c.dense_layers = c.layers_n;
        c.tied = kind == TINY_MHA;
    }
    if (kind == TINY_GQA || kind == TINY_MQA) {
        c.attention = ATTENTION_MHA;
        c.heads_n = kind == TINY_GQA ? 4 : 6;
        c.kv_heads_n = kind == TINY_GQA ? 2 : 1;
        c.dense_layers = kind == TINY_GQA ? c.layers_n : 1;
    }
    if (kind == TINY_GROUPS) {
        c.q_rank = c.shared_n = c.dense_layers = 0;
        c.experts_n = 6;
        c.groups_n = 3;
        c.top_groups = 2;
        c.balance_alpha = 0.5;
    }
    if (kind == TINY_MTP2) {
        c.tied = 1;
        c.balance_alpha = 0.25;
    }
    c.value_head = kind == TINY_VALUE;
    c.mtp_depth = kind == TINY_MTP1 || kind == TINY_MTP_DENSE ? 1 : kind == TINY_MTP2 ? 2 : 0;
    return c;
}

/* Numbers that depend on their place alone, normal with the given deviation. */
static inline void tiny_fill(real *x, size_t n, uint32_t which, double mean, double deviation)
{
    struct rng r = rng_at(2024, RNG_TEST, which, 0, 0);
    for (size_t i = 0; i < n; i++)
        x[i] = (real)(mean + deviation * rng_normal(&r));
}

static inline size_t tiny_row_size(const struct param *p)
{
    return (size_t)p->count * (size_t)p->rows * (size_t)p->cols;
}

/* Random tokens in packed sequences; a sequence's first rows stand for a prompt and are not scored. */
static inline void tiny_pack(struct tiny *x, const int *length, int n, int prompt)
{
    struct rng r = rng_at(2024, RNG_TEST, 77, 0, 0);
    int T = 0;
    for (int q = 0; q < n; q++) {
        x->begin[q] = T;
        for (int i = 0; i < length[q]; i++, T++) {
            x->id[T] = (uint16_t)rng_below(&r, x->m.config.vocab_n);
            x->position[T] = i;
            x->target[T] = -1;
            if (i > prompt)
                x->target[T - 1] = x->id[T];
        }
    }
    x->begin[n] = T;
    x->t = (struct tokens){T, {n, x->begin}, x->id, x->target, x->position};
}

/* tiny_init: sequences of 11, 1 and 13 tokens on kernel table k; given back by tiny_release. */
static inline void tiny_init(struct tiny *x, const struct model_config *c, const struct kernels *k)
{
    static const int length[] = {11, 1, 13};
    struct err e;
    size_t n;
    int E = c->experts_n;
    memset(x, 0, sizeof *x);
    cr_assert_eq(model_init(&x->m, c, k, &e), ST_OK, "%s", e.msg);
    tiny_pack(x, length, 3, 2);
    cr_assert_eq(arena_init(&x->arena, "tiny", (size_t)64 << 20, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(workspace_init(&x->ws, &x->m, TINY_ROWS, c->positions_n, &x->arena, &e), ST_OK, "%s", e.msg);
    n = x->m.params.total;
    x->w = arena_alloc(&x->arena, n * sizeof(real));
    x->grad = arena_alloc(&x->arena, n * sizeof(real));
    x->bias = arena_alloc(&x->arena, (size_t)(x->m.params.moe_layers * E + 1) * sizeof(real));
    x->dlogp = arena_alloc(&x->arena, TINY_ROWS * sizeof(real));
    x->mtp_dlogp = arena_alloc(&x->arena, MTP_MAX * TINY_ROWS * sizeof(real));
    x->dvalue = arena_alloc(&x->arena, TINY_ROWS * sizeof(real));
    cr_assert(x->w && x->grad && x->bias && x->dlogp && x->mtp_dlogp && x->dvalue);
    params_fill(&x->m.params, TINY_SEED, x->w);
    /* Norms start at 1, a value head at 0 and projections into the residual stream small: all would hide mistakes. */
    for (int r = 0; r < x->m.params.n; r++)
        if (x->m.params.row[r].init == INIT_ONES)
            tiny_fill(x->w + x->m.params.row[r].offset, tiny_row_size(&x->m.params.row[r]), 100 + (uint32_t)r,
                      1, 0.3);
        else if (x->m.params.row[r].init == INIT_ZEROS)
            tiny_fill(x->w + x->m.params.row[r].offset, tiny_row_size(&x->m.params.row[r]), 100 + (uint32_t)r,
                      0, 0.5);
    tiny_fill(x->bias, (size_t)(x->m.params.moe_layers * E), 1, 0, 0.2);
    tiny_fill(x->dlogp, TINY_ROWS, 2, 0, 1);
    tiny_fill(x->mtp_dlogp, MTP_MAX * TINY_ROWS, 3, 0, 0.5);
    tiny_fill(x->dvalue, TINY_ROWS, 4, 0, 1);
    x->inv_temperature = (real)1.25;
    x->balance_weight = (real)0.75;
    x->with_mtp = c->mtp_depth > 0;
}

static inline void tiny_release(struct tiny *x)
{
    model_release(&x->m);
    arena_release(&x->arena);
}

static inline void tiny_forward(struct tiny *x)
{
    struct err e;
    memset(x->ws.load, 0, (size_t)(x->m.params.moe_layers * x->m.config.experts_n) * sizeof(real));
    cr_assert_eq(model_forward(&x->m, x->w, x->bias, &x->t, x->inv_temperature, x->with_mtp, &x->ws, &e),
                 ST_OK, "%s",
                 e.msg);
}

/* tiny_loss: of the forward that went before: what model_backward differentiates. */
static inline double tiny_loss(const struct tiny *x)
{
    const struct model_config *c = &x->m.config;
    double loss = 0;
    for (int t = 0; t < x->t.T; t++) {
        loss += (double)x->dlogp[t] * (double)x->ws.logp[t];
        loss += x->ws.value ? (double)x->dvalue[t] * (double)x->ws.value[t] : 0;
        for (int d = 0; x->with_mtp && d < c->mtp_depth; d++)
            loss += (double)x->mtp_dlogp[d * x->t.T + t] * (double)x->ws.mtp[d].logp[t];
    }
    for (int l = 0; l < c->layers_n + (x->with_mtp ? c->mtp_depth : 0); l++)
        if (config_is_moe(c, l < c->layers_n ? l : c->layers_n - 1))
            loss += (double)x->balance_weight * (double)x->ws.block[l].balance;
    return loss;
}

static inline void tiny_backward(struct tiny *x)
{
    memset(x->grad, 0, x->m.params.total * sizeof(real));
    model_backward(&x->m, x->w, &x->t, x->inv_temperature, x->dlogp, x->with_mtp ? x->mtp_dlogp : NULL,
                   x->ws.value ? x->dvalue : NULL, x->balance_weight, &x->ws, x->grad);
}

#endif
