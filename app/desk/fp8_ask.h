#ifndef GRPOLAB_APP_DESK_FP8_ASK_H
#define GRPOLAB_APP_DESK_FP8_ASK_H

#include "app/session/aside.h"
#include "engine/run/fp8_stats.h"
#include "views/fp8_state.h"

/* fp8_ask: what the FP8 screen asks aside of a step; it has no further words. The answer is a struct
 * fp8_measure. */
extern const struct aside_kind fp8_ask;

/* fp8_measure_of: statistics as the screen has them; run and step are the caller's. Maps beyond FP8_TENSORS
 * are left out. Pure. */
void fp8_measure_of(const struct fp8_stats *s, struct fp8_measure *out);

#endif
