/* Conditions and people: the numbers that a condition rests on, and completion of one that is being typed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/session/condition.h"

static const char *term_name(const struct condition_term *t)
{
    switch (t->quantity) {
    case Q_STEP:
        return "step";
    case Q_NONFINITE:
        return "nonfinite";
    case Q_AHA_VERIFIED:
        return "aha.verified";
    default:
        return t->op == OP_EVENT && t->quantity == M_FLAT ? "group.flat" : metric_row(t->quantity)->name;
    }
}

/* Four digits: a bound is named with few, and the value has to be seen to lie beyond it. */
static void put_value(struct str *out, const struct condition_term *t, const struct measured *m)
{
    double x = m->latest[t->quantity];

    if (isnan(x))
        str_add(out, "not measured");
    else if (t->quantity == Q_NONFINITE)
        str_add(out, "a number is not finite");
    else if (t->quantity == Q_AHA_VERIFIED)
        str_add(out, x > 0 ? "verified" : "none verified");
    else if (t->op == OP_CROSSES)
        str_printf(out, "%.4g to %.4g", m->before[t->quantity], x);
    else
        str_printf(out, "%.4g%s", x,
                   t->op != OP_EVENT          ? ""
                   : t->quantity == M_FLAT    ? " of the groups"
                                              : " of the traces");
}

/* The terms between two `or`s. */
static int part_end(const struct condition *c, int first)
{
    int end = first + 1;

    while (end < c->n && !c->term[end].is_after_or)
        end++;
    return end;
}

const char *condition_why(const struct condition *c, const struct measured *m, char *out, size_t bytes)
{
    struct str text = {0};
    int first = 0, end = c->n, i;

    /* Of a disjunction the part that holds. */
    for (i = 0; i < c->n; i = part_end(c, i)) {
        struct condition part = {.n = part_end(c, i) - i};
        memcpy(part.term, c->term + i, (size_t)part.n * sizeof *part.term);
        part.term[0].is_after_or = 0;
        if (condition_holds(&part, m)) {
            first = i;
            end = i + part.n;
            break;
        }
    }
    for (i = first; i < end; i++) {
        if (i > first)
            str_add(&text, ", ");
        if (c->n > 1)
            str_printf(&text, "%s ", term_name(&c->term[i]));
        put_value(&text, &c->term[i], m);
    }
    if (c->n == 1 && c->term[0].quantity == Q_STEP) {
        str_clear(&text);
        str_add(&text, "reached");
    }
    snprintf(out, bytes, "%s", str_c(&text));
    str_free(&text);
    return out;
}

static void offer(struct str *out, const char *prefix, const char *word)
{
    if (!strncmp(word, prefix, strlen(prefix)))
        str_printf(out, "%s\n", word);
}

static void offer_all(struct str *out, const char *prefix, const char *const *words)
{
    for (; *words; words++)
        offer(out, prefix, *words);
}

static void offer_quantities(struct str *out, const char *prefix)
{
    static const char *const events[] = {"step", "aha", "aha.verified", "group.flat", "nonfinite", NULL};
    static const char *const usual[] = {"reward", "kl", "entropy", "grad_norm", "pass@1", "maj@k",
                                        "completions/mean_length", NULL};
    int i;

    offer_all(out, prefix, events);
    if (!*prefix) { /* not all of some seventy */
        offer_all(out, prefix, usual);
        return;
    }
    for (i = 0; i < METRIC_N; i++) {
        if (i == M_AHA)
            continue;
        offer(out, prefix, metric_row(i)->name);
        if (metric_row(i)->alias)
            offer(out, prefix, metric_row(i)->alias);
    }
}

/* The last word of a text and what it is. */
enum last { LAST_NONE, LAST_QUANTITY, LAST_EVENT, LAST_BOTH, LAST_OPERATOR, LAST_NUMBER };

static enum last last_word(const char *before)
{
    char word[64] = "";
    size_t n;

    for (;;) {
        before += strspn(before, " \t");
        n = strcspn(before, " \t");
        if (!n)
            break;
        snprintf(word, sizeof word, "%.*s", (int)n, before);
        before += n;
    }
    if (!*word || !strcmp(word, "and") || !strcmp(word, "or"))
        return LAST_NONE;
    if (!strcmp(word, "aha"))
        return LAST_BOTH;
    if (!strcmp(word, "aha.verified") || !strcmp(word, "group.flat") || !strcmp(word, "nonfinite"))
        return LAST_EVENT;
    if (!strcmp(word, "step") || metric_find(word) >= 0)
        return LAST_QUANTITY;
    return strchr("<>=", word[strlen(word) - 1]) || !strcmp(word, "crosses") ? LAST_OPERATOR : LAST_NUMBER;
}

void condition_complete(const char *before, const char *prefix, struct str *out)
{
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", "crosses", NULL};
    static const char *const joiners[] = {"and", "or", NULL};
    enum last last = last_word(before);

    if (last == LAST_NONE)
        offer_quantities(out, prefix);
    if (last == LAST_QUANTITY || last == LAST_BOTH)
        offer_all(out, prefix, ops);
    if (last == LAST_EVENT || last == LAST_BOTH || last == LAST_NUMBER)
        offer_all(out, prefix, joiners);
}
