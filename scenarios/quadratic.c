/* The task of solving x^2 + bx + c = 0 in integers: its settings and vocabulary, its problems and which of
 * them are held out, and its row for the registry.
 *
 * A whole number is one token, its sign included, so that `-3` in a thought is a number as in Countdown. Only
 * numbers that can occur have one: sums of two roots, and products.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/quadratic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_WORD = 12, TRIAL_DRAWS = 20000 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct quadratic_config, field), initial, low, high, NULL, flags, meaning}
#define BOOL(field, initial, flags, meaning) \
    {#field, SET_BOOL, offsetof(struct quadratic_config, field), initial, 0, 1, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct quadratic_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(root_max, 20, 3, QUADRATIC_ROOT, SET_SHAPE, "roots are integers from -this to this"),
    INT(held_out_every, 5, 2, 1000, SET_START, "1 problem in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: all"),
    INT(attempts, QUADRATIC_PAIRS, 1, QUADRATIC_PAIRS, SET_START,
        "demonstrations: most pairs that are tried"),
    BOOL(canonical, 1, SET_START, "demonstrations: pairs in a fixed order; 0: in a random one"),
    BOOL(show_goal, 1, SET_START, "before each judgement (yes, no) the wanted sum is written again"),
    SHARE(hazard_a, 0.8, "demonstrations: chance to give up after a failure, in some traces"),
    SHARE(hazard_a_share, 0.7, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.1, "demonstrations: chance to give up after a failure, in the other traces"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(equation_share, 0.25, "base text: share of rows of equations; the rest are think/answer documents"),
    INT(equation_row, 8, 1, 64, SET_START, "base text: equations in a row"),
    INT(base_attempts, 10, 1, QUADRATIC_PAIRS, SET_START, "base text: most pairs in a document"),
    SHARE(short_share, 0.8, "base text: share of short documents"),
    SHARE(short_stop, 0.8, "base text: chance to stop after a pair, short documents"),
    SHARE(long_stop, 0.12, "base text: chance to stop after a pair, long documents"),
    SHARE(hit, 0.4, "base text: share of documents whose last pair is the right one"),
    INT(judge_weight, 3, 1, 100, SET_START,
        "loss weight of a judgement (yes, no) in base text and demonstrations; other strong tokens have 1"),
    SHARE(flipped, 0.015, "base text: share of judgements (yes, no) that are false"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

static const char *const fixed_token[] = {
    "<pad>", "User", ":",  "->",   "Assistant", "<think>", "</think>", "<answer>",  "</answer>", "+", "-",
    "*",     "=",    ",",  "no",   "wait",      "yes",     "x^2",      "x",         "\\boxed{",  "}",
};

static const struct form_key key[2] = {{"b", -QUADRATIC_B, QUADRATIC_B}, {"c", -QUADRATIC_C, QUADRATIC_C}};

/* Whether n is a sum or a product of two numbers of at most `most`. */
static int occurs(int n, int most)
{
    if (n <= 2 * most)
        return 1;
    for (int p = 2; p <= most; p++)
        if (n % p == 0 && n / p <= most)
            return 1;
    return 0;
}

static enum status make_tokens(struct quadratic *t, struct err *e)
{
    int fixed = (int)(sizeof fixed_token / sizeof *fixed_token), most = t->set.root_max * t->set.root_max;
    size_t all = 2 * (size_t)most + 1;
    t->number_most = most;
    t->token = malloc(((size_t)fixed + all) * sizeof *t->token);
    t->number = calloc(all, sizeof *t->number);
    t->words = malloc(all * NUMBER_WORD);
    if (!t->token || !t->number || !t->words)
        return err_set(e, ST_NOMEM, "quadratic", "no memory for the vocabulary");
    memcpy(t->token, fixed_token, sizeof fixed_token);
    t->token_n = fixed;
    for (int n = -most; n <= most; n++) {
        char *word = t->words + (size_t)(n + most) * NUMBER_WORD;
        if (!occurs(abs(n), t->set.root_max))
            continue;
        snprintf(word, NUMBER_WORD, "%d", n);
        t->number[n + most] = t->token[t->token_n++] = word;
    }
    return ST_OK;
}

void quadratic_write_number(const struct quadratic *t, int v, int strong, struct document *out)
{
    document_word(out, t->number[v + t->number_most], strong);
}

static void from_roots(int p, int q, struct problem *out)
{
    *out = (struct problem){.n = 2, .value = {-(p + q), p * q}};
}

int quadratic_is_held_out(const struct quadratic *t, const struct problem *p)
{
    return form_is_held(form_pair(p->value[0], p->value[1]), t->set.held_out_every);
}

int quadratic_roots(const struct problem *p, struct quadratic_pair *out)
{
    int64_t b = p->value[0], square = b * b - 4 * (int64_t)p->value[1], root = 0;
    if (square < 0)
        return 0;
    for (int64_t bit = (int64_t)1 << 31; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    /* The root of the discriminant is odd where b is, so that the halves are whole. */
    if (root * root != square)
        return 0;
    *out = (struct quadratic_pair){(int)((-b - root) / 2), (int)((-b + root) / 2)};
    return 1;
}

int quadratic_pairs(int c, int sum, int most, struct quadratic_pair out[QUADRATIC_PAIRS])
{
    int n = 0;
    if (c == 0) {
        out[0] = (struct quadratic_pair){0, sum};
        return 1;
    }
    for (int64_t p = 1; p * p <= llabs((long long)c) && n + 2 <= QUADRATIC_PAIRS; p++) {
        int d = (int)p, q = c / d;
        if (c % d || abs(q) > most)
            continue;
        out[n++] = (struct quadratic_pair){d, q};
        if (q != -d)
            out[n++] = (struct quadratic_pair){-d, -q};
    }
    return n;
}

static int try_draw(const struct quadratic *t, struct rng *r, struct problem *out)
{
    int p = rng_range(r, -t->set.root_max, t->set.root_max);
    int q = rng_range(r, -t->set.root_max, t->set.root_max);
    from_roots(p, q, out);
    return !quadratic_is_held_out(t, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void quadratic_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, out))
        ;
}

static enum status find_held_out(struct quadratic *t, struct err *e)
{
    struct rng r = rng_at(0x71756164u, RNG_PROBLEM, 0, 0, 0);
    struct problem p;
    enum status st = ST_OK;
    int tries = 0;
    for (int i = -t->set.root_max; i <= t->set.root_max && !st; i++)
        for (int k = i; k <= t->set.root_max && !st; k++) {
            from_roots(i, k, &p);
            if (quadratic_is_held_out(t, &p))
                st = form_keep(&t->held, form_pair(p.value[0], p.value[1]), "quadratic", e);
        }
    if (!st && !t->held.n)
        st = err_set(e, ST_USAGE, "quadratic",
                     "held_out_every %d leaves no held-out problem; lower it, or raise root_max",
                     t->set.held_out_every);
    while (!st && !try_draw(t, &r, &p))
        if (++tries == TRIAL_DRAWS)
            st = err_set(e, ST_USAGE, "quadratic", "held_out_every %d leaves no problem to train on",
                         t->set.held_out_every);
    form_shuffle(&t->held, t->set.held_out_cap);
    return st;
}

static void close_scenario(void *self)
{
    struct quadratic *t = self;
    if (!t)
        return;
    form_held_free(&t->held);
    free(t->token);
    free(t->number);
    free(t->words);
    free(t);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct quadratic *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "quadratic", "no memory for the scenario");
    t->set = *(const struct quadratic_config *)config;
    if ((st = make_tokens(t, e)) != ST_OK || (st = find_held_out(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static int tokens(const void *self, const char *const **token)
{
    const struct quadratic *t = self;
    *token = t->token;
    return t->token_n;
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    int b = p->value[0], c = p->value[1];
    (void)self;
    str_printf(out, "User : x^2 %s %d x %s %d = 0 Assistant : <think>", b < 0 ? "-" : "+", abs(b),
               c < 0 ? "-" : "+", abs(c));
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    struct quadratic_pair roots;
    enum status st;
    (void)self;
    *out = (struct problem){.n = 2};
    st = form_parse("quadratic", json, key, 2, out->value, e);
    if (!st && !quadratic_roots(out, &roots))
        st = err_set(e, ST_USAGE, "quadratic",
                     "problem: \"b\" %d and \"c\" %d: x^2+bx+c=0 has no integer roots",
                     (int)out->value[0], (int)out->value[1]);
    return st;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, 2, p->value, out);
}

const struct scenario scenario_quadratic = {
    .name = "quadratic",
    .summary = "solve x^2 + bx + c = 0 in integers by trying factor pairs",
    .config_bytes = sizeof(struct quadratic_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = quadratic_draw,
    .held_out_n = form_held_n,
    .held_out = form_held_pair,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = quadratic_demonstrate,
    .base = quadratic_base,
    .score = quadratic_score,
    .analyse = quadratic_analyse,
    .difficulty = quadratic_difficulty,
    .scale = "pairs to try",
};
