/* The vocabulary: words in order, and a hash table from word to id. */
#include "engine/nn/vocab.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"

static uint64_t hash_word(const char *s, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i++)
        h = hash_u64(h ^ (unsigned char)s[i]);
    return h;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int vocab_find(const struct vocab *v, const char *word, size_t n)
{
    if (v->n == 0)
        return -1;
    for (unsigned i = (unsigned)hash_word(word, n) & v->mask; v->slot[i]; i = (i + 1) & v->mask) {
        int id = v->slot[i] - 1;
        if (strncmp(v->token[id], word, n) == 0 && v->token[id][n] == 0)
            return id;
    }
    return -1;
}

static enum status add(struct vocab *v, const char *word, size_t n, struct err *e)
{
    unsigned i = (unsigned)hash_word(word, n) & v->mask;
    if (vocab_find(v, word, n) >= 0)
        return ST_OK;
    v->token[v->n] = strndup(word, n);
    if (!v->token[v->n])
        return err_set(e, ST_NOMEM, "vocabulary", "no memory for %d tokens", v->n);
    while (v->slot[i])
        i = (i + 1) & v->mask;
    v->slot[i] = (uint16_t)++v->n;
    return ST_OK;
}

static enum status prepare(struct vocab *v, int most, struct err *e)
{
    unsigned size = 16;
    memset(v, 0, sizeof *v);
    if (most > 65534)
        return err_set(e, ST_USAGE, "vocabulary", "%d tokens are more than the 65534 that fit in 16 bits",
                       most);
    while (size < 2u * (unsigned)most + 2)
        size *= 2;
    v->mask = size - 1;
    v->slot = calloc(size, sizeof *v->slot);
    v->token = calloc((size_t)most + 1, sizeof *v->token);
    if (v->slot && v->token)
        return ST_OK;
    vocab_release(v);
    return err_set(e, ST_NOMEM, "vocabulary", "no memory for %d tokens", most);
}

enum status vocab_init(struct vocab *v, const char *const *token, int n, struct err *e)
{
    enum status st = prepare(v, n, e);
    for (int i = 0; i < n && !st; i++)
        st = add(v, token[i], strlen(token[i]), e);
    if (st)
        vocab_release(v);
    return st;
}

enum status vocab_parse(struct vocab *v, const char *text, struct err *e)
{
    enum status st = prepare(v, (int)(strlen(text) / 2) + 1, e);
    while (!st) {
        size_t n = 0;
        while (is_blank(*text))
            text++;
        while (text[n] && !is_blank(text[n]))
            n++;
        if (n == 0)
            break;
        st = add(v, text, n, e);
        text += n;
    }
    if (st)
        vocab_release(v);
    return st;
}

void vocab_release(struct vocab *v)
{
    for (int i = 0; v->token && i < v->n; i++)
        free(v->token[i]);
    free(v->token);
    free(v->slot);
    memset(v, 0, sizeof *v);
}

enum status vocab_encode(const struct vocab *v, const char *text, uint16_t *id, int cap, int *n,
                         struct err *e)
{
    *n = 0;
    for (;;) {
        size_t len = 0;
        int found;
        while (is_blank(*text))
            text++;
        while (text[len] && !is_blank(text[len]))
            len++;
        if (len == 0)
            return ST_OK;
        found = vocab_find(v, text, len);
        if (found < 0)
            return err_set(e, ST_USAGE, "vocabulary", "'%.*s' is not a token of this run",
                           len > 40 ? 40 : (int)len, text);
        if (*n == cap)
            return err_set(e, ST_USAGE, "vocabulary", "the text has more than %d tokens", cap);
        id[(*n)++] = (uint16_t)found;
        text += len;
    }
}

void vocab_decode(const struct vocab *v, const uint16_t *id, int n, struct str *out)
{
    for (int i = 0; i < n; i++)
        str_word(out, id[i] < v->n ? v->token[id[i]] : "<?>");
}
