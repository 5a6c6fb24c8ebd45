#ifndef GRPOLAB_APP_CONDITION_H
#define GRPOLAB_APP_CONDITION_H

#include "engine/base/status.h"
#include "engine/run/record.h"
#include "engine/store/query.h"

/* What `--until`, `--expect`, breakpoints and `:when` ask: comparisons of metrics with numbers, and events,
 * joined by `and` and `or`; `and` binds tighter. `reward >= 0.8 and step > 50 or nonfinite`. `step 120` is
 * `step == 120`. Events are of a step: `aha` (a candidate in it), `aha.verified` (one that resampling has
 * verified), `group.flat` (a group of equal rewards), `nonfinite` (the run has stopped at such a number). */
enum condition_op { OP_LESS, OP_LESS_EQUAL, OP_MORE, OP_MORE_EQUAL, OP_EQUAL, OP_CROSSES, OP_EVENT };

/* Quantities besides the metrics. */
enum { Q_STEP = METRIC_N, Q_NONFINITE, Q_AHA_VERIFIED, QUANTITY_N };

struct condition_term {
    int quantity;         /* a metric, Q_STEP, Q_NONFINITE or Q_AHA_VERIFIED */
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
/* measured_verified: how many candidates of the step just added passed their test; only where they were
 * tested. */
void measured_verified(struct measured *m, int verified);
/* measured_nonfinite: the run has stopped at a number that is not finite. */
void measured_nonfinite(struct measured *m);

/* measured_line: the run and, one after the other, those that it was forked from in its stage: line [cap],
 * and until [cap] the last step that counts of each; of the run itself `last`. Returns how many, at least
 * 1. */
int measured_line(struct query *q, const struct record_run *run, int64_t last, struct record_run *line,
                  int64_t *until, int cap);
/* measured_read: adds a run's steps up to `last`, as they are on record, with what was found out about
 * their aha candidates; of a fork first those that it has from its parents. */
enum status measured_read(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          struct err *e);
/* measured_walk: the same, calling each(ctx, run, step, metric, m) after every step, oldest first. */
enum status measured_walk(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          void (*each)(void *ctx, const struct record_run *run, int64_t step,
                                       const double *metric, const struct measured *m),
                          void *ctx, struct err *e);

/* condition_holds: a comparison with what was never measured does not hold; `crosses` holds where the latest
 * value and the one before it lie on different sides of the number (the number itself lies above). Pure. */
int condition_holds(const struct condition *c, const struct measured *m);

/* condition_uses: whether a quantity is among its terms. condition_has_event: whether an event is: what
 * holds anew in every step in which it happens. condition_measures: whether the step's metrics [METRIC_N]
 * bear on it: one of its quantities was measured then; of a condition on nothing but the step, always.
 * Pure. */
int condition_uses(const struct condition *c, int quantity);
int condition_has_event(const struct condition *c);
int condition_measures(const struct condition *c, const double *metric);

/* condition_why: the numbers by which a condition holds, or for which it does not: "0.1043", "0.48 to 0.52"
 * of one that crosses; where it has several terms each with its name. Returns out. */
const char *condition_why(const struct condition *c, const struct measured *m, char *out, size_t bytes);

/* condition_complete: what may stand as the word that begins with `prefix`, after `before`; one candidate a
 * line. */
void condition_complete(const char *before, const char *prefix, struct str *out);

#endif
