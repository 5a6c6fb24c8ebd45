#ifndef GRPOLAB_RL_PROCESS_H
#define GRPOLAB_RL_PROCESS_H

#include "engine/rl/batch.h"

/* A step-wise reward by rule: a step is an equation of the trace, right or wrong as the task's analysis found
 * it. DeepSeekMath compared such process supervision with rewards of the outcome (Math section 4.1.3); R1
 * gave it up, for steps are hard to define and a reward on them is soon hacked (R1 v1 section 4.2). Here the
 * trace as a whole is given what its steps earn; Math hands each token the rewards of the steps that follow
 * it.
 *   sum   right - wrong: what is right can be said again and again, so a longer trace earns more
 *   mean  (right - wrong) / equations, -1..1: saying it again earns nothing, one safe equation earns all */
enum process_rule { PROCESS_SUM, PROCESS_MEAN, PROCESS_RULES };
#define PROCESS_CHOICES "sum mean"

/* process_reward: dimensionless and before its weight; 0 for a trace without equations. Pure. */
double process_reward(const struct trace_counts *c, enum process_rule rule);

#endif
