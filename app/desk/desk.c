/* The desk: from snapshots and the store to a frame.
 *
 * What happens now comes from the engine's snapshots; everything else is read from the store when it is
 * stale, which is when a step was committed or a request carried out, and only what the screen shows. A
 * transaction ends with its query, so the desk never holds the store. Reading is cut into pieces: a long
 * history comes in over several frames. Invariant: at >= 0 means that `stored` is that step of the open run.
 */
#include "app/desk/desk.h"

#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/desk/desk_back.h"
#include "app/desk/desk_read.h"
#include "app/desk/desk_screen.h"
#include "app/desk/desk_wait.h"
#include "app/script/lesson.h"

enum { MESSAGE_SECONDS = 8 };

/* A step that is faster than FAST is not shown as it grows: its groups come whole, each for READING seconds
 * at least. */
#define FAST 1.0
#define READING 0.5

double desk_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum status desk_init(struct desk *d, struct session *s, struct err *e)
{
    enum status st;
    int i;

    memset(d, 0, sizeof *d);
    d->session = s;
    d->at = d->filled_run = -1;
    d->stale = STALE_ALL;
    d->slow = 8;
    d->mouse = 1;
    view_init(&d->view);
    moment_init(&d->moment);
    d->live = calloc(1, sizeof *d->live);
    d->stored = calloc(1, sizeof *d->stored);
    d->held = calloc(1, sizeof *d->held);
    d->facts = calloc(1, sizeof *d->facts);
    d->findings = calloc(1, sizeof *d->findings);
    d->routing = calloc(1, sizeof *d->routing);
    d->what_if = calloc(1, sizeof *d->what_if);
    d->attention = calloc(1, sizeof *d->attention);
    st = d->live && d->stored && d->held && d->facts && d->findings && d->routing && d->what_if &&
                 d->attention
             ? history_init(&d->history, e)
             : err_set(e, ST_NOMEM, "workbench", "no memory for three snapshots");
    for (i = 0; !st && i < SCREEN_N; i++)
        if (desk_screen((enum screen_id)i)->init)
            st = desk_screen((enum screen_id)i)->init(d, e);
    if (!st)
        st = desk_wait_init(d, e);
    if (!st)
        st = probe_init(&d->probe, s->store_path, s->box.wake, e);
    if (!st)
        st = query_open(&d->query, s->store_path, e);
    if (st)
        desk_release(d);
    return st;
}

void desk_release(struct desk *d)
{
    int i;

    lesson_close(d);
    desk_back_stop(d);
    desk_wait_release(d);
    probe_release(&d->probe);
    for (i = 0; i < SCREEN_N; i++)
        if (desk_screen((enum screen_id)i)->release)
            desk_screen((enum screen_id)i)->release(d);
    free(d->facts);
    free(d->findings);
    free(d->routing);
    free(d->what_if);
    free(d->attention);
    query_close(d->query);
    moment_release(&d->moment);
    history_release(&d->history);
    canvas_release(&d->canvas);
    for (i = 0; i < DESK_ROWS; i++)
        str_free(&d->texts[i]);
    str_free(&d->run_settings);
    str_free(&d->log);
    str_free(&d->prefill_text);
    free(d->runs);
    free(d->runs_reward);
    free(d->live);
    free(d->stored);
    free(d->held);
    memset(d, 0, sizeof *d);
}

void desk_say(struct desk *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(d->message, sizeof d->message, fmt, ap);
    va_end(ap);
    d->view.message_is_error = 0;
    d->said = desk_clock();
    d->message_until = d->said + MESSAGE_SECONDS;
}

void desk_fail(struct desk *d, const struct err *e)
{
    snprintf(d->message, sizeof d->message, "%s: %s", e->where, e->msg);
    d->view.message_is_error = 1;
    d->message_until = INFINITY;
}

int64_t desk_run_id(const struct desk *d)
{
    return d->live->version ? d->live->run_id : 0;
}

const struct snapshot *desk_shown(const struct desk *d)
{
    return d->at >= 0 ? d->stored : d->live->version ? d->live : NULL;
}

/* What the engine has to say: its answer to a request, or something new. The status line shows it for a while
 * and then leaves the place to the hints; what a failed run says stays. */
static void listen(struct desk *d)
{
    struct snapshot *s = d->live;
    int answered = d->awaited && s->command >= d->awaited, is_news = strcmp(s->message, d->heard) != 0;

    if (answered) {
        d->awaited = 0;
        d->stale = STALE_ALL;
    }
    if (s->message[0] && (is_news || answered)) {
        desk_say(d, "%s", s->message);
        if (s->message_is_error) {
            d->view.message_is_error = 1;
            d->message_until = INFINITY;
        }
    } else if (answered) {
        d->message_until = 0;
    }
    snprintf(d->heard, sizeof d->heard, "%s", s->message);
    if (s->state != RUN_FAILED)
        s->message[0] = 0;
}

/* At full speed a group that is seen between sampling and scoring would only flicker. */
static void hold_groups(struct desk *d)
{
    struct snapshot *s = d->live, *held = d->held;
    int is_scored = s->groups_n > 0 && s->trace[0].scored;
    double now = desk_clock();

    if (isfinite(s->metric[M_STEP_TIME]))
        d->step_time = s->metric[M_STEP_TIME];
    if ((s->state != RUN_RUNNING && s->state != RUN_REPLAYING) || s->pace != 0 || d->step_time >= FAST ||
        held->run_id != s->run_id) {
        held->groups_n = 0;
        held->run_id = s->run_id;
        d->held_since = 0;
    }
    if (s->state != RUN_RUNNING && s->state != RUN_REPLAYING)
        return;
    if (s->pace == 0 && d->step_time < FAST && is_scored && now - d->held_since >= READING) {
        desk_copy_groups(held, s);
        d->held_since = now;
    } else if (held->groups_n > 0) {
        desk_copy_groups(s, held);
    }
}

/* What the probe has found out. Facts of another trace than the one on screen are kept: it may be looked at
 * again. */
static void take_facts(struct desk *d)
{
    struct err e = {0};

    if (probe_look(&d->probe, d->facts, d->routing, d->what_if, d->probing, &d->probing_progress, &e) &&
        e.code)
        desk_fail(d, &e);
    probe_look_attention(&d->probe, d->attention);
    desk_keep_findings(d);
}

int desk_take(struct desk *d)
{
    int64_t run = d->live->run_id, committed = d->live->committed;
    enum run_state state = d->live->state;

    take_facts(d);
    if (!d->has_engine || !snapshot_take(&d->session->box, d->live))
        return 0;
    d->filled_run = -1;
    listen(d);
    hold_groups(d);
    if (d->live->run_id != run) {
        d->stale = STALE_ALL;
        d->set_of = 0;
        d->view.group = -1;
        desk_look_live(d);
    }
    if (d->live->committed != committed)
        d->stale |= STALE_HISTORY | STALE_LOG | STALE_RUNS;
    if (d->live->state != state)
        d->stale |= STALE_RUNS | STALE_LOG;
    desk_wait_go(d);
    return 1;
}

enum status desk_post(struct desk *d, const struct engine_message *m, struct err *e)
{
    uint64_t number = d->has_engine ? engine_post(&d->engine, m) : 0;

    if (!number)
        return err_set(e, ST_BUSY, "workbench", "the engine still has %d requests to carry out; try again",
                       ENGINE_QUEUE);
    d->awaited = number;
    desk_wait_begin(d, m, number);
    return ST_OK;
}

static enum chars plain_chars(void)
{
    const char *wish = getenv("GRPOLAB_CHARS");

    if (strcmp(nl_langinfo(CODESET), "UTF-8") || (wish && !strcmp(wish, "ascii")))
        return CHARS_ASCII;
    return wish && !strcmp(wish, "block") ? CHARS_BLOCK : CHARS_BRAILLE;
}

/* What the view borrows for the frame. */
static void set_view(struct desk *d)
{
    struct view *v = &d->view;
    const char *waiting;

    if (d->has_engine) { /* what was ordered is shown at once, not when the engine comes by */
        struct control_view c = control_look(&d->session->control);
        d->live->quantum = c.quantum;
        d->live->pace = c.hold_after_step ? -1 : c.pace;
    }
    v->now = desk_shown(d);
    desk_read_findings(d);
    v->facts = v->now && d->facts->version && d->facts->run == v->now->run_id &&
                       d->facts->step == v->now->step && d->facts->group == v->now->follow.group &&
                       d->facts->index == v->now->follow.index &&
                       d->facts->n <=
                           v->now->follow.tokens_n /* else it is sampled anew, and not as far yet */
                   ? d->facts
                   : NULL;
    v->routing = v->now && d->routing->version && d->routing->run == v->now->run_id ? d->routing : NULL;
    v->what_if = v->now && d->what_if->version && d->what_if->run == v->now->run_id ? d->what_if : NULL;
    v->probing = d->probing[0] ? d->probing : NULL;
    v->probing_progress = d->probing_progress;
    v->history = v->now && d->history.run == v->now->run_id ? &d->history : NULL;
    v->runs = d->runs;
    v->runs_n = d->runs_n;
    v->runs_reward = d->runs_reward;
    v->run_settings = str_c(&d->run_settings);
    v->log = str_c(&d->log);
    v->question = d->question != QUESTION_NONE ? d->question_text : NULL;
    waiting = desk_wait_tells(d);
    v->message = waiting ? waiting : d->message_until > 0 ? d->message : NULL;
    if (!v->message && v->overlay == OVERLAY_SETTINGS)
        v->message = d->rows[v->overlay_list.selected].what; /* whole, for where its row cuts it */
    desk_breaks(d);
    desk_hints(d);
    v->hints = d->hints;
    v->rows = d->rows;
    v->overlay_title = d->title;
}

int desk_frame(struct desk *d, int w, int h, int *row, int *col)
{
    struct err e;
    int more;

    *row = *col = -1;
    if (d->back && desk_back_go(d, 0, &e))
        desk_fail(d, &e);
    set_view(d);
    more = desk_refresh(d) || d->back;
    set_view(d);
    d->canvas.chars = d->term ? term_chars(d->term) : plain_chars();
    if (canvas_resize(&d->canvas, w, h, &e))
        return 0;
    view_draw(&d->canvas, &d->view, row, col);
    return more;
}

enum status desk_look(struct desk *d, int64_t step, struct err *e)
{
    int64_t id = desk_run_id(d);
    const struct record_run *run;
    enum status st;

    d->stale |= STALE_RUNS; /* it may have gone on since */
    desk_back_stop(d);
    desk_read_runs(d);
    run = desk_run_of_id(d, id);
    if (!run)
        return err_set(e, ST_NOTFOUND, "goto", "no run is open");
    if (step < 0)
        step = run->step;
    if (step > run->step)
        return err_set(e, ST_NOTFOUND, "goto", "%s has steps 0 to %lld, not %lld", run->name,
                       (long long)run->step, (long long)step);
    d->filled_run = -1;
    st = moment_read(&d->moment, d->query, run, step, d->follow, d->follow_group, d->follow_index, d->stored,
                     e);
    if (st) {
        desk_look_live(d);
        return st;
    }
    d->at = step;
    d->view.cursor = step;
    d->view.trace_up = 0;
    d->stale |= STALE_HISTORY;
    return ST_OK;
}

void desk_look_live(struct desk *d)
{
    desk_back_stop(d);
    if (d->at >= 0)
        d->filled_run = -1;
    d->at = -1;
    d->view.cursor = -1;
    d->view.trace_up = 0;
}

void desk_follow(struct desk *d, enum follow why, int group, int index)
{
    d->follow = why;
    d->follow_group = group;
    d->follow_index = index;
    d->view.trace_up = 0;
    d->view.group = why == FOLLOW_PINNED ? group : -1;
    control_follow(&d->session->control, why, group, index);
    if (d->at >= 0)
        moment_follow(&d->moment, why, group, index, d->stored);
    else if (d->filled_run >= 0) {
        moment_follow(&d->moment, why, group, index, d->live);
    }
}

void desk_ask(struct desk *d, enum question q, int64_t run, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(d->question_text, sizeof d->question_text, fmt, ap);
    va_end(ap);
    d->question = q;
    d->question_run = run;
}

void desk_prompt(struct desk *d, const char *text)
{
    str_clear(&d->prefill_text);
    str_add(&d->prefill_text, text);
    d->prefill = str_c(&d->prefill_text);
}

void desk_show_screen(struct desk *d, enum screen_id s)
{
    struct view *v = &d->view;

    v->screen = s == SCREEN_LEARNING ? SCREEN_DASHBOARD : s;
    v->focus = s == SCREEN_RUNS ? PANE_RUNS : s == SCREEN_LOG ? PANE_LOG : PANE_NONE;
    v->zoom = PANE_NONE;
    v->log_up = 0;
    v->runs_list.selected = -1; /* the open run will be chosen */
    desk_close_overlay(d);
    d->stale |= STALE_RUNS | STALE_LOG;
}
