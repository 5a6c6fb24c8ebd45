/* The desk's part of the FP8 screen: the command, its keys, and what the thread behind it has found. What is
 * shown belongs to one step of one run; enter measures the step that is looked at. */
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk.h"
#include "app/desk/desk_screen.h"
#include "app/desk/fp8_ask.h"

/* What of the desk is the screen's own. */
struct fp8_desk {
    struct fp8_state shown;
    struct aside *ask;
    struct fp8_measure measure;   /* as shown */
};

static struct fp8_desk *own(const struct desk *d)
{
    return (struct fp8_desk *)d->view.fp8;
}

static enum status init(struct desk *d, struct err *e)
{
    struct fp8_desk *x = calloc(1, sizeof *x);

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.fp8 = &x->shown;
    return aside_init(&x->ask, &fp8_ask, d->session->store_path, d->session->box.wake, e);
}

static void release(struct desk *d)
{
    if (d->view.fp8)
        aside_release(own(d)->ask);
    free(d->view.fp8);
    d->view.fp8 = NULL;
}

static int refresh(struct desk *d)
{
    struct fp8_desk *x = own(d);
    struct fp8_state *s = &x->shown;
    struct aside_look look;

    aside_look(x->ask, &look);
    s->doing = look.doing;
    s->part = look.part;
    s->known = NULL;
    if (look.answer && look.run == desk_run_id(d)) {
        x->measure = *(const struct fp8_measure *)look.answer;
        x->measure.run = look.run;
        x->measure.step = look.step;
        s->known = &x->measure;
    }
    s->list.n = s->known ? s->known->n : 0;
    if (look.error.code)
        desk_fail(d, &look.error);
    return 0;
}

static enum status ask(struct desk *d, struct err *e)
{
    const struct snapshot *s = desk_shown(d);

    if (!s || !s->run_id || strcmp(s->stage, "grpo"))
        return err_set(e, ST_NOTFOUND, "fp8",
                       "only a GRPO run is measured here; `grpolab fp8` takes any run");
    return aside_ask(own(d)->ask, s->run_id, d->at >= 0 ? s->step : snapshot_last(s), NULL, 0, e);
}

static void move(struct desk *d, int by)
{
    struct list *l = &d->view.fp8->list;

    list_move(l, by, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_FP8));
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { PAGE = 8 };
    struct fp8_state *s = d->view.fp8;
    struct err e;
    int by = desk_motion(r, PAGE);

    (void)argument;
    if (by) {
        move(d, by);
        return 1;
    }
    switch (r) {
    case REQUEST_LEFT: s->kind = (enum fp8_kind)((s->kind + FP8_KINDS - 1) % FP8_KINDS); return 1;
    case REQUEST_RIGHT: s->kind = (enum fp8_kind)((s->kind + 1) % FP8_KINDS); return 1;
    case REQUEST_SORT:
        s->is_sorted = !s->is_sorted;
        s->list.selected = s->list.top = 0;
        return 1;
    case REQUEST_ENTER:
        if (ask(d, &e))
            desk_fail(d, &e);
        return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_FP8;
        return 0;
    default: return 0;
    }
}

enum status command_fp8(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = ask(d, e);

    (void)l;
    if (!st)
        desk_show_screen(d, SCREEN_FP8);
    return st;
}

const struct desk_screen desk_fp8 = {init, release, refresh, request};
