#ifndef GRPOLAB_APP_LESSON_RUNS_H
#define GRPOLAB_APP_LESSON_RUNS_H

#include "app/script/lesson.h"
#include "app/session/engine.h"

/* The runs that lessons make. They are called lesson-NAME, their forks lesson-NAME-2 and so on, so that
 * they are told from one's own in the list, and can be deleted together (LESSON_RUNS, app/session/session.h). */

/* lesson_run: completes an ENGINE_NEW that a lesson gives: its name and, where a run of an earlier evening
 * has the same settings, seed, program and machine and ends just where the page's `to STEP` leads, that run
 * (m->run_id), which is then opened. One that went further is not used: its curves would show what the
 * lesson asks to guess. Nothing while no lesson is open, or when m names the run itself. */
void lesson_run(struct desk *d, struct engine_message *m);

/* lesson_runs_n: how many are on record; base and cold starts, which every lesson uses again, do not count. */
int lesson_runs_n(struct desk *d);

/* lesson_leave: closes the lesson and says what it leaves behind. */
void lesson_leave(struct desk *d);

#endif
