#ifndef GRPOLAB_APP_ENGINE_TURNS_H
#define GRPOLAB_APP_ENGINE_TURNS_H

#include "app/session/engine.h"

/* What the engine's thread does about turns. For engine.c. */

/* engine_begin_turns: ENGINE_TURNS. engine_begin_race: ENGINE_RACE; a fork for each argument, all of the same
 * step; the last is the open run then, the others have turns with it. Errors: session_fork's and
 * turns_begin's; forks that were made before one failed stay. */
enum status engine_begin_turns(struct engine *en, const struct engine_message *m, struct err *e);
enum status engine_begin_race(struct engine *en, const struct engine_message *m, struct err *e);
/* engine_leave_turns: ends them where another run has been opened. engine_show_turns: for engine_turns. */
void engine_leave_turns(struct engine *en);
void engine_show_turns(struct engine *en);

#endif
