/* Commands of the group screen: search, order, and what would be if. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_group.h"
#include "app/desk/desk_texts.h"

static void show_group(struct desk *d)
{
    if (d->view.screen != SCREEN_GROUP && d->view.screen != SCREEN_WHAT_IF)
        desk_show_screen(d, SCREEN_GROUP);
}

enum status command_find(struct desk *d, const struct command_line *l, struct err *e)
{
    char text[COMMAND_BYTES];
    size_t n;

    snprintf(text, sizeof text, "%s", l->rest);
    for (n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
        text[n - 1] = 0;
    if (d->view.screen == SCREEN_TEXTS)
        return desk_texts_find(d, text, e);
    show_group(d);
    return group_find(d, text, e);
}

enum status command_sort(struct desk *d, const struct command_line *l, struct err *e)
{
    int i;

    for (i = 0; i < SORT_N; i++)
        if (!strcmp(l->argv[0], group_sort_name((enum group_sort)i))) {
            show_group(d);
            group_desk(d)->shown.sort = (enum group_sort)i;
            return ST_OK;
        }
    return err_set(e, ST_USAGE, "sort", "it is index, advantage, reward or length, not '%s'", l->argv[0]);
}

enum status command_filter(struct desk *d, const struct command_line *l, struct err *e)
{
    int i;

    for (i = 0; i < FILTER_N; i++)
        if (!strcmp(l->argv[0], group_filter_name((enum group_filter)i))) {
            show_group(d);
            group_desk(d)->shown.filter = (enum group_filter)i;
            group_move(d, 0);
            return ST_OK;
        }
    return err_set(e, ST_USAGE, "filter", "it is all, right, wrong or aha, not '%s'", l->argv[0]);
}

static enum status set_reward(struct desk *d, const struct command_line *l, struct err *e)
{
    long long i;
    char *end;
    double value;

    if (l->argc != 3)
        return err_set(e, ST_USAGE, "what-if", "it is :what-if reward I VALUE, e.g. :what-if reward 3 1.1");
    if (command_integer(l->argv[1], "the completion", 1, &i, e))
        return ST_USAGE;
    value = strtod(l->argv[2], &end);
    if (end == l->argv[2] || *end)
        return err_set(e, ST_USAGE, "what-if", "a reward is a number, not '%s'", l->argv[2]);
    return what_if_reward(d, i > WHAT_IF_GROUP ? WHAT_IF_GROUP : (int)i - 1, value, e);
}

enum status command_what_if(struct desk *d, const struct command_line *l, struct err *e)
{
    const char *what = l->argc ? l->argv[0] : "";
    enum status st;

    if (!strcmp(what, "off")) {
        if (d->view.screen == SCREEN_WHAT_IF)
            what_if_leave(d);
        return ST_OK;
    }
    if (d->view.screen != SCREEN_WHAT_IF) {
        st = what_if_enter(d, e);
        if (st)
            return st;
    }
    if (!*what)
        return ST_OK;
    if (!strcmp(what, "run"))
        return what_if_run(d, e);
    if (!strcmp(what, "reset")) {
        what_if_reset(d);
        return ST_OK;
    }
    if (!strcmp(what, "reward"))
        return set_reward(d, l, e);
    if (l->argc != 2)
        return err_set(e, ST_USAGE, "what-if", "it is :what-if KEY VALUE, e.g. :what-if beta 0.04");
    return what_if_set(d, what, l->argv[1], e);
}
