/* The desk's part of the compare screen: which runs, their histories, and the keys.
 *
 * Everything is read from the store before a frame and only as far as it is new: heads by one short query a
 * run, curves by their histories, what differs by desk_compare_read.c. So two runs that are being trained are
 * both live here, whoever trains them. */
#include "app/desk/desk_compare_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_read.h"
#include "app/desk/desk_screen.h"

enum { SEARCH_STEPS = 40 };

static struct compare_desk *of(struct desk *d)
{
    return (struct compare_desk *)(void *)d->view.compare;
}

static enum status init(struct desk *d, struct err *e)
{
    struct compare_desk *k = calloc(1, sizeof *k);

    if (!k)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    k->state.large = -1;
    k->state.step = k->state.parts_at = k->shown_step = -1;
    k->both[0].step = k->both[1].step = -1;
    d->view.compare = &k->state;
    return ST_OK;
}

static void release(struct desk *d)
{
    struct compare_desk *k = of(d);
    int i;

    if (!k)
        return;
    for (i = 0; i < COMPARE_RUNS; i++) {
        if (k->has_history[i])
            history_release(&k->history[i]);
        str_free(&k->settings[i]);
    }
    compare_forget(k);
    free(k);
    d->view.compare = NULL;
}

enum status desk_compare_mark(struct desk *d, int64_t run, struct err *e)
{
    struct compare_state *s = d->view.compare;
    int i;

    for (i = 0; i < s->marked_n && s->marked[i] != run; i++)
        ;
    if (i < s->marked_n) {
        memmove(&s->marked[i], &s->marked[i + 1], (size_t)(s->marked_n - i - 1) * sizeof *s->marked);
        s->marked_n--;
        return ST_OK;
    }
    if (s->marked_n == COMPARE_RUNS)
        return err_set(e, ST_USAGE, "compare",
                       "%d runs are marked, and that is as many as can be compared; m takes a mark away",
                       COMPARE_RUNS);
    s->marked[s->marked_n++] = run;
    return ST_OK;
}

void desk_compare_set(struct desk *d, const int64_t *run, int n)
{
    struct compare_state *s = d->view.compare;

    if (n > 0)
        memcpy(s->marked, run, (size_t)n * sizeof *run);
    s->marked_n = n;
    s->other = n > 1;
    s->is_chosen = 0;
}

static int is_child(const struct record_run *child, const struct record_run *parent)
{
    return child->parent == parent->id && !strcmp(child->stage, parent->stage);
}

/* The run that the open one is nearest to: its parent, its first fork, another fork of its parent, the last
 * other run of its stage; 0: none. */
static int64_t nearest(const struct desk *d, const struct record_run *open)
{
    int64_t fork = 0, sibling = 0, last = 0;
    int i;

    for (i = 0; i < d->runs_n; i++) {
        const struct record_run *r = &d->runs[i];
        if (r->id == open->id)
            continue;
        if (is_child(open, r))
            return r->id;
        if (is_child(r, open) && !fork)
            fork = r->id;
        if (r->parent == open->parent && r->parent && !strcmp(r->stage, open->stage) && !sibling)
            sibling = r->id;
        if (!strcmp(r->stage, open->stage) && r->step > 0)
            last = r->id;
    }
    return fork ? fork : sibling ? sibling : last;
}

/* The older first. */
static void put_in_order(int64_t *id, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && id[k] < id[k - 1]; k--) {
            int64_t x = id[k];
            id[k] = id[k - 1];
            id[k - 1] = x;
        }
}

/* The runs to show: those that are marked, else those in turns, else the open one and its nearest. */
static int choose(struct desk *d, const struct engine_turns *turns, int64_t id[COMPARE_RUNS])
{
    const struct compare_state *s = d->view.compare;
    const struct record_run *open;
    int i, n = 0;

    for (i = 0; i < s->marked_n; i++)
        if (desk_run_of_id(d, s->marked[i]))
            id[n++] = s->marked[i];
    open = desk_run_of_id(d, desk_run_id(d));
    if (n > 1 || !open)
        return n;
    if (n == 0)
        id[n++] = open->id;
    if (id[0] != open->id)
        id[n++] = open->id;
    for (i = 0; i < turns->n && n < COMPARE_RUNS; i++)
        if (turns->run[i] != id[0])
            id[n++] = turns->run[i];
    if (n == 1) {
        id[1] = nearest(d, open);
        n += id[1] != 0;
    }
    put_in_order(id, n);
    return n;
}

/* Which phase the one is in whose turn it is; the others wait. */
static void tell_turn(const struct snapshot *live, struct compare_run *r)
{
    int is_its = live->partner == (r->is_open ? 0 : r->id);
    enum phase phase = r->is_open ? live->phase : live->partner_phase;

    if (!live->partners_n ||
        (live->state != RUN_RUNNING && live->state != RUN_PAUSED && live->state != RUN_REPLAYING))
        return;
    if (!is_its)
        snprintf(r->doing, sizeof r->doing, "waits its turn");
    else if (phase != PHASE_COMMIT)
        snprintf(r->doing, sizeof r->doing, "%s of step %lld", phase_name(phase), (long long)r->step + 1);
}

/* The runs as they are now; one that has been deleted since is left out. */
static void read_heads(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    struct engine_turns turns = {0};
    int64_t id[COMPARE_RUNS];
    int i, n;

    if (d->has_engine)
        engine_turns(&d->engine, &turns);
    n = choose(d, &turns, id);
    s->n = 0;
    for (i = 0; i < n; i++) {
        struct compare_run *r = &s->run[s->n];
        struct record_run run;
        struct err e;
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)id[i]);
        if (query_run(d->query, name, &run, &e))
            continue;
        *r = (struct compare_run){
            .id = run.id, .step = run.step, .parent = run.parent, .parent_step = run.parent_step};
        snprintf(r->name, sizeof r->name, "%s", run.name);
        snprintf(r->stage, sizeof r->stage, "%s", run.stage);
        snprintf(r->state, sizeof r->state, "%s", run.state);
        r->first = 1;
        if (run.parent) {
            const struct record_run *parent = desk_run_of_id(d, run.parent);
            if (parent && is_child(&run, parent))
                r->first = run.parent_step + 1;
        }
        r->is_open = run.id == desk_run_id(d);
        r->is_in_turns = turns.n && r->is_open;
        for (int t = 0; t < turns.n; t++)
            r->is_in_turns |= run.id == turns.run[t];
        if (r->is_in_turns)
            tell_turn(d->live, r);
        k->seed[s->n++] = run.seed;
    }
    if (s->other >= s->n || (s->n > 1 && s->other < 1))
        s->other = s->n > 1;
}

static int read_histories(struct desk *d, struct compare_desk *k)
{
    struct compare_state *s = &k->state;
    int i, more = 0, each;
    struct err e;

    for (i = 0; i < s->n; i++) {
        if (!k->has_history[i] && history_init(&k->history[i], &e))
            continue;
        k->has_history[i] = 1;
        if (history_update(&k->history[i], d->query, s->run[i].id, s->run[i].step, &each, &e))
            desk_fail(d, &e);
        else
            more |= each;
        s->run[i].history = &k->history[i];
    }
    return more;
}

static int refresh(struct desk *d)
{
    struct compare_desk *k = of(d);
    int more;

    if (!d->runs || d->stale & STALE_RUNS)
        desk_read_runs(d);
    read_heads(d, k);
    more = read_histories(d, k);
    compare_settings(d, k);
    compare_digests(d, k);
    compare_texts(d, k);
    return more;
}

/* The next completion after the one on the screen that is not the same in both; a few steps far. */
static void next_difference(struct desk *d)
{
    struct compare_desk *k = of(d);
    struct compare_state *s = &k->state;
    int64_t from = s->step, was = s->step;
    int group = s->group, index = s->index;

    if (!s->other || s->step < 0)
        return;
    s->is_chosen = 1;
    for (;;) {
        if (++s->index >= s->group_size) {
            s->index = 0;
            if (++s->group >= s->groups_n) {
                s->group = 0;
                s->step++;
            }
        }
        if (s->step > s->last || s->step > from + SEARCH_STEPS || !compare_read(d, k))
            break;
        if (compare_differs(s)) {
            k->shown_step = -1;
            return;
        }
    }
    desk_say(d, "no completion differs up to step %lld", (long long)(s->step > s->last ? s->last : s->step));
    s->step = was;
    s->group = group;
    s->index = index;
    k->shown_step = -1;
}

static void move_step(struct compare_state *s, int by)
{
    int64_t to = s->step + by;

    s->is_chosen = 1;
    if (s->step >= 0 && to >= s->first && to <= s->last)
        s->step = to;
}

static void move_index(struct compare_state *s, int by)
{
    int to = s->index + by;

    if (s->group_size < 1)
        return;
    if (to >= 0 && to < s->group_size) {
        s->index = to;
    } else {
        s->group = (s->group + (by > 0 ? 1 : s->groups_n - 1)) % s->groups_n;
        s->index = by > 0 ? 0 : s->group_size - 1;
    }
}

static int clamp(int v, int n)
{
    return v < 0 || n < 1 ? 0 : v >= n ? n - 1 : v;
}

/* The cursor of the curves goes over the steps of the first run that has more. */
static void move_cursor(struct desk *d, int by)
{
    const struct compare_state *s = d->view.compare;
    const struct history *h = NULL;
    int i, at;

    for (i = 0; i < s->n; i++)
        if (s->run[i].history && (!h || s->run[i].history->n > h->n))
            h = s->run[i].history;
    if (!h || !h->n)
        return;
    for (at = 0; d->view.cursor >= 0 && at < h->n && h->step[at] < (double)d->view.cursor; at++)
        ;
    at = d->view.cursor < 0 ? h->n - 1 : at + by;
    d->view.cursor = (int64_t)h->step[clamp(at, h->n)];
}

static void move_lines(struct desk *d, int by)
{
    struct compare_state *s = d->view.compare;

    if (d->view.focus == PANE_DIFFERENCE)
        list_move(&s->settings, by, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_DIFFERENCE));
    else
        move_index(s, by);
}

static void enlarge(struct compare_state *s)
{
    enum metric m[8];

    s->large = s->large + 1 < compare_curves(s, m, 8) ? s->large + 1 : -1;
}

static int request(struct desk *d, enum request r, int argument)
{
    struct compare_state *s = d->view.compare;
    int on_curves = d->view.focus == PANE_COMPARE;

    (void)argument;
    switch (r) {
    case REQUEST_EARLIER: move_step(s, -1); break;
    case REQUEST_LATER: move_step(s, 1); break;
    case REQUEST_LEFT:
    case REQUEST_PREVIOUS_GROUP:
        if (on_curves)
            move_cursor(d, -1);
        else if (s->groups_n > 0)
            s->group = (s->group + s->groups_n - 1) % s->groups_n;
        break;
    case REQUEST_RIGHT:
    case REQUEST_NEXT_GROUP:
        if (on_curves)
            move_cursor(d, 1);
        else if (s->groups_n > 0)
            s->group = (s->group + 1) % s->groups_n;
        break;
    case REQUEST_UP: move_lines(d, -1); break;
    case REQUEST_DOWN: move_lines(d, 1); break;
    case REQUEST_PAGE_UP: move_lines(d, -8); break;
    case REQUEST_PAGE_DOWN: move_lines(d, 8); break;
    case REQUEST_ENTER:
        if (d->view.cursor >= s->first && d->view.cursor <= s->last) {
            s->step = d->view.cursor;
            s->is_chosen = 1;
        }
        break;
    case REQUEST_LIVE: s->is_chosen = 0; return 0;
    case REQUEST_COMPARE_LARGE: enlarge(s); break;
    case REQUEST_COMPARE_OTHER: s->other = s->n > 1 ? s->other % (s->n - 1) + 1 : 0; break;
    case REQUEST_COMPARE_NEXT: next_difference(d); break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_compare = {init, release, refresh, request};
