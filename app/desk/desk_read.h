#ifndef GRPOLAB_APP_DESK_READ_H
#define GRPOLAB_APP_DESK_READ_H

#include "app/desk/desk.h"

/* The reading half of the desk, for desk.c. */

/* desk_refresh: reads what is stale and on the screen; returns whether there is more of the history to read.
 */
int desk_refresh(struct desk *d);
/* desk_read_runs: the list of runs, which keeps its chosen run where it can; a new list chooses the open one.
 */
void desk_read_runs(struct desk *d);
/* desk_run_of_id: in that list; NULL. */
const struct record_run *desk_run_of_id(const struct desk *d, int64_t id);
/* desk_copy_groups: groups, traces and the followed trace of a snapshot. */
void desk_copy_groups(struct snapshot *to, const struct snapshot *from);

#endif
