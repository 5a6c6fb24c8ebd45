#ifndef GRPOLAB_APP_BREAKPOINT_H
#define GRPOLAB_APP_BREAKPOINT_H

#include <pthread.h>

#include "app/session/condition.h"

/* Breakpoints: conditions at which the open run pauses. They belong to the session and stay when another
 * run is opened. A comparison stops the run where it begins to hold, an event in every step in which it
 * happens; both are looked at when a step has been committed, a replayed one too, so that what a hit shows
 * is on record. */
enum { BREAKS_MAX = 16, BREAK_TEXT = 128, BREAK_WHY = 240 };

struct breakpoint {
    int number;                  /* from 1, never used again */
    int is_on;
    char text[BREAK_TEXT];       /* as it was given */
    struct condition condition;
    int holds;                   /* at the step that was looked at last; -1: not known */
    long hits;
    int64_t run, step;           /* of the last hit; run 0: none */
    char why[BREAK_WHY];         /* its numbers: "kl > 0.1: 0.104 at step 57" */
    /* What aha.verified has cost so far. */
    long tested, tokens;
    double seconds;
};

struct breakpoints {
    pthread_mutex_t lock;        /* of item, n, last */
    int n, last;
    struct breakpoint item[BREAKS_MAX];
    /* The engine's thread alone: what was measured up to that step. */
    struct measured measured;
    int64_t run, step;           /* run 0: to be read again */
};

void breakpoints_init(struct breakpoints *b);
void breakpoints_release(struct breakpoints *b);

/* From any thread. breakpoints_add: Errors: ST_USAGE: no condition, or no room. breakpoints_delete: number
 * 0: all; breakpoints_switch: on or off. Errors: ST_NOTFOUND names those that there are. breakpoints_copy:
 * returns how many. */
enum status breakpoints_add(struct breakpoints *b, const char *text, int *number, struct err *e);
enum status breakpoints_delete(struct breakpoints *b, int number, struct err *e);
enum status breakpoints_switch(struct breakpoints *b, int number, int on, struct err *e);
int breakpoints_copy(struct breakpoints *b, struct breakpoint out[BREAKS_MAX]);
/* breakpoints_use: whether one that is on asks for this quantity. */
int breakpoints_use(struct breakpoints *b, int quantity);

/* A step just committed. */
struct break_step {
    const struct record_run *run;
    int64_t step;
    const double *metric;        /* [METRIC_N] */
    int verified;                /* aha candidates that passed their test; -1: they were not tested */
    long tested, tokens;         /* what that cost */
    double seconds;
    const char *note;            /* of the verified one, "" */
};

/* breakpoints_test: for the engine's thread. The number of the first breakpoint that is hit, 0: none; *why
 * what it says, and how many others are hit too. A step that does not follow the one before (another run, a
 * rewind) reads what came before it from the store first; where that fails it is as if nothing had been
 * measured. */
int breakpoints_test(struct breakpoints *b, struct query *q, const struct break_step *now,
                     char why[BREAK_WHY]);
/* breakpoints_failed: the same where step `step` has stopped at a number that is not finite. */
int breakpoints_failed(struct breakpoints *b, const struct record_run *run, int64_t step,
                       char why[BREAK_WHY]);

#endif
