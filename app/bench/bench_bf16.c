/* `bench bf16`: the linear maps in bf16 beside FP32, on one thread: products alone at training's shapes with
 * the rounding of their operands, then training and generating on the two shapes, and a GRPO step's phases on
 * the countdown preset's. FP32 and bf16 take turns in short rounds, so that what else the machine does meets
 * both; of the rounds the best counts, and the ratio of the two is a row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/bench/bench.h"
#include "engine/base/rng.h"
#include "engine/nn/bf16.h"
#include "engine/nn/kernels.h"
#include "engine/nn/linear.h"
#include "engine/run/trainer.h"

enum { TOKENS = 512, WIDEST = 512, ROUNDS = 3 };

static void add_pair(struct bench *b, const char *what, const char *unit, const double rate[2])
{
    bench_add(b, rate[0], unit, NAN, "%s, FP32", what);
    bench_add(b, rate[1], unit, NAN, "%s, bf16", what);
    bench_add(b, rate[1] / rate[0], "x", NAN, "%s, bf16 against FP32", what);
}

/* The three products of a map [n, n] on TOKENS rows. */
struct operands {
    real *x, *w, *dy, *y, *dx, *dw;
    float *left, *right;
};

static void products_fp32(const struct operands *o, int n)
{
    const struct kernels *k = kernels_best();
    k->gemm(0, 0, TOKENS, n, n, o->x, n, o->w, n, 0, o->y, n);
    k->gemm(0, 1, TOKENS, n, n, o->dy, n, o->w, n, 0, o->dx, n);
    k->gemm(1, 0, n, n, TOKENS, o->x, n, o->dy, n, 0, o->dw, n);
}

static void products_bf16(const struct operands *o, int n)
{
    const struct bf16_kernels *k = bf16_best();
    k->rows(TOKENS, n, o->x, o->left);
    k->stack(n, n, o->w, o->right);
    k->gemm(0, 0, TOKENS, n, bf16_pairs(n), o->left, o->right, 0, o->y);
    k->rows(TOKENS, n, o->dy, o->left);
    k->rows(n, n, o->w, o->right);
    k->gemm(0, 1, TOKENS, n, bf16_pairs(n), o->left, o->right, 0, o->dx);
    k->stack(TOKENS, n, o->x, o->left);
    k->stack(TOKENS, n, o->dy, o->right);
    k->gemm(1, 0, n, n, bf16_pairs(TOKENS), o->left, o->right, 0, o->dw);
}

static enum status products(struct bench *b, struct err *e)
{
    static const int width[] = {64, 96, 256, 512};
    real *memory = calloc(6, TOKENS * WIDEST * sizeof *memory), *at = memory;
    float *pairs = calloc(2, TOKENS * WIDEST * sizeof *pairs);
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    struct operands o = {NULL};
    real **part[] = {&o.x, &o.w, &o.dy, &o.y, &o.dx, &o.dw};
    enum status st = memory && pairs ? ST_OK : err_set(e, ST_NOMEM, "bench", "no memory for matrices");
    if (st)
        goto out;
    for (size_t i = 0; i < 6; i++, at += TOKENS * WIDEST)
        *part[i] = at;
    o.left = pairs;
    o.right = pairs + TOKENS * WIDEST;
    for (int i = 0; i < 3 * TOKENS * WIDEST; i++)
        memory[i] = (real)rng_normal(&r);
    for (size_t i = 0; i < sizeof width / sizeof *width; i++) {
        double n = width[i], flops = 6.0 * TOKENS * n * n, rate[2] = {0, 0};
        char name[32];
        for (double end = bench_now() + (b->quick ? 0.2 : 1); bench_now() < end;)
            for (int k = 0; k < 2; k++) {
                double begin = bench_now();
                (k ? products_bf16 : products_fp32)(&o, width[i]);
                rate[k] = fmax(rate[k], flops / (bench_now() - begin) / 1e9);
            }
        snprintf(name, sizeof name, "map %dx%d, %d rows", width[i], width[i], TOKENS);
        add_pair(b, name, "GF/s", rate);
    }
out:
    free(memory);
    free(pairs);
    return st;
}

static enum status shapes(struct bench *b, const char *what,
                          enum status (*run)(const struct bench_shape *, int, double, double *, struct err *),
                          struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < BENCH_SHAPES && !st; i++) {
        double rate[2] = {0, 0};
        char name[32];
        for (int k = 0; k < 2 * (b->quick ? 1 : ROUNDS) && !st; k++) {
            struct bench_shape s = bench_shape[i];
            double round = 0;
            s.bf16 = k % 2;
            st = run(&s, 1, b->quick ? 0.5 : 1, &round, e);
            rate[k % 2] = fmax(rate[k % 2], round);
        }
        snprintf(name, sizeof name, "%s %s", what, bench_shape[i].name);
        if (!st)
            add_pair(b, name, "tokens/s", rate);
    }
    return st;
}

/* A fresh model samples other completions under another arithmetic, so rates are of tokens, not of steps. */
static enum status step(struct bench *b, struct err *e)
{
    static const char *const part[] = {"countdown rollout", "countdown update", "countdown step"};
    double rate[3][2] = {{0, 0}, {0, 0}, {0, 0}}, bytes[2] = {0, 0};
    struct trainer_hooks none = {NULL, NULL};
    struct settings set;
    struct trainer t[2];
    struct pool *pool;
    int ready = 0;
    enum status st = bench_settings(&set, e);
    st = st ? st : pool_init(&pool, 1, e);
    if (st)
        return st;
    for (int k = 0; k < 2 && !st; k++) {
        set.model.bf16 = k;
        st = trainer_init(&t[k], &set, STAGE_GRPO, 1, kernels_best(), pool, e);
        ready += !st;
        if (!st)
            trainer_start(&t[k]);
    }
    for (int i = 0; i < 2 * (b->quick ? 4 : 16) && !st; i++) {
        double begin = bench_now(), n;
        st = trainer_step(&t[i % 2], &none, e);
        n = t[i % 2].metric[M_TOKENS];
        rate[0][i % 2] = fmax(rate[0][i % 2], n / t[i % 2].metric[M_TIME_ROLLOUT]);
        rate[1][i % 2] = fmax(rate[1][i % 2], n / t[i % 2].metric[M_TIME_UPDATE]);
        rate[2][i % 2] = fmax(rate[2][i % 2], n / (bench_now() - begin));
    }
    for (int k = 0; k < 3 && !st; k++)
        add_pair(b, part[k], "tokens/s", rate[k]);
    if (!st) {
        const struct params *p = &t[0].model.params;
        int row[LINEAR_MAPS_MAX], n = linear_maps(p, row);
        for (int i = 0; i < n; i++) {
            const struct param *r = &p->row[row[i]];
            bytes[0] += (double)r->count * r->rows * r->cols * (double)sizeof(float);
            bytes[1] += (double)r->count * bf16_pairs(r->rows) * r->cols * (double)sizeof(float);
        }
        bench_add(b, bytes[0] / 1024, "KB", NAN, "countdown, maps that decoding reads, FP32");
        bench_add(b, bytes[1] / 1024, "KB", NAN, "countdown, maps that decoding reads, bf16");
    }
    for (int k = 0; k < ready; k++)
        trainer_release(&t[k]);
    pool_release(pool);
    return st;
}

enum status bench_bf16(struct bench *b, struct err *e)
{
    enum status st = products(b, e);
    cli_note(b->c, "bf16 by %s", bf16_best()->name);
    if (!st)
        st = shapes(b, "train", bench_own_train, e);
    if (!st)
        st = shapes(b, "generate", bench_own_generate, e);
    return st ? st : step(b, e);
}
