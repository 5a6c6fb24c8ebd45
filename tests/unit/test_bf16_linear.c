/* The linear maps in bf16: the three products to the bit against an independent script
 * (tests/golden/make_bf16.py), weights that are laid once, decoding against training, gradients, runs. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/nn/decode.h"
#include "engine/nn/linear_bf16.h"
#include "engine/rl/learner.h"
#include "tests/unit/tiny_decode.h"
#include "tests/unit/tiny_model.h"
#include "tests/unit/tiny_run.h"

enum { ROWS = 11, IN = 21, OUT = 24 };

static double unit(uint32_t row, uint32_t j)
{
    uint32_t x = row * 2654435761u + j * 2246822519u + 374761393u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    x *= 3266489917u;
    return ((x ^ x >> 16) >> 16) / 65536.0 - 0.5;
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
    c.bf16 = 1;
    return c;
}

static void compare(const json_t *root, const char *key, const real *got, int n)
{
    const json_t *want = json_object_get(root, key);
    cr_assert_eq((int)json_array_size(want), n);
    for (int i = 0; i < n; i++) {
        double w = json_number_value(json_array_get(want, (size_t)i));
        cr_assert(got[i] == (real)w, "%s[%d] is %.9g, not %.9g", key, i, (double)got[i], w);
    }
}

Test(bf16_linear, products_are_as_the_independent_script_has_them)
{
    json_t *root = json_load_file("tests/golden/bf16_linear.json", 0, NULL);
    static real x[ROWS * IN], w[IN * OUT], dy[ROWS * OUT], y[ROWS * OUT], dx[ROWS * IN];
    struct model_config config = map_config();
    struct tiny t;
    real *dw;
    int row;
    cr_assert(root);
    tiny_init(&t, &config, kernels_best());
    row = t.m.params.layer[0].qkv;
    draw(x, ROWS * IN, 1, 16, 0);
    draw(w, IN * OUT, 3, 6, -1);
    draw(dy, ROWS * OUT, 5, 16, -12);
    memcpy(t.w + t.m.params.row[row].offset, w, sizeof w);
    dw = t.grad + t.m.params.row[row].offset;
    for (int i = 0; i < IN * OUT; i++)
        dw[i] = 1;
    linear_forward(&t.m, t.ws.linear, t.w, row, 0, ROWS, x, 0, y);
    linear_dgrad(&t.m, t.ws.linear, t.w, row, 0, ROWS, dy, dx);
    linear_wgrad(&t.m, t.ws.linear, row, 0, ROWS, x, dy, t.grad);
    compare(root, "y", y, ROWS * OUT);
    compare(root, "dx", dx, ROWS * IN);
    compare(root, "dw", dw, IN * OUT);
    tiny_release(&t);
    json_decref(root);
}

/* Of every map of a model with experts, and every matrix of a stack. */
Test(bf16_linear, weights_laid_once_give_the_same_bits_until_they_are_taken_back)
{
    struct model_config config = tiny_config(TINY_MLA);
    struct bf16_weights *b;
    struct tiny t;
    int row[LINEAR_MAPS_MAX], n;
    config.bf16 = 1;
    tiny_init(&t, &config, kernels_best());
    cr_assert((b = linear_bf16_weights_alloc(&t.m, 1, &t.arena)));
    linear_bf16_prepare(&t.m, b, t.w);
    n = linear_maps(&t.m.params, row);
    for (int i = 0; i < n; i++) {
        const struct param *p = &t.m.params.row[row[i]];
        size_t size = (size_t)p->rows * (size_t)p->cols;
        for (int e = 0; e < p->count; e++) {
            real x[5 * 64], dy[5 * 64], y[2][5 * 64] = {{0}}, dx[2][5 * 64] = {{0}};
            draw(x, 5 * 64, 1, 4, 0);
            draw(dy, 5 * 64, 3, 4, 0);
            for (int k = 0; k < 2; k++) {
                t.ws.linear->bf16->weights = k ? b : NULL;
                linear_forward(&t.m, t.ws.linear, t.w, row[i], e, 5, x, 0, y[k]);
                linear_dgrad(&t.m, t.ws.linear, t.w, row[i], e, 5, dy, dx[k]);
            }
            cr_assert_arr_eq(y[0], y[1], sizeof y[0], "%s %d", p->name, e);
            cr_assert_arr_eq(dx[0], dx[1], sizeof dx[0], "%s %d", p->name, e);
            memset(t.w + p->offset + (size_t)e * size, 0, size * sizeof(real));
            b->of = NULL;
            linear_forward(&t.m, t.ws.linear, t.w, row[i], e, 5, x, 0, y[0]);
            for (int j = 0; j < 5 * p->cols; j++)
                cr_assert_eq(y[0][j], 0, "weights that are no more");
            b->of = t.w;
        }
    }
    tiny_release(&t);
}

static double decode_difference(enum tiny_kind kind, enum decode_form form)
{
    struct model_config config = tiny_config(kind);
    config.bf16 = 1;
    return tiny_decode_difference(&config, form);
}

/* Where attention's sums are in another order a number may fall on the other side of a code's middle. */
Test(bf16_linear, decoding_uses_the_weights_and_activations_of_training)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        double plain = decode_difference((enum tiny_kind)kind, DECODE_PLAIN),
               absorbed = decode_difference((enum tiny_kind)kind, DECODE_ABSORBED);
        cr_assert_lt(plain, 5e-3, "kind %d: %g", kind, plain);
        cr_assert_lt(absorbed, 5e-3, "kind %d: %g", kind, absorbed);
    }
}

Test(bf16_linear, gradients_are_near_those_of_full_precision)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config config = tiny_config((enum tiny_kind)kind);
        struct tiny full, low;
        double dot = 0, a = 0, b = 0;
        tiny_init(&full, &config, kernels_best());
        config.bf16 = 1;
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
        cr_assert_gt(dot / sqrt(a * b), 0.999, "kind %d: cosine %g", kind, dot / sqrt(a * b));
        cr_assert_lt(dot / sqrt(a * b), 1 - 1e-9, "kind %d: nothing was rounded", kind);
        tiny_release(&full);
        tiny_release(&low);
    }
}

Test(bf16_linear, both_formats_at_once_are_refused)
{
    struct model_config config = map_config();
    struct err e;
    config.fp8 = (struct fp8_config){1, 16, 16, 128, FP8_ACCUMULATE_FP32, FP8_SCALE_TILE, 1, 1e-4};
    cr_assert_eq(model_config_check(&config, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "bf16") && strstr(e.msg, "fp8"), "%s", e.msg);
}

static struct digest run_digest(enum stage stage, const char *bf16, int threads, int steps, double *loss)
{
    const char *more[] = {"model.bf16", bf16, "base.steps", "40", NULL};
    const struct trainer_hooks none = {NULL, NULL};
    struct settings set;
    struct tiny_run r;
    struct digest d;
    tiny_settings(&set, more);
    tiny_run_init(&r, &set, stage, 3, threads);
    for (int i = 0; i < steps; i++)
        tiny_run_step(&r, &none);
    d = trainer_digest(&r.t);
    if (loss)
        *loss = r.t.metric[M_LOSS];
    tiny_run_release(&r);
    return d;
}

Test(bf16_linear, same_bits_with_any_threads_and_a_digest_of_its_own)
{
    struct digest one = run_digest(STAGE_GRPO, "on", 1, 3, NULL),
                  two = run_digest(STAGE_GRPO, "on", 2, 3, NULL),
                  again = run_digest(STAGE_GRPO, "on", 1, 3, NULL),
                  start = run_digest(STAGE_GRPO, "on", 1, 0, NULL),
                  off = run_digest(STAGE_GRPO, "off", 1, 0, NULL);
    cr_assert(digest_equal(&one, &two), "two threads give other bits");
    cr_assert(digest_equal(&one, &again));
    cr_assert(!digest_equal(&start, &off), "equal weights, another arithmetic: another class");
}

Test(bf16_linear, a_base_run_learns_as_in_full_precision)
{
    double first, full, low;
    run_digest(STAGE_BASE, "off", 1, 1, &first);
    run_digest(STAGE_BASE, "off", 1, 40, &full);
    run_digest(STAGE_BASE, "on", 1, 40, &low);
    cr_assert_lt(full, 0.9 * first, "%g, then %g", first, full);
    cr_assert_lt(fabs(low - full), 0.02 * full, "%g, not %g", low, full);
    cr_assert_neq(low, full);
}
