/* The scenarios and their presets, one line each. */
#include <string.h>

#include "views/pane.h"
#include "views/scenarios_state.h"

/* The summary of the selected row in full, in the rows below the list. */
static void draw_summary(struct canvas *c, struct rect r, const char *text)
{
    int row = 0, col = 1;

    while (*text) {
        int n = (int)strcspn(text, " "), w = canvas_width(c, text, n);
        if (col > 1 && col + w > r.w - 1) {
            row++;
            col = 1;
        }
        canvas_text(c, r, row, col, STYLE_TEXT, text, n);
        col += w + 1;
        text += n + (text[n] == ' ');
    }
}

void pane_scenarios(struct canvas *c, struct rect r, const struct view *v)
{
    const struct scenarios_state *s = v->scenarios;
    struct rect inner = pane_frame(c, r, v, PANE_SCENARIOS, "scenarios and presets", "");
    struct list list;
    int i;

    if (!s || !s->list.n) {
        pane_note(c, inner, "no preset is built into this program");
        return;
    }
    list = s->list;
    list_clamp(&list, inner.h);
    for (i = 0; i < inner.h && list.top + i < list.n; i++) {
        const struct scenario_row *row = &s->row[list.top + i];
        int at = list.top + i, col;
        if (row->is_heading) {
            col = canvas_fit(c, inner, i, 1, inner.w - 2, STYLE_TITLE, row->name) + 2;
            canvas_fit(c, inner, i, col, inner.w - col - 1, STYLE_DIM, row->summary);
            continue;
        }
        canvas_put(c, inner, i, 1, STYLE_ACCENT, at == s->list.selected ? 0x25B8 : ' ');
        col = canvas_fit(c, inner, i, 3, inner.w - 4, at == s->list.selected ? STYLE_STRONG : STYLE_TEXT,
                         row->name);
        col = col < 19 ? 19 : col + 2;
        canvas_fit(c, inner, i, col, inner.w - col - 1, STYLE_DIM, row->summary);
        if (at == s->list.selected && v->focus != PANE_FORM)
            canvas_select(c, inner, i);
    }
    list_scrollbar(c, r, inner, &list);
    if (inner.h >= list.n + 4)
        draw_summary(c, rect_cut(inner, 0, list.n + 1, inner.w, inner.h - list.n - 1),
                     s->row[s->list.selected].summary);
    pane_foot(c, r, v->focus == PANE_FORM ? "tab here" : "enter edits   s starts", "");
}
