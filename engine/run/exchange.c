/* The table of published names: one pass over the model's structure, beside that of params.c.
 *
 * Each row says where element (o, i) of the published tensor lies in our block, so that reading and writing
 * are one rule; the tests go through it in both directions and compare with names and shapes written out by
 * hand. */
#include "engine/run/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list under construction; failed when memory ran out. */
struct list {
    struct exchange *x;
    int cap, failed;
};

static struct exchange_tensor *add(struct list *l, enum exchange_kind kind, int64_t out, int64_t in,
                                   size_t at, int ld, int column, const char *fmt, ...)
    __attribute__((format(printf, 8, 9)));

/* in 0: a vector. */
static struct exchange_tensor *add(struct list *l, enum exchange_kind kind, int64_t out, int64_t in,
                                   size_t at, int ld, int column, const char *fmt, ...)
{
    struct exchange *x = l->x;
    struct exchange_tensor *t;
    va_list ap;
    if (x->n == l->cap) {
        int wider = l->cap ? 2 * l->cap : 128;
        void *grown = realloc(x->tensor, (size_t)wider * sizeof *x->tensor);
        if (!grown) {
            l->failed = 1;
            return NULL;
        }
        x->tensor = grown;
        l->cap = wider;
    }
    t = &x->tensor[x->n++];
    *t = (struct exchange_tensor){
        .rank = in ? 2 : 1, .shape = {out, in}, .kind = kind, .at = at, .ld = ld, .column = column};
    va_start(ap, fmt);
    vsnprintf(t->name, sizeof t->name, fmt, ap);
    va_end(ap);
    return t;
}

static void add_vector(struct list *l, int row, const char *prefix, const char *name)
{
    const struct param *r = &l->x->m->params.row[row];
    add(l, EXCHANGE_SAME, r->cols, 0, r->offset, 0, 0, "%s.%s.weight", prefix, name);
}

/* `out` columns of a row from `column` on. */
static void add_part(struct list *l, int row, int column, int out, const char *prefix, const char *name)
{
    const struct param *r = &l->x->m->params.row[row];
    add(l, EXCHANGE_LINEAR, out, r->rows, r->offset, r->cols, column, "%s.%s.weight", prefix, name);
}

static void add_linear(struct list *l, int row, const char *prefix, const char *name)
{
    add_part(l, row, 0, l->x->m->params.row[row].cols, prefix, name);
}

static void add_attention(struct list *l, const struct block_params *b, const char *prefix)
{
    const struct model_config *c = &l->x->m->config;
    const struct param *row = l->x->m->params.row, *up = &row[b->kv_up];
    int queries = c->q_rank ? c->q_rank : c->heads_n * config_key_dim(c);
    add_part(l, b->down, 0, queries, prefix, c->q_rank ? "self_attn.q_a_proj" : "self_attn.q_proj");
    if (c->q_rank) {
        add_vector(l, b->q_norm, prefix, "self_attn.q_a_layernorm");
        add_linear(l, b->q_up, prefix, "self_attn.q_b_proj");
    }
    add_part(l, b->down, queries, c->kv_rank + c->rope_dim, prefix, "self_attn.kv_a_proj_with_mqa");
    add_vector(l, b->kv_norm, prefix, "self_attn.kv_a_layernorm");
    add(l, EXCHANGE_KEYS, up->cols, up->rows, up->offset, up->cols, 0, "%s.self_attn.kv_b_proj.weight",
        prefix);
    add_linear(l, b->out, prefix, "self_attn.o_proj");
}

/* A SwiGLU of hidden width F: matrix `index` of its two rows. */
static void add_swiglu(struct list *l, int gate_up, int down, int index, const char *prefix)
{
    const struct param *up = &l->x->m->params.row[gate_up], *r = &l->x->m->params.row[down];
    size_t up_at = up->offset + (size_t)index * (size_t)up->rows * (size_t)up->cols;
    size_t at = r->offset + (size_t)index * (size_t)r->rows * (size_t)r->cols;
    int F = r->rows;
    add(l, EXCHANGE_LINEAR, F, up->rows, up_at, up->cols, 0, "%s.gate_proj.weight", prefix);
    add(l, EXCHANGE_LINEAR, F, up->rows, up_at, up->cols, F, "%s.up_proj.weight", prefix);
    add(l, EXCHANGE_LINEAR, r->cols, F, at, r->cols, 0, "%s.down_proj.weight", prefix);
}

static void add_ffn(struct list *l, const struct block_params *b, const char *prefix)
{
    const struct model_config *c = &l->x->m->config;
    char part[EXCHANGE_NAME];
    if (b->router < 0) {
        snprintf(part, sizeof part, "%s.mlp", prefix);
        add_swiglu(l, b->ffn_gate_up, b->ffn_down, 0, part);
        return;
    }
    add_linear(l, b->router, prefix, "mlp.gate");
    add(l, EXCHANGE_BIAS, c->experts_n, 0, (size_t)b->moe_index * (size_t)c->experts_n, 0, 0,
        "%s.mlp.gate.e_score_correction_bias", prefix);
    for (int i = 0; i < c->experts_n; i++) {
        snprintf(part, sizeof part, "%s.mlp.experts.%d", prefix, i);
        add_swiglu(l, b->experts_gate_up, b->experts_down, i, part);
    }
    if (b->shared_gate_up >= 0) {
        snprintf(part, sizeof part, "%s.mlp.shared_experts", prefix);
        add_swiglu(l, b->shared_gate_up, b->shared_down, 0, part);
    }
}

static void add_block(struct list *l, const struct block_params *b, const char *prefix)
{
    add_vector(l, b->attn_norm, prefix, "input_layernorm");
    add_attention(l, b, prefix);
    add_vector(l, b->ffn_norm, prefix, "post_attention_layernorm");
    add_ffn(l, b, prefix);
}

static struct exchange_tensor *add_embedding(struct list *l, const char *name)
{
    const struct param *r = &l->x->m->params.row[l->x->m->params.embed];
    return add(l, EXCHANGE_SAME, r->rows, r->cols, r->offset, 0, 0, "%s", name);
}

static struct exchange_tensor *add_head(struct list *l, const char *name)
{
    const struct param *r = &l->x->m->params.row[l->x->m->params.head];
    if (l->x->m->config.tied)
        return add_embedding(l, name);
    return add(l, EXCHANGE_LINEAR, r->cols, r->rows, r->offset, r->cols, 0, "%s", name);
}

static void add_mtp(struct list *l, int k)
{
    const struct params *p = &l->x->m->params;
    const struct param *r = &p->row[p->mtp[k].project];
    struct exchange_tensor *copy;
    char prefix[32], name[EXCHANGE_NAME];
    snprintf(prefix, sizeof prefix, "model.layers.%d", l->x->m->config.layers_n + k);
    snprintf(name, sizeof name, "%s.embed_tokens.weight", prefix);
    copy = add_embedding(l, name);
    if (copy)
        copy->is_copy = 1;
    add_vector(l, p->mtp[k].e_norm, prefix, "enorm");
    add_vector(l, p->mtp[k].h_norm, prefix, "hnorm");
    add(l, EXCHANGE_JOINED, r->cols, r->rows, r->offset, r->cols, 0, "%s.eh_proj.weight", prefix);
    add_block(l, &p->mtp[k].block, prefix);
    add_vector(l, p->mtp[k].final_norm, prefix, "shared_head.norm");
    snprintf(name, sizeof name, "%s.shared_head.head.weight", prefix);
    copy = add_head(l, name);
    if (copy)
        copy->is_copy = 1;
}

enum status exchange_possible(const struct model_config *c, struct err *e)
{
    if (c->attention != ATTENTION_MLA)
        return err_set(e, ST_USAGE, "exchange",
                       "the model's attention is not latent (model.attention is not mla): Hugging Face's "
                       "DeepseekV3ForCausalLM has no such form");
    return ST_OK;
}

enum status exchange_init(struct exchange *x, const struct model *m, struct err *e)
{
    struct list l = {.x = x};
    char prefix[32];
    enum status st = exchange_possible(&m->config, e);
    memset(x, 0, sizeof *x);
    x->m = m;
    if (st)
        return st;
    add_embedding(&l, "model.embed_tokens.weight");
    for (int i = 0; i < m->config.layers_n; i++) {
        snprintf(prefix, sizeof prefix, "model.layers.%d", i);
        add_block(&l, &m->params.layer[i], prefix);
    }
    add_vector(&l, m->params.final_norm, "model", "norm");
    if (!m->config.tied)
        add_head(&l, "lm_head.weight");
    for (int k = 0; k < m->config.mtp_depth; k++)
        add_mtp(&l, k);
    if (!l.failed)
        return ST_OK;
    exchange_release(x);
    return err_set(e, ST_NOMEM, "exchange", "no memory for the list of tensors");
}

void exchange_release(struct exchange *x)
{
    free(x->tensor);
    memset(x, 0, sizeof *x);
}

int64_t exchange_elements(const struct exchange_tensor *t)
{
    return t->rank == 1 ? t->shape[0] : t->shape[0] * t->shape[1];
}

/* Where element (o, i) lies in the weights, or among the biases. */
static size_t place(const struct model_config *c, const struct exchange_tensor *t, int64_t o, int64_t i)
{
    int64_t in = t->rank == 1 ? 1 : t->shape[1], head, part;
    switch (t->kind) {
    case EXCHANGE_LINEAR:
        return t->at + (size_t)(i * t->ld + t->column + o);
    case EXCHANGE_KEYS:
        head = o / (c->nope_dim + c->v_dim);
        part = o % (c->nope_dim + c->v_dim);
        o = part < c->nope_dim ? head * c->nope_dim + part
                               : (int64_t)c->heads_n * c->nope_dim + head * c->v_dim + part - c->nope_dim;
        return t->at + (size_t)(i * t->ld + o);
    case EXCHANGE_JOINED:
        return t->at + (size_t)((i + c->width) % (2 * (int64_t)c->width) * t->ld + o);
    default:
        return t->at + (size_t)(o * in + i);
    }
}

void exchange_get(const struct exchange *x, const struct exchange_tensor *t, const real *w, const real *bias,
                  float *value)
{
    const real *from = t->kind == EXCHANGE_BIAS ? bias : w;
    int64_t in = t->rank == 1 ? 1 : t->shape[1];
    for (int64_t o = 0; o < t->shape[0]; o++)
        for (int64_t i = 0; i < in; i++)
            *value++ = (float)from[place(&x->m->config, t, o, i)];
}

void exchange_put(const struct exchange *x, const struct exchange_tensor *t, const float *value, real *w,
                  real *bias)
{
    real *to = t->kind == EXCHANGE_BIAS ? bias : w;
    int64_t in = t->rank == 1 ? 1 : t->shape[1];
    for (int64_t o = 0; o < t->shape[0]; o++)
        for (int64_t i = 0; i < in; i++)
            to[place(&x->m->config, t, o, i)] = *value++;
}

int exchange_equal(const struct exchange *x, const struct exchange_tensor *t, const real *w, const real *bias,
                   const float *value)
{
    const real *ours = t->kind == EXCHANGE_BIAS ? bias : w;
    int64_t in = t->rank == 1 ? 1 : t->shape[1];
    for (int64_t o = 0; o < t->shape[0]; o++)
        for (int64_t i = 0; i < in; i++)
            if ((float)ours[place(&x->m->config, t, o, i)] != *value++)
                return 0;
    return 1;
}

void exchange_scale(float *value, int64_t out, int64_t in, const float *scale, int block_out, int block_in)
{
    int64_t across = (in + block_in - 1) / block_in;
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < in; i++)
            value[o * in + i] *= scale[o / block_out * across + i / block_in];
}
