/* Pipeline schedules as timelines.
 *
 * A schedule is an order of work for each rank, written down first (plan_*) without times. play() then gives
 * each piece the earliest begin: the rank is free, and what the piece needs of its neighbours has ended. It
 * goes round the ranks until nobody can move; a plan that is right never stops before its end. What a piece
 * leaves for its neighbours is kept as two times for each rank, way and micro-batch: forward and input part
 * done.
 *
 * Invariant: the pieces of a rank are in order of time and never overlap. */
#include "engine/run/pipeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status pipeline_check(const struct pipeline *p, struct err *e)
{
    static const char where[] = "schedule";
    const char *const name[] = {"f", "b", "w", "fb"};
    const double time[] = {p->f, p->b, p->w, p->fb};
    if (p->ranks < 1 || p->ranks > PIPELINE_RANKS_MAX)
        return err_set(e, ST_USAGE, where, "\"pp\" must be 1 to %d, not %d", PIPELINE_RANKS_MAX, p->ranks);
    if (p->micro_batches < 1 || p->micro_batches > PIPELINE_MICRO_MAX)
        return err_set(e, ST_USAGE, where, "\"micro_batches\" must be 1 to %d, not %d", PIPELINE_MICRO_MAX,
                       p->micro_batches);
    if (p->ranks * p->micro_batches > PIPELINE_CELLS_MAX)
        return err_set(e, ST_USAGE, where, "\"micro_batches\": %d on %d ranks are too many; at most %d",
                       p->micro_batches, p->ranks, PIPELINE_CELLS_MAX / p->ranks);
    for (int i = 0; i < 4; i++)
        if (!(time[i] >= 0 && time[i] <= 1e12))
            return err_set(e, ST_USAGE, where, "\"%s\" must be a time from 0 to 1e12", name[i]);
    if (p->w > p->b)
        return err_set(e, ST_USAGE, where, "\"w\" is part of b and cannot be longer: %g of %g", p->w, p->b);
    if (p->kind == PIPELINE_DUALPIPE && p->ranks % 2)
        return err_set(e, ST_USAGE, where, "\"pp\" must be even for dualpipe, not %d", p->ranks);
    if (p->kind == PIPELINE_DUALPIPE && p->micro_batches < 2 * p->ranks)
        return err_set(e, ST_USAGE, where,
                       "\"micro_batches\" must be at least 2 pp = %d for dualpipe, not %d", 2 * p->ranks,
                       p->micro_batches);
    return ST_OK;
}

struct pipeline_figures pipeline_formula(const struct pipeline *p)
{
    int PP = p->ranks, M = p->micro_batches, pairs = PP / 2;
    struct pipeline_figures x = {.activations = PP, .parameters = 1};
    double work = M * (p->f + p->b);
    switch (p->kind) {
    case PIPELINE_1F1B: x.bubble = (PP - 1) * (p->f + p->b); break;
    case PIPELINE_ZB1P: x.bubble = (PP - 1) * (p->f + p->b - 2 * p->w); break;
    case PIPELINE_DUALPIPE:
        x.bubble = (pairs - 1) * (p->fb + p->b - 3 * p->w);
        x.activations = PP + 1;
        x.parameters = 2;
        work += (M - PP - 1) * (p->fb - (p->f + p->b));
        break;
    }
    x.makespan = work + x.bubble;
    return x;
}

/* A rank's order while it is written down, and how far each kind of work has come by way. */
struct plan {
    struct pipeline_interval *at;
    int rank, n, forward[2], backward[2];
    int first_weight, weights;   /* input parts whose weight part is still to come: at[..] in their order */
};

static void add(struct plan *x, enum pipeline_work work, int way, int micro_batch, int other)
{
    x->at[x->n++] = (struct pipeline_interval){
        .rank = x->rank, .micro_batch = micro_batch, .other_batch = other, .work = (unsigned char)work,
        .way = (unsigned char)way};
}

static void add_forward(struct plan *x, int way)
{
    add(x, PIPELINE_FORWARD, way, x->forward[way]++, -1);
}

static void add_backward(struct plan *x, int way, int is_cut)
{
    add(x, is_cut ? PIPELINE_INPUT : PIPELINE_BACKWARD, way, x->backward[way]++, -1);
    x->weights += is_cut;
}

/* The weight part that has waited longest. */
static void add_weight(struct plan *x)
{
    const struct pipeline_interval *p;
    while (x->at[x->first_weight].work != PIPELINE_INPUT)
        x->first_weight++;
    p = &x->at[x->first_weight++];
    add(x, PIPELINE_WEIGHT, p->way, p->micro_batch, -1);
    x->weights--;
}

/* A forward of `way` with a backward of the other. */
static void add_pair(struct plan *x, int way)
{
    int forward = x->forward[way]++, backward = x->backward[!way]++;
    add(x, PIPELINE_PAIR, way, forward, backward);
}

static void plan_one_way(const struct pipeline *p, struct plan *x)
{
    int M = p->micro_batches, is_cut = p->kind == PIPELINE_ZB1P;
    for (int i = x->rank; i < p->ranks && x->forward[0] < M; i++)
        add_forward(x, 0);
    while (x->backward[0] < M) {
        add_backward(x, 0, is_cut);
        if (x->weights > x->rank)
            add_weight(x);
        if (x->forward[0] < M)
            add_forward(x, 0);
    }
    while (x->weights > 0)
        add_weight(x);
}

/* V3 fig. 5. `out` is the distance to the middle; a rank of the second half sees the two ways exchanged. */
static void plan_dualpipe(const struct pipeline *p, struct plan *x)
{
    int half = p->ranks / 2, is_second = x->rank >= half, near = is_second, far = !is_second;
    int inner = is_second ? p->ranks - 1 - x->rank : x->rank, out = half - 1 - inner;
    int overlapped = p->micro_batches / 2 - p->ranks + inner + 1;
    for (int i = 0; i < 2 * out; i++)
        add_forward(x, near);
    for (int i = 0; i <= inner; i++) {
        add_forward(x, near);
        add_forward(x, far);
    }
    for (int i = 0; i < out; i++) {
        add_backward(x, far, 1);
        add_weight(x);
        add_forward(x, far);
    }
    for (int i = 0; i < overlapped; i++) {
        if (i == 0 && out == 0) {   /* apart: the middle pair has nothing to wait for in between */
            add_forward(x, near);
            add_backward(x, far, 0);
        } else {
            add_pair(x, near);
        }
        add_pair(x, far);
    }
    for (int i = 0; i < out; i++) {
        add_backward(x, far, 0);
        add_pair(x, far);
    }
    /* In the second half of these the weight parts wait, for the gaps after them. */
    for (int i = 0; i < 2 * (inner + 1); i++)
        add_backward(x, i % 2 ? near : far, i > inner);
    for (int i = 0; i < out; i++) {
        add_weight(x);
        add_backward(x, near, 1);
    }
    while (x->weights > 0)
        add_weight(x);
}

/* When the forward and the input part of a rank, way and micro-batch have ended; below 0: not yet. */
struct ended {
    double *forward, *input;
    int ranks, by_way;
};

static size_t cell(const struct ended *d, int rank, int way, int micro_batch)
{
    return ((size_t)way * (size_t)d->ranks + (size_t)rank) * (size_t)d->by_way + (size_t)micro_batch;
}

/* When a forward's, a backward's input is there; below 0: it cannot be told yet. */
static double forward_ready(const struct ended *d, int rank, int way, int micro_batch)
{
    int before = way ? rank + 1 : rank - 1;
    return before < 0 || before >= d->ranks ? 0 : d->forward[cell(d, before, way, micro_batch)];
}

static double backward_ready(const struct ended *d, int rank, int way, int micro_batch)
{
    int after = way ? rank - 1 : rank + 1;
    if (after < 0 || after >= d->ranks)
        return d->forward[cell(d, rank, way, micro_batch)];
    return d->input[cell(d, after, way, micro_batch)];
}

static double earliest(const struct ended *d, const struct pipeline_interval *x)
{
    double a, b;
    switch ((enum pipeline_work)x->work) {
    case PIPELINE_FORWARD: return forward_ready(d, x->rank, x->way, x->micro_batch);
    case PIPELINE_BACKWARD:
    case PIPELINE_INPUT: return backward_ready(d, x->rank, x->way, x->micro_batch);
    case PIPELINE_WEIGHT: return d->input[cell(d, x->rank, x->way, x->micro_batch)];
    default:
        a = forward_ready(d, x->rank, x->way, x->micro_batch);
        b = backward_ready(d, x->rank, !x->way, x->other_batch);
        return a < 0 || b < 0 ? -1 : fmax(a, b);
    }
}

static double length_of(const struct pipeline *p, enum pipeline_work work)
{
    return work == PIPELINE_FORWARD    ? p->f
           : work == PIPELINE_BACKWARD ? p->b
           : work == PIPELINE_INPUT    ? p->b - p->w
           : work == PIPELINE_WEIGHT   ? p->w
                                       : p->fb;
}

static void leave(struct ended *d, const struct pipeline_interval *x)
{
    if (x->work == PIPELINE_FORWARD || x->work == PIPELINE_PAIR)
        d->forward[cell(d, x->rank, x->way, x->micro_batch)] = x->end;
    if (x->work == PIPELINE_BACKWARD || x->work == PIPELINE_INPUT)
        d->input[cell(d, x->rank, x->way, x->micro_batch)] = x->end;
    if (x->work == PIPELINE_PAIR)
        d->input[cell(d, x->rank, !x->way, x->other_batch)] = x->end;
}

static enum status play(const struct pipeline *p, struct pipeline_timeline *t, struct ended *d, int *next,
                        struct err *e)
{
    int done = 0, moved = 1;
    memcpy(next, t->first, (size_t)p->ranks * sizeof *next);
    while (done < t->n && moved) {
        moved = 0;
        for (int r = 0; r < p->ranks; r++)
            for (; next[r] < t->first[r + 1]; next[r]++, done++, moved = 1) {
                struct pipeline_interval *x = &t->interval[next[r]];
                double at = earliest(d, x);
                if (at < 0)
                    break;
                x->begin = next[r] > t->first[r] ? fmax(at, x[-1].end) : at;
                x->end = x->begin + length_of(p, (enum pipeline_work)x->work);
                leave(d, x);
            }
    }
    return done == t->n ? ST_OK : err_set(e, ST_USAGE, "schedule", "the ranks wait for each other for ever");
}

static void measure(const struct pipeline *p, struct pipeline_timeline *t)
{
    struct pipeline_figures *x = &t->figures;
    *x = (struct pipeline_figures){.parameters = p->kind == PIPELINE_DUALPIPE ? 2 : 1};
    for (int i = 0; i < t->n; i++)
        x->makespan = fmax(x->makespan, t->interval[i].end);
    t->least_bubble = INFINITY;
    for (int r = 0; r < p->ranks; r++) {
        double busy = 0;
        int held = 0;
        for (int i = t->first[r]; i < t->first[r + 1]; i++) {
            enum pipeline_work work = (enum pipeline_work)t->interval[i].work;
            busy += length_of(p, work);
            held += work == PIPELINE_FORWARD || work == PIPELINE_PAIR;
            x->activations = fmax(x->activations, held);
            held -= work == PIPELINE_BACKWARD || work == PIPELINE_WEIGHT || work == PIPELINE_PAIR;
        }
        x->bubble = fmax(x->bubble, x->makespan - busy);
        t->least_bubble = fmin(t->least_bubble, x->makespan - busy);
    }
}

enum status pipeline_simulate(const struct pipeline *p, struct pipeline_timeline *out, struct err *e)
{
    int is_dual = p->kind == PIPELINE_DUALPIPE, *next = NULL;
    size_t cells = (size_t)p->ranks * (size_t)p->micro_batches, most = 3 * cells;
    struct ended d = {.ranks = p->ranks, .by_way = is_dual ? p->micro_batches / 2 : p->micro_batches};
    enum status st = ST_OK;
    *out = (struct pipeline_timeline){.ranks = p->ranks};
    if (is_dual && p->micro_batches % 2)
        return err_set(e, ST_USAGE, "schedule",
                       "\"micro_batches\" is odd: each end of dualpipe feeds one half of them");
    out->interval = calloc(most, sizeof *out->interval);
    out->first = calloc((size_t)p->ranks + 1, sizeof *out->first);
    next = calloc((size_t)p->ranks, sizeof *next);
    d.forward = malloc(cells * sizeof *d.forward);
    d.input = malloc(cells * sizeof *d.input);
    if (!out->interval || !out->first || !next || !d.forward || !d.input) {
        st = err_set(e, ST_NOMEM, "schedule", "no memory for a timeline of %zu pieces", most);
        goto out;
    }
    for (size_t i = 0; i < cells; i++)
        d.forward[i] = d.input[i] = -1;
    for (int r = 0; r < p->ranks; r++) {
        struct plan x = {.at = out->interval + out->n, .rank = r};
        if (is_dual)
            plan_dualpipe(p, &x);
        else
            plan_one_way(p, &x);
        out->n += x.n;
        out->first[r + 1] = out->n;
    }
    st = play(p, out, &d, next, e);
    if (!st)
        measure(p, out);
out:
    free(next);
    free(d.forward);
    free(d.input);
    return st;
}

void pipeline_timeline_release(struct pipeline_timeline *t)
{
    free(t->interval);
    free(t->first);
    *t = (struct pipeline_timeline){0};
}
