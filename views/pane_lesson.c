/* The narration of a lesson. */
#include "views/pane.h"

void pane_lesson(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_LESSON, "lesson", ""), "nothing to show yet");
}
