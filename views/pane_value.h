#ifndef GRPOLAB_VIEWS_PANE_VALUE_H
#define GRPOLAB_VIEWS_PANE_VALUE_H

#include "engine/run/facts.h"

/* pane_value_turn: the neighbouring places with the largest difference in success; what lies between,
 * tokens *from..*to-1, made it. *is_clear: their 95 % ranges (Wilson) do not overlap. Returns 0 where
 * there are not two places or all have the same rate. facts may be NULL. Pure. */
int pane_value_turn(const struct trace_facts *f, int *from, int *to, int *is_clear);

#endif
