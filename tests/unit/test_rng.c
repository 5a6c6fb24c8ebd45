/* Counter-based randomness: Philox's published vectors, and draws that depend on their place alone. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/base/rng.h"

/* Random123's known answers for Philox4x32-10 (examples/kat_vectors): counter, key, result. The place is laid
 * out as counter {position, sample, prompt, stream << 24 | step}, key {seed low, seed high}. */
Test(rng, known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint32_t *c = known[i].counter;
        struct rng place = {((uint64_t)known[i].key[1] << 32) | known[i].key[0], c[3] >> 24, c[3] & 0xffffff,
                            c[2], c[1], c[0]};
        uint32_t out[4];
        rng_block(&place, out);
        cr_assert_arr_eq(out, known[i].out, sizeof out, "vector %zu: %08x %08x %08x %08x", i, out[0], out[1],
                         out[2], out[3]);
    }
}

Test(rng, order_of_use_does_not_matter)
{
    uint32_t first[8][8];
    for (uint32_t i = 0; i < 8; i++) {
        struct rng r = rng_at(1, RNG_SAMPLE, 3, i, 0);
        for (int j = 0; j < 8; j++)
            first[i][j] = rng_u32(&r);
    }
    for (int j = 7; j >= 0; j--)
        for (uint32_t i = 0; i < 8; i++) {
            struct rng r = rng_at(1, RNG_SAMPLE, 3, 7 - i, 0);
            r.position = (uint32_t)j;
            cr_assert_eq(rng_u32(&r), first[7 - i][j]);
        }
}

/* Every part of a place tells it from its neighbours. */
Test(rng, places_differ)
{
    struct rng a = rng_at(5, RNG_EVAL, 6, 7, 8);
    struct rng b[] = {rng_at(4, RNG_EVAL, 6, 7, 8), rng_at(5 + (1ull << 32), RNG_EVAL, 6, 7, 8),
                      rng_at(5, RNG_SAMPLE, 6, 7, 8),
                      rng_at(5, RNG_EVAL, 7, 7, 8), rng_at(5, RNG_EVAL, 6, 8, 8),
                          rng_at(5, RNG_EVAL, 6, 7, 9), a};
    uint32_t x[4], y[4];
    b[6].position = 1;
    rng_block(&a, x);
    for (size_t i = 0; i < sizeof b / sizeof *b; i++) {
        rng_block(&b[i], y);
        cr_assert(memcmp(x, y, sizeof x), "place %zu is the same", i);
    }
}

Test(rng, each_draw_uses_one_position)
{
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    rng_u32(&r);
    rng_unit(&r);
    rng_below(&r, 10);
    rng_range(&r, -3, 3);
    rng_chance(&r, 0.5);
    rng_normal(&r);
    cr_assert_eq(r.position, 6);
}

Test(rng, ranges_are_kept_and_filled)
{
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    int count[7] = {0}, below[5] = {0};
    for (int i = 0; i < 7000; i++) {
        int v = rng_range(&r, -3, 3);
        cr_assert(v >= -3 && v <= 3);
        count[v + 3]++;
        v = rng_below(&r, 5);
        cr_assert(v >= 0 && v < 5);
        below[v]++;
    }
    for (int i = 0; i < 7; i++)
        cr_assert(abs(count[i] - 1000) < 150, "%d came %d times of 1000", i - 3, count[i]);
    for (int i = 0; i < 5; i++)
        cr_assert(abs(below[i] - 1400) < 180);
    cr_assert_eq(rng_below(&r, 1), 0);
    cr_assert_eq(rng_range(&r, 9, 9), 9);
}

Test(rng, moments_of_unit_and_normal)
{
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    enum { N = 40000 };
    double u = 0, uu = 0, z = 0, zz = 0, tail = 0, hits = 0;
    for (int i = 0; i < N; i++) {
        double x = rng_unit(&r), y = rng_normal(&r);
        cr_assert(x >= 0 && x < 1 && isfinite(y));
        u += x / N;
        uu += x * x / N;
        z += y / N;
        zz += y * y / N;
        tail += (fabs(y) > 1.959964) / (double)N;
        hits += rng_chance(&r, 0.3) / (double)N;
    }
    cr_assert_float_eq(u, 0.5, 0.01);
    cr_assert_float_eq(uu, 1 / 3.0, 0.01);
    cr_assert_float_eq(z, 0, 0.03);
    cr_assert_float_eq(zz, 1, 0.03);
    cr_assert_float_eq(tail, 0.05, 0.005);
    cr_assert_float_eq(hits, 0.3, 0.01);
}
