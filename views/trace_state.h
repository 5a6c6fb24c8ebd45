#ifndef GRPOLAB_VIEWS_TRACE_STATE_H
#define GRPOLAB_VIEWS_TRACE_STATE_H

#include "engine/base/str.h"
#include "engine/run/snapshot.h"
#include "views/objective_state.h"

/* What the trace screen shows and how it is looked at, beyond what every screen has. */

/* What the tokens' colours tell. */
enum trace_overlay {
    TRACE_PLAIN, TRACE_PROBABILITY, TRACE_ENTROPY, TRACE_ADVANTAGE, TRACE_RATIO, TRACE_CLIPPED, TRACE_KL,
    TRACE_EXPERT, TRACE_DRAFT, TRACE_OVERLAY_N
};

/* Which trace, and how much of it, something is about. */
struct trace_asked {
    int64_t run, step;
    int group, index, n;
};

struct trace_state {
    enum trace_overlay overlay;
    int layer;                     /* of TRACE_EXPERT, among the MoE layers */
    double forking;                /* nats from which an entropy is among the top 20 %; NaN: not known */
    int forking_of_step;           /* of all traces of the step; 0: of this trace alone */
    int token_id;                  /* in the vocabulary, of the token that is shown; -1: not known */

    /* The objective's terms of the first terms_n tokens, from facts of the followed trace. */
    int terms_n, has_ratio;        /* has_ratio: the step is finished */
    int is_sequence;               /* one ratio for the whole trace (r1, gspo) */
    double ratio[SNAP_TOKENS];     /* new policy to old; where is_sequence, [0] and all others are equal */
    double kl[SNAP_TOKENS];        /* the run's estimator at the old policy, nats; NaN for those that have none */
    unsigned char clipped[SNAP_TOKENS];
    double eps_low, eps_high;      /* 0, 0: the run's settings are not known */
    enum shown_loss loss;          /* of the run; dpo: its loss has neither ratio nor KL */
    enum shown_kl estimator;

    int is_racing;                 /* the run goes on too fast to ask about a trace */
    char refused[256];             /* why the last question could not be put; "" */
    struct trace_asked asked;
    uint64_t terms_version;        /* of the facts that the terms were made from */
    struct trace_asked terms_of;
    int64_t forking_run, forking_step;
    double forking_step_value;
    struct str vocabulary; /* of the run vocabulary_of: words between blanks, in the order of their ids */
    int64_t vocabulary_of;
};

#endif
