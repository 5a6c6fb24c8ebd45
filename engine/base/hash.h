#ifndef GRPOLAB_BASE_HASH_H
#define GRPOLAB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 16, DIGEST_HEX = 33 };

/* A 128-bit fast hash, for telling states apart (not against an adversary). */
struct hash {
    uint64_t lane[8];
    uint64_t total;     /* bytes fed */
    unsigned char tail[64];
    size_t tail_n;
};

struct digest {
    unsigned char byte[DIGEST_BYTES];
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t bytes);
struct digest hash_end(const struct hash *h);

/* digest_hex: 32 lower-case hex digits and a terminator. */
void digest_hex(const struct digest *d, char out[DIGEST_HEX]);
/* digest_parse: 0 when text is not 32 hex digits. */
int digest_parse(const char *text, struct digest *out);
int digest_equal(const struct digest *a, const struct digest *b);

/* hash_u64: mixes one 64-bit number, for tables and for splitting data. */
uint64_t hash_u64(uint64_t x);

#endif
