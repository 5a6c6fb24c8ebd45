/* Growing text. */
#include "engine/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct str *t, size_t more)
{
    size_t need = t->n + more + 1, cap = t->cap ? t->cap : 64;
    char *s;
    if (need <= t->cap)
        return 1;
    while (cap < need)
        cap *= 2;
    s = realloc(t->s, cap);
    if (!s) {
        t->failed = 1;
        return 0;
    }
    t->s = s;
    t->cap = cap;
    return 1;
}

void str_free(struct str *t)
{
    free(t->s);
    memset(t, 0, sizeof *t);
}

void str_clear(struct str *t)
{
    t->n = 0;
    t->failed = 0;
    if (t->s)
        t->s[0] = 0;
}

void str_add_n(struct str *t, const char *s, size_t n)
{
    if (!reserve(t, n))
        return;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void str_add(struct str *t, const char *s)
{
    str_add_n(t, s, strlen(s));
}

void str_printf(struct str *t, const char *fmt, ...)
{
    va_list ap, again;
    int n;
    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
        t->n += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

void str_word(struct str *t, const char *s)
{
    if (t->n)
        str_add_n(t, " ", 1);
    str_add(t, s);
}

const char *str_c(const struct str *t)
{
    return t->s ? t->s : "";
}
