/* The search behind `:when`. The loop reads a few blocks of steps a turn and sees to keys and frames in
 * between, so that a long run is searched without anybody waiting; whoever turns to another step, or steps
 * the run, gives the search up. */
#include "app/desk/desk_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/look_back.h"

struct desk_back {
    char text[COMMAND_BYTES];
    int64_t run, below;          /* the open run; steps before this one count */
    struct look_back look;
};

void desk_back_stop(struct desk *d)
{
    if (!d->back)
        return;
    look_back_release(&d->back->look);
    free(d->back);
    d->back = NULL;
    d->message_until = 0; /* how far it had looked */
}

enum status desk_back_begin(struct desk *d, const char *text, struct err *e)
{
    struct condition c;
    struct record_run run;
    struct desk_back *b;
    char id[24];
    enum status st = condition_parse(&c, text, e);

    if (!st && !desk_run_id(d))
        st = err_set(e, ST_USAGE, "when", "no run is open; :open RUN opens one");
    if (st)
        return st;
    snprintf(id, sizeof id, "%lld", (long long)desk_run_id(d));
    st = query_run(d->query, id, &run, e);
    if (st)
        return st;
    desk_back_stop(d);
    b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, ST_NOMEM, "when", "no memory for a search");
    snprintf(b->text, sizeof b->text, "%.*s", (int)sizeof b->text - 1, text);
    b->run = run.id;
    /* Live, the step under way is the present; where the run stands between steps, the last committed one is. */
    b->below = d->at >= 0 ? d->at
               : d->live->step > d->live->committed ? d->live->committed + 1
                                                    : d->live->committed;
    d->back = b;
    st = look_back_begin(&b->look, d->query, &c, &run, b->below - 1, e);
    if (st)
        desk_back_stop(d);
    return st;
}

/* The end of a search that found nothing that can be shown: why. */
static enum status not_found(const struct desk_back *b, struct err *e)
{
    const struct look_back *l = &b->look;

    if (l->run)
        return err_set(e, ST_NOTFOUND, "when",
                       "'%.60s' has not held before step %lld in %s itself, but in %s at step %lld", b->text,
                       (long long)b->below, l->line[0].name, l->run->name, (long long)l->step);
    return err_set(e, ST_NOTFOUND, "when", "'%.60s' has not held at any step before %lld of %s%s", b->text,
                   (long long)b->below, l->line[0].name,
                   condition_uses(&l->condition, Q_AHA_VERIFIED) ? "; only candidates that were tested count"
                                                                 : "");
}

static enum status show(struct desk *d, struct desk_back *b, struct err *e)
{
    char why[96];
    enum status st = desk_look(d, b->look.step, e);

    condition_why(&b->look.condition, &b->look.measured, why, sizeof why);
    if (!st)
        desk_say(d, "%.80s: %s at step %lld; again for an earlier one, l for live", b->text, why,
                 (long long)b->look.step);
    return st;
}

enum status desk_back_go(struct desk *d, double seconds, struct err *e)
{
    struct desk_back *b = d->back;
    enum look_state state = LOOK_GOES_ON;
    double end = desk_clock() + seconds;
    enum status st = ST_OK;

    if (!b)
        return ST_OK;
    if (b->run != desk_run_id(d)) { /* another run has been opened */
        desk_back_stop(d);
        return ST_OK;
    }
    do
        st = look_back_go(&b->look, d->query, &state, e);
    while (!st && state == LOOK_GOES_ON && desk_clock() < end);
    if (!st && state == LOOK_GOES_ON) {
        desk_say(d, "'%.50s' has not held back to step %lld of %s; looking on, esc gives up", b->text,
                 (long long)b->look.looked, b->look.line[0].name);
        return ST_OK;
    }
    d->back = NULL; /* to look at a step gives up a search */
    d->message_until = 0;
    if (!st)
        st = state == LOOK_FOUND && b->look.run->id == b->run ? show(d, b, e) : not_found(b, e);
    look_back_release(&b->look);
    free(b);
    return st;
}
