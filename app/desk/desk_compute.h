#ifndef GRPOLAB_APP_DESK_COMPUTE_H
#define GRPOLAB_APP_DESK_COMPUTE_H

#include "app/command/command.h"
#include "engine/run/facts.h"

/* Test-time compute in the workbench: what `:compute` asks is found out aside (app/session/aside.h). */
struct desk_compute;

/* desk_compute_init: nothing is asked yet. desk_compute_release: gives up what is under way and waits for the
 * thread; NULL is allowed. Errors: ST_NOMEM. */
enum status desk_compute_init(struct desk_compute **c, const char *store_path, int wake, struct err *e);
void desk_compute_release(struct desk_compute *c);

/* desk_compute_ask: begins to sample by the weights after `step` of the run; the question under way is given
 * up, unless it is the same. Errors: ST_FAILED (no thread). desk_compute_stop: gives it up and forgets the
 * answer. */
enum status desk_compute_ask(struct desk_compute *c, int64_t run, int64_t step, int k, int problems,
                             struct err *e);
void desk_compute_stop(struct desk_compute *c);

/* What is known of the last question. facts and doing stay the caller's until the next look. */
struct compute_look {
    const struct compute_facts *facts;   /* run 0: nothing was asked */
    const char *doing;                   /* NULL: it is done */
    double part;
    struct err error;                    /* told once; else its code is ST_OK */
};
void desk_compute_look(struct desk_compute *c, struct compute_look *out);

#endif
