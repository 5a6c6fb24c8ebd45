/* The panes of the evaluation screen. */
#include "views/evaluation_state.h"
#include "views/pane.h"

void pane_evaluations(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_EVALUATIONS, "evaluations", ""), "nothing to show yet");
}

void pane_difficulty(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_DIFFICULTY, "difficulty", ""), "nothing to show yet");
}

void pane_problems(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_PROBLEMS, "problems", ""), "nothing to show yet");
}
