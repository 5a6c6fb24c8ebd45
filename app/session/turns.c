/* Runs in turns.
 *
 * Nothing of one run reaches another: each session has its trainer, its workers, its connections and its
 * lock, and a step depends on its own run's state and seed alone; so all get the bits that they would get
 * alone, in whatever order their steps are taken. What they share is the gate. It only makes threads wait or
 * gives a step up, and never changes a bit; workers of just one session are inside a step at any time, for
 * one thread takes the steps. Invariant: the other sessions are never published, their `is_interactive` is 0. */
#include "app/session/turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/pool.h"

/* Snapshots of the open run tell how many partners it has, and which one is in a step. */
static void show_partner(struct session *open, int partners_n, const struct session *partner)
{
    pthread_mutex_lock(&open->publishing);
    open->partners_n = partners_n;
    open->partner = partner;
    pthread_mutex_unlock(&open->publishing);
}

struct session *turns_find(const struct turns *t, int64_t run)
{
    for (int i = 0; i < t->n; i++)
        if (t->with[i]->run.id == run)
            return t->with[i];
    return NULL;
}

/* One more run beside the open one. */
static enum status take_in(struct turns *t, struct session *open, const char *run, struct err *e)
{
    struct session *s;
    struct record_run found;
    enum status st = query_run(open->query, run, &found, e);
    if (st)
        return st;
    if (found.id == open->run.id)
        return err_set(e, ST_USAGE, "turns", "%s is the open run; name another one", found.name);
    if (turns_find(t, found.id))
        return err_set(e, ST_USAGE, "turns", "%s is named twice", found.name);
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ST_NOMEM, "turns", "no memory for one more run");
    st = session_init(s, open->store_path, pool_threads(open->pool), e);
    if (st) {
        free(s);
        return st;
    }
    s->gate = open->gate;
    s->stop_at_end = 1;
    t->with[t->n++] = s;
    return session_open(s, run, -1, 1, e);
}

enum status turns_begin(struct turns *t, struct session *open, const char *const *run, int n, struct err *e)
{
    enum status st = ST_OK;
    if (!open->trainer)
        return err_set(e, ST_USAGE, "turns", "no run is open");
    if (n > TURNS_MAX)
        return err_set(e, ST_USAGE, "turns", "%d runs; at most %d can have turns with the open one", n,
                       TURNS_MAX);
    turns_end(t);
    for (int i = 0; i < n && !st; i++)
        st = take_in(t, open, run[i], e);
    t->host = open;
    t->open = open->run.id;
    if (st)
        turns_end(t);
    else
        show_partner(open, t->n, NULL);
    return st;
}

void turns_end(struct turns *t)
{
    if (t->host)
        show_partner(t->host, 0, NULL);
    for (int i = 0; i < t->n; i++) {
        session_release(t->with[i]);
        free(t->with[i]);
    }
    memset(t, 0, sizeof *t);
}

/* A run that has come to the end of its settings' steps, with nothing to replay either; the open one goes on
 * to the next stage of its chain before it is. */
static int is_at_end(const struct session *s)
{
    const struct trainer *t = s->trainer;
    return s->stop_at_end && t->step == t->head && t->step >= settings_steps(&t->set, t->stage) &&
           (!s->follow_chain || session_is_done(s));
}

struct session *turns_next(const struct turns *t, struct session *open)
{
    struct session *next = is_at_end(open) ? NULL : open;
    for (int i = 0; i < t->n; i++)
        if (!is_at_end(t->with[i]) && (!next || t->with[i]->trainer->step < next->trainer->step))
            next = t->with[i];
    return next ? next : open;
}

enum status turns_step(struct turns *t, struct session *open, struct session *s, struct err *e)
{
    enum status st;
    show_partner(open, t->n, s);
    st = session_step(s, e);
    show_partner(open, t->n, NULL);
    if (st == ST_OK)
        control_committed(&open->control);
    if (s->message[0])
        session_say(open, s->message_is_error, "%.*s: %.*s", NAME_BYTES, s->run.name, 180, s->message);
    s->message[0] = 0;
    if (s->failed)
        turns_end(t);
    return st;
}

void turns_pause(struct turns *t)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->with[i]->run.state, "done"))
            session_state(t->with[i], "paused");
}
