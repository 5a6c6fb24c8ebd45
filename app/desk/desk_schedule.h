#ifndef GRPOLAB_APP_DESK_SCHEDULE_H
#define GRPOLAB_APP_DESK_SCHEDULE_H

#include <stddef.h>

#include "engine/base/status.h"
#include "views/schedule_state.h"

/* The schedules of the schedule screen, for it and for the command line. */

/* Devices and micro-batches that are shown at most; more make no picture. */
enum { SCHEDULE_DEVICES_MAX = 64, SCHEDULE_CELLS_MAX = 16384 };

/* schedule_init: V3's figure 5, 8 devices and 20 micro-batches, F = B-W = W. Errors: ST_NOMEM.
 * schedule_release: also of a zeroed one. */
enum status schedule_init(struct schedule_state *s, struct err *e);
void schedule_release(struct schedule_state *s);

/* schedule_find: a kind by its name as typed (1f1b, zb1p, dualpipe); -1. */
int schedule_find(const char *word);

/* schedule_set: words[n] are a kind or KEY=VALUE: pp, micro, f, b, w, fb, attention, dispatch, combine, send,
 * a2a (on or off). fb is f + b again where f or b is given and it is not. All is played anew; the cursor goes
 * to the end. Errors: ST_USAGE (names the key; a kind that is named must be possible), ST_NOMEM; s is then as
 * before. */
enum status schedule_set(struct schedule_state *s, const char *const *word, int n, struct err *e);

/* schedule_all_to_all: the overlapped pair with all-to-all, or without. Errors: ST_USAGE. */
enum status schedule_all_to_all(struct schedule_state *s, int is_on, struct err *e);

/* schedule_words: the settings as `schedule_set` takes them. */
void schedule_words(const struct schedule_state *s, char *out, size_t bytes);

#endif
