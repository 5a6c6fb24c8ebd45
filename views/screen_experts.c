/* The panes of the experts screen. */
#include "views/experts_state.h"
#include "views/pane.h"

void pane_load(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_LOAD, "load", ""), "nothing to show yet");
}

void pane_max_vio(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_MAX_VIO, "max_vio", ""), "nothing to show yet");
}

void pane_bias(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_BIAS, "bias", ""), "nothing to show yet");
}

void pane_served(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_SERVED, "served", ""), "nothing to show yet");
}
