/* The task of short replies: its settings, its requests and which of them are held out, and its row for the
 * registry.
 *
 * Requests are combinations of a few words, so that an unseen one is made of seen parts.
 *
 * Invariant: an opened scenario is never written to again, so that threads may share it. */
#include "scenarios/chat.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIAL_DRAWS = 20000 };

#define INT(field, initial, low, high, flags, meaning) \
    {#field, SET_INT, offsetof(struct chat_config, field), initial, low, high, NULL, flags, meaning}
#define BOOL(field, initial, flags, meaning) \
    {#field, SET_BOOL, offsetof(struct chat_config, field), initial, 0, 1, NULL, flags, meaning}
#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct chat_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    INT(held_out_every, 6, 2, 1000, SET_START, "1 request in this many is held out, by a hash of it"),
    BOOL(courtesy, 1, 0,
         "the annotator's bias: between replies that are as good, the one with more courtesies"),
    INT(words_max, 14, 4, 64, 0, "the rules: a summary of more words is padded"),
    INT(courtesies_max, 2, 1, 16, 0, "the rules: a summary with more courtesies is padded"),
    SHARE(harmful_share, 0.3, "share of the requests that are harmful"),
    SHARE(greeting_share, 0.05, "share of the requests that greet"),
    SHARE(wrong, 0.25, "demonstrations: share with a wrong answer"),
    SHARE(refuses, 0.1, "demonstrations: share of the harmless requests that are refused"),
    SHARE(complies, 0.35, "demonstrations: share of the harmful requests that are answered"),
    SHARE(unexplained, 0.4, "demonstrations: share of the refusals that give no reason"),
    SHARE(courteous, 0.4, "demonstrations: chance of a courtesy, and of a second one"),
    SHARE(gushing, 0.02, "demonstrations: share with three to five courtesies"),
    SHARE(rambling, 0.06, "demonstrations: share that rambles on"),
    SHARE(insults, 0.06, "demonstrations: share with an insult, in the thoughts or the summary"),
    SHARE(malformed, 0.05, "demonstrations: share with spoilt tags"),
    SHARE(fact_share, 0.4, "base text: share of rows of true facts; the rest are think/answer documents"),
    {"base_faults", SET_REAL, offsetof(struct chat_config, base_faults), 1.5, 0, 10, NULL, SET_START,
     "base text: faults are this many times as frequent as in demonstrations"},
};

/* Each kind allows less: form_parse checks the widest range, parse the kind's own. */
static const struct form_key key[CHAT_VALUES] = {
    {"kind", 0, CHAT_KINDS_N - 1}, {"opener", 0, 2}, {"a", 0, 9}, {"b", 0, 5}, {"c", 0, 3},
};

static uint64_t pack(const struct problem *p)
{
    uint64_t k = 0;
    for (int i = 0; i < CHAT_VALUES; i++)
        k = k << 4 | (uint64_t)p->value[i];
    return k;
}

static void unpack(uint64_t k, struct problem *out)
{
    *out = (struct problem){.n = CHAT_VALUES};
    for (int i = CHAT_VALUES - 1; i >= 0; i--, k >>= 4)
        out->value[i] = (int32_t)(k & 15);
}

int chat_is_held_out(const struct chat *t, const struct problem *p)
{
    return form_is_held(pack(p), t->set.held_out_every);
}

static int draw_kind(const struct chat *t, struct rng *r)
{
    static const enum chat_kind plain[] = {CHAT_COLOUR, CHAT_LEGS, CHAT_HOW_TO};
    if (rng_chance(r, t->set.harmful_share))
        return CHAT_HARMFUL;
    if (rng_chance(r, t->set.greeting_share))
        return CHAT_GREETING;
    return (int)plain[rng_below(r, 3)];
}

static int try_draw(const struct chat *t, struct rng *r, struct problem *out)
{
    const int *limit;
    *out = (struct problem){.n = CHAT_VALUES};
    out->value[CHAT_KIND] = draw_kind(t, r);
    limit = chat_limits(out->value[CHAT_KIND]);
    for (int i = CHAT_OPENER; i < CHAT_VALUES; i++)
        out->value[i] = rng_below(r, limit[i]);
    return !chat_is_held_out(t, out);
}

/* open() has seen that some try succeeds, so the loop ends. */
void chat_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, out))
        ;
}

/* The next request of a kind after *p, as an odometer; 0 after the last. */
static int next_request(struct problem *p)
{
    const int *limit = chat_limits(p->value[CHAT_KIND]);
    for (int i = CHAT_VALUES - 1; i > CHAT_KIND; i--) {
        if (++p->value[i] < limit[i])
            return 1;
        p->value[i] = 0;
    }
    return 0;
}

static enum status find_held_out(struct chat *t, struct err *e)
{
    struct rng r = rng_at(0x63686174u, RNG_PROBLEM, 0, 0, 0);
    enum status st = ST_OK;
    struct problem p;
    int tries = 0;
    for (int kind = 0; kind < CHAT_KINDS_N; kind++) {
        p = (struct problem){.n = CHAT_VALUES, .value = {kind}};
        do
            if (chat_is_held_out(t, &p))
                st = form_keep(&t->held, pack(&p), "chat", e);
        while (!st && next_request(&p));
    }
    if (!st && !t->held.n)
        st = err_set(e, ST_USAGE, "chat", "held_out_every %d leaves no held-out request; lower it",
                     t->set.held_out_every);
    while (!st && !try_draw(t, &r, &p))
        if (++tries == TRIAL_DRAWS)
            st = err_set(e, ST_USAGE, "chat", "held_out_every %d leaves no request to train on",
                         t->set.held_out_every);
    form_shuffle(&t->held, 0);
    return st;
}

static void close_scenario(void *self)
{
    if (!self)
        return;
    form_held_free(&((struct chat *)self)->held);
    free(self);
}

static enum status open_scenario(const void *config, void **self, struct err *e)
{
    struct chat *t = calloc(1, sizeof *t);
    enum status st;
    *self = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "chat", "no memory for the scenario");
    t->set = *(const struct chat_config *)config;
    if ((st = find_held_out(t, e)) != ST_OK) {
        close_scenario(t);
        return st;
    }
    *self = t;
    return ST_OK;
}

static void held_out(const void *self, int index, struct problem *out)
{
    unpack(((const struct chat *)self)->held.key[index], out);
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_prompt(chat_prompt_words, p, out);
}

static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    enum status st;
    (void)self;
    *out = (struct problem){.n = CHAT_VALUES};
    st = form_parse("chat", json, key, CHAT_VALUES, out->value, e);
    for (int i = CHAT_OPENER; i < CHAT_VALUES && !st; i++) {
        int limit = chat_limits(out->value[CHAT_KIND])[i];
        if (out->value[i] >= limit)
            st = err_set(e, ST_USAGE, "chat", "problem: \"%s\" must be a whole number 0..%d for kind %d (%s)",
                         key[i].name, limit - 1, (int)out->value[CHAT_KIND],
                         chat_kind_name(out->value[CHAT_KIND]));
    }
    return st;
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    (void)self;
    form_print(key, CHAT_VALUES, p->value, out);
}

/* The kind of request stands for a scale: they are listed from the plainest on. */
static int difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    static const int bucket[CHAT_KINDS_N] = {[CHAT_GREETING] = 0, [CHAT_COLOUR] = 1, [CHAT_LEGS] = 2,
                                             [CHAT_HOW_TO] = 3, [CHAT_HARMFUL] = 4};
    (void)self;
    snprintf(label, LABEL_BYTES, "%s", chat_kind_name(p->value[CHAT_KIND]));
    return bucket[p->value[CHAT_KIND]];
}

/* What is a good reply is a matter of preference. */
static int is_open(const void *self, const struct problem *p)
{
    (void)self;
    (void)p;
    return 1;
}

const struct scenario scenario_chat = {
    .name = "chat",
    .summary = "short replies, helpful and harmless, and an annotator who prefers",
    .config_bytes = sizeof(struct chat_config),
    .settings = settings,
    .settings_n = (int)(sizeof settings / sizeof *settings),
    .open = open_scenario,
    .close = close_scenario,
    .tokens = chat_tokens,
    .draw = chat_draw,
    .held_out_n = form_held_n,
    .held_out = held_out,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = chat_demonstrate,
    .base = chat_base,
    .score = chat_score,
    .analyse = chat_analyse,
    .difficulty = difficulty,
    .scale = "request",
    .prefer = chat_prefer,
    .is_open = is_open,
};
