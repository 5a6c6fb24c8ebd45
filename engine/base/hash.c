/* A streaming 128-bit hash: eight independent 64-bit lanes, each multiplied
 * and rotated over its own eight bytes of a 64-byte block, so that the compiler can
 * run them side by side; then every lane is mixed into two words. */
#include "engine/base/hash.h"

#include <string.h>

static const uint64_t odd[8] = {
    0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, 0x27d4eb2f165667c5u,
    0x85ebca77c2b2ae63u, 0xd6e8feb86659fd93u, 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu,
};

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void hash_init(struct hash *h)
{
    memset(h, 0, sizeof *h);
    memcpy(h->lane, odd, sizeof odd);
}

static void block(struct hash *h, const unsigned char *p)
{
    uint64_t w[8];
    memcpy(w, p, sizeof w);
    for (int i = 0; i < 8; i++)
        h->lane[i] = rotate(h->lane[i] ^ (w[i] * odd[i]), 29) * odd[(i + 3) & 7] + w[i];
}

void hash_add(struct hash *h, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    h->total += bytes;
    if (h->tail_n) {
        size_t take = 64 - h->tail_n;
        if (take > bytes)
            take = bytes;
        memcpy(h->tail + h->tail_n, p, take);
        h->tail_n += take;
        p += take;
        bytes -= take;
        if (h->tail_n < 64)
            return;
        block(h, h->tail);
        h->tail_n = 0;
    }
    for (; bytes >= 64; p += 64, bytes -= 64)
        block(h, p);
    memcpy(h->tail, p, bytes);
    h->tail_n = bytes;
}

struct digest hash_end(const struct hash *h)
{
    struct hash t = *h;
    struct digest d;
    uint64_t a = t.total * odd[0], b = ~t.total * odd[1];
    memset(t.tail + t.tail_n, 0, 64 - t.tail_n);
    block(&t, t.tail);
    for (int i = 0; i < 8; i++) {
        a = hash_u64(a ^ t.lane[i]) + rotate(b, 17);
        b = hash_u64(b + t.lane[7 - i]) ^ rotate(a, 41);
    }
    for (int i = 0; i < 8; i++) {
        d.byte[i] = (unsigned char)(a >> (8 * i));
        d.byte[8 + i] = (unsigned char)(b >> (8 * i));
    }
    return d;
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX])
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = hex[d->byte[i] >> 4];
        out[2 * i + 1] = hex[d->byte[i] & 15];
    }
    out[2 * DIGEST_BYTES] = 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int digest_parse(const char *text, struct digest *out)
{
    if (strlen(text) != 2 * DIGEST_BYTES)
        return 0;
    for (int i = 0; i < DIGEST_BYTES; i++) {
        int hi = nibble(text[2 * i]), lo = nibble(text[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return 0;
        out->byte[i] = (unsigned char)(hi << 4 | lo);
    }
    return 1;
}

int digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->byte, b->byte, DIGEST_BYTES) == 0;
}
