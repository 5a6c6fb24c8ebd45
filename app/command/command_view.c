/* Commands that change what is seen. The run does not notice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk.h"
#include "app/theme.h"

enum status command_goto(struct desk *d, const struct command_line *l, struct err *e)
{
    long long step;

    if (!strcmp(l->argv[0], "live"))
        return command_live(d, l, e);
    if (command_integer(l->argv[0], "a step", 0, &step, e))
        return ST_USAGE;
    return desk_look(d, step, e);
}

enum status command_live(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    (void)e;
    desk_look_live(d);
    return ST_OK;
}

enum status command_back(struct desk *d, const struct command_line *l, struct err *e)
{
    long long n = 1;
    int64_t from = d->at >= 0 ? d->at : d->live->committed;

    if (l->argc && command_integer(l->argv[0], "the number of steps", 1, &n, e))
        return ST_USAGE;
    if (n > from)
        return err_set(e, ST_USAGE, "back", "from step %lld one can go back %lld steps at most",
                       (long long)from, (long long)from);
    return desk_look(d, from - n, e);
}

enum status command_theme(struct desk *d, const struct command_line *l, struct err *e)
{
    struct str names = {0};
    int i;

    if (theme_find(l->argv[0])) {
        if (d->term)
            term_theme(d->term, l->argv[0]);
        return ST_OK;
    }
    for (i = 0; theme_at(i); i++)
        str_word(&names, theme_at(i)->name);
    err_set(e, ST_USAGE, "theme", "there is no theme '%s', but: %s", l->argv[0], str_c(&names));
    str_free(&names);
    return ST_USAGE;
}

enum status command_mouse(struct desk *d, const struct command_line *l, struct err *e)
{
    int on = !strcmp(l->argv[0], "on");

    if (!on && strcmp(l->argv[0], "off"))
        return err_set(e, ST_USAGE, "mouse", "it is on or off, not '%s'", l->argv[0]);
    d->mouse = on;
    if (d->term)
        term_mouse(d->term, on);
    return ST_OK;
}

enum status command_smooth(struct desk *d, const struct command_line *l, struct err *e)
{
    char *end;
    double v = strtod(l->argv[0], &end);

    if (end == l->argv[0] || *end || !(v >= 0) || v > 0.99)
        return err_set(e, ST_USAGE, "smooth", "it is a number from 0 to 0.99, not '%s'", l->argv[0]);
    d->view.smoothing = v;
    return ST_OK;
}

enum status command_screen(struct desk *d, const struct command_line *l, struct err *e)
{
    int s;

    for (s = 0; s < SCREEN_N; s++)
        if (!strcmp(screen_row((enum screen_id)s)->name, l->row->name)) {
            desk_show_screen(d, (enum screen_id)s);
            return ST_OK;
        }
    return err_set(e, ST_NOTFOUND, l->row->name, "there is no such screen");
}

enum status command_settings(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    return desk_show_settings(d, e);
}

enum status command_help(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct command_row *row;
    const char *near;

    if (!l->argc) {
        desk_show_help(d);
        return ST_OK;
    }
    row = command_by_name(l->argv[0] + (l->argv[0][0] == ':'));
    if (row) {
        desk_show_command(d, row);
        return ST_OK;
    }
    near = command_nearest(l->argv[0]);
    return near ? err_set(e, ST_USAGE, "help", "there is no command '%s'; did you mean '%s'?", l->argv[0],
                          near)
                : err_set(e, ST_USAGE, "help", "there is no command '%s'", l->argv[0]);
}

enum status command_quit(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    (void)e;
    request_do(d, REQUEST_QUIT, 0);
    return ST_OK;
}
