/* The think/answer form: as a verdict on a completion, and as the words of a document.
 *
 * Checks run in a fixed order and the first that fails gives `at` and `why`. The text is hostile: nothing
 * here recurses, allocates or reads past its end. */
#include "scenarios/form.h"

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

void form_begin(struct score *out)
{
    *out = (struct score){.language = out->language, .at = -1};
}

void form_trim(struct form_span *x)
{
    while (x->end > x->begin && form_is_blank(x->text[x->end - 1]))
        x->end--;
    x->begin = form_skip(x->text, x->begin, x->end);
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
    form_begin(out);
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
    *answer = (struct form_span){s, begin, end};
    form_trim(answer);
    out->format = 1;
    return 1;
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

void form_prompt(void (*write)(const struct problem *p, struct document *out), const struct problem *p,
                 struct str *out)
{
    struct document d = {0};
    write(p, &d);
    str_add(out, str_c(&d.text));
    out->failed |= d.text.failed;
    document_free(&d);
}
