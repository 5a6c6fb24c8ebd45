/* The smallest task: four symbols at four positions, so that all 256 outcomes can be listed and a policy's
 * true expected reward, gradient and KL be summed exactly.
 *
 * The symbols a b c d count 0 1 2 3. A problem names the first symbol and the sum of all four; `b d a
 * <think>` asks for a b first and a sum of 12, written with two symbols to the base of four. The completion
 * is four symbols, and `</answer>` may end it: a length limit of 4 makes every outcome of the same length.
 * The vocabulary is no larger than this needs, for a sum over outcomes runs over all of its tokens.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/tiny.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct tiny_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    {"held_out_every", SET_INT, offsetof(struct tiny_config, held_out_every), 4, 2, 40, NULL, SET_START,
     "1 problem in this many is held out, by a hash of it"},
    SHARE(wrong, 0.5, "demonstrations: share that gives up and writes any symbols"),
    SHARE(malformed, 0.05, "demonstrations: share with fewer or more than four symbols"),
};

static const char *const token[] = {"<think>", "</answer>", "a", "b", "c", "d"};
enum { FIRST_SYMBOL = 2 };

static const struct form_key key[2] = {{"first", 0, TINY_SYMBOLS - 1}, {"sum", 0, TINY_SUM}};

static int possible(const struct problem *p)
{
    int rest = p->value[1] - p->value[0];
    return rest >= 0 && rest <= (TINY_POSITIONS - 1) * (TINY_SYMBOLS - 1);
}

int tiny_is_held_out(const struct tiny *t, const struct problem *p)
{
    uint64_t key_of = (uint64_t)p->value[0] * (TINY_SUM + 1) + (uint64_t)p->value[1];
    return form_is_held(key_of, t->set.held_out_every);
}

void tiny_outcome(int i, int out[TINY_POSITIONS])
{
    for (int k = TINY_POSITIONS - 1; k >= 0; k--) {
        out[k] = i % TINY_SYMBOLS;
        i /= TINY_SYMBOLS;
    }
}

int tiny_is_right(const struct problem *p, const int symbol[TINY_POSITIONS])
{
    int sum = 0;
    for (int k = 0; k < TINY_POSITIONS; k++)
        sum += symbol[k];
    return symbol[0] == p->value[0] && sum == p->value[1];
}

/* open() has seen that there are problems to train on, so the loop ends. */
static void draw(const void *self, struct rng *r, struct problem *out)
{
    do {
        *out = (struct problem){.n = 2};
        out->value[0] = rng_below(r, TINY_SYMBOLS);
        out->value[1] = out->value[0] + rng_below(r, (TINY_POSITIONS - 1) * (TINY_SYMBOLS - 1) + 1);
    } while (tiny_is_held_out(self, out));
}

static void close_scenario(void *self)
{
    if (!self)
        return;
    form_held_free(&((struct tiny *)self)->held);
    free(self);
}

static enum status find_held_out(struct tiny *t, struct err *e)
{
    enum status st = ST_OK;
    int all = 0;
    for (int first = 0; first < TINY_SYMBOLS; first++)
        for (int sum = 0; sum <= TINY_SUM && !st; sum++) {
            struct problem p = {2, {first, sum}};
            all += possible(&p);
            if (possible(&p) && tiny_is_held_out(t, &p))
                st = form_keep(&t->held, form_pair(first, sum), "tiny", e);
        }
    if (!st && (t->held.n == 0 || t->held.n == all))
        st = err_set(e, ST_USAGE, "tiny", "held_out_every %d leaves no problem on one side; try 4",
                     t->set.held_out_every);
    form_shuffle(&t->held, 0);
    return st;
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct tiny *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "tiny", "no memory for the scenario");
    t->set = *(const struct tiny_config *)config;
    if ((st = find_held_out(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static int tokens(const void *self, const char *const **out)
{
    (void)self;
    *out = token;
    return (int)(sizeof token / sizeof *token);
}

static void symbol(struct document *out, int s, int strong)
{
    document_word(out, token[FIRST_SYMBOL + s], strong);
}

static void write_prompt(const struct problem *p, struct document *out)
{
    symbol(out, p->value[0], 0);
    symbol(out, p->value[1] / TINY_SYMBOLS, 0);
    symbol(out, p->value[1] % TINY_SYMBOLS, 0);
    document_word(out, token[0], 0);
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_prompt(write_prompt, p, out);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    enum status st;
    (void)self;
    *out = (struct problem){.n = 2};
    st = form_parse("tiny", json, key, 2, out->value, e);
    if (!st && !possible(out))
        st = err_set(e, ST_USAGE, "tiny", "problem: \"sum\" %d: with \"first\" %d it is %d..%d",
                     (int)out->value[1], (int)out->value[0], (int)out->value[0],
                     (int)out->value[0] + (TINY_POSITIONS - 1) * (TINY_SYMBOLS - 1));
    return st;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, 2, p->value, out);
}

/* A right outcome, each as likely; any outcome where the writer gives up. */
static void demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct tiny *t = self;
    int wrong = rng_chance(r, t->set.wrong), malformed = rng_chance(r, t->set.malformed), n = TINY_POSITIONS;
    int s[TINY_POSITIONS];
    struct problem p;
    draw(t, r, &p);
    do
        tiny_outcome(rng_below(r, TINY_OUTCOMES), s);
    while (!wrong && !tiny_is_right(&p, s));
    if (malformed)
        n = rng_chance(r, 0.5) ? rng_below(r, TINY_POSITIONS) : TINY_POSITIONS + 1;
    document_clear(out);
    write_prompt(&p, out);
    out->response_at = out->token_n;
    for (int k = 0; k < n; k++)
        symbol(out, k < TINY_POSITIONS ? s[k] : rng_below(r, TINY_SYMBOLS), 1);
    document_word(out, token[1], 1);
}

/* Four symbols without a prompt: the form, and nothing of any problem. */
static void base(const void *self, struct rng *r, struct document *out)
{
    (void)self;
    document_clear(out);
    for (int k = 0; k < TINY_POSITIONS; k++)
        symbol(out, rng_below(r, TINY_SYMBOLS), 1);
    document_word(out, token[1], 1);
}

/* Four symbols with or without white space, then nothing or one </answer>. */
static int check_form(const char *text, int n, int at[TINY_POSITIONS], int s[TINY_POSITIONS],
                      struct score *out)
{
    static const int end_n = sizeof "</answer>" - 1;
    int count = 0, i;
    for (i = form_skip(text, 0, n); i < n; i = form_skip(text, i + 1, n)) {
        if (text[i] < 'a' || text[i] >= 'a' + TINY_SYMBOLS)
            break;
        if (count == TINY_POSITIONS)
            return form_fail(out, i, "a fifth symbol");
        at[count] = i;
        s[count++] = text[i] - 'a';
    }
    if (i < n && (n - i < end_n || memcmp(text + i, token[1], (size_t)end_n) != 0))
        return form_unexpected(out, i, text[i], "an answer: a, b, c or d");
    if (count < TINY_POSITIONS)
        return form_fail(out, i, "%d of %d symbols", count, TINY_POSITIONS);
    i = i < n ? form_skip(text, i + end_n, n) : n;
    return i == n ? 1 : form_fail(out, i, "text after </answer>");
}

static void score(const void *self, const struct problem *p, const char *completion, size_t n,
                  struct score *out)
{
    int at[TINY_POSITIONS], s[TINY_POSITIONS], sum = 0;
    (void)self;
    form_begin(out);
    if (!check_form(completion, n > INT_MAX ? INT_MAX : (int)n, at, s, out))
        return;
    out->format = 1;
    for (int k = 0; k < TINY_POSITIONS; k++) {
        sum += s[k];
        out->answer[k] = (char)('a' + s[k]);
    }
    if (s[0] != p->value[0])
        form_fail(out, at[0], "begins with %c, wanted %c", 'a' + s[0], 'a' + p->value[0]);
    else if (sum != p->value[1])
        form_fail(out, at[TINY_POSITIONS - 1], "the sum is %d, wanted %d", sum, (int)p->value[1]);
    else
        out->accuracy = 1;
}

static int no_claim(const struct problem *p, const struct form_equation *eq, int n)
{
    (void)p;
    return eq[n - 1].ok;
}

static int no_return(const struct form_equation *last, const struct form_equation *now)
{
    return last->a == now->a && last->b == now->b;
}

/* Four symbols hold no thoughts; what hostile text holds is marked as elsewhere. */
static void analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                    double accuracy,
                    struct marks *out)
{
    static const struct form_rules rules = {0, no_claim, no_claim, no_return};
    (void)self;
    form_analyse(&rules, p, completion, n, accuracy, out);
}

/* How many of the outcomes are right: 12, 10, 6, 3 or 1. */
static int difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    static const int bucket[] = {12, 10, 6, 3, 1};
    unsigned char right = 0;   /* at most 12 */
    int i = 0;
    (void)self;
    for (int k = 0; k < TINY_OUTCOMES; k++) {
        int s[TINY_POSITIONS];
        tiny_outcome(k, s);
        right = (unsigned char)(right + tiny_is_right(p, s));
    }
    while (i < 4 && bucket[i] > right)
        i++;
    snprintf(label, LABEL_BYTES, "%d of 256", right % 257);
    return i;
}

const struct scenario scenario_tiny = {
    .name = "tiny",
    .summary = "four symbols at four positions: all outcomes can be listed",
    .config_bytes = sizeof(struct tiny_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = draw,
    .held_out_n = form_held_n,
    .held_out = form_held_pair,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = demonstrate,
    .base = base,
    .score = score,
    .analyse = analyse,
    .difficulty = difficulty,
    .scale = "right outcomes",
};
