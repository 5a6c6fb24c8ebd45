#ifndef GRPOLAB_RUN_COLLECT_H
#define GRPOLAB_RUN_COLLECT_H

#include "engine/rl/corpus.h"
#include "engine/run/record.h"
#include "engine/run/trainer.h"

/* Rejection sampling (R1 v1 section 2.3.3): a run's own traces on training problems, of which those that are
 * right and readable are kept; and pairs of them for a reward model or DPO. */
enum collect_kind {
    COLLECT_TRACES,           /* to imitate */
    COLLECT_TEMPLATES,        /* demonstrations that the task's own writer makes: no model is asked */
    COLLECT_PAIRS,            /* the best and the worst of a problem's samples by the task's annotator */
    COLLECT_KINDS
};
#define COLLECT_CHOICES "traces templates pairs"

struct collect_settings {
    enum collect_kind kind;
    int problems, samples;    /* problems drawn, samples of each */
    int keep;                 /* traces or pairs kept of a problem at most */
    int rewrite;              /* attempts that repeat an earlier one are left out of a kept trace */
    double temperature, top_p;
    double readable;          /* a kept trace has at least this readability */
    double accuracy;          /* and this accuracy */
    uint64_t seed;
    uint32_t step;            /* of the randomness' key; another for each collection of a run */
};

/* collect_run: samples with the weights of t and hands each trace (kept or not) to `each`, in order; pairs
 * likewise. A trace that does not reach its accuracy, is cut off, malformed or not readable enough is handed
 * over with kept 0 and the reason. Threads: the trainer's. progress (may be NULL) [0,1]. Errors: those of
 * `each`, ST_CANCELLED, ST_USAGE (pairs of a task without annotator). */
enum status collect_run(struct trainer *t, const struct collect_settings *s,
                        enum status (*each)(void *ctx, const struct record_example *x, struct err *e),
                        void *ctx, const struct gate *gate, double *progress, struct err *e);

/* collect_rewrite: the completion without those attempts (what stands between one `wait` and the next) that
 * repeat an earlier one word for word. */
void collect_rewrite(const char *completion, struct str *out);

#endif
