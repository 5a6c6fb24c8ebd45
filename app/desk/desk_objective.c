/* The desk's part of the objective screen: its keys, and what it asks of the background by itself. The
 * numbers are worked out in objective_numbers.c. */
#include <stdio.h>
#include <stdlib.h>

#include "app/desk/desk_explain.h"
#include "app/desk/desk_screen.h"
#include "app/desk/objective_numbers.h"
#include "views/objective_text.h"

enum { PAGE = 5 }; /* terms */

static enum status init(struct desk *d, struct err *e)
{
    d->view.objective = calloc(1, sizeof *d->view.objective);
    return d->view.objective ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.objective);
    d->view.objective = NULL;
}

/* As on the experts screen: unbidden only where nothing is lost by it, and once a trace. */
static void ask_by_itself(struct desk *d, struct objective_state *x)
{
    const struct snapshot *s = desk_shown(d);
    int is_finished = s && s->step <= snapshot_last(s);
    struct err e;

    if (!d->has_engine || x->missing || !x->is_scored || (x->is_found && (x->has_after || !is_finished)) ||
        (d->at < 0 && s->state != RUN_PAUSED && s->state != RUN_DONE) ||
        (x->asked_run == s->run_id && x->asked_step == s->step && x->asked_group == x->group &&
         x->asked_index == x->index && x->asked_finished == is_finished))
        return;
    x->asked_run = s->run_id;
    x->asked_step = s->step;
    x->asked_group = x->group;
    x->asked_index = x->index;
    x->asked_finished = is_finished;
    (void)desk_probe(d, PROBE_TOKENS, -1, 0, &e); /* the screen says what it lacks */
}

static int refresh(struct desk *d)
{
    struct objective_state *x = d->view.objective;
    enum objective_term term[TERM_N];

    objective_compute(d, x);
    x->list.n = objective_terms(x, term);
    list_clamp(&x->list, x->list.n);
    ask_by_itself(d, x);
    return 0;
}

void desk_objective_refresh(struct desk *d)
{
    objective_compute(d, d->view.objective);
}

/* Another completion of the group. */
static void move_trace(struct desk *d, int by)
{
    const struct objective_state *x = d->view.objective;

    if (!x->missing && x->G > 0)
        desk_follow(d, FOLLOW_PINNED, x->group, (x->index + by + x->G) % x->G);
}

static void move_token(struct desk *d, int by)
{
    const struct objective_state *x = d->view.objective;
    const struct snapshot *s = desk_shown(d);
    int to = x->token + by;

    if (x->missing)
        return;
    d->view.token = to < 0 ? 0 : to >= s->follow.tokens_n ? s->follow.tokens_n - 1 : to;
}

static void choose_moment(struct desk *d)
{
    struct objective_state *x = d->view.objective;

    x->wants_update = !x->wants_update;
    desk_say(d, x->wants_update ? "the numbers at the update: the weights that sampled the trace"
                : x->has_after  ? "the numbers after the step: how far it has moved each token"
                                : "the numbers after the step, once they are found out");
}

/* Another of dpo's pairs that have the trace. */
static void next_pair(struct desk *d)
{
    struct objective_state *x = d->view.objective;

    if (x->missing || x->loss != SHOWN_DPO)
        desk_say(d, "pairs are dpo's");
    else if (x->own_pairs_n < 2)
        desk_say(d, x->own_pairs_n ? "the only pair of this trace" : "this trace is in no pair");
    else
        x->wants_pair = (x->pair + 1) % x->own_pairs_n;
}

static int request(struct desk *d, enum request r, int argument)
{
    struct objective_state *x = d->view.objective;

    switch (r) {
    case REQUEST_UP: list_move(&x->list, -1, TERM_N); break;
    case REQUEST_DOWN: list_move(&x->list, 1, TERM_N); break;
    case REQUEST_HOME: list_move(&x->list, -TERM_N, TERM_N); break;
    case REQUEST_END: list_move(&x->list, TERM_N, TERM_N); break;
    case REQUEST_PAGE_UP: list_move(&x->list, -PAGE, TERM_N); break;
    case REQUEST_PAGE_DOWN: list_move(&x->list, PAGE, TERM_N); break;
    case REQUEST_COMPLETION: move_trace(d, argument); break;
    case REQUEST_LEFT: move_token(d, -1); break;
    case REQUEST_RIGHT: move_token(d, 1); break;
    case REQUEST_MOMENT: choose_moment(d); break;
    case REQUEST_PAIR: next_pair(d); break;
    case REQUEST_ENTER:
    case REQUEST_EXPLAIN: desk_explain_term(d, objective_term_at(x, x->list.selected)); break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_objective = {init, release, refresh, request};
