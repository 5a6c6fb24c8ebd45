#ifndef GRPOLAB_APP_OBJECTIVE_WORK_H
#define GRPOLAB_APP_OBJECTIVE_WORK_H

#include "app/desk/objective_numbers.h"

/* The arrays of one trace; too large for a stack that draws frames. */
struct objective_work {
    double logp[SNAP_TOKENS], old[SNAP_TOKENS], ref[SNAP_TOKENS], entropy[SNAP_TOKENS];
    double critic[SNAP_TOKENS]; /* ppo: the advantage of each token */
    double ratio[SNAP_TOKENS], kl[SNAP_TOKENS], grad[SNAP_TOKENS], free_grad[SNAP_TOKENS],
        policy_grad[SNAP_TOKENS];
    unsigned char clipped[SNAP_TOKENS];
    double reward[SNAP_TRACES], advantage[SNAP_TRACES];
};

/* objective_critic: ppo's part of x and the advantages of all tokens: of the step that was taken once more, else
 * as far as the step at hand shows it; NaN where neither is known. */
void objective_critic(const struct snap_follow *f, const struct trace_facts *facts, int n,
                      struct objective_state *x, struct objective_work *w);
/* objective_apart: the terms of a loss of single tokens or sequences, from w's n tokens and x's advantage. */
void objective_apart(struct objective_state *x, struct objective_work *w, int n);

#endif
