#ifndef GRPOLAB_APP_DESK_TEXTS_H
#define GRPOLAB_APP_DESK_TEXTS_H

#include "app/desk/desk.h"

/* desk_texts_show: the texts screen, of a run (0: of the open one, whichever that is). */
void desk_texts_show(struct desk *d, int64_t run);

/* desk_texts_judge: asks the engine for a verdict on the chosen text. words: EDITED: what a trace becomes;
 * NULL: a pair is turned round. Errors: ST_USAGE (nothing is chosen, the run has taken steps, a pair where
 * a trace is wanted or the other way round), ST_BUSY, ST_NOMEM. */
enum status desk_texts_judge(struct desk *d, enum example_verdict verdict, const char *words, struct err *e);

/* desk_texts_find: chooses the next text that has it; "": the search ends. Errors: ST_NOTFOUND. */
enum status desk_texts_find(struct desk *d, const char *text, struct err *e);

#endif
