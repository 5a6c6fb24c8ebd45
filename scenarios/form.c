/* The think/answer form as a verdict, and problems as small JSON objects.
 *
 * Checks run in a fixed order and the first that fails gives `at` and `why`. The text is hostile: nothing
 * here recurses, allocates or reads past its end. JSON is read by hand: scenarios know no JSON library, and
 * the objects are small and fixed. */
#include "scenarios/form.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum tag { TAG_NONE, THINK, THINK_END, ANSWER, ANSWER_END };

static const char *const tag_text[] = {"", "<think>", "</think>", "<answer>", "</answer>"};

int form_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int form_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int form_skip(const char *s, int i, int end)
{
    while (i < end && form_is_blank(s[i]))
        i++;
    return i;
}

int form_fail(struct score *out, int at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out->why, sizeof out->why, fmt, ap);
    va_end(ap);
    out->at = at;
    return 0;
}

int form_unexpected(struct score *out, int at, char c, const char *what)
{
    if (c > ' ' && c < 127)
        return form_fail(out, at, "'%c' is not part of %s", c, what);
    return form_fail(out, at, "byte 0x%02x is not part of %s", (unsigned)(unsigned char)c, what);
}

static enum tag tag_at(const char *s, int i, int n)
{
    for (int t = THINK; t <= ANSWER_END; t++) {
        int len = (int)strlen(tag_text[t]);
        if (n - i >= len && memcmp(s + i, tag_text[t], (size_t)len) == 0)
            return (enum tag)t;
    }
    return TAG_NONE;
}

/* The next tag at or after i; *at is where it stands, n if there is none. */
static enum tag next_tag(const char *s, int i, int n, int *at)
{
    while (i < n) {
        const char *p = memchr(s + i, '<', (size_t)(n - i));
        enum tag t;
        if (!p)
            break;
        i = (int)(p - s);
        t = tag_at(s, i, n);
        if (t != TAG_NONE) {
            *at = i;
            return t;
        }
        i++;
    }
    *at = n;
    return TAG_NONE;
}

static int end_of(enum tag t, int at)
{
    return at + (int)strlen(tag_text[t]);
}

/* From the start to behind <answer>; its place in *i. */
static int check_opening(const char *s, int n, int *i, struct score *out)
{
    int at;
    enum tag t = next_tag(s, 0, n, &at);
    if (t == TAG_NONE)
        return form_fail(out, n, "cut off: no </think>");
    if (t == THINK)
        return form_fail(out, at, "<think> again in the thoughts");
    if (t != THINK_END)
        return form_fail(out, at, "%s before </think>", tag_text[t]);
    at = form_skip(s, end_of(t, at), n);
    if (at == n)
        return form_fail(out, n, "cut off: no <answer>");
    t = tag_at(s, at, n);
    if (t == TAG_NONE)
        return form_fail(out, at, "text between </think> and <answer>");
    if (t != ANSWER)
        return form_fail(out, at, t == THINK_END ? "%s twice" : "%s where <answer> should be", tag_text[t]);
    *i = end_of(t, at);
    return 1;
}

int form_check(const char *s, size_t bytes, struct form_span *answer, struct score *out)
{
    int n = bytes > INT_MAX ? INT_MAX : (int)bytes, begin = 0, end, at;
    enum tag t;
    *out = (struct score){.at = -1};
    if (!check_opening(s, n, &begin, out))
        return 0;
    t = next_tag(s, begin, n, &end);
    if (t == TAG_NONE)
        return form_fail(out, n, "</answer> missing");
    if (t != ANSWER_END)
        return form_fail(out, end, t == THINK ? "%s in the answer" : "%s twice", tag_text[t]);
    at = form_skip(s, end_of(t, end), n);
    if (at < n) {
        t = tag_at(s, at, n);
        if (t == TAG_NONE)
            return form_fail(out, at, "text after </answer>");
        return form_fail(out, at, t == THINK ? "%s after </answer>" : "%s twice", tag_text[t]);
    }
    while (end > begin && form_is_blank(s[end - 1]))
        end--;
    *answer = (struct form_span){s, form_skip(s, begin, end), end};
    out->format = 1;
    return 1;
}

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
        return skip(s), 0;
    for (; isdigit((unsigned char)**s); (*s)++)
        v = v > INT32_MAX ? v : v * 10 + (**s - '0');
    if (negative)
        v = -v;
    if (v < key->low || v > key->high || (**s && strchr(".eE", **s)))
        return 0;
    *out = (int32_t)v;
    return 1;
}

static enum status unknown(const char *task, const char *name, size_t n, const struct form_key *key,
                           int key_n,
                           struct err *e)
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
                          int32_t *value,
                          int *at, struct err *e)
{
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
    if (!whole(s, &key[*at], &value[*at]))
        return err_set(e, ST_USAGE, task, "problem: \"%s\" must be a whole number %d..%d", key[*at].name,
                       (int)key[*at].low, (int)key[*at].high);
    return ST_OK;
}

enum status form_parse(const char *task, const char *json, const struct form_key *key, int key_n,
                       int32_t *value,
                       struct err *e)
{
    const char *s = json;
    unsigned seen = 0;
    int at = 0;
    enum status st;
    if (!take(&s, '{'))
        return err_set(e, ST_USAGE, task, "problem: no object {\"%s\":n,..}", key[0].name);
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
    for (int i = 0; i < key_n; i++)
        str_printf(out, "%s\"%s\":%d", i ? "," : "{", key[i].name, (int)value[i]);
    str_add(out, "}");
}
