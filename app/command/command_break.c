/* Breakpoints from the command line, their list, and `when`, which goes back to where a condition held. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_back.h"
#include "app/desk/desk_read.h"
#include "app/desk/look_back.h"

enum { SHOWN_BYTES = 96 };

static void add_row(struct desk *d, const char *key, const char *value, const char *form, ...)
    __attribute__((format(printf, 4, 5)));

static void add_row(struct desk *d, const char *key, const char *value, const char *form, ...)
{
    int at = d->view.rows_n;
    char text[BREAK_WHY + 64];
    va_list ap;

    if (at >= DESK_ROWS)
        return;
    va_start(ap, form);
    vsnprintf(text, sizeof text, form, ap);
    va_end(ap);
    str_clear(&d->texts[at]);
    str_printf(&d->texts[at], "%s%c%s%c%s", key ? key : "", 0, value, 0, text);
    d->rows[at].key = key ? str_c(&d->texts[at]) : NULL;
    d->rows[at].value = str_c(&d->texts[at]) + strlen(key ? key : "") + 1;
    d->rows[at].what = d->rows[at].value + strlen(value) + 1;
    d->rows[at].marked = 0;
    d->view.rows_n++;
}

/* A text that may be longer than a row, broken between words. */
static void add_text(struct desk *d, const char *text)
{
    enum { ROOM = 66 };
    int n;

    while (*text) {
        n = (int)strlen(text);
        if (n > ROOM)
            for (n = ROOM; n > ROOM / 2 && text[n] != ' '; n--)
                ;
        add_row(d, "", "", "%.*s", n, text);
        text += n + (text[n] == ' ');
    }
}

/* The overlay's rows, made anew for every frame: hits count up while it is open. */
static void fill_list(struct desk *d)
{
    char number[16];
    int i;

    d->view.rows_n = 0;
    for (i = 0; i < d->view.breaks_n; i++) {
        const struct breakpoint *b = &d->breaks[i];
        const struct record_run *run = desk_run_of_id(d, b->run);
        snprintf(number, sizeof number, "%d", b->number);
        add_row(d, number, b->is_on ? "on" : "off", "%s", b->text);
        if (b->hits) {
            add_row(d, "", "", "hit %ld time%s; last%s%s at step %lld:", b->hits, b->hits == 1 ? "" : "s",
                    run ? " in " : "", run ? run->name : "", (long long)b->step);
            add_text(d, b->why);
        } else
            add_row(d, "", "", "not hit yet%s",
                    b->is_on && b->holds > 0 ? "; it holds now, and stops where it begins to hold again"
                                             : "");
        if (condition_uses(&b->condition, Q_AHA_VERIFIED))
            add_row(d, "", "", "cost so far: %ld candidate%s tested in %.2f s, %ld tokens", b->tested,
                    b->tested == 1 ? "" : "s", b->seconds, b->tokens);
    }
    add_row(d, NULL, "", "%s", "");
    add_row(d, NULL, "", ":break delete N|all, :break disable N, :break enable N");
    d->view.overlay_list.n = d->view.rows_n;
}

void desk_breaks(struct desk *d)
{
    struct view *v = &d->view;
    int i;

    v->breaks_n = breakpoints_copy(&d->session->breakpoints, d->breaks);
    for (i = 0; i < v->breaks_n; i++)
        d->view_breaks[i] =
            (struct view_break){d->breaks[i].number, d->breaks[i].is_on, d->breaks[i].text, d->breaks[i].why,
                                d->breaks[i].hits, d->breaks[i].run, d->breaks[i].step};
    v->breaks = d->view_breaks;
    if (v->overlay == OVERLAY_BREAKS)
        fill_list(d);
}

static enum status list(struct desk *d)
{
    desk_breaks(d);
    if (!d->view.breaks_n) {
        desk_say(d, "there is no breakpoint; :break CONDITION sets one, as :break kl > 0.1");
        return ST_OK;
    }
    snprintf(d->title, sizeof d->title, "breakpoints");
    d->view.overlay = OVERLAY_BREAKS;
    d->view.overlay_list = (struct list){0, 0, 0};
    fill_list(d);
    return ST_OK;
}

/* delete, disable, enable: the number, or `all`. */
static enum status change(struct desk *d, const struct command_line *l, struct err *e)
{
    struct breakpoints *b = &d->session->breakpoints;
    int is_delete = !strcmp(l->argv[0], "delete"), on = !strcmp(l->argv[0], "enable"), i, n;
    struct breakpoint each[BREAKS_MAX];
    long long number;
    enum status st = ST_OK;

    if (l->argc != 2)
        return err_set(e, ST_USAGE, "break", "it is :break %s N|all", l->argv[0]);
    if (!strcmp(l->argv[1], "all")) {
        n = breakpoints_copy(b, each);
        for (i = 0; !is_delete && i < n; i++)
            breakpoints_switch(b, each[i].number, on, e);
        if (is_delete)
            breakpoints_delete(b, 0, e);
        desk_say(d, "all %d breakpoints %s", n, is_delete ? "deleted" : on ? "enabled" : "disabled");
        return ST_OK;
    }
    st = command_integer(l->argv[1], "a breakpoint", 1, &number, e);
    if (!st)
        st = is_delete ? breakpoints_delete(b, (int)number, e) : breakpoints_switch(b, (int)number, on, e);
    if (!st)
        desk_say(d, "breakpoint %lld %s", number, is_delete ? "deleted" : on ? "enabled" : "disabled");
    return st;
}

/* Whether it holds as things stand, with its numbers: then it will not stop at the next step. */
static int holds_now(struct desk *d, const char *text, char why[SHOWN_BYTES])
{
    enum { BLOCKS = 4 }; /* what lies further back is not waited for */
    struct look_back *b = calloc(1, sizeof *b);
    struct condition c;
    struct err none;
    struct record_run run;
    char id[24];
    int known = 0, holds = 0;

    snprintf(id, sizeof id, "%lld", (long long)desk_run_id(d));
    if (b && desk_run_id(d) && !query_run(d->query, id, &run, &none) && !condition_parse(&c, text, &none) &&
        !condition_has_event(&c) && !look_back_begin(b, d->query, &c, &run, d->live->committed, &none) &&
        !look_back_newest(b, d->query, BLOCKS, &known, &holds, &none) && known)
        condition_why(&c, &b->measured, why, SHOWN_BYTES);
    if (b)
        look_back_release(b);
    free(b);
    return known && holds;
}

enum status command_break(struct desk *d, const struct command_line *l, struct err *e)
{
    static const char *const words[] = {"delete", "disable", "enable"};
    char why[SHOWN_BYTES];
    int number, i;
    enum status st;

    if (!l->argc || (l->argc == 1 && !strcmp(l->argv[0], "list")))
        return list(d);
    for (i = 0; i < 3; i++)
        if (!strcmp(l->argv[0], words[i]))
            return change(d, l, e);
    st = breakpoints_add(&d->session->breakpoints, l->rest, &number, e);
    if (st)
        return st;
    if (holds_now(d, l->rest, why))
        desk_say(d, "breakpoint %d: %s holds already (%s); it stops where it begins to hold again", number,
                 l->rest, why);
    else if (breakpoints_use(&d->session->breakpoints, Q_AHA_VERIFIED) && strstr(l->rest, "aha.verified"))
        desk_say(
            d,
            "breakpoint %d: %s; each candidate is tested first by 64 continuations, :break list shows the cost",
            number, l->rest);
    else
        desk_say(d, "breakpoint %d: %s; tested after each committed step", number, l->rest);
    return ST_OK;
}

enum status command_when(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = desk_back_begin(d, l->rest, e);

    return st ? st : desk_back_go(d, DESK_BACK_TURN, e);
}
