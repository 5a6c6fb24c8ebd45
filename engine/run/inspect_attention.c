/* The attention of one head along a trace, from what the training forward keeps.
 *
 * The forward leaves q, k and the log-sum-exp of every row, so that a weight is one product and one
 * exponential. No call changes what the trainer has learned. Invariants: a row's weights are of the positions
 * 0..row alone; in a score both terms are scaled, so that their sum is what the softmax saw. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "engine/run/inspect.h"

/* Where a head's query, key and value stand in the block's activations. */
struct head_view {
    const real *q, *k, *v, *out, *lse;
    int ldq, ldk, ldv, ldo, lse_ld, plain, key, value; /* plain: the part of a key without position */
    double scale;
};

static struct head_view view_of(const struct trainer *t, int layer, int head)
{
    const struct model_config *c = &t->model.config;
    const struct block_state *s = &t->learner.ws[0].block[layer];
    int H = c->heads_n, dk = config_key_dim(c), dv = config_value_dim(c), group = H / config_kv_heads(c);
    struct head_view v = {
        .ldo = H * dv, .lse_ld = H, .key = dk, .value = dv, .scale = 1.0 / sqrt((double)dk)};
    if (c->attention == ATTENTION_MLA) {
        v.plain = c->nope_dim;
        v.ldk = H * dk;
        v.ldq = c->q_rank ? H * dk : H * dk + c->kv_rank + c->rope_dim;
        v.ldv = H * (c->nope_dim + c->v_dim);
    } else {
        v.plain = dk;
        v.ldq = v.ldk = v.ldv = config_qkv_dim(c);
    }
    v.q = s->q + (size_t)head * dk;
    v.k = s->k + (size_t)(head / group) * dk;
    v.v = s->v + (size_t)(head / group) * dv;
    v.out = s->attn + (size_t)head * dv;
    v.lse = s->lse + head;
    return v;
}

static double dot(const real *a, const real *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void fill_row(const struct head_view *v, int row, struct attention_facts *out)
{
    size_t at = (size_t)row * ((size_t)row + 1) / 2;
    const real *q = v->q + (size_t)row * v->ldq;
    for (int j = 0; j <= row; j++) {
        const real *k = v->k + (size_t)j * v->ldk;
        double content = v->scale * dot(q, k, v->plain),
               place = v->scale * dot(q + v->plain, k + v->plain, v->key - v->plain);
        out->content[at + j] = (float)content;
        out->place[at + j] = (float)place;
        out->weight[at + j] = (float)exp(content + place - (double)v->lse[(size_t)row * v->lse_ld]);
    }
}

enum status inspect_attention(struct trainer *t, const struct inspect_trace *x, int layer, int head,
                              struct attention_facts *out, struct err *e)
{
    const struct model_config *c = &t->model.config;
    float logp[SNAP_TOKENS];
    struct head_view v;
    enum status st;
    if (layer < 0 || layer >= c->layers_n || head < 0 || head >= c->heads_n)
        return err_set(e, ST_USAGE, "attention",
                       "the model has layers 1 to %d and heads 1 to %d, not layer %d, head %d", c->layers_n,
                       c->heads_n, layer + 1, head + 1);
    st = inspect_logp(t, x, logp, e);
    if (st)
        return st;
    out->layers_n = c->layers_n;
    out->heads_n = c->heads_n;
    out->layer = layer;
    out->head = head;
    out->n = x->n;
    out->prompt_n = x->prompt_n;
    out->rows = x->prompt_n - 1 + x->n;
    out->has_parts = c->attention == ATTENTION_MLA;
    v = view_of(t, layer, head);
    for (int i = 0; i < out->rows; i++) {
        fill_row(&v, i, out);
        inspect_spell(&t->vocab, i < x->prompt_n ? x->prompt[i] : x->token[i - x->prompt_n], out->word[i]);
    }
    return ST_OK;
}

double inspect_attention_output(const struct trainer *t, const struct attention_facts *f)
{
    struct head_view v = view_of(t, f->layer, f->head);
    double largest = 0;
    for (int i = 0; i < f->rows; i++) {
        const float *p = f->weight + (size_t)i * ((size_t)i + 1) / 2;
        for (int d = 0; d < v.value; d++) {
            double sum = 0;
            for (int j = 0; j <= i; j++)
                sum += (double)p[j] * (double)v.v[(size_t)j * v.ldv + d];
            largest = fmax(largest, fabs(sum - (double)v.out[(size_t)i * v.ldo + d]));
        }
    }
    return largest;
}

void inspect_attention_copy(struct attention_facts *to, const struct attention_facts *from)
{
    size_t rows = (size_t)from->rows, pairs = rows * (rows + 1) / 2;
    memcpy(to, from, offsetof(struct attention_facts, word));
    memcpy(to->word, from->word, rows * sizeof *from->word);
    memcpy(to->weight, from->weight, pairs * sizeof *from->weight);
    memcpy(to->content, from->content, pairs * sizeof *from->content);
    memcpy(to->place, from->place, pairs * sizeof *from->place);
}
