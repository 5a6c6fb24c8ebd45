#ifndef GRPOLAB_RUN_RESAMPLE_H
#define GRPOLAB_RUN_RESAMPLE_H

#include "engine/run/facts.h"
#include "engine/run/inspect.h"

/* What would have come of it: continuations from a place of a trace, sampled anew by a trainer's present
 * weights at the run's rl temperature and scored by the scenario. Monte Carlo estimates of the value of that
 * place.
 *
 * The randomness is a stream of its own, keyed by (run seed, the step after the trainer's, group, index,
 * token, banned or not, sample, position), so that the answer to a question is the same whenever it is asked,
 * whatever the threads, and the sampling of the run is not touched. For a trainer of the caller's own,
 * between steps. */
enum { RESAMPLE_USUAL = 32, RESAMPLE_MOST = 1024 };

/* From before token `at` of x (at 0: the whole completion anew; at n: from its end). */
struct resample_place {
    const struct problem *problem;
    const struct inspect_trace *trace;
    int group, index;          /* of the trace in its step's batch, each below 1024: part of the key */
    int at, banned;            /* banned: token id that the first sampled token may not be, -1: none */
    int samples;               /* 1..RESAMPLE_MOST */
    atomic_long *sampled;      /* the tokens that are sampled are added to it; NULL: nobody counts them */
};

/* resample_run: *right of the place's samples have accuracy 1. A prefix that is complete, because it ends
 * with the end token or is as long as the limit, has nothing to sample: all of its samples are the completion
 * itself. The gate is asked before each token. Errors: ST_USAGE (place outside the trace), ST_CANCELLED,
 * ST_NONFINITE. */
enum status resample_run(struct trainer *t, const struct resample_place *p, const struct gate *gate,
                         int *right, struct err *e);

/* resample_aha: tests the token `at` of the place: `samples` continuations after it, and `samples` from
 * before it with it banned as the next token (arXiv 2601.00514, 2506.19143; FACTS of the trace screen:
 * verified when the rate with it is higher by more than 0.2 and Fisher's p is below 0.05). p->banned is not
 * read. Errors as above. */
enum status resample_aha(struct trainer *t, const struct resample_place *p, const struct gate *gate,
                         struct aha_test *out, struct err *e);

/* aha_is_verified: the rule, from counts and p. */
int aha_is_verified(const struct aha_test *a);

/* fisher_exact: two-sided p of the 2x2 table {a of an, b of bn}: the sum over all tables with the same
 * margins that are no likelier than this one (Fisher 1934), 0 <= a <= an, 0 <= b <= bn. 1 where a row or a
 * column is empty. Pure. */
double fisher_exact(int a, int an, int b, int bn);

#endif
