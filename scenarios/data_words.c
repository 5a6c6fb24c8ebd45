/* The two tokenizers of a data file, and the vocabulary that the file makes.
 *
 * Between two tokens stands a blank wherever the engine writes text, so a blank itself is never a token:
 * words drop it, bytes write it <20>, as any byte that does not print. No text of a file can become a tag:
 * its `<` is a token of its own and what follows it stands behind a blank. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/data.h"

static const char *const fixed_token[] = {
    "<pad>", "User", ":", "Assistant", "<think>", "</think>", "<answer>", "</answer>",
};
enum { FIXED = sizeof fixed_token / sizeof *fixed_token, SLOTS = 4 * DATA_VOCABULARY };

int data_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || form_is_digit(c) || c == '_' ||
           (unsigned char)c > 127;
}

static void add_byte(struct str *out, char c)
{
    char hex[8];
    snprintf(hex, sizeof hex, "<%02x>", (unsigned)(unsigned char)c);
    if (c > ' ' && c < 127)
        hex[0] = c, hex[1] = 0;
    str_word(out, hex);
}

int data_words(enum data_tokenizer by, const char *s, size_t n, struct str *out)
{
    int count = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        if (by == DATA_BYTES) {
            add_byte(out, s[i]);
        } else if (form_is_blank(s[i]) || (unsigned char)s[i] < ' ' || s[i] == 127) {
            count--;
        } else {
            while (data_is_word(s[i]) && end < n && data_is_word(s[end]))
                end++;
            if (out->n)
                str_add(out, " ");
            str_add_n(out, s + i, end - i);
        }
        count++;
        i = end;
    }
    return count;
}

/* The tokens so far and where each is found. */
struct set {
    int n, *slot;            /* [SLOTS] place + 1 */
    const char **token;
    char **word;
};

static uint64_t hash_of(const char *s, size_t n)
{
    uint64_t h = n;
    for (size_t i = 0; i < n; i++)
        h = hash_u64(h ^ (unsigned char)s[i]);
    return h;
}

static enum status add_token(struct set *v, const char *s, size_t n, int is_static, struct err *e)
{
    size_t at = hash_of(s, n) % SLOTS;
    for (; v->slot[at]; at = (at + 1) % SLOTS) {
        const char *known = v->token[v->slot[at] - 1];
        if (strncmp(known, s, n) == 0 && !known[n])
            return ST_OK;
    }
    if (v->n == DATA_VOCABULARY)
        return err_set(e, ST_USAGE, "data",
                       "more than %d different words; data.tokenizer = bytes has few tokens",
                       DATA_VOCABULARY);
    if (!is_static && !(v->word[v->n] = strndup(s, n)))
        return err_set(e, ST_NOMEM, "data", "no memory for the vocabulary");
    v->token[v->n] = is_static ? s : v->word[v->n];
    v->slot[at] = ++v->n;
    return ST_OK;
}

static enum status add_all(struct set *v, const char *words, struct err *e)
{
    enum status st = ST_OK;
    while (words && *words && !st) {
        size_t n = strcspn(words, " ");
        st = add_token(v, words, n, 0, e);
        words += n + (words[n] == ' ');
    }
    return st;
}

enum status data_vocabulary(struct data *t, struct err *e)
{
    struct set v = {0};
    enum status st = ST_OK;
    v.slot = calloc(SLOTS, sizeof *v.slot);
    v.token = t->token = calloc(DATA_VOCABULARY, sizeof *t->token);
    v.word = t->word = calloc(DATA_VOCABULARY, sizeof *t->word);
    if (!v.slot || !v.token || !v.word)
        st = err_set(e, ST_NOMEM, "data", "no memory for the vocabulary");
    for (int i = 0; i < FIXED && !st; i++)
        st = add_token(&v, fixed_token[i], strlen(fixed_token[i]), 1, e);
    for (int i = 0; i < t->item_n && !st; i++) {
        if ((st = add_all(&v, t->item[i].prompt, e)) == ST_OK &&
            (st = add_all(&v, t->item[i].answer, e)) == ST_OK)
            st = add_all(&v, t->item[i].reason, e);
    }
    t->token_n = v.n;
    free(v.slot);
    return st;
}

void data_vocabulary_free(struct data *t)
{
    for (int i = 0; t->word && i < t->token_n; i++)
        free(t->word[i]);
    free(t->word);
    free(t->token);
}
