#ifndef GRPOLAB_APP_DESK_BACK_H
#define GRPOLAB_APP_DESK_BACK_H

#include "app/desk/desk.h"

/* `:when`: a search of the open run backwards in time that takes as many turns of the loop as it needs.
 * While it goes on, d->back is there and the status line tells how far it has looked. */

/* What a turn of the loop may spend on it, seconds; keys are read in between. */
#define DESK_BACK_TURN 0.004

/* desk_back_begin: from the step before the one that is looked at; replaces a search under way.
 * desk_back_go has to follow. Errors: ST_USAGE (no condition, no run is open). */
enum status desk_back_begin(struct desk *d, const char *text, struct err *e);

/* desk_back_go: goes on for about that long, at least one block of steps. When it has come to an end
 * (d->back is NULL) the step that was found is looked at. Errors: ST_NOTFOUND (it has not held), those of
 * the store. */
enum status desk_back_go(struct desk *d, double seconds, struct err *e);

/* desk_back_stop: gives it up; what is looked at stays. Nothing where none is under way. */
void desk_back_stop(struct desk *d);

#endif
