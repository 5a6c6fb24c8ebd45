/* The panes of the objective screen. */
#include "views/objective_state.h"
#include "views/pane.h"

void pane_objective(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_OBJECTIVE, "objective", ""), "nothing to show yet");
}

void pane_terms(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_TERMS, "terms", ""), "nothing to show yet");
}
