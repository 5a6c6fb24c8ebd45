/* Settings: the table walked for defaults, single values and comparison. As a text: settings_text.c. */
#include "engine/run/settings.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/rl/objective.h"
#include "engine/run/settings_table.h"

const char *stage_name(enum stage s)
{
    static const char *const name[] = {"base", "cold", "reward", "dpo", "grpo"};
    return name[s];
}

int stage_find(const char *name)
{
    for (int i = 0; i < STAGE_N; i++)
        if (strcmp(stage_name((enum stage)i), name) == 0)
            return i;
    return -1;
}

const struct sft_stage *settings_sft(const struct settings *s, enum stage stage)
{
    return stage == STAGE_BASE     ? &s->base
           : stage == STAGE_COLD   ? &s->cold
           : stage == STAGE_REWARD ? &s->reward
                                   : &s->dpo;
}

int settings_steps(const struct settings *s, enum stage stage)
{
    return stage == STAGE_GRPO ? s->rl.steps : settings_sft(s, stage)->steps;
}

void settings_set_steps(struct settings *s, enum stage stage, int steps)
{
    int *at[STAGE_N] = {[STAGE_BASE] = &s->base.steps, [STAGE_COLD] = &s->cold.steps,
                        [STAGE_REWARD] = &s->reward.steps, [STAGE_DPO] = &s->dpo.steps,
                        [STAGE_GRPO] = &s->rl.steps};
    *at[stage] = steps;
}

int settings_stages(const struct settings *s, enum stage out[STAGE_N])
{
    int n = 0;
    for (int i = 0; i < STAGE_N; i++)
        if (settings_steps(s, (enum stage)i) > 0)
            out[n++] = (enum stage)i;
    return n;
}

int settings_rows(const struct settings *s)
{
    int n = s->scenario ? s->scenario->settings_n : 0;
    for (int i = 0; i < settings_sections(); i++)
        n += settings_section(i)->n;
    return n;
}

const struct setting *settings_row(const struct settings *s, int i, const char **section)
{
    for (int k = 0; k < settings_sections(); k++) {
        const struct settings_section *x = settings_section(k);
        if (i < x->n) {
            *section = x->name;
            return &x->row[i];
        }
        i -= x->n;
    }
    *section = s->scenario->name;
    return &s->scenario->settings[i];
}

/* Where row i keeps its value. */
static void *place(struct settings *s, int i, const struct setting **row)
{
    const char *section;
    *row = settings_row(s, i, &section);
    return (s->scenario && strcmp(section, s->scenario->name) == 0 ? s->task : (unsigned char *)s) +
           (*row)->offset;
}

/* A text is kept as it is, a number as its row has it. */
static void put(void *at, const struct setting *row, double value)
{
    if (row->kind == SET_REAL)
        *(double *)at = value;
    else
        *(int *)at = (int)value;
}

static double get(const void *at, const struct setting *row)
{
    return row->kind == SET_REAL ? *(const double *)at : *(const int *)at;
}

void settings_init(struct settings *s, const struct scenario *scenario)
{
    memset(s, 0, sizeof *s);
    s->scenario = scenario;
    for (int i = 0; i < settings_rows(s); i++) {
        const struct setting *row;
        void *at = place(s, i, &row);
        if (row->kind == SET_TEXT)
            snprintf(at, (size_t)row->high, "%s", row->choices ? row->choices : "");
        else
            put(at, row, row->initial);
    }
}

/* The n-th word of a blank-separated list, 0 when there is none. */
static int choice_name(const char *list, int n, char *out, size_t bytes)
{
    for (; n > 0 && list; n--) {
        list = strchr(list, ' ');
        list = list ? list + 1 : NULL;
    }
    if (!list)
        return 0;
    snprintf(out, bytes, "%.*s", (int)strcspn(list, " "), list);
    return 1;
}

void settings_value(const struct settings *s, int i, char *out, size_t bytes)
{
    const struct setting *row;
    const void *at = place((struct settings *)s, i, &row);
    double v;
    if (row->kind == SET_TEXT) {
        snprintf(out, bytes, "%s", (const char *)at);
        return;
    }
    v = get(at, row);
    if (row->kind == SET_CHOICE && choice_name(row->choices, (int)v, out, bytes))
        return;
    if (row->kind == SET_REAL) {
        for (int digits = 6; digits <= 17; digits++) {
            snprintf(out, bytes, "%.*g", digits, v);
            if (strtod(out, NULL) == v)
                break;
        }
    } else {
        snprintf(out, bytes, "%d", (int)v);
    }
}

void setting_range(const struct setting *r, char *out, size_t bytes)
{
    if (r->kind == SET_CHOICE)
        snprintf(out, bytes, "one of: %s", r->choices);
    else if (r->kind == SET_BOOL)
        snprintf(out, bytes, "0 or 1");
    else if (r->kind == SET_TEXT)
        snprintf(out, bytes, "a text of at most %d bytes", (int)r->high - 1);
    else
        snprintf(out, bytes, "%g..%g", r->low, r->high);
}

static int parse_value(const struct setting *row, const char *text, double *out)
{
    char *end, word[32];
    if (row->kind == SET_CHOICE) {
        for (int i = 0; choice_name(row->choices, i, word, sizeof word); i++)
            if (strcmp(word, text) == 0) {
                *out = i;
                return 1;
            }
        return 0;
    }
    if (row->kind == SET_BOOL &&
        (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0))
        text = "1";
    if (row->kind == SET_BOOL &&
        (strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0))
        text = "0";
    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(*out) || *out < row->low || *out > row->high)
        return 0;
    return row->kind == SET_REAL || *out == floor(*out);
}

/* No control characters, and no blanks at the ends: a value is the rest of a line. */
static int parse_text(const struct setting *row, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return 0;
    return n < (size_t)row->high && !(n && (text[0] == ' ' || text[n - 1] == ' '));
}

static enum status set_row(struct settings *s, int i, const char *value, struct err *e)
{
    const struct setting *row;
    void *at = place(s, i, &row);
    const char *section;
    double v;
    char range[128];
    settings_row(s, i, &section);
    if (row->kind == SET_TEXT ? !parse_text(row, value) : !parse_value(row, value, &v)) {
        setting_range(row, range, sizeof range);
        return err_set(e, ST_USAGE, "settings", "%s.%s = %.60s: it takes %s%s", section, row->key, value,
                       row->kind == SET_INT ? "a whole number " : "", range);
    }
    if (row->kind == SET_TEXT)
        snprintf(at, (size_t)row->high, "%s", value);
    else
        put(at, row, v);
    return ST_OK;
}

/* Row of a whole or short key: -1 none, -2 several sections have it. */
static int find_row(const struct settings *s, enum stage stage, const char *key)
{
    const char *own = stage == STAGE_GRPO ? "rl" : stage_name(stage), *section;
    int found = -1, count = 0;
    for (int i = 0; i < settings_rows(s); i++) {
        const struct setting *row = settings_row(s, i, &section);
        size_t n = strlen(section);
        if (strncmp(key, section, n) == 0 && key[n] == '.' && strcmp(key + n + 1, row->key) == 0)
            return i;
        if (strcmp(key, row->key))
            continue;
        if (strcmp(section, own) == 0)
            return i;
        found = i;
        count++;
    }
    return count > 1 ? -2 : found;
}

enum status settings_set(struct settings *s, enum stage stage, const char *key, const char *value,
                         char *canonical, struct err *e)
{
    int i = find_row(s, stage, key);
    if (i == -2)
        return err_set(e, ST_USAGE, "settings", "%s stands in several sections: write section.%s", key, key);
    if (i < 0)
        return err_set(e, ST_USAGE, "settings", "there is no setting %s (`grpolab settings` lists them)",
                       key);
    if (canonical) {
        const char *section;
        const struct setting *row = settings_row(s, i, &section);
        snprintf(canonical, 96, "%s.%s", section, row->key);
    }
    return set_row(s, i, value, e);
}

static enum status read_seed(const char *text, uint64_t *seed, struct err *e)
{
    char *end;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        return err_set(e, ST_USAGE, "settings", "seed=%s is not a whole number of 0 or more", text);
    return ST_OK;
}

enum status settings_assign(struct settings *s, enum stage stage, const char *const *text, int n,
                            uint64_t *seed, struct err *e)
{
    char folder[PATH_MAX];
    enum status inner;
    for (int i = 0; i < n; i++) {
        const char *eq = strchr(text[i], '=');
        char key[96];
        enum status st;
        if (!eq || (size_t)(eq - text[i]) >= sizeof key)
            return err_set(e, ST_USAGE, "settings", "%s is not key=value", text[i]);
        snprintf(key, sizeof key, "%.*s", (int)(eq - text[i]), text[i]);
        st = strcmp(key, "seed") == 0 ? read_seed(eq + 1, seed, e)
                                      : settings_set(s, stage, key, eq + 1, NULL, e);
        if (st)
            return st;
    }
    return n && !getcwd(folder, sizeof folder)
               ? err_set(e, ST_IO, "settings", "the current folder has no path")
           : n && (inner = settings_paths(s, folder, e)) ? inner
                                                         : settings_check(s, e);
}

enum status settings_paths(struct settings *s, const char *folder, struct err *e)
{
    for (int i = 0; i < settings_rows(s); i++) {
        char path[SETTING_TEXT + PATH_MAX];
        const struct setting *row;
        char *at = place(s, i, &row);
        if (!(row->flags & SET_PATH) || at[0] == '/' || !strpbrk(at, "/."))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, at);
        if (strlen(path) >= (size_t)row->high)
            return err_set(e, ST_USAGE, "settings", "%s = %.80s: as a whole path it has more than %d bytes",
                           row->key, at, (int)row->high - 1);
        memcpy(at, path, strlen(path) + 1);
    }
    return ST_OK;
}

enum status settings_check(const struct settings *s, struct err *e)
{
    enum stage stage[STAGE_N];
    struct model_config c = s->model;
    c.vocab_n = 2;
    c.positions_n = 2;
    if (settings_stages(s, stage) == 0)
        return err_set(e, ST_USAGE, "settings", "no stage has steps: set base.steps, cold.steps or rl.steps");
    if (s->rl.loss == LOSS_PPO && !s->model.value_head)
        return err_set(e, ST_USAGE, "settings", "rl.loss = ppo needs a critic: model.value_head = 1");
    if (s->rl.loss == LOSS_DPO && (s->rl.router_replay || s->rl.router_measure))
        return err_set(e, ST_USAGE, "settings",
                       "rl.loss = dpo has no router replay: set rl.router_replay and "
                       "rl.router_measure to 0");
    if (s->rl.mini_batches > s->rl.prompts)
        return err_set(e, ST_USAGE, "settings",
                       "rl.mini_batches = %d is more than rl.prompts = %d: a mini-batch is whole groups",
                       s->rl.mini_batches, s->rl.prompts);
    if (s->rl.prompts * s->rl.group > 1024)
        return err_set(e, ST_USAGE, "settings", "rl.prompts x rl.group = %d traces a step; 1024 is the most",
                       s->rl.prompts * s->rl.group);
    if (s->rl.group > s->run.slots)
        return err_set(e, ST_USAGE, "settings", "rl.group = %d does not fit run.slots = %d", s->rl.group,
                       s->run.slots);
    return model_config_check(&c, e);
}

enum status settings_fork_check(const struct settings *parent, const struct settings *child, struct err *e)
{
    char a[SETTING_TEXT], b[SETTING_TEXT];
    if (parent->scenario != child->scenario)
        return err_set(e, ST_USAGE, "fork", "a fork stays with its scenario %s", parent->scenario->name);
    for (int i = 0; i < settings_rows(parent); i++) {
        const char *section;
        const struct setting *row = settings_row(parent, i, &section);
        settings_value(parent, i, a, sizeof a);
        settings_value(child, i, b, sizeof b);
        if ((row->flags & (SET_SHAPE | SET_START)) && strcmp(a, b))
            return err_set(
                e, ST_USAGE, "fork",
                "%s.%s = %.60s in the parent: it shapes the model, the vocabulary or the data that "
                "made it, so a fork cannot change it",
                section, row->key, a);
    }
    return ST_OK;
}
