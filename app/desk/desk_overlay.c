/* What lies over the screen, and the hints of the status line: rows made from the tables of keys, commands
 * and settings. */
#include <stdio.h>
#include <string.h>

#include "app/command/keymap.h"
#include "app/desk/desk.h"
#include "app/theme.h"

void desk_close_overlay(struct desk *d)
{
    d->view.overlay = OVERLAY_NONE;
    d->view.rows_n = 0;
}

static void open_overlay(struct desk *d, enum overlay o, const char *title)
{
    snprintf(d->title, sizeof d->title, "%s", title);
    d->view.overlay = o;
    d->view.rows_n = 0;
    d->view.overlay_list = (struct list){0, 0, 0};
}

/* A row whose texts stay where they are. */
static void add_row(struct desk *d, const char *key, const char *what)
{
    if (d->view.rows_n < DESK_ROWS)
        d->rows[d->view.rows_n++] = (struct view_row){.key = key, .what = what};
    d->view.overlay_list.n = d->view.rows_n;
}

/* A command: its arguments and what it does, in two rows where one would be cut on a small screen. */
static void add_command(struct desk *d, const struct command_row *c)
{
    enum { ROOM = 60 };
    int at = d->view.rows_n, is_long = strlen(c->arguments) + 2 + strlen(c->what) > ROOM;

    if (at == DESK_ROWS)
        return;
    str_clear(&d->texts[at]);
    str_printf(&d->texts[at], ":%s%c%s%s%s", c->name, 0, c->arguments,
               c->arguments[0] && !is_long ? "  " : "", is_long ? "" : c->what);
    add_row(d, str_c(&d->texts[at]), str_c(&d->texts[at]) + strlen(c->name) + 2);
    if (is_long)
        add_row(d, "", c->what);
}

/* Whether a key is not what a screen is about: it works on all, or all but a few. */
static int is_everywhere(const struct key_row *k)
{
    return __builtin_popcount(k->screens & ON_ALL) > SCREEN_N / 2 + 1;
}

void desk_show_help(struct desk *d)
{
    enum screen_id screen = view_screen(&d->view);
    const struct key_row *k;
    const struct command_row *c;
    char title[64];
    int i;

    snprintf(title, sizeof title, "help: %s", screen_row(screen)->name);
    open_overlay(d, OVERLAY_HELP, title);
    add_row(d, NULL, screen_row(screen)->what);
    for (i = 0; (k = keymap_row(i)); i++)
        if (k->screens >> screen & 1 && !is_everywhere(k))
            add_row(d, k->key, k->what);
    add_row(d, NULL, "");
    add_row(d, NULL, "on every screen");
    for (i = 0; (k = keymap_row(i)); i++)
        if (k->screens >> screen & 1 && is_everywhere(k))
            add_row(d, k->key, k->what);
    add_row(d, NULL, "");
    add_row(d, NULL, "commands; after ':' the tab key completes");
    for (i = 0; (c = command_row(i)); i++)
        add_command(d, c);
    d->view.overlay_list.n = d->view.rows_n;
}

void desk_show_command(struct desk *d, const struct command_row *row)
{
    char title[64];
    int i;

    snprintf(title, sizeof title, "help: :%s", row->name);
    open_overlay(d, OVERLAY_HELP, title);
    add_command(d, row);
    if (row->alias)
        add_row(d, "short", row->alias);
    if (row->words)
        add_row(d, "words", row->words);
    for (i = 0; row->takes & TAKES_THEME && theme_at(i); i++)
        add_row(d, theme_at(i)->name, theme_at(i)->what);
    if (row->takes & TAKES_CONDITION) {
        add_row(d, "CONDITION", "METRIC < <= > >= == crosses NUMBER, or an event; joined by and, or");
        add_row(d, "step N", "that step");
        add_row(d, "aha", "a step with an aha candidate");
        add_row(d, "aha.verified", "with one that resampling verified; its test takes time");
        add_row(d, "group.flat", "a step with a group of equal rewards");
        add_row(d, "nonfinite", "the run has stopped at a number that is not finite");
    }
    for (i = 0; row->takes & (TAKES_METRIC | TAKES_CONDITION) && i < METRIC_N; i++)
        add_row(d, metric_row(i)->name, metric_row(i)->meaning);
    if (row->takes & TAKES_SETTING)
        add_row(d, "key=value", "a setting; :settings lists them, with their meaning");
}

enum status desk_show_settings(struct desk *d, struct err *e)
{
    const struct settings *set = desk_settings(d);
    struct settings plain;
    const char *section, *was = "";
    char value[64], initial[64], range[128];
    int i;

    if (!set)
        return err_set(e, ST_NOTFOUND, "settings", "no run is open");
    settings_init(&plain, set->scenario);
    open_overlay(d, OVERLAY_SETTINGS, "settings of the open run; enter changes one, in a fork");
    for (i = 0; i < settings_rows(set) && d->view.rows_n + 2 < DESK_ROWS; i++) {
        const struct setting *row = settings_row(set, i, &section);
        int at;
        if (strcmp(section, was))
            add_row(d, NULL, section);
        was = section;
        at = d->view.rows_n;
        settings_value(set, i, value, sizeof value);
        settings_value(&plain, i, initial, sizeof initial);
        setting_range(row, range, sizeof range);
        str_clear(&d->texts[at]);
        str_printf(&d->texts[at], "%s.%s%c%s%c%s (%s)", section, row->key, 0, value, 0, row->meaning, range);
        d->rows[at].key = str_c(&d->texts[at]);
        d->rows[at].value = d->rows[at].key + strlen(d->rows[at].key) + 1;
        d->rows[at].what = d->rows[at].value + strlen(d->rows[at].value) + 1;
        d->rows[at].marked = strcmp(value, initial) != 0;
        d->view.rows_n++;
    }
    d->view.overlay_list.n = d->view.rows_n;
    return ST_OK;
}

/* What the hints should be about. */
static unsigned situation(const struct desk *d)
{
    const struct snapshot *s = desk_shown(d);

    if (d->view.screen == SCREEN_RUNS)
        return HINT_LIST;
    if (!s || !s->run_id)
        return HINT_IDLE;
    if (d->at >= 0)
        return HINT_STORED;
    return s->state == RUN_RUNNING || s->state == RUN_REPLAYING ? HINT_RUNNING : HINT_PAUSED;
}

/* Where the hint of a key stands: what must always be seen first, then the keys that mean something on few
 * screens, for they are the ones that this one is about, then those of all. */
static int hint_rank(const struct key_row *k)
{
    if (k->request == REQUEST_PAUSE || k->request == REQUEST_STEP || k->request == REQUEST_LIVE ||
        k->request == REQUEST_COMMAND || k->request == REQUEST_HELP)
        return 0;
    return __builtin_popcount(k->screens & ON_ALL);
}

static void add_hint(struct desk *d, const struct key_row *k, unsigned now)
{
    int n = d->view.hints_n++;

    snprintf(d->hint_keys[n], sizeof d->hint_keys[n], "%.*s", (int)strcspn(k->key, " "), k->key);
    d->hints[n] = (struct view_row){.key = d->hint_keys[n], .what = k->hint};
    if (k->request == REQUEST_PAUSE && now == HINT_PAUSED)
        d->hints[n].what = "go on";
}

/* A picture of a run has no keys. */
void desk_hints(struct desk *d)
{
    unsigned now = situation(d);
    enum screen_id screen = view_screen(&d->view);
    const struct key_row *k;
    int i, rank;

    d->view.hints_n = 0;
    for (rank = 0; d->has_engine && rank <= SCREEN_N; rank++)
        for (i = 0; (k = keymap_row(i)) && d->view.hints_n < DESK_HINTS; i++)
            if (k->hint && k->hints & now && k->screens >> screen & 1 && hint_rank(k) == rank)
                add_hint(d, k, now);
}
