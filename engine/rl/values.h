#ifndef GRPOLAB_RL_VALUES_H
#define GRPOLAB_RL_VALUES_H

#include "engine/rl/learner.h"

/* values_of: what the value head says of n sequences, without a gradient.
 *   w [params.total], bias [moe_layers, E]: the weights to ask, of the learner's shapes (l->w, l->bias: its own)
 *   value [n, stride] out: value[i*stride + t] once token t of sequence i has been read, t < sequence[i].n <= stride.
 *   A reward model's score of a whole answer is the last one.
 * Uses the learner's workspaces and clears its loads; weights, gradients and moments stay. Any number of
 * sequences. Errors: ST_USAGE (no value head, a sequence too long), ST_CANCELLED, ST_NONFINITE. Threads: as
 * learner_pass. */
enum status values_of(struct learner *l, const real *w, const real *bias, const struct sequence *sequence,
                      int n, int stride, float *value, const struct gate *gate, struct err *e);

#endif
