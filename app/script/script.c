/* Scripts: carrying out one line after the other.
 *
 * A script is a state machine without a thread: script_go does what can be done now and comes back when a
 * line has to wait, so that the same script runs in the workbench's loop and in one without a terminal. A
 * request to the engine is answered before the next line begins, and an answer that is an error fails the
 * line that asked. */
#include "app/script/script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/guide.h"
#include "app/command/keymap.h"
#include "app/config.h"
#include "app/desk/desk_back.h"
#include "app/desk/desk_wait.h"

#define USUAL_TIMEOUT 60.0

/* Draws what would be on the screen now. */
static void draw(struct desk *d)
{
    int w = d->canvas.w, h = d->canvas.h, row, col;

    if (w > 0 && h > 0)
        while (desk_frame(d, w, h, &row, &col))
            ;
}

static enum status press(struct desk *d, struct key_event *k, struct err *e)
{
    const struct key_row *row;

    if (d->question != QUESTION_NONE) {
        request_answer(d, k->key == INPUT_CHAR && (k->code == 'y' || k->code == 'Y'));
        return ST_OK;
    }
    if (guide_key(d, k))
        return ST_OK;
    row = keymap_find(k, view_screen(&d->view));
    if (!row)
        return err_set(e, ST_USAGE, "key", "that key does nothing on this screen (%s)",
                       screen_row(view_screen(&d->view))->name);
    request_do(d, row->request, row->argument);
    if (d->prefill) {
        d->prefill = NULL;
        return err_set(e, ST_USAGE, "key",
                       "%s opens the command line: write the command as a line of its own", row->key);
    }
    if (isinf(d->message_until) && d->view.message_is_error)
        return err_set(e, ST_FAILED, "key", "%s", d->message);
    return ST_OK;
}

enum status script_press(struct desk *d, const char *name, struct err *e)
{
    struct key_event k;
    enum status st = key_parse(name, &k, e);

    return st ? st : press(d, &k, e);
}

static enum status press_all(struct desk *d, const char *text, int one_each, struct err *e)
{
    char name[32];
    enum status st = ST_OK;

    while (*text && !st) {
        int n = (int)strcspn(text, " \t");
        if (one_each)
            utf8_next(text, strlen(text), &n);
        snprintf(name, sizeof name, "%.*s", n, *text == ' ' && one_each ? "space" : text);
        if (*text == ' ' && one_each)
            snprintf(name, sizeof name, "space");
        draw(d); /* a key means what is on the screen */
        st = script_press(d, name, e);
        text += n;
        text += one_each ? 0 : strspn(text, " \t");
    }
    return st;
}

static void print(const struct script *s, struct desk *d, const char *text)
{
    if (s->print)
        s->print(text);
    else if (d->term)
        desk_say(d, "%s", text);
}

static enum status print_screen(struct script *s, struct desk *d)
{
    struct str text = {0};

    if (s->print) {
        draw(d);
        canvas_dump(&d->canvas, &text);
        s->print(str_c(&text));
        str_free(&text);
    }
    return ST_OK;
}

static enum status remember(struct script *s, struct desk *d, const char *name, struct err *e)
{
    struct remembered *r = s->names;
    int i;

    if (!desk_run_id(d))
        return err_set(e, ST_USAGE, "remember", "no run is open");
    for (i = 0; i < r->n && strcmp(r->row[i].name, name); i++)
        ;
    if (i == SCRIPT_NAMES)
        return err_set(e, ST_USAGE, "remember", "at most %d runs", SCRIPT_NAMES);
    snprintf(r->row[i].name, sizeof r->row[i].name, "%s", name);
    r->row[i].run = desk_run_id(d);
    r->n += i == r->n;
    return ST_OK;
}

static enum status command(struct script *s, struct desk *d, const char *text, struct err *e)
{
    struct str filled = {0};
    uint64_t awaited = d->awaited;
    enum status st = fill_text(d, s->names, text, &filled, e);

    d->view.message_is_error = 0;
    if (!st)
        st = command_run(d, str_c(&filled), e);
    while (!st && d->back)
        st = desk_back_go(d, INFINITY, e); /* the next line is about what was found */
    s->is_posted = !st && d->awaited != awaited;
    str_free(&filled);
    if (!st && d->prefill) {
        d->prefill = NULL;
        st = err_set(e, ST_USAGE, "script", "that asks for a command line; write the whole command");
    }
    return st;
}

/* The first look at a line that waits. */
static void begin(struct script *s, struct desk *d, const struct script_line *l)
{
    if (s->is_begun)
        return;
    s->is_begun = 1;
    watch_met(&s->watch, d, NULL); /* what is on record by now is no news */
    s->deadline = desk_clock() + (isnan(l->demand.timeout) ? USUAL_TIMEOUT : l->demand.timeout);
}

/* Returns 1 when the demand is met, 0 to wait, -1 when it has failed. */
static int attend(struct script *s, struct desk *d, const struct script_line *l, struct err *e)
{
    char why[200];
    int met;

    begin(s, d, l);
    if (demand_needs_screen(&l->demand))
        draw(d);
    met = watch_met(&s->watch, d, &l->demand);
    if (met)
        return 1;
    if (l->verb == VERB_EXPECT) {
        watch_say(&s->watch, d, &l->demand, why, sizeof why);
        err_set(e, ST_FAILED, "expect", "'%.80s' does not hold: %.130s", l->rest, why);
    } else if (desk_clock() >= s->deadline) {
        watch_say(&s->watch, d, &l->demand, why, sizeof why);
        err_set(e, ST_FAILED, "wait", "'%.80s' did not come to hold in time: %.120s", l->rest, why);
    } else if (!d->term && watch_settled(&s->watch, d) && !watch_met(&s->watch, d, &l->demand)) {
        watch_say(&s->watch, d, &l->demand, why, sizeof why);
        err_set(e, ST_FAILED, "wait", "'%.60s' will never hold, for all stands still: %.120s", l->rest, why);
    } else {
        return 0;
    }
    s->unmet = 1;
    return -1;
}

/* `to STEP`: the steps that are missing are ordered once, and then it waits until all stands still. */
static int go_to(struct script *s, struct desk *d, const struct script_line *l, struct err *e)
{
    int64_t step = strtoll(l->rest, NULL, 10), at = d->live->committed;

    if (!desk_run_id(d)) {
        err_set(e, ST_USAGE, "to", "no run is open");
        return -1;
    }
    if (!s->is_begun) {
        if (!watch_settled(&s->watch, d)) {
            if (control_look(&d->session->control).mode != CONTROL_HOLD)
                control_pause(&d->session->control);
            return 0;
        }
        if (at > step) {
            err_set(e, ST_USAGE, "to", "%s is at step %lld already", d->live->run, (long long)at);
            return -1;
        }
        begin(s, d, l);
        s->deadline = INFINITY;
        desk_look_live(d);
        if (at < step)
            control_step(&d->session->control, QUANTUM_STEP, (long)(step - at));
    }
    if (!watch_settled(&s->watch, d))
        return 0;
    if (at != step) {
        err_set(e, ST_FAILED, "to", "%s stopped at step %lld (%s)", d->live->run, (long long)at,
                run_state_name(d->live->state));
        return -1;
    }
    return 1;
}

/* Returns 1 when the line is done, 0 when it waits, -1 when it failed. */
static int do_line(struct script *s, struct desk *d, struct script_line *l, struct err *e)
{
    struct str text = {0};
    enum status st = ST_OK;

    switch (l->verb) {
    case VERB_WAIT:
    case VERB_EXPECT:
        if (l->verb == VERB_EXPECT && !s->is_begun) /* "idle" needs a fresh snapshot first */
            for (int i = 0; i < l->demand.n; i++)
                if (l->demand.clause[i].kind == CLAUSE_IDLE && !watch_settled(&s->watch, d) && !d->awaited &&
                    control_look(&d->session->control).mode == CONTROL_HOLD) {
                    s->is_begun = 1;
                    s->deadline = INFINITY;
                    return 0;
                }
        return attend(s, d, l, e);
    case VERB_TO: return go_to(s, d, l, e);
    case VERB_KEY: st = press_all(d, l->rest, 0, e); break;
    case VERB_KEYS: st = press_all(d, l->rest, 1, e); break;
    case VERB_SCREEN: st = print_screen(s, d); break;
    case VERB_REMEMBER: st = remember(s, d, l->rest, e); break;
    case VERB_QUIT: d->quit = 1; break;
    case VERB_SAY:
        st = fill_text(d, s->names, l->rest, &text, e);
        str_add(&text, s->print ? "\n" : "");
        if (!st)
            print(s, d, str_c(&text));
        str_free(&text);
        break;
    default: st = command(s, d, l->rest, e); break;
    }
    return st ? -1 : 1;
}

enum script_state script_go(struct script *s, struct desk *d, struct err *e)
{
    struct err inner = {0};
    uint64_t orders;
    int done = 1;

    while (done > 0 && !d->quit) {
        if (d->awaited || desk_waits(d))
            return SCRIPT_WAITS;
        if (s->is_posted && d->view.message_is_error) {
            err_set(e, ST_FAILED, "script", "%.80s:%d: %s", s->source, s->line[s->at - 1].number, d->message);
            return SCRIPT_FAILED;
        }
        s->is_posted = 0;
        if (s->is_stale && !watch_fresh(&s->watch, d))
            return SCRIPT_WAITS;
        s->is_stale = 0;
        if (s->at == s->n)
            return SCRIPT_ENDED;
        orders = control_orders(&d->session->control);
        done = do_line(s, d, &s->line[s->at], &inner);
        if (done > 0) {
            s->at++;
            s->is_begun = 0;
            s->is_stale = control_orders(&d->session->control) != orders;
            s->deadline = INFINITY;
        }
    }
    if (done >= 0)
        return d->quit ? SCRIPT_ENDED : SCRIPT_WAITS;
    err_set(e, inner.code, "script", "%.80s:%d: %s", s->source, s->line[s->at].number, inner.msg);
    return SCRIPT_FAILED;
}
