/* The cursor of the curves. While it is steered, left and right are its keys wherever the focus is; a curve
 * that has the focus takes them always (request.c). */
#include "app/desk/cursor.h"

#include <math.h>

#include "app/desk/desk.h"

enum { FAR_STEPS = 10, ALL = 1 << 20 };

void cursor_move(struct desk *d, int by)
{
    const struct history *h = &d->history;
    int i, at = h->n;

    for (i = 0; d->view.cursor >= 0 && i < h->n && at == h->n; i++)
        if (h->step[i] >= (double)d->view.cursor)
            at = i;
    at += by;
    at = at < 0 ? 0 : at >= h->n ? h->n - 1 : at;
    if (h->n)
        d->view.cursor = (int64_t)h->step[at];
}

static void put_away(struct desk *d)
{
    d->view.steering = 0;
    d->view.cursor = d->at; /* a step of the past that is on screen stays marked */
}

void cursor_toggle(struct desk *d)
{
    if (d->view.steering) {
        put_away(d);
        return;
    }
    if (!d->history.n || !desk_shown(d) || d->history.run != desk_shown(d)->run_id) {
        desk_say(d, "there is no step to read off yet");
        return;
    }
    if (d->view.cursor < 0)
        cursor_move(d, 0);
    d->view.steering = 1;
    desk_say(d, "cursor: left and right, page keys, home and end move it; enter looks at its step; esc ends");
}

int cursor_request(struct desk *d, enum request r)
{
    struct err e;

    if (d->view.cursor < 0)
        d->view.steering = 0; /* what happens now was asked for */
    if (!d->view.steering || !(CURSOR_SCREENS >> view_screen(&d->view) & 1))
        return 0;
    switch (r) {
    case REQUEST_LEFT:
    case REQUEST_PREVIOUS_GROUP: cursor_move(d, -1); return 1;
    case REQUEST_RIGHT:
    case REQUEST_NEXT_GROUP: cursor_move(d, 1); return 1;
    case REQUEST_PAGE_UP: cursor_move(d, -FAR_STEPS); return 1;
    case REQUEST_PAGE_DOWN: cursor_move(d, FAR_STEPS); return 1;
    case REQUEST_HOME: cursor_move(d, -ALL); return 1;
    case REQUEST_END: cursor_move(d, ALL); return 1;
    case REQUEST_BACK_OUT: put_away(d); return 1;
    case REQUEST_ENTER:
        if (desk_look(d, d->view.cursor, &e))
            desk_fail(d, &e);
        return 1;
    default: return 0;
    }
}

void smoothing_next(struct desk *d)
{
    static const double stop[] = {0, 0.6, 0.9, 0.98};
    int i = 0, n = sizeof stop / sizeof *stop;

    while (i < n && d->view.smoothing >= stop[i] - 1e-9)
        i++;
    d->view.smoothing = stop[i % n];
    desk_say(d, d->view.smoothing > 0 ? "curves are smoothed: %g of the past; dots are the steps themselves"
                                      : "curves are not smoothed", d->view.smoothing);
}
