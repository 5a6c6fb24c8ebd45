/* Commands about lessons and keys. */
#include <stdio.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/command/guide.h"
#include "app/command/keymap.h"
#include "app/config.h"
#include "app/script/lesson_runs.h"
#include "scenarios/lessons.h"

/* The lessons, as an overlay: a name and its title. */
static void show_lessons(struct desk *d)
{
    const char *title;
    int i;

    snprintf(d->title, sizeof d->title, "lessons: `:lesson NAME` begins one");
    d->view.overlay = OVERLAY_HELP;
    d->view.overlay_list = (struct list){0, 0, 0};
    for (i = 0; i < lesson_n() && i < DESK_ROWS; i++) {
        title = lesson_title(lesson_at(i));
        str_clear(&d->texts[i]);
        str_printf(&d->texts[i], "%.*s", (int)strcspn(title, "\n"), title);
        d->rows[i] = (struct view_row){.key = lesson_at(i)->name, .what = str_c(&d->texts[i])};
    }
    d->view.rows_n = d->view.overlay_list.n = i;
}

enum status command_lesson(struct desk *d, const struct command_line *l, struct err *e)
{
    const char *what = l->argc ? l->argv[0] : "";
    int is_turn = !strcmp(what, "next") || !strcmp(what, "back") || !strcmp(what, "off");

    if (!*what) {
        show_lessons(d);
        return ST_OK;
    }
    if (!strcmp(what, "tidy")) {
        int n = lesson_runs_n(d);
        if (!n)
            return err_set(e, ST_NOTFOUND, "lesson", "there is no run of a lesson on record");
        desk_ask(d, QUESTION_TIDY, 0, "delete %s%d run%s of lessons? y/n", n > 1 ? "the " : "", n,
                 n > 1 ? "s" : "");
        return ST_OK;
    }
    if (is_turn && !d->lesson)
        return err_set(e, ST_USAGE, "lesson", "no lesson is open; :lesson lists them");
    if (!is_turn)
        return lesson_open(d, what, e);
    if (*what == 'n')
        lesson_next(d);
    else if (*what == 'b')
        lesson_back(d);
    else
        lesson_leave(d);
    return ST_OK;
}

enum status command_map(struct desk *d, const struct command_line *l, struct err *e)
{
    const char *what = l->rest + strcspn(l->rest, " \t");
    const struct binding *b;
    const struct key_row *row;
    struct key_event k;

    what += strspn(what, " \t");
    if (!d->config)
        return err_set(e, ST_USAGE, "map", "there are keys only where there is a terminal");
    if (*what)
        return config_bind(d->config, l->argv[0], what, e);
    if (key_parse(l->argv[0], &k, e))
        return ST_USAGE;
    b = config_binding(d->config, &k);
    row = b ? NULL : keymap_find(&k, view_screen(&d->view));
    desk_say(d, "%s: %s", l->argv[0], b ? b->command : row ? row->what : "nothing on this screen");
    return ST_OK;
}
