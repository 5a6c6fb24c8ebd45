/* Reduction of gradient lanes and AdamW over the whole parameter block, against plain loops in double
 * precision. */
#include <math.h>
#include <stdlib.h>

#include "engine/nn/optimizer.h"
#include "tests/unit/tiny_model.h"

enum { LANES = 5, STEPS = 4 };

struct block {
    struct tiny x;
    struct pool *pool;
    size_t n;
    real *lane[LANES], *w, *m, *v;
};

static void block_init(struct block *b, int threads)
{
    struct model_config c = tiny_config(TINY_MTP2);
    struct err e;
    tiny_init(&b->x, &c, kernels_best());
    cr_assert_eq(pool_init(&b->pool, threads, &e), ST_OK);
    b->n = b->x.m.params.total;
    for (int i = 0; i < LANES; i++) {
        b->lane[i] = arena_alloc(&b->x.arena, b->n * sizeof(real));
        cr_assert_not_null(b->lane[i]);
    }
    b->w = b->x.w;
    b->m = arena_alloc(&b->x.arena, b->n * sizeof(real));
    b->v = arena_alloc(&b->x.arena, b->n * sizeof(real));
    cr_assert(b->m && b->v);
    memset(b->m, 0, b->n * sizeof(real));
    memset(b->v, 0, b->n * sizeof(real));
}

static void block_release(struct block *b)
{
    pool_release(b->pool);
    tiny_release(&b->x);
}

static void fill_lanes(struct block *b, uint32_t step)
{
    for (int i = 0; i < LANES; i++)
        tiny_fill(b->lane[i], b->n, 1000 + step * LANES + (uint32_t)i, 0, 0.1);
}

static int decays(const struct block *b, size_t j)
{
    const struct params *p = &b->x.m.params;
    int r = 0;
    while (r + 1 < p->n && p->row[r + 1].offset <= j)
        r++;
    return p->row[r].decay;
}

/* Which rows decay: matrices do, norms and embedding do not. */
Test(optimizer, decay_by_row)
{
    struct block b;
    block_init(&b, 1);
    for (int r = 0; r < b.x.m.params.n; r++) {
        const struct param *row = &b.x.m.params.row[r];
        int want = row->init == INIT_NORMAL && strcmp(row->name, "embed") != 0 &&
            strcmp(row->name, "head") != 0;
        cr_assert_eq(row->decay, want, "%s", row->name);
    }
    block_release(&b);
}

Test(optimizer, adamw_over_all_rows)
{
    const struct adamw_settings s = {.lr = 0.02, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-6,
                                     .weight_decay = 0.3, .clip = 0.7};
    struct block b;
    double *w, *m, *v;
    block_init(&b, 2);
    w = calloc(b.n, sizeof *w);
    m = calloc(b.n, sizeof *m);
    v = calloc(b.n, sizeof *v);
    cr_assert(w && m && v);
    for (size_t j = 0; j < b.n; j++)
        w[j] = (double)b.w[j];
    for (uint32_t t = 1; t <= STEPS; t++) {
        double norm, squares = 0, scale, *sum = calloc(b.n, sizeof *sum);
        struct err e;
        cr_assert_not_null(sum);
        fill_lanes(&b, t);
        for (size_t j = 0; j < b.n; j++) {
            for (int i = 0; i < LANES; i++)
                sum[j] += (double)b.lane[i][j];
            squares += sum[j] * sum[j];
        }
        cr_assert_eq(optimizer_reduce(b.pool, b.x.m.k, &b.x.m.params, b.lane, LANES, &norm, &e), ST_OK);
        cr_assert_leq(fabs(norm - sqrt(squares)), 1e-6 * norm);
        optimizer_step(b.pool, b.x.m.k, &b.x.m.params, &s, t, norm, b.lane[0], b.w, b.m, b.v);
        scale = s.clip / sqrt(squares);
        cr_assert_lt(scale, 1, "the clip is not tested");
        for (size_t j = 0; j < b.n; j++) {
            double g = sum[j] * scale;
            m[j] = s.beta1 * m[j] + (1 - s.beta1) * g;
            v[j] = s.beta2 * v[j] + (1 - s.beta2) * g * g;
            w[j] -= s.lr * (m[j] / (1 - pow(s.beta1, t)) / (sqrt(v[j] / (1 - pow(s.beta2, t))) + s.eps) +
                            (decays(&b, j) ? s.weight_decay * w[j] : 0));
            cr_assert_leq(fabs((double)b.w[j] - w[j]), 2e-5 * (1 + fabs(w[j])),
                          "step %u, element %zu: %g, not %g", t, j,
                          (double)b.w[j], w[j]);
        }
        free(sum);
    }
    free(w), free(m), free(v);
    block_release(&b);
}

/* Below the limit the gradient is left alone, and clip 0 is off. */
Test(optimizer, clip_only_above_the_limit)
{
    struct adamw_settings s = {.lr = 0.1, .beta1 = 0, .beta2 = 0, .eps = 1, .clip = 0};
    struct block a, b;
    double norm;
    struct err e;
    block_init(&a, 1);
    block_init(&b, 1);
    fill_lanes(&a, 1);
    fill_lanes(&b, 1);
    cr_assert_eq(optimizer_reduce(a.pool, a.x.m.k, &a.x.m.params, a.lane, LANES, &norm, &e), ST_OK);
    cr_assert_eq(optimizer_reduce(b.pool, b.x.m.k, &b.x.m.params, b.lane, LANES, &norm, &e), ST_OK);
    optimizer_step(a.pool, a.x.m.k, &a.x.m.params, &s, 1, norm, a.lane[0], a.w, a.m, a.v);
    s.clip = norm * 1.01;
    optimizer_step(b.pool, b.x.m.k, &b.x.m.params, &s, 1, norm, b.lane[0], b.w, b.m, b.v);
    cr_assert_arr_eq(a.w, b.w, a.n * sizeof(real));
    s.clip = norm / 2;
    optimizer_step(b.pool, b.x.m.k, &b.x.m.params, &s, 1, norm, b.lane[0], b.w, b.m, b.v);
    for (size_t j = 0; j < b.n; j++)
        cr_assert_float_eq(b.m[j], b.lane[0][j] / 2, 1e-6);
    block_release(&a);
    block_release(&b);
}

Test(optimizer, threads_do_not_change_bits)
{
    const struct adamw_settings s = {.lr = 0.02, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-6,
                                     .weight_decay = 0.3, .clip = 0.7};
    struct block one, three;
    double norm[2];
    struct err e;
    block_init(&one, 1);
    block_init(&three, 3);
    for (uint32_t t = 1; t <= STEPS; t++) {
        fill_lanes(&one, t);
        fill_lanes(&three, t);
        cr_assert_eq(optimizer_reduce(one.pool, one.x.m.k, &one.x.m.params, one.lane, LANES, &norm[0], &e),
                     ST_OK);
        cr_assert_eq(optimizer_reduce(three.pool, three.x.m.k, &three.x.m.params, three.lane, LANES, &norm[1],
                                      &e), ST_OK);
        cr_assert_eq(norm[0], norm[1]);
        optimizer_step(one.pool, one.x.m.k, &one.x.m.params, &s, t, norm[0], one.lane[0], one.w, one.m,
                       one.v);
        optimizer_step(three.pool, three.x.m.k, &three.x.m.params, &s, t, norm[1], three.lane[0], three.w,
                       three.m, three.v);
    }
    cr_assert_arr_eq(one.w, three.w, one.n * sizeof(real));
    cr_assert_arr_eq(one.v, three.v, one.n * sizeof(real));
    block_release(&one);
    block_release(&three);
}
