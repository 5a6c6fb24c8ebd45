/* The task from data: its settings, which lines are held out, and its row for the registry.
 *
 * Whether a line is held out depends on the tokens of its prompt alone, so that lines with the same prompt
 * are on the same side, and a line that is added moves no other. The file's digest is kept with the run: what
 * the run learned from can be told, and a file that has changed is refused.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct data_config, field), initial, low, high, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct data_config, field), initial, 0, 1, NULL, SET_START, meaning}
#define TEXT(field, initial, flags, meaning) \
    {#field, SET_TEXT, offsetof(struct data_config, field), 0, 0, sizeof((struct data_config *)0)->field, \
     initial, flags, meaning}
#define CHOICE(field, n, choices, flags, meaning) \
    {#field, SET_CHOICE, offsetof(struct data_config, field), 0, 0, (n)-1, choices, flags, meaning}

static const struct setting settings[] = {
    TEXT(file, "sums", SET_PATH,
         "lines {\"prompt\",\"answer\",\"reasoning\"}: a path, or the built-in example sums"),
    TEXT(digest, "", SET_SHAPE,
         "of the file, kept when the run is made; a file of another digest is refused"),
    CHOICE(tokenizer, 2, "words bytes", SET_SHAPE,
           "tokens: words, numbers and other characters, or single bytes"),
    CHOICE(match, 3, "exact numeric set", 0,
           "what is right: the same tokens, the same number, or the same elements"),
    INT(held_out_every, 8, 2, 1000, SET_START, "1 prompt in this many is held out, by a hash of it"),
    INT(held_out_cap, 0, 0, 10000, 0, "held-out problems at most; 0: all"),
    SHARE(reason_share, 1, "demonstrations: chance that the reasoning of a line that has one is shown"),
    SHARE(malformed, 0, "demonstrations: share with spoilt tags"),
};

static void close_scenario(void *self)
{
    struct data *t = self;
    if (!t)
        return;
    for (int i = 0; i < t->item_n; i++) {
        free(t->item[i].prompt);
        free(t->item[i].answer);
        free(t->item[i].reason);
        free(t->item[i].plain_prompt);
        free(t->item[i].plain_answer);
    }
    data_vocabulary_free(t);
    free(t->item);
    free(t->train);
    free(t->held);
    free(t);
}

/* Of several items with one held-out prompt the first is asked. */
static enum status choose_held_out(struct data *t, struct form_held *h, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < t->item_n && !st; i++) {
        int is_new = 1;
        if (!form_is_held(t->item[i].key, t->set.held_out_every)) {
            t->train[t->train_n++] = i;
            continue;
        }
        for (int k = 0; k < h->n && is_new; k++)
            is_new = h->key[k] != t->item[i].key;
        if (is_new)
            st = form_keep(h, t->item[i].key, "data", e);
    }
    form_shuffle(h, t->set.held_out_cap);
    return st;
}

static enum status split(struct data *t, struct err *e)
{
    struct form_held h = {0};
    enum status st;
    t->train = calloc((size_t)t->item_n, sizeof *t->train);
    t->held = calloc((size_t)t->item_n, sizeof *t->held);
    if (!t->train || !t->held)
        return err_set(e, ST_NOMEM, "data", "no memory for %d lines", t->item_n);
    st = choose_held_out(t, &h, e);
    for (int k = 0; k < h.n && !st; k++)
        for (int i = 0; i < t->item_n; i++)
            if (t->item[i].key == h.key[k]) {
                t->held[t->held_n++] = i;
                break;
            }
    form_held_free(&h);
    if (!st && (!t->held_n || !t->train_n))
        st = err_set(e, ST_USAGE, "data", "held_out_every %d leaves no prompt of the %d lines of %s %s; %s",
                     t->set.held_out_every, t->item_n, data_file_path(t->set.file),
                     t->held_n ? "to train on" : "held out", "change it, or give more lines");
    return st;
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct data *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "data", "no memory for the scenario");
    t->set = *(const struct data_config *)config;
    if ((st = data_read(t, e)) != ST_OK || (st = data_vocabulary(t, e)) != ST_OK ||
        (st = split(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    t->shortest = t->longest = t->item[0].prompt_n;
    for (int i = 1; i < t->item_n; i++) {
        t->shortest = t->item[i].prompt_n < t->shortest ? t->item[i].prompt_n : t->shortest;
        t->longest = t->item[i].prompt_n > t->longest ? t->item[i].prompt_n : t->longest;
    }
    *self = t;
    return ST_OK;
}

/* A digest that is given stands: a preset may name the very file that it was made for. */
static enum status prepare(void *config, struct err *e)
{
    struct data_config *set = config;
    struct digest d;
    char *text;
    size_t n;
    enum status st = data_load(set->file, &text, &n, &d, e);
    if (!st && !set->digest[0])
        digest_hex(&d, set->digest);
    free(text);
    return st;
}

static int tokens(const void *self, const char *const **token)
{
    const struct data *t = self;
    *token = t->token;
    return t->token_n;
}

static void ask(const struct data *t, int i, struct problem *out)
{
    *out = (struct problem){.n = 3, .value = {i}};
    out->value[1] =
        data_whole((enum data_tokenizer)t->set.tokenizer, t->item[i].plain_answer, &out->value[2]);
}

static void draw(const void *self, struct rng *r, struct problem *out)
{
    const struct data *t = self;
    ask(t, t->train[rng_below(r, t->train_n)], out);
}

static int held_out_n(const void *self)
{
    return ((const struct data *)self)->held_n;
}

static void held_out(const void *self, int index, struct problem *out)
{
    const struct data *t = self;
    ask(t, t->held[index], out);
}

/* A problem is one of the file's: it is found by its prompt, and an answer beside it must be the file's. */
static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    const struct data *t = self;
    struct data_line l = {0};
    struct str words = {0}, answer = {0};
    enum status st = data_line_read(&l, json, strlen(json), DATA_EXACT, e);
    int found = -1;
    if (st && l.has_prompt && !l.has_answer && strstr(e->msg, "\"answer\" is missing"))
        st = ST_OK;
    data_words((enum data_tokenizer)t->set.tokenizer, str_c(&l.prompt), l.prompt.n, &words);
    data_words((enum data_tokenizer)t->set.tokenizer, str_c(&l.answer), l.answer.n, &answer);
    for (int i = 0; i < t->item_n && found < 0 && !st; i++)
        if (strcmp(t->item[i].prompt, str_c(&words)) == 0)
            found = i;
    if (!st && found < 0)
        st = err_set(e, ST_USAGE, "data", "problem: no line of %s has the \"prompt\" %.60s",
                     data_file_path(t->set.file), str_c(&l.prompt));
    if (!st && l.has_answer && strcmp(str_c(&answer), t->item[found].answer) != 0)
        st = err_set(e, ST_USAGE, "data", "problem: \"answer\" is %.60s in line %d of %s",
                     t->item[found].plain_answer, t->item[found].line, data_file_path(t->set.file));
    if (!st)
        ask(t, found, out);
    data_line_free(&l);
    str_free(&words);
    str_free(&answer);
    return st;
}

static void print_text(const char *s, struct str *out)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_printf(out, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            str_printf(out, "\\u%04x", (unsigned)*s);
        else
            str_add_n(out, s, 1);
    }
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    const struct data *t = self;
    str_add(out, "{\"prompt\":\"");
    print_text(t->item[p->value[0]].plain_prompt, out);
    str_add(out, "\",\"answer\":\"");
    print_text(t->item[p->value[0]].plain_answer, out);
    str_add(out, "\"}");
}

const struct scenario scenario_data = {
    .name = "data",
    .summary = "a task from a file of lines {\"prompt\",\"answer\"}",
    .config_bytes = sizeof(struct data_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .prepare = prepare,
    .open = open_scenario,
    .close = close_scenario,
    .tokens = tokens,
    .draw = draw,
    .held_out_n = held_out_n,
    .held_out = held_out,
    .prompt = data_prompt,
    .parse = parse,
    .print = print,
    .demonstrate = data_demonstrate,
    .base = data_base,
    .score = data_score,
    .analyse = data_analyse,
    .difficulty = data_difficulty,
    .scale = "prompt tokens",
};
