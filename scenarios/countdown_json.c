/* A Countdown problem as a JSON object, {"numbers":[11,8,7],"target":26}, read and printed by hand:
 * scenarios know no JSON library, and the object is small and fixed.
 *
 * Invariant: a problem that was read has its numbers sorted descending, like one that was drawn. */
#include "scenarios/countdown.h"

#include <ctype.h>
#include <string.h>

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

/* A whole number 0..high; fractions, signs and exponents are refused. */
static int whole(const char **s, int high, int *out)
{
    int v = 0;
    skip(s);
    if (!isdigit((unsigned char)**s))
        return 0;
    for (; isdigit((unsigned char)**s); (*s)++)
        v = v > high ? v : v * 10 + (**s - '0');
    *out = v;
    return v <= high && !strchr(".eE", **s ? **s : ' ');
}

static int numbers(const char **s, int value[COUNTDOWN_NUMBERS], int *n)
{
    *n = 0;
    if (!take(s, '['))
        return 0;
    do {
        if (*n == COUNTDOWN_NUMBERS || !whole(s, COUNTDOWN_LARGEST, &value[*n]))
            return 0;
        (*n)++;
    } while (take(s, ','));
    return take(s, ']');
}

static void sort_descending(int *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && v[j] > v[j - 1]; j--) {
            int swap = v[j];
            v[j] = v[j - 1];
            v[j - 1] = swap;
        }
}

static enum status key(const char **s, char out[16], struct err *e)
{
    size_t n;
    if (!take(s, '"'))
        return err_set(e, ST_USAGE, "countdown", "problem: a key in quotes is missing");
    n = strcspn(*s, "\"");
    if ((*s)[n] != '"' || n >= 16)
        return err_set(e, ST_USAGE, "countdown", "problem: unknown key \"%.20s\"; known: numbers, target",
                       *s);
    memcpy(out, *s, n);
    out[n] = 0;
    *s += n + 1;
    if (!take(s, ':'))
        return err_set(e, ST_USAGE, "countdown", "problem: \"%s\" has no value", out);
    return ST_OK;
}

enum status countdown_parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    const char *s = json;
    int value[COUNTDOWN_NUMBERS], n = 0, target = -1;
    char name[16];
    enum status st;
    (void)self;
    if (!take(&s, '{'))
        return err_set(e, ST_USAGE, "countdown", "problem: no object {\"numbers\":[..],\"target\":n}");
    do {
        if ((st = key(&s, name, e)) != ST_OK)
            return st;
        if (strcmp(name, "numbers") == 0) {
            if (!numbers(&s, value, &n))
                return err_set(e, ST_USAGE, "countdown",
                               "problem: \"numbers\" must be 1 to %d whole numbers 0..%d",
                               COUNTDOWN_NUMBERS, COUNTDOWN_LARGEST);
        } else if (strcmp(name, "target") == 0) {
            if (!whole(&s, COUNTDOWN_TARGET, &target))
                return err_set(e, ST_USAGE, "countdown", "problem: \"target\" must be a whole number 0..%d",
                               COUNTDOWN_TARGET);
        } else {
            return err_set(e, ST_USAGE, "countdown", "problem: unknown key \"%s\"; known: numbers, target",
                           name);
        }
    } while (take(&s, ','));
    if (!take(&s, '}') || (skip(&s), *s))
        return err_set(e, ST_USAGE, "countdown", "problem: the object should end before \"%.20s\"", s);
    if (!n || target < 0)
        return err_set(e, ST_USAGE, "countdown", "problem: \"%s\" is missing", n ? "target" : "numbers");
    sort_descending(value, n);
    memset(out, 0, sizeof *out);
    out->n = n + 1;
    memcpy(out->value, value, (size_t)n * sizeof *value);
    out->value[n] = target;
    return ST_OK;
}

void countdown_print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    str_add(out, "{\"numbers\":[");
    for (int i = 0; i < p->n - 1; i++)
        str_printf(out, i ? ",%d" : "%d", p->value[i]);
    str_printf(out, "],\"target\":%d}", p->value[p->n - 1]);
}
