#ifndef GRPOLAB_APP_SESSION_EXAMPLES_H
#define GRPOLAB_APP_SESSION_EXAMPLES_H

#include "engine/rl/corpus.h"
#include "engine/store/query.h"

/* What a run learns from, on its way between the sampler, the store and the trainer: rows that own their
 * texts. */
struct examples {
    struct record_example *row;
    int n, cap, kept_n;
};

/* examples_add: copies the row and its texts; kept_n counts those that are kept. Errors: ST_NOMEM. */
enum status examples_add(struct examples *x, const struct record_example *row, struct err *e);
void examples_release(struct examples *x);
/* examples_read: all rows of a run on record, in their order. */
enum status examples_read(struct query *q, int64_t run, struct examples *x, struct err *e);
/* examples_corpus: the kept ones, in their order. */
enum status examples_corpus(const struct examples *x, struct corpus *c, struct err *e);

#endif
