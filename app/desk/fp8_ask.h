#ifndef GRPOLAB_APP_DESK_FP8_ASK_H
#define GRPOLAB_APP_DESK_FP8_ASK_H

#include "engine/base/status.h"
#include "engine/run/fp8_stats.h"
#include "views/fp8_state.h"

/* The measurement behind the FP8 screen: a thread of its own with a trainer of its own, restored from the
 * store and replayed to the step, as `:compute` has. It writes nothing and takes no lock. */
struct fp8_ask;

/* fp8_ask_init: nothing is asked yet. wake: eventfd of the UI's loop, borrowed. fp8_ask_release: gives up
 * what is under way and waits for the thread; NULL is allowed. Errors: ST_NOMEM. */
enum status fp8_ask_init(struct fp8_ask **a, const char *store_path, int wake, struct err *e);
void fp8_ask_release(struct fp8_ask *a);

/* fp8_ask_begin: measures the weights after `step` of a GRPO run; the question before is given up, unless it
 * is the same. Errors: ST_FAILED (no thread). */
enum status fp8_ask_begin(struct fp8_ask *a, int64_t run, int64_t step, struct err *e);

/* fp8_ask_look: what is known and what is under way; the pointers hold until the next look. error: of a
 * question that has failed, told once, else its code is ST_OK. Returns whether it is still at work. */
int fp8_ask_look(struct fp8_ask *a, const struct fp8_measure **known, const char **doing, double *part,
                 struct err *error);

/* fp8_measure_of: statistics as the screen has them; run and step are the caller's. Maps beyond FP8_TENSORS
 * are left out. Pure. */
void fp8_measure_of(const struct fp8_stats *s, struct fp8_measure *out);

#endif
