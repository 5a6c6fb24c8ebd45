#ifndef GRPOLAB_APP_DESK_ORACLE_ASK_H
#define GRPOLAB_APP_DESK_ORACLE_ASK_H

#include "engine/base/status.h"
#include "engine/run/oracle.h"
#include "views/oracle_state.h"

/* The sums behind the oracle screen: a thread of its own with a trainer of its own, restored from the store
 * and replayed to the step, as `:compute` has. It writes nothing and takes no lock. */
struct oracle_ask;

/* oracle_ask_init: nothing is asked yet. wake: eventfd of the UI's loop, borrowed. oracle_ask_release: gives
 * up what is under way and waits for the thread; NULL is allowed. Errors: ST_NOMEM. */
enum status oracle_ask_init(struct oracle_ask **a, const char *store_path, int wake, struct err *e);
void oracle_ask_release(struct oracle_ask *a);

/* oracle_ask_begin: sums over the completions under the weights after `step` of a GRPO run; the question
 * before is given up, unless it is the same. Errors: ST_FAILED (no thread). oracle_ask_stop: gives it up. */
enum status oracle_ask_begin(struct oracle_ask *a, int64_t run, int64_t step, struct err *e);
void oracle_ask_stop(struct oracle_ask *a);

/* oracle_ask_look: what is known and what is under way; the pointers hold until the next look. error: of a
 * question that has failed, told once, else its code is ST_OK. Returns whether it is still at work. */
int oracle_ask_look(struct oracle_ask *a, const struct oracle_known **known, const char **doing, double *part,
                    struct err *error);

/* oracle_usual: the question of the screen and of the command line: all prompts of a step, 64 batches of the
 * run's group each. Pure. */
struct oracle_settings oracle_usual(const struct trainer *t);
/* oracle_known_of: the engine's numbers as the screen has them; run and step are the caller's. Where the
 * run's own std is none there is one row a loss. Pure. */
void oracle_known_of(const struct oracle *o, struct oracle_known *out);

#endif
