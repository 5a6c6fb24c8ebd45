/* `calc fp8`: E4M3 as the engine emulates it, on one row of values. */
#include <stdlib.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "app/cli/calc.h"
#include "engine/nn/fp8.h"

enum { TILE_MAX = 1 << 24 };

static const char where[] = "calc fp8";

static enum status answer(const struct fp8_tiling *t, const double *value, struct str *out, struct err *e)
{
    struct json_writer w = {.out = out};
    int n = (int)t->cols, scales_n = (int)fp8_tiles(t);
    unsigned char *code = malloc(t->cols);
    double *scale = malloc((size_t)scales_n * sizeof *scale), *back = malloc(t->cols * sizeof *back);
    enum status st = ST_OK;
    if (!code || !scale || !back) {
        st = err_set(e, ST_NOMEM, where, "no memory for %d values", n);
        goto out;
    }
    fp8_quantize(t, value, code, scale);
    fp8_dequantize(t, code, scale, back);
    write_begin(&w, '{');
    write_key(&w, "codes");
    write_begin(&w, '[');
    for (int i = 0; i < n; i++)
        write_whole(&w, code[i]);
    write_end(&w, ']');
    write_key(&w, "scales");
    write_numbers(&w, scale, scales_n);
    write_key(&w, "dequantized");
    write_numbers(&w, back, n);
    write_end(&w, '}');
out:
    free(code);
    free(scale);
    free(back);
    return st;
}

enum status calc_fp8(const json_t *in, struct str *out, struct err *e)
{
    double *value = NULL;
    int n = 0, tile = 0;
    enum status st = json_numbers(json_object_get(in, "values"), where, "values", &value, &n, e);
    if (!st)
        st = json_get_whole(in, where, "tile", 1, TILE_MAX, &tile, e);
    if (!st) {
        struct fp8_tiling t = {.rows = 1, .cols = (size_t)n, .tile_rows = 1, .tile_cols = (size_t)tile};
        st = answer(&t, value, out, e);
    }
    free(value);
    return st;
}
