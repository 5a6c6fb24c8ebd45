/* Packing of tokens, half precision, and the rule of keyframes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/store/store.h"
#include "engine/store/store_db.h"

static void round_trip(int n, unsigned most)
{
    uint16_t token[64], token_back[64];
    float logp[64], entropy[64], logp_back[64], entropy_back[64];
    unsigned char *data = malloc(trace_pack_bound(64));
    size_t bytes;
    for (int i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)hash_u64((uint64_t)i + 77);
        token[i] = (uint16_t)(i == n - 1 ? most : (unsigned)i);
        memcpy(&logp[i], &bits, 4); /* any bits at all, NaNs with payloads among them */
        entropy[i] = (float)i / 7;
    }
    if (n > 2)
        logp[0] = -INFINITY, logp[1] = NAN, logp[2] = -0.0f;
    bytes =
        trace_pack(&(struct record_trace){.n = n, .token = token, .logp = logp, .entropy = entropy}, data);
    cr_assert_eq(bytes, 5 + (size_t)n * (most > 255 && n ? 8 : 7));
    cr_assert(trace_check(data, bytes, n));
    trace_unpack(data, n, token_back, logp_back, entropy_back);
    cr_assert(!memcmp(token, token_back, (size_t)n * 2) && !memcmp(logp, logp_back, (size_t)n * 4));
    for (int i = 0; i < n; i++)
        cr_assert(fabsf(entropy[i] - entropy_back[i]) <= entropy[i] * 0x1p-11f);
    /* A wrong length, count or any flipped bit is seen. */
    cr_assert(!trace_check(data, bytes - 1, n) && !trace_check(data, bytes, n + 1) &&
              !trace_check(data, bytes, -1));
    cr_assert(!trace_check(data, 0, n));
    for (size_t i = 0; i < bytes * 8; i++) {
        data[i / 8] ^= (unsigned char)(1u << i % 8);
        cr_assert(!trace_check(data, bytes, n), "bit %zu", i);
        data[i / 8] ^= (unsigned char)(1u << i % 8);
    }
    free(data);
}

Test(store_pack, round_trip)
{
    round_trip(0, 0);
    round_trip(1, 255);
    round_trip(1, 256);
    round_trip(5, 65535);
    round_trip(64, 118);
}

/* Every half is its own nearest half, and what lies between two goes to the nearer one, a tie to the even
 * one. */
Test(store_pack, half_precision)
{
    for (unsigned h = 0; h < 0x10000; h++) {
        float x = half_to_float((uint16_t)h), next;
        if ((h & 0x7c00) == 0x7c00 && (h & 0x3ff)) {
            cr_assert(isnan(x) && isnan(half_to_float(half_from_float(x))));
            continue;
        }
        cr_assert_eq(half_from_float(x), h);
        if ((h & 0x7fff) >= 0x7bff)
            continue;
        next = half_to_float((uint16_t)(h + 1));
        cr_assert_eq(half_from_float(x / 2 + next / 2), h & 1 ? h + 1 : h);
        cr_assert_eq(half_from_float(nextafterf(x / 2 + next / 2, x)), h);
        cr_assert_eq(half_from_float(nextafterf(x / 2 + next / 2, next)), h + 1);
    }
    cr_assert_eq(half_to_float(0x3c00), 1.0f);
    cr_assert_eq(half_to_float(0x0001), 0x1p-24f);
    cr_assert_eq(half_from_float(65504.0f), 0x7bff);
    cr_assert_eq(half_from_float(65519.99f), 0x7bff);
    cr_assert_eq(half_from_float(65520.0f), 0x7c00);
    cr_assert_eq(half_from_float(1e30f), 0x7c00);
    cr_assert_eq(half_from_float(-INFINITY), 0xfc00);
    cr_assert_eq(half_from_float(0x1p-26f), 0);
}

/* What thinning leaves after each step of a long run: few, the newest near, the gaps in proportion to age. */
Test(store_pack, keyframe_rule)
{
    enum { STEPS = 10000 };
    static unsigned char alive[STEPS + 1];
    int most_1000 = 0, most = 0;
    alive[0] = 1;
    for (int head = 1; head <= STEPS; head++) {
        int count = 0, last = 0;
        if (keyframe_due(head)) {
            for (int s = 0; s < head; s++)
                alive[s] = alive[s] && keyframe_keep(s, head);
            alive[head] = 1;
        }
        if (head % 16 && head % 97)
            continue;
        for (int s = 0; s <= head; s++) {
            if (!alive[s])
                continue;
            count++;
            /* The steps before s replay from the keyframe before. */
            cr_assert_leq((s - last) * 3, (head - last) * 2 + 48, "%d %d at %d", last, s, head);
            last = s;
        }
        cr_assert_lt(head - last, 16);
        most = count > most ? count : most;
        most_1000 = head <= 1000 && count > most_1000 ? count : most_1000;
    }
    cr_assert(alive[0]);
    cr_assert_leq(most_1000, 12);
    cr_assert_leq(most, 19);
    /* Dropped once, never wanted back. */
    for (int s = 1; s < 2000; s++)
        for (int head = s + 1; head < s + 3000; head += 7)
            cr_assert(!keyframe_keep(s, head) || keyframe_keep(s, head - 1));
    cr_assert(keyframe_keep(0, 1 << 30) && keyframe_keep(16, 16) && !keyframe_keep(17, 17) &&
              keyframe_due(0));
}
