/* How a trace's tokens become one BLOB, and back.
 *
 * Design: planes, not records, so that the SQL of the view `traces` and a line
 * of Python can both read them: a byte that tells the width of an id, the ids, the
 * log-probabilities, the entropies, a check of four bytes. An id takes one
 * byte while all ids of the trace are below 256. Log-probabilities are compared to
 * the bit and stay float32; entropies are only looked at and become float16.
 *
 * Invariant: the layout follows from n and byte 0 alone. */
#include "engine/store/store_db.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the store's BLOBs are little-endian");

enum { CHECK_BYTES = 4 };

uint16_t half_from_float(float x)
{
    uint32_t bits, sign, mantissa, shift, rest, half;
    int exponent;
    memcpy(&bits, &x, 4);
    sign = bits >> 16 & 0x8000;
    exponent = (int)(bits >> 23 & 0xff) - 127 + 15;
    mantissa = bits & 0x7fffff;
    if (exponent == 128 + 15) /* infinity, or NaN, which keeps being one */
        return (uint16_t)(sign | 0x7c00 | (mantissa ? 0x200 | mantissa >> 13 : 0));
    if (exponent >= 31)
        return (uint16_t)(sign | 0x7c00);
    if (exponent < -10)
        return (uint16_t)sign;
    if (exponent > 0) {
        shift = 13;
        half = (uint32_t)exponent << 10 | mantissa >> shift;
    } else { /* subnormal: the leading 1 becomes explicit */
        mantissa |= 0x800000;
        shift = (uint32_t)(14 - exponent);
        half = mantissa >> shift;
    }
    rest = mantissa & ((1u << shift) - 1);
    if (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && (half & 1)))
        half++; /* a carry runs into the exponent, up to infinity, as it should */
    return (uint16_t)(sign | half);
}

float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 0x1f, mantissa = h & 0x3ff, bits;
    float x;
    if (exponent == 31) {
        bits = sign | 0x7f800000 | mantissa << 13;
    } else if (exponent) {
        bits = sign | (exponent + 127 - 15) << 23 | mantissa << 13;
    } else {
        x = (float)mantissa * 0x1p-24f;
        return sign ? -x : x;
    }
    memcpy(&x, &bits, 4);
    return x;
}

struct digest blob_digest(const void *data, size_t bytes)
{
    struct hash h;
    hash_init(&h);
    if (bytes)
        hash_add(&h, data, bytes);
    return hash_end(&h);
}

static size_t pack_bytes(int n, int form)
{
    return 1 + (size_t)n * ((size_t)form + 4 + 2) + CHECK_BYTES;
}

size_t trace_pack_bound(int n)
{
    return pack_bytes(n, 2);
}

size_t trace_pack(const struct record_trace *t, unsigned char *out)
{
    size_t n = (size_t)t->n;
    int form = 1;
    unsigned char *p = out + 1;
    struct digest check;
    for (size_t i = 0; i < n; i++)
        if (t->token[i] > 0xff)
            form = 2;
    out[0] = (unsigned char)form;
    for (size_t i = 0; i < n; i++) {
        *p++ = (unsigned char)t->token[i];
        if (form == 2)
            *p++ = (unsigned char)(t->token[i] >> 8);
    }
    if (n)
        memcpy(p, t->logp, 4 * n);
    p += 4 * n;
    for (size_t i = 0; i < n; i++, p += 2) {
        uint16_t h = half_from_float(t->entropy[i]);
        memcpy(p, &h, 2);
    }
    check = blob_digest(out, (size_t)(p - out));
    memcpy(p, check.byte, CHECK_BYTES);
    return (size_t)(p - out) + CHECK_BYTES;
}

int trace_check(const void *data, size_t bytes, int n)
{
    const unsigned char *p = data;
    struct digest check;
    if (n < 0 || !bytes || (p[0] != 1 && p[0] != 2) || bytes != pack_bytes(n, p[0]))
        return 0;
    check = blob_digest(p, bytes - CHECK_BYTES);
    return memcmp(check.byte, p + bytes - CHECK_BYTES, CHECK_BYTES) == 0;
}

void trace_unpack(const void *data, int n, uint16_t *token, float *logp, float *entropy)
{
    const unsigned char *p = data;
    int form = *p++;
    for (int i = 0; i < n; i++) {
        token[i] = *p++;
        if (form == 2)
            token[i] |= (uint16_t)(*p++ << 8);
    }
    memcpy(logp, p, 4 * (size_t)n);
    p += 4 * (size_t)n;
    for (int i = 0; i < n; i++, p += 2) {
        uint16_t h;
        memcpy(&h, p, 2);
        entropy[i] = half_to_float(h);
    }
}
