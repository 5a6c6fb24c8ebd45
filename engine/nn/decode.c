/* Decoding: the same projections and feed-forward code as training, on the rows of one call;
 * only attention differs.
 *
 * Every row is computed with the kernels that do not mix rows, and attends to its own slot alone, so a
 * sequence's bits do not depend on who shares the call. */
#include "engine/nn/decode.h"

#include <math.h>
#include <string.h>

#include "engine/nn/linear_bf16.h"
#include "engine/nn/linear_fp8.h"

static int absorbed(const struct decoder *d)
{
    return d->form == DECODE_ABSORBED;
}

/* Layers are those of the model, then the modules. */
static const struct block_params *layer_params(const struct decoder *d, int layer)
{
    int L = d->m->config.layers_n;
    return layer < L ? &d->m->params.layer[layer] : &d->m->params.mtp[layer - L].block;
}

static size_t absorb_reals(const struct decoder *d)
{
    const struct model_config *c = &d->m->config;
    return absorbed(d) ? (size_t)c->heads_n * (size_t)c->nope_dim * (size_t)c->kv_rank : 0;
}

static real *layer_absorb(const struct decoder *d, int layer)
{
    int L = d->m->config.layers_n;
    return layer < L ? d->absorb + (size_t)layer * absorb_reals(d)
                     : d->module_absorb + (size_t)(layer - L) * absorb_reals(d);
}

static real *slot_cache(const struct decoder *d, int layer, int slot)
{
    int L = d->m->config.layers_n, first = layer < L ? 0 : L;
    return (first ? d->module_cache : d->cache) +
           ((size_t)(layer - first) * (size_t)d->slots_n + (size_t)slot) * d->slot_reals;
}

/* positions_n is the longest run of positions that lies together: a page's where there are pages. */
static enum status init(struct decoder *d, const struct model *m, enum decode_form form, struct paged *pages,
                        int slots_n, int positions_n, int rows_n, struct arena *a, struct err *e)
{
    const struct model_config *c = &m->config;
    size_t R = sizeof(real), n = (size_t)rows_n, H = (size_t)c->heads_n, D = (size_t)c->width, latent;
    int widest = c->dense_layers > 0 ? 0 : -1, full;
    memset(d, 0, sizeof *d);
    d->m = m;
    d->pages = pages;
    d->form = c->attention == ATTENTION_MLA ? form : DECODE_PLAIN;
    d->slots_n = slots_n;
    d->positions_n = positions_n;
    d->rows_n = rows_n;
    d->Hk = absorbed(d) ? 1 : config_kv_heads(c);
    d->dk = absorbed(d) ? c->kv_rank + c->rope_dim : config_key_dim(c);
    d->dv = absorbed(d) ? c->kv_rank : config_value_dim(c);
    d->value_in_key = absorbed(d);
    d->slot_reals = cache_reals(positions_n, d->Hk, d->dk, d->dv, d->value_in_key);
    latent = absorbed(d) ? H * (size_t)(c->kv_rank + c->rope_dim) : H * (size_t)d->dk;
    d->cache = pages ? NULL : arena_alloc(a, (size_t)c->layers_n * (size_t)slots_n * d->slot_reals * R);
    d->absorb = arena_alloc(
        a, absorbed(d) ? (size_t)c->layers_n * H * (size_t)c->nope_dim * (size_t)c->kv_rank * R : R);
    d->q = arena_alloc(a, n * latent * R);
    d->context = arena_alloc(a, n * H * (size_t)d->dv * R);
    d->key = arena_alloc(a, n * (size_t)d->Hk * (size_t)d->dk * R);
    d->y = arena_alloc(a, n * D * R);
    d->normed = arena_alloc(a, n * D * R);
    d->rstd = arena_alloc(a, n * R);
    d->logits = arena_alloc(a, n * (size_t)c->vocab_n * R);
    d->load = arena_alloc(a, 64 * R);
    d->scratch = arena_alloc(a, (pages ? attend_pages_scratch(PAGE_POSITIONS, d->dv)
                                       : attend_scratch(positions_n, c->heads_n, d->dk, d->dv)) * R);
    if ((!pages && !d->cache) || !d->absorb || !d->q || !d->context || !d->key || !d->y || !d->normed ||
        !d->rstd || !d->logits || !d->load || !d->scratch)
        goto full;
    /* One state serves dense and MoE layers: dense_state shares what both have. */
    d->state.x = arena_alloc(a, n * D * R);
    if (!d->state.x)
        goto full;
    {
        real *x = d->state.x;
        int l = c->layers_n - 1;
        if (!block_state_alloc(&d->state, m, &m->params.layer[l], rows_n, a))
            goto full;
        if (widest == 0 && config_is_moe(c, l)) {
            d->state.gate_up =
                arena_alloc(a, 2 * n * (size_t)(c->ffn_width + c->shared_n * c->expert_width) * R);
            d->state.hidden = arena_alloc(a, n * (size_t)(c->ffn_width + c->shared_n * c->expert_width) * R);
            if (!d->state.gate_up || !d->state.hidden)
                goto full;
        }
        d->state.x = x;
    }
    d->state.linear = linear_work_alloc(m, rows_n, a, &full);
    if (full)
        goto full;
    if (c->fp8.on)
        d->state.linear->fp8->rows_alone = 1;
    if (c->bf16 && !(d->bf16 = linear_bf16_weights_alloc(m, 0, a)))
        goto full;
    if (c->bf16)
        d->state.linear->bf16->weights = d->bf16;
    if ((c->fp8.on || (c->bf16 && absorbed(d))) && !(d->prepared = arena_alloc(a, m->params.total * R)))
        goto full;
    return ST_OK;
full:
    return err_set(e, ST_NOMEM, a->name, "a decoder of %d sequences of %d tokens does not fit in %zu MB",
                   slots_n, positions_n, a->cap >> 20);
}

enum status decoder_init(struct decoder *d, const struct model *m, enum decode_form form, int slots_n,
                         int positions_n, int rows_n, struct arena *a, struct err *e)
{
    return init(d, m, form, NULL, slots_n, positions_n, rows_n, a, e);
}

enum status decoder_init_paged(struct decoder *d, const struct model *m, struct paged *pages, int rows_n,
                               struct arena *a, struct err *e)
{
    return init(d, m, DECODE_ABSORBED, pages, pages->sequences_n, PAGE_POSITIONS, rows_n, a, e);
}

enum status decoder_add_modules(struct decoder *d, struct arena *a, struct err *e)
{
    const struct model_config *c = &d->m->config;
    size_t R = sizeof(real), modules = (size_t)c->mtp_depth, rows = (size_t)d->rows_n;
    if (c->mtp_depth < 1)
        return err_set(e, ST_USAGE, "decode", "the model has no MTP module: model.mtp_depth is 0");
    if (d->pages)
        return err_set(e, ST_USAGE, "decode", "MTP modules have no paged cache");
    d->row_reals = (size_t)d->Hk * (size_t)(d->dk + (d->value_in_key ? 0 : d->dv));
    d->module_cache = arena_alloc(a, modules * (size_t)d->slots_n * d->slot_reals * R);
    d->module_absorb = arena_alloc(a, modules * absorb_reals(d) * R + R);
    d->joined = arena_alloc(a, rows * 2 * (size_t)c->width * R);
    d->row_kv = arena_alloc(a, (size_t)c->layers_n * rows * d->row_reals * R);
    if (!d->module_cache || !d->module_absorb || !d->joined || !d->row_kv)
        return err_set(e, ST_NOMEM, a->name,
                       "the MTP modules of a decoder of %d sequences do not fit in %zu MB",
                       d->slots_n, a->cap >> 20);
    d->modules_n = c->mtp_depth;
    return ST_OK;
}

enum status decoder_keep_routes(struct decoder *d, struct arena *a, struct err *e)
{
    d->route = arena_alloc(a, (size_t)d->rows_n * (size_t)config_route(&d->m->config));
    return d->route ? ST_OK : err_set(e, ST_NOMEM, a->name, "no room for the experts of %d rows", d->rows_n);
}

void decoder_load(struct decoder *d, const real *w, const real *bias)
{
    const struct model_config *c = &d->m->config;
    int H = c->heads_n, up = H * (c->nope_dim + c->v_dim), R = c->kv_rank, N = c->nope_dim;
    d->w = d->attend_w = w;
    d->bias = bias;
    if (d->bf16)
        linear_bf16_prepare(d->m, d->bf16, w);
    if (d->bf16 && d->prepared) {
        linear_bf16_copy(d->m, w, d->prepared);
        d->attend_w = d->prepared;
    }
    if (c->fp8.on) {
        struct fp8_work *fp8 = d->state.linear->fp8;
        linear_fp8_prepare(d->m, fp8, w, d->prepared);
        d->attend_w = d->prepared;
        /* The 14-bit accumulator wants codes and scales apart. */
        fp8->is_prepared = c->fp8.accumulator == FP8_ACCUMULATE_FP32;
        if (fp8->is_prepared)
            d->w = d->prepared;
    }
    if (!absorbed(d))
        return;
    for (int l = 0; l < c->layers_n + d->modules_n; l++) {
        const real *kv_up = d->attend_w + d->m->params.row[layer_params(d, l)->kv_up].offset;
        for (int h = 0; h < H; h++) {
            real *to = layer_absorb(d, l) + (size_t)h * N * R;
            for (int i = 0; i < N; i++)
                for (int r = 0; r < R; r++)
                    to[(size_t)i * R + r] = kv_up[(size_t)r * up + h * N + i];
        }
    }
}

/* Caches row r and, where alternatives may come, remembers what it cached. */
static void put_row(struct decoder *d, int layer, int r, int slot, int position, const real *key,
                    const real *value)
{
    size_t keys = (size_t)d->Hk * (size_t)d->dk;
    d->m->k->cache_put(position, d->Hk, d->dk, d->dv, d->value_in_key, slot_cache(d, layer, slot), key,
                       value);
    if (d->modules_n && layer < d->m->config.layers_n) {
        real *to = d->row_kv + ((size_t)layer * (size_t)d->rows_n + (size_t)r) * d->row_reals;
        memcpy(to, key, keys * sizeof *to);
        if (!d->value_in_key)
            memcpy(to + keys, value, (d->row_reals - keys) * sizeof *to);
    }
}

void decoder_keep(struct decoder *d, int row, int slot, int position)
{
    size_t keys = (size_t)d->Hk * (size_t)d->dk;
    for (int l = 0; l < d->m->config.layers_n; l++) {
        const real *from = d->row_kv + ((size_t)l * (size_t)d->rows_n + (size_t)row) * d->row_reals;
        d->m->k->cache_put(position, d->Hk, d->dk, d->dv, d->value_in_key, slot_cache(d, l, slot), from,
                           from + keys);
    }
}

/* Absorbed: the query moves into latent space, the cache is [RMSNorm(c_KV) | RoPE(k_R)]. */
static void attend_absorbed(struct decoder *d, int layer, const struct block_params *b, int n,
                            const int *slot, const int *position)
{
    const struct model_config *c = &d->m->config;
    const struct kernels *k = d->m->k;
    struct block_state *s = &d->state;
    int H = c->heads_n, N = c->nope_dim, R = c->kv_rank, dr = c->rope_dim, dk = N + dr, wide = R + dr;
    int Q = c->q_rank ? c->q_rank : H * dk, ldq = c->q_rank ? H * dk : Q + R + dr, up = H * (N + c->v_dim);
    const real *w_uv = d->attend_w + d->m->params.row[b->kv_up].offset + (size_t)H * N;
    real scale = (real)(1.0 / sqrt((double)dk));
    if (s->linear)   /* keys and values are maps of the latent as FP8 or bf16 has it */
        linear_activation(d->m, s->linear, b->kv_up, n, s->kv_latent);
    for (int h = 0; h < H; h++)
        k->gemm(0, 0, n, R, N, s->q + h * dk, ldq, layer_absorb(d, layer) + (size_t)h * N * R, R, 0,
                d->q + h * wide, H * wide);
    for (int r = 0; r < n; r++) {
        const real *q = s->q + (size_t)r * ldq, *down = s->down + (size_t)r * (Q + R + dr);
        real *key = d->key + (size_t)r * wide;
        for (int h = 0; h < H; h++)
            memcpy(d->q + (size_t)r * H * wide + h * wide + R, q + h * dk + N, (size_t)dr * sizeof(real));
        memcpy(key, s->kv_latent + (size_t)r * R, (size_t)R * sizeof(real));
        memcpy(key + R, down + Q + R, (size_t)dr * sizeof(real));
        if (d->pages) {
            paged_put(d->pages, k, layer, slot[r], position[r], key);
            paged_attend(d->pages, k, layer, slot[r], position[r] + 1, H, d->q + (size_t)r * H * wide, scale,
                         d->context + (size_t)r * H * R, d->scratch);
            continue;
        }
        put_row(d, layer, r, slot[r], position[r], key, NULL);
        k->attend(position[r] + 1, H, 1, wide, R, 1, slot_cache(d, layer, slot[r]),
                  d->q + (size_t)r * H * wide, scale, d->context + (size_t)r * H * R, d->scratch);
    }
    for (int h = 0; h < H; h++)
        k->gemm(0, 0, n, c->v_dim, R, d->context + h * R, H * R, w_uv + h * c->v_dim, up, 0,
                s->attn + h * c->v_dim, H * c->v_dim);
}

/* Plain: the key and value of every head, or of every group of heads that share them, is cached. */
static void attend_plain(struct decoder *d, int layer, int n, const int *slot, const int *position)
{
    const struct model_config *c = &d->m->config;
    const struct kernels *k = d->m->k;
    struct block_state *s = &d->state;
    int H = c->heads_n, Hk = d->Hk, dk = d->dk, dv = d->dv, mla = c->attention == ATTENTION_MLA;
    int Q = c->q_rank ? c->q_rank : H * dk, ld_down = Q + c->kv_rank + c->rope_dim;
    int ldq = !mla ? config_qkv_dim(c) : c->q_rank ? H * dk : ld_down;
    int ldv = mla ? H * (c->nope_dim + dv) : ldq;
    real scale = (real)(1.0 / sqrt((double)dk));
    for (int r = 0; r < n; r++) {
        real *key = d->key + (size_t)r * Hk * dk;
        if (mla) {
            const real *plain = s->kv + (size_t)r * ldv,
                       *turned = s->down + (size_t)r * ld_down + Q + c->kv_rank;
            for (int h = 0; h < H; h++) {
                memcpy(key + h * dk, plain + h * c->nope_dim, (size_t)c->nope_dim * sizeof(real));
                memcpy(key + h * dk + c->nope_dim, turned, (size_t)c->rope_dim * sizeof(real));
            }
        } else {
            memcpy(key, s->k + (size_t)r * ldq, (size_t)Hk * dk * sizeof(real));
        }
        put_row(d, layer, r, slot[r], position[r], key, s->v + (size_t)r * ldv);
        memcpy(d->q, s->q + (size_t)r * ldq, (size_t)H * dk * sizeof(real));
        k->attend(position[r] + 1, H, Hk, dk, dv, 0, slot_cache(d, layer, slot[r]), d->q, scale,
                  s->attn + (size_t)r * H * dv, d->scratch);
    }
}

/* The experts of n rows in one layer. */
static void keep_route(struct decoder *d, int moe_index, int n)
{
    int K = d->m->config.top_k, width = config_route(&d->m->config);
    for (int r = 0; r < n; r++)
        for (int j = 0; j < K; j++)
            d->route[(size_t)r * (size_t)width + (size_t)(moe_index * K + j)] =
                (uint8_t)d->state.chosen[r * K + j];
}

/* One layer on n rows, from state.x to state.x. */
static void layer_forward(struct decoder *d, int layer, int n, const int *slot, const uint16_t *token,
                          const int *position)
{
    const struct model *m = d->m;
    const struct block_params *b = layer_params(d, layer);
    struct block_state *s = &d->state;
    struct tokens t = {n, {0, NULL}, token, NULL, position};
    int D = m->config.width;
    real *y;
    attention_project(m, b, d->w, n, position, s);
    if (absorbed(d))
        attend_absorbed(d, layer, b, n, slot, position);
    else
        attend_plain(d, layer, n, slot, position);
    memcpy(s->mid, s->x, (size_t)n * D * sizeof(real));
    linear_forward(m, s->linear, d->w, b->out, 0, n, s->attn, 1, s->mid);
    ffn_block_forward(m, b, d->w, d->bias, &t, s, d->y, d->load);
    if (d->route && b->router >= 0 && layer < m->config.layers_n)
        keep_route(d, b->moe_index, n);
    y = s->x;
    s->x = d->y;
    d->y = y;
}

const real *decoder_step(struct decoder *d, int n, const int *slot, const uint16_t *token,
                         const int *position)
{
    const struct model *m = d->m;
    const struct model_config *c = &m->config;
    const struct param *p = m->params.row;
    int D = c->width;
    const real *embed = d->w + p[m->params.embed].offset;
    for (int r = 0; r < n; r++)
        memcpy(d->state.x + (size_t)r * D, embed + (size_t)token[r] * D, (size_t)D * sizeof(real));
    for (int l = 0; l < c->layers_n; l++)
        layer_forward(d, l, n, slot, token, position);
    m->k->rmsnorm(n, D, d->state.x, D, d->w + p[m->params.final_norm].offset, (real)c->norm_eps, d->normed, D,
                  d->rstd);
    head_forward(m, d->w, n, d->normed, d->logits);
    return d->logits;
}

const real *decoder_hidden(const struct decoder *d)
{
    return d->state.x;
}

const real *decoder_module(struct decoder *d, int module, int n, const int *slot, const uint16_t *next,
                           const int *position, const real *h, int heads_n, const int *head_row)
{
    const struct model *m = d->m;
    const struct kernels *k = m->k;
    const struct param *p = m->params.row;
    int D = m->config.width, h_norm = m->params.mtp[module].h_norm, e_norm = m->params.mtp[module].e_norm,
        project = m->params.mtp[module].project, final_norm = m->params.mtp[module].final_norm;
    real eps = (real)m->config.norm_eps;
    const real *embed = d->w + p[m->params.embed].offset;
    k->rmsnorm(n, D, h, D, d->w + p[h_norm].offset, eps, d->joined, 2 * D, d->rstd);
    for (int r = 0; r < n; r++)
        k->rmsnorm(1, D, embed + (size_t)next[r] * D, D, d->w + p[e_norm].offset, eps,
                   d->joined + (size_t)(2 * r + 1) * D, 2 * D, d->rstd);
    k->gemm(0, 0, n, D, 2 * D, d->joined, 2 * D, d->w + p[project].offset, D, 0, d->state.x, D);
    layer_forward(d, m->config.layers_n + module, n, slot, next, position);
    for (int i = 0; i < heads_n; i++)
        k->rmsnorm(1, D, d->state.x + (size_t)head_row[i] * D, D, d->w + p[final_norm].offset, eps,
                   d->normed + (size_t)i * D, D, d->rstd);
    if (heads_n > 0)
        head_forward(m, d->w, heads_n, d->normed, d->logits);
    return d->logits;
}

void decoder_share(struct decoder *d, int from, int to, int n)
{
    /* The cache's layout is the kernels' own, so a whole slot up to its last used block is copied. */
    size_t used = cache_reals(n, d->Hk, d->dk, d->dv, d->value_in_key);
    if (d->pages) {
        paged_share(d->pages, from, to, n);
        return;
    }
    for (int l = 0; l < d->m->config.layers_n + d->modules_n; l++)
        memcpy(slot_cache(d, l, to), slot_cache(d, l, from), used * sizeof(real));
}

size_t decoder_bytes_per_token(const struct decoder *d)
{
    size_t numbers = (size_t)d->Hk * (size_t)(d->dk + (d->value_in_key ? 0 : d->dv));
    return numbers * (size_t)d->m->config.layers_n * sizeof(real);
}
