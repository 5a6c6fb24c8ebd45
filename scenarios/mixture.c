/* Several tasks as one. Each part is opened with its own defaults and the few settings that this table
 * passes on; its problems, texts and verdicts pass through unchanged, so that a trace of the mixture is one
 * of its part.
 *
 * Invariants: the vocabulary is the union of the parts' in their order; an opened mixture is never written
 * to. */
#include "scenarios/mixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/registry.h"

enum { PART_CONFIG = 1024, PATTERN = 4, TOKENS_MAX = 1024 };

struct mixture_config {
    double countdown, bilingual, chat;      /* shares */
    double hit, even_targets, near_miss, base_aimed, switched, base_switched, base_faults;
    int range, judge_weight;
};

#define SHARE(field, initial, meaning) \
    {#field, SET_REAL, offsetof(struct mixture_config, field), initial, 0, 1, NULL, SET_START, meaning}

static const struct setting settings[] = {
    SHARE(countdown, 0.5, "share of Countdown among problems and texts; the three shares are weights"),
    SHARE(bilingual, 0.25, "share of sums in number words"),
    SHARE(chat, 0.25, "share of short replies"),
    SHARE(hit, 0.45, "countdown: share of base documents whose target is the last attempt's value"),
    SHARE(even_targets, 0.7, "countdown: share of training problems with any target in reach"),
    SHARE(near_miss, 0.2, "countdown: share of the others whose target is 1 to 3 off"),
    SHARE(base_aimed, 0.3, "countdown: share of base documents whose last operations aim at the target"),
    {"range", SET_INT, offsetof(struct mixture_config, range), 20, 2, 99, NULL, SET_START,
     "countdown: training numbers are 1 to this; held-out ones to 12"},
    {"judge_weight", SET_INT, offsetof(struct mixture_config, judge_weight), 8, 1, 100, NULL, SET_START,
     "countdown: loss weight of a judgement in base text and demonstrations"},
    SHARE(switched, 0.3, "bilingual: demonstrations' share of words in the other language"),
    SHARE(base_switched, 0.5, "bilingual: base text's share of words in the other language"),
    {"base_faults", SET_REAL, offsetof(struct mixture_config, base_faults), 1.5, 0, 10, NULL, SET_START,
     "chat: faults in base text, times those of demonstrations"},
};

static const char *const part_name[MIXTURE_PARTS] = {"countdown", "bilingual", "chat"};

struct mixture {
    double share[MIXTURE_PARTS];
    const struct scenario *part[MIXTURE_PARTS];
    void *self[MIXTURE_PARTS];
    int held_n[MIXTURE_PARTS], token_n;
    const char *token[TOKENS_MAX];          /* borrowed from the parts */
    _Alignas(8) unsigned char config[MIXTURE_PARTS][PART_CONFIG];
};

/* Which part a place of the held-out list belongs to: any stretch of it has the parts in this ratio. */
static const int pattern[PATTERN] = {0, 1, 0, 2};

static void put(const struct scenario *s, unsigned char *config, const char *key, double value)
{
    for (int i = 0; i < s->settings_n; i++)
        if (strcmp(s->settings[i].key, key) == 0) {
            unsigned char *at = config + s->settings[i].offset;
            int whole = (int)value;
            if (s->settings[i].kind == SET_REAL)
                memcpy(at, &value, sizeof value);
            else
                memcpy(at, &whole, sizeof whole);
        }
}

static void configure(struct mixture *m, const struct mixture_config *c)
{
    const struct {
        int part;
        const char *key;
        double value;
    } pass[] = {
        {0, "range_1", c->range},
        {0, "range_2", c->range},
        {0, "range_3", c->range},
        {0, "hit_short", c->hit},
        {0, "hit_long", c->hit},
        {0, "even_targets", c->even_targets},
        {0, "near_miss", c->near_miss},
        {0, "judge_weight", c->judge_weight},
        {0, "base_aimed", c->base_aimed},
        {1, "switched", c->switched},
        {1, "base_switched", c->base_switched},
        {2, "base_faults", c->base_faults},
    };
    for (int k = 0; k < MIXTURE_PARTS; k++)
        for (int i = 0; i < m->part[k]->settings_n; i++)
            if (m->part[k]->settings[i].kind != SET_TEXT)
                put(m->part[k], m->config[k], m->part[k]->settings[i].key, m->part[k]->settings[i].initial);
    for (size_t i = 0; i < sizeof pass / sizeof *pass; i++)
        put(m->part[pass[i].part], m->config[pass[i].part], pass[i].key, pass[i].value);
}

static enum status unite_tokens(struct mixture *m, struct err *e)
{
    for (int k = 0; k < MIXTURE_PARTS; k++) {
        const char *const *token;
        int n = m->part[k]->tokens(m->self[k], &token);
        for (int i = 0; i < n; i++) {
            int known = 0;
            for (int j = 0; j < m->token_n && !known; j++)
                known = strcmp(m->token[j], token[i]) == 0;
            if (known)
                continue;
            if (m->token_n == TOKENS_MAX)
                return err_set(e, ST_USAGE, "mixture", "more than %d tokens together", TOKENS_MAX);
            m->token[m->token_n++] = token[i];
        }
    }
    return ST_OK;
}

static void close_parts(void *self)
{
    struct mixture *m = self;
    for (int k = 0; k < MIXTURE_PARTS; k++)
        if (m->self[k])
            m->part[k]->close(m->self[k]);
    free(m);
}

static enum status open_parts(const void *config, void **self, struct err *e)
{
    const struct mixture_config *c = config;
    struct mixture *m = calloc(1, sizeof *m);
    double sum = c->countdown + c->bilingual + c->chat;
    enum status st = ST_OK;
    *self = NULL;
    if (!m)
        return err_set(e, ST_NOMEM, "mixture", "no memory for the tasks");
    if (sum <= 0) {
        free(m);
        return err_set(e, ST_USAGE, "mixture",
                       "countdown, bilingual and chat are all 0: a mixture needs a task");
    }
    m->share[0] = c->countdown / sum;
    m->share[1] = c->bilingual / sum;
    m->share[2] = c->chat / sum;
    for (int k = 0; k < MIXTURE_PARTS && !st; k++) {
        m->part[k] = scenario_find(part_name[k]);
        if (m->part[k]->config_bytes > PART_CONFIG)
            st = err_set(e, ST_FAILED, "mixture", "%s has too large a configuration", part_name[k]);
    }
    if (!st)
        configure(m, c);
    for (int k = 0; k < MIXTURE_PARTS && !st; k++) {
        st = m->part[k]->open(m->config[k], &m->self[k], e);
        if (!st)
            m->held_n[k] = m->part[k]->held_out_n(m->self[k]);
    }
    if (!st)
        st = unite_tokens(m, e);
    if (st)
        close_parts(m);
    else
        *self = m;
    return st;
}

static int tokens(const void *self, const char *const **token)
{
    const struct mixture *m = self;
    *token = m->token;
    return m->token_n;
}

static int choose(const struct mixture *m, struct rng *r)
{
    double x = rng_unit(r);
    for (int k = 0; k + 1 < MIXTURE_PARTS; k++) {
        if (x < m->share[k])
            return k;
        x -= m->share[k];
    }
    return m->share[MIXTURE_PARTS - 1] > 0 ? MIXTURE_PARTS - 1 : 0;
}

/* A part's problem as one of the mixture, and back. */
static void wrap(int part, const struct problem *own, struct problem *out)
{
    out->n = own->n + 1;
    out->value[0] = part;
    memcpy(out->value + 1, own->value, (size_t)own->n * sizeof *own->value);
}

static int unwrap(const struct problem *p, struct problem *own)
{
    *own = (struct problem){.n = p->n - 1};
    memcpy(own->value, p->value + 1, (size_t)own->n * sizeof *own->value);
    return p->value[0];
}

static void draw(const void *self, struct rng *r, struct problem *out)
{
    const struct mixture *m = self;
    int k = choose(m, r);
    struct problem own;
    m->part[k]->draw(m->self[k], r, &own);
    wrap(k, &own, out);
}

static int held_out_n(const void *self)
{
    const struct mixture *m = self;
    int rounds = m->held_n[0] / 2;
    for (int k = 1; k < MIXTURE_PARTS; k++)
        rounds = m->held_n[k] < rounds ? m->held_n[k] : rounds;
    return rounds * PATTERN;
}

static void held_out(const void *self, int index, struct problem *out)
{
    const struct mixture *m = self;
    int k = pattern[index % PATTERN], place = index / PATTERN;
    struct problem own;
    if (k == 0)
        place = 2 * place + (index % PATTERN == 2);
    m->part[k]->held_out(m->self[k], place, &own);
    wrap(k, &own, out);
}

static void prompt(const void *self, const struct problem *p, struct str *out)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    m->part[k]->prompt(m->self[k], &own, out);
}

/* {"chat":{..}}: the part's name, then the part's own form. */
static enum status parse(const void *self, const char *json, struct problem *out, struct err *e)
{
    const struct mixture *m = self;
    char name[LABEL_BYTES] = "";
    int at = 0;
    const char *end = strrchr(json, '}');
    if (sscanf(json, " { \"%15[a-z]\" : %n", name, &at) < 1 || !at || !end || end <= json + at)
        return err_set(e, ST_USAGE, "mixture", "a problem is {\"countdown\"|\"bilingual\"|\"chat\": {..}}");
    for (int k = 0; k < MIXTURE_PARTS; k++)
        if (strcmp(name, part_name[k]) == 0) {
            struct str inner = {0};
            struct problem own;
            enum status st;
            str_add_n(&inner, json + at, (size_t)(end - json - at));
            st = m->part[k]->parse(m->self[k], str_c(&inner), &own, e);
            str_free(&inner);
            if (!st)
                wrap(k, &own, out);
            return st;
        }
    return err_set(e, ST_USAGE, "mixture", "there is no task %s here", name);
}

static void print(const void *self, const struct problem *p, struct str *out)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    str_printf(out, "{\"%s\":", part_name[k]);
    m->part[k]->print(m->self[k], &own, out);
    str_add(out, "}");
}

static void demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct mixture *m = self;
    int k = choose(m, r);
    m->part[k]->demonstrate(m->self[k], r, out);
}

static void base(const void *self, struct rng *r, struct document *out)
{
    const struct mixture *m = self;
    int k = choose(m, r);
    m->part[k]->base(m->self[k], r, out);
}

static void score(const void *self, const struct problem *p, const char *completion, size_t n,
                  struct score *out)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    m->part[k]->score(m->self[k], &own, completion, n, out);
}

static void analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                    double accuracy, struct marks *out)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    m->part[k]->analyse(m->self[k], &own, completion, n, accuracy, out);
}

static int difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES])
{
    (void)self;
    snprintf(label, LABEL_BYTES, "%s", part_name[p->value[0]]);
    return p->value[0];
}

static int prefer(const void *self, const struct problem *p, enum preference respect, const char *first,
                  size_t first_n, const char *second, size_t second_n)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    if (!m->part[k]->prefer)
        return 0;
    return m->part[k]->prefer(m->self[k], &own, respect, first, first_n, second, second_n);
}

static int is_open(const void *self, const struct problem *p)
{
    const struct mixture *m = self;
    struct problem own;
    int k = unwrap(p, &own);
    return m->part[k]->is_open && m->part[k]->is_open(m->self[k], &own);
}

const struct scenario scenario_mixture = {
    .name = "mixture",
    .summary = "countdown, sums in two languages and short replies in one vocabulary",
    .config_bytes = sizeof(struct mixture_config),
    .settings = settings,
    .settings_n = sizeof settings / sizeof *settings,
    .open = open_parts,
    .close = close_parts,
    .tokens = tokens,
    .draw = draw,
    .held_out_n = held_out_n,
    .held_out = held_out,
    .prompt = prompt,
    .parse = parse,
    .print = print,
    .demonstrate = demonstrate,
    .base = base,
    .score = score,
    .analyse = analyse,
    .difficulty = difficulty,
    .scale = "task",
    .prefer = prefer,
    .is_open = is_open,
};
