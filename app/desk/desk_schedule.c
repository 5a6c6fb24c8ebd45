/* The desk's part of the schedule screen: keys, the command, and a cursor in the schedules' time that steps
 * from event to event or plays by itself. */
#include "app/desk/desk_schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/command/command_act.h"
#include "app/desk/desk.h"
#include "app/desk/desk_screen.h"

/* From begin to end; a frame counts at least FRAME_LEAST, so that playing ends wherever frames are drawn. */
#define PLAYING_SECONDS 20.0
#define FRAME_LEAST 0.05

/* What of the desk is the screen's own. */
struct schedule_desk {
    struct schedule_state shown;
    double last_frame;
};

static enum status init(struct desk *d, struct err *e)
{
    struct schedule_desk *x = calloc(1, sizeof *x);

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.schedule = &x->shown;
    return schedule_init(&x->shown, e);
}

static void release(struct desk *d)
{
    if (d->view.schedule)
        schedule_release(d->view.schedule);
    free(d->view.schedule);
    d->view.schedule = NULL;
}

/* While it plays every frame wants another one. */
static int refresh(struct desk *d)
{
    struct schedule_desk *x = (struct schedule_desk *)d->view.schedule;
    double now = desk_clock();

    if (x->shown.is_playing) {
        x->shown.at += x->shown.end / PLAYING_SECONDS * fmax(FRAME_LEAST, fmin(now - x->last_frame, 1));
        if (x->shown.at >= x->shown.end) {
            x->shown.at = x->shown.end;
            x->shown.is_playing = 0;
        }
    }
    x->last_frame = now;
    return x->shown.is_playing;
}

static void step(struct schedule_state *s, int by)
{
    s->is_playing = 0;
    if (by > 0 && s->at >= s->end)
        s->at = 0;
    else
        s->at = schedule_event(s, s->at, by);
}

static void choose(struct desk *d, int by)
{
    struct schedule_state *s = d->view.schedule;

    s->chosen = (s->chosen + by + SCHEDULE_KINDS) % SCHEDULE_KINDS;
}

static void switch_all_to_all(struct desk *d)
{
    struct schedule_state *s = d->view.schedule;
    struct err e;

    if (schedule_all_to_all(s, !s->all_to_all, &e))
        desk_fail(d, &e);
    else
        desk_say(d, "all-to-all is %s",
                 s->all_to_all ? "on: tokens go to experts elsewhere" : "off: every expert is here");
}

static void edit(struct desk *d)
{
    char words[256], text[300];

    schedule_words(d->view.schedule, words, sizeof words);
    snprintf(text, sizeof text, "schedule %s", words);
    desk_prompt(d, text);
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { ZOOM_MOST = 6 };
    struct schedule_state *s = d->view.schedule;

    (void)argument;
    switch (r) {
    case REQUEST_PAUSE:
        if (!s->is_playing && s->at >= s->end)
            s->at = 0;
        s->is_playing = !s->is_playing;
        return 1;
    case REQUEST_STEP:
    case REQUEST_LATER:
    case REQUEST_RIGHT: step(s, 1); return 1;
    case REQUEST_EARLIER:
    case REQUEST_LEFT: step(s, -1); return 1;
    case REQUEST_HOME:
    case REQUEST_END:
        s->is_playing = 0;
        s->at = r == REQUEST_HOME ? 0 : s->end;
        return 1;
    case REQUEST_UP: choose(d, -1); return 1;
    case REQUEST_DOWN: choose(d, 1); return 1;
    case REQUEST_PAGE_UP: s->top = s->top > 4 ? s->top - 4 : 0; return 1;
    case REQUEST_PAGE_DOWN: s->top = s->top + 4 < s->devices ? s->top + 4 : s->top; return 1;
    case REQUEST_RAISE: s->zoom += s->zoom < ZOOM_MOST; return 1;
    case REQUEST_LOWER: s->zoom -= s->zoom > 0; return 1;
    case REQUEST_ALL_TO_ALL: switch_all_to_all(d); return 1;
    case REQUEST_EDIT:
    case REQUEST_ENTER: edit(d); return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_SCHEDULE;
        return 0;
    default: return 0;
    }
}

enum status command_schedule(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = l->argc ? schedule_set(d->view.schedule, l->argv, l->argc, e) : ST_OK;

    if (!st)
        desk_show_screen(d, SCREEN_SCHEDULE);
    return st;
}

const struct desk_screen desk_schedule = {init, release, refresh, request};
