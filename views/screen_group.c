/* The panes of the group screen. */
#include "views/group_state.h"
#include "views/pane.h"

void pane_completions(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_COMPLETIONS, "completions", ""), "nothing to show yet");
}

void pane_completion(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_COMPLETION, "completion", ""), "nothing to show yet");
}
