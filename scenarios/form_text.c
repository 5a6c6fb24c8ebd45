/* What tasks write and keep: words of a document, and the set of problems that are held out.
 *
 * Invariant: whether a problem is held out and in which order it is asked depend on the problem alone, so
 * that no range, stage or order of work can let one through, and any prefix of the held-out ones is a fair
 * sample. */
#include <stdlib.h>

#include "engine/base/hash.h"
#include "scenarios/form.h"

int form_is_held(uint64_t key, int every)
{
    return hash_u64(key + 0x9e3779b97f4a7c15u) % (uint64_t)every == 0;
}

enum status form_keep(struct form_held *h, uint64_t key, const char *task, struct err *e)
{
    if (h->n == h->cap) {
        int cap = h->cap ? 2 * h->cap : 256;
        uint64_t *grown = realloc(h->key, (size_t)cap * sizeof *grown);
        if (!grown)
            return err_set(e, ST_NOMEM, task, "no memory for the held-out problems");
        h->key = grown;
        h->cap = cap;
    }
    h->key[h->n++] = key;
    return ST_OK;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = hash_u64(*(const uint64_t *)a ^ 0x5851f42d4c957f2du);
    uint64_t y = hash_u64(*(const uint64_t *)b ^ 0x5851f42d4c957f2du);
    return (x > y) - (x < y);
}

void form_shuffle(struct form_held *h, int most)
{
    if (h->n)
        qsort(h->key, (size_t)h->n, sizeof *h->key, by_hash);
    if (most && h->n > most)
        h->n = most;
}

void form_held_free(struct form_held *h)
{
    free(h->key);
    *h = (struct form_held){0};
}

void form_digits(struct document *out, uint64_t v, int strong)
{
    static const char *const digit[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    uint64_t place = 1;
    while (v / place >= 10)
        place *= 10;
    for (; place; place /= 10)
        document_word(out, digit[v / place % 10], strong);
}

void form_open_answer(struct document *out, struct rng *r, int malformed, int strong)
{
    /* Each spoilt opening breaks the format in another way; the end stays, so that sampling stops. */
    static const char *const opening[][3] = {
        {"</think>", "<answer>", NULL},
        {"<answer>", NULL, NULL},
        {"</think>", NULL, NULL},
        {"<answer>", "</think>", NULL},
        {"</think>", "</think>", "<answer>"},
        {"</think>", "<answer>", "<answer>"},
        {"<think>", "<answer>", NULL},
    };
    int kind = malformed ? rng_range(r, 1, (int)(sizeof opening / sizeof *opening) - 1) : 0;
    for (int i = 0; i < 3 && opening[kind][i]; i++)
        document_word(out, opening[kind][i], strong);
}
