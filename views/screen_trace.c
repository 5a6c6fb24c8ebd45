/* The panes of the trace screen. */
#include "views/trace_state.h"
#include "views/pane.h"

void pane_text(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_TEXT, "text", ""), "nothing to show yet");
}

void pane_token(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_TOKEN, "token", ""), "nothing to show yet");
}

void pane_value(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_VALUE, "value", ""), "nothing to show yet");
}
