/* The hints and the help of golden screens, made by the program from its tables. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "app/desk/desk.h"
#include "tests/unit/scene.h"

void scene_desk(struct scene *s)
{
    s->desk = calloc(1, sizeof *s->desk);
    cr_assert_not_null(s->desk);
    s->desk->has_engine = 1;
    s->desk->at = -1;
    s->desk->live = s->now;
}

void scene_desk_free(struct scene *s)
{
    int i;

    for (i = 0; i < DESK_ROWS; i++)
        str_free(&s->desk->texts[i]);
    free(s->desk);
}

void scene_show(struct scene *s, enum screen_id screen)
{
    s->view.screen = screen == SCREEN_LEARNING ? SCREEN_DASHBOARD : screen;
    s->view.focus = screen == SCREEN_RUNS ? PANE_RUNS : screen == SCREEN_LOG ? PANE_LOG : PANE_NONE;
    s->view.zoom = PANE_NONE;
    s->view.overlay = OVERLAY_NONE;
    s->desk->view.now = s->now;
    s->desk->view.screen = s->view.screen;
    desk_hints(s->desk);
    s->view.hints = s->desk->hints;
    s->view.hints_n = s->desk->view.hints_n;
}

void scene_help(struct scene *s)
{
    desk_show_help(s->desk);
    s->view.overlay = OVERLAY_HELP;
    s->view.overlay_title = s->desk->title;
    s->view.overlay_list = s->desk->view.overlay_list;
    s->view.rows = s->desk->rows;
    s->view.rows_n = s->desk->view.rows_n;
}
