/* The verifier of a data task: an answer against the one that its line has.
 *
 * Checks, the first that fails gives `at` and `why`: the think/answer form, then by data.match
 *   exact    the same tokens (white space between tokens does not matter);
 *   numeric  a decimal number of the same value: -3, 2.50, 1e3; compared by its digits, never computed;
 *   set      elements between commas, each as exact has it; order and repetition do not matter.
 * The text is hostile: it is first brought into a room of fixed size, with the place of each byte beside it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "scenarios/data.h"

/* 0.d1d2d3.. * 10^exponent; n = 0 is zero. */
struct number {
    int negative, n, exponent;
    char digit[DATA_DIGITS];
};

struct elements {
    int n, begin[DATA_ELEMENTS], end[DATA_ELEMENTS];
};

static int hex_value(char c)
{
    return form_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that stands at i and where the next one begins. */
static char byte_at(const struct form_span *a, int i, int *next)
{
    *next = i + 1;
    if (a->text[i] != '<' || a->end - i < 4 || a->text[i + 3] != '>' || hex_value(a->text[i + 1]) < 0 ||
        hex_value(a->text[i + 2]) < 0)
        return a->text[i];
    *next = i + 4;
    return (char)(hex_value(a->text[i + 1]) * 16 + hex_value(a->text[i + 2]));
}

static void put(struct data_flat *out, char c, int at)
{
    if (out->n == 2 * DATA_ANSWER) {
        out->is_longer = 1;
        return;
    }
    out->text[out->n] = c;
    out->at[out->n++] = at;
}

void data_flatten(enum data_tokenizer by, const struct form_span *span, struct data_flat *out)
{
    out->n = out->is_longer = 0;
    for (int i = span->begin, next; i < span->end && !out->is_longer; i = next) {
        char c = by == DATA_BYTES ? byte_at(span, i, &next) : (next = i + 1, span->text[i]);
        if (form_is_blank(c) || (by == DATA_WORDS && ((unsigned char)c < ' ' || c == 127)))
            continue;
        /* A blank between two tokens; inside a word there is none. */
        if (by == DATA_WORDS && out->n &&
            !(data_is_word(c) && data_is_word(span->text[i - 1]) && out->at[out->n - 1] == i - 1))
            put(out, ' ', i);
        put(out, c, i);
    }
    out->text[out->n] = 0;
    out->at[out->n] = span->end;
}

static void flatten_text(enum data_tokenizer by, const char *answer, struct data_flat *out)
{
    struct form_span span = {answer, 0, (int)strlen(answer)};
    data_flatten(by, &span, out);
}

/* A piece of hostile text for a message: whole characters, 24 bytes at most. */
static const char *shown(const char *s, int n, char out[32])
{
    int at = 0;
    for (int i = 0, length; i < n; i += length) {
        length = data_utf8(s + i, (size_t)(n - i));
        if (at + (length ? length : 1) > 24) {
            memcpy(out + at, "...", 3);
            at += 3;
            break;
        }
        if (!length || (unsigned char)s[i] < ' ' || s[i] == 127) {
            out[at++] = '?';
            length = 1;
        } else {
            memcpy(out + at, s + i, (size_t)length);
            at += length;
        }
    }
    out[at] = 0;
    return out;
}

static int gap(const struct data_flat *f, int i)
{
    return i < f->n && f->text[i] == ' ' ? i + 1 : i;
}

/* Digits from *i on into x; point: they stand after the decimal point. Returns how many, -1 when too many
 * count. */
static int read_digits(const struct data_flat *f, int *i, struct number *x, int point)
{
    int count = 0;
    for (; *i < f->n && form_is_digit(f->text[*i]); (*i)++, count++) {
        int is_zero = f->text[*i] == '0';
        if (!x->n && is_zero) {
            x->exponent -= point;
            continue;
        }
        if (x->n == DATA_DIGITS)
            return -1;
        x->digit[x->n++] = f->text[*i];
        x->exponent += !point;
    }
    return count;
}

static int read_exponent(const struct data_flat *f, int *i, struct number *x)
{
    int v = 0, count = 0, negative;
    *i = gap(f, *i + 1);
    negative = *i < f->n && f->text[*i] == '-';
    if (*i < f->n && (f->text[*i] == '-' || f->text[*i] == '+'))
        *i = gap(f, *i + 1);
    for (; *i < f->n && form_is_digit(f->text[*i]); (*i)++, count++)
        if (v < 100000)
            v = v * 10 + (f->text[*i] - '0');
    x->exponent += negative ? -v : v;
    return count;
}

/* The whole of f as a number; 0 where it is none, *at and *why say where and what. */
static int read_number(const struct data_flat *f, struct number *x, int *at, const char **why)
{
    int i = 0, whole, part = 0, exponent = 1;
    *x = (struct number){0};
    *why = "not a decimal number";
    if (f->n && (f->text[0] == '-' || f->text[0] == '+')) {
        x->negative = f->text[0] == '-';
        i = gap(f, 1);
    }
    *at = i;
    whole = read_digits(f, &i, x, 0);
    if (whole > 0 && f->text[gap(f, i)] == '.') {
        i = gap(f, gap(f, i) + 1);
        part = read_digits(f, &i, x, 1);
        exponent = part;
    }
    if (whole < 0 || part < 0) {
        *why = "a number of more digits than are compared";
        return 0;
    }
    if (whole && exponent && (f->text[i] == 'e' || f->text[i] == 'E'))
        exponent = read_exponent(f, &i, x);
    *at = i;
    if (!whole || !exponent || i < f->n)
        return 0;
    while (x->n && x->digit[x->n - 1] == '0')
        x->n--;
    if (!x->n)
        x->negative = x->exponent = 0;
    return 1;
}

static int same_number(const struct number *a, const struct number *b)
{
    return a->negative == b->negative && a->n == b->n && a->exponent == b->exponent &&
           memcmp(a->digit, b->digit, (size_t)a->n) == 0;
}

/* The elements of f; 0 where one is missing or there are too many, *at says where. One that was there is not
 * kept. */
static int read_elements(const struct data_flat *f, struct elements *x, int *at, const char **why)
{
    x->n = 0;
    for (int begin = 0, i = 0; i <= f->n; i++) {
        int b = gap(f, begin), end = i, is_new = 1;
        if (i < f->n && f->text[i] != ',')
            continue;
        if (end > b && f->text[end - 1] == ' ')
            end--;
        *at = b;
        *why = "an element is missing";
        if (end <= b)
            return 0;
        for (int k = 0; k < x->n && is_new; k++)
            is_new = x->end[k] - x->begin[k] != end - b ||
                     memcmp(f->text + x->begin[k], f->text + b, (size_t)(end - b)) != 0;
        *why = "more elements than are compared";
        if (is_new && x->n == DATA_ELEMENTS)
            return 0;
        if (is_new) {
            x->begin[x->n] = b;
            x->end[x->n++] = end;
        }
        begin = i + 1;
    }
    return 1;
}

static int compare_elements(const struct data_flat *f, const struct elements *x, int a,
                            const struct data_flat *g, const struct elements *y, int b)
{
    int n = x->end[a] - x->begin[a], m = y->end[b] - y->begin[b];
    int order = memcmp(f->text + x->begin[a], g->text + y->begin[b], (size_t)(n < m ? n : m));
    return order ? order : n - m;
}

static int has_element(const struct data_flat *f, const struct elements *x, const struct data_flat *g,
                       const struct elements *y, int b)
{
    for (int a = 0; a < x->n; a++)
        if (compare_elements(f, x, a, g, y, b) == 0)
            return 1;
    return 0;
}

static void put_in_order(const struct data_flat *f, struct elements *x)
{
    for (int i = 1; i < x->n; i++)
        for (int k = i; k > 0 && compare_elements(f, x, k, f, x, k - 1) < 0; k--) {
            int begin = x->begin[k], end = x->end[k];
            x->begin[k] = x->begin[k - 1];
            x->end[k] = x->end[k - 1];
            x->begin[k - 1] = begin;
            x->end[k - 1] = end;
        }
}

/* What is voted for: the text itself where it fits, else a hash of it. */
static void vote(const char *s, size_t n, char out[ANSWER_BYTES])
{
    uint64_t h = n;
    if (n < ANSWER_BYTES) {
        memcpy(out, s, n);
        out[n] = 0;
        return;
    }
    for (size_t i = 0; i < n; i++)
        h = hash_u64(h ^ (unsigned char)s[i]);
    snprintf(out, ANSWER_BYTES, "#%016llx", (unsigned long long)h);
}

static void score_exact(const struct data_flat *f, const struct data_flat *want, struct score *out)
{
    char a[32], b[32];
    int i = 0;
    vote(f->text, (size_t)f->n, out->answer);
    while (i < f->n && i < want->n && f->text[i] == want->text[i])
        i++;
    if (i == f->n && i == want->n)
        out->accuracy = 1;
    else
        form_fail(out, f->at[i], "gives %s, wanted %s", shown(f->text, f->n, a),
                  shown(want->text, want->n, b));
}

static void score_numeric(const struct data_flat *f, const struct data_flat *want, struct score *out)
{
    struct number x, y;
    char a[32], b[32], text[DATA_DIGITS + 24];
    const char *why;
    int at, n;
    if (!read_number(f, &x, &at, &why)) {
        form_fail(out, f->at[at], "%s", why);
        return;
    }
    n = snprintf(text, sizeof text, "%s%s%.*se%d", x.negative ? "-" : "", x.n ? "0." : "0", x.n, x.digit,
                 x.exponent);
    vote(text, (size_t)n, out->answer);
    if (read_number(want, &y, &at, &why) && same_number(&x, &y))
        out->accuracy = 1;
    else
        form_fail(out, f->at[0], "gives %s, wanted %s", shown(f->text, f->n, a),
                  shown(want->text, want->n, b));
}

static void score_set(const struct data_flat *f, const struct data_flat *want, struct score *out)
{
    struct elements x, y;
    struct data_flat all;
    const char *why;
    char a[32];
    int at;
    if (!read_elements(f, &x, &at, &why) || !read_elements(want, &y, &at, &why)) {
        form_fail(out, f->at[at], "%s", why);
        return;
    }
    put_in_order(f, &x);
    all.n = 0;
    for (int i = 0; i < x.n; i++) {
        all.text[all.n] = ',';
        all.n += i > 0;
        memcpy(all.text + all.n, f->text + x.begin[i], (size_t)(x.end[i] - x.begin[i]));
        all.n += x.end[i] - x.begin[i];
    }
    vote(all.text, (size_t)all.n, out->answer);
    for (int i = 0, first = -1; i <= x.n; i++) {
        if (i < x.n && !has_element(want, &y, f, &x, i) && (first < 0 || x.begin[i] < x.begin[first]))
            first = i;
        if (i == x.n && first >= 0) {
            form_fail(out, f->at[x.begin[first]], "%s is not in the set",
                      shown(f->text + x.begin[first], x.end[first] - x.begin[first], a));
            return;
        }
    }
    for (int i = 0; i < y.n; i++)
        if (!has_element(f, &x, want, &y, i)) {
            form_fail(out, f->at[f->n], "%s is missing",
                      shown(want->text + y.begin[i], y.end[i] - y.begin[i], a));
            return;
        }
    out->accuracy = 1;
}

void data_score(const void *self, const struct problem *p, const char *completion, size_t n,
                struct score *out)
{
    const struct data *t = self;
    enum data_tokenizer by = (enum data_tokenizer)t->set.tokenizer;
    struct data_flat given, want;
    struct form_span span;
    if (!form_check(completion, n, &span, out))
        return;
    data_flatten(by, &span, &given);
    flatten_text(by, t->item[p->value[0]].plain_answer, &want);
    if (given.n == 0)
        form_fail(out, span.begin, "the answer is empty");
    else if (given.is_longer)
        form_fail(out, span.begin, "the answer is longer than any of the data");
    else if (t->set.match == DATA_NUMERIC)
        score_numeric(&given, &want, out);
    else if (t->set.match == DATA_SET)
        score_set(&given, &want, out);
    else
        score_exact(&given, &want, out);
}

enum status data_answer_check(const struct data_config *set, const char *answer, struct err *e)
{
    struct data_flat f;
    struct number x;
    struct elements s;
    const char *why;
    int at, n = 0;
    for (const char *p = answer; *p; p++)
        n += !form_is_blank(*p);
    flatten_text((enum data_tokenizer)set->tokenizer, answer, &f);
    if (n > DATA_ANSWER || f.n == 0 || f.is_longer)
        return err_set(e, ST_USAGE, "data", "\"answer\" has %d bytes; 1 to %d are possible", n, DATA_ANSWER);
    if (set->match == DATA_NUMERIC && !read_number(&f, &x, &at, &why))
        return err_set(e, ST_USAGE, "data",
                       "\"answer\" is %.40s; data.match = numeric takes a decimal number of at "
                       "most %d digits",
                       answer, DATA_DIGITS);
    if (set->match == DATA_SET && !read_elements(&f, &s, &at, &why))
        return err_set(e, ST_USAGE, "data",
                       "\"answer\": %s; data.match = set takes 1 to %d elements with commas "
                       "between",
                       why, DATA_ELEMENTS);
    return ST_OK;
}

int data_whole(enum data_tokenizer by, const char *answer, int32_t *out)
{
    struct data_flat f;
    struct number x;
    const char *why;
    int64_t v = 0;
    int at;
    flatten_text(by, answer, &f);
    if (!read_number(&f, &x, &at, &why) || x.exponent < x.n || x.exponent > 10)
        return 0;
    for (int i = 0; i < x.exponent; i++)
        v = v * 10 + (i < x.n ? x.digit[i] - '0' : 0);
    if (v > INT32_MAX)
        return 0;
    *out = (int32_t)(x.negative ? -v : v);
    return 1;
}
