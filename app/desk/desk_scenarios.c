/* The desk's part of the scenarios screen: the presets, starting one, and the keys. The form in which its
 * settings are changed is in desk_form.c. */
#include "app/desk/desk_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/command/command_act.h"
#include "app/desk/desk_screen.h"
#include "scenarios/registry.h"
#include "views/pane.h"

static enum status init(struct desk *d, struct err *e)
{
    struct scenarios_desk *k = calloc(1, sizeof *k);

    if (!k)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.scenarios = &k->state;
    return ST_OK;
}

static void release(struct desk *d)
{
    free(d->view.scenarios ? scenarios_of(d) : NULL);
    d->view.scenarios = NULL;
}

static void add_scenario(struct scenarios_state *s, const char *name, const char *summary, int is_heading)
{
    struct scenario_row *row = &s->row[s->list.n];

    if (s->list.n == SCENARIO_ROWS)
        return;
    row->name = name;
    row->is_heading = is_heading;
    snprintf(row->summary, sizeof row->summary, "%s", summary);
    s->list.n++;
}

/* Each scenario with the presets that are of it. */
static void list_presets(struct scenarios_desk *k)
{
    struct scenarios_state *s = &k->state;
    struct settings set;
    uint64_t seed;
    struct err e;
    int i, p;

    for (i = 0; i < scenario_n(); i++) {
        add_scenario(s, scenario_at(i)->name, scenario_at(i)->summary, 1);
        for (p = 0; p < preset_n(); p++)
            if (!presets_load(preset_at(p)->name, NULL, 0, &set, &seed, &e) && set.scenario == scenario_at(i))
                add_scenario(s, preset_at(p)->name, set.summary, 0);
    }
    s->list.selected = s->list.n > 1;
    k->is_listed = 1;
}

/* The form of the preset that is chosen in the list, unless it is there already. */
static void load(struct desk *d)
{
    struct scenarios_desk *k = scenarios_of(d);
    struct scenarios_state *s = &k->state;
    const struct scenario_row *row = &s->row[s->list.selected];
    struct err e;

    if (!s->list.n || row->is_heading || !strcmp(s->name, row->name))
        return;
    k->preset_seed = 1; /* where the preset names none */
    if (presets_load(row->name, NULL, 0, &k->preset, &k->preset_seed, &e)) {
        desk_fail(d, &e);
        return;
    }
    k->set = k->preset;
    k->seed = k->preset_seed;
    snprintf(s->name, sizeof s->name, "%s", row->name);
    s->form_list = (struct list){0, 0, 0};
    form_fill(k);
}

static int refresh(struct desk *d)
{
    struct scenarios_desk *k = scenarios_of(d);

    if (!k->is_listed)
        list_presets(k);
    load(d);
    return 0;
}

enum status desk_scenarios_start(struct desk *d, struct err *e)
{
    struct scenarios_desk *k = scenarios_of(d);
    struct scenarios_state *s = &k->state;
    struct engine_message m = {.what = ENGINE_NEW};
    enum status st;
    int i;

    refresh(d);
    if (!*s->name)
        return err_set(e, ST_USAGE, "new", "no preset is chosen; it is :new PRESET key=value ...");
    if (*s->problem)
        return err_set(e, ST_USAGE, "new", "%s", s->problem);
    snprintf(m.text, sizeof m.text, "%s", s->name);
    for (i = 0; i < s->form_list.n; i++) {
        const struct form_row *r = &s->form[i];
        if (!form_is_changed(r))
            continue;
        if (m.arguments_n == ENGINE_ARGUMENTS)
            return err_set(e, ST_USAGE, "new",
                           "%d settings are changed; a run can be started with %d, put the others into a "
                           "preset of your own",
                           s->changed_n, ENGINE_ARGUMENTS);
        if (r->kind == FORM_SEED)
            snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "seed=%s", r->value);
        else
            snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s.%s=%s", r->section, r->key, r->value);
    }
    st = desk_post(d, &m, e);
    if (!st) {
        desk_say(d, "starting %s ...", s->name);
        desk_show_screen(d, SCREEN_DASHBOARD);
    }
    return st;
}

static int form_rows(const struct desk *d)
{
    int rows = view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_FORM);

    return rows > 0 ? rows : 1;
}

/* Headings are passed over in the list of presets. */
static void move(struct desk *d, int by)
{
    struct scenarios_state *s = d->view.scenarios;
    int to;

    if (d->view.focus == PANE_FORM) {
        list_move(&s->form_list, by, form_rows(d));
        return;
    }
    to = s->list.selected + by;
    to = to < 0 ? 0 : to >= s->list.n ? s->list.n - 1 : to;
    while (to > 0 && to < s->list.n - 1 && s->row[to].is_heading)
        to += by > 0 ? 1 : -1;
    if (s->list.n && !s->row[to].is_heading)
        list_move(&s->list, to - s->list.selected,
                  view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_SCENARIOS));
}

static void enter(struct desk *d)
{
    struct scenarios_state *s = d->view.scenarios;
    const struct form_row *r = form_selected(s);
    char text[FORM_SECTION + FORM_KEY + FORM_VALUE + 16];
    struct err e;

    if (d->view.focus != PANE_FORM) {
        d->view.focus = PANE_FORM;
    } else if (r && r->kind == FORM_START) {
        if (command_run(d, "new", &e))
            desk_fail(d, &e);
    } else if (r && r->kind != FORM_HEADING) {
        snprintf(text, sizeof text, "change %s.%s=%s", r->section, r->key, r->value);
        desk_prompt(d, text);
    }
}

static void reset(struct desk *d)
{
    struct scenarios_desk *k = scenarios_of(d);
    const struct form_row *r = form_selected(&k->state);
    struct err e;

    if (r && (r->kind == FORM_SETTING || r->kind == FORM_SEED) && form_change(k, r, r->preset, &e))
        desk_fail(d, &e);
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { FAR = 100000 };
    struct err e;

    (void)argument;
    refresh(d);
    switch (r) {
    case REQUEST_UP: move(d, -1); break;
    case REQUEST_DOWN: move(d, 1); break;
    case REQUEST_PAGE_UP: move(d, -form_rows(d)); break;
    case REQUEST_PAGE_DOWN: move(d, form_rows(d)); break;
    case REQUEST_HOME: move(d, -FAR); break;
    case REQUEST_END: move(d, FAR); break;
    case REQUEST_LEFT: form_turn(d, -1); break;
    case REQUEST_RIGHT: form_turn(d, 1); break;
    case REQUEST_ENTER: enter(d); break;
    case REQUEST_FORM_FIND: desk_prompt(d, "jump "); break;
    case REQUEST_FORM_RESET: reset(d); break;
    case REQUEST_FORM_START:
        if (command_run(d, "new", &e))
            desk_fail(d, &e);
        break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_scenarios = {init, release, refresh, request};
