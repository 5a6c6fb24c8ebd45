/* The panes of the compare screen. */
#include "views/compare_state.h"
#include "views/pane.h"

void pane_compare(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_COMPARE, "compare", ""), "nothing to show yet");
}

void pane_difference(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_DIFFERENCE, "difference", ""), "nothing to show yet");
}

void pane_both(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_BOTH, "both", ""), "nothing to show yet");
}
