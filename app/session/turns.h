#ifndef GRPOLAB_APP_TURNS_H
#define GRPOLAB_APP_TURNS_H

#include "app/session/session.h"

/* Runs that the engine's thread takes steps of in turns: the open one and others, each with a session of its
 * own: own connections to the store, own workers, own trainer, own lock. They pass the open run's gate, so
 * that a pause, a token or phase step and a cancelled step mean all of them. All functions are for the
 * engine's thread. Memory: of every other run what a session takes, about that of a run alone. */
enum { TURNS_MAX = 5 };   /* others beside the open one */

struct turns {
    struct session *with[TURNS_MAX]; /* the others; n 0: there are none */
    int n;
    struct session *host; /* the open one's */
    int64_t open;         /* the open run when the turns began */
};

/* turns_begin: takes n <= TURNS_MAX runs (names or ids) for this process and brings each to its latest
 * commit. Earlier partners are let go first. Errors: ST_USAGE (one is the open run or named twice, or none is
 * open), those of session_open (ST_BUSY: another process has it); there are no turns then. */
enum status turns_begin(struct turns *t, struct session *open, const char *const *run, int n, struct err *e);

/* turns_end: the other runs stay at their last commits, "paused" on record, and are anybody's again. */
void turns_end(struct turns *t);

/* turns_find: the session of a run that has turns with the open one; NULL: it has none. */
struct session *turns_find(const struct turns *t, int64_t run);

/* turns_next: whose step it is: the open session, or one of t->with. The run that is furthest behind goes
 * first, so that all come to be side by side; of those at the same step the open one, then the others as they
 * were named. One that has come to the end of its settings' steps waits for the rest. */
struct session *turns_next(const struct turns *t, struct session *open);

/* turns_step: one step of s, which turns_next gave and which is not the open one. What it has to say (all
 * errors among it) becomes what `open` says. A run that failed ends the turns. A committed step counts as a
 * step of the open run's control. Errors: those of session_step, ST_CANCELLED among them. */
enum status turns_step(struct turns *t, struct session *open, struct session *s, struct err *e);

/* turns_pause: notes on record that the other runs stand. */
void turns_pause(struct turns *t);

#endif
