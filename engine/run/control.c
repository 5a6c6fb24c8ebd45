/* The control of a run. One mutex guards the mode; the fast path of an open gate takes it too, which at one
 * pass a token call (about 100 us of work) costs nothing that can be measured.
 *
 * Invariants: a thread waits only at a gate, never with a lock held; cancel opens every gate with
 * ST_CANCELLED and stays set until the engine's thread has unwound the step; which threads pass first never
 * changes a bit, only when they pass. */
#include "engine/run/control.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum status control_init(struct control *c, struct err *e)
{
    pthread_condattr_t a;
    memset(c, 0, sizeof *c);
    memset(c->waiting, 0xff, sizeof c->waiting);
    memset(c->inside, 0xff, sizeof c->inside);
    c->mode = CONTROL_HOLD;
    c->quantum = QUANTUM_TOKEN;
    c->groups_per_batch = 1;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    if (pthread_mutex_init(&c->lock, NULL) || pthread_cond_init(&c->changed, &a))
        return err_set(e, ST_FAILED, "control", "no mutex to be had");
    pthread_condattr_destroy(&a);
    return ST_OK;
}

void control_release(struct control *c)
{
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
}

/* The sub-batch that a token step moves: the followed group's while a worker is in it, whether at the gate or
 * on its way there, so that none of the tokens goes elsewhere; else the first that is at the gate. */
static int chosen_unit(const struct control *c)
{
    int want = c->follow_group / c->groups_per_batch * c->groups_per_batch, first = -1;
    if (want == 0 && c->first_is_due)
        return want;
    for (int i = 0; i < 64; i++) {
        if (c->waiting[i] == want || c->inside[i] == want)
            return want;
        if (c->waiting[i] >= 0 && (first < 0 || c->waiting[i] < first))
            first = c->waiting[i];
    }
    return first;
}

/* Notes where the workers are. Returns whether this kind of point is no more than that. */
static int note_place(struct control *c, enum gate_kind kind, int unit, int worker)
{
    if (kind == GATE_PHASE)
        c->first_is_due = unit == PHASE_ROLLOUT;
    if (kind != GATE_BEGIN && kind != GATE_END)
        return 0;
    if (kind == GATE_BEGIN && unit == 0)
        c->first_is_due = 0;
    if (worker < 64)
        c->inside[worker] = kind == GATE_BEGIN ? unit : -1;
    pthread_cond_broadcast(&c->changed);   /* another unit's turn may have come */
    return 1;
}

/* Whether this pass may go through now; uses up what the mode counts. was_held: it has stood at this gate
 * already; the phase that begins here is the one that a step goes through, not the one that it ends at. */
static int passes(struct control *c, enum gate_kind kind, int unit, int was_held)
{
    switch (c->mode) {
    case CONTROL_FREE:
    case CONTROL_STEPS:
        return 1;
    case CONTROL_PHASES:
        if (kind == GATE_PHASE && !was_held && --c->left <= 0) {
            c->mode = CONTROL_HOLD;
            return 0;
        }
        return 1;
    case CONTROL_TOKENS:
        /* From a standstill the first token is sampled, not the way to it. */
        if (kind == GATE_PHASE && unit <= PHASE_ROLLOUT)
            return 1;
        if (kind == GATE_TOKEN && unit != chosen_unit(c))
            return 0;
        if (--c->left <= 0)
            c->mode = CONTROL_HOLD;
        return 1;
    default:
        return 0;
    }
}

/* Time with a thread at a closed gate is not the run's own. */
static void begin_hold(struct control *c)
{
    if (c->held++ == 0)
        c->held_since = now();
}

static void end_hold(struct control *c)
{
    if (--c->held == 0)
        c->held_total += now() - c->held_since;
}

/* Slow motion: the followed trace's sub-batch waits until its next token is due. */
static void keep_pace(struct control *c, int unit)
{
    int want = c->follow_group / c->groups_per_batch * c->groups_per_batch;
    while (c->pace > 0 && unit == want && !c->cancel && c->mode != CONTROL_HOLD) {
        double t = now();
        struct timespec until;
        if (c->next_token > t + 1 / c->pace)
            c->next_token = t + 1 / c->pace;
        if (t >= c->next_token) {
            c->next_token = t + 1 / c->pace;
            return;
        }
        until.tv_sec = (time_t)c->next_token;
        until.tv_nsec = (long)((c->next_token - (double)until.tv_sec) * 1e9);
        begin_hold(c);
        pthread_cond_timedwait(&c->changed, &c->lock, &until);
        end_hold(c);
    }
}

static void tell(struct control *c, int is_waiting)
{
    if (!c->publish)
        return;
    pthread_mutex_unlock(&c->lock);
    c->publish(c->publish_ctx, is_waiting);
    pthread_mutex_lock(&c->lock);
}

/* Whether a cancel is heeded here. After the update the rest of a step takes milliseconds, and to give it up
 * would mean to compute the last commit's state anew: only who stands there is asked to. */
static int may_cancel(enum gate_kind kind, int unit, int was_held)
{
    return was_held || kind != GATE_PHASE || (unit != PHASE_BALANCE && unit != PHASE_COMMIT);
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct control *c = ctx;
    enum status st;
    uint64_t seen = 0;   /* orders are numbered from 1 */
    int told = 0;
    pthread_mutex_lock(&c->lock);
    if (note_place(c, kind, unit, worker)) {
        st = c->cancel ? ST_CANCELLED : ST_OK;
        pthread_mutex_unlock(&c->lock);
        return st;
    }
    if (kind == GATE_TOKEN && worker < 64) {
        c->waiting[worker] = unit;
        if (c->mode == CONTROL_TOKENS)
            pthread_cond_broadcast(&c->changed);   /* another unit's turn may have come */
        if (c->pace > 0)
            keep_pace(c, unit);
    }
    while (!c->cancel && !passes(c, kind, unit, told)) {
        if (!told || seen != c->orders) {   /* an order may have changed what is to be shown */
            told = 1;
            seen = c->orders;
            tell(c, 1);
            continue;       /* the world may have changed while the lock was out of hand */
        }
        begin_hold(c);
        pthread_cond_wait(&c->changed, &c->lock);
        end_hold(c);
    }
    if (worker < 64)
        c->waiting[worker] = -1;
    st = c->cancel && may_cancel(kind, unit, told) ? ST_CANCELLED : ST_OK;
    if (st == ST_OK)
        tell(c, 0);
    pthread_mutex_unlock(&c->lock);
    return st;
}

static double held(void *ctx)
{
    struct control *c = ctx;
    double seconds;
    pthread_mutex_lock(&c->lock);
    seconds = c->held_total + (c->held > 0 ? now() - c->held_since : 0);
    pthread_mutex_unlock(&c->lock);
    return seconds;
}

struct gate control_gate(struct control *c)
{
    return (struct gate){c, point, held};
}

static uint64_t order(struct control *c)
{
    uint64_t n = ++c->orders;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return n;
}

uint64_t control_resume(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    c->mode = CONTROL_FREE;
    return order(c);
}

uint64_t control_pause(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    c->mode = CONTROL_HOLD;
    return order(c);
}

uint64_t control_step(struct control *c, enum quantum q, long n)
{
    enum control_mode mode = q == QUANTUM_TOKEN   ? CONTROL_TOKENS
                             : q == QUANTUM_PHASE ? CONTROL_PHASES
                                                  : CONTROL_STEPS;
    pthread_mutex_lock(&c->lock);
    /* Keys pressed faster than steps are taken add up. */
    c->left = (c->mode == mode ? c->left : 0) + n;
    c->mode = mode;
    return order(c);
}

uint64_t control_cancel(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    c->cancel = 1;
    return order(c);
}

uint64_t control_pace(struct control *c, double tokens_per_second, int hold_after_step)
{
    pthread_mutex_lock(&c->lock);
    c->pace = tokens_per_second;
    c->hold_after_step = hold_after_step;
    return order(c);
}

uint64_t control_follow(struct control *c, enum follow follow, int group, int index)
{
    pthread_mutex_lock(&c->lock);
    c->follow = follow;
    if (group >= 0)
        c->follow_group = group;
    if (index >= 0)
        c->follow_index = index;
    return order(c);
}

uint64_t control_quantum(struct control *c, enum quantum q)
{
    pthread_mutex_lock(&c->lock);
    c->quantum = q;
    return order(c);
}

uint64_t control_kick(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    return order(c);
}

uint64_t control_orders(struct control *c)
{
    uint64_t n;
    pthread_mutex_lock(&c->lock);
    n = c->orders;
    pthread_mutex_unlock(&c->lock);
    return n;
}

int control_is_open(struct control *c)
{
    int open;
    pthread_mutex_lock(&c->lock);
    open = c->mode != CONTROL_HOLD && !c->cancel;
    pthread_mutex_unlock(&c->lock);
    return open;
}

void control_wait(struct control *c, uint64_t seen)
{
    pthread_mutex_lock(&c->lock);
    while (c->orders == seen && (c->mode == CONTROL_HOLD || c->cancel))
        pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

void control_committed(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    if ((c->mode == CONTROL_STEPS && --c->left <= 0) || c->hold_after_step)
        c->mode = CONTROL_HOLD;
    pthread_mutex_unlock(&c->lock);
}

void control_clear_cancel(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    c->cancel = 0;
    memset(c->waiting, 0xff, sizeof c->waiting);
    memset(c->inside, 0xff, sizeof c->inside);
    pthread_mutex_unlock(&c->lock);
}

struct control_view control_look(struct control *c)
{
    struct control_view v;
    pthread_mutex_lock(&c->lock);
    v = (struct control_view){c->mode, c->follow, c->follow_group, c->follow_index, c->hold_after_step,
                              c->quantum, c->pace};
    pthread_mutex_unlock(&c->lock);
    return v;
}
