/* A task of one's own, whole: the digits of a number backwards, 314 -> 413. README's walk-through copies this
 * file to scenarios/; where it lies it is not compiled.
 *
 * Invariant: whether a number is held out depends on the number alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/form.h"

struct config {
    int held_out_every;
};

static const struct setting settings[] = {
    {"held_out_every", SET_INT, offsetof(struct config, held_out_every), 8, 2, 100, NULL, SET_START,
     "1 number in this many is held out, by a hash of it"},
};

static const struct form_key key[] = {{"n", 100, 999}};

static enum status open_task(const void *config, void **self, struct err *e)
{
    *self = malloc(sizeof(struct config));
    if (!*self)
        return err_set(e, ST_NOMEM, "reverse", "no memory");
    memcpy(*self, config, sizeof(struct config));
    return ST_OK;
}

static int is_held(const void *self, int n)
{
    return form_is_held((uint64_t)n, ((const struct config *)self)->held_out_every);
}

static int tokens(const void *self, const char *const **token)
{
    static const char *const all[] = {"<pad>",    "User",      ":", "Assistant", "<think>", "</think>",
                                      "<answer>", "</answer>", "0", "1",         "2",       "3",
                                      "4",        "5",         "6", "7",         "8",       "9"};
    (void)self;
    *token = all;
    return (int)(sizeof all / sizeof *all);
}

static void draw(const void *self, struct rng *r, struct problem *out)
{
    do
        *out = (struct problem){.n = 1, .value = {rng_range(r, 100, 999)}};
    while (is_held(self, out->value[0]));
}

/* Steps of 389 go through all 900 numbers in an order that is fixed and mixed: a prefix is a fair sample. */
static int next_held(const void *self, int want)
{
    int n = 0;
    for (int i = 0; i < 900; i++)
        if (is_held(self, 100 + i * 389 % 900) && n++ == want)
            return 100 + i * 389 % 900;
    return n;
}

static int held_out_n(const void *self)
{
    return next_held(self, -1);
}

static void held_out(const void *self, int index, struct problem *out)
{
    *out = (struct problem){.n = 1, .value = {next_held(self, index)}};
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    int n = p->value[0];
    (void)self;
    str_printf(out, "User : %d %d %d Assistant : <think>", n / 100, n / 10 % 10, n % 10);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    (void)self;
    *out = (struct problem){.n = 1};
    return form_parse("reverse", json, key, 1, out->value, e);
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, 1, p->value, out);
}

/* Whole documents, word by word; 1 marks what must be right. One demonstration in two has two digits swapped.
 */
static void demonstrate(const void *self, struct rng *r, struct document *out)
{
    struct problem p;
    int digit[3], wrong = rng_chance(r, 0.5);
    char text[64];
    draw(self, r, &p);
    for (int i = 0, n = p.value[0]; i < 3; i++, n /= 10)
        digit[i] = n % 10;
    snprintf(text, sizeof text, "User : %d %d %d Assistant : <think> </think> <answer>", digit[2], digit[1],
             digit[0]);
    document_clear(out);
    for (char *word = text, *next; word; word = next) {
        next = strchr(word, ' ');
        if (next)
            *next++ = 0;
        document_word(out, word, out->token_n >= 8);
        if (out->token_n == 8)
            out->response_at = 8;
    }
    for (int i = 0; i < 3; i++)
        form_digits(out, (uint64_t)digit[wrong && i ? 3 - i : i], 1);
    document_word(out, "</answer>", 1);
}

/* form_check clears *out, looks at the tags and says what fails; the rest is this task's. */
static void score(const void *self, const struct problem *p, const char *completion, size_t n,
                  struct score *out)
{
    int place = 0, v = p->value[0], at;
    struct form_span a;
    (void)self;
    if (!form_check(completion, n, &a, out))
        return;
    for (at = form_skip(a.text, a.begin, a.end); at < a.end; at = form_skip(a.text, at + 1, a.end), v /= 10) {
        if (place == 3 || a.text[at] != '0' + v % 10) {
            form_fail(out, at, "digit %d is wrong", place + 1);
            return;
        }
        out->answer[place++] = a.text[at];
    }
    out->answer[place] = 0;
    if (place == 3)
        out->accuracy = 1;
    else
        form_fail(out, at, "digits are missing");
}

static int never(const struct problem *p, const struct form_equation *eq, int n)
{
    return (void)p, (void)eq, n < 0;
}

static int never_returns(const struct form_equation *last, const struct form_equation *now)
{
    return last == now;
}

static void analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                    double accuracy, struct marks *out)
{
    static const struct form_rules rules = {1, never, never, never_returns};
    (void)self;
    form_analyse(&rules, p, completion, n, accuracy, out);
}

const struct scenario scenario_reverse = {
    .name = "reverse", .summary = "a number's digits backwards", .config_bytes = sizeof(struct config),
    .settings = settings, .settings_n = 1, .open = open_task, .close = free, .tokens = tokens, .draw = draw,
    .held_out_n = held_out_n, .held_out = held_out, .prompt = prompt, .parse = parse, .print = print,
    .demonstrate = demonstrate, .base = demonstrate, .score = score, .analyse = analyse,
};
