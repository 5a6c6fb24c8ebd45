#ifndef GRPOLAB_VIEWS_HISTORY_H
#define GRPOLAB_VIEWS_HISTORY_H

#include "engine/base/status.h"
#include "engine/run/record.h"
#include "engine/store/query.h"

/* The metrics of a run's steps, as the curves want them: one array a metric.
 * At most HISTORY_ROWS steps are kept; of a longer run every second, fourth, ... step, and every
 * step that has an evaluation. */

enum { HISTORY_ROWS = 4096, HISTORY_CHUNK = 1024 };

struct history {
    int64_t run;             /* 0: none */
    int64_t last;            /* the newest step that was read; -1: none */
    int64_t stride;          /* steps divisible by it are kept */
    int n;
    double *step;            /* [HISTORY_ROWS] ascending; doubles, for plots */
    double *column;          /* [METRIC_N, HISTORY_ROWS] */
    unsigned char *keep;     /* [HISTORY_ROWS] has an evaluation */
};

/* history_init: memory for HISTORY_ROWS steps (touched as it is used). Errors: ST_NOMEM. */
enum status history_init(struct history *h, struct err *e);
void history_release(struct history *h);
/* history_reset: empty, for another run. */
void history_reset(struct history *h, int64_t run);

/* history_add: one step's metrics [METRIC_N]; steps come in ascending order, one that is known already is
 * left alone. */
void history_add(struct history *h, int64_t step, const double *metric);

/* history_update: reads the steps after the last known one, up to `head`, at most HISTORY_CHUNK a call;
 * another run than before starts anew. *more: call again. Errors: those of query_metrics; what was read
 * before stays. */
enum status history_update(struct history *h, struct query *q, int64_t run, int64_t head, int *more,
                           struct err *e);

/* history_metric: its values [h->n], borrowed until the next change. */
const double *history_metric(const struct history *h, enum metric m);
/* history_last: the newest value that was measured at or before `step` (< 0: of all), NaN when none. */
double history_last(const struct history *h, enum metric m, int64_t step);

#endif
