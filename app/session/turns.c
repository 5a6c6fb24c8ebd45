/* Two runs in turns.
 *
 * Nothing of one run reaches the other: each session has its trainer, its workers, its connections and its
 * lock, and a step depends on its own run's state and seed alone; so both get the bits that they would get
 * alone, in whatever order their steps are taken. What they share is the gate. It only makes threads wait or
 * gives a step up, and never changes a bit; workers of just one session are inside a step at any time, for
 * one thread takes the steps. Invariant: the other session is never published, its `is_interactive` is 0. */
#include "app/session/turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/pool.h"

/* Snapshots of the open run tell where its partner is. */
static void show_partner(struct session *open, const struct session *partner)
{
    pthread_mutex_lock(&open->publishing);
    open->partner = partner;
    open->is_partners_turn = 0;
    pthread_mutex_unlock(&open->publishing);
}

enum status turns_begin(struct turns *t, struct session *open, const char *run, struct err *e)
{
    struct session *s;
    struct record_run found;
    enum status st;

    if (!open->trainer)
        return err_set(e, ST_USAGE, "turns", "no run is open");
    st = query_run(open->query, run, &found, e);
    if (st)
        return st;
    if (found.id == open->run.id)
        return err_set(e, ST_USAGE, "turns", "%s is the open run; name another one", found.name);
    turns_end(t);
    s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ST_NOMEM, "turns", "no memory for a second run");
    st = session_init(s, open->store_path, pool_threads(open->pool), e);
    if (st) {
        free(s);
        return st;
    }
    s->gate = open->gate;
    s->stop_at_end = 1;
    st = session_open(s, run, -1, 1, e);
    if (st) {
        session_release(s);
        free(s);
        return st;
    }
    t->with = s;
    t->host = open;
    t->open = open->run.id;
    show_partner(open, s);
    return ST_OK;
}

void turns_end(struct turns *t)
{
    if (!t->with)
        return;
    show_partner(t->host, NULL);
    session_release(t->with);
    free(t->with);
    t->with = t->host = NULL;
    t->open = 0;
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
    struct session *other = t->with;

    if (!other || is_at_end(other))
        return open;
    if (is_at_end(open))
        return other;
    return other->trainer->step < open->trainer->step ? other : open;
}

enum status turns_step(struct turns *t, struct session *open, struct err *e)
{
    struct session *s = t->with;
    enum status st;

    open->is_partners_turn = 1;
    st = session_step(s, e);
    open->is_partners_turn = 0;
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
    if (t->with && strcmp(t->with->run.state, "done"))
        session_state(t->with, "paused");
}
