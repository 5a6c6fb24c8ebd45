#ifndef GRPOLAB_APP_DESK_FORM_H
#define GRPOLAB_APP_DESK_FORM_H

#include "app/desk/desk_scenarios.h"
#include "views/scenarios_state.h"

/* What the scenarios screen and its form share. */

/* What the panes do not see. The state is the first member: the view's pointer to it is one to this. */
struct scenarios_desk {
    struct scenarios_state state;
    struct settings preset, set;
    uint64_t preset_seed, seed;
    int is_listed;
};

struct scenarios_desk *scenarios_of(struct desk *d);

/* form_fill: the rows anew from both sets; the selected row stays. form_selected: NULL: there are none. */
void form_fill(struct scenarios_desk *k);
struct form_row *form_selected(struct scenarios_state *s);
/* form_change: a row's setting as typed; the rows are made anew. Errors: ST_USAGE. form_turn: the selected
 * row's next (by 1) or former (-1) choice, the other of two, or a number a little further. */
enum status form_change(struct scenarios_desk *k, const struct form_row *r, const char *value, struct err *e);
void form_turn(struct desk *d, int by);

#endif
