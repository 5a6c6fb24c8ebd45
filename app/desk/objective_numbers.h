#ifndef GRPOLAB_APP_OBJECTIVE_NUMBERS_H
#define GRPOLAB_APP_OBJECTIVE_NUMBERS_H

#include "app/desk/desk.h"
#include "engine/rl/objective.h"
#include "views/objective_state.h"

/* From a moment of a run to the numbers of its objective. Nothing here asks anybody or draws. */

/* objective_compute: all of x but the list and what was asked for, of the trace that is followed and the
 * token under the cursor; x->missing says why there is nothing. */
void objective_compute(struct desk *d, struct objective_state *x);

/* objective_settings: the part of x that the settings of a run say. objective_of: the engine's form of it,
 * with x->baseline as the mean that a running baseline stands for. */
void objective_settings(const struct settings *set, struct objective_state *x);
struct objective objective_of(const struct objective_state *x);

/* objective_is_masked: whether the loss leaves trace i of the snapshot out: the trainer's rule. */
int objective_is_masked(const struct snapshot *s, const struct settings *set, int i);
/* objective_baseline: what reinforce compared the step's rewards with; all its traces have advantages. */
double objective_baseline(const struct snapshot *s, enum shown_baseline against);

#endif
