/* Breakpoints from the command line, their list, and `when`, which goes back to where a condition held. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/command_act.h"
#include "app/desk_read.h"

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
                    b->is_on && b->holds > 0 ? "; it holds now, and stops where it begins to hold again" : "");
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
    struct measured m;
    struct condition c;
    struct err none;
    struct record_run run;
    char id[24];

    measured_init(&m);
    snprintf(id, sizeof id, "%lld", (long long)desk_run_id(d));
    if (!desk_run_id(d) || query_run(d->query, id, &run, &none) || condition_parse(&c, text, &none) ||
        condition_has_event(&c) || measured_read(&m, d->query, &run, d->live->committed, &none))
        return 0;
    condition_why(&c, &m, why, SHOWN_BYTES);
    return condition_holds(&c, &m);
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
        desk_say(d, "breakpoint %d: %s holds already (%s); it stops where it begins to hold again", number, l->rest,
                 why);
    else if (breakpoints_use(&d->session->breakpoints, Q_AHA_VERIFIED) && strstr(l->rest, "aha.verified"))
        desk_say(d, "breakpoint %d: %s; each candidate is tested first by 64 continuations, :break list shows the cost",
                 number, l->rest);
    else
        desk_say(d, "breakpoint %d: %s; tested after each committed step", number, l->rest);
    return ST_OK;
}

/* The latest step of those that were walked at which the condition held, and by which numbers. */
struct search {
    const struct condition *condition;
    int64_t run, step;            /* run 0: it never held */
    char name[NAME_BYTES], why[SHOWN_BYTES];
};

static void look_back(void *ctx, const struct record_run *run, int64_t step, const double *metric,
                      const struct measured *m)
{
    struct search *s = ctx;

    if (!condition_measures(s->condition, metric) || !condition_holds(s->condition, m))
        return;
    s->run = run->id;
    s->step = step;
    snprintf(s->name, sizeof s->name, "%s", run->name);
    condition_why(s->condition, m, s->why, sizeof s->why);
}

enum status command_when(struct desk *d, const struct command_line *l, struct err *e)
{
    struct condition c;
    struct measured m;
    struct search found = {.condition = &c};
    struct record_run run;
    int64_t below;
    char id[24];
    enum status st = condition_parse(&c, l->rest, e);

    if (!st && !desk_run_id(d))
        st = err_set(e, ST_USAGE, "when", "no run is open; :open RUN opens one");
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)desk_run_id(d));
    st = query_run(d->query, id, &run, e);
    if (st)
        return st;
    /* Live, the step under way is the present; where the run stands between steps, the last committed one is. */
    below = d->at >= 0 ? d->at : d->live->step > d->live->committed ? d->live->committed + 1 : d->live->committed;
    measured_init(&m);
    st = measured_walk(&m, d->query, &run, below - 1, look_back, &found, e);
    if (st)
        return st;
    if (found.run && found.run != run.id)
        return err_set(e, ST_NOTFOUND, "when",
                       "'%.60s' has not held before step %lld in %s itself, but in %s at step %lld", l->rest,
                       (long long)below, run.name, found.name, (long long)found.step);
    if (!found.run)
        return err_set(e, ST_NOTFOUND, "when", "'%.60s' has not held at any step before %lld of %s%s", l->rest,
                       (long long)below, run.name,
                       condition_uses(&c, Q_AHA_VERIFIED) ? "; only candidates that were tested count" : "");
    st = desk_look(d, found.step, e);
    if (!st)
        desk_say(d, "%.80s: %s at step %lld; again for an earlier one, l for live", l->rest, found.why,
                 (long long)found.step);
    return st;
}
