/* The Countdown task: its settings and vocabulary, opening and closing, problems as text, and its row for the
 * registry.
 *
 * Invariants: an opened scenario is never written to again, so that threads may share it; a problem that was
 * read has its numbers sorted descending, like one that was drawn. */
#include "scenarios/countdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_WORD = 12 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct countdown_config, field), initial, low, high, NULL, flags, meaning}
#define BOOL(field, initial, flags, meaning) \
    {#field, SET_BOOL, offsetof(struct countdown_config, field), initial, 0, 1, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct countdown_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(numbers_low, 3, 3, 6, 0, "fewest numbers in a problem that RL draws"),
    INT(numbers_high, 3, 3, 6, 0, "most numbers in a problem that RL draws; each count is as likely"),
    INT(taught_low, 3, 3, 6, SET_START, "fewest numbers in a problem of base text and demonstrations"),
    INT(taught_high, 3, 3, 6, SET_START, "most numbers in a problem of base text and demonstrations"),
    INT(eval_numbers, 3, 3, 6, 0, "numbers in a held-out problem"),
    INT(number_max, 12, 2, 75, 0, "held-out problems have numbers from 1 to this"),
    INT(range_1, 12, 2, 99, SET_START, "training numbers are 1..range, the range drawn from these three"),
    INT(range_2, 16, 2, 99, SET_START, "training numbers, second range"),
    INT(range_3, 20, 2, 99, SET_START, "training numbers, third range"),
    INT(target_low, 1, 0, 999, SET_START, "smallest target"),
    INT(target_high, 60, 1, 999, SET_START, "largest target"),
    SHARE(even_targets, 0.0,
          "share of training problems with any target in reach; of others random operations, mostly easy"),
    INT(value_max, 99, 20, COUNTDOWN_VALUES - 1, SET_SHAPE,
        "results stay in 0..this; each whole number up to it is one token"),
    {"ops", SET_CHOICE, offsetof(struct countdown_config, ops), 1, 0, 1, "+- +-*/", SET_START,
     "operations that problems are made of and text is written with"},
    INT(held_out_every, 12, 2, 1000, SET_START, "1 problem in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: all of 3 numbers, 400 of more"),
    {"scorer", SET_CHOICE, offsetof(struct countdown_config, scorer), 0, 0, 3, SCORER_CHOICES, 0,
     "whose rules score; accuracy, format weigh as published: 0.9 0.1 (tinyzero), 1 1 (nano-aha), 1 0.1"},
    INT(attempts, 14, 1, COUNTDOWN_ATTEMPTS, SET_START, "demonstrations: most attempts at 3 numbers"),
    SHARE(hazard_a, 0.7, "demonstrations: chance to give up after a failure, in some traces"),
    SHARE(hazard_a_share, 0.6, "demonstrations: share of the traces that have hazard_a"),
    SHARE(hazard_b, 0.05, "demonstrations: chance to give up after a failure, in the other traces"),
    INT(attempts_many, 9, 1, COUNTDOWN_ATTEMPTS, SET_START,
        "demonstrations: most attempts at 4 numbers or more"),
    SHARE(hazard_many_a, 0.6, "as hazard_a, for 4 numbers or more"),
    SHARE(hazard_many_a_share, 0.5, "as hazard_a_share, for 4 numbers or more"),
    SHARE(hazard_many_b, 0.04, "as hazard_b, for 4 numbers or more"),
    BOOL(show_state, 1, SET_START, "after each operation the other numbers that remain are written"),
    BOOL(show_goal, 1, SET_START, "before each judgement (yes, no) the target is written again"),
    BOOL(canonical, 1, SET_START, "demonstrations: first operations in a fixed order; 0: in a random one"),
    SHARE(closest_last, 1.0, "demonstrations: chance that a last operation is the closest to the target"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(random_target, 0.3, "demonstrations: share with a random target, which may be out of reach"),
    SHARE(guide_first, 0.0,
          "demonstrations, 4 numbers or more: chance that a first operation keeps the target in reach"),
    SHARE(guide_middle, 0.8, "demonstrations, 4 numbers or more: chance that a middle operation does so"),
    SHARE(equation_share, 0.25, "base text: share of rows of equations; the rest are think/answer documents"),
    INT(equation_row, 8, 1, 64, SET_START, "base text: equations in a row"),
    INT(base_attempts, 12, 1, COUNTDOWN_ATTEMPTS, SET_START, "base text: most attempts in a document"),
    SHARE(short_share, 0.88, "base text: share of short documents"),
    SHARE(short_stop, 0.82, "base text: chance to stop after an attempt, short documents"),
    SHARE(long_stop, 0.12, "base text: chance to stop after an attempt, long documents"),
    SHARE(hit_short, 0.2, "base text: share of short documents whose target is the last attempt's value"),
    SHARE(hit_long, 0.2, "base text: share of long documents whose target is the last attempt's value"),
    SHARE(near_miss, 0.2, "base text: share of the others whose target is 1 to 3 off an attempt's value"),
    INT(judge_weight, 1, 1, 100, SET_START,
        "loss weight of a judgement (yes, no) in base text and demonstrations; other strong tokens have 1"),
    SHARE(base_aimed, 0,
          "base text: share of the think/answer documents whose last operations aim at the target"),
    SHARE(flipped, 0.015, "base text: share of judgements (yes, no) that are false"),
    SHARE(base_malformed, 0.24, "base text: share of think/answer documents with spoilt tags"),
};

static const char *const fixed_token[] = {
    "<pad>", "User", ":", "->", "Assistant", "<think>", "</think>", "<answer>", "</answer>",
    "+", "-", "*", "/", "=", ",", "no", "wait", "yes", "(", ")",
};

/* A problem as JSON: {"numbers":[11,8,7],"target":26}; its values: how many, the numbers, the target. */
enum { TARGET_AT = COUNTDOWN_NUMBERS + 1 };

static const struct form_key key[2] = {{"numbers", 0, COUNTDOWN_LARGEST, COUNTDOWN_NUMBERS},
                                       {"target", 0, COUNTDOWN_TARGET}};

static enum status check(const struct countdown *c, struct err *e)
{
    const struct countdown_config *s = &c->set;
    const int high[4] = {s->number_max, s->range_1, s->range_2, s->range_3};
    const char *const high_key[4] = {"number_max", "range_1", "range_2", "range_3"};
    if (s->numbers_low > s->numbers_high)
        return err_set(e, ST_USAGE, "countdown", "numbers_low %d is above numbers_high %d", s->numbers_low,
                       s->numbers_high);
    if (s->taught_low > s->taught_high)
        return err_set(e, ST_USAGE, "countdown", "taught_low %d is above taught_high %d", s->taught_low,
                       s->taught_high);
    if (s->target_low > s->target_high)
        return err_set(e, ST_USAGE, "countdown", "target_low %d is above target_high %d", s->target_low,
                       s->target_high);
    if (s->target_high > s->value_max)
        return err_set(e, ST_USAGE, "countdown", "target_high %d is above value_max %d", s->target_high,
                       s->value_max);
    for (int i = 0; i < 4; i++)
        if (high[i] > s->value_max)
            return err_set(e, ST_USAGE, "countdown", "%s %d is above value_max %d", high_key[i], high[i],
                           s->value_max);
    return ST_OK;
}

static enum status make_tokens(struct countdown *c, struct err *e)
{
    c->number_token = (int)(sizeof fixed_token / sizeof *fixed_token);
    c->token_n = c->number_token + c->set.value_max + 1;
    c->token = malloc((size_t)c->token_n * sizeof *c->token);
    c->words = malloc((size_t)(c->set.value_max + 1) * NUMBER_WORD);
    if (!c->token || !c->words)
        return err_set(e, ST_NOMEM, "countdown", "no memory for the vocabulary");
    memcpy(c->token, fixed_token, sizeof fixed_token);
    for (int v = 0; v <= c->set.value_max; v++) {
        char *word = c->words + v * NUMBER_WORD;
        snprintf(word, NUMBER_WORD, "%d", v);
        c->token[c->number_token + v] = word;
    }
    return ST_OK;
}

static void close_scenario(void *self)
{
    struct countdown *c = self;
    if (!c)
        return;
    free(c->token);
    free(c->words);
    form_held_free(&c->held);
    free(c);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct countdown *c = calloc(1, sizeof *c);
    enum status st;
    *self = NULL;
    if (!c)
        return err_set(e, ST_NOMEM, "countdown", "no memory for the scenario");
    c->set = *(const struct countdown_config *)config;
    c->op_n = c->set.ops ? 4 : 2;
    if ((st = check(c, e)) != ST_OK || (st = make_tokens(c, e)) != ST_OK ||
        (st = countdown_check_draws(c, e)) != ST_OK || (st = countdown_find_held_out(c, e)) != ST_OK) {
        close_scenario(c);
        return st;
    }
    *self = c;
    return ST_OK;
}

static void draw(const void *self, struct rng *r, struct problem *out)
{
    const struct countdown *c = self;
    countdown_make(c, r, rng_range(r, c->set.numbers_low, c->set.numbers_high), out);
}

static int tokens(const void *self, const char *const **token)
{
    const struct countdown *c = self;
    *token = c->token;
    return c->token_n;
}

static void held_out(const void *self, int index, struct problem *out)
{
    const struct countdown *c = self;
    countdown_unpack(c->held.key[index], c->set.eval_numbers, out);
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    str_add(out, "User :");
    for (int i = 0; i < p->n - 1; i++)
        str_printf(out, " %d", p->value[i]);
    str_printf(out, " -> %d Assistant : <think>", p->value[p->n - 1]);
}

static void sort_descending(int32_t *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && v[j] > v[j - 1]; j--) {
            int32_t swap = v[j];
            v[j] = v[j - 1];
            v[j - 1] = swap;
        }
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    int32_t value[TARGET_AT + 1] = {0};
    enum status st = form_parse("countdown", json, key, 2, value, e);
    (void)self;
    if (st)
        return st;
    sort_descending(value + 1, value[0]);
    memset(out, 0, sizeof *out);
    out->n = value[0] + 1;
    memcpy(out->value, value + 1, (size_t)value[0] * sizeof *value);
    out->value[value[0]] = value[TARGET_AT];
    return ST_OK;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    int32_t value[TARGET_AT + 1] = {p->n - 1};
    (void)self;
    memcpy(value + 1, p->value, (size_t)value[0] * sizeof *value);
    value[TARGET_AT] = p->value[value[0]];
    form_print(key, 2, value, out);
}

const struct scenario scenario_countdown = {
    .name = "countdown",
    .summary = "combine all the numbers by + - * / to reach the target",
    .config_bytes = sizeof(struct countdown_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = draw,
    .held_out_n = form_held_n,
    .held_out = held_out,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = countdown_demonstrate,
    .base = countdown_base,
    .score = countdown_score,
    .analyse = countdown_analyse,
    .difficulty = countdown_difficulty,
    .scale = "solutions",
};
