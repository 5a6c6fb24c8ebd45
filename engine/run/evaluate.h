#ifndef GRPOLAB_RUN_EVALUATE_H
#define GRPOLAB_RUN_EVALUATE_H

#include "engine/rl/rollout.h"
#include "engine/rl/score.h"

/* Evaluation on held-out problems: k samples each. */
struct evaluation {
    int k, problems;             /* in: samples a problem, how many problems (at most all held out) */
    double temperature, top_p;   /* in */
    uint64_t seed;               /* in */
    uint32_t step;               /* in: part of the randomness' key */
    double pass_1, pass_k, maj_k, mean_length, waits;  /* out */
    double format, language, readable;  /* out: means over the traces */
    uint8_t *right;              /* out [problems], the caller's memory: how many of k were
                                  * right; may be NULL */
};

enum { EVAL_K_MAX = 64 };

/* Batches that evaluation samples into; one for the life of a run. */
struct evaluator {
    struct batch batch;
    int k_max, groups;           /* groups of a batch */
};

/* evaluator_init: memory from the arena for completions of at most cap tokens. Errors: ST_NOMEM. */
enum status evaluator_init(struct evaluator *v, int cap, struct arena *a, struct err *e);

/* evaluate_run: pass@1 = mean over samples, pass@k unbiased (1 - C(n-c,k)/C(n,k) with n = k), maj@k by the
 * answer's exact value: malformed answers abstain, ties share. progress (may be NULL) [0,1] is written as it
 * goes. Errors: ST_CANCELLED, ST_NONFINITE, ST_USAGE. */
enum status evaluate_run(struct evaluator *v, struct evaluation *o, const struct task *k, struct rollout *r,
                         const real *w, const real *bias, const struct gate *gate, double *progress,
                         struct err *e);

/* majority_share: the share that the right answers have of a majority vote among n answers ("" abstains): 1
 * when right ones lead alone, 1/ties when they share the lead, else 0. */
double majority_share(int n, const char (*answer)[ANSWER_BYTES], const unsigned char *right);

#endif
