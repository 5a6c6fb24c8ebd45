/* Recipes are read line by line by inih; every name that a stage refers to stands above it, so that a
 * recipe is a list and never a circle. */
#include "engine/run/recipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

int recipe_find(const struct recipe *r, const char *stage)
{
    for (int i = 0; i < r->stages_n; i++)
        if (strcmp(r->stage[i].name, stage) == 0)
            return i;
    return -1;
}

static int find_word(const char *choices, const char *word)
{
    size_t n = strlen(word);
    for (int i = 0; *choices; i++) {
        size_t k = strcspn(choices, " ");
        if (k == n && memcmp(choices, word, n) == 0)
            return i;
        choices += k + (choices[k] == ' ');
    }
    return -1;
}

static enum status number(const char *key, const char *value, double low, double high, double *out,
                          struct err *e)
{
    char *end;
    errno = 0;
    *out = strtod(value, &end);
    if (end == value || *end || errno || !(*out >= low && *out <= high))
        return err_set(e, ST_USAGE, "recipe", "%s=%s is not a number of %g to %g", key, value, low, high);
    return ST_OK;
}

static enum status whole(const char *key, const char *value, int low, int high, int *out, struct err *e)
{
    double x = 0;
    enum status st = number(key, value, low, high, &x, e);
    if (!st && x != (double)(int)x)
        return err_set(e, ST_USAGE, "recipe", "%s=%s is not a whole number", key, value);
    *out = (int)x;
    return st;
}

static enum status collect_option(struct collect_settings *s, const char *key, const char *value,
                                  struct err *e)
{
    if (!strcmp(key, "problems"))
        return whole(key, value, 1, 100000, &s->problems, e);
    if (!strcmp(key, "samples"))
        return whole(key, value, 1, EVAL_K_MAX, &s->samples, e);
    if (!strcmp(key, "keep"))
        return whole(key, value, 1, EVAL_K_MAX, &s->keep, e);
    if (!strcmp(key, "rewrite"))
        return whole(key, value, 0, 1, &s->rewrite, e);
    if (!strcmp(key, "readable"))
        return number(key, value, 0, 1, &s->readable, e);
    if (!strcmp(key, "accuracy"))
        return number(key, value, 0, 1, &s->accuracy, e);
    if (!strcmp(key, "temperature"))
        return number(key, value, 0, 10, &s->temperature, e);
    if (!strcmp(key, "top_p"))
        return number(key, value, 0.01, 1, &s->top_p, e);
    return err_set(
        e, ST_USAGE, "recipe",
        "collect has problems, samples, keep, rewrite, readable, accuracy, temperature and top_p, not %s",
        key);
}

/* "traces rl problems=400 keep=2" */
static enum status read_collect(const struct recipe *r, struct recipe_stage *g, const char *value,
                                struct err *e)
{
    struct recipe_collect *c = &g->collect[g->collects_n];
    char text[256], *rest = NULL, *word;
    int kind;
    enum status st = ST_OK;
    if (g->collects_n == RECIPE_COLLECTS)
        return err_set(e, ST_USAGE, "recipe", "a stage collects at most %d times", RECIPE_COLLECTS);
    *c = (struct recipe_collect){.s = {.problems = 200, .samples = 8, .keep = 1, .temperature = 1, .top_p = 1,
                                       .readable = 0, .accuracy = 1, .step = (uint32_t)g->collects_n + 1}};
    snprintf(text, sizeof text, "%s", value);
    word = strtok_r(text, " ", &rest);
    kind = word ? find_word(COLLECT_CHOICES, word) : -1;
    word = strtok_r(NULL, " ", &rest);
    if (kind < 0 || !word || strchr(word, '='))
        return err_set(e, ST_USAGE, "recipe", "collect = KIND STAGE .., KIND one of " COLLECT_CHOICES);
    c->s.kind = (enum collect_kind)kind;
    if (recipe_find(r, word) < 0 || recipe_find(r, word) == r->stages_n - 1)
        return err_set(e, ST_USAGE, "recipe", "collect: %s is no earlier stage", word);
    snprintf(c->source, sizeof c->source, "%s", word);
    while (!st && (word = strtok_r(NULL, " ", &rest))) {
        char *eq = strchr(word, '=');
        if (!eq)
            return err_set(e, ST_USAGE, "recipe", "collect: %s is not key=value", word);
        *eq = 0;
        st = collect_option(&c->s, word, eq + 1, e);
    }
    g->collects_n += !st;
    return st;
}

static enum status read_sets(struct recipe_stage *g, const char *value, struct err *e)
{
    char text[512], *rest = NULL;
    if (strlen(value) >= sizeof text)
        return err_set(e, ST_USAGE, "recipe", "set: a line has at most %zu bytes", sizeof text - 1);
    snprintf(text, sizeof text, "%s", value);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (!strchr(word, '=') || strlen(word) >= RECIPE_SET_BYTES || g->sets_n == RECIPE_SETS)
            return err_set(e, ST_USAGE, "recipe", "set: %s: key=value, at most %d bytes and %d of a stage",
                           word, RECIPE_SET_BYTES - 1, RECIPE_SETS);
        snprintf(g->set[g->sets_n++], RECIPE_SET_BYTES, "%s", word);
    }
    return ST_OK;
}

static enum status read_reference(const struct recipe *r, const char *key, const char *value,
                                  char out[RECIPE_NAME], struct err *e)
{
    int i = recipe_find(r, value);
    if (i < 0 || i == r->stages_n - 1)
        return err_set(e, ST_USAGE, "recipe", "%s = %s: no earlier stage has that name", key, value);
    snprintf(out, RECIPE_NAME, "%s", value);
    return ST_OK;
}

static enum status stage_line(const struct recipe *r, struct recipe_stage *g, const char *key,
                              const char *value, struct err *e)
{
    if (!strcmp(key, "summary"))
        snprintf(g->summary, sizeof g->summary, "%s", value);
    else if (!strcmp(key, "preset"))
        snprintf(g->preset, sizeof g->preset, "%s", value);
    else if (!strcmp(key, "from"))
        return read_reference(r, key, value, g->from, e);
    else if (!strcmp(key, "reward"))
        return read_reference(r, key, value, g->reward, e);
    else if (!strcmp(key, "teacher"))
        return read_reference(r, key, value, g->teacher, e);
    else if (!strcmp(key, "epochs"))
        return number(key, value, 0, 1000, &g->epochs, e);
    else if (!strcmp(key, "set"))
        return read_sets(g, value, e);
    else if (!strcmp(key, "collect"))
        return read_collect(r, g, value, e);
    else if (!strcmp(key, "run") && stage_find(value) >= 0)
        g->stage = (enum stage)stage_find(value);
    else if (!strcmp(key, "run"))
        return err_set(e, ST_USAGE, "recipe", "run = %s: a stage is base, cold, reward, dpo or grpo", value);
    else
        return err_set(e, ST_USAGE, "recipe",
                       "a stage has summary, run, preset, from, reward, teacher, set, collect and epochs, not %s",
                       key);
    return ST_OK;
}

struct reader {
    struct recipe *r;
    struct err *e;
    enum status st;
};

static enum status recipe_line(struct recipe *r, const char *key, const char *value, struct err *e)
{
    if (!strcmp(key, "name"))
        snprintf(r->name, sizeof r->name, "%s", value);
    else if (!strcmp(key, "summary"))
        snprintf(r->summary, sizeof r->summary, "%s", value);
    else
        return err_set(e, ST_USAGE, "recipe", "[recipe] has name and summary, not %s", key);
    return ST_OK;
}

static int on_line(void *user, const char *section, const char *key, const char *value)
{
    struct reader *x = user;
    struct recipe *r = x->r;
    const char *name = section + 6;
    if (x->st)
        return 0;
    if (!strcmp(section, "recipe")) {
        x->st = recipe_line(r, key, value, x->e);
        return x->st == ST_OK;
    }
    if (strncmp(section, "stage ", 6) || !*name || strlen(name) >= RECIPE_NAME) {
        x->st = err_set(x->e, ST_USAGE, "recipe", "[%s]: sections are [recipe] and [stage NAME]", section);
        return 0;
    }
    if (!r->stages_n || strcmp(r->stage[r->stages_n - 1].name, name)) {
        if (recipe_find(r, name) >= 0 || r->stages_n == RECIPE_STAGES) {
            x->st = err_set(x->e, ST_USAGE, "recipe", "[%s] stands twice, or there are more than %d stages",
                            section, RECIPE_STAGES);
            return 0;
        }
        r->stage[r->stages_n] = (struct recipe_stage){.stage = STAGE_GRPO};
        snprintf(r->stage[r->stages_n++].name, RECIPE_NAME, "%s", name);
    }
    x->st = stage_line(r, &r->stage[r->stages_n - 1], key, value, x->e);
    return x->st == ST_OK;
}

static int learns_from_pairs(const struct recipe_stage *g)
{
    return g->stage == STAGE_REWARD || g->stage == STAGE_DPO;
}

static enum status check(const struct recipe *r, const char *source, struct err *e)
{
    if (!r->name[0] || !r->stages_n)
        return err_set(e, ST_USAGE, "recipe", "%s: [recipe] needs a name, and there must be a [stage ..]",
                       source);
    for (int i = 0; i < r->stages_n; i++) {
        const struct recipe_stage *g = &r->stage[i];
        if (!g->preset[0])
            return err_set(e, ST_USAGE, "recipe", "%s: stage %s names no preset", source, g->name);
        if (g->collects_n && (g->stage == STAGE_BASE || g->stage == STAGE_GRPO))
            return err_set(e, ST_USAGE, "recipe",
                           "%s: stage %s: cold, reward and dpo learn from texts, %s does not", source, g->name,
                           stage_name(g->stage));
        if (learns_from_pairs(g) && !g->collects_n)
            return err_set(e, ST_USAGE, "recipe", "%s: stage %s: %s learns from pairs: collect = pairs ..",
                           source, g->name, stage_name(g->stage));
        for (int k = 0; k < g->collects_n; k++)
            if (learns_from_pairs(g) != (g->collect[k].s.kind == COLLECT_PAIRS))
                return err_set(e, ST_USAGE, "recipe",
                               "%s: stage %s: reward and dpo learn from pairs, cold from traces and templates",
                               source, g->name);
        if (g->reward[0] && r->stage[recipe_find(r, g->reward)].stage != STAGE_REWARD)
            return err_set(e, ST_USAGE, "recipe", "%s: stage %s: %s is no reward stage", source, g->name,
                           g->reward);
        if (g->teacher[0] &&
            (g->stage != STAGE_COLD || r->stage[recipe_find(r, g->teacher)].stage == STAGE_REWARD))
            return err_set(e, ST_USAGE, "recipe",
                           "%s: stage %s: only a cold stage has a teacher, and a reward model is none", source,
                           g->name);
    }
    return ST_OK;
}

enum status recipe_parse(struct recipe *r, const char *source, const char *text, struct err *e)
{
    struct err inner = {0};
    struct reader x = {r, &inner, ST_OK};
    int line;
    memset(r, 0, sizeof *r);
    line = ini_parse_string(text, on_line, &x);
    if (x.st)
        return err_set(e, x.st, "recipe", "%s:%d: %s", source, line, inner.msg);
    if (line)
        return err_set(e, ST_USAGE, "recipe", "%s:%d: not a line of the form key = value", source, line);
    return check(r, source, e);
}

void recipe_only(struct settings *s, enum stage stage)
{
    for (int i = 0; i < STAGE_N; i++)
        if (i != (int)stage)
            settings_set_steps(s, (enum stage)i, 0);
}

void recipe_key(const struct recipe *r, int i, const char *own, char (*key)[KEY_HEX])
{
    const struct recipe_stage *g = &r->stage[i];
    struct str text = {0};
    struct hash h;
    struct digest d;
    str_printf(&text, "%s %s %.6g\n", own, g->from[0] ? key[recipe_find(r, g->from)] : "", g->epochs);
    if (g->reward[0])
        str_printf(&text, "%s\n", key[recipe_find(r, g->reward)]);
    if (g->teacher[0])
        str_printf(&text, "teacher %s\n", key[recipe_find(r, g->teacher)]);
    for (int k = 0; k < g->collects_n; k++) {
        const struct collect_settings *s = &g->collect[k].s;
        str_printf(&text, "%s %d %d %d %d %d %.6g %.6g %.6g %.6g\n",
                   key[recipe_find(r, g->collect[k].source)], (int)s->kind, s->problems, s->samples, s->keep,
                   s->rewrite, s->temperature, s->top_p, s->readable, s->accuracy);
    }
    hash_init(&h);
    hash_add(&h, str_c(&text), text.n);
    d = hash_end(&h);
    digest_hex(&d, key[i]);
    str_free(&text);
}
