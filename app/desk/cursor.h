#ifndef GRPOLAB_APP_CURSOR_H
#define GRPOLAB_APP_CURSOR_H

#include "app/command/request.h"
#include "views/layout.h"

struct desk;

/* Where there are curves that it can stand in. */
enum {
    CURSOR_SCREENS = 1 << SCREEN_DASHBOARD | 1 << SCREEN_LEARNING | 1 << SCREEN_EXPERTS |
                     1 << SCREEN_COMPARE | 1 << SCREEN_EVALUATION
};

/* The cursor of all curves, from step to step of those that are kept, and what else is asked of curves. */

/* cursor_toggle: the cursor comes to the step that is looked at and takes the keys of movement, or goes. */
void cursor_toggle(struct desk *d);
/* cursor_move: by kept steps; it stays at the first and the last. */
void cursor_move(struct desk *d, int by);
/* cursor_request: 1: a key that was meant for the cursor. */
int cursor_request(struct desk *d, enum request r);

/* smoothing_next: none, some, much, very much, none. */
void smoothing_next(struct desk *d);

#endif
