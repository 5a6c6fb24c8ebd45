/* The task of multiplying (TinyZero's other one): its settings and vocabulary, its problems and which of them
 * are held out, and its row for the registry.
 *
 * Numbers are written as digits, so that one small vocabulary holds every product.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/multiply.h"

#include <stdlib.h>
#include <string.h>

enum { TRIAL_DRAWS = 20000 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct multiply_config, field), initial, low, high, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct multiply_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(a_low, 10, 0, 999, SET_START, "smallest first factor"),
    INT(a_high, 99, 1, 999, SET_START, "largest first factor"),
    INT(b_low, 2, 0, 999, SET_START, "smallest second factor"),
    INT(b_high, 99, 1, 999, SET_START, "largest second factor"),
    INT(held_out_every, 12, 2, 1000, SET_START, "1 problem in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: 400"),
    SHARE(hazard_a, 0.6, "demonstrations: chance to give up after a partial product, in some traces"),
    SHARE(hazard_a_share, 0.6, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.05, "demonstrations: chance to give up after a partial product, in the others"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(slip, 0.05, "demonstrations: share with a wrong result that is noticed and mended"),
    SHARE(equation_share, 0.5, "base text: share of rows of equations; the rest are think/answer documents"),
    INT(equation_row, 6, 1, 64, SET_START, "base text: equations in a row"),
    SHARE(base_stop, 0.4, "base text: chance to stop after a partial product"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

static const char *const token[] = {
    "<pad>", "User", ":", "->", "Assistant", "<think>", "</think>", "<answer>", "</answer>",
    "+", "-", "*", "/", "=", ",", "no", "wait", "yes",
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
};

static const struct form_key key[2] = {{"a", 0, MULTIPLY_LARGEST}, {"b", 0, MULTIPLY_LARGEST}};

static int digits(uint64_t v, uint64_t out[10])
{
    uint64_t place = 1;
    int n = 0;
    while (v / place >= 10)
        place *= 10;
    for (; place; place /= 10)
        if (v / place % 10)
            out[n++] = v / place % 10 * place;
    return n;
}

int multiply_partials(uint64_t a, uint64_t b, struct multiply_partial out[MULTIPLY_PARTIALS])
{
    uint64_t x[10], y[10];
    int x_n = digits(a, x), y_n = digits(b, y), n = 0;
    for (int i = 0; i < x_n; i++)
        for (int j = 0; j < y_n; j++)
            out[n++] = (struct multiply_partial){x[i], y[j]};
    return n;
}

static uint64_t pack(int a, int b)
{
    return a < b ? form_pair(a, b) : form_pair(b, a);
}

static int is_held_out(const struct multiply *m, int a, int b)
{
    struct multiply_partial partial[MULTIPLY_PARTIALS];
    return form_is_held(pack(a, b), m->set.held_out_every) &&
           multiply_partials((uint64_t)a, (uint64_t)b, partial) > 1;
}

int multiply_is_held_out(const struct multiply *m, const struct problem *p)
{
    return is_held_out(m, p->value[0], p->value[1]);
}

static int try_draw(const struct multiply *m, struct rng *r, struct problem *out)
{
    *out = (struct problem){.n = 2};
    out->value[0] = rng_range(r, m->set.a_low, m->set.a_high);
    out->value[1] = rng_range(r, m->set.b_low, m->set.b_high);
    return !multiply_is_held_out(m, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void multiply_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, out))
        ;
}

static enum status check(const struct multiply *m, struct err *e)
{
    struct rng r = rng_at(0x6d756c74u, RNG_PROBLEM, 0, 0, 0);
    struct problem p;
    if (m->set.a_low > m->set.a_high)
        return err_set(e, ST_USAGE, "multiply", "a_low %d is above a_high %d", m->set.a_low, m->set.a_high);
    if (m->set.b_low > m->set.b_high)
        return err_set(e, ST_USAGE, "multiply", "b_low %d is above b_high %d", m->set.b_low, m->set.b_high);
    for (int i = 0; i < TRIAL_DRAWS; i++)
        if (try_draw(m, &r, &p))
            return ST_OK;
    return err_set(e, ST_USAGE, "multiply", "held_out_every %d leaves no problem to train on",
                   m->set.held_out_every);
}

/* Every held-out problem of the ranges, a * b and b * a once. */
static enum status find_held_out(struct multiply *m, struct err *e)
{
    const struct multiply_config *s = &m->set;
    enum status st = ST_OK;
    for (int a = s->a_low; a <= s->a_high && !st; a++)
        for (int b = s->b_low; b <= s->b_high && !st; b++) {
            int seen = b >= s->a_low && b <= s->a_high && a >= s->b_low && a <= s->b_high && b < a;
            if (!seen && is_held_out(m, a, b))
                st = form_keep(&m->held, form_pair(a, b), "multiply", e);
        }
    if (!st && !m->held.n)
        st = err_set(e, ST_USAGE, "multiply",
                     "held_out_every %d leaves no held-out problem; lower it, or raise a_high or b_high",
                     s->held_out_every);
    form_shuffle(&m->held, s->held_out_cap ? s->held_out_cap : 400);
    return st;
}

static void close_scenario(void *self)
{
    struct multiply *m = self;
    if (!m)
        return;
    form_held_free(&m->held);
    free(m);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct multiply *m = calloc(1, sizeof *m);
    enum status st;
    *self = NULL;
    if (!m)
        return err_set(e, ST_NOMEM, "multiply", "no memory for the scenario");
    m->set = *(const struct multiply_config *)config;
    if ((st = check(m, e)) != ST_OK || (st = find_held_out(m, e)) != ST_OK) {
        close_scenario(m);
        return st;
    }
    *self = m;
    return ST_OK;
}

static int tokens(const void *self, const char *const **out)
{
    (void)self;
    *out = token;
    return (int)(sizeof token / sizeof *token);
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_prompt(multiply_write_prompt, p, out);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    (void)self;
    *out = (struct problem){.n = 2};
    return form_parse("multiply", json, key, 2, out->value, e);
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, 2, p->value, out);
}

const struct scenario scenario_multiply = {
    .name = "multiply",
    .summary = "multiply two numbers by partial products, digit by digit",
    .config_bytes = sizeof(struct multiply_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = multiply_draw,
    .held_out_n = form_held_n,
    .held_out = form_held_pair,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = multiply_demonstrate,
    .base = multiply_base,
    .score = multiply_score,
    .analyse = multiply_analyse,
    .difficulty = multiply_difficulty,
    .scale = "carries",
};
