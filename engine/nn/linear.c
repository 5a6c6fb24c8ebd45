/* A block's linear maps: where a gemm of a layer becomes one in FP8, or stays the kernels' own. */
#include "engine/nn/linear.h"

#include "engine/nn/linear_fp8.h"

static size_t place(const struct param *p, int matrix)
{
    return p->offset + (size_t)matrix * (size_t)p->rows * (size_t)p->cols;
}

void linear_forward(const struct model *m, struct fp8_work *fp8, const real *w, int row, int matrix, int T,
                    const real *x, int accumulate, real *y)
{
    const struct param *p = &m->params.row[row];
    w += place(p, matrix);
    if (fp8)
        linear_fp8_forward(m, fp8, w, row, T, x, accumulate, y);
    else
        m->k->gemm(0, 0, T, p->cols, p->rows, x, p->rows, w, p->cols, accumulate, y, p->cols);
}

void linear_dgrad(const struct model *m, struct fp8_work *fp8, const real *w, int row, int matrix, int T,
                  const real *dy, real *dx)
{
    const struct param *p = &m->params.row[row];
    w += place(p, matrix);
    if (fp8)
        linear_fp8_dgrad(m, fp8, w, row, T, dy, dx);
    else
        m->k->gemm(0, 1, T, p->rows, p->cols, dy, p->cols, w, p->cols, 0, dx, p->rows);
}

void linear_wgrad(const struct model *m, struct fp8_work *fp8, int row, int matrix, int T, const real *x,
                  const real *dy, real *grad)
{
    const struct param *p = &m->params.row[row];
    grad += place(p, matrix);
    if (fp8)
        linear_fp8_wgrad(m, fp8, row, T, x, dy, grad);
    else
        m->k->gemm(1, 0, p->rows, p->cols, T, x, p->rows, dy, p->cols, 1, grad, p->cols);
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
