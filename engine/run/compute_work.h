#ifndef GRPOLAB_RUN_COMPUTE_WORK_H
#define GRPOLAB_RUN_COMPUTE_WORK_H

#include <stdatomic.h>

#include "engine/run/compute.h"

/* What compute.c and compute_sample.c share: a measurement, and one problem of it in one thread's hands. */
enum { COMPUTE_CHUNK = 32 };         /* traces that are decoded together */

/* What one problem adds to one point. */
struct cell {
    double tokens, accuracy, words, cut_off;
};

/* The samples of a problem under one setting and one rule. */
struct traces {
    uint16_t *token;             /* [K, cap] */
    float *logp;                 /* [K, cap] of the distribution that was sampled */
    int n[COMPUTE_K_MAX], cut_off[COMPUTE_K_MAX], right[COMPUTE_K_MAX];
    int words[COMPUTE_K_MAX], at[COMPUTE_K_MAX][COMPUTE_WORDS_MAX];
};

struct job {
    struct trainer *t;
    const struct compute_question *q;
    const struct compute_hooks *h;
    struct compute_facts *f;
    int chunk, cap, problems, first; /* first: problem of the block */
    int word, no, end[3], end_n;     /* ids; -1: the task has none */
    struct cell *cell;               /* [problems, COMPUTE_CURVES, COMPUTE_POINTS] */
    atomic_int status;
};

/* One problem in one thread's hands. */
struct work {
    struct job *j;
    struct decoder *d;
    int worker, index, setting, pass; /* pass: part of the key: 0, or 1 + the rule's and the level's number */
    struct problem problem;
    uint16_t prompt[PROMPT_MAX];
    int prompt_n;
    struct traces base, forced;
    char answer[COMPUTE_K_MAX][ANSWER_BYTES];
};

/* compute_sample: samples the traces which[0..many-1] of x, which hold n tokens each, on to their ends.
 * Errors: ST_NONFINITE, ST_CANCELLED, or another worker's. */
enum status compute_sample(struct work *w, struct traces *x, const int *which, int many);

#endif
