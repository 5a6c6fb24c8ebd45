/* The scenarios screen: a form whose values are always ones that a run can have, and what it starts. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_scenarios.h"
#include "app/desk/desk_screen.h"
#include "views/scenarios_state.h"

static struct err e;
static struct session session;

static struct desk *open_desk(void)
{
    struct desk *d = calloc(1, sizeof *d);
    const char *dir = getenv("TMPDIR");
    char path[512];
    setlocale(LC_ALL, "C.UTF-8");
    snprintf(path, sizeof path, "%s/scenarios-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    cr_assert_eq(session_init(&session, path, 1, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(desk_init(d, &session, &e), ST_OK, "%s", e.msg);
    desk_show_screen(d, SCREEN_SCENARIOS);
    return d;
}

static void frame(struct desk *d, int w, int h)
{
    int row, col;
    while (desk_frame(d, w, h, &row, &col))
        ;
}

static void close_desk(struct desk *d)
{
    desk_release(d);
    free(d);
    session_release(&session);
}

static int row_of(const struct desk *d, const char *section, const char *key)
{
    const struct scenarios_state *s = d->view.scenarios;
    int i;
    for (i = 0; i < s->form_list.n; i++)
        if (s->form[i].kind >= FORM_SEED && !strcmp(s->form[i].section, section) &&
            !strcmp(s->form[i].key, key))
            return i;
    cr_assert_fail("no row %s.%s", section, key);
    return -1;
}

Test(scenarios_screen, lists_presets_and_every_setting_of_the_chosen_one)
{
    struct desk *d = open_desk();
    const struct scenarios_state *s = d->view.scenarios;
    struct settings set;
    uint64_t seed = 0;
    int i, n = 0;
    frame(d, 120, 40);
    cr_assert(s->row[0].is_heading);
    cr_assert_str_eq(s->name, "quick");
    cr_assert_str_eq(s->form[row_of(d, "base", "steps")].value, "1400");
    settings_init(&set, NULL);
    (void)seed;
    for (i = 0; i < s->form_list.n; i++)
        n += s->form[i].kind == FORM_SETTING;
    cr_assert_gt(n, settings_rows(&set), "the scenario's own settings are there, too");
    for (i = 0; i < s->form_list.n; i++)
        if (s->form[i].kind == FORM_SETTING)
            cr_assert(s->form[i].meaning[0] && s->form[i].range[0] && s->form[i].initial[0], "row %d", i);
    request_do(d, REQUEST_DOWN, 0);
    frame(d, 120, 40);
    cr_assert_str_neq(s->name, "quick");
    close_desk(d);
}

Test(scenarios_screen, commands_change_mark_and_name_errors)
{
    struct desk *d = open_desk();
    const struct scenarios_state *s = d->view.scenarios;
    int row;
    frame(d, 120, 40);
    row = row_of(d, "rl", "beta");
    cr_assert_eq(command_run(d, "change beta=0.04 rl.group=16 seed=7", &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(s->form[row].value, "0.04");
    cr_assert_str_eq(s->form[row].preset, "0.001");
    cr_assert(form_is_changed(&s->form[row]));
    cr_assert_eq(s->changed_n, 3);
    cr_assert_eq(command_run(d, "change beta=1000", &e), ST_USAGE);
    cr_assert(strstr(e.msg, "0..100"), "%s", e.msg);
    cr_assert_str_eq(s->form[row].value, "0.04", "nothing has been changed");
    cr_assert_eq(command_run(d, "change nothing=1", &e), ST_USAGE);
    cr_assert_eq(command_run(d, "change seed=x", &e), ST_USAGE);
    cr_assert_eq(command_run(d, "change rl.group=64", &e), ST_OK);
    cr_assert(strstr(s->problem, "rl.group"), "what does not fit together is said: '%s'", s->problem);
    cr_assert_eq(desk_scenarios_start(d, &e), ST_USAGE);
    cr_assert_eq(command_run(d, "change rl.group=8", &e), ST_OK);
    cr_assert_str_empty(s->problem);
    close_desk(d);
}

Test(scenarios_screen, keys_cycle_nudge_and_reset)
{
    struct desk *d = open_desk();
    struct scenarios_state *s = d->view.scenarios;
    int row;
    frame(d, 80, 24);
    request_do(d, REQUEST_ENTER, 0);
    cr_assert_eq(d->view.focus, PANE_FORM);
    row = s->form_list.selected = row_of(d, "rl", "loss");
    request_do(d, REQUEST_RIGHT, 0);
    cr_assert_str_neq(s->form[row].value, "dapo");
    request_do(d, REQUEST_LEFT, 0);
    cr_assert_str_eq(s->form[row].value, "dapo");
    row = s->form_list.selected = row_of(d, "rl", "drop_flat");
    request_do(d, REQUEST_RIGHT, 0);
    cr_assert_str_eq(s->form[row].value, "0");
    request_do(d, REQUEST_FORM_RESET, 0);
    cr_assert_str_eq(s->form[row].value, "1");
    row = s->form_list.selected = row_of(d, "rl", "prompts");
    request_do(d, REQUEST_RIGHT, 0);
    cr_assert_str_eq(s->form[row].value, "17");
    row = s->form_list.selected = row_of(d, "rl", "beta");
    request_do(d, REQUEST_LEFT, 0);
    cr_assert_str_eq(s->form[row].value, "0.0009");
    request_do(d, REQUEST_ENTER, 0);
    cr_assert_str_eq(d->prefill, "change rl.beta=0.0009");
    cr_assert_eq(command_run(d, "jump temperature", &e), ST_OK);
    cr_assert_str_eq(s->form[s->form_list.selected].key, "temperature");
    cr_assert_eq(command_run(d, "jump no such thing", &e), ST_NOTFOUND);
    close_desk(d);
}

Test(scenarios_screen, a_nudge_stays_in_range_and_goes_back)
{
    double v = 1e-3;
    int i;
    cr_assert_float_eq(form_nudge(0.001, -1, 0, 100, 0), 0.0009, 1e-12);
    cr_assert_float_eq(form_nudge(0.0009, 1, 0, 100, 0), 0.001, 1e-12);
    cr_assert_eq(form_nudge(300, 1, 0, 1000, 1), 310);
    cr_assert_eq(form_nudge(8, -1, 1, 512, 1), 7);
    cr_assert_eq(form_nudge(1, -1, 1, 512, 1), 1);
    cr_assert_eq(form_nudge(0.95, 1, 0, 1, 0), 1);
    cr_assert_gt(form_nudge(0, 1, 0, 1, 0), 0);
    for (i = 0; i < 200; i++)
        v = form_nudge(v, -1, 0, 1, 0);
    cr_assert(v >= 0 && v < 1e-9);
}

Test(scenarios_screen, the_form_is_seen_whole_by_scrolling_at_small_sizes)
{
    static const int size[][2] = {{40, 10}, {80, 24}, {120, 40}, {160, 45}, {60, 12}};
    struct desk *d = open_desk();
    struct scenarios_state *s = d->view.scenarios;
    size_t k;
    int i;
    for (k = 0; k < sizeof size / sizeof *size; k++) {
        frame(d, size[k][0], size[k][1]);
        d->view.focus = PANE_FORM;
        request_do(d, REQUEST_HOME, 0);
        for (i = 0; i < s->form_list.n; i++) {
            struct str text = {0};
            char key[16];
            frame(d, size[k][0], size[k][1]);
            canvas_dump(&d->canvas, &text);
            snprintf(key, sizeof key, "%.10s", s->form[s->form_list.selected].key);
            cr_assert(strstr(str_c(&text), key), "%s at %dx%d:\n%s", key, size[k][0], size[k][1],
                      str_c(&text));
            str_free(&text);
            request_do(d, REQUEST_DOWN, 0);
        }
        cr_assert_eq(s->form_list.selected, s->form_list.n - 1);
    }
    close_desk(d);
}

/* What is written in a row of a pane's first columns. */
static int row_with(const struct desk *d, enum pane_id pane, const char *text)
{
    struct layout l;
    const struct rect *r;
    char line[64];
    int y, x, n;
    view_layout(&d->view, d->canvas.w, d->canvas.h, &l);
    r = layout_find(&l, pane);
    for (y = r->y + 1; y < r->y + r->h - 1; y++) {
        for (x = n = 0; x < r->w && n < (int)sizeof line - 1; x++)
            line[n++] = (char)(canvas_at(&d->canvas, y, r->x + x)->code & 0x7F);
        line[n] = 0;
        if (strstr(line, text))
            return y;
    }
    cr_assert_fail("'%s' is not seen", text);
    return -1;
}

Test(scenarios_screen, the_mouse_chooses_what_is_under_it)
{
    static const int size[][2] = {{120, 40}, {80, 24}, {40, 10}};
    struct desk *d = open_desk();
    struct scenarios_state *s = d->view.scenarios;
    struct layout l;
    const struct rect *r;
    int i, at;
    for (i = 0; i < 3; i++) {
        int w = size[i][0], h = size[i][1];
        frame(d, w, h);
        d->view.focus = PANE_FORM;
        s->form_list.selected = 0;
        frame(d, w, h);
        view_layout(&d->view, w, h, &l);
        r = layout_find(&l, PANE_FORM);
        at = row_of(d, "run", "seed");
        request_click(d, row_with(d, PANE_FORM, "seed "), r->x + 6);
        cr_assert_eq(s->form_list.selected, at, "%dx%d: row %d", w, h, s->form_list.selected);
        cr_assert(!d->prefill, "one click chooses");
        request_wheel(d, r->y + 1, r->x + 6, 3);
        cr_assert_eq(s->form_list.selected, at + 3);
        request_wheel(d, r->y + 1, r->x + 6, -3);
        frame(d, w, h);
        request_click(d, row_with(d, PANE_FORM, "seed "), r->x + 6);
        cr_assert_not_null(d->prefill, "a second one edits");
        d->prefill = NULL;
    }
    d->view.focus = PANE_NONE;
    frame(d, 120, 40);
    view_layout(&d->view, 120, 40, &l);
    r = layout_find(&l, PANE_SCENARIOS);
    at = s->list.selected;
    request_click(d, r->y + 1, r->x + 4);
    cr_assert_eq(s->list.selected, at, "a heading is no preset");
    request_click(d, row_with(d, PANE_SCENARIOS, "countdown-4 "), r->x + 4);
    frame(d, 120, 40);
    cr_assert_str_eq(s->name, "countdown-4");
    close_desk(d);
}
