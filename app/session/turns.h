#ifndef GRPOLAB_APP_TURNS_H
#define GRPOLAB_APP_TURNS_H

#include "app/session/session.h"

/* Two runs that the engine's thread takes steps of in turns: the open one, and another that has a session of
 * its own: own connections to the store, own workers, own trainer, own lock. It passes the open run's gate,
 * so that a pause, a token or phase step and a cancelled step mean both. All functions are for the engine's
 * thread. */
struct turns {
    struct session *with; /* the other run's; NULL: there is none */
    struct session *host; /* the open one's */
    int64_t open;         /* the open run when the turns began */
};

/* turns_begin: takes `run` (name or id) for this process and brings it to its latest commit. An earlier
 * partner is let go first. Errors: ST_USAGE (it is the open run, or none is open), those of session_open
 * (ST_BUSY: another process has it); there are no turns then. */
enum status turns_begin(struct turns *t, struct session *open, const char *run, struct err *e);

/* turns_end: the other run stays at its last commit, "paused" on record, and is anybody's again. */
void turns_end(struct turns *t);

/* turns_next: whose step it is: the open session, or t->with. The run that is behind goes first, so that both
 * come to be side by side; of two at the same step the open one. One that has come to the end of its
 * settings' steps waits for the other. */
struct session *turns_next(const struct turns *t, struct session *open);

/* turns_step: one step of the other run. What it has to say (all errors among it) becomes what `open` says. A
 * run that failed ends the turns. A committed step counts as a step of the open run's control. Errors: those
 * of session_step, ST_CANCELLED among them. */
enum status turns_step(struct turns *t, struct session *open, struct err *e);

/* turns_pause: notes on record that the other run stands. */
void turns_pause(struct turns *t);

#endif
