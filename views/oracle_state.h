#ifndef GRPOLAB_VIEWS_ORACLE_STATE_H
#define GRPOLAB_VIEWS_ORACLE_STATE_H

#include <stdint.h>

#include "views/list.h"

/* What the oracle screen shows: exact numbers of a task whose completions can all be listed, beside what the
 * estimators of training make of samples. Plain numbers; what they mean is in engine/run/oracle.h. */

enum { ORACLE_KL_ROWS = 8, ORACLE_LOSS_ROWS = 32, ORACLE_NAME = 16 };

struct oracle_kl_row {
    char name[ORACLE_NAME];
    double mean, bias, deviation, sampled, error, stale_bias, cosine, scale;
};

struct oracle_loss_row {
    char name[ORACLE_NAME], std[ORACLE_NAME];
    double cosine, scale, length, noise, sampled_cosine, sampled_distance;
};

struct oracle_known {
    int64_t run, step;           /* run 0: nothing is known */
    int problems, outcomes, group, batches;
    double probability;          /* of all completions together */
    double reward, reward_sampled, reward_error, accuracy, mean_length, kl, gradient, length;
    int kls_n, losses_n;
    struct oracle_kl_row token[ORACLE_KL_ROWS], sequence[ORACLE_KL_ROWS];
    struct oracle_loss_row loss[ORACLE_LOSS_ROWS];
};

struct oracle_state {
    const struct oracle_known *known;  /* NULL: nothing was asked */
    const char *doing;                 /* what is under way, NULL: nothing */
    double part;
    const char *refused;         /* why this run has no exact numbers, and what to do; NULL: it has, or was
                                  * not asked */
    int by_sequence;             /* the KL estimates that are shown where there is room for one kind */
    struct list list;            /* of the losses */
};

#endif
