#ifndef GRPOLAB_APP_SESSION_TEACHER_H
#define GRPOLAB_APP_SESSION_TEACHER_H

#include "app/session/session.h"

/* session_teacher: a cold start with cold.distill gets its teacher: run cold.teacher after step
 * cold.teacher_step, replayed there from its nearest keyframe where it has gone on since, each replayed step
 * compared by digest. Nothing to do for other trainers; a run that is no longer on record is left out, and
 * the first step then says so. Errors: trainer_teacher's; ST_CORRUPT (the replay differs); ST_USAGE (the run
 * has fewer steps). The record is only read. */
enum status session_teacher(struct session *s, struct trainer *t, struct err *e);

#endif
