/* Problems: as small JSON objects, as keys, and the set of those that are held out.
 *
 * JSON is read by hand: scenarios know no JSON library, and the objects are small and fixed.
 *
 * Invariant: whether a problem is held out and in which order it is asked depend on the problem alone, so
 * that no range, stage or order of work can let one through, and any prefix of the held-out ones is a fair
 * sample. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"
#include "scenarios/form.h"

static void skip(const char **s)
{
    while (isspace((unsigned char)**s))
        (*s)++;
}

static int take(const char **s, char c)
{
    skip(s);
    if (**s != c)
        return 0;
    (*s)++;
    return 1;
}

/* A whole number of the key's range; fractions, exponents, a plus sign and a lone minus are refused. */
static int whole(const char **s, const struct form_key *key, int32_t *out)
{
    int negative = take(s, '-');
    int64_t v = 0;
    if (!isdigit((unsigned char)**s))
        return 0;
    for (; isdigit((unsigned char)**s); (*s)++)
        v = v > INT32_MAX ? v : v * 10 + (**s - '0');
    if (negative)
        v = -v;
    if (v < key->low || v > key->high || (**s && strchr(".eE", **s)))
        return 0;
    *out = (int32_t)v;
    return 1;
}

/* How many numbers stand in the list, then the numbers. */
static int list(const char **s, const struct form_key *key, int32_t *out)
{
    out[0] = 0;
    if (!take(s, '['))
        return 0;
    do {
        if (out[0] == key->most || !whole(s, key, &out[out[0] + 1]))
            return 0;
        out[0]++;
    } while (take(s, ','));
    return take(s, ']');
}

/* How many values a key has. */
static int places(const struct form_key *key)
{
    return key->most ? key->most + 1 : 1;
}

static enum status no_object(const char *task, const struct form_key *key, int key_n, struct err *e)
{
    char shape[160] = "";
    size_t at = 0;
    for (int i = 0; i < key_n && at < sizeof shape; i++)
        at += (size_t)snprintf(shape + at, sizeof shape - at, "%s\"%s\":%s", i ? "," : "", key[i].name,
                               key[i].most ? "[..]" : "n");
    return err_set(e, ST_USAGE, task, "problem: no object {%s}", shape);
}

static enum status unknown(const char *task, const char *name, size_t n, const struct form_key *key,
                           int key_n, struct err *e)
{
    char known[128] = "";
    size_t at = 0;
    for (int i = 0; i < key_n && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", key[i].name);
    return err_set(e, ST_USAGE, task, "problem: unknown key \"%.*s\"; known: %s", (int)(n > 20 ? 20 : n),
                   name, known);
}

/* "name":value; which key it was in *at. */
static enum status member(const char *task, const char **s, const struct form_key *key, int key_n,
                          int32_t *value, int *at, struct err *e)
{
    const struct form_key *k;
    size_t n;
    if (!take(s, '"'))
        return err_set(e, ST_USAGE, task, "problem: a key in quotes is missing");
    n = strcspn(*s, "\"");
    for (*at = 0; *at < key_n; (*at)++)
        if (strlen(key[*at].name) == n && memcmp(*s, key[*at].name, n) == 0)
            break;
    if (*at == key_n || (*s)[n] != '"')
        return unknown(task, *s, n, key, key_n, e);
    *s += n + 1;
    if (!take(s, ':'))
        return err_set(e, ST_USAGE, task, "problem: \"%s\" has no value", key[*at].name);
    k = &key[*at];
    for (int i = 0; i < *at; i++)
        value += places(&key[i]);
    if (k->most && !list(s, k, value))
        return err_set(e, ST_USAGE, task, "problem: \"%s\" must be 1 to %d whole numbers %d..%d", k->name,
                       k->most, (int)k->low, (int)k->high);
    if (!k->most && !whole(s, k, value))
        return err_set(e, ST_USAGE, task, "problem: \"%s\" must be a whole number %d..%d", k->name,
                       (int)k->low, (int)k->high);
    return ST_OK;
}

enum status form_parse(const char *task, const char *json, const struct form_key *key, int key_n,
                       int32_t *value, struct err *e)
{
    const char *s = json;
    unsigned seen = 0;
    int at = 0;
    enum status st;
    if (!take(&s, '{'))
        return no_object(task, key, key_n, e);
    do {
        if ((st = member(task, &s, key, key_n, value, &at, e)) != ST_OK)
            return st;
        seen |= 1u << at;
    } while (take(&s, ','));
    if (!take(&s, '}') || (skip(&s), *s))
        return err_set(e, ST_USAGE, task, "problem: the object should end before \"%.20s\"", s);
    for (int i = 0; i < key_n; i++)
        if (!(seen >> i & 1))
            return err_set(e, ST_USAGE, task, "problem: \"%s\" is missing", key[i].name);
    return ST_OK;
}

void form_print(const struct form_key *key, int key_n, const int32_t *value, struct str *out)
{
    for (int i = 0; i < key_n; i++) {
        const int32_t *number = key[i].most ? value + 1 : value;
        int n = key[i].most ? value[0] : 1;
        str_printf(out, "%s\"%s\":%s", i ? "," : "{", key[i].name, key[i].most ? "[" : "");
        for (int k = 0; k < n; k++)
            str_printf(out, k ? ",%d" : "%d", (int)number[k]);
        str_add(out, key[i].most ? "]" : "");
        value += places(&key[i]);
    }
    str_add(out, "}");
}

int form_is_held(uint64_t key, int every)
{
    return hash_u64(key + 0x9e3779b97f4a7c15u) % (uint64_t)every == 0;
}

uint64_t form_pair(int32_t a, int32_t b)
{
    return (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
}

void form_unpair(uint64_t key, struct problem *out)
{
    *out = (struct problem){.n = 2, .value = {(int32_t)(uint32_t)(key >> 32), (int32_t)(uint32_t)key}};
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

int form_held_n(const void *self)
{
    const struct form_held *h = self;
    return h->n;
}

void form_held_pair(const void *self, int index, struct problem *out)
{
    const struct form_held *h = self;
    form_unpair(h->key[index], out);
}
