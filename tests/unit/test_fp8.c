/* E4M3 to the bit: all 256 codes, all midpoints between neighbours, the ends; and tiles. Numbers of an
 * independent script go through `calc fp8` in test_calc.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/nn/fp8.h"

/* By the definition, from the three fields. */
static double by_fields(int code)
{
    int s = code >> 7, e = code >> 3 & 15, m = code & 7;
    double size = e == 15 && m == 7 ? NAN : e ? (1 + m / 8.0) * pow(2, e - 7) : m / 8.0 * pow(2, -6);
    return s ? -size : size;
}

Test(fp8, all_codes_are_decoded_and_encoded)
{
    for (int code = 0; code < 256; code++) {
        double x = fp8_decode((unsigned char)code), want = by_fields(code);
        if ((code & 0x7f) == FP8_NAN) {
            cr_assert(isnan(x), "code %d", code);
            cr_assert_eq(fp8_encode(x), FP8_NAN);
            continue;
        }
        cr_assert(x == want && !signbit(x) == !signbit(want), "code %d is %g, not %g", code, x, want);
        cr_assert_eq(fp8_encode(x), code, "%g becomes %d, not %d", x, fp8_encode(x), code);
    }
    cr_assert_eq(fp8_decode(FP8_LARGEST), FP8_MAX);
    cr_assert_eq(fp8_decode(1), 1 / 512.0);
    cr_assert_eq(fp8_decode(8), 1 / 64.0);
}

Test(fp8, half_way_goes_to_the_even_code_and_all_else_to_the_nearer_one)
{
    for (int code = 0; code < FP8_LARGEST; code++) {
        double low = fp8_decode((unsigned char)code), high = fp8_decode((unsigned char)(code + 1)),
               half = (low + high) / 2;
        int even = code & 1 ? code + 1 : code;
        for (int sign = 0; sign < 2; sign++) {
            double s = sign ? -1 : 1;
            int bit = sign << 7;
            cr_assert_eq(fp8_encode(s * half), even | bit, "%g", s * half);
            cr_assert_eq(fp8_encode(s * nextafter(half, 0)), code | bit, "below %g", s * half);
            cr_assert_eq(fp8_encode(s * nextafter(half, 1e3)), (code + 1) | bit, "above %g", s * half);
            cr_assert_eq(fp8_encode(s * nextafter(high, 0)), (code + 1) | bit);
        }
    }
}

Test(fp8, the_ends)
{
    cr_assert_eq(fp8_encode(448), 0x7e);
    cr_assert_eq(fp8_encode(464), 0x7e, "half way to where 480 would be");
    cr_assert_eq(fp8_encode(470), 0x7e, "nearer to where 480 would be: it saturates and is no NaN");
    cr_assert_eq(fp8_encode(-1e300), 0xfe);
    cr_assert_eq(fp8_encode(INFINITY), 0x7e);
    cr_assert_eq(fp8_encode(-INFINITY), 0xfe);
    cr_assert_eq(fp8_encode(-NAN), FP8_NAN);
    cr_assert_eq(fp8_encode(0.0), 0);
    cr_assert_eq(fp8_encode(-0.0), 0x80);
    cr_assert_eq(fp8_encode(1 / 1024.0), 0, "half of the smallest: 0 is even");
    cr_assert_eq(fp8_encode(-1 / 1024.0), 0x80);
    cr_assert_eq(fp8_encode(5e-324), 0);
}

Test(fp8, encoding_never_falls)
{
    int last = 0;
    for (int i = 0; i <= 480 * 64; i++) {
        int code = fp8_encode(i / 64.0);
        cr_assert(code >= last && code <= FP8_LARGEST, "at %g", i / 64.0);
        last = code;
    }
}

Test(fp8, the_scale_puts_the_largest_on_448)
{
    const double x[5] = {0.5, -7, 3, 0, 6.9}, tiny[2] = {1e-5, -2e-6};
    cr_assert_eq(fp8_scale(x, 5), 7 / 448.0);
    cr_assert_eq(fp8_encode(-7 / fp8_scale(x, 5)), 0xfe);
    cr_assert_eq(fp8_scale(tiny, 2), 1e-4 / 448);
}

Test(fp8, blocks_have_scales_of_their_own_and_their_edges_count)
{
    enum { ROWS = 5, COLS = 7 };
    struct fp8_tiling t = {ROWS, COLS, 2, 3};
    double x[ROWS * COLS], back[ROWS * COLS], scale[9];
    unsigned char code[ROWS * COLS];
    struct rng r = rng_at(1, RNG_TEST, 2, 3, 4);
    cr_assert_eq(fp8_tiles(&t), 9);
    for (int i = 0; i < ROWS * COLS; i++)
        x[i] = rng_normal(&r) * pow(10, i % 3);
    fp8_quantize(&t, x, code, scale);
    fp8_dequantize(&t, code, scale, back);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            double amax = 0;
            for (int i = 2 * a; i < 2 * a + 2 && i < ROWS; i++)
                for (int j = 3 * b; j < 3 * b + 3 && j < COLS; j++)
                    amax = fmax(amax, fabs(x[i * COLS + j]));
            cr_assert_eq(scale[a * 3 + b], amax / 448, "block %d,%d", a, b);
        }
    for (int i = 0; i < ROWS * COLS; i++) {
        double s = scale[i / COLS / 2 * 3 + i % COLS / 3];
        cr_assert_eq(code[i], fp8_encode(x[i] / s));
        cr_assert_eq(back[i], fp8_decode(code[i]) * s);
        cr_assert(fabs(back[i] - x[i]) <= fmax(fabs(x[i]) / 16, s / 1024), "%g became %g", x[i], back[i]);
    }
}

/* What tiles are for: one outlier spoils a whole tensor's small values, and only its own tile's. */
Test(fp8, tiles_save_what_one_scale_loses)
{
    double x[64], back[64], scale[4];
    unsigned char code[64];
    struct fp8_tiling whole = {1, 64, 1, 64}, tiles = {1, 64, 1, 16};
    int lost[2] = {0, 0};
    for (int i = 0; i < 64; i++)
        x[i] = i == 5 ? 4000 : 0.0001 * (i + 1);
    for (int k = 0; k < 2; k++) {
        fp8_quantize(k ? &tiles : &whole, x, code, scale);
        fp8_dequantize(k ? &tiles : &whole, code, scale, back);
        for (int i = 0; i < 64; i++)
            lost[k] += back[i] == 0;
    }
    cr_assert_eq(lost[0], 63);
    cr_assert_eq(lost[1], 15);
}
