/* Panes of a large dashboard. */
#include "views/pane.h"

void pane_phases(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_PHASES, "phases", ""), "nothing to show yet");
}

void pane_clip(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_CLIP, "clip", ""), "nothing to show yet");
}

void pane_grpo_gradient(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_GRPO_GRADIENT, "grpo_gradient", ""), "nothing to show yet");
}

void pane_flat(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_FLAT, "flat", ""), "nothing to show yet");
}

void pane_speed(struct canvas *c, struct rect r, const struct view *v)
{
    pane_note(c, pane_frame(c, r, v, PANE_SPEED, "speed", ""), "nothing to show yet");
}
