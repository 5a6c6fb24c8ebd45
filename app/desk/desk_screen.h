#ifndef GRPOLAB_APP_DESK_SCREEN_H
#define GRPOLAB_APP_DESK_SCREEN_H

#include "app/desk/desk.h"

/* What the desk does for one screen: a row of functions, NULL where there is nothing to do. The state that
 * they share with the panes is the view's. */
struct desk_screen {
    enum status (*init)(struct desk *d, struct err *e);   /* once */
    void (*release)(struct desk *d);                      /* also after a failed init */
    /* Before a frame in which the screen is seen: reads what it shows and no more; returns whether there
     * is more to read at once. */
    int (*refresh)(struct desk *d);
    /* A key on this screen, no overlay being open; 1: it was meant for the screen. */
    int (*request)(struct desk *d, enum request r, int argument);
};

/* desk_motion: how many rows of a list a key moves by, `page` for a page, more than any list has for its
 * ends; 0: it is none of these keys. */
int desk_motion(enum request r, int page);

extern const struct desk_screen desk_runs, desk_group, desk_what_if, desk_trace, desk_experts,
    desk_objective, desk_compare,
    desk_evaluation, desk_scenarios, desk_recipe, desk_texts, desk_schedule, desk_fp8,
    desk_oracle;

/* desk_screen: of a screen; its functions are NULL where the desk itself does all. */
const struct desk_screen *desk_screen(enum screen_id s);

#endif
