#ifndef GRPOLAB_APP_DESK_ORACLE_ASK_H
#define GRPOLAB_APP_DESK_ORACLE_ASK_H

#include "app/session/aside.h"
#include "engine/run/oracle.h"
#include "views/oracle_state.h"

/* oracle_ask: what the oracle screen asks aside of a step; it has no further words. The answer is a struct
 * oracle_known. */
extern const struct aside_kind oracle_ask;

/* oracle_usual: the question of the screen and of the command line: all prompts of a step, 64 batches of the
 * run's group each. Pure. */
struct oracle_settings oracle_usual(const struct trainer *t);
/* oracle_known_of: the engine's numbers as the screen has them; run and step are the caller's. Where the
 * run's own std is none there is one row a loss. Pure. */
void oracle_known_of(const struct oracle *o, struct oracle_known *out);

#endif
