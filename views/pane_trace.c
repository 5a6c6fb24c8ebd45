/* The trace pane of the dashboard: one trace as it is sampled, with what is known about each part of it. */
#include <stdio.h>

#include "views/pane.h"
#include "views/trace_text.h"

enum { LEGEND = 8 };

void pane_trace(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snap_follow *f = trace_text_follow(v);
    struct rect inner;
    char title[192], right[64];

    if (!f) {
        inner = pane_frame(c, r, v, PANE_TRACE, "trace", "");
        pane_note(c, inner, trace_text_missing(v));
        return;
    }
    trace_text_title(v, title, sizeof title);
    snprintf(right, sizeof right, "%d tokens", f->tokens_n);
    inner = pane_frame(c, r, v, PANE_TRACE, title, right);
    if (pane_is_boxed(c, r)) {
        trace_text_legend(c, r, r.h - 1, NULL);
    } else if (inner.h >= LEGEND) {
        trace_text_legend(c, inner, inner.h - 1, NULL);
        inner.h--;
    }
    trace_text_show(c, rect_cut(inner, 1, 0, inner.w - 1, inner.h), v, v->trace_up);
}
