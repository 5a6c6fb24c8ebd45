/* The desk's part of the oracle screen: the command, its keys, and what the thread behind it has found. Only
 * a task whose completions can be listed has exact numbers; of any other run the screen says why not and what
 * would have them, before anything is replayed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk.h"
#include "app/desk/desk_screen.h"
#include "app/desk/oracle_ask.h"

/* What of the desk is the screen's own. */
struct oracle_desk {
    struct oracle_state shown;
    struct aside *ask;
    struct oracle_known known;   /* as shown */
    char refused[256];
    int64_t refused_run;
};

static struct oracle_desk *own(const struct desk *d)
{
    return (struct oracle_desk *)d->view.oracle;
}

static enum status init(struct desk *d, struct err *e)
{
    struct oracle_desk *x = calloc(1, sizeof *x);

    if (!x)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    d->view.oracle = &x->shown;
    return aside_init(&x->ask, &oracle_ask, d->session->store_path, d->session->box.wake, e);
}

static void release(struct desk *d)
{
    if (d->view.oracle)
        aside_release(own(d)->ask);
    free(d->view.oracle);
    d->view.oracle = NULL;
}

static int refresh(struct desk *d)
{
    struct oracle_desk *x = own(d);
    struct oracle_state *s = &x->shown;
    struct aside_look look;

    aside_look(x->ask, &look);
    s->doing = look.doing;
    s->part = look.part;
    s->known = NULL;
    if (look.answer && look.run == desk_run_id(d)) {
        x->known = *(const struct oracle_known *)look.answer;
        x->known.run = look.run;
        x->known.step = look.step;
        s->known = &x->known;
    }
    s->refused = x->refused[0] && x->refused_run == desk_run_id(d) ? x->refused : NULL;
    s->list.n = s->known ? s->known->losses_n : 0;
    if (look.error.code)
        desk_fail(d, &look.error);
    return 0;
}

static int count_words(const char *text)
{
    int n = 0;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        text += strcspn(text, " ");
        n++;
    }
    return n;
}

/* Why the open run has no exact numbers; "" where it has. */
static enum status refuse(struct desk *d, const struct snapshot *s, char *out, size_t bytes, struct err *e)
{
    static const char what[] =
        ":new tiny starts a run that is small enough; :oracle then shows its exact numbers.";
    const struct settings *set = desk_settings(d);
    struct str words = {0};
    enum status st = query_vocabulary(d->query, s->run_id, &words, e);
    int n = st ? 0 : count_words(str_c(&words));

    *out = 0;
    str_free(&words);
    if (st)
        return st;
    if (strcmp(s->stage, "grpo"))
        snprintf(out, bytes, "A run of stage %s has no rewards to sum over; its GRPO run may have. %s",
                 s->stage, what);
    else if (set && !oracle_completions(n, set->rl.max_tokens))
        snprintf(out, bytes,
                 "%d tokens at up to %d positions make too many completions to list (at most %d). %s", n,
                 set->rl.max_tokens, ORACLE_OUTCOMES, what);
    return ST_OK;
}

static enum status ask(struct desk *d, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    struct oracle_desk *x = own(d);
    enum status st;

    if (!s || !s->run_id)
        return err_set(e, ST_NOTFOUND, "oracle",
                       "no run is open; :new tiny starts one that can be summed over");
    x->refused_run = s->run_id;
    st = refuse(d, s, x->refused, sizeof x->refused, e);
    if (st || x->refused[0]) {
        aside_stop(x->ask);
        return st;
    }
    return aside_ask(x->ask, s->run_id, d->at >= 0 ? s->step : snapshot_last(s), NULL, 0, e);
}

static void move(struct desk *d, int by)
{
    list_move(&d->view.oracle->list, by, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_ORACLE));
}

static int request(struct desk *d, enum request r, int argument)
{
    enum { PAGE = 8 };
    struct oracle_state *s = d->view.oracle;
    struct err e;
    int by = desk_motion(r, PAGE);

    (void)argument;
    if (by) {
        move(d, by);
        return 1;
    }
    switch (r) {
    case REQUEST_LEFT:
    case REQUEST_RIGHT: s->by_sequence = !s->by_sequence; return 1;
    case REQUEST_ENTER:
        if (ask(d, &e))
            desk_fail(d, &e);
        return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_ORACLE;
        return 0;
    default: return 0;
    }
}

enum status command_oracle(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = ask(d, e);

    (void)l;
    if (!st)
        desk_show_screen(d, SCREEN_ORACLE);
    return st;
}

const struct desk_screen desk_oracle = {init, release, refresh, request};
