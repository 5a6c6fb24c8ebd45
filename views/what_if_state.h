#ifndef GRPOLAB_VIEWS_WHAT_IF_STATE_H
#define GRPOLAB_VIEWS_WHAT_IF_STATE_H

#include "engine/run/facts.h"

/* A group with other rewards or another objective, beside what it was: plain numbers, worked out by the
 * application with the engine's own arithmetic. Index 0 of a pair is what the run has, 1 what was edited. */

enum { WHAT_IF_REAL, WHAT_IF_EDITED, WHAT_IF_SIDES };
enum what_if_field { FIELD_LOSS, FIELD_STD, FIELD_EPS_LOW, FIELD_EPS_HIGH, FIELD_BETA, FIELD_RATIO, FIELD_N };
enum what_if_known { WHAT_IF_UNKNOWN, WHAT_IF_ASKED, WHAT_IF_KNOWN, WHAT_IF_STALE }; /* stale: edited since */

struct what_if_objective {
    int loss, std; /* as engine/rl/objective.h numbers them */
    double eps_low, eps_high, beta;
    char loss_name[12], std_name[12];
};

struct what_if {
    int64_t run, step; /* whose group is copied; n 0: none is */
    int group, n;
    int cursor; /* 0..n-1 a reward, n + enum what_if_field a setting */
    double reward[WHAT_IF_SIDES][WHAT_IF_GROUP];
    struct what_if_objective objective[WHAT_IF_SIDES];
    int after;           /* ratios as they stand after the step's update, where they are known; 0: all 1 */
    const char *why_not; /* why one update cannot be asked for, NULL: it can */

    /* Worked out of the above. */
    double mean[WHAT_IF_SIDES], std[WHAT_IF_SIDES], advantage[WHAT_IF_SIDES][WHAT_IF_GROUP];
    int flat[WHAT_IF_SIDES];
    double push[WHAT_IF_SIDES][WHAT_IF_GROUP]; /* dJ / dlogp of each token at ratio 1, the KL aside */
    struct what_if_tokens { /* of the followed completion: the sign of dJ / dlogp, its KL term included */
        int index, n;       /* n 0: nothing is known of its tokens */
        int has_ratio, has_kl;
        signed char sign[WHAT_IF_SIDES][SNAP_TOKENS];
        unsigned char clipped[WHAT_IF_SIDES][SNAP_TOKENS];
        int up[WHAT_IF_SIDES], down[WHAT_IF_SIDES], none[WHAT_IF_SIDES];
    } tokens;

    /* What one update on this group alone would bring, found in the background. */
    enum what_if_known known[WHAT_IF_SIDES];
    double change[WHAT_IF_SIDES][WHAT_IF_GROUP]; /* of a completion's log-probability, nats */
    double grad_norm[WHAT_IF_SIDES], kl[WHAT_IF_SIDES];
};

/* what_if_is_edited: whether row `at` (as cursor counts) differs from the run's; at -1: any. Pure. */
int what_if_is_edited(const struct what_if *w, int at);

#endif
