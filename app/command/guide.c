/* Driving a desk. The loop without a terminal waits as the one with it does: for a snapshot, or for the end
 * of a wait, never for a while. */
#include "app/command/guide.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/config.h"

int guide_work(struct desk *d)
{
    int changed = lesson_work(d);

    if (!d->script || d->quit)
        return changed;
    switch (script_go(d->script, d, &d->script->failure)) {
    case SCRIPT_WAITS: break;
    case SCRIPT_ENDED:
        d->script = NULL;
        changed = 1;
        break;
    case SCRIPT_FAILED:
        d->quit = 1;
        break;
    }
    return changed;
}

double guide_deadline(const struct desk *d)
{
    double until = lesson_deadline(d);

    return d->script && d->script->deadline < until ? d->script->deadline : until;
}

int guide_key(struct desk *d, struct key_event *k)
{
    const struct binding *b = d->config ? config_binding(d->config, k) : NULL;
    struct err e;

    if (b && b->is_command) {
        if (command_run(d, b->command, &e))
            desk_fail(d, &e);
        return 1;
    }
    if (b)
        *k = b->as;
    return lesson_key(d, k);
}

/* Sleeps until the engine or the probe has something to show, or the deadline. */
static void sleep_until(struct desk *d, double deadline)
{
    struct pollfd p = {.fd = d->session->box.wake, .events = POLLIN};
    double wait = deadline - desk_clock();
    struct timespec t;

    wait = wait < 0 ? 0 : wait;
    t.tv_sec = isinf(wait) ? 0 : (time_t)wait;
    t.tv_nsec = isinf(wait) ? 0 : (long)((wait - (double)t.tv_sec) * 1e9);
    ppoll(&p, 1, isinf(wait) ? NULL : &t, NULL);
}

static void draw(struct desk *d, int w, int h)
{
    int row, col;

    while (desk_frame(d, w, h, &row, &col))
        ;
}

static void tell_page(struct desk *d, int w, int h, void (*print)(const char *text), int with_screens,
                      int is_told)
{
    const struct lesson_state *s = &d->lesson->state;
    struct str text = {0};

    if (is_told)
        str_printf(&text, "%s\n\n", s->text + d->lesson->seen_at);
    else
        str_printf(&text, "%d/%d %s: %s\n\n%s\n\n", s->page, s->pages, s->title, s->heading, s->text);
    if (with_screens) {
        draw(d, w, h);
        canvas_dump(&d->canvas, &text);
        str_add(&text, "\n");
    }
    print(str_c(&text));
    str_free(&text);
}

/* A page that is through is told and turned. Returns 1 when something was done. */
static int turn(struct desk *d, int w, int h, void (*print)(const char *text), int with_screens, int *told,
                struct err *e)
{
    struct lesson *l = d->lesson;

    if (!l)
        return 0;
    if (l->state.phase == LESSON_FAILED) {
        err_set(e, ST_FAILED, "lesson", "page %d (%s): %.180s", l->state.page, l->state.heading,
                l->state.note);
        return 0;
    }
    /* A question is told before its answer changes the screen. */
    if (l->state.phase == LESSON_ASKING && *told != l->state.page) {
        *told = l->state.page;
        tell_page(d, w, h, print, with_screens, 0);
        return 1;
    }
    if (l->state.phase != LESSON_STOP)
        return 0;
    tell_page(d, w, h, print, with_screens, *told == l->state.page && l->is_answered);
    l->state.top = 1 << 20;   /* all of it has been told */
    lesson_next(d);
    return 1;
}

enum status guide_run(struct desk *d, int w, int h, void (*print)(const char *text), int with_screens,
                      struct err *e)
{
    struct script *script = d->script;
    int told = 0, worked;

    e->code = ST_OK;
    desk_take(d);
    draw(d, w, h);
    for (;;) {
        desk_take(d);
        do {
            worked = guide_work(d);
            worked |= turn(d, w, h, print, with_screens, &told, e);
        } while (worked && !e->code && !d->quit);
        if (script && script->failure.code)
            *e = script->failure;
        if (e->code)
            return e->code;
        if (d->quit || (!d->script && !d->lesson))
            return ST_OK;
        sleep_until(d, guide_deadline(d));
    }
}
