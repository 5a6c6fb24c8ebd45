/* Conditions: a flat list of terms, as both joiners together need no tree: the list is a disjunction of runs
 * of terms without an `or` between them. */
#include "app/session/condition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/args.h"

static const struct {
    const char *name;
    int quantity;
} events[] = {
    {"aha", M_AHA},
    {"aha.verified", Q_AHA_VERIFIED},
    {"group.flat", M_FLAT},
    {"nonfinite", Q_NONFINITE},
};

static const struct {
    const char *name;
    enum condition_op op;
} ops[] = {
    {"<=", OP_LESS_EQUAL}, {">=", OP_MORE_EQUAL}, {"==", OP_EQUAL},
    {"<", OP_LESS},        {">", OP_MORE},        {"crosses", OP_CROSSES},
};

enum { WORD_BYTES = 64 };

/* The next word: a run of the signs < > =, or of other characters up to a blank or a sign. 0: the end. */
static int next_word(const char **p, char out[WORD_BYTES])
{
    size_t n;
    *p += strspn(*p, " \t\n");
    n = strspn(*p, "<>=");
    if (n == 0)
        n = strcspn(*p, " \t\n<>=");
    snprintf(out, WORD_BYTES, "%.*s", (int)n, *p);
    *p += n;
    return n > 0;
}

/* What a mistyped word may have meant. */
static const char *quantity_name(int i)
{
    static const char *const more[] = {"step", "group.flat", "nonfinite", "aha.verified", NULL};
    return i < METRIC_N ? metric_row(i)->name : more[i - METRIC_N];
}

static int find_quantity(const char *word)
{
    return strcmp(word, "step") == 0 ? Q_STEP : metric_find(word);
}

static int find_event(const char *word)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (strcmp(word, events[i].name) == 0)
            return events[i].quantity;
    return -1;
}

static int find_op(const char *word)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(word, ops[i].name) == 0)
            return (int)ops[i].op;
    return -1;
}

static int is_joiner(const char *word)
{
    return strcmp(word, "and") == 0 || strcmp(word, "or") == 0;
}

/* One term at *p. */
static enum status parse_term(const char **p, struct condition_term *t, struct err *e)
{
    char word[WORD_BYTES], op[WORD_BYTES], number[WORD_BYTES], hint[64], *end;
    const char *ahead;
    int event, found;
    if (!next_word(p, word) || is_joiner(word) || find_op(word) >= 0)
        return err_set(e, ST_USAGE, "condition",
                       word[0] ? "a metric or an event is missing before '%.40s'"
                               : "a metric or an event is missing at the end%.0s",
                       word);
    ahead = *p;
    event = find_event(word);
    t->quantity = find_quantity(word);
    if (event < 0 && t->quantity < 0) {
        near_hint(word, quantity_name, hint, sizeof hint);
        return err_set(e, ST_USAGE, "condition", "there is no metric or event '%.40s'%s", word,
                       hint[0] ? hint : "; `grpolab settings` lists them");
    }
    if (!next_word(&ahead, op) || is_joiner(op)) {
        if (event < 0)
            return err_set(e, ST_USAGE, "condition",
                           "'%.40s' needs an operator (< <= > >= == crosses) and a number", word);
        *t = (struct condition_term){.quantity = event, .op = OP_EVENT};
        return ST_OK;
    }
    found = find_op(op);
    if (t->quantity == Q_STEP && op[strspn(op, "0123456789")] == 0) { /* `step 120` */
        *t = (struct condition_term){.quantity = Q_STEP, .op = OP_EQUAL, .number = strtod(op, NULL)};
        *p = ahead;
        return ST_OK;
    }
    if (found < 0 || t->quantity < 0)
        return err_set(e, ST_USAGE, "condition",
                       t->quantity < 0
                           ? "'%.40s' is an event and takes no operator '%.20s'"
                           : "after '%.40s': '%.20s' is no operator; there are < <= > >= == crosses",
                       word, op);
    t->op = (enum condition_op)found;
    if (!next_word(&ahead, number))
        return err_set(e, ST_USAGE, "condition", "after '%.40s %.20s' a number is missing", word, op);
    t->number = strtod(number, &end);
    if (end == number || *end || !isfinite(t->number))
        return err_set(e, ST_USAGE, "condition", "'%.40s' is not a number", number);
    *p = ahead;
    return ST_OK;
}

enum status condition_parse(struct condition *c, const char *text, struct err *e)
{
    char word[WORD_BYTES];
    int is_or = 0;
    memset(c, 0, sizeof *c);
    for (;;) {
        enum status st;
        if (c->n == CONDITION_TERMS)
            return err_set(e, ST_USAGE, "condition", "more than %d terms", CONDITION_TERMS);
        st = parse_term(&text, &c->term[c->n], e);
        if (st)
            return st;
        c->term[c->n++].is_after_or = is_or;
        if (!next_word(&text, word))
            return ST_OK;
        if (!is_joiner(word))
            return err_set(e, ST_USAGE, "condition", "'%.40s' stands where `and` or `or` is expected", word);
        is_or = word[0] == 'o';
    }
}

static int term_holds(const struct condition_term *t, const struct measured *m)
{
    double x = m->latest[t->quantity], before = m->before[t->quantity];
    switch (t->op) {
    case OP_LESS:
        return x < t->number;
    case OP_LESS_EQUAL:
        return x <= t->number;
    case OP_MORE:
        return x > t->number;
    case OP_MORE_EQUAL:
        return x >= t->number;
    case OP_EQUAL:
        return x == t->number;
    case OP_CROSSES:
        return !isnan(x) && !isnan(before) && (x >= t->number) != (before >= t->number);
    default:
        return x > 0;
    }
}

int condition_holds(const struct condition *c, const struct measured *m)
{
    int all = c->n > 0;
    for (int i = 0; i < c->n; i++) {
        if (c->term[i].is_after_or) {
            if (all)
                return 1;
            all = 1;
        }
        all = all && term_holds(&c->term[i], m);
    }
    return all;
}

int condition_uses(const struct condition *c, int quantity)
{
    for (int i = 0; i < c->n; i++)
        if (c->term[i].quantity == quantity)
            return 1;
    return 0;
}

int condition_has_event(const struct condition *c)
{
    for (int i = 0; i < c->n; i++)
        if (c->term[i].op == OP_EVENT)
            return 1;
    return 0;
}

int condition_measures(const struct condition *c, const double *metric)
{
    int others = 0;
    for (int i = 0; i < c->n; i++) {
        int q = c->term[i].quantity;
        others += q != Q_STEP;
        if (q < METRIC_N ? !isnan(metric[q]) : q == Q_AHA_VERIFIED || q == Q_NONFINITE)
            return 1;
    }
    return !others;
}
