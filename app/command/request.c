/* Requests of keys and of the mouse. What they mean depends on where they fall: the overlay, when there is
 * one, else the pane that has the focus, else the group. */
#include "app/command/request.h"

#include <stdio.h>
#include <string.h>

#include "app/desk/cursor.h"
#include "app/desk/desk_back.h"
#include "app/desk/desk_explain.h"
#include "app/desk/desk_screen.h"
#include "app/desk/desk_texts.h"
#include "app/desk/desk_wait.h"
#include "app/script/lesson.h"
#include "views/evaluation_state.h"
#include "views/pane.h"
#include "views/pane_text.h"
#include "views/recipe_state.h"
#include "views/scenarios_state.h"
#include "views/texts_state.h"

static int is_curve(enum pane_id p)
{
    int metric[PANE_CURVE_METRICS];

    return pane_curve_metrics(NULL, p, metric) > 0;
}

static int is_active(const struct desk *d)
{
    enum run_state s = d->live->state;

    return desk_run_id(d) && (s == RUN_RUNNING || s == RUN_REPLAYING);
}

static void complain(struct desk *d, enum status st, const struct err *e)
{
    if (st)
        desk_fail(d, e);
}

static void run_command(struct desk *d, const char *text)
{
    struct err e;

    complain(d, command_run(d, text, &e), &e);
}

/* Which of the two it is, is told from the run that is awaited, once it is there. */
static void pause_or_go_on(struct desk *d)
{
    struct err e;

    if (desk_waits(d)) {
        complain(d, desk_wait_key(d, REQUEST_PAUSE, "space", &e), &e);
        return;
    }
    desk_look_live(d);
    run_command(d, is_active(d) ? "pause" : "resume");
}

static void take_step(struct desk *d)
{
    desk_look_live(d);
    run_command(d, "step 1");
}

static void next_quantum(struct desk *d)
{
    enum quantum q = (enum quantum)((d->live->quantum + 1) % (QUANTUM_STEP + 1));

    control_quantum(&d->session->control, q);
    desk_say(d, "one step is now a %s", q == QUANTUM_STEP ? "whole step" : quantum_name(q));
}

static void toggle_pace(struct desk *d)
{
    run_command(d, d->live->pace == 0 ? "pace slow" : "pace full");
}

/* The command line with a command that the user completes. On an old step it is about that step. */
static void begin_command(struct desk *d, const char *name)
{
    char text[64];

    if (d->at >= 0)
        snprintf(text, sizeof text, "%s %lld ", name, (long long)d->at);
    else
        snprintf(text, sizeof text, "%s ", name);
    desk_prompt(d, text);
}

static void ask_to_quit(struct desk *d)
{
    if (is_active(d))
        desk_ask(d, QUESTION_QUIT, 0,
                 "quit? y/n   %s is running; its committed steps are kept, and it goes on next time",
                 d->live->run);
    else
        desk_ask(d, QUESTION_QUIT, 0, "quit? y/n");
}

static void close_or_quit(struct desk *d)
{
    struct view *v = &d->view;

    if (v->overlay != OVERLAY_NONE)
        desk_close_overlay(d);
    else if (v->zoom != PANE_NONE)
        v->zoom = PANE_NONE;
    else if (d->at >= 0)
        desk_look_live(d);
    else if (v->screen != SCREEN_DASHBOARD)
        desk_show_screen(d, SCREEN_DASHBOARD);
    else if (is_active(d))
        ask_to_quit(d);
    else
        d->quit = 1;
}

static void back_out(struct desk *d)
{
    struct view *v = &d->view;

    if (v->overlay != OVERLAY_NONE)
        desk_close_overlay(d);
    else if (v->zoom != PANE_NONE)
        v->zoom = PANE_NONE;
    else if (d->at >= 0 || v->cursor >= 0)
        desk_look_live(d);
    else
        v->focus = v->screen == SCREEN_RUNS ? PANE_RUNS : v->screen == SCREEN_LOG ? PANE_LOG : PANE_NONE;
}

static void next_pane(struct desk *d, int by)
{
    struct view *v = &d->view;
    struct layout l;
    enum pane_id zoom = v->zoom;

    v->zoom = PANE_NONE;
    view_layout(v, d->canvas.w, d->canvas.h, &l);
    v->focus = layout_next(&l, v->focus, by);
    v->zoom = zoom != PANE_NONE ? v->focus : PANE_NONE;
}

static void toggle_zoom(struct desk *d)
{
    struct view *v = &d->view;

    if (v->focus == PANE_NONE && v->zoom == PANE_NONE)
        v->focus = view_screen(v) == SCREEN_LEARNING ? PANE_LOSS : PANE_TRACE;
    v->zoom = v->zoom == PANE_NONE ? v->focus : PANE_NONE;
}

/* Lines back from the end of a text that follows its end. */
static void scroll_text(int *up, int by)
{
    enum { FAR = 100000 };

    *up -= by;
    *up = *up < 0 ? 0 : *up > FAR ? FAR : *up;
}

static void move_group(struct desk *d, int by)
{
    struct view *v = &d->view;
    struct list list;
    int rows = view_rows(v, d->canvas.w, d->canvas.h, PANE_GROUP);

    if (v->focus != PANE_GROUP) {
        pane_group_list(v, &list); /* begins where the followed trace is */
        v->group_list = list;
    }
    v->focus = PANE_GROUP;
    pane_group_list(v, &list);
    v->group_list = list;
    list_move(&v->group_list, by, rows);
}

/* Lines up or down, in what has the focus. */
static void move_lines(struct desk *d, int by)
{
    struct view *v = &d->view;
    int w = d->canvas.w, h = d->canvas.h;

    if (v->overlay == OVERLAY_HELP) {
        v->overlay_list.top += by;
        v->overlay_list.selected = v->overlay_list.top + (by > 0 ? view_overlay_rows(v, w, h) - 1 : 0);
        list_clamp(&v->overlay_list, view_overlay_rows(v, w, h));
    } else if (v->overlay != OVERLAY_NONE) {
        list_move(&v->overlay_list, by, view_overlay_rows(v, w, h));
    } else if (v->screen == SCREEN_RUNS) {
        list_move(&v->runs_list, by, view_rows(v, w, h, PANE_RUNS));
    } else if (v->screen == SCREEN_LOG || v->focus == PANE_LOG || view_screen(v) == SCREEN_LEARNING) {
        scroll_text(&v->log_up, by);
    } else if (v->focus == PANE_TRACE) {
        scroll_text(&v->trace_up, by);
    } else {
        move_group(d, by);
    }
}

static int page(const struct desk *d)
{
    const struct view *v = &d->view;
    int rows = v->overlay != OVERLAY_NONE ? view_overlay_rows(v, d->canvas.w, d->canvas.h)
               : v->screen == SCREEN_RUNS ? view_rows(v, d->canvas.w, d->canvas.h, PANE_RUNS)
               : v->screen == SCREEN_LOG  ? d->canvas.h - 4
                                          : 8;

    return rows > 2 ? rows - 1 : 1;
}

static void next_group(struct desk *d, int by)
{
    const struct snapshot *s = desk_shown(d);
    int g = view_group(&d->view);

    if (is_curve(d->view.focus)) {
        cursor_move(d, by);
    } else if (g >= 0) {
        g = (g + by + s->groups_n) % s->groups_n;
        desk_follow(d, FOLLOW_PINNED, g, s->follow.index >= 0 ? s->follow.index : 0);
    }
}

static void enter(struct desk *d)
{
    struct view *v = &d->view;
    char text[160];
    struct err e;
    int g = view_group(v);

    if (v->overlay == OVERLAY_SETTINGS) {
        const struct view_row *row = &d->rows[v->overlay_list.selected];
        if (!row->key)
            return;
        snprintf(text, sizeof text, "set %s=", row->key);
        desk_close_overlay(d);
        desk_prompt(d, text);
    } else if (v->overlay != OVERLAY_NONE) {
        desk_close_overlay(d);
    } else if (v->screen == SCREEN_RUNS) {
        const struct record_run *run = desk_selected_run(d);
        if (!run)
            return;
        snprintf(text, sizeof text, "open %lld", (long long)run->id);
        run_command(d, text);
        desk_show_screen(d, SCREEN_DASHBOARD);
    } else if (is_curve(v->focus) && v->cursor >= 0) {
        complain(d, desk_look(d, v->cursor, &e), &e);
    } else if (v->focus == PANE_GROUP && g >= 0) {
        desk_follow(d, FOLLOW_PINNED, g, v->group_list.selected);
        desk_say(d, "follows completion %d of group %d; b follows the best again", v->group_list.selected + 1,
                 g + 1);
    }
}

static void look_beside(struct desk *d, int by)
{
    int64_t from = d->at >= 0 ? d->at : d->live->committed + (by < 0);
    struct err e;

    if (by > 0 && (d->at < 0 || d->at >= d->live->committed))
        desk_look_live(d);
    else if (from + by >= 0)
        complain(d, desk_look(d, from + by, &e), &e);
}

static void choose_screen(struct desk *d, int digit)
{
    enum screen_id s = screen_find((char)digit);

    if (s != SCREEN_N)
        desk_show_screen(d, s);
}

void request_do(struct desk *d, enum request r, int argument)
{
    enum { FAR = 100000 };
    const struct desk_screen *screen = desk_screen(view_screen(&d->view));

    if (r == REQUEST_BACK_OUT && d->back) {
        desk_back_stop(d);
        desk_say(d, "the search is given up");
        return;
    }
    if (r == REQUEST_BACK_OUT && d->view.overlay == OVERLAY_NONE && desk_wait_drop(d)) {
        desk_say(d, "what waited is dropped");
        return;
    }
    if (d->view.overlay == OVERLAY_NONE && cursor_request(d, r))
        return;
    if (d->view.overlay == OVERLAY_NONE && screen->request && screen->request(d, r, argument))
        return;
    switch (r) {
    case REQUEST_PAUSE: pause_or_go_on(d); break;
    case REQUEST_STEP: take_step(d); break;
    case REQUEST_QUANTUM: next_quantum(d); break;
    case REQUEST_PACE: toggle_pace(d); break;
    case REQUEST_FORK: begin_command(d, "fork"); break;
    case REQUEST_REWIND: begin_command(d, "rewind"); break;
    case REQUEST_COMMAND: desk_prompt(d, ""); break;
    case REQUEST_HELP:
        if (d->view.overlay == OVERLAY_HELP)
            desk_close_overlay(d);
        else
            desk_show_help(d);
        break;
    case REQUEST_CLOSE: close_or_quit(d); break;
    case REQUEST_BACK_OUT: back_out(d); break;
    case REQUEST_QUIT:
        if (is_active(d))
            ask_to_quit(d);
        else
            d->quit = 1;
        break;
    case REQUEST_INTERRUPT: ask_to_quit(d); break;
    case REQUEST_SCREEN: choose_screen(d, argument); break;
    case REQUEST_NEXT_PANE: next_pane(d, 1); break;
    case REQUEST_PREVIOUS_PANE: next_pane(d, -1); break;
    case REQUEST_ZOOM: toggle_zoom(d); break;
    case REQUEST_UP: move_lines(d, -1); break;
    case REQUEST_DOWN: move_lines(d, 1); break;
    case REQUEST_PAGE_UP: move_lines(d, -page(d)); break;
    case REQUEST_PAGE_DOWN: move_lines(d, page(d)); break;
    case REQUEST_HOME: move_lines(d, -FAR); break;
    case REQUEST_END: move_lines(d, FAR); break;
    case REQUEST_LEFT:
    case REQUEST_PREVIOUS_GROUP: next_group(d, -1); break;
    case REQUEST_RIGHT:
    case REQUEST_NEXT_GROUP: next_group(d, 1); break;
    case REQUEST_ENTER: enter(d); break;
    case REQUEST_FOLLOW_BEST: desk_follow(d, FOLLOW_BEST, -1, -1); break;
    case REQUEST_FOLLOW_AHA: desk_follow(d, FOLLOW_AHA, -1, -1); break;
    case REQUEST_EARLIER: look_beside(d, -1); break;
    case REQUEST_LATER: look_beside(d, 1); break;
    case REQUEST_LIVE: desk_look_live(d); break;
    case REQUEST_LOG_SCALE: d->view.log_y = !d->view.log_y; break;
    case REQUEST_CURSOR: cursor_toggle(d); break;
    case REQUEST_SMOOTHING: smoothing_next(d); break;
    case REQUEST_EXPLAIN: desk_explain(d); break;
    case REQUEST_RECIPE: desk_show_screen(d, SCREEN_RECIPE); break;
    case REQUEST_TEXTS: desk_texts_show(d, desk_selected_run(d) ? desk_selected_run(d)->id : 0); break;
    case REQUEST_LESSON_NEXT: lesson_next(d); break;
    case REQUEST_LESSON_BACK: lesson_back(d); break;
    case REQUEST_REDRAW: d->redraw = 1; break;
    case REQUEST_SUSPEND: d->suspend = 1; break;
    case REQUEST_RUN_NAME: /* of a screen's own */
    case REQUEST_RUN_NOTE:
    case REQUEST_RUN_DELETE:
    case REQUEST_RUN_MARK:
    case REQUEST_RUN_COMPARE:
    case REQUEST_COMPARE_LARGE:
    case REQUEST_COMPARE_OTHER:
    case REQUEST_COMPARE_NEXT:
    case REQUEST_FORM_FIND:
    case REQUEST_FORM_RESET:
    case REQUEST_FORM_START: break;
    default: break; /* of a single screen, which has had its turn */
    }
}

void request_click(struct desk *d, int row, int col)
{
    struct view *v = &d->view;
    struct layout l;
    int at = view_row_at(v, d->canvas.w, d->canvas.h, row, col), again;
    enum pane_id pane, was = v->focus;

    if (v->overlay != OVERLAY_NONE) {
        if (at < 0)
            desk_close_overlay(d);
        else if (v->overlay == OVERLAY_SETTINGS)
            v->overlay_list.selected = at;
        return;
    }
    view_layout(v, d->canvas.w, d->canvas.h, &l);
    pane = layout_hit(&l, row, col);
    if (pane <= PANE_TOO_SMALL)
        return;
    v->focus = pane;
    if (pane == PANE_TEXT && pane_text_at(&d->canvas, v, row, col) >= 0)
        v->token = pane_text_at(&d->canvas, v, row, col);
    if (at < 0)
        return;
    if (pane == PANE_PROBLEMS) {
        v->evaluation->list.selected = at;
    } else if (pane == PANE_RECIPE || pane == PANE_CHANGE) {
        v->recipe->list.selected = at;
    } else if (pane == PANE_TEXTS) {
        v->texts->list.selected = at;
    } else if (pane == PANE_SCENARIOS) {
        if (!v->scenarios->row[at].is_heading)
            v->scenarios->list.selected = at;
    } else if (pane == PANE_FORM) {
        again = was == pane && v->scenarios->form_list.selected == at;
        v->scenarios->form_list.selected = at;
        if (again)
            request_do(d, REQUEST_ENTER, 0);
    } else if (pane == PANE_RUNS) {
        again = v->runs_list.selected == at;
        v->runs_list.selected = at;
        if (again)
            enter(d);
    } else if (pane == PANE_GROUP) {
        v->group_list.selected = at;
        enter(d);
    } else if (pane == PANE_COMPLETIONS) {
        desk_follow(d, FOLLOW_PINNED, view_group(v), at);
    }
}

void request_wheel(struct desk *d, int row, int col, int lines)
{
    struct view *v = &d->view;
    struct layout l;
    enum pane_id pane, focus = v->focus;

    view_layout(v, d->canvas.w, d->canvas.h, &l);
    pane = layout_hit(&l, row, col);
    if (pane == PANE_TEXT) {
        if (v->token >= 0)
            request_do(d, lines < 0 ? REQUEST_UP : REQUEST_DOWN, 0);
        else
            scroll_text(&v->trace_up, lines);
        return;
    }
    if ((v->screen == SCREEN_EVALUATION || v->screen == SCREEN_SCENARIOS || v->screen == SCREEN_RECIPE ||
         v->screen == SCREEN_TEXTS) && v->overlay == OVERLAY_NONE) {
        if (v->screen == SCREEN_TEXTS)
            v->focus = pane == PANE_EXAMPLE ? pane : PANE_NONE;
        if (pane == PANE_FORM || pane == PANE_SCENARIOS)
            v->focus = pane; /* its selected row moves, and is shown where the focus is */
        for (; lines; lines += lines < 0 ? 1 : -1)
            request_do(d, lines < 0 ? REQUEST_UP : REQUEST_DOWN, 0);
        return;
    }
    if (pane == PANE_TRACE || pane == PANE_LOG)
        v->focus = pane;
    move_lines(d, lines);
    if (pane == PANE_TRACE || pane == PANE_LOG)
        v->focus = focus;
}

void request_answer(struct desk *d, int yes)
{
    struct engine_message m = {.what = ENGINE_DELETE, .run_id = d->question_run};
    enum question q = d->question;
    struct err e;

    d->question = QUESTION_NONE;
    if (!yes)
        return;
    if (q == QUESTION_QUIT)
        d->quit = 1;
    else if (q == QUESTION_DELETE)
        complain(d, desk_post(d, &m, &e), &e);
    else if (q == QUESTION_TIDY) {
        m.what = ENGINE_TIDY;
        complain(d, desk_post(d, &m, &e), &e);
    }
}
