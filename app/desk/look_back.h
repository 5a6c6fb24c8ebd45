#ifndef GRPOLAB_APP_LOOK_BACK_H
#define GRPOLAB_APP_LOOK_BACK_H

#include "app/session/condition.h"

/* Looking back for the latest step at which a condition held: what `:when` does. Steps are read from the
 * store backwards, a block a call, and reading stops at the first hit; so a run of any length is searched
 * without a wait that grows with it. What holds at a step is what condition_holds says after measured_walk
 * up to it. One thread at a time. */

enum { LOOK_BACK_BLOCK = 32, LOOK_BACK_FORKS = 64 };

enum look_state { LOOK_GOES_ON, LOOK_FOUND, LOOK_NOT_FOUND };

struct look_back {
    struct condition condition;
    struct record_run line[LOOK_BACK_FORKS];    /* the run, then what it was forked from */
    int64_t until[LOOK_BACK_FORKS];             /* last step that counts of each */
    int line_n, at;                             /* at: being read */
    int64_t next;                               /* the step to be read next, downwards */
    int64_t looked;                             /* down to this step of line[at] all is read */

    /* What was read, newest first: of each step what the condition asks for. */
    int quantity[CONDITION_TERMS], quantities_n, needs_before;
    struct look_back_row *row;
    double *value;                              /* [rows_n, quantities_n], NaN: not measured */
    int rows_n, cap;
    int tried;                                  /* rows before this one do not hold */
    int now[CONDITION_TERMS],
        before[CONDITION_TERMS]; /* of each quantity: the row of its value at `tried`, the row
                                                        * of the one before; rows_n: not read yet, or there is none */
    /* The hit. */
    int64_t step;
    const struct record_run *run;
    struct measured measured;                   /* of the condition's quantities alone */
};

/* look_back_begin: from step `last` of the run downwards. Nothing is read yet but the line of its parents.
 * Released by look_back_release, also after an error. */
enum status look_back_begin(struct look_back *b, struct query *q, const struct condition *c,
                            const struct record_run *run, int64_t last, struct err *e);
void look_back_release(struct look_back *b);

/* look_back_go: reads one block and tests what can be told by then. Errors: those of query_metrics,
 * ST_NOMEM. */
enum status look_back_go(struct look_back *b, struct query *q, enum look_state *state, struct err *e);

/* look_back_newest: whether the condition holds at the newest step; fills b->measured with that step's
 * values. Reads at most `blocks` blocks: *known 0 where a value lies further back. Errors as look_back_go. */
enum status look_back_newest(struct look_back *b, struct query *q, int blocks, int *known, int *holds,
                             struct err *e);

#endif
