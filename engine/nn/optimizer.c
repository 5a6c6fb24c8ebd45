/* Gradient reduction and AdamW, cut into a fixed number of slices of the parameter block, so that the bits do
 * not depend on how many threads share them. */
#include "engine/nn/optimizer.h"

#include <math.h>

enum { SLICES = 16, LANES_MAX = 64 };

/* Slice i of [0,total), multiples of 16 reals. */
static void slice_of(size_t total, int i, size_t *begin, size_t *n)
{
    size_t step = (total / SLICES + 15) / 16 * 16, from = step * (size_t)i,
           to = i == SLICES - 1 ? total : from + step;
    if (from > total)
        from = total;
    if (to > total)
        to = total;
    *begin = from;
    *n = to - from;
}

struct reduce {
    const struct kernels *k;
    real *const *lane;
    int lanes_n;
    size_t total;
    double squares[SLICES];
};

static void reduce_slice(void *ctx, int i, int worker)
{
    struct reduce *r = ctx;
    size_t at, n;
    (void)worker;
    slice_of(r->total, i, &at, &n);
    for (int half = 1; half < r->lanes_n; half *= 2)
        for (int a = 0; a + half < r->lanes_n; a += 2 * half)
            r->k->add(n, r->lane[a + half] + at, r->lane[a] + at);
    r->squares[i] = r->k->sum_squares(n, r->lane[0] + at);
}

enum status optimizer_reduce(struct pool *pool, const struct kernels *k, const struct params *p,
                             real *const *lane, int lanes_n, double *norm, struct err *e)
{
    struct reduce r = {k, lane, lanes_n, p->total, {0}};
    double sum = 0;
    pool_run(pool, SLICES, reduce_slice, &r);
    for (int i = 0; i < SLICES; i++)
        sum += r.squares[i];
    *norm = sqrt(sum);
    if (isfinite(sum))
        return ST_OK;
    for (int i = 0; i < p->n; i++) {
        const struct param *row = &p->row[i];
        if (!isfinite(k->sum_squares((size_t)row->count * row->rows * row->cols, lane[0] + row->offset)))
            return err_set(e, ST_NONFINITE, "update", "gradient of %s is not finite", row->name);
    }
    return err_set(e, ST_NONFINITE, "update", "the gradient's norm overflows");
}

struct update {
    const struct kernels *k;
    const struct params *p;
    const struct adamw_settings *s;
    real scale, c1, c2;
    const real *grad;
    real *w, *m, *v;
};

/* A slice crosses rows with and without weight decay: it is updated piece by piece. */
static void update_slice(void *ctx, int i, int worker)
{
    struct update *u = ctx;
    size_t at, n, end;
    (void)worker;
    slice_of(u->p->total, i, &at, &n);
    end = at + n;
    for (int r = 0; r < u->p->n && at < end; r++) {
        const struct param *row = &u->p->row[r];
        size_t stop = r + 1 < u->p->n ? u->p->row[r + 1].offset : u->p->total;
        if (stop <= at)
            continue;
        if (stop > end)
            stop = end;
        u->k->adamw(stop - at, u->w + at, u->m + at, u->v + at, u->grad + at, u->scale,
                    (real)(row->is_value && u->s->value_lr > 0 ? u->s->value_lr : u->s->lr),
                    (real)u->s->beta1, (real)u->s->beta2, u->c1, u->c2, (real)u->s->eps,
                    row->decay ? (real)u->s->weight_decay : 0);
        at = stop;
    }
}

void optimizer_step(struct pool *pool, const struct kernels *k, const struct params *p,
                    const struct adamw_settings *s, int64_t t, double norm, const real *grad, real *w,
                    real *m, real *v)
{
    struct update u = {k, p, s, 1, 0, 0, grad, w, m, v};
    if (s->clip > 0 && norm > s->clip)
        u.scale = (real)(s->clip / norm);
    u.c1 = (real)(1 - pow(s->beta1, (double)t));
    u.c2 = (real)(1 - pow(s->beta2, (double)t));
    pool_run(pool, SLICES, update_slice, &u);
}
