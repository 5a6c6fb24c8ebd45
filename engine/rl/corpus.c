/* A corpus is read epoch by epoch, each text once an epoch. The order is made when an epoch begins, from
 * the seed and the epoch's number alone, so that a step can be replayed without those before it. */
#include "engine/rl/corpus.h"

#include <stdlib.h>
#include <string.h>

enum status corpus_add(struct corpus *c, const char *prompt, const char *text, const char *other, int respect,
                       struct err *e)
{
    struct example x = {strdup(prompt), strdup(text), other ? strdup(other) : NULL, respect};
    if (c->n == c->cap) {
        int cap = c->cap ? 2 * c->cap : 256;
        struct example *grown = realloc(c->example, (size_t)cap * sizeof *grown);
        if (grown) {
            c->example = grown;
            c->cap = cap;
        }
    }
    if (c->n == c->cap || !x.prompt || !x.text || (other && !x.other)) {
        free(x.prompt);
        free(x.text);
        free(x.other);
        return err_set(e, ST_NOMEM, "corpus", "no memory for %d texts", c->n + 1);
    }
    c->example[c->n++] = x;
    return ST_OK;
}

void corpus_release(struct corpus *c)
{
    for (int i = 0; i < c->n; i++) {
        free(c->example[i].prompt);
        free(c->example[i].text);
        free(c->example[i].other);
    }
    free(c->example);
    free(c->order);
    memset(c, 0, sizeof *c);
}

struct digest corpus_digest(const struct corpus *c)
{
    struct hash h;
    hash_init(&h);
    for (int i = 0; i < c->n; i++) {
        const struct example *x = &c->example[i];
        hash_add(&h, x->prompt, strlen(x->prompt) + 1);
        hash_add(&h, x->text, strlen(x->text) + 1);
        if (x->other)
            hash_add(&h, x->other, strlen(x->other) + 1);
    }
    return hash_end(&h);
}

enum status corpus_ready(struct corpus *c, struct err *e)
{
    free(c->order);
    c->order_epoch = -1;
    c->order = malloc((size_t)(c->n ? c->n : 1) * sizeof *c->order);
    return c->order ? ST_OK : err_set(e, ST_NOMEM, "corpus", "no memory for the order of %d texts", c->n);
}

const struct example *corpus_pick(struct corpus *c, uint64_t seed, int64_t i)
{
    int epoch = (int)(i / c->n);
    if (epoch != c->order_epoch) {
        struct rng r = rng_at(seed, RNG_SHUFFLE, (uint32_t)epoch, UINT32_MAX, 0);
        for (int k = 0; k < c->n; k++)
            c->order[k] = k;
        for (int k = c->n - 1; k > 0; k--) {
            int other = rng_below(&r, k + 1), kept = c->order[k];
            c->order[k] = c->order[other];
            c->order[other] = kept;
        }
        c->order_epoch = epoch;
    }
    return &c->example[c->order[i % c->n]];
}
