/* A block's linear maps: where a gemm of a layer becomes one in FP8 or bf16, or stays the kernels' own. */
#include "engine/nn/linear.h"

#include <string.h>

#include "engine/nn/linear_bf16.h"
#include "engine/nn/linear_fp8.h"

struct linear_work *linear_work_alloc(const struct model *m, int T, struct arena *a, int *full)
{
    struct linear_work *work;
    *full = 0;
    if (!m->config.fp8.on && !m->config.bf16)
        return NULL;
    *full = 1;
    work = arena_alloc(a, sizeof *work);
    if (!work)
        return NULL;
    memset(work, 0, sizeof *work);
    if (m->config.fp8.on)
        work->fp8 = linear_fp8_alloc(m, T, a, full);
    else
        work->bf16 = linear_bf16_alloc(m, T, a, full);
    return *full ? NULL : work;
}

static size_t place(const struct param *p, int matrix)
{
    return p->offset + (size_t)matrix * (size_t)p->rows * (size_t)p->cols;
}

void linear_forward(const struct model *m, struct linear_work *work, const real *w, int row, int matrix,
                    int T, const real *x, int accumulate, real *y)
{
    const struct param *p = &m->params.row[row];
    const real *map = w + place(p, matrix);
    if (work && work->bf16)
        linear_bf16_forward(m, work->bf16, w, row, matrix, T, x, accumulate, y);
    else if (work)
        linear_fp8_forward(m, work->fp8, map, row, T, x, accumulate, y);
    else
        m->k->gemm(0, 0, T, p->cols, p->rows, x, p->rows, map, p->cols, accumulate, y, p->cols);
}

void linear_dgrad(const struct model *m, struct linear_work *work, const real *w, int row, int matrix, int T,
                  const real *dy, real *dx)
{
    const struct param *p = &m->params.row[row];
    const real *map = w + place(p, matrix);
    if (work && work->bf16)
        linear_bf16_dgrad(m, work->bf16, w, row, matrix, T, dy, dx);
    else if (work)
        linear_fp8_dgrad(m, work->fp8, map, row, T, dy, dx);
    else
        m->k->gemm(0, 1, T, p->rows, p->cols, dy, p->cols, map, p->cols, 0, dx, p->rows);
}

void linear_wgrad(const struct model *m, struct linear_work *work, int row, int matrix, int T, const real *x,
                  const real *dy, real *grad)
{
    const struct param *p = &m->params.row[row];
    real *to = grad + place(p, matrix);
    if (work && work->bf16)
        linear_bf16_wgrad(m, work->bf16, row, matrix, T, x, dy, grad);
    else if (work)
        linear_fp8_wgrad(m, work->fp8, row, T, x, dy, to);
    else
        m->k->gemm(1, 0, p->rows, p->cols, T, x, p->rows, dy, p->cols, 1, to, p->cols);
}

void linear_activation(const struct model *m, struct linear_work *work, int row, int T, real *x)
{
    if (work && work->bf16)
        linear_bf16_values((size_t)T * (size_t)m->params.row[row].rows, x);
    else if (work)
        linear_fp8_activation(m, work->fp8, row, T, x);
}

int linear_maps(const struct params *p, int *row)
{
    int n = 0;
    for (int i = 0; i < LAYERS_MAX + MTP_MAX; i++) {
        const struct block_params *b = i < LAYERS_MAX ? &p->layer[i] : &p->mtp[i - LAYERS_MAX].block;
        const int map[] = {b->down, b->q_up, b->kv_up, b->qkv, b->out, b->ffn_gate_up, b->ffn_down,
                           b->experts_gate_up, b->experts_down, b->shared_gate_up, b->shared_down};
        /* A block that is not there is all zeros; row 0 is the embedding. */
        for (size_t k = 0; k < sizeof map / sizeof *map; k++)
            if (map[k] > 0)
                row[n++] = map[k];
    }
    return n;
}
