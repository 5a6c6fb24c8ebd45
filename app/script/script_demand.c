/* Demands as they are written: what a line of a script waits for or expects, read into clauses. When they hold is
 * told in script_wait.c. */
#include "app/script/script_demand.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/args.h"
#include "app/script/script.h"

static const char *const traits[] = {"reward",      "advantage", "accuracy", "format",   "length", "waits",
                                     "aha",         "tested",    "verified", "along",    NULL};
static const char *const operators[] = {"<", "<=", ">", ">=", "=="};

static const char *const heads[] = {"text", "idle", "stage", "state", "screen", "preset", "setting", "trace"};
static const enum clause_kind head_kind[] = {CLAUSE_TEXT,   CLAUSE_IDLE,   CLAUSE_STAGE,   CLAUSE_STATE,
                                             CLAUSE_SCREEN, CLAUSE_PRESET, CLAUSE_SETTING, CLAUSE_TRACE};

/* The next word at *p: signs, a quoted text, or letters up to a blank or a sign. Returns whether there is
 * one. */
static int next_word(const char **p, char out[CLAUSE_BYTES], int *is_quoted)
{
    const char *s = *p + strspn(*p, " \t");
    size_t n;

    *is_quoted = *s == '"';
    if (*is_quoted) {
        n = strcspn(s + 1, "\"");
        snprintf(out, CLAUSE_BYTES, "%.*s", (int)n, s + 1);
        *p = s + 1 + n + (s[1 + n] == '"');
        return 1;
    }
    n = strspn(s, "<>=");
    if (!n)
        n = strcspn(s, " \t<>=");
    snprintf(out, CLAUSE_BYTES, "%.*s", (int)n, s);
    *p = s + n;
    return n > 0;
}

/* The end of the clause at s: the word `and` or `timeout` outside of quotes, or the end. */
static const char *clause_end(const char *s, char joiner[CLAUSE_BYTES])
{
    char word[CLAUSE_BYTES];
    int quoted;

    for (;;) {
        const char *from = s;
        if (!next_word(&s, word, &quoted)) {
            joiner[0] = 0;
            return from;
        }
        if (!quoted && (!strcmp(word, "and") || !strcmp(word, "timeout"))) {
            snprintf(joiner, CLAUSE_BYTES, "%s", word);
            return from;
        }
    }
}

static enum status parse_operator(struct clause *c, const char *after, const char **p, struct err *e)
{
    char word[CLAUSE_BYTES], *end;
    int quoted;
    size_t i;

    if (!next_word(p, word, &quoted))
        return err_set(e, ST_USAGE, "script", "after '%.40s' an operator (< <= > >= ==) is missing", after);
    for (i = 0; i < sizeof operators / sizeof *operators && strcmp(word, operators[i]); i++)
        ;
    if (i == sizeof operators / sizeof *operators)
        return err_set(e, ST_USAGE, "script",
                       "after '%.40s': '%.20s' is no operator; there are < <= > >= ==", after, word);
    c->op = (enum condition_op[]){OP_LESS, OP_LESS_EQUAL, OP_MORE, OP_MORE_EQUAL, OP_EQUAL}[i];
    if (!next_word(p, word, &quoted))
        return err_set(e, ST_USAGE, "script", "after '%.40s' a number is missing", after);
    c->number = strtod(word, &end);
    if (*end || end == word) {
        c->number = NAN;
        if (c->kind != CLAUSE_SETTING || c->op != OP_EQUAL)
            return err_set(e, ST_USAGE, "script", "'%.40s' is not a number", word);
    }
    snprintf(c->value, sizeof c->value, "%.*s", (int)sizeof c->value - 1, word);
    return ST_OK;
}

static const char *trait_name(int i)
{
    return traits[i];
}

/* What a clause's word has to be one of, where that is known in advance. */
static enum status check_word(const struct clause *c, struct err *e)
{
    int i;

    if (c->kind == CLAUSE_STAGE && stage_find(c->text) < 0)
        return err_set(e, ST_USAGE, "script", "there is no stage '%.40s', but base, cold, reward, dpo, grpo", c->text);
    for (i = RUN_IDLE; c->kind == CLAUSE_STATE && strcmp(c->text, run_state_name((enum run_state)i)); i++)
        if (i == RUN_FAILED)
            return err_set(e, ST_USAGE, "script", "there is no state '%.40s', but running, paused, done, ...",
                           c->text);
    for (i = 0; c->kind == CLAUSE_SCREEN && strcmp(c->text, screen_row((enum screen_id)i)->name); i++)
        if (i == SCREEN_N - 1)
            return err_set(e, ST_USAGE, "script",
                           "there is no screen '%.40s', but dashboard, group, trace, ...", c->text);
    return ST_OK;
}

static enum status parse_clause(struct clause *c, const char *text, struct err *e)
{
    char word[CLAUSE_BYTES], hint[64];
    const char *p = text;
    int quoted;
    enum status st = ST_OK;
    size_t i;

    memset(c, 0, sizeof *c);
    if (!next_word(&p, word, &quoted))
        return err_set(e, ST_USAGE, "script",
                       "a condition is missing: a metric, idle, text \"...\", stage NAME, ...");
    if (!quoted && !strcmp(word, "not")) {
        c->is_not = 1;
        text = p;
        next_word(&p, word, &quoted);
    }
    for (i = 0; i < sizeof heads / sizeof *heads && (quoted || strcmp(word, heads[i])); i++)
        ;
    if (i == sizeof heads / sizeof *heads) {
        c->kind = CLAUSE_CONDITION;
        return condition_parse(&c->condition, text, e);
    }
    c->kind = head_kind[i];
    if (c->kind != CLAUSE_IDLE && (!next_word(&p, c->text, &quoted) || !c->text[0]))
        return err_set(e, ST_USAGE, "script", "after '%s' comes %s", heads[i],
                       c->kind == CLAUSE_TEXT ? "a text in quotes" : "a name");
    if (c->kind == CLAUSE_TRACE) {
        for (c->quantity = 0; traits[c->quantity] && strcmp(c->text, traits[c->quantity]); c->quantity++)
            ;
        if (!traits[c->quantity]) {
            near_hint(c->text, trait_name, hint, sizeof hint);
            return err_set(e, ST_USAGE, "script",
                           "a trace has reward, advantage, length, aha, ..., not '%.40s'%s", c->text, hint);
        }
    }
    st = check_word(c, e);
    if (!st && (c->kind == CLAUSE_SETTING || c->kind == CLAUSE_TRACE))
        st = parse_operator(c, c->text, &p, e);
    if (!st && next_word(&p, word, &quoted))
        return err_set(e, ST_USAGE, "script", "'%.40s' stands where `and` or the end is expected", word);
    return st;
}

enum status demand_parse(struct demand *w, const char *text, struct err *e)
{
    char joiner[CLAUSE_BYTES], part[512], *end;
    int i;

    memset(w, 0, sizeof *w);
    w->timeout = NAN;
    do {
        const char *stop = clause_end(text, joiner);
        if (w->n == DEMAND_CLAUSES)
            return err_set(e, ST_USAGE, "script", "more than %d conditions joined by `and`", DEMAND_CLAUSES);
        snprintf(part, sizeof part, "%.*s", (int)(stop - text), text);
        if (parse_clause(&w->clause[w->n++], part, e))
            return ST_USAGE;
        text = stop + strspn(stop, " \t") + strlen(joiner);
    } while (!strcmp(joiner, "and"));
    /* `and` binds tighter than `or`, which only the metrics' own conditions know. */
    for (i = 0; i < w->n && w->n > 1; i++)
        if (w->clause[i].kind == CLAUSE_CONDITION && w->clause[i].condition.n > 1)
            return err_set(e, ST_USAGE, "script", "`or` and `and` do not mix in a script; write two lines");
    if (joiner[0]) {
        w->timeout = strtod(text, &end);
        if (end == text || end[strspn(end, " \t")] || !(w->timeout >= 0))
            return err_set(e, ST_USAGE, "script", "after timeout comes a number of seconds, not '%.40s'",
                           text + strspn(text, " \t"));
    }
    return ST_OK;
}

int demand_needs_screen(const struct demand *w)
{
    int i;

    for (i = 0; i < w->n; i++)
        if (w->clause[i].kind == CLAUSE_TEXT)
            return 1;
    return 0;
}
