/* The panes of the scenarios screen. */
#include "views/scenarios_state.h"
#include "views/pane.h"

void pane_scenarios(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_SCENARIOS, "scenarios", ""), "nothing to show yet");
}

void pane_form(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_FORM, "form", ""), "nothing to show yet");
}
