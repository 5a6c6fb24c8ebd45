/* The cursor of the curves: which keys it takes, where it stops, what esc leaves. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "app/desk/cursor.h"
#include "app/desk/desk.h"
#include "app/desk/desk_screen.h"

enum { STEPS = 50 };

static struct desk *make(void)
{
    struct desk *d = calloc(1, sizeof *d);
    double metric[METRIC_N];
    int i;

    view_init(&d->view);
    d->at = -1;
    d->live = calloc(1, sizeof *d->live);
    d->live->version = 1;
    d->live->run_id = 7;
    cr_assert_eq(history_init(&d->history, NULL), ST_OK);
    history_reset(&d->history, 7);
    for (i = 0; i < METRIC_N; i++)
        metric[i] = 1;
    metric[M_PASS_1] = NAN;
    for (i = 1; i <= STEPS; i++)
        history_add(&d->history, 2 * i, metric);
    return d;
}

static void drop(struct desk *d)
{
    history_release(&d->history);
    free(d->live);
    free(d);
}

Test(cursor, begins_at_the_last_step_and_takes_the_keys_of_movement)
{
    struct desk *d = make();

    cr_assert(!cursor_request(d, REQUEST_LEFT), "not before it is asked for");
    cursor_toggle(d);
    cr_assert(d->view.steering && d->view.cursor == 2 * STEPS);
    cr_assert(cursor_request(d, REQUEST_LEFT));
    cr_assert_eq(d->view.cursor, 2 * STEPS - 2);
    cr_assert(cursor_request(d, REQUEST_PAGE_UP));
    cr_assert_eq(d->view.cursor, 2 * STEPS - 22);
    cr_assert(cursor_request(d, REQUEST_HOME) && d->view.cursor == 2);
    cr_assert(cursor_request(d, REQUEST_PREVIOUS_GROUP) && d->view.cursor == 2);
    cr_assert(cursor_request(d, REQUEST_END) && d->view.cursor == 2 * STEPS);
    cr_assert(cursor_request(d, REQUEST_RIGHT) && d->view.cursor == 2 * STEPS);
    cr_assert(!cursor_request(d, REQUEST_UP) && !cursor_request(d, REQUEST_PAUSE),
              "the rest go on as before");
    drop(d);
}

Test(cursor, leaves_the_keys_to_screens_without_curves)
{
    struct desk *d = make();

    cursor_toggle(d);
    d->view.screen = SCREEN_GROUP;
    cr_assert(!cursor_request(d, REQUEST_LEFT));
    d->view.screen = SCREEN_DASHBOARD;
    cr_assert(cursor_request(d, REQUEST_LEFT));
    drop(d);
}

Test(cursor, esc_puts_it_away_but_a_step_of_the_past_stays_marked)
{
    struct desk *d = make();

    cursor_toggle(d);
    cr_assert(cursor_request(d, REQUEST_BACK_OUT));
    cr_assert(!d->view.steering && d->view.cursor == -1);
    cr_assert(!cursor_request(d, REQUEST_BACK_OUT));
    d->at = d->view.cursor = 20;
    d->stored = d->live;
    cursor_toggle(d);
    cr_assert_eq(d->view.cursor, 20);
    cr_assert(cursor_request(d, REQUEST_LEFT) && d->view.cursor == 18);
    cursor_toggle(d);
    cr_assert(!d->view.steering && d->view.cursor == 20);
    d->stored = NULL;
    drop(d);
}

Test(cursor, without_a_step_says_so)
{
    struct desk *d = make();

    history_reset(&d->history, 7);
    cursor_toggle(d);
    cr_assert(!d->view.steering && d->message[0]);
    drop(d);
}

Test(cursor, smoothing_goes_round)
{
    struct desk *d = make();
    double seen = d->view.smoothing;
    int i;

    for (i = 0; i < 4; i++) {
        smoothing_next(d);
        cr_assert(d->view.smoothing >= 0 && d->view.smoothing < 1 && (i == 3 || d->view.smoothing != seen));
    }
    cr_assert_float_eq(d->view.smoothing, seen, 1e-12);
    drop(d);
}

Test(cursor, keys_that_move_in_lists)
{
    cr_assert_eq(desk_motion(REQUEST_UP, 10), -1);
    cr_assert_eq(desk_motion(REQUEST_DOWN, 10), 1);
    cr_assert_eq(desk_motion(REQUEST_PAGE_UP, 10), -10);
    cr_assert_eq(desk_motion(REQUEST_PAGE_DOWN, 7), 7);
    cr_assert_leq(desk_motion(REQUEST_HOME, 10), -100000, "longer than any list");
    cr_assert_geq(desk_motion(REQUEST_END, 10), 100000);
    cr_assert_eq(desk_motion(REQUEST_LEFT, 10), 0);
    cr_assert_eq(desk_motion(REQUEST_ENTER, 10), 0);
}
