/* One line of a data file: a JSON object of three keys, read strictly.
 *
 * JSON is read by hand, for scenarios know no JSON library and a fault must be told by key and column.
 * Nothing recurses: a value is a text, a number or a flat list of them. Texts are checked to be UTF-8 and
 * free of NUL, so that all that follows may treat them as terminated text. */
#include <stdlib.h>
#include <string.h>

#include "scenarios/data.h"

struct reader {
    const char *s;
    size_t n, at;
    const char *key;      /* whose value is read, "" before any */
    struct err *e;
};

void data_line_free(struct data_line *l)
{
    str_free(&l->prompt);
    str_free(&l->answer);
    str_free(&l->reason);
    *l = (struct data_line){0};
}

int data_utf8(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned c;
    int more;
    if (!n || u[0] < 128)
        return n > 0;
    more = u[0] >= 0xc2 && u[0] < 0xe0   ? 1
           : u[0] >= 0xe0 && u[0] < 0xf0 ? 2
           : u[0] >= 0xf0 && u[0] < 0xf5 ? 3
                                         : 0;
    if (!more || n < (size_t)more + 1)
        return 0;
    c = u[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    /* The shortest form only, no halves of pairs, nothing beyond Unicode. */
    if (c < (more == 1   ? 0x80u
             : more == 2 ? 0x800u
                         : 0x10000u) ||
        (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
        return 0;
    return more + 1;
}

static enum status fault(struct reader *r, const char *what)
{
    if (r->key[0])
        return err_set(r->e, ST_USAGE, "data", "\"%s\", column %zu: %s", r->key, r->at + 1, what);
    return err_set(r->e, ST_USAGE, "data", "column %zu: %s", r->at + 1, what);
}

static void skip(struct reader *r)
{
    while (r->at < r->n && strchr(" \t\r", r->s[r->at]) && r->s[r->at])
        r->at++;
}

static int take(struct reader *r, char c)
{
    skip(r);
    if (r->at == r->n || r->s[r->at] != c)
        return 0;
    r->at++;
    return 1;
}

/* Four hex digits at r->at; -1 when they are not there. */
static int hex(struct reader *r)
{
    int v = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->n ? r->s[r->at] : 0;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

static void add_character(struct str *out, unsigned c)
{
    char u[4];
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, c >>= 6)
        u[i] = (char)(0x80 | (c & 0x3f));
    u[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
    str_add_n(out, u, (size_t)n);
}

/* After a backslash. */
static enum status escape(struct reader *r, struct str *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->n ? r->s[r->at] : 0;
    const char *p = c ? strchr(from, c) : NULL;
    int v, low;
    if (p) {
        r->at++;
        str_add_n(out, &to[p - from], 1);
        return ST_OK;
    }
    if (c != 'u')
        return fault(r, "after \\ may stand \" \\ / b f n r t or u and four hex digits");
    r->at++;
    v = hex(r);
    if (v < 0)
        return fault(r, "\\u takes four hex digits");
    if (v == 0)
        return fault(r, "a NUL is not allowed in a text");
    if (v >= 0xd800 && v < 0xe000) {
        low = -1;
        if (v < 0xdc00 && r->n - r->at >= 6 && r->s[r->at] == '\\' && r->s[r->at + 1] == 'u') {
            r->at += 2;
            low = hex(r);
        }
        if (low < 0xdc00 || low >= 0xe000)
            return fault(r, "half of a surrogate pair");
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    }
    add_character(out, (unsigned)v);
    return ST_OK;
}

/* From behind the opening quote to behind the closing one. */
static enum status text(struct reader *r, struct str *out)
{
    while (r->at < r->n) {
        int length = data_utf8(r->s + r->at, r->n - r->at);
        char c = r->s[r->at];
        enum status st;
        if (c == '"') {
            r->at++;
            return ST_OK;
        }
        if (!length)
            return fault(r, "not UTF-8");
        if ((unsigned char)c < ' ')
            return fault(r, "a control character in a text is written \\n, \\t or \\u00XX");
        r->at += (size_t)length;
        if (c == '\\') {
            if ((st = escape(r, out)) != ST_OK)
                return st;
        } else {
            str_add_n(out, r->s + r->at - length, (size_t)length);
        }
    }
    return fault(r, "the text has no closing \"");
}

static size_t digits(struct reader *r)
{
    size_t from = r->at;
    while (r->at < r->n && form_is_digit(r->s[r->at]))
        r->at++;
    return r->at - from;
}

static int sees(const struct reader *r, const char *any)
{
    return r->at < r->n && r->s[r->at] && strchr(any, r->s[r->at]) != NULL;
}

/* -?digits[.digits][e[+-]digits], as it is written. */
static enum status number(struct reader *r, struct str *out)
{
    size_t begin = r->at, whole;
    int zero, holds;
    r->at += (size_t)sees(r, "-");
    zero = sees(r, "0");
    whole = digits(r);
    holds = whole > 0 && !(zero && whole > 1);
    if (holds && sees(r, ".")) {
        r->at++;
        holds = digits(r) > 0;
    }
    if (holds && sees(r, "eE")) {
        r->at++;
        r->at += (size_t)sees(r, "+-");
        holds = digits(r) > 0;
    }
    if (!holds)
        return fault(r,
                     "a number is digits without a 0 in front, perhaps with -, a fraction and an exponent");
    str_add_n(out, r->s + begin, r->at - begin);
    return ST_OK;
}

static enum status plain(struct reader *r, struct str *out, const char *allowed)
{
    if (take(r, '"'))
        return text(r, out);
    if (r->at < r->n && (form_is_digit(r->s[r->at]) || r->s[r->at] == '-') && strchr(allowed, '1'))
        return number(r, out);
    return fault(r, strchr(allowed, '[') ? "takes a text, a number, or a list of them"
                    : strchr(allowed, '1') ? "takes a text or a number" : "takes a text");
}

/* A text; of an answer also a number; of a set also a list. */
static enum status value(struct reader *r, struct str *out, const char *allowed)
{
    enum status st;
    if (!strchr(allowed, '[') || !take(r, '['))
        return plain(r, out, allowed);
    do {
        size_t begin;
        if (out->n)
            str_add(out, ",");
        begin = out->n;
        if ((st = plain(r, out, "1")) != ST_OK)
            return st;
        if (out->n && memchr(str_c(out) + begin, ',', out->n - begin))
            return fault(r, "an element of the list has a comma in it");
    } while (take(r, ','));
    return take(r, ']') ? ST_OK : fault(r, "the list ends with ]");
}

static enum status member(struct reader *r, struct data_line *l, enum data_match match)
{
    static const char *const name[] = {"prompt", "answer", "reasoning"};
    const char *allowed[] = {"\"", match == DATA_SET ? "\"1[" : "\"1", "\""};
    struct str *out[] = {&l->prompt, &l->answer, &l->reason};
    int *has[] = {&l->has_prompt, &l->has_answer, &l->has_reason};
    struct str key = {0};
    enum status st;
    int i;
    r->key = "";
    if (!take(r, '"'))
        return fault(r, "a key in quotes is missing");
    st = text(r, &key);
    for (i = 0; i < 3 && strcmp(str_c(&key), name[i]); i++)
        ;
    if (!st && i == 3)
        st = err_set(r->e, ST_USAGE, "data", "unknown key \"%.40s\"; known are prompt, answer, reasoning",
                     str_c(&key));
    str_free(&key);
    if (st)
        return st;
    r->key = name[i];
    if (*has[i])
        return fault(r, "stands twice");
    if (!take(r, ':'))
        return fault(r, "a colon and a value are missing");
    *has[i] = 1;
    return value(r, out[i], allowed[i]);
}

enum status data_line_read(struct data_line *l, const char *s, size_t n, enum data_match match, struct err *e)
{
    struct reader r = {s, n, 0, "", e};
    enum status st;
    data_line_free(l);
    if (!take(&r, '{'))
        return fault(&r, "a line is an object {\"prompt\":\"..\",\"answer\":\"..\"}");
    do {
        if ((st = member(&r, l, match)) != ST_OK)
            return st;
    } while (take(&r, ','));
    r.key = "";
    if (!take(&r, '}'))
        return fault(&r, "the object ends with }");
    skip(&r);
    if (r.at != n)
        return fault(&r, "more text after the object");
    if (l->prompt.failed || l->answer.failed || l->reason.failed)
        return err_set(e, ST_NOMEM, "data", "no memory for a line");
    if (!l->has_prompt || !l->has_answer)
        return err_set(e, ST_USAGE, "data",
                       "\"%s\" is missing; a line has prompt and answer, and may have reasoning",
                       l->has_prompt ? "answer" : "prompt");
    return ST_OK;
}
