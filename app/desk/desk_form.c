/* The form of the scenarios screen: its rows, and how a value of it is changed.
 *
 * The form holds two whole sets of settings, the preset's and the changed one; each change goes through
 * settings_set, so that an error is named at once and the form never has a value that a run could not have.
 * The rows that the pane draws are made from both sets after each change. */
#include "app/desk/desk_form.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/command/command_act.h"
#include "app/desk/desk_screen.h"
#include "views/pane.h"

struct scenarios_desk *scenarios_of(struct desk *d)
{
    return (struct scenarios_desk *)(void *)d->view.scenarios;
}

static struct form_row *add_row(struct scenarios_state *s, enum form_kind kind, const char *section,
                                const char *key, const char *meaning)
{
    static struct form_row none;
    struct form_row *r = s->form_list.n < FORM_ROWS ? &s->form[s->form_list.n++] : &none;

    memset(r, 0, sizeof *r);
    r->kind = kind;
    r->meaning = meaning;
    snprintf(r->section, sizeof r->section, "%s", section);
    snprintf(r->key, sizeof r->key, "%s", key);
    return r;
}

static const char *section_meaning(const char *section)
{
    static const char *const of[][2] = {
        {"model", "the transformer: shapes, attention, experts"},
        {"base", "first stage: learns from text"},
        {"cold", "second stage: learns from demonstrations"},
        {"rl", "GRPO: rollouts, objective, optimizer"},
        {"eval", "held-out problems"},
        {"run", "how the work is cut; part of the bits"},
    };
    size_t i;

    for (i = 0; i < sizeof of / sizeof *of; i++)
        if (!strcmp(of[i][0], section))
            return of[i][1];
    return "the scenario's own";
}

static void add_seed(struct scenarios_desk *k)
{
    struct form_row *r = add_row(&k->state, FORM_SEED, "run", "seed", "key of all random numbers of the run");

    r->of = SET_INT;
    snprintf(r->value, sizeof r->value, "%llu", (unsigned long long)k->seed);
    snprintf(r->preset, sizeof r->preset, "%llu", (unsigned long long)k->preset_seed);
    snprintf(r->initial, sizeof r->initial, "1");
    snprintf(r->range, sizeof r->range, "a whole number");
}

/* The sections of GRPO, or all others: what one wants to change first stands first. */
static void add_settings(struct scenarios_desk *k, const struct settings *plain, int of_grpo)
{
    const char *section, *was = "";
    int i;

    for (i = 0; i < settings_rows(&k->set); i++) {
        const struct setting *row = settings_row(&k->set, i, &section);
        struct form_row *r;
        if ((!strcmp(section, "rl") || !strcmp(section, "eval")) != of_grpo)
            continue;
        if (strcmp(section, was))
            add_row(&k->state, FORM_HEADING, section, section, section_meaning(section));
        was = section;
        r = add_row(&k->state, FORM_SETTING, section, row->key, row->meaning);
        r->of = row->kind;
        settings_value(&k->set, i, r->value, sizeof r->value);
        settings_value(&k->preset, i, r->preset, sizeof r->preset);
        settings_value(plain, i, r->initial, sizeof r->initial);
        setting_range(row, r->range, sizeof r->range);
    }
}

void form_fill(struct scenarios_desk *k)
{
    struct scenarios_state *s = &k->state;
    struct settings plain;
    struct err e;
    int i;

    s->form_list.n = s->changed_n = 0;
    settings_init(&plain, k->set.scenario);
    add_row(s, FORM_START, "", "start",
            "enter starts a run with these settings; the stages that are on record already are reused");
    add_seed(k);
    add_settings(k, &plain, 1);
    add_settings(k, &plain, 0);
    for (i = 0; i < s->form_list.n; i++)
        s->changed_n += form_is_changed(&s->form[i]);
    s->problem[0] = 0;
    if (settings_check(&k->set, &e))
        snprintf(s->problem, sizeof s->problem, "%s", e.msg);
}

struct form_row *form_selected(struct scenarios_state *s)
{
    return s->form_list.n ? &s->form[s->form_list.selected] : NULL;
}

static enum status change_seed(struct scenarios_desk *k, const char *value, struct err *e)
{
    char *end;
    unsigned long long seed = strtoull(value, &end, 10);

    if (!isdigit((unsigned char)*value) || *end)
        return err_set(e, ST_USAGE, "change", "seed = %s: it takes a whole number", value);
    k->seed = seed;
    return ST_OK;
}

static enum status change(struct scenarios_desk *k, const char *key, const char *value, struct err *e)
{
    enum status st = !strcmp(key, "seed") || !strcmp(key, "run.seed")
                         ? change_seed(k, value, e)
                         : settings_set(&k->set, STAGE_GRPO, key, value, NULL, e);
    form_fill(k);
    return st;
}

enum status form_change(struct scenarios_desk *k, const struct form_row *r, const char *value,
                              struct err *e)
{
    char key[FORM_SECTION + FORM_KEY + 2];

    snprintf(key, sizeof key, "%s.%s", r->section, r->key);
    return change(k, key, value, e);
}

double form_nudge(double v, int by, double low, double high, int is_whole)
{
    double a = fabs(v), step;

    if (is_whole) {
        step = a < 100 ? 1 : pow(10, floor(log10(a)) - 1);
    } else if (a < 1e-12) {
        step = high >= 1 ? 0.01 : high / 100;
    } else {
        double digit = floor(log10(a) + 1e-9);
        step = pow(10, digit);
        if (v * by < 0 && a < step * 1.5) /* below 1, 10, ... the unit is the next smaller one */
            step /= 10;
    }
    v = (round(v / step) + by) * step;
    return v < low ? low : v > high ? high : v;
}

void form_turn(struct desk *d, int by)
{
    struct scenarios_desk *k = scenarios_of(d);
    struct form_row *r = form_selected(&k->state);
    const struct setting *row = NULL;
    const char *section;
    char value[FORM_VALUE];
    struct err e;
    int i, at;

    if (!r || (r->kind != FORM_SETTING && r->kind != FORM_SEED))
        return;
    for (i = 0; i < settings_rows(&k->set); i++) {
        const struct setting *x = settings_row(&k->set, i, &section);
        if (!strcmp(section, r->section) && !strcmp(x->key, r->key))
            row = x;
    }
    if (r->kind == FORM_SEED) {
        snprintf(value, sizeof value, "%llu",
                 (unsigned long long)(by > 0    ? k->seed + 1
                                      : k->seed ? k->seed - 1
                                                : 0));
    } else if (row->kind == SET_TEXT) {
        return;
    } else if (row->kind == SET_BOOL) {
        snprintf(value, sizeof value, "%d", strcmp(r->value, "0") == 0);
    } else if (row->kind == SET_CHOICE) {
        const char *p = row->choices;
        int n = (int)row->high + 1;
        for (at = 0; strncmp(p, r->value, strcspn(p, " ")) || strlen(r->value) != strcspn(p, " "); at++) {
            p += strcspn(p, " ");
            p += *p == ' ';
            if (!*p)
                return;
        }
        at = (at + by + n) % n;
        for (p = row->choices; at > 0; at--)
            p += strcspn(p, " ") + 1;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(p, " "), p);
    } else {
        snprintf(value, sizeof value, "%.6g",
                 form_nudge(strtod(r->value, NULL), by, row->low, row->high, row->kind == SET_INT));
    }
    if (form_change(k, r, value, &e))
        desk_fail(d, &e);
}

enum status command_change(struct desk *d, const struct command_line *l, struct err *e)
{
    struct scenarios_desk *k = scenarios_of(d);
    enum status st = ST_OK;
    char key[128];
    int i;

    desk_scenarios.refresh(d);
    if (!*k->state.name)
        return err_set(e, ST_USAGE, "change", "no preset is chosen");
    for (i = 0; !st && i < l->argc; i++) {
        const char *equals = strchr(l->argv[i], '=');
        if (!equals || (size_t)(equals - l->argv[i]) >= sizeof key)
            return err_set(e, ST_USAGE, "change", "it is :change key=value, not '%s'", l->argv[i]);
        snprintf(key, sizeof key, "%.*s", (int)(equals - l->argv[i]), l->argv[i]);
        st = change(k, key, equals + 1, e);
    }
    if (d->view.screen != SCREEN_SCENARIOS) {
        desk_show_screen(d, SCREEN_SCENARIOS);
        d->view.focus = PANE_FORM;
    }
    return st;
}

/* A row whose key is that text (how 0), has it in it (1), or whose meaning has it (2). */
static int is_match(const struct form_row *r, const char *text, int how)
{
    char key[FORM_SECTION + FORM_KEY + 2];

    if (r->kind < FORM_SEED)
        return 0;
    snprintf(key, sizeof key, "%s.%s", r->section, r->key);
    if (how == 0)
        return !strcasecmp(key, text) || !strcasecmp(r->key, text);
    return how == 1 ? strcasestr(key, text) != NULL : strcasestr(r->meaning, text) != NULL;
}

enum status command_jump(struct desk *d, const struct command_line *l, struct err *e)
{
    struct scenarios_state *s = d->view.scenarios;
    int i, by, how;

    desk_scenarios.refresh(d);
    for (how = 0; how < 3; how++)
        for (by = 1; by <= s->form_list.n; by++) {
            i = (s->form_list.selected + by) % s->form_list.n;
            if (!is_match(&s->form[i], l->rest, how))
                continue;
            if (d->view.screen != SCREEN_SCENARIOS)
                desk_show_screen(d, SCREEN_SCENARIOS);
            d->view.focus = PANE_FORM;
            s->form_list.selected = i;
            return ST_OK;
        }
    return err_set(e, ST_NOTFOUND, "jump", "no setting has '%s' in its key or its meaning", l->rest);
}
