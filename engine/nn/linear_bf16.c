/* The linear maps in bf16.
 *
 * An operand is rounded and laid in pairs along what its product sums over (bf16.h), then multiplied. The
 * weights of a map are laid anew in each call, or once for many (linear_bf16_prepare): both give the same
 * bits. */
#include "engine/nn/linear_bf16.h"

#include <string.h>

static size_t area(int rows, int cols)
{
    return (size_t)rows * (size_t)cols;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

struct bf16_work *linear_bf16_alloc(const struct model *m, int T, struct arena *a, int *full)
{
    struct bf16_work *f;
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row);
    size_t left = 1, right = 1;
    *full = 0;
    if (!m->config.bf16)
        return NULL;
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        size_t tokens = (size_t)bf16_pairs(T) * (size_t)(p->rows > p->cols ? p->rows : p->cols);
        left = larger(left, larger(area(T, bf16_pairs(p->rows)), area(T, bf16_pairs(p->cols))));
        left = larger(left, tokens);
        right = larger(right, larger(tokens, larger(area(bf16_pairs(p->rows), p->cols),
                                                    area(p->rows, bf16_pairs(p->cols)))));
    }
    *full = 1;
    f = arena_alloc(a, sizeof *f);
    if (!f)
        return NULL;
    memset(f, 0, sizeof *f);
    f->k = bf16_best();
    f->left = arena_alloc(a, left * sizeof *f->left);
    f->right = arena_alloc(a, right * sizeof *f->right);
    if (!f->left || !f->right)
        return NULL;
    *full = 0;
    return f;
}

struct bf16_weights *linear_bf16_weights_alloc(const struct model *m, int with_backward, struct arena *a)
{
    struct bf16_weights *b = arena_alloc(a, sizeof *b);
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row);
    size_t forward = 0, backward = 0, rows = (size_t)m->params.n;
    if (!b)
        return NULL;
    memset(b, 0, sizeof *b);
    b->at_forward = arena_alloc(a, rows * sizeof *b->at_forward);
    b->at_backward = arena_alloc(a, rows * sizeof *b->at_backward);
    if (!b->at_forward || !b->at_backward)
        return NULL;
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        b->at_forward[row[i]] = forward;
        b->at_backward[row[i]] = backward;
        forward += (size_t)p->count * area(bf16_pairs(p->rows), p->cols);
        backward += (size_t)p->count * area(p->rows, bf16_pairs(p->cols));
    }
    b->forward = arena_alloc(a, forward * sizeof *b->forward);
    if (with_backward)
        b->backward = arena_alloc(a, backward * sizeof *b->backward);
    return b->forward && (b->backward || !with_backward) ? b : NULL;
}

/* Where a matrix of a row lies in the block, and in its two forms. */
static size_t place(const struct param *p, int matrix)
{
    return p->offset + (size_t)matrix * area(p->rows, p->cols);
}

static float *place_forward(const struct bf16_weights *b, const struct param *p, int row, int matrix)
{
    return b->forward + b->at_forward[row] + (size_t)matrix * area(bf16_pairs(p->rows), p->cols);
}

static float *place_backward(const struct bf16_weights *b, const struct param *p, int row, int matrix)
{
    return b->backward + b->at_backward[row] + (size_t)matrix * area(p->rows, bf16_pairs(p->cols));
}

void linear_bf16_prepare(const struct model *m, struct bf16_weights *b, const real *w)
{
    const struct bf16_kernels *k = bf16_best();
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row);
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        for (int e = 0; e < p->count; e++) {
            k->stack(p->rows, p->cols, w + place(p, e), place_forward(b, p, row[i], e));
            if (b->backward)
                k->rows(p->rows, p->cols, w + place(p, e), place_backward(b, p, row[i], e));
        }
    }
    b->of = w;
}

static const struct bf16_weights *prepared(const struct bf16_work *f, const real *w)
{
    return f->weights && f->weights->of == w ? f->weights : NULL;
}

void linear_bf16_forward(const struct model *m, struct bf16_work *f, const real *w, int row, int matrix,
                         int T, const real *x, int accumulate, real *y)
{
    const struct param *p = &m->params.row[row];
    const struct bf16_weights *ready = prepared(f, w);
    const float *right = f->right;
    f->k->rows(T, p->rows, x, f->left);
    if (ready)
        right = place_forward(ready, p, row, matrix);
    else
        f->k->stack(p->rows, p->cols, w + place(p, matrix), f->right);
    f->k->gemm(0, 0, T, p->cols, bf16_pairs(p->rows), f->left, right, accumulate, y);
}

void linear_bf16_dgrad(const struct model *m, struct bf16_work *f, const real *w, int row, int matrix, int T,
                       const real *dy, real *dx)
{
    const struct param *p = &m->params.row[row];
    const struct bf16_weights *ready = prepared(f, w);
    const float *right = f->right;
    f->k->rows(T, p->cols, dy, f->left);
    if (ready && ready->backward)
        right = place_backward(ready, p, row, matrix);
    else
        f->k->rows(p->rows, p->cols, w + place(p, matrix), f->right);
    f->k->gemm(0, 1, T, p->rows, bf16_pairs(p->cols), f->left, right, 0, dx);
}

void linear_bf16_wgrad(const struct model *m, struct bf16_work *f, int row, int matrix, int T, const real *x,
                       const real *dy, real *grad)
{
    const struct param *p = &m->params.row[row];
    f->k->stack(T, p->rows, x, f->left);
    f->k->stack(T, p->cols, dy, f->right);
    f->k->gemm(1, 0, p->rows, p->cols, bf16_pairs(T), f->left, f->right, 1, grad + place(p, matrix));
}

void linear_bf16_values(size_t n, real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (real)bf16_value(bf16_round((float)x[i]));
}

void linear_bf16_copy(const struct model *m, const real *w, real *out)
{
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row);
    memcpy(out, w, m->params.total * sizeof *out);
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        linear_bf16_values((size_t)p->count * area(p->rows, p->cols), out + p->offset);
    }
}
