#ifndef GRPOLAB_APP_CLI_DRIVE_H
#define GRPOLAB_APP_CLI_DRIVE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "app/session/condition.h"
#include "app/session/session.h"

/* Driving a run from the command line: steps until it is to stop, with progress on stderr. */
enum { WATCHED_N = 3 };

enum stop { STOP_END, STOP_STEPS, STOP_UNTIL, STOP_INTERRUPT, STOP_FAILED };

struct drive {
    int64_t target; /* step of the chain's last run to stop at, -1: its settings' steps */
    struct condition until, expect;
    int quiet;
    struct measured measured; /* of the chain's last run */
    enum stop stop;           /* out */
    /* The watcher of INT, TERM and HUP. */
    struct sigaction old[WATCHED_N];
    pthread_t watcher;
    int event, is_watching;
    atomic_int interrupted, is_over;
    struct control *control;
};

/* drive_watch: from here on an interrupt lets the step under way go at its next safe point, and what is
 * committed stays; a second one ends the program at once. drive_unwatch: as it was before. */
void drive_watch(struct drive *d, struct session *s);
void drive_unwatch(struct drive *d);

/* drive_run: steps of the open run, and of those that follow it in its chain, until stop. Errors: those of
 * session_step, with stop STOP_FAILED; ST_CANCELLED with STOP_INTERRUPT, the message says how to go on. The
 * record says "paused", "done" or "failed" afterwards. */
enum status drive_run(struct drive *d, struct session *s, struct err *e);

#endif
