/* The desk's part of the experts screen: the loads of the run's steps, read piece by piece.
 *
 * At most LOADS_MAX steps are kept: of a longer run those that are divisible by a stride, which doubles when
 * the room is full, so that a run that goes on is extended and never read again. Which tokens an expert
 * serves is asked of the probe: by `e`, and by itself while the run stands still or an old step is looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_screen.h"
#include "engine/run/experts.h"
#include "views/experts_state.h"

enum { CHUNK = 64 }; /* steps a frame reads: a few milliseconds */

static enum status init(struct desk *d, struct err *e)
{
    d->view.experts = calloc(1, sizeof *d->view.experts);
    return d->view.experts ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void forget(struct experts_state *x)
{
    int selected = x->list.selected;

    free(x->load);
    free(x->bias);
    memset(x, 0, sizeof *x);
    x->list.selected = selected;
}

static void release(struct desk *d)
{
    if (d->view.experts)
        forget(d->view.experts);
    free(d->view.experts);
    d->view.experts = NULL;
}

static int count_words(const char *s)
{
    int n = 0;

    for (s += strspn(s, " \n"); *s; s += strspn(s, " \n")) {
        s += strcspn(s, " \n");
        n++;
    }
    return n;
}

/* All parameters of the main model, and those that a token uses. */
static void count_parameters(struct desk *d, const struct settings *set, struct experts_state *x)
{
    struct model_config c = set->model;
    struct str words = {0};
    struct err e;

    if (!query_vocabulary(d->query, x->run, &words, &e))
        c.vocab_n = count_words(str_c(&words));
    str_free(&words);
    experts_parameters(&c, &x->total, &x->active);
}

static void read_shape(struct desk *d, struct experts_state *x)
{
    const struct settings *set = desk_settings(d);
    const char *stage = desk_shown(d)->stage;

    if (!set)
        return;
    x->blocks_n = set->model.layers_n;
    x->dense_layers = set->model.dense_layers;
    x->top_k = set->model.top_k;
    x->shared_n = set->model.shared_n;
    x->gamma = !strcmp(stage, "base")   ? set->base.gamma
               : !strcmp(stage, "cold") ? set->cold.gamma
                                        : set->rl.gamma;
    if (x->dense_layers < x->blocks_n)
        count_parameters(d, set, x);
}

/* Leaves every second of the steps that are kept. */
static void thin(struct experts_state *x)
{
    size_t cells = (size_t)x->layers_n * (size_t)x->experts_n;
    int i, n = 0;

    x->stride *= 2;
    for (i = 0; i < x->n; i++) {
        if ((int64_t)x->step[i] % x->stride)
            continue;
        x->step[n] = x->step[i];
        memmove(x->load + (size_t)n * cells, x->load + (size_t)i * cells, cells * sizeof *x->load);
        memmove(x->bias + (size_t)n * cells, x->bias + (size_t)i * cells, cells * sizeof *x->bias);
        n++;
    }
    x->n = n;
}

/* Takes over what was read; 0 when there is no memory or the shape is another. */
static int append(struct experts_state *x, const struct query_loads *l)
{
    size_t cells = (size_t)l->layers_n * (size_t)l->experts_n;
    int i;

    if (!l->n)
        return 1;
    if (!x->load) {
        x->layers_n = l->layers_n;
        x->experts_n = l->experts_n;
        x->load = malloc(LOADS_MAX * cells * sizeof *x->load);
        x->bias = malloc(LOADS_MAX * cells * sizeof *x->bias);
    }
    if (!x->load || !x->bias || x->layers_n != l->layers_n || x->experts_n != l->experts_n)
        return 0;
    for (i = 0; i < l->n && x->n < LOADS_MAX; i++)
        x->step[x->n + i] = (double)l->step[i];
    memcpy(x->load + (size_t)x->n * cells, l->load, (size_t)l->n * cells * sizeof *x->load);
    memcpy(x->bias + (size_t)x->n * cells, l->bias, (size_t)l->n * cells * sizeof *x->bias);
    x->n += l->n;
    return 1;
}

static void read_loads(struct desk *d, struct experts_state *x, int64_t head)
{
    struct query_loads l;
    struct err e;
    int most;

    if (x->n == LOADS_MAX)
        thin(x);
    most = LOADS_MAX - x->n < CHUNK ? LOADS_MAX - x->n : CHUNK;
    if (query_loads(d->query, x->run, x->next, head, x->stride, most, &l, &e)) {
        desk_fail(d, &e);
        x->next = head + 1;
        return;
    }
    x->next = append(x, &l) ? l.next : head + 1;
    query_loads_free(&l);
}

/* The probe is asked by itself only where nothing is lost by it: the run stands still, or an old step is on
 * screen; and once a step. */
static void ask_by_itself(struct desk *d, struct experts_state *x)
{
    const struct snapshot *s = desk_shown(d);
    struct err e;

    if (!d->has_engine || !s || strcmp(s->stage, "grpo") || x->layers_n < 1 || s->groups_n < 1 ||
        (d->at < 0 && s->state != RUN_PAUSED && s->state != RUN_DONE) ||
        (x->asked_run == s->run_id && x->asked_step == s->step))
        return;
    x->asked_run = s->run_id;
    x->asked_step = s->step;
    (void)desk_probe(d, PROBE_ROUTING, -1, 0,
                     &e); /* what went wrong is said when it is asked for by its key */
}

static int refresh(struct desk *d)
{
    struct experts_state *x = d->view.experts;
    const struct snapshot *s = desk_shown(d);
    int64_t head;
    int cells;

    if (!s || !s->run_id)
        return 0;
    head = s->head > d->live->committed && s->run_id == d->live->run_id ? s->head : d->live->committed;
    if (x->run != s->run_id) {
        forget(x);
        x->run = s->run_id;
        x->stride = 1;
        while (head / x->stride > LOADS_MAX)
            x->stride *= 2;
        read_shape(d, x);
    }
    if (x->next <= head)
        read_loads(d, x, head);
    x->is_whole = x->next > head;
    cells = s->layers_n > 0 ? s->layers_n * s->experts_n : x->layers_n * x->experts_n;
    x->list.n = cells;
    list_clamp(&x->list, cells);
    ask_by_itself(d, x);
    return !x->is_whole;
}

/* The cursor goes from one step that is shown to the next. */
static void move_cursor(struct desk *d, int by)
{
    const struct experts_state *x = d->view.experts;
    int i, at = x->n;

    for (i = x->n - 1; d->view.cursor >= 0 && i >= 0; i--)
        if (x->step[i] >= (double)d->view.cursor)
            at = i;
    at += by;
    at = at < 0 ? 0 : at >= x->n ? x->n - 1 : at;
    if (x->n)
        d->view.cursor = (int64_t)x->step[at];
}

static void ask(struct desk *d)
{
    struct err e;

    if (desk_probe(d, PROBE_ROUTING, -1, 0, &e))
        desk_fail(d, &e);
    else
        desk_say(d, "which tokens go to which expert is found out in the background");
}

static int request(struct desk *d, enum request r, int argument)
{
    struct experts_state *x = d->view.experts;
    int layer = x->experts_n > 0 ? x->experts_n : 8;
    struct err e;

    (void)argument;
    switch (r) {
    case REQUEST_UP: list_move(&x->list, -1, x->list.n); break;
    case REQUEST_DOWN: list_move(&x->list, 1, x->list.n); break;
    case REQUEST_PAGE_UP: list_move(&x->list, -layer, x->list.n); break;
    case REQUEST_PAGE_DOWN: list_move(&x->list, layer, x->list.n); break;
    case REQUEST_HOME: list_move(&x->list, -x->list.n, x->list.n); break;
    case REQUEST_END: list_move(&x->list, x->list.n, x->list.n); break;
    case REQUEST_LEFT:
    case REQUEST_PREVIOUS_GROUP: move_cursor(d, -1); break;
    case REQUEST_RIGHT:
    case REQUEST_NEXT_GROUP: move_cursor(d, 1); break;
    case REQUEST_ROUTING: ask(d); break;
    case REQUEST_ENTER:
        if (d->view.cursor >= 0 && desk_look(d, d->view.cursor, &e))
            desk_fail(d, &e);
        break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_experts = {init, release, refresh, request};
