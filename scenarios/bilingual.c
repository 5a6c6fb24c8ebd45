/* The task of two languages: its settings and vocabulary, its problems and which of them are held out, and
 * its row for the registry.
 *
 * R1-Zero mixed languages, and R1 was rewarded for keeping to one (R1 v1 section 2.3.2). Here the base mixes
 * them, a settable share of the words, and a right answer needs no consistent language: accuracy alone
 * leaves the mixing where it is.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/bilingual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIAL_DRAWS = 20000, HELD_TERMS = 3, HELD_CAP = 400 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct bilingual_config, field), initial, low, high, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct bilingual_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(number_max, 9, 1, 40, SET_START, "largest term"),
    INT(value_max, 20, 2, BILINGUAL_LARGEST, SET_SHAPE, "largest sum on the way; sums are never negative"),
    INT(terms_low, 2, 2, BILINGUAL_TERMS, SET_START, "fewest terms of a problem"),
    INT(terms_high, 3, 2, BILINGUAL_TERMS, SET_START, "most terms of a problem"),
    INT(held_out_every, 10, 2, 1000, SET_START,
        "1 problem of three terms or more in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: 400"),
    SHARE(english, 0.5, "share of the prompts that ask for English"),
    SHARE(switched, 0.25,
          "demonstrations: share of the words in the thoughts that are of the other language"),
    SHARE(base_switched, 0.4, "base text: share of the words in the thoughts that are of the other language"),
    SHARE(hazard_a, 0.6, "demonstrations: chance to stop before all terms are used, in some traces"),
    SHARE(hazard_a_share, 0.6, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.05, "demonstrations: chance to stop before all terms are used, in the other traces"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(equation_share, 0.5, "base text: share of rows of equations; the rest are think/answer documents"),
    INT(equation_row, 6, 1, 64, SET_START, "base text: equations in a row"),
    SHARE(base_english, 0.5,
          "base text: share of the rows of equations that are English before words switch"),
    SHARE(base_stop, 0.4, "base text: chance to stop before all terms are used"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

static const char *const fixed_token[] = {
    "<pad>", "User", ":",    "Assistant", "<think>", "</think>", "<answer>", "</answer>", "<en>",
    "<zh>",  ",",    "plus", "minus",     "equals",  "加",       "减",       "等于",
};

static const struct form_key key[1 + BILINGUAL_TERMS] = {
    {"chinese", 0, 1},
    {"a", 1, BILINGUAL_LARGEST},
    {"b", -BILINGUAL_LARGEST, BILINGUAL_LARGEST},
    {"c", -BILINGUAL_LARGEST, BILINGUAL_LARGEST},
    {"d", -BILINGUAL_LARGEST, BILINGUAL_LARGEST},
};

static enum status make_tokens(struct bilingual *t, struct err *e)
{
    int fixed = (int)(sizeof fixed_token / sizeof *fixed_token), numbers = t->set.value_max + 1;
    size_t all = BILINGUAL_LANGUAGES_N * (size_t)numbers;
    t->token = malloc(((size_t)fixed + all + (size_t)numbers) * sizeof *t->token);
    t->number = malloc(all * sizeof *t->number);
    t->digits = malloc((size_t)numbers * sizeof *t->digits);
    if (!t->token || !t->number || !t->digits)
        return err_set(e, ST_NOMEM, "bilingual", "no memory for the vocabulary");
    memcpy(t->token, fixed_token, sizeof fixed_token);
    t->token_n = fixed;
    for (int v = 0; v < numbers; v++) {
        snprintf(t->digits[v], sizeof t->digits[v], "%d", v % 100);
        t->token[t->token_n++] = t->digits[v];
    }
    for (int i = 0; i < (int)all; i++) {
        bilingual_name(i < numbers ? BILINGUAL_ENGLISH : BILINGUAL_CHINESE, i % numbers, t->number[i]);
        t->token[t->token_n++] = t->number[i];
    }
    return ST_OK;
}

int bilingual_terms(const struct problem *p)
{
    int n = 1;
    while (n < BILINGUAL_TERMS && p->value[1 + n])
        n++;
    return n;
}

int bilingual_sum(const struct problem *p, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += p->value[1 + i];
    return sum;
}

/* The terms as one number, each in a byte; the language in the byte above, where it is asked for. */
static uint64_t pack(const struct problem *p, int with_language)
{
    uint64_t k = with_language ? (uint64_t)p->value[0] : 0;
    for (int i = 0; i < BILINGUAL_TERMS; i++)
        k = k << 8 | (uint64_t)(p->value[1 + i] + 100);
    return k;
}

static void unpack(uint64_t k, struct problem *out)
{
    *out = (struct problem){.n = 1 + BILINGUAL_TERMS};
    for (int i = BILINGUAL_TERMS; i > 0; i--, k >>= 8)
        out->value[i] = (int32_t)(k & 255) - 100;
    out->value[0] = (int32_t)k;
}

int bilingual_is_held_out(const struct bilingual *t, const struct problem *p)
{
    return bilingual_terms(p) >= HELD_TERMS && form_is_held(pack(p, 0), t->set.held_out_every);
}

/* What may be added to a sum, as a range without 0. */
static void allowed(const struct bilingual *t, int sum, int *low, int *high)
{
    *low = sum < t->set.number_max ? -sum : -t->set.number_max;
    *high = t->set.value_max - sum < t->set.number_max ? t->set.value_max - sum : t->set.number_max;
}

static int first_most(const struct bilingual *t)
{
    return t->set.number_max < t->set.value_max ? t->set.number_max : t->set.value_max;
}

static int try_draw(const struct bilingual *t, struct rng *r, struct problem *out)
{
    int terms = rng_range(r, t->set.terms_low, t->set.terms_high), low, high;
    *out = (struct problem){.n = 1 + BILINGUAL_TERMS};
    out->value[0] = rng_chance(r, t->set.english) ? BILINGUAL_ENGLISH : BILINGUAL_CHINESE;
    out->value[1] = rng_range(r, 1, first_most(t));
    for (int i = 1; i < terms; i++) {
        /* 0 is left out: from there on the range is moved by one. */
        allowed(t, bilingual_sum(out, i), &low, &high);
        out->value[1 + i] = rng_range(r, low, high - 1);
        out->value[1 + i] += out->value[1 + i] >= 0;
    }
    return !bilingual_is_held_out(t, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void bilingual_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, out))
        ;
}

/* Every way to go on from the first n terms. */
static enum status find_from(struct bilingual *t, struct problem *p, int n, struct err *e)
{
    enum status st = ST_OK;
    int low, high;
    if (n >= t->set.terms_low && bilingual_is_held_out(t, p)) {
        for (p->value[0] = 0; p->value[0] < BILINGUAL_LANGUAGES_N && !st; p->value[0]++)
            st = form_keep(&t->held, pack(p, 1), "bilingual", e);
        p->value[0] = 0;
    }
    if (st || n == t->set.terms_high)
        return st;
    allowed(t, bilingual_sum(p, n), &low, &high);
    for (int v = low; v <= high && !st; v++)
        if (v) {
            p->value[1 + n] = v;
            st = find_from(t, p, n + 1, e);
        }
    p->value[1 + n] = 0;
    return st;
}

static enum status find_held_out(struct bilingual *t, struct err *e)
{
    struct rng r = rng_at(0x62696c69u, RNG_PROBLEM, 0, 0, 0);
    struct problem p = {.n = 1 + BILINGUAL_TERMS};
    enum status st = ST_OK;
    int tries = 0;
    if (t->set.terms_low > t->set.terms_high)
        return err_set(e, ST_USAGE, "bilingual", "terms_low %d is above terms_high %d", t->set.terms_low,
                       t->set.terms_high);
    for (int a = 1; a <= first_most(t) && !st; a++) {
        p.value[1] = a;
        st = find_from(t, &p, 1, e);
    }
    if (!st && !t->held.n)
        st = err_set(e, ST_USAGE, "bilingual",
                     "held_out_every %d leaves no held-out problem; lower it, or raise terms_high to 3 or "
                     "more",
                     t->set.held_out_every);
    while (!st && !try_draw(t, &r, &p))
        if (++tries == TRIAL_DRAWS)
            st = err_set(e, ST_USAGE, "bilingual", "held_out_every %d leaves no problem to train on",
                         t->set.held_out_every);
    form_shuffle(&t->held, t->set.held_out_cap ? t->set.held_out_cap : HELD_CAP);
    return st;
}

static void close_scenario(void *self)
{
    struct bilingual *t = self;
    if (!t)
        return;
    form_held_free(&t->held);
    free(t->token);
    free(t->number);
    free(t->digits);
    free(t);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct bilingual *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "bilingual", "no memory for the scenario");
    t->set = *(const struct bilingual_config *)config;
    if ((st = make_tokens(t, e)) != ST_OK || (st = find_held_out(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static int tokens(const void *self, const char *const **token)
{
    const struct bilingual *t = self;
    *token = t->token;
    return t->token_n;
}

static void held_out(const void *self, int index, struct problem *out)
{
    unpack(((const struct bilingual *)self)->held.key[index], out);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    enum status st;
    int terms;
    (void)self;
    *out = (struct problem){.n = 1 + BILINGUAL_TERMS};
    st = form_parse("bilingual", json, key, 1 + BILINGUAL_TERMS, out->value, e);
    if (st)
        return st;
    terms = bilingual_terms(out);
    if (terms < 2)
        return err_set(e, ST_USAGE, "bilingual", "problem: \"b\" must not be 0");
    for (int i = terms; i < BILINGUAL_TERMS; i++)
        if (out->value[1 + i])
            return err_set(e, ST_USAGE, "bilingual", "problem: \"%s\" must be 0 behind a term that is 0",
                           key[1 + i].name);
    for (int i = 1; i <= terms; i++) {
        int sum = bilingual_sum(out, i);
        if (sum < 0 || sum > BILINGUAL_LARGEST)
            return err_set(e, ST_USAGE, "bilingual", "problem: the sum up to \"%s\" is %d, not 0..%d",
                           key[i].name, sum, BILINGUAL_LARGEST);
    }
    return ST_OK;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, 1 + BILINGUAL_TERMS, p->value, out);
}

const struct scenario scenario_bilingual = {
    .name = "bilingual",
    .summary = "sums in number words, English or Chinese as the prompt asks",
    .config_bytes = sizeof(struct bilingual_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = bilingual_draw,
    .held_out_n = form_held_n,
    .held_out = held_out,
    .prompt = bilingual_prompt,
    .parse = parse,
    .print = print,
    .demonstrate = bilingual_demonstrate,
    .base = bilingual_base,
    .score = bilingual_score,
    .analyse = bilingual_analyse,
    .difficulty = bilingual_difficulty,
    .scale = "steps and language",
};
