/* The linear maps in FP8.
 *
 * An operand is copied, its outlier channel multiplied, rounded tile by tile and its channel divided again.
 * Tiles are done a stripe of rows at a time: first every column's amax, then each tile's scale written to
 * all of its columns, then the rows. So tiles of any shape are one loop over contiguous numbers.
 *
 * Invariants: a value's code depends on its tile alone. With tiles, a row of Fprop and Dgrad therefore does
 * not depend on the other rows of the call. A weight has the same codes in Fprop, Dgrad and decoding. */
#include "engine/nn/linear_fp8.h"

#include <math.h>
#include <string.h>

#include "engine/nn/fp8.h"
#include "engine/nn/fp8_gemm.h"

enum { LANES = 16 };

/* How an operand is cut, and where its outlier channel lies: a row, a column, or nowhere. */
enum channel { CHANNEL_NONE, CHANNEL_ROW, CHANNEL_COLUMN };
struct cut {
    int rows, cols, tile_rows, tile_cols;
    enum channel channel;
    real least;   /* amax of a tile, at least */
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

struct fp8_work *linear_fp8_alloc(const struct model *m, int T, struct arena *a, int *full)
{
    struct fp8_work *f;
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row), wide = 1, keeps;
    size_t most = 0, R = sizeof(real);
    *full = 0;
    if (!m->config.fp8.on)
        return NULL;
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        size_t size = (size_t)p->rows * (size_t)p->cols;
        wide = larger(wide, larger(p->rows, p->cols));
        most = size > most ? size : most;
    }
    most = (size_t)T * (size_t)wide > most ? (size_t)T * (size_t)wide : most;
    keeps = m->config.fp8.accumulator == FP8_ACCUMULATE_14;
    f = arena_alloc(a, sizeof *f);
    *full = 1;
    if (!f)
        return NULL;
    memset(f, 0, sizeof *f);
    f->left = arena_alloc(a, most * R);
    f->right = arena_alloc(a, most * R);
    f->column = arena_alloc(a, (size_t)wide * R);
    f->left_scale = keeps ? arena_alloc(a, most * R) : NULL;
    f->right_scale = keeps ? arena_alloc(a, most * R) : NULL;
    if (!f->left || !f->right || !f->column || (keeps && (!f->left_scale || !f->right_scale)))
        return NULL;
    *full = 0;
    return f;
}

/* How the three kinds of operand are cut. Tiles run along what a gemm sums over. */
static real least_amax(const struct model *m, enum fp8_role role)
{
    return (real)(role == FP8_GRADIENT ? m->config.fp8.gradient_floor : FP8_LEAST_AMAX);
}

static struct cut cut_rows(const struct model *m, const struct fp8_work *f, int rows, int cols,
                           enum fp8_role role)
{
    const struct fp8_config *c = &m->config.fp8;
    int whole = c->scale != FP8_SCALE_TILE;
    return (struct cut){rows, cols, whole && !f->rows_alone ? rows : 1, whole ? cols : c->tile,
                        role == FP8_ACTIVATION ? CHANNEL_COLUMN : CHANNEL_NONE, least_amax(m, role)};
}

static struct cut cut_columns(const struct model *m, int rows, int cols, enum fp8_role role)
{
    const struct fp8_config *c = &m->config.fp8;
    int whole = c->scale != FP8_SCALE_TILE;
    return (struct cut){rows, cols, whole ? rows : c->tile, whole ? cols : 1,
                        role == FP8_ACTIVATION ? CHANNEL_COLUMN : CHANNEL_NONE, least_amax(m, role)};
}

static struct cut cut_weight(const struct model *m, const struct param *p)
{
    const struct fp8_config *c = &m->config.fp8;
    int whole = c->scale != FP8_SCALE_TILE;
    return (struct cut){p->rows, p->cols, whole ? p->rows : c->block, whole ? p->cols : c->block,
                        CHANNEL_ROW, (real)FP8_LEAST_AMAX};
}

static void scale_channel(const struct cut *c, real by, real *x)
{
    if (c->channel == CHANNEL_ROW)
        for (int j = 0; j < c->cols; j++)
            x[j] *= by;
    if (c->channel == CHANNEL_COLUMN)
        for (int i = 0; i < c->rows; i++)
            x[(size_t)i * c->cols] *= by;
}

static void tally_row(struct fp8_tally *t, int n, const real *x, const real *scale)
{
    for (int j = 0; j < n; j++) {
        float v = (float)(x[j] / scale[j]), q = fp8_round(v);
        t->n++;
        t->nonzero += x[j] != 0;
        t->saturated += fabsf(v) > 464;
        t->flushed += x[j] != 0 && q == 0;
        if (x[j] != 0)
            t->error += fabs((double)(q * scale[j]) - (double)x[j]) / fabs((double)x[j]);
    }
}

/* In lanes, so that the maximum is not one chain of comparisons. */
static real largest(const real *x, int n, real least)
{
    real lane[LANES], most = least;
    int i = 0;
    for (int k = 0; k < LANES; k++)
        lane[k] = least;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (int k = 0; k < LANES; k++)
        most = lane[k] > most ? lane[k] : most;
    return most;
}

/* A stripe's columns: amax [cols] becomes the scale of the tile that the column is in. */
static void stripe_scales(const struct cut *c, int is_scaled, real *amax)
{
    for (int j = 0; j < c->cols; j += c->tile_cols) {
        int end = smaller(j + c->tile_cols, c->cols);
        real s = is_scaled ? largest(amax + j, end - j, c->least) / (real)FP8_MAX : 1;
        for (int i = j; i < end; i++)
            amax[i] = s;
    }
}

static void row_amax(int n, const real *restrict row, real *restrict amax)
{
    for (int j = 0; j < n; j++) {
        real size = row[j] < 0 ? -row[j] : row[j];
        amax[j] = size > amax[j] ? size : amax[j];
    }
}

/* The values of the codes; row_round_back: dequantised. */
static void row_round(int n, real *restrict row, const real *restrict scale)
{
    for (int j = 0; j < n; j++)
        row[j] = (real)fp8_round((float)(row[j] / scale[j]));
}

static void row_round_back(int n, real *restrict row, const real *restrict scale)
{
    for (int j = 0; j < n; j++)
        row[j] = (real)fp8_round((float)(row[j] / scale[j])) * scale[j];
}

/* In place; scale [rows, cols] where the values of the codes are wanted apart, else NULL. */
static void quantize(const struct fp8_work *f, const struct cut *c, int is_scaled, real *x, real *scale,
                     struct fp8_tally *tally)
{
    real *column = f->column;
    for (int r = 0; r < c->rows; r += c->tile_rows) {
        int end = smaller(r + c->tile_rows, c->rows);
        memset(column, 0, (size_t)c->cols * sizeof *column);
        for (int i = r; i < end; i++)
            row_amax(c->cols, x + (size_t)i * c->cols, column);
        stripe_scales(c, is_scaled, column);
        for (int i = r; i < end; i++) {
            real *row = x + (size_t)i * c->cols;
            if (tally)
                tally_row(tally, c->cols, row, column);
            if (scale) {
                row_round(c->cols, row, column);
                memcpy(scale + (size_t)i * c->cols, column, (size_t)c->cols * sizeof *column);
            } else {
                row_round_back(c->cols, row, column);
            }
        }
    }
}

/* x [rows, cols] quantised into out (which may be x), in x's own units. */
static void operand(const struct model *m, const struct fp8_work *f, const struct cut *c, const real *x,
                    real *out, real *scale, struct fp8_tally *tally)
{
    const struct fp8_config *g = &m->config.fp8;
    real by = (real)(c->channel == CHANNEL_ROW ? 1 / g->outlier : g->outlier);
    if (out != x)
        memcpy(out, x, (size_t)c->rows * (size_t)c->cols * sizeof *out);
    if (g->outlier != 1)
        scale_channel(c, by, out);
    quantize(f, c, g->scale != FP8_SCALE_NONE, out, scale, tally);
    if (g->outlier != 1)
        scale_channel(c, 1 / by, scale ? scale : out);
}

static struct fp8_tally *tally_of(const struct fp8_work *f, int row, enum fp8_role role)
{
    return f->tally ? f->tally + (size_t)row * FP8_ROLE_N + role : NULL;
}

/* The quantised weight, from the master or as it is where it was prepared. */
static const real *weight(const struct model *m, struct fp8_work *f, const real *w, int row,
                          struct fp8_tally *tally)
{
    struct cut c = cut_weight(m, &m->params.row[row]);
    if (f->is_prepared)
        return w;
    operand(m, f, &c, w, f->right, f->right_scale, tally);
    return f->right;
}

/* How far a segment of the summed direction may reach under one scale on each side. */
static int segment(const struct model *m, int of_weight)
{
    const struct fp8_config *c = &m->config.fp8;
    return c->scale != FP8_SCALE_TILE ? 0 : of_weight ? c->block : c->tile;
}

void linear_fp8_forward(const struct model *m, struct fp8_work *f, const real *w, int row, int T,
                        const real *x, int accumulate, real *y)
{
    const struct param *p = &m->params.row[row];
    struct cut c = cut_rows(m, f, T, p->rows, FP8_ACTIVATION);
    operand(m, f, &c, x, f->left, f->left_scale, tally_of(f, row, FP8_ACTIVATION));
    w = weight(m, f, w, row, tally_of(f, row, FP8_WEIGHT));
    if (!f->left_scale) {
        m->k->gemm(0, 0, T, p->cols, p->rows, f->left, p->rows, w, p->cols, accumulate, y, p->cols);
        return;
    }
    fp8_gemm14(&(struct fp8_gemm){T, p->cols, p->rows,
                                  {f->left, f->left_scale, (size_t)p->rows, 1, segment(m, 0)},
                                  {f->right, f->right_scale, 1, (size_t)p->cols, segment(m, 1)},
                                  m->config.fp8.promote}, accumulate, y);
}

void linear_fp8_dgrad(const struct model *m, struct fp8_work *f, const real *w, int row, int T,
                      const real *dy, real *dx)
{
    const struct param *p = &m->params.row[row];
    struct cut c = cut_rows(m, f, T, p->cols, FP8_GRADIENT);
    operand(m, f, &c, dy, f->left, f->left_scale, tally_of(f, row, FP8_GRADIENT));
    w = weight(m, f, w, row, NULL);
    if (!f->left_scale) {
        m->k->gemm(0, 1, T, p->rows, p->cols, f->left, p->cols, w, p->cols, 0, dx, p->rows);
        return;
    }
    fp8_gemm14(&(struct fp8_gemm){T, p->rows, p->cols,
                                  {f->left, f->left_scale, (size_t)p->cols, 1, segment(m, 0)},
                                  {f->right, f->right_scale, (size_t)p->cols, 1, segment(m, 1)},
                                  m->config.fp8.promote}, 0, dx);
}

void linear_fp8_wgrad(const struct model *m, struct fp8_work *f, int row, int T, const real *x,
                      const real *dy, real *grad)
{
    const struct param *p = &m->params.row[row];
    struct cut by_row = cut_rows(m, f, T, p->rows, FP8_ACTIVATION),
               left = cut_columns(m, T, p->rows, FP8_ACTIVATION),
               right = cut_columns(m, T, p->cols, FP8_GRADIENT);
    operand(m, f, &by_row, x, f->left, NULL, NULL);
    operand(m, f, &left, f->left, f->left, f->left_scale, NULL);
    operand(m, f, &right, dy, f->right, f->right_scale, NULL);
    if (!f->left_scale) {
        m->k->gemm(1, 0, p->rows, p->cols, T, f->left, p->rows, f->right, p->cols, 1, grad, p->cols);
        return;
    }
    fp8_gemm14(&(struct fp8_gemm){p->rows, p->cols, T,
                                  {f->left, f->left_scale, 1, (size_t)p->rows, segment(m, 0)},
                                  {f->right, f->right_scale, 1, (size_t)p->cols, segment(m, 0)},
                                  m->config.fp8.promote}, 1, grad);
}

void linear_fp8_prepare(const struct model *m, struct fp8_work *f, const real *w, real *out)
{
    int row[LINEAR_MAPS_MAX], n = linear_maps(&m->params, row);
    memcpy(out, w, m->params.total * sizeof *out);
    for (int i = 0; i < n; i++) {
        const struct param *p = &m->params.row[row[i]];
        struct cut c = cut_weight(m, p);
        for (int e = 0; e < p->count; e++) {
            real *at = out + p->offset + (size_t)e * (size_t)p->rows * (size_t)p->cols;
            operand(m, f, &c, at, at, NULL, NULL);
        }
    }
}

void linear_fp8_activation(const struct model *m, struct fp8_work *f, int row, int T, real *x)
{
    struct cut c = cut_rows(m, f, T, m->params.row[row].rows, FP8_ACTIVATION);
    operand(m, f, &c, x, x, NULL, NULL);
}
