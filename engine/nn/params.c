/* The parameter table: one pass over the model's structure lists every tensor with its shape, place and
 * initialiser. Rows start at multiples of 16 reals so that vector loads are aligned; the gaps hold zeros and
 * get zero gradients. */
#include "engine/nn/params.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"

enum { ROW_ALIGN = 16, ROWS_MAX = LAYERS_MAX * 16 + MTP_MAX * 20 + 8 };

struct shape {
    int count, rows, cols;
};

static int add_row(struct params *p, struct shape s, enum param_init init, double std, int decay,
                   const char *fmt, ...) __attribute__((format(printf, 6, 7)));

static int add_row(struct params *p, struct shape s, enum param_init init, double std, int decay,
                   const char *fmt, ...)
{
    struct param *r = &p->row[p->n];
    size_t size = (size_t)s.count * (size_t)s.rows * (size_t)s.cols;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->name, sizeof r->name, fmt, ap);
    va_end(ap);
    r->count = s.count;
    r->rows = s.rows;
    r->cols = s.cols;
    r->offset = p->total;
    r->init = init;
    r->std = std;
    r->decay = decay;
    p->total += (size + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    return p->n++;
}

static int add_linear(struct params *p, const struct model_config *c, struct shape s, double gain,
                      const char *prefix, const char *name)
{
    return add_row(p, s, INIT_NORMAL, gain * c->init_gain / sqrt((double)s.rows), 1, "%s.%s", prefix, name);
}

static int add_norm(struct params *p, int n, const char *prefix, const char *name)
{
    return add_row(p, (struct shape){1, 1, n}, INIT_ONES, 0, 0, "%s.%s", prefix, name);
}

static void add_attention(struct params *p, const struct model_config *c, double out_gain, const char *prefix,
                          struct block_params *b)
{
    int D = c->width, H = c->heads_n, dk = config_key_dim(c), dv = config_value_dim(c);
    b->attn_norm = add_norm(p, D, prefix, "attn_norm");
    if (c->attention == ATTENTION_MLA) {
        int from_width = c->q_rank ? c->q_rank : H * dk;
        b->down = add_linear(p, c, (struct shape){1, D, from_width + c->kv_rank + c->rope_dim}, 1, prefix,
                             "attn.down");
        if (c->q_rank) {
            b->q_norm = add_norm(p, c->q_rank, prefix, "attn.q_norm");
            b->q_up = add_linear(p, c, (struct shape){1, c->q_rank, H * dk}, 1, prefix, "attn.q_up");
        }
        b->kv_norm = add_norm(p, c->kv_rank, prefix, "attn.kv_norm");
        b->kv_up = add_linear(p, c, (struct shape){1, c->kv_rank, H * (c->nope_dim + dv)}, 1, prefix,
                              "attn.kv_up");
    } else {
        b->qkv = add_linear(p, c, (struct shape){1, D, config_qkv_dim(c)}, 1, prefix, "attn.qkv");
    }
    b->out = add_linear(p, c, (struct shape){1, H * dv, D}, out_gain, prefix, "attn.out");
}

static void add_ffn(struct params *p, const struct model_config *c, int is_moe, double out_gain,
                    const char *prefix, struct block_params *b)
{
    int D = c->width, F = c->ffn_width, Fe = c->expert_width, E = c->experts_n,
        Fs = c->shared_n * c->expert_width;
    b->ffn_norm = add_norm(p, D, prefix, "ffn_norm");
    if (!is_moe) {
        b->ffn_gate_up = add_linear(p, c, (struct shape){1, D, 2 * F}, 1, prefix, "ffn.gate_up");
        b->ffn_down = add_linear(p, c, (struct shape){1, F, D}, out_gain, prefix, "ffn.down");
        return;
    }
    b->moe_index = p->moe_layers++;
    b->router = add_linear(p, c, (struct shape){1, D, E}, 1, prefix, "moe.router");
    b->experts_gate_up = add_linear(p, c, (struct shape){E, D, 2 * Fe}, 1, prefix, "moe.experts.gate_up");
    b->experts_down = add_linear(p, c, (struct shape){E, Fe, D}, out_gain, prefix, "moe.experts.down");
    if (Fs) {
        b->shared_gate_up = add_linear(p, c, (struct shape){1, D, 2 * Fs}, 1, prefix, "moe.shared.gate_up");
        b->shared_down = add_linear(p, c, (struct shape){1, Fs, D}, out_gain, prefix, "moe.shared.down");
    }
}

static void add_block(struct params *p, const struct model_config *c, int layer, const char *prefix,
                      struct block_params *b)
{
    /* Maps that write into the residual stream start smaller, by 1/sqrt(2L), so that its variance stays put. */
    double out_gain = 1 / sqrt(2.0 * c->layers_n);
    memset(b, 0xff, sizeof *b);
    add_attention(p, c, out_gain, prefix, b);
    add_ffn(p, c, config_is_moe(c, layer), out_gain, prefix, b);
}

enum status params_init(struct params *p, const struct model_config *c, struct err *e)
{
    enum status st = model_config_check(c, e);
    char prefix[32];
    memset(p, 0, sizeof *p);
    if (st)
        return st;
    p->row = calloc(ROWS_MAX, sizeof *p->row);
    if (!p->row)
        return err_set(e, ST_NOMEM, "params", "no memory for the parameter table");
    p->embed = add_row(p, (struct shape){1, c->vocab_n, c->width}, INIT_NORMAL, c->embed_std, 0, "embed");
    for (int l = 0; l < c->layers_n; l++) {
        snprintf(prefix, sizeof prefix, "layers.%d", l);
        add_block(p, c, l, prefix, &p->layer[l]);
    }
    p->final_norm = add_row(p, (struct shape){1, 1, c->width}, INIT_ONES, 0, 0, "final_norm");
    p->head = p->embed;
    if (!c->tied)
        p->head = add_row(p, (struct shape){1, c->width, c->vocab_n}, INIT_NORMAL,
                          c->init_gain / sqrt((double)c->width), 0, "head");
    for (int k = 0; k < c->mtp_depth; k++) {
        snprintf(prefix, sizeof prefix, "mtp.%d", k);
        p->mtp[k].h_norm = add_norm(p, c->width, prefix, "h_norm");
        p->mtp[k].e_norm = add_norm(p, c->width, prefix, "e_norm");
        p->mtp[k].project = add_linear(p, c, (struct shape){1, 2 * c->width, c->width}, 1, prefix, "project");
        add_block(p, c, c->layers_n - 1, prefix, &p->mtp[k].block);
        p->mtp[k].final_norm = add_norm(p, c->width, prefix, "final_norm");
    }
    /* The last rows: what stands before them starts from the same random numbers with and without them. */
    p->value_weight = p->value_bias = -1;
    if (c->value_head) {
        p->value_weight = add_row(p, (struct shape){1, 1, c->width}, INIT_ZEROS, 0, 0, "value_head.weight");
        p->value_bias = add_row(p, (struct shape){1, 1, 1}, INIT_ZEROS, 0, 0, "value_head.bias");
        p->row[p->value_weight].is_value = p->row[p->value_bias].is_value = 1;
    }
    return ST_OK;
}

void params_release(struct params *p)
{
    free(p->row);
    memset(p, 0, sizeof *p);
}

void params_fill(const struct params *p, uint64_t seed, real *w)
{
    memset(w, 0, p->total * sizeof *w);
    for (int i = 0; i < p->n; i++) {
        const struct param *r = &p->row[i];
        size_t size = (size_t)r->count * (size_t)r->rows * (size_t)r->cols;
        struct rng g = rng_at(seed, RNG_INIT, (uint32_t)i, 0, 0);
        for (size_t j = 0; j < size && r->init != INIT_ZEROS; j++)
            w[r->offset + j] = (real)(r->init == INIT_ONES ? 1.0 : r->std * rng_normal(&g));
    }
}
