/* Writing JSON. */
#include "app/base/json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void separate(struct json_writer *w)
{
    if (w->needs_comma)
        str_add(w->out, ",");
    w->needs_comma = 1;
}

void write_begin(struct json_writer *w, char bracket)
{
    separate(w);
    str_add_n(w->out, &bracket, 1);
    w->needs_comma = 0;
}

void write_end(struct json_writer *w, char bracket)
{
    str_add_n(w->out, &bracket, 1);
    w->needs_comma = 1;
}

void write_key(struct json_writer *w, const char *key)
{
    write_word(w, key);
    str_add(w->out, ":");
    w->needs_comma = 0;
}

void number_text(double v, char out[32])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
}

void write_number(struct json_writer *w, double v)
{
    char text[32] = "null";
    separate(w);
    if (isfinite(v))
        number_text(v, text);
    str_add(w->out, text);
}

void write_numbers(struct json_writer *w, const double *x, int n)
{
    write_begin(w, '[');
    for (int i = 0; i < n; i++)
        write_number(w, x[i]);
    write_end(w, ']');
}

void write_whole(struct json_writer *w, int64_t v)
{
    separate(w);
    str_printf(w->out, "%lld", (long long)v);
}

void write_bool(struct json_writer *w, int v)
{
    separate(w);
    str_add(w->out, v ? "true" : "false");
}

void write_null(struct json_writer *w)
{
    separate(w);
    str_add(w->out, "null");
}

/* Bytes of the valid UTF-8 sequence at s, 0 when there is none (overlong forms, surrogates and what is past
 * U+10FFFF included). */
static size_t valid(const unsigned char *s, size_t n)
{
    size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 :
                    s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (length == 0 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

void write_text(struct json_writer *w, const char *s, size_t n)
{
    const unsigned char *b = (const unsigned char *)s;
    separate(w);
    str_add(w->out, "\"");
    for (size_t i = 0; i < n;) {
        size_t length = valid(b + i, n - i);
        if (b[i] == '"' || b[i] == '\\')
            str_printf(w->out, "\\%c", b[i]);
        else if (b[i] < 0x20 || b[i] == 0x7f)
            str_printf(w->out, "\\u%04x", b[i]);
        else if (length)
            str_add_n(w->out, s + i, length);
        else
            str_add(w->out, "\xef\xbf\xbd");
        i += length ? length : 1;
    }
    str_add(w->out, "\"");
}

void write_word(struct json_writer *w, const char *s)
{
    write_text(w, s, strlen(s));
}
