#ifndef GRPOLAB_RUN_COMPUTE_H
#define GRPOLAB_RUN_COMPUTE_H

#include "engine/run/facts.h"
#include "engine/run/trainer.h"

/* Test-time compute: what accuracy on held-out problems costs in sampled tokens, by a trainer's present
 * weights, at T 1 and at R1's own T 0.6 with top-p 0.95 (R1 section 3).
 *
 * k samples a problem are drawn once a setting; pass@k, maj@k and the likeliest of k are estimated from them
 * for all k' <= k. Budget forcing (s1, arXiv 2501.19393): the token that would end the thoughts is suppressed
 * and `wait` stands in its place, n times, before thinking may end; the sample with n words goes on where
 * the one with n - 1 stopped.
 *
 * The randomness is RNG_COMPUTE's, keyed by (run seed, step, problem, setting, words forced, sample,
 * position): it depends on neither threads nor how many problems are asked for. For a trainer of the caller's
 * own, between steps. */

enum { COMPUTE_WORDS_USUAL = 4, COMPUTE_FORCED_USUAL = 16, COMPUTE_PROBLEMS_USUAL = 100 };

/* A finished sample, for who wants to see it. */
struct compute_trace {
    int problem, setting, sample;
    enum compute_kind kind;      /* BEST: as it was sampled first; FORCED, FORCED_NO */
    int level;                   /* words asked for */
    const uint16_t *token;       /* [n], borrowed for the call */
    const float *logp;           /* [n] of the distribution that was sampled, borrowed; NaN: a forced word */
    int n, cut_off, is_right;
    int words;                   /* forced in fact: at most level */
    int at[COMPUTE_WORDS_MAX];   /* [words] the tokens that were forced */
};

struct compute_question {
    int k;                       /* 1..COMPUTE_K_MAX samples a problem */
    int problems;                /* at most all that are held out */
    int words;                   /* 0..COMPUTE_WORDS_MAX forced at most; 0: no forcing */
    int forced_k;                /* samples of a problem that are forced; at most k are */
};

/* All may be NULL. told: by the calling thread whenever some more problems are done, with the facts so far.
 * trace: by any of the pool's threads, in any order. */
struct compute_hooks {
    const struct gate *gate;
    void (*told)(void *ctx, const struct compute_facts *f);
    void (*trace)(void *ctx, const struct compute_trace *x);
    void *ctx;
};

/* compute_run: fills *f; run and version are left to the caller. A task without the word has no curve of
 * forcing; one without `no` has no second one. The gate is asked before each token. Errors: ST_USAGE,
 * ST_CANCELLED, ST_NONFINITE, ST_NOMEM; *f then has what was told last. Memory: its own while it works. */
enum status compute_run(struct trainer *t, const struct compute_question *q, const struct compute_hooks *h,
                        struct compute_facts *f, struct err *e);

/* compute_chosen: value of the sample with the greatest key among k of n drawn without replacement, in
 * expectation: sum_i value_(i) C(n-i, k-1) / C(n, k), keys descending, i from 1; of equal keys the lower
 * index goes first. With key = value in {0,1} it is pass@k, 1 - C(n-c,k)/C(n,k) (Chen et al. 2021, arXiv
 * 2107.03374, eq. 1). 1 <= k <= n <= COMPUTE_K_MAX. Pure. */
double compute_chosen(int n, const double *key, const double *value, int k);

/* compute_majority: mean of majority_share over sub-samples of k of n answers: over all C(n,k) where they are
 * at most `most`, else over `most` that are drawn from r. 1 <= k <= n <= COMPUTE_K_MAX. */
double compute_majority(int n, const char (*answer)[ANSWER_BYTES], const unsigned char *right, int k,
                        int most, struct rng *r);

/* compute_sizes: the k that are estimated from n samples: 1, 2, 4 .. and n; returns how many. */
int compute_sizes(int n, int size[COMPUTE_POINTS]);

#endif
