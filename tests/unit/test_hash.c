/* The hash that tells states apart: every bit counts, how the bytes come does not. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/rng.h"

enum { BYTES = 300 };

static void fill(unsigned char *p, int n)
{
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    for (int i = 0; i < n; i++)
        p[i] = (unsigned char)rng_u32(&r);
}

static struct digest of(const void *p, size_t n)
{
    struct hash h;
    hash_init(&h);
    hash_add(&h, p, n);
    return hash_end(&h);
}

Test(hash, chunks_do_not_matter)
{
    unsigned char p[BYTES];
    struct digest whole;
    fill(p, BYTES);
    whole = of(p, BYTES);
    for (size_t first = 0; first <= BYTES; first++)
        for (size_t step = 1; step < 140; step += 9) {
            struct hash h;
            struct digest d;
            hash_init(&h);
            hash_add(&h, p, first);
            for (size_t at = first; at < BYTES; at += step)
                hash_add(&h, p + at, at + step > BYTES ? BYTES - at : step);
            d = hash_end(&h);
            cr_assert(digest_equal(&d, &whole), "%zu bytes, then %zu at a time", first, step);
        }
}

Test(hash, every_bit_counts)
{
    unsigned char p[BYTES];
    struct digest whole;
    fill(p, BYTES);
    whole = of(p, BYTES);
    for (int i = 0; i < BYTES * 8; i++) {
        struct digest d;
        int same = 0;
        p[i / 8] ^= (unsigned char)(1 << i % 8);
        d = of(p, BYTES);
        p[i / 8] ^= (unsigned char)(1 << i % 8);
        for (int b = 0; b < DIGEST_BYTES; b++)
            same += d.byte[b] == whole.byte[b];
        cr_assert_leq(same, 4, "bit %d moves only %d bytes of the digest", i, DIGEST_BYTES - same);
    }
}

/* Zeros are not nothing: all lengths of zeros differ, and so do swapped blocks and words. */
Test(hash, length_and_order_count)
{
    unsigned char zero[BYTES] = {0}, p[BYTES], q[BYTES];
    struct digest seen[BYTES], d;
    for (int n = 0; n < BYTES; n++) {
        seen[n] = of(zero, (size_t)n);
        for (int i = 0; i < n; i++)
            cr_assert_not(digest_equal(&seen[i], &seen[n]), "%d and %d zeros", i, n);
    }
    fill(p, BYTES);
    for (int from = 0; from < 128; from += 8)
        for (int to = from + 8; to < 136; to += 8) {
            memcpy(q, p, BYTES);
            memcpy(q + from, p + to, 8);
            memcpy(q + to, p + from, 8);
            seen[0] = of(p, BYTES);
            d = of(q, BYTES);
            cr_assert_not(digest_equal(&seen[0], &d), "words %d and %d swapped", from, to);
        }
}

/* hash_end looks, it does not consume. */
Test(hash, may_be_asked_on_the_way)
{
    unsigned char p[BYTES];
    struct hash h;
    struct digest a, b;
    fill(p, BYTES);
    hash_init(&h);
    hash_add(&h, p, 100);
    a = hash_end(&h);
    b = of(p, 100);
    cr_assert(digest_equal(&a, &b));
    hash_add(&h, p + 100, 200);
    a = hash_end(&h);
    b = of(p, BYTES);
    cr_assert(digest_equal(&a, &b));
}

/* The digest of a state is stored: it may never change from one version to the next. */
Test(hash, stays_what_it_was)
{
    char hex[DIGEST_HEX];
    struct digest d = of("wait, no", 8), none = of("", 0);
    digest_hex(&d, hex);
    cr_assert_str_eq(hex, "160b940e0d4c43d7eb6fcc15c2922d1d");
    digest_hex(&none, hex);
    cr_assert_str_eq(hex, "eb4d967a8601560627a0d6a90e1e5022");
}

Test(hash, hex_goes_round)
{
    unsigned char p[BYTES];
    struct digest d, back;
    char hex[DIGEST_HEX];
    fill(p, BYTES);
    d = of(p, BYTES);
    digest_hex(&d, hex);
    cr_assert_eq(strlen(hex), 32);
    cr_assert_eq(digest_parse(hex, &back), 1);
    cr_assert(digest_equal(&d, &back));
    cr_assert_eq(digest_parse("", &back), 0);
    cr_assert_eq(digest_parse("0123", &back), 0);
    hex[5] = 'g';
    cr_assert_eq(digest_parse(hex, &back), 0);
    hex[5] = 'A';
    cr_assert_eq(digest_parse(hex, &back), 0, "capitals are not what is printed");
}

Test(hash, mixed_numbers_spread)
{
    int high[64] = {0};
    for (uint64_t i = 0; i < 6400; i++)
        high[hash_u64(i) >> 58]++;
    for (int i = 0; i < 64; i++)
        cr_assert(high[i] > 60 && high[i] < 145, "bucket %d has %d of 100", i, high[i]);
}
