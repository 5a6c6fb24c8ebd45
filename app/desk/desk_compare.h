#ifndef GRPOLAB_APP_DESK_COMPARE_H
#define GRPOLAB_APP_DESK_COMPARE_H

#include "app/desk/desk.h"

/* desk_compare_mark: marks a run for comparison, or takes its mark away. Errors: ST_USAGE: COMPARE_RUNS are
 * marked. */
enum status desk_compare_mark(struct desk *d, int64_t run, struct err *e);
/* desk_compare_set: marks just these n <= COMPARE_RUNS runs; fewer than two: the screen chooses by itself. */
void desk_compare_set(struct desk *d, const int64_t *run, int n);

#endif
