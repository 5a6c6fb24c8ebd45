#ifndef GRPOLAB_APP_SESSION_JUDGE_H
#define GRPOLAB_APP_SESSION_JUDGE_H

#include "app/session/session.h"

/* session_judge: a hand's verdict on what a run learns from, open or not; the open one's trainer then
 * reads its texts anew. text: EDITED: what a trace becomes, of the run's own words; NULL for a pair, which
 * is turned round. Errors: ST_NOTFOUND (no such text), ST_USAGE (steps were taken; a word that the run
 * does not know; an edited text that rules would be asked about; nothing would be left to learn from),
 * ST_BUSY (another process has the run). */
enum status session_judge(struct session *s, int64_t run, int place, enum example_verdict verdict,
                          const char *text, struct err *e);

#endif
