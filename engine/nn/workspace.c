/* The workspace of one thread: every activation and scratch buffer of a pass over at most `capacity` tokens,
 * laid out in an arena at set-up so that a step allocates nothing. */
#include <string.h>

#include "engine/nn/block.h"
#include "engine/nn/linear.h"

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Columns of the widest row that a backward scratch buffer must hold. */
static size_t widest(const struct model_config *c)
{
    size_t H = (size_t)c->heads_n, dk = (size_t)config_key_dim(c), dv = (size_t)config_value_dim(c), n;
    /* an MTP module's joined input is two residual streams wide */
    n = max_size((size_t)c->width * (c->mtp_depth > 0 ? 2 : 1), max_size(H * dk, H * dv));
    if (c->attention == ATTENTION_MHA)
        n = max_size(n, (size_t)config_qkv_dim(c));
    if (c->attention == ATTENTION_MLA) {
        n = max_size(n, H * (size_t)(c->nope_dim + c->v_dim));
        n = max_size(n, (c->q_rank ? (size_t)c->q_rank : H * dk) + (size_t)c->kv_rank + (size_t)c->rope_dim);
    }
    if (c->dense_layers > 0)
        n = max_size(n, 2 * (size_t)c->ffn_width);
    if (config_moe_layers(c) > 0) {
        /* sorted rows: K a token */
        n = max_size(n, (size_t)c->top_k * max_size((size_t)c->width, 2 * (size_t)c->expert_width));
        n = max_size(n, max_size((size_t)c->experts_n, 2 * (size_t)c->shared_n * (size_t)c->expert_width));
    }
    return n;
}

/* A field to allocate: where its pointer goes, how many elements of which size. */
struct want {
    void *pointer;
    size_t elements, size;
};

static int take(struct arena *a, const struct want *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *p = arena_alloc(a, w[i].elements * w[i].size);
        if (!p)
            return 0;
        memcpy(w[i].pointer, &p, sizeof p);
    }
    return 1;
}

int block_state_alloc(struct block_state *s, const struct model *m, const struct block_params *b, int T,
                      struct arena *a)
{
    const struct model_config *c = &m->config;
    size_t n = (size_t)T, D = (size_t)c->width, H = (size_t)c->heads_n, dk = (size_t)config_key_dim(c),
           dv = (size_t)config_value_dim(c), R = sizeof(real), K = (size_t)c->top_k, E = (size_t)c->experts_n;
    size_t F = b->ffn_gate_up >= 0 ? (size_t)c->ffn_width : b->shared_gate_up >= 0 ?
               (size_t)c->shared_n * (size_t)c->expert_width : 0;
    struct want common[] = {
        {&s->attn_in, n * D, R}, {&s->attn_rstd, n, R}, {&s->attn, n * H * dv, R}, {&s->lse, n * H, R},
        {&s->mid, n * D, R}, {&s->ffn_in, n * D, R}, {&s->ffn_rstd, n, R}, {&s->gate_up, 2 * n * F, R},
        {&s->hidden, n * F, R},
    };
    memset(s, 0, sizeof *s);
    if (!take(a, common, sizeof common / sizeof *common))
        return 0;
    if (c->attention == ATTENTION_MLA) {
        size_t Q = c->q_rank ? (size_t)c->q_rank : H * dk;
        struct want mla[] = {
            {&s->down, n * (Q + (size_t)c->kv_rank + (size_t)c->rope_dim), R},
            {&s->kv_latent, n * (size_t)c->kv_rank, R}, {&s->kv_rstd, n, R},
            {&s->kv, n * H * (size_t)(c->nope_dim + c->v_dim), R}, {&s->k, n * H * dk, R},
        };
        struct want query[] = {{&s->q_latent, n * Q, R}, {&s->q_rstd, n, R}, {&s->q, n * H * dk, R}};
        if (!take(a, mla, sizeof mla / sizeof *mla) ||
            (c->q_rank && !take(a, query, sizeof query / sizeof *query)))
            return 0;
        if (!c->q_rank)
            s->q = s->down;
        s->v = s->kv + H * (size_t)c->nope_dim;
    } else {
        struct want mha[] = {{&s->q, n * (size_t)config_qkv_dim(c), R}};
        if (!take(a, mha, 1))
            return 0;
        s->k = s->q + H * dk;
        s->v = s->k + (size_t)config_kv_heads(c) * dk;
    }
    if (b->router >= 0) {
        size_t rows = n * K, Fe = (size_t)c->expert_width;
        struct want moe[] = {
            {&s->affinity, n * E, R}, {&s->gate, rows, R}, {&s->chosen, rows, sizeof(int)},
            {&s->order, rows, sizeof(int)}, {&s->expert_begin, E + 1, sizeof(int)},
            {&s->expert_in, rows * D, R}, {&s->expert_gate_up, rows * 2 * Fe, R},
            {&s->expert_hidden, rows * Fe, R}, {&s->expert_out, rows * D, R},
        };
        if (!take(a, moe, sizeof moe / sizeof *moe))
            return 0;
    }
    return 1;
}

static int alloc_all(struct workspace *ws, const struct model *m, int capacity, int longest, struct arena *a)
{
    const struct model_config *c = &m->config;
    size_t n = (size_t)capacity, D = (size_t)c->width, V = (size_t)c->vocab_n, R = sizeof(real);
    int full;
    size_t loads =
        (size_t)(m->params.moe_layers ? m->params.moe_layers : 1) * (size_t)(c->experts_n ? c->experts_n : 1);
    struct want main[] = {
        {&ws->block, (size_t)(c->layers_n + c->mtp_depth), sizeof *ws->block}, {&ws->out, n * D, R},
        {&ws->normed, n * D, R}, {&ws->rstd, n, R}, {&ws->probs, n * V, R}, {&ws->logp, n, R},
        {&ws->entropy, n, R},
        {&ws->dx, n * D, R}, {&ws->dy, n * D, R}, {&ws->load, loads, R},
        {&ws->scratch, attention_scratch(longest, config_key_dim(c), config_value_dim(c)), R},
    };
    struct want value = {&ws->value, n, R};
    memset(ws, 0, sizeof *ws);
    ws->capacity = capacity;
    if (!take(a, main, sizeof main / sizeof *main) || (c->value_head && !take(a, &value, 1)))
        return 0;
    for (int i = 0; i < 6; i++) {
        struct want g = {&ws->grad[i], n * widest(c), R};
        if (!take(a, &g, 1))
            return 0;
    }
    ws->linear = linear_work_alloc(m, capacity, a, &full);
    if (full)
        return 0;
    for (int l = 0; l < c->layers_n + c->mtp_depth; l++) {
        const struct block_params *b = l < c->layers_n ? &m->params.layer[l]
                                                       : &m->params.mtp[l - c->layers_n].block;
        struct want x;
        if (!block_state_alloc(&ws->block[l], m, b, capacity, a))
            return 0;
        ws->block[l].linear = ws->linear;
        x = (struct want){&ws->block[l].x, n * D, R};
        if (!take(a, &x, 1))
            return 0;
    }
    for (int k = 0; k < c->mtp_depth; k++) {
        struct want mtp[] = {
            {&ws->mtp[k].h_rstd, n, R}, {&ws->mtp[k].e_rstd, n, R}, {&ws->mtp[k].joined, 2 * n * D, R},
            {&ws->mtp[k].out, n * D, R}, {&ws->mtp[k].normed, n * D, R}, {&ws->mtp[k].rstd, n, R},
            {&ws->mtp[k].probs, n * V, R}, {&ws->mtp[k].logp, n, R}, {&ws->mtp[k].target, n, sizeof(int)},
            {&ws->mtp[k].shifted, n, sizeof(uint16_t)}, {&ws->mtp[k].embedded, n * D, R},
            {&ws->mtp[k].dout, n * D, R},
        };
        if (!take(a, mtp, sizeof mtp / sizeof *mtp))
            return 0;
    }
    return 1;
}

size_t workspace_bytes(const struct model *m, int capacity, int longest)
{
    /* Measured by laying it out in an arena that reserves address space only. */
    struct arena a;
    struct workspace ws;
    size_t used = 0;
    if (arena_init(&a, "workspace size", (size_t)1 << 36, NULL) == ST_OK) {
        if (alloc_all(&ws, m, capacity, longest, &a))
            used = a.used;
        arena_release(&a);
    }
    return used;
}

enum status workspace_init(struct workspace *ws, const struct model *m, int capacity, int longest,
                           struct arena *a, struct err *e)
{
    if (!alloc_all(ws, m, capacity, longest, a))
        return err_set(e, ST_NOMEM, a->name, "a workspace of %d tokens does not fit in %zu MB", capacity,
                       a->cap >> 20);
    return ST_OK;
}
