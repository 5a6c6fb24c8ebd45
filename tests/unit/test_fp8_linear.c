/* The linear maps in FP8: rounding of floats against the codes, the three products against an independent
 * script (tests/golden/make_fp8.py), the 14-bit accumulator by hand, and what must not change anything. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/nn/decode.h"
#include "engine/nn/fp8.h"
#include "engine/nn/fp8_gemm.h"
#include "engine/nn/linear_fp8.h"
#include "tests/unit/tiny_decode.h"
#include "tests/unit/tiny_model.h"

enum { ROWS = 21, IN = 40, OUT = 36 };

static int same_bits(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

Test(fp8_linear, floats_are_rounded_as_the_codes_are)
{
    for (uint32_t bits = 0; bits < 0xffffff00u; bits += 977) {
        float x, want;
        memcpy(&x, &bits, sizeof x);
        if (isnan(x)) {
            cr_assert(isnan(fp8_round(x)));
            continue;
        }
        want = (float)fp8_decode(fp8_encode((double)x));
        cr_assert(same_bits(fp8_round(x), want), "%.9g becomes %g, not %g", (double)x, (double)fp8_round(x),
                  (double)want);
    }
    for (int code = 0; code < 256; code++) {
        double v = fp8_decode((unsigned char)code), half;
        if (isnan(v))
            continue;
        cr_assert(same_bits(fp8_round((float)v), (float)v));
        if ((code & 0x7f) == FP8_LARGEST)
            continue;
        half = (v + fp8_decode((unsigned char)(code + 1))) / 2;
        for (int i = -1; i <= 1; i++) {
            float x = i ? nextafterf((float)half, i < 0 ? -1e9f : 1e9f) : (float)half;
            float want = (float)fp8_decode(fp8_encode((double)x));
            if (!isnan(half))
                cr_assert(same_bits(fp8_round(x), want), "%.9g", (double)x);
        }
    }
    cr_assert(isnan(fp8_round(NAN)) && fp8_round(INFINITY) == 448 && fp8_round(-INFINITY) == -448);
}

Test(fp8_linear, the_accumulator_keeps_14_bits)
{
    double one[] = {1}, tiny[] = {0x1p-14}, last[] = {0x1p-13}, minus[] = {-0x1p-14}, many[FP8_INSTRUCTION];
    cr_assert_eq(fp8_accumulate14(0, one, 1), 1);
    cr_assert_eq(fp8_accumulate14(1, last, 1), 1 + 0x1p-13);
    cr_assert_eq(fp8_accumulate14(1, tiny, 1), 1, "below the last place");
    cr_assert_eq(fp8_accumulate14(1, minus, 1), 1 - 0x1p-13, "a shift with sign cuts towards minus infinity");
    cr_assert_eq(fp8_accumulate14(1 + 0x1p-13, one, 1), 2, "the sum has one bit more: cut again");
    cr_assert_eq(fp8_accumulate14(0, tiny, 1), 0x1p-14, "alone it is whole");
    for (int i = 0; i < FP8_INSTRUCTION; i++)
        many[i] = i ? 0x1p-14 : 1;
    cr_assert_eq(fp8_accumulate14(0, many, FP8_INSTRUCTION), 1, "31 of them are lost beside a large one");
    cr_assert_eq(fp8_accumulate14(0, many, 0), 0);
}

/* Promotion is what keeps a long sum: 4,096 products of 1 and of a little more than 1. */
Test(fp8_linear, promotion_keeps_a_long_sum)
{
    enum { K = 4096 };
    static real a[K], b[K], scale[K];
    struct fp8_gemm g = {1, 1, K, {a, scale, 0, 1, 0}, {b, scale, 0, 1, 0}, 128};
    real with, without;
    double want = 0;
    for (int i = 0; i < K; i++) {
        a[i] = (real)(i % 3 ? 1.125 : 0.875);
        b[i] = (real)(i % 5 ? 1.25 : 0.0625);
        scale[i] = 1;
        want += (double)a[i] * (double)b[i];
    }
    fp8_gemm14(&g, 0, &with);
    g.promote = 0;
    fp8_gemm14(&g, 0, &without);
    cr_assert_lt(fabs((double)with - want) / want, 5e-4, "%g, not %g", (double)with, want);
    cr_assert_gt(fabs((double)without - want) / want, 4 * fabs((double)with - want) / want, "%g, %g, %g",
                 (double)without, (double)with, want);
}

static uint32_t scramble(uint32_t row, uint32_t j)
{
    uint32_t x = row * 2654435761u + j * 2246822519u + 374761393u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    x *= 3266489917u;
    return x ^ x >> 16;
}

static double unit(uint32_t row, uint32_t j)
{
    return (scramble(row, j) >> 16) / 65536.0 - 0.5;
}

static void draw(real *x, int n, uint32_t row, double spread, int shift)
{
    for (int j = 0; j < n; j++)
        x[j] = (real)ldexp(unit(row, (uint32_t)j), (int)floor(spread * unit(row + 1, (uint32_t)j)) + shift);
}

/* A dense model with plain attention, whose qkv map is [IN, OUT]. */
static struct model_config map_config(void)
{
    struct model_config c = tiny_config(TINY_MHA);
    c.width = IN;
    c.heads_n = 2;
    c.head_dim = OUT / 6;
    c.fp8 = (struct fp8_config){1, 16, 16, 128, FP8_ACCUMULATE_FP32, FP8_SCALE_TILE, 1, 1e-4};
    return c;
}

static int text_is(const json_t *from, const char *key, const char *text)
{
    return !strcmp(json_string_value(json_object_get(from, key)), text);
}

static void compare(const json_t *c, const char *key, const real *got, int n, int exact)
{
    const json_t *want = json_object_get(c, key);
    double size = 0;
    cr_assert_eq((int)json_array_size(want), n);
    for (int i = 0; i < n; i++)
        size = fmax(size, fabs(json_number_value(json_array_get(want, (size_t)i))));
    cr_assert_gt(size, 0);
    for (int i = 0; i < n; i++) {
        double w = json_number_value(json_array_get(want, (size_t)i));
        if (exact)
            cr_assert(got[i] == (real)w, "%s[%d] is %.9g, not %.9g", key, i, (double)got[i], w);
        else
            cr_assert(fabs((double)got[i] - w) <= 2e-6 * size, "%s[%d] is %.9g, not %.9g", key, i,
                      (double)got[i], w);
    }
}

Test(fp8_linear, products_are_as_the_independent_script_has_them)
{
    json_t *root = json_load_file("tests/golden/fp8_linear.json", 0, NULL);
    json_t *cases = json_object_get(root, "cases"), *c;
    size_t i;
    cr_assert(json_array_size(cases) >= 5);
    json_array_foreach(cases, i, c)
    {
        const json_t *how = json_object_get(c, "settings");
        static real x[ROWS * IN], w[IN * OUT], dy[ROWS * OUT], y[ROWS * OUT], dx[ROWS * IN];
        struct model_config config = map_config();
        struct tiny t;
        int row, exact = text_is(how, "accumulator", "14");
        real *weight;
        config.fp8.tile = (int)json_integer_value(json_object_get(how, "tile"));
        config.fp8.block = (int)json_integer_value(json_object_get(how, "block"));
        config.fp8.promote = (int)json_integer_value(json_object_get(how, "promote"));
        config.fp8.outlier = json_number_value(json_object_get(how, "outlier"));
        config.fp8.accumulator = exact ? FP8_ACCUMULATE_14 : FP8_ACCUMULATE_FP32;
        config.fp8.scale = text_is(how, "scale", "tile") ? FP8_SCALE_TILE : text_is(how, "scale", "tensor") ?
                           FP8_SCALE_TENSOR : FP8_SCALE_NONE;
        tiny_init(&t, &config, kernels_best());
        row = t.m.params.layer[0].qkv;
        draw(x, ROWS * IN, 1, 16, 0);
        draw(w, IN * OUT, 3, 6, -1);
        draw(dy, ROWS * OUT, 5, 16, -12);
        weight = t.w + t.m.params.row[row].offset;
        memcpy(weight, w, sizeof w);
        memset(t.grad, 0, t.m.params.total * sizeof(real));
        linear_forward(&t.m, t.ws.linear, t.w, row, 0, ROWS, x, 0, y);
        linear_dgrad(&t.m, t.ws.linear, t.w, row, 0, ROWS, dy, dx);
        linear_wgrad(&t.m, t.ws.linear, row, 0, ROWS, x, dy, t.grad);
        compare(c, "y", y, ROWS * OUT, exact);
        compare(c, "dx", dx, ROWS * IN, exact);
        compare(c, "dw", t.grad + t.m.params.row[row].offset, IN * OUT, exact);
        tiny_release(&t);
    }
    json_decref(root);
}

Test(fp8_linear, rows_under_tiles_do_not_depend_on_their_company)
{
    static real x[ROWS * IN], all[ROWS * OUT], alone[OUT];
    struct model_config config = map_config();
    struct tiny t;
    int row;
    tiny_init(&t, &config, kernels_best());
    row = t.m.params.layer[1].qkv;
    draw(x, ROWS * IN, 1, 16, 0);
    linear_forward(&t.m, t.ws.linear, t.w, row, 0, ROWS, x, 0, all);
    for (int i = 0; i < ROWS; i++) {
        linear_forward(&t.m, t.ws.linear, t.w, row, 0, 1, x + i * IN, 0, alone);
        cr_assert_arr_eq(alone, all + i * OUT, sizeof alone, "row %d", i);
    }
    tiny_release(&t);
}

Test(fp8_linear, no_model_has_a_map_twice_and_high_precision_rows_are_none)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config config = tiny_config((enum tiny_kind)kind);
        struct model m;
        struct err e;
        int row[LINEAR_MAPS_MAX], n;
        cr_assert_eq(model_init(&m, &config, kernels_best(), &e), ST_OK);
        n = linear_maps(&m.params, row);
        cr_assert_gt(n, 0);
        for (int i = 0; i < n; i++) {
            const char *name = m.params.row[row[i]].name;
            cr_assert(!strstr(name, "norm") && !strstr(name, "router") && !strstr(name, "embed") &&
                      !strstr(name, "head") && !strstr(name, "project") && !strstr(name, "value"), "%s",
                      name);
            for (int j = 0; j < i; j++)
                cr_assert_neq(row[i], row[j]);
        }
        for (int i = 0; i < m.params.n; i++) {
            const struct param *p = &m.params.row[i];
            int listed = 0;
            for (int j = 0; j < n; j++)
                listed |= row[j] == i;
            cr_assert_eq(listed, strstr(p->name, ".attn.") && !strstr(p->name, "norm") ? 1
                                 : strstr(p->name, "ffn.") || strstr(p->name, "experts") ||
                                   strstr(p->name, "shared") ? 1 : 0, "%s", p->name);
        }
        model_release(&m);
    }
}

Test(fp8_linear, prepared_weights_give_the_same_bits)
{
    static real x[ROWS * IN], each[ROWS * OUT], prepared[ROWS * OUT];
    struct model_config config = map_config();
    struct tiny t;
    size_t head;
    int row;
    tiny_init(&t, &config, kernels_best());
    row = t.m.params.layer[1].qkv;
    draw(x, ROWS * IN, 1, 16, 0);
    linear_forward(&t.m, t.ws.linear, t.w, row, 0, ROWS, x, 0, each);
    linear_fp8_prepare(&t.m, t.ws.linear->fp8, t.w, t.grad);
    t.ws.linear->fp8->is_prepared = 1;
    linear_forward(&t.m, t.ws.linear, t.grad, row, 0, ROWS, x, 0, prepared);
    cr_assert_arr_eq(each, prepared, sizeof each);
    head = t.m.params.row[t.m.params.head].offset;
    cr_assert_arr_eq(t.w + head, t.grad + head, (size_t)config.vocab_n * IN * sizeof(real),
                     "the head is no linear map of a block");
    tiny_release(&t);
}

static double decode_difference(enum decode_form form, int accumulator, int scale)
{
    struct model_config config = tiny_config(TINY_MLA);
    config.fp8 = (struct fp8_config){1, 4, 4, 4, accumulator, scale, 1, 1e-4};
    return tiny_decode_difference(&config, form);
}

Test(fp8_linear, decoding_uses_the_weights_and_activations_of_training)
{
    double plain = decode_difference(DECODE_PLAIN, FP8_ACCUMULATE_FP32, FP8_SCALE_TILE),
           absorbed = decode_difference(DECODE_ABSORBED, FP8_ACCUMULATE_FP32, FP8_SCALE_TILE),
           exact = decode_difference(DECODE_PLAIN, FP8_ACCUMULATE_14, FP8_SCALE_TILE);
    cr_assert_lt(plain, 1e-5, "%g", plain);
    cr_assert_lt(absorbed, 1e-5, "%g", absorbed);
    cr_assert_lt(exact, 1e-5, "%g", exact);
}

Test(fp8_linear, gradients_are_near_those_of_full_precision)
{
    struct model_config config = tiny_config(TINY_MLA);
    struct tiny full, low;
    double dot = 0, a = 0, b = 0;
    tiny_init(&full, &config, kernels_best());
    config.fp8 = (struct fp8_config){1, 4, 4, 128, FP8_ACCUMULATE_FP32, FP8_SCALE_TILE, 1, 1e-4};
    tiny_init(&low, &config, kernels_best());
    tiny_forward(&full);
    tiny_backward(&full);
    tiny_forward(&low);
    tiny_backward(&low);
    for (size_t i = 0; i < full.m.params.total; i++) {
        dot += (double)full.grad[i] * (double)low.grad[i];
        a += (double)full.grad[i] * (double)full.grad[i];
        b += (double)low.grad[i] * (double)low.grad[i];
    }
    cr_assert_gt(dot / sqrt(a * b), 0.98, "%g", dot / sqrt(a * b));
    cr_assert_lt(dot / sqrt(a * b), 0.999999, "nothing was rounded");
    tiny_release(&full);
    tiny_release(&low);
}

Test(fp8_linear, a_tally_counts_what_is_lost)
{
    struct model_config config = map_config();
    static real x[ROWS * IN], y[ROWS * OUT];
    struct fp8_tally tally[64 * FP8_ROLE_N] = {0};
    struct tiny t;
    int row;
    config.fp8.scale = FP8_SCALE_NONE;
    tiny_init(&t, &config, kernels_best());
    row = t.m.params.layer[0].qkv;
    cr_assert_lt(t.m.params.n, 64);
    x[0] = 500;
    x[1] = -460;
    x[2] = 1;
    x[3] = (real)1e-4;
    x[4] = (real)1.0625;
    t.ws.linear->fp8->tally = tally;
    linear_forward(&t.m, t.ws.linear, t.w, row, 0, ROWS, x, 0, y);
    {
        struct fp8_tally *w = &tally[row * FP8_ROLE_N + FP8_WEIGHT],
                         *a = &tally[row * FP8_ROLE_N + FP8_ACTIVATION];
        cr_assert(a->n == ROWS * IN && a->nonzero == 5 && a->saturated == 1 && a->flushed == 1);
        cr_assert_float_eq(a->error, 52.0 / 500 + 12.0 / 460 + 1 + 0.0625 / 1.0625, 1e-6);
        cr_assert(w->n == IN * OUT && w->saturated == 0);
    }
    tiny_release(&t);
}

/* dx and the weights' gradient of dy far below 1e-4, under a floor: their largest values. */
static void small_gradients(double floor, double *dx_most, double *dw_most)
{
    struct model_config config = map_config();
    static real x[ROWS * IN], dx[ROWS * IN], dy[ROWS * OUT];
    struct tiny t;
    int row;
    config.fp8.gradient_floor = floor;
    tiny_init(&t, &config, kernels_best());
    row = t.m.params.layer[0].qkv;
    draw(x, ROWS * IN, 1, 2, 0);
    draw(dy, ROWS * OUT, 3, 2, -32);
    linear_dgrad(&t.m, t.ws.linear, t.w, row, 0, ROWS, dy, dx);
    linear_wgrad(&t.m, t.ws.linear, row, 0, ROWS, x, dy, t.grad);
    *dx_most = *dw_most = 0;
    for (int i = 0; i < ROWS * IN; i++)
        *dx_most = fmax(*dx_most, fabs((double)dx[i]));
    for (int i = 0; i < IN * OUT; i++)
        *dw_most = fmax(*dw_most, fabs((double)t.grad[t.m.params.row[row].offset + (size_t)i]));
    tiny_release(&t);
}

Test(fp8_linear, small_gradients_are_kept_under_a_small_floor)
{
    double dx[2], dw[2];
    small_gradients(1e-20, &dx[0], &dw[0]);
    small_gradients(1e-4, &dx[1], &dw[1]);
    cr_assert(dx[0] > 0 && dw[0] > 0, "%g %g", dx[0], dw[0]);
    cr_assert(dx[1] == 0 && dw[1] == 0, "%g %g: V3's floor for activations would keep them", dx[1], dw[1]);
}

Test(fp8_linear, impossible_settings_are_named)
{
    struct model_config config = map_config();
    struct model m;
    struct err e;
    config.fp8.outlier = 3;
    cr_assert_eq(model_init(&m, &config, kernels_best(), &e), ST_USAGE);
    cr_assert(strstr(e.msg, "fp8_outlier"));
    config.fp8.outlier = 2;
    config.fp8.gradient_floor = 0;
    cr_assert_eq(model_init(&m, &config, kernels_best(), &e), ST_USAGE);
    cr_assert(strstr(e.msg, "fp8_gradient_floor"));
    config.fp8.gradient_floor = 1e-4;
    config.fp8.tile = 0;
    cr_assert_eq(model_init(&m, &config, kernels_best(), &e), ST_USAGE);
}
