/* The statistics of FP8 on a batch of a run's own demonstrations.
 *
 * The model is copied with FP8 switched on (its table and its rotary angles are shared) and run twice in
 * memory of its own: in full precision, then in FP8 with a tally. Nothing of the trainer is written. */
#include "engine/run/fp8_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENTS = 64, TOKENS = 4096 };

/* Demonstrations packed as an update packs them, scored on their responses. */
struct probe {
    struct model m;
    struct arena arena;
    struct tokens t;
    int cap, scored, n;
    uint16_t *id;
    int *target, *position, begin[DOCUMENTS + 1];
    real *dlogp, *grad[2];
    struct fp8_tally *tally;
};

static enum status add_document(struct probe *p, const struct trainer *t, struct document *d, int *is_full,
                                struct err *e)
{
    uint16_t token[TOKENS];
    int n, at = p->begin[p->n];
    enum status st = vocab_encode(&t->vocab, str_c(&d->text), token, TOKENS, &n, e);
    if (st)
        return st;
    n = n - 1 < p->m.config.positions_n ? n - 1 : p->m.config.positions_n;
    *is_full = at + n > p->cap;
    if (n < 1 || *is_full)
        return ST_OK;
    for (int i = 0; i < n; i++) {
        p->id[at + i] = token[i];
        p->position[at + i] = i;
        p->target[at + i] = i + 1 < d->response_at ? -1 : token[i + 1];
        p->scored += p->target[at + i] >= 0;
    }
    p->begin[++p->n] = at + n;
    return ST_OK;
}

static enum status fill(struct probe *p, const struct trainer *t, struct err *e)
{
    struct document d = {0};
    enum status st = ST_OK;
    int is_full = 0;
    for (int i = 0; i < DOCUMENTS && !st && !is_full; i++) {
        struct rng r = rng_at(t->seed, RNG_COLD, (uint32_t)(t->step + 1), (uint32_t)i, 0);
        document_clear(&d);
        t->task.scenario->demonstrate(t->task.self, &r, &d);
        st = add_document(p, t, &d, &is_full, e);
    }
    document_free(&d);
    if (!st && !p->scored)
        st = err_set(e, ST_USAGE, "fp8", "no demonstration of at most %d tokens", p->cap);
    p->t = (struct tokens){p->begin[p->n], {p->n, p->begin}, p->id, p->target, p->position};
    for (int i = 0; !st && i < p->t.T; i++)
        p->dlogp[i] = p->target[i] >= 0 ? (real)(-1.0 / p->scored) : 0;
    return st;
}

static enum status lay_out(struct probe *p, const struct trainer *t, struct err *e)
{
    size_t n, rows = (size_t)t->model.params.n * FP8_ROLE_N, total = t->model.params.total;
    enum status st = arena_init(&p->arena, "fp8 statistics", (size_t)8 << 30, e);
    if (st)
        return st;
    p->m = t->model;
    p->m.config.fp8.on = 1;
    p->m.config.bf16 = 0;   /* FP8 is compared with FP32 */
    st = model_config_check(&p->m.config, e);   /* that of a run without FP8 never was */
    if (st)
        return st;
    p->cap = t->set.run.shard_tokens;
    if (p->cap < p->m.config.positions_n)
        p->cap = p->m.config.positions_n;
    n = (size_t)p->cap;
    p->id = arena_alloc(&p->arena, n * sizeof *p->id);
    p->target = arena_alloc(&p->arena, n * sizeof *p->target);
    p->position = arena_alloc(&p->arena, n * sizeof *p->position);
    p->dlogp = arena_alloc(&p->arena, n * sizeof *p->dlogp);
    p->grad[0] = arena_alloc(&p->arena, total * sizeof(real));
    p->grad[1] = arena_alloc(&p->arena, total * sizeof(real));
    p->tally = arena_alloc(&p->arena, rows * sizeof *p->tally);
    if (!p->id || !p->target || !p->position || !p->dlogp || !p->grad[0] || !p->grad[1] || !p->tally)
        return err_set(e, ST_NOMEM, "fp8", "no memory for a batch of %d tokens", p->cap);
    memset(p->tally, 0, rows * sizeof *p->tally);
    return ST_OK;
}

/* One pass; is_fp8 also says which gradient it fills. */
static enum status pass(struct probe *p, const struct trainer *t, int is_fp8, double *loss, struct err *e)
{
    struct workspace ws;
    enum status st;
    p->m.config.fp8.on = is_fp8;
    st = workspace_init(&ws, &p->m, p->cap, p->m.config.positions_n, &p->arena, e);
    if (st)
        return st;
    if (is_fp8)
        ws.linear->fp8->tally = p->tally;
    memset(ws.load, 0, (size_t)(t->learner.bias_n ? t->learner.bias_n : 1) * sizeof *ws.load);
    memset(p->grad[is_fp8], 0, p->m.params.total * sizeof(real));
    st = model_forward(&p->m, t->learner.w, t->learner.bias, &p->t, 1, 0, &ws, e);
    if (st)
        return st;
    *loss = 0;
    for (int i = 0; i < p->t.T; i++)
        *loss += (double)p->dlogp[i] * (double)ws.logp[i];
    model_backward(&p->m, t->learner.w, &p->t, 1, p->dlogp, NULL, NULL, 0, &ws, p->grad[is_fp8]);
    return ST_OK;
}

static uint64_t parts(uint64_t n, uint64_t size)
{
    return (n + size - 1) / size;
}

/* Counts of values and scales as bytes in the three formats, added. */
static void add_bytes(struct fp8_bytes *b, uint64_t n, uint64_t scales)
{
    b->fp32 += 4 * n;
    b->bf16 += 2 * n;
    b->fp8 += n + 4 * scales;
}

static enum status collect(const struct probe *p, struct fp8_stats *out, struct err *e)
{
    const struct fp8_config *c = &p->m.config.fp8;
    int row[LINEAR_MAPS_MAX], n = linear_maps(&p->m.params, row), at = 0;
    int is_tiled = c->scale == FP8_SCALE_TILE, is_scaled = c->scale != FP8_SCALE_NONE;
    double dot = 0, norm[2] = {0};
    out->high = 4 * p->m.params.total;
    out->tensor = calloc((size_t)n * FP8_ROLE_N, sizeof *out->tensor);
    if (!out->tensor)
        return err_set(e, ST_NOMEM, "fp8", "no memory for %d tensors", n * FP8_ROLE_N);
    for (int i = 0; i < n; i++) {
        const struct param *r = &p->m.params.row[row[i]];
        const struct fp8_tally *tally = p->tally + (size_t)row[i] * FP8_ROLE_N;
        uint64_t size = (uint64_t)r->rows * (uint64_t)r->cols;
        uint64_t rows = tally[FP8_ACTIVATION].n / (uint64_t)r->rows;
        for (int k = 0; k < FP8_ROLE_N; k++) {
            struct fp8_tensor *to = &out->tensor[at++];
            double nonzero = tally[k].nonzero ? (double)tally[k].nonzero : 1;
            memcpy(to->name, r->name, sizeof to->name);
            to->role = (enum fp8_role)k;
            to->n = tally[k].n;
            to->error = tally[k].error / nonzero;
            to->flushed = (double)tally[k].flushed / nonzero;
            to->saturated = (double)tally[k].saturated / (double)(tally[k].n ? tally[k].n : 1);
        }
        out->high -= 4 * size * (uint64_t)r->count;
        add_bytes(&out->weights, size * (uint64_t)r->count, (uint64_t)r->count * (is_tiled ?
                  parts((uint64_t)r->rows, (uint64_t)c->block) * parts((uint64_t)r->cols, (uint64_t)c->block)
                  : (uint64_t)is_scaled));
        add_bytes(&out->activations, tally[FP8_ACTIVATION].n,
                  is_tiled ? rows * parts((uint64_t)r->rows, (uint64_t)c->tile) : (uint64_t)is_scaled);
        for (size_t j = r->offset; j < r->offset + size * (uint64_t)r->count; j++) {
            dot += (double)p->grad[0][j] * (double)p->grad[1][j];
            for (int k = 0; k < 2; k++)
                norm[k] += (double)p->grad[k][j] * (double)p->grad[k][j];
        }
    }
    out->tensors_n = at;
    out->cosine = dot / sqrt(norm[0] * norm[1]);
    return ST_OK;
}

enum status fp8_stats_run(const struct trainer *t, struct fp8_stats *out, struct err *e)
{
    struct probe p = {0};
    enum status st = lay_out(&p, t, e);
    memset(out, 0, sizeof *out);
    if (!st)
        st = fill(&p, t, e);
    if (!st)
        st = pass(&p, t, 0, &out->loss_fp32, e);
    if (!st)
        st = pass(&p, t, 1, &out->loss, e);
    if (!st)
        st = collect(&p, out, e);
    out->config = t->model.config.fp8;
    out->tokens = p.t.T;
    arena_release(&p.arena);
    return st;
}

void fp8_stats_free(struct fp8_stats *s)
{
    free(s->tensor);
    memset(s, 0, sizeof *s);
}
