#ifndef GRPOLAB_NN_VOCAB_H
#define GRPOLAB_NN_VOCAB_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

/* A word-level tokenizer: one token is one word between blanks. The vocabulary belongs to a preset (the
 * ordered union of its tasks' tokens) and is stored with the run. */
struct vocab {
    int n;                   /* V */
    char **token;            /* [n], owned */
    uint16_t *slot;          /* open-addressing table of ids + 1 */
    unsigned mask;
};

/* vocab_init: copies the words. A word that stands twice is kept once. Errors: ST_NOMEM, ST_USAGE (more than
 * 65,534). */
enum status vocab_init(struct vocab *v, const char *const *token, int n, struct err *e);
/* vocab_parse: the same from blank-separated text. */
enum status vocab_parse(struct vocab *v, const char *text, struct err *e);
void vocab_release(struct vocab *v);

/* vocab_find: id of a word of n bytes, -1 when it is none. */
int vocab_find(const struct vocab *v, const char *word, size_t n);
/* vocab_encode: text to ids, at most cap. Errors: ST_USAGE names the first unknown word, or says
 * how long it may be. */
enum status vocab_encode(const struct vocab *v, const char *text, uint16_t *id, int cap, int *n,
                         struct err *e);
/* vocab_decode: appends n words with single blanks between. Ids out of range become `<?>`. */
void vocab_decode(const struct vocab *v, const uint16_t *id, int n, struct str *out);

#endif
