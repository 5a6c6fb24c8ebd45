/* The chain of runs that a preset is: what is done, what is under way, what is to come. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"

enum { TO_COME, NOW, FINISHED, REUSED };

/* One stage; brief leaves out gauge and value. Returns the column after it. */
static int draw_stage(struct canvas *c, struct rect r, int row, int col, const struct snap_stage *g,
                      int brief)
{
    char number[FORMAT_BYTES];
    double part;

    if (g->state == TO_COME)
        return canvas_text(c, r, row, col, STYLE_DIM, g->stage, -1);
    col = canvas_text(c, r, row, col, g->state == NOW ? STYLE_ACCENT : STYLE_TEXT, g->stage, -1);
    if (g->state == REUSED)
        return canvas_text(c, r, row, col, STYLE_DIM, " ✓ reused", -1);
    if (g->steps > 0)
        col =
            canvas_printf(c, r, row, col, STYLE_TEXT, " %lld/%lld", (long long)g->step, (long long)g->steps);
    else
        col = canvas_printf(c, r, row, col, STYLE_TEXT, " %lld", (long long)g->step);
    if (g->state == FINISHED)
        return canvas_text(c, r, row, col, STYLE_DIM, " ✓", -1);
    if (g->steps > 0 && !brief) {
        part = (double)g->step / (double)g->steps;
        meter_gauge(c, r, row, col + 1, 10, part, STYLE_ACCENT);
        col = canvas_printf(c, r, row, col + 12, STYLE_TEXT, "%.0f %%", part * 100);
    }
    if (isfinite(g->value) && !brief)
        col = canvas_printf(c, r, row, col, STYLE_DIM, "  %s %s",
                            !strcmp(g->stage, "grpo") ? "pass@1" : "loss", format_number(number, g->value));
    return col;
}

static int draw_chain(struct canvas *c, struct rect r, int row, const struct snapshot *s, int brief)
{
    int i, col = 1;

    for (i = 0; i < s->stages_n && i < SNAP_STAGES; i++) {
        if (i)
            col = canvas_text(c, r, row, col, STYLE_DIM, r.w < 60 ? " > " : "  ▸  ", -1);
        col = draw_stage(c, r, row, col, &s->stages[i], brief);
    }
    return col;
}

void pane_stages(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snapshot *s = v->now;
    struct rect inner = r;

    if (r.h >= 2)
        inner = pane_frame(c, r, v, PANE_STAGES, "stages", s ? s->preset : "");
    if (!s || s->stages_n < 1) {
        pane_note(c, inner, "a single stage");
        return;
    }
    /* Measured on a row that does not exist: nothing is drawn there. */
    draw_chain(c, inner, 0, s, draw_chain(c, inner, -1, s, 0) > inner.w);
}
