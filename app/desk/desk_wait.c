/* What is typed while a fork or the opening of a run is on its way.
 *
 * A request that changes which run is open, or at which step it stands, is answered by a snapshot; until
 * then the screen, the settings and the control are still those of the run before, so that a command about
 * "the run" would go to the wrong one. It waits here instead, by the rule that holds for the next line of a
 * script: the request before it is answered, and what is shown came after the last order to the control.
 * Commands that only change what is seen do not come here.
 *
 * Invariants: at most one such request of the waiting ones is under way; what waits is carried out in its
 * order or not at all; nothing that waits outlives a request or a command before it that failed. */
#include "app/desk/desk_wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_read.h"
#include "app/script/script.h"

enum { SHOWN = 4 }; /* of what waits, in the status line */

struct desk_wait {
    uint64_t number;            /* of the request that is awaited, 0: none */
    char what[96];              /* it: "forking quick" */
    struct {
        enum request key;       /* REQUEST_NONE: the line is a command */
        char *line;             /* owned; of a key its name */
    } row[DESK_WAITING];
    int n;
    int is_going;               /* a row is being carried out */
    int is_stale;               /* the last row gave the control an order that no snapshot shows yet */
    struct watch watch;         /* for its fresh snapshots alone */
    double since;               /* when desk_wait_tells began to have something to tell; 0: not yet */
    struct str text;
};

enum status desk_wait_init(struct desk *d, struct err *e)
{
    d->wait = calloc(1, sizeof *d->wait);
    return d->wait ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for commands that wait");
}

void desk_wait_release(struct desk *d)
{
    if (!d->wait)
        return;
    desk_wait_drop(d);
    str_free(&d->wait->text);
    free(d->wait);
    d->wait = NULL;
}

static void describe(struct desk *d, const struct engine_message *m, char *out, size_t bytes)
{
    const struct record_run *run = m->what == ENGINE_OPEN   ? desk_find_run(d, m->text)
                                   : m->what == ENGINE_FORK ? desk_run_of_id(d, m->run_id)
                                                            : NULL;

    switch (m->what) {
    case ENGINE_NEW: snprintf(out, bytes, "starting %.60s", m->text); break;
    case ENGINE_OPEN: snprintf(out, bytes, "opening %.60s", run ? run->name : m->text); break;
    case ENGINE_REWIND: snprintf(out, bytes, "rewinding to step %lld", (long long)m->step); break;
    case ENGINE_RACE: snprintf(out, bytes, "making the forks that race"); break;
    case ENGINE_RECIPE: snprintf(out, bytes, "starting recipe %.60s", m->text); break;
    default: snprintf(out, bytes, "forking %.60s", run ? run->name : d->live->run); break;
    }
}

void desk_wait_begin(struct desk *d, const struct engine_message *m, uint64_t number)
{
    struct desk_wait *w = d->wait;

    if (!engine_opens(m->what))
        return;
    w->number = number;
    w->since = 0;
    describe(d, m, w->what, sizeof w->what);
}

int desk_waits(const struct desk *d)
{
    return !d->wait->is_going && (d->wait->number || d->wait->n);
}

static enum status add(struct desk *d, enum request key, const char *line, struct err *e)
{
    struct desk_wait *w = d->wait;
    char *copy;

    if (w->n == DESK_WAITING)
        return err_set(e, ST_BUSY, "workbench", "%d commands wait already; esc drops them", DESK_WAITING);
    copy = strdup(line);
    if (!copy)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a command that waits");
    w->row[w->n].key = key;
    w->row[w->n++].line = copy;
    w->since = desk_clock();
    return ST_OK;
}

enum status desk_wait_line(struct desk *d, const char *line, struct err *e)
{
    return add(d, REQUEST_NONE, line + strspn(line, " \t:"), e);
}

enum status desk_wait_key(struct desk *d, enum request key, const char *name, struct err *e)
{
    return add(d, key, name, e);
}

int desk_wait_drop(struct desk *d)
{
    struct desk_wait *w = d->wait;
    int i, n = w->n;

    for (i = 0; i < n; i++) {
        free(w->row[i].line);
        w->row[i].line = NULL;
    }
    w->n = 0;
    return n;
}

/* ":step 2, space and 3 more". */
static void name_rows(const struct desk_wait *w, struct str *out)
{
    int i, shown = w->n > SHOWN ? SHOWN - 1 : w->n;

    for (i = 0; i < shown; i++)
        str_printf(out, "%s%s%.48s", i ? ", " : "", w->row[i].key == REQUEST_NONE ? ":" : "", w->row[i].line);
    if (shown < w->n)
        str_printf(out, " and %d more", w->n - shown);
}

/* What stood behind something that failed goes with it; d->message is the error. */
static void drop_behind(struct desk *d)
{
    struct desk_wait *w = d->wait;
    struct str names = {0};
    size_t at = strlen(d->message);

    if (w->n) {
        name_rows(w, &names);
        snprintf(d->message + at, sizeof d->message - at, "; dropped: %s", str_c(&names));
    }
    desk_wait_drop(d);
    str_free(&names);
}

/* The first row; returns 0 when it failed. */
static int carry_out(struct desk *d)
{
    struct desk_wait *w = d->wait;
    enum request key = w->row[0].key;
    char *line = w->row[0].line;
    uint64_t orders = control_orders(&d->session->control);
    int is_done = 1;
    struct err e;

    memmove(&w->row[0], &w->row[1], (size_t)--w->n * sizeof w->row[0]);
    w->is_going = 1;
    d->view.message_is_error = 0;
    if (key != REQUEST_NONE) {
        request_do(d, key, 0);
        is_done = !d->view.message_is_error;
    } else if (command_run(d, line, &e)) {
        desk_fail(d, &e);
        is_done = 0;
    }
    w->is_going = 0;
    w->is_stale = control_orders(&d->session->control) != orders;
    free(line);
    return is_done;
}

void desk_wait_go(struct desk *d)
{
    struct desk_wait *w = d->wait;

    if (w->number && d->live->command >= w->number) {
        int refused = d->live->refused >= w->number;
        w->number = 0;
        if (refused)
            drop_behind(d);
    }
    while (w->n && !d->awaited && d->question == QUESTION_NONE) {
        if (w->is_stale && !watch_fresh(&w->watch, d))
            return;
        w->is_stale = 0;
        if (!carry_out(d))
            drop_behind(d);
    }
}

const char *desk_wait_tells(struct desk *d)
{
    struct desk_wait *w = d->wait;
    const struct snapshot *s = d->live;
    int is_replayed = s->version && s->way_to > 0 && d->awaited;

    if (!w->n && !(w->number && is_replayed))
        return NULL;
    if (!(w->since > 0))
        w->since = desk_clock();
    if (d->message_until > 0 && (d->view.message_is_error || d->said > w->since) &&
        (d->message_until > desk_clock()))
        return NULL;
    str_clear(&w->text);
    str_add(&w->text, w->number ? w->what : "carrying out what was typed");
    if (w->number && is_replayed)
        str_printf(&w->text, ": replaying step %lld of %lld", (long long)s->way_at + 1, (long long)s->way_to);
    else
        str_add(&w->text, " ...");
    if (w->n) {
        str_add(&w->text, "; then ");
        name_rows(w, &w->text);
    }
    d->view.message_is_error = 0;
    return str_c(&w->text);
}
