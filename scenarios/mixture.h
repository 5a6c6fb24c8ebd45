#ifndef GRPOLAB_SCENARIOS_MIXTURE_H
#define GRPOLAB_SCENARIOS_MIXTURE_H

#include "engine/rl/scenario.h"

/* Mixture: several tasks in one vocabulary, so that one model learns them all (R1 v1 section 2.3.4, RL for
 * all scenarios): countdown by rules, bilingual by rules and language, chat by preference.
 *
 * A struct problem of this task has the part's place in the mixture first, then the part's own values. */
enum { MIXTURE_PARTS = 3 };

extern const struct scenario scenario_mixture;

#endif
