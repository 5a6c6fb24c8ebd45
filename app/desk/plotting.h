#ifndef GRPOLAB_APP_PLOTTING_H
#define GRPOLAB_APP_PLOTTING_H

#include "engine/store/query.h"
#include "views/chart.h"

/* What `:plot` and `grpolab plot` share: metrics of runs, read from the store, as the panels of a chart.
 * Metrics of one unit and of like size share a panel; a run has one colour in all panels. */
struct plotting;

struct plotting_options {
    const char *title;          /* NULL: the run's name, or the metric's */
    double smoothing;
    int log_y;
};

/* plotting_init: the metrics that will be drawn. metric [n], each a row of the table of metrics. Errors:
 * ST_USAGE (too many panels), ST_NOMEM. plotting_free: NULL is allowed. */
enum status plotting_init(struct plotting **p, const int *metric, int n, struct err *e);
void plotting_free(struct plotting *p);

/* plotting_run: adds the steps of a run up to `last`. Errors: those of query_metrics, ST_USAGE (too many
 * curves). */
enum status plotting_run(struct plotting *p, struct query *q, const struct record_run *run, int64_t last,
                         struct err *e);
/* plotting_curves: how many there are. */
int plotting_curves(const struct plotting *p);

/* plotting_write: errors: those of chart_write. */
enum status plotting_write(struct plotting *p, const char *path, const struct plotting_options *o,
                           struct err *e);

#endif
