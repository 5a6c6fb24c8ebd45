/* The header of a safetensors file: a reader for just the JSON that it may hold, then the checks of the
 * layout.
 *
 *   { "__metadata__": {text: text, ...},
 *     NAME: {"dtype": TYPE, "shape": [whole, ...], "data_offsets": [begin, end]}, ... }
 *
 * Nothing in it is trusted. Invariants after ST_OK: names are unique; each tensor's bytes are exactly its
 * shape times its type; sorted by begin they lie end to end from 0 to the end of the data. */
#include "engine/store/safetensors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int bytes;
} type_row[SAFETENSORS_TYPES] = {
    [SAFETENSORS_BOOL] = {"BOOL", 1},       [SAFETENSORS_U8] = {"U8", 1},
    [SAFETENSORS_I8] = {"I8", 1},           [SAFETENSORS_F8_E5M2] = {"F8_E5M2", 1},
    [SAFETENSORS_F8_E4M3] = {"F8_E4M3", 1}, [SAFETENSORS_I16] = {"I16", 2},
    [SAFETENSORS_U16] = {"U16", 2},         [SAFETENSORS_F16] = {"F16", 2},
    [SAFETENSORS_BF16] = {"BF16", 2},       [SAFETENSORS_I32] = {"I32", 4},
    [SAFETENSORS_U32] = {"U32", 4},         [SAFETENSORS_F32] = {"F32", 4},
    [SAFETENSORS_F64] = {"F64", 8},         [SAFETENSORS_I64] = {"I64", 8},
    [SAFETENSORS_U64] = {"U64", 8},
};

const char *safetensors_type_name(enum safetensors_type type)
{
    return type_row[type].name;
}

uint64_t safetensors_elements(const struct safetensors_tensor *t)
{
    uint64_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= (uint64_t)t->shape[i];
    return n;
}

/* p: the next byte; tensor: the entry under way, for messages. */
struct scan {
    const char *file, *begin, *p, *end, *tensor;
    struct err *e;
};

enum { SHOWN = 96 };

/* A name for a message: what is not plain ASCII becomes '?'. */
static void show(const char *name, char out[SHOWN])
{
    int n = 0;
    for (; name[n] && n < SHOWN - 1; n++)
        out[n] = name[n] < 0x20 || name[n] > 0x7e ? '?' : name[n];
    out[n] = 0;
}

static enum status bad(const struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static enum status bad(const struct scan *s, const char *fmt, ...)
{
    char text[160], name[SHOWN];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    show(s->tensor ? s->tensor : "", name);
    return err_set(s->e, ST_USAGE, "safetensors", "%.80s: %s%s%s%s", s->file, s->tensor ? "tensor " : "",
                   name, s->tensor ? ": " : "", text);
}

static enum status malformed(const struct scan *s, const char *wanted)
{
    return bad(s, "malformed header at byte %zu: expected %s", (size_t)(s->p - s->begin), wanted);
}

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

/* take: the next byte that is no blank, if it is c. */
static int take(struct scan *s, char c)
{
    skip_blanks(s);
    if (s->p >= s->end || *s->p != c)
        return 0;
    s->p++;
    return 1;
}

static int hex4(struct scan *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        int c = s->p < s->end ? *s->p : 0;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return 0;
        *out = *out * 16 + (unsigned)digit;
    }
    return 1;
}

/* What follows \u, as UTF-8; 0 for half a pair and for the terminator. */
static int unicode(struct scan *s, char **out)
{
    unsigned u, low;
    char *o = *out;
    if (!hex4(s, &u) || u == 0)
        return 0;
    if (u >= 0xd800 && u < 0xe000) {
        if (u >= 0xdc00 || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
            return 0;
        s->p += 2;
        if (!hex4(s, &low) || low < 0xdc00 || low > 0xdfff)
            return 0;
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
    }
    if (u < 0x80) {
        *o++ = (char)u;
    } else if (u < 0x800) {
        *o++ = (char)(0xc0 | u >> 6);
        *o++ = (char)(0x80 | (u & 63));
    } else if (u < 0x10000) {
        *o++ = (char)(0xe0 | u >> 12);
        *o++ = (char)(0x80 | (u >> 6 & 63));
        *o++ = (char)(0x80 | (u & 63));
    } else {
        *o++ = (char)(0xf0 | u >> 18);
        *o++ = (char)(0x80 | (u >> 12 & 63));
        *o++ = (char)(0x80 | (u >> 6 & 63));
        *o++ = (char)(0x80 | (u & 63));
    }
    *out = o;
    return 1;
}

/* A text; *out is malloc'ed. An escape is never shorter than what it stands for. */
static enum status text(struct scan *s, char **out)
{
    static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *at, *close;
    char *o;
    *out = NULL;
    if (!take(s, '"'))
        return malformed(s, "a text in quotes");
    for (close = s->p; close < s->end && *close != '"'; close++)
        if (*close == '\\')
            close++;
    if (close >= s->end)
        return malformed(s, "the end of a text");
    *out = o = malloc((size_t)(close - s->p) + 1);
    if (!o)
        return err_set(s->e, ST_NOMEM, "safetensors", "%.80s: no memory for the header", s->file);
    while (s->p < close) {
        unsigned char c = (unsigned char)*s->p++;
        if (c < 0x20)
            goto fault;
        if (c != '\\') {
            *o++ = (char)c;
            continue;
        }
        c = (unsigned char)*s->p++;
        if (c == 'u') {
            if (!unicode(s, &o))
                goto fault;
            continue;
        }
        at = c ? strchr(escaped, c) : NULL;
        if (!at)
            goto fault;
        *o++ = meant[at - escaped];
    }
    *o = 0;
    s->p = close + 1;
    return ST_OK;
fault:
    free(*out);
    *out = NULL;
    return malformed(s, "a text without control characters or wrong escapes");
}

static enum status whole(struct scan *s, uint64_t *out)
{
    const char *from;
    skip_blanks(s);
    from = s->p;
    *out = 0;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        if (*out > (INT64_MAX - 9) / 10)
            return bad(s, "a number in the header is too large");
        *out = *out * 10 + (uint64_t)(*s->p - '0');
    }
    if (s->p == from || (*from == '0' && s->p - from > 1))
        return malformed(s, "a whole number");
    return ST_OK;
}

/* [number, ...] of at most cap. */
static enum status wholes(struct scan *s, uint64_t *out, int cap, int *n)
{
    enum status st;
    *n = 0;
    if (!take(s, '['))
        return malformed(s, "a list of numbers");
    if (take(s, ']'))
        return ST_OK;
    do {
        if (*n == cap)
            return bad(s, "a list of more than %d numbers", cap);
        st = whole(s, &out[(*n)++]);
        if (st)
            return st;
    } while (take(s, ','));
    return take(s, ']') ? ST_OK : malformed(s, "',' or ']'");
}

static enum status metadata(struct scan *s)
{
    if (!take(s, '{'))
        return malformed(s, "the metadata's '{'");
    if (take(s, '}'))
        return ST_OK;
    do {
        char *word = NULL;
        enum status st = text(s, &word);
        free(word);
        if (!st && !take(s, ':'))
            st = malformed(s, "':'");
        if (st)
            return st;
        st = text(s, &word);
        free(word);
        if (st)
            return st;
    } while (take(s, ','));
    return take(s, '}') ? ST_OK : malformed(s, "',' or '}'");
}

/* The parts of an entry, each to stand once. */
enum { HAS_TYPE = 1, HAS_SHAPE = 2, HAS_PLACE = 4, HAS_ALL = 7 };

static enum status entry_part(struct scan *s, const char *key, struct safetensors_tensor *t, int *has)
{
    uint64_t number[SAFETENSORS_RANK];
    int part = !strcmp(key, "dtype")          ? HAS_TYPE
               : !strcmp(key, "shape")        ? HAS_SHAPE
               : !strcmp(key, "data_offsets") ? HAS_PLACE
                                              : 0,
        n;
    char *word, shown[SHOWN];
    enum status st = ST_OK;
    show(key, shown);
    if (!part)
        return bad(s, "unknown key \"%.40s\"; an entry has dtype, shape and data_offsets", shown);
    if (*has & part)
        return bad(s, "\"%s\" stands twice", key);
    *has |= part;
    if (part == HAS_TYPE) {
        int type = 0;
        st = text(s, &word);
        while (!st && type < SAFETENSORS_TYPES && strcmp(word, type_row[type].name))
            type++;
        t->type = (enum safetensors_type)type;
        if (!st && type == SAFETENSORS_TYPES) {
            show(word, shown);
            st = bad(s, "unknown dtype \"%.20s\"", shown);
        }
        free(word);
        return st;
    }
    st = wholes(s, number, part == HAS_SHAPE ? SAFETENSORS_RANK : 2, &n);
    if (st)
        return st;
    if (part == HAS_SHAPE) {
        t->rank = n;
        for (int i = 0; i < n; i++)
            t->shape[i] = (int64_t)number[i];
    } else if (n != 2 || number[0] > number[1]) {
        return bad(s, "data_offsets must be [begin, end] with begin <= end");
    } else {
        t->begin = number[0];
        t->end = number[1];
    }
    return ST_OK;
}

static enum status entry(struct scan *s, struct safetensors_tensor *t)
{
    uint64_t bytes;
    int has = 0;
    if (!take(s, '{'))
        return malformed(s, "the entry's '{'");
    do {
        char *key;
        enum status st = text(s, &key);
        if (!st && !take(s, ':'))
            st = malformed(s, "':'");
        if (!st)
            st = entry_part(s, key, t, &has);
        free(key);
        if (st)
            return st;
    } while (take(s, ','));
    if (!take(s, '}'))
        return malformed(s, "',' or '}'");
    if (has != HAS_ALL)
        return bad(s, "%s is missing",
                   !(has & HAS_TYPE)    ? "dtype"
                   : !(has & HAS_SHAPE) ? "shape"
                                        : "data_offsets");
    bytes = (uint64_t)type_row[t->type].bytes;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(bytes, (uint64_t)t->shape[i], &bytes) || bytes > INT64_MAX)
            return bad(s, "its shape is too large");
    if (bytes != t->end - t->begin)
        return bad(s, "its shape takes %llu bytes, its data_offsets hold %llu", (unsigned long long)bytes,
                   (unsigned long long)(t->end - t->begin));
    return ST_OK;
}

/* One more entry, in an array that doubles. */
static enum status add(struct scan *s, struct safetensors *f, int *cap, char *name)
{
    if (f->n == *cap) {
        int wider = *cap ? 2 * *cap : 64;
        void *grown = realloc(f->tensor, (size_t)wider * sizeof *f->tensor);
        if (!grown) {
            free(name);
            return err_set(s->e, ST_NOMEM, "safetensors", "%.80s: no memory for %d tensors", s->file, wider);
        }
        f->tensor = grown;
        *cap = wider;
    }
    f->tensor[f->n] = (struct safetensors_tensor){.name = name};
    s->tensor = name;
    return entry(s, &f->tensor[f->n++]);
}

static enum status entries(struct scan *s, struct safetensors *f)
{
    int cap = 0, has_metadata = 0;
    if (s->p >= s->end || *s->p != '{')
        return malformed(s, "'{'");
    s->p++;
    if (take(s, '}'))
        return ST_OK;
    do {
        char *name;
        enum status st;
        s->tensor = NULL;
        st = text(s, &name);
        if (!st && !take(s, ':')) {
            free(name);
            return malformed(s, "':'");
        }
        if (st)
            return st;
        if (strcmp(name, "__metadata__") == 0) {
            free(name);
            st = has_metadata++ ? bad(s, "__metadata__ stands twice") : metadata(s);
        } else {
            st = add(s, f, &cap, name);
        }
        if (st)
            return st;
    } while (s->tensor = NULL, take(s, ','));
    return take(s, '}') ? ST_OK : malformed(s, "',' or '}'");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct safetensors_tensor *)a)->name, ((const struct safetensors_tensor *)b)->name);
}

static int by_place(const void *a, const void *b)
{
    const struct safetensors_tensor *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1)
           : x->end != y->end   ? (x->end < y->end ? -1 : 1)
                                : strcmp(x->name, y->name);
}

static enum status check_places(struct scan *s, struct safetensors *f, uint64_t data_bytes)
{
    uint64_t at = 0;
    if (f->n)
        qsort(f->tensor, (size_t)f->n, sizeof *f->tensor, by_place);
    for (int i = 0; i < f->n; i++) {
        const struct safetensors_tensor *t = &f->tensor[i];
        s->tensor = t->name;
        if (t->end > data_bytes)
            return bad(s, "it ends at byte %llu of the data, which has %llu", (unsigned long long)t->end,
                       (unsigned long long)data_bytes);
        if (t->begin < at)
            return bad(s, "it begins at byte %llu and overlaps another that ends at %llu",
                       (unsigned long long)t->begin, (unsigned long long)at);
        if (t->begin > at)
            return bad(s, "a hole of %llu bytes lies before it", (unsigned long long)(t->begin - at));
        at = t->end;
    }
    s->tensor = NULL;
    if (at != data_bytes)
        return bad(s, "%llu bytes after the last tensor belong to none",
                   (unsigned long long)(data_bytes - at));
    if (f->n)
        qsort(f->tensor, (size_t)f->n, sizeof *f->tensor, by_name);
    for (int i = 1; i < f->n; i++) {
        s->tensor = f->tensor[i].name;
        if (by_name(&f->tensor[i - 1], &f->tensor[i]) == 0)
            return bad(s, "the name stands twice");
    }
    return ST_OK;
}

enum status safetensors_header(struct safetensors *f, const char *file, const char *json, size_t n,
                               uint64_t data_bytes, struct err *e)
{
    struct scan s = {file, json, json, json + n, NULL, e};
    enum status st = entries(&s, f);
    if (!st) {
        skip_blanks(&s);
        if (s.p < s.end)
            st = malformed(&s, "nothing more than blanks");
    }
    return st ? st : check_places(&s, f, data_bytes);
}
