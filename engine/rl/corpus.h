#ifndef GRPOLAB_RL_CORPUS_H
#define GRPOLAB_RL_CORPUS_H

#include "engine/base/hash.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"

/* Texts that were collected from runs: traces to imitate (rejection sampling, distillation), or pairs of
 * which an annotator prefers the first. They belong to the run that learns from them and are kept in the
 * store with it.
 *
 * Every text is blank-separated tokens; the pointers are the corpus's own. */
struct example {
    char *prompt;             /* ends with <think> */
    char *text;               /* the completion; of a pair the preferred one */
    char *other;              /* of a pair the other one; NULL in a trace */
    int respect;              /* of a pair: enum preference */
};

struct corpus {
    int n, cap;
    struct example *example;
    int *order;               /* [n] of epoch `order_epoch`, -1: not made */
    int order_epoch;
};

/* corpus_add: copies the texts; other is NULL in a trace. Errors: ST_NOMEM. */
enum status corpus_add(struct corpus *c, const char *prompt, const char *text, const char *other, int respect,
                       struct err *e);
void corpus_release(struct corpus *c);

/* corpus_digest: of all texts in their order. */
struct digest corpus_digest(const struct corpus *c);

/* corpus_ready: after the last corpus_add, before the first corpus_pick: its memory, so that a step cannot
 * run out. Errors: ST_NOMEM. */
enum status corpus_ready(struct corpus *c, struct err *e);
/* corpus_pick: draw number i (from 0) of an endless reading: epoch i / n in an order of its own, a pure
 * function of seed and i. One thread at a time. */
const struct example *corpus_pick(struct corpus *c, uint64_t seed, int64_t i);

#endif
