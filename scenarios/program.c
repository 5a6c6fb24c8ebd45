/* The task of finding a program of a small stack language from examples: its settings and vocabulary, its
 * problems as JSON, and its row for the registry.
 *
 * A whole number is one token, its sign included; the vocabulary has those from -value_max to value_max.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_WORD = 12, TRIES = 20000, HELD_OUT = 300 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct program_config, field), initial, low, high, NULL, flags, meaning}
#define BOOL(field, initial, flags, meaning) \
    {#field, SET_BOOL, offsetof(struct program_config, field), initial, 0, 1, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct program_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(input_max, 9, 2, PROGRAM_INPUT, SET_START, "inputs of the examples are numbers from 1 to this"),
    INT(constant_max, 5, 2, PROGRAM_INPUT, SET_START, "constants in programs are at most this"),
    INT(first_parts, 4, 2, PROGRAM_FIRSTS, SET_START,
        "programs begin with one of the first so many of add, sub, mul, swap sub, drop, swap drop"),
    INT(value_max, 60, 20, PROGRAM_PUSH, SET_SHAPE,
        "numbers of an example's run are at most this, either way"),
    INT(held_out_every, 8, 2, 1000, SET_START,
        "1 pair of examples in this many is held out, by a hash of it"),
    INT(held_out_cap, HELD_OUT, 1, 10000, SET_START, "held-out problems at most"),
    INT(attempts, PROGRAM_CANDIDATES, 1, PROGRAM_CANDIDATES, SET_START,
        "demonstrations: most candidates tried"),
    BOOL(canonical, 1, SET_START, "demonstrations: candidates in a fixed order; 0: in a random one"),
    SHARE(hazard_a, 0.8, "demonstrations: chance to give up after a failure, in some traces"),
    SHARE(hazard_a_share, 0.7, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.1, "demonstrations: chance to give up after a failure, in the other traces"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(step_share, 0.25,
          "base text: share of rows of single operations; the rest are think/answer documents"),
    INT(step_row, 8, 1, 64, SET_START, "base text: operations in a row"),
    SHARE(base_stop, 0.5, "base text: chance to stop after a failed candidate"),
    SHARE(hit, 0.6, "base text: share of documents in which the right candidate is brought forward"),
    INT(judge_weight, 3, 1, 100, SET_START,
        "loss weight of a judgement (yes, no) in base text and demonstrations; other strong tokens have 1"),
    SHARE(flipped, 0.015, "base text: share of attempts with a judgement (yes, no) that is false"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

static const char *const fixed_token[] = {
    "<pad>",     "User", ":",    "->",   "Assistant", "<think>", "</think>", "<answer>",
    "</answer>", "|",    ",",    "no",   "wait",      "yes",     "add",      "sub",
    "mul",       "dup",  "swap", "over", "drop",      "if",      "repeat",   "end",
};
enum { FIXED = sizeof fixed_token / sizeof *fixed_token };

static enum status make_tokens(struct program_task *t, struct err *e)
{
    int most = t->set.value_max, n = 2 * most + 1;
    t->token = malloc(((size_t)FIXED + (size_t)n) * sizeof *t->token);
    t->words = malloc((size_t)n * NUMBER_WORD);
    if (!t->token || !t->words)
        return err_set(e, ST_NOMEM, "program", "no memory for the vocabulary");
    memcpy(t->token, fixed_token, sizeof fixed_token);
    for (int i = 0; i < n; i++) {
        char *word = t->words + (size_t)i * NUMBER_WORD;
        snprintf(word, NUMBER_WORD, "%d", i - most);
        t->token[FIXED + i] = word;
    }
    t->token_n = FIXED + n;
    return ST_OK;
}

static int same_problem(const struct problem *a, const struct problem *b)
{
    struct program_problem x, y;
    int straight, crossed;
    if (program_problem(a, &x) || program_problem(b, &y))
        return 0;
    straight = !memcmp(x.input, y.input, sizeof x.input[0] * 2) &&
               !memcmp(x.output, y.output, sizeof x.output[0] * 2);
    crossed = !memcmp(x.input[0], y.input[1], sizeof x.input[0]) &&
              !memcmp(x.input[1], y.input[0], sizeof x.input[0]) && x.output[0] == y.output[1] &&
              x.output[1] == y.output[0];
    return straight || crossed;
}

/* There are too many problems to go through: the held-out ones are drawn, each once, from a fixed place. */
static enum status find_held_out(struct program_task *t, struct err *e)
{
    struct rng r = rng_at(0x70726f67u, RNG_PROBLEM, 0, 0, 0);
    struct problem p;
    int missed = 0;
    t->held = calloc((size_t)t->set.held_out_cap, sizeof *t->held);
    if (!t->held)
        return err_set(e, ST_NOMEM, "program", "no memory for the held-out problems");
    while (t->held_n < t->set.held_out_cap && missed < 200 && program_try(t, &r, 1, TRIES, &p)) {
        int is_new = 1;
        for (int i = 0; i < t->held_n && is_new; i++)
            is_new = !same_problem(&t->held[i], &p);
        missed = is_new ? 0 : missed + 1;
        if (is_new)
            t->held[t->held_n++] = p;
    }
    if (!t->held_n)
        return err_set(e, ST_USAGE, "program",
                       "held_out_every %d leaves no held-out problem; lower it, or raise "
                       "input_max",
                       t->set.held_out_every);
    if (!program_try(t, &r, 0, TRIES, &p))
        return err_set(e, ST_USAGE, "program", "held_out_every %d leaves no problem to train on",
                       t->set.held_out_every);
    return ST_OK;
}

static void close_scenario(void *self)
{
    struct program_task *t = self;
    if (!t)
        return;
    free(t->held);
    free(t->token);
    free(t->words);
    free(t);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct program_task *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "program", "no memory for the scenario");
    t->set = *(const struct program_config *)config;
    if (t->set.input_max > t->set.value_max || t->set.constant_max > t->set.value_max)
        st = err_set(e, ST_USAGE, "program", "input_max %d and constant_max %d must not exceed value_max %d",
                     t->set.input_max, t->set.constant_max, t->set.value_max);
    else if ((st = make_tokens(t, e)) == ST_OK)
        st = find_held_out(t, e);
    if (st) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static int tokens(const void *self, const char *const **token)
{
    const struct program_task *t = self;
    *token = t->token;
    return t->token_n;
}

static int held_out_n(const void *self)
{
    return ((const struct program_task *)self)->held_n;
}

static void held_out(const void *self, int index, struct problem *out)
{
    *out = ((const struct program_task *)self)->held[index];
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    struct program_problem x;
    (void)self;
    program_problem(p, &x);
    str_printf(out, "User : %d %d -> %d , %d %d -> %d Assistant : <think>", (int)x.input[0][0],
               (int)x.input[0][1], (int)x.output[0], (int)x.input[1][0], (int)x.input[1][1],
               (int)x.output[1]);
}

/* {"a1":n,"b1":n,"a2":n,"b2":n,"program":"add 2 mul"}: the text is cut out, the rest is a form_parse object.
 */
static enum status take_program(const char *json, struct str *rest, struct problem *out, struct err *e)
{
    static const char key[] = "\"program\"";
    const char *at = strstr(json, key), *begin = at ? at + sizeof key - 1 : NULL, *end;
    struct form_span span;
    struct program p;
    struct score s;
    if (!at)
        return err_set(e, ST_USAGE, "program", "problem: \"program\" is missing");
    begin += strspn(begin, " \t\r\n");
    begin += *begin == ':';
    begin += strspn(begin, " \t\r\n");
    end = *begin == '"' ? strchr(begin + 1, '"') : NULL;
    if (!end)
        return err_set(e, ST_USAGE, "program", "problem: \"program\" must be a text of operations");
    span = (struct form_span){begin + 1, 0, (int)(end - begin - 1)};
    if (!program_read(&p, &span, &s))
        return err_set(e, ST_USAGE, "program", "problem: \"program\": %s", s.why);
    if (p.n > PROGRAM_PROBLEM_OPS)
        return err_set(e, ST_USAGE, "program", "problem: \"program\" has %d operations; %d at most", p.n,
                       PROGRAM_PROBLEM_OPS);
    memcpy(out->value + 4, p.op, (size_t)p.n * sizeof *p.op);
    out->n = 4 + p.n;
    /* Without the member and the comma beside it. */
    end++;
    end += strspn(end, " \t\r\n");
    while (at > json && form_is_blank(at[-1]))
        at--;
    if (*end == ',' && at > json && at[-1] == '{')
        end++;
    else if (at > json && at[-1] == ',')
        at--;
    str_add_n(rest, json, (size_t)(at - json));
    str_add(rest, end);
    return ST_OK;
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    static const struct form_key key[] = {{"a1", -PROGRAM_INPUT, PROGRAM_INPUT},
                                          {"b1", -PROGRAM_INPUT, PROGRAM_INPUT},
                                          {"a2", -PROGRAM_INPUT, PROGRAM_INPUT},
                                          {"b2", -PROGRAM_INPUT, PROGRAM_INPUT}};
    struct program_problem x;
    struct str rest = {0};
    enum status st;
    const char *why;
    (void)self;
    *out = (struct problem){0};
    st = take_program(json, &rest, out, e);
    if (!st && rest.failed)
        st = err_set(e, ST_NOMEM, "program", "no memory for a problem");
    if (!st)
        st = form_parse("program", str_c(&rest), key, 4, out->value, e);
    str_free(&rest);
    if (!st && (why = program_problem(out, &x)) != NULL)
        st = err_set(e, ST_USAGE, "program", "problem: \"program\" does not work on each of its tests: %s",
                     why);
    return st;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    str_printf(out, "{\"a1\":%d,\"b1\":%d,\"a2\":%d,\"b2\":%d,\"program\":\"", (int)p->value[0],
               (int)p->value[1], (int)p->value[2], (int)p->value[3]);
    for (int i = 4; i < p->n; i++) {
        char room[16];
        str_printf(out, "%s%s", i > 4 ? " " : "", program_op_name(p->value[i], room));
    }
    str_add(out, "\"}");
}

const struct scenario scenario_program = {
    .name = "program",
    .summary = "find a program of a small stack language from two examples; hidden unit tests judge it",
    .config_bytes = sizeof(struct program_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = program_draw,
    .held_out_n = held_out_n,
    .held_out = held_out,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = program_demonstrate,
    .base = program_base,
    .score = program_score,
    .analyse = program_analyse,
    .difficulty = program_difficulty,
    .scale = "candidates",
};
