/* What one update on an edited group would bring. */
#include "views/pane.h"

void pane_what_if(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_WHAT_IF, "what_if", ""), "nothing to show yet");
}
