#ifndef GRPOLAB_APP_CONDITION_H
#define GRPOLAB_APP_CONDITION_H

#include "engine/base/status.h"
#include "engine/run/record.h"
#include "engine/store/query.h"

/* What `--until` and `--expect` ask: comparisons of metrics with numbers, and events, joined by `and` and
 * `or`; `and` binds tighter. `reward >= 0.8 and step > 50 or nonfinite`. */
enum condition_op { OP_LESS, OP_LESS_EQUAL, OP_MORE, OP_MORE_EQUAL, OP_EQUAL, OP_CROSSES, OP_EVENT };

/* Quantities besides the metrics. */
enum { Q_STEP = METRIC_N, Q_NONFINITE, QUANTITY_N };

struct condition_term {
    int quantity;         /* a metric, Q_STEP or Q_NONFINITE */
    enum condition_op op; /* OP_EVENT: the quantity is > 0 */
    double number;
    int is_after_or; /* joined to the term before by `or` */
};

enum { CONDITION_TERMS = 16 };

struct condition {
    int n; /* 0: none */
    struct condition_term term[CONDITION_TERMS];
};

/* condition_parse: Errors: ST_USAGE names the word, and what looks like it. */
enum status condition_parse(struct condition *c, const char *text, struct err *e);

/* What has been measured so far: the latest value of each quantity, and the one before it; NaN: never. */
struct measured {
    double latest[QUANTITY_N], before[QUANTITY_N];
};

void measured_init(struct measured *m);
/* measured_add: a step's metrics [METRIC_N]; what was not measured (NaN) keeps its latest value. */
void measured_add(struct measured *m, int64_t step, const double *metric);
/* measured_nonfinite: the run has stopped at a number that is not finite. */
void measured_nonfinite(struct measured *m);

/* measured_read: adds a run's steps up to `last`, as they are on record; of a fork first those that it has
 * from its parents. */
enum status measured_read(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          struct err *e);

/* condition_holds: a comparison with what was never measured does not hold; `crosses` holds where the latest
 * value and the one before it lie on different sides of the number (the number itself lies above). Pure. */
int condition_holds(const struct condition *c, const struct measured *m);

#endif
