#ifndef GRPOLAB_APP_OBJECTIVE_WORK_H
#define GRPOLAB_APP_OBJECTIVE_WORK_H

#include "app/desk/objective_numbers.h"

/* The groups of a step in the order of its first epoch; the trace's update has order[from..to-1]. */
struct objective_parts {
    int order[SNAP_TRACES], groups_n, parts_n, from, to;
};

/* The arrays of one trace; too large for a stack that draws frames. */
struct objective_work {
    double logp[SNAP_TOKENS], old[SNAP_TOKENS], ref[SNAP_TOKENS], entropy[SNAP_TOKENS];
    double critic[SNAP_TOKENS]; /* ppo: the advantage of each token */
    double ratio[SNAP_TOKENS], kl[SNAP_TOKENS], grad[SNAP_TOKENS], free_grad[SNAP_TOKENS],
        policy_grad[SNAP_TOKENS];
    unsigned char clipped[SNAP_TOKENS];
    double reward[SNAP_TRACES], advantage[SNAP_TRACES];
    struct objective_parts parts;
};

/* objective_parts: p, and which mini-batch x's trace is in. objective_scope: the sequences, tokens and
 * micro-batches of that one, and of the whole step the policy loss at ratio 1, the mean over its mini-batches
 * (objective_scope.c). */
void objective_parts(const struct snapshot *s, const struct settings *set, uint64_t seed,
                     struct objective_state *x, struct objective_parts *p);
void objective_scope(const struct snapshot *s, const struct settings *set, struct objective_state *x,
                     const struct objective_parts *p);

/* objective_pair: dpo's part of x: the pairs of the step and of the trace's mini-batch, and the numbers of
 * the pair that is chosen of those that have the trace. facts: of the trace; the sums of the group are known
 * where group_n is its size (objective_pair.c). */
void objective_pair(const struct snapshot *s, const struct settings *set, const struct trace_facts *facts,
                    struct objective_state *x, const struct objective_parts *p);

/* objective_critic: ppo's part of x and the advantages of all tokens: of the step that was taken once more, else
 * as far as the step at hand shows it; NaN where neither is known. */
void objective_critic(const struct snap_follow *f, const struct trace_facts *facts, int n,
                      struct objective_state *x, struct objective_work *w);
/* objective_apart: the terms of a loss of single tokens or sequences, from w's n tokens and x's advantage. */
void objective_apart(struct objective_state *x, struct objective_work *w, int n);

#endif
