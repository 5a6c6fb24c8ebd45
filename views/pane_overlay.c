/* Help and settings, over the screen: rows of a table that the caller has. */
#include <stdio.h>

#include "views/pane.h"

static int key_width(const struct canvas *c, const struct view *v)
{
    int i, w, widest = 4;

    for (i = 0; i < v->rows_n; i++) {
        w = v->rows[i].key ? canvas_width(c, v->rows[i].key, -1) : 0;
        widest = w > widest ? w : widest;
    }
    return widest > 28 ? 28 : widest;
}

static int value_width(const struct canvas *c, const struct view *v)
{
    int i, w, widest = 0;

    for (i = 0; i < v->rows_n; i++) {
        w = v->rows[i].value ? canvas_width(c, v->rows[i].value, -1) : 0;
        widest = w > widest ? w : widest;
    }
    return widest > 16 ? 16 : widest;
}

void pane_overlay(struct canvas *c, struct rect r, const struct view *v)
{
    struct list list = v->overlay_list;
    struct rect inner;
    char right[64];
    int i, keys = key_width(c, v), values = value_width(c, v), col;

    canvas_fill(c, r, STYLE_TEXT, ' ');
    canvas_box(c, r, STYLE_FOCUS);
    list.n = v->rows_n;
    list_clamp(&list, r.h - 2);
    snprintf(right, sizeof right, "esc closes");
    canvas_printf(c, rect_cut(r, 0, 0, r.w - 1, 1), 0, 2, STYLE_TITLE, " %s ",
                  v->overlay_title ? v->overlay_title : "");
    if (r.w > 40)
        canvas_printf(c, r, r.h - 1, r.w - 14, STYLE_DIM, " %s ", right);
    inner = rect_cut(r, 1, 1, r.w - 2, r.h - 2);
    for (i = 0; i < inner.h && list.top + i < list.n; i++) {
        const struct view_row *row = &v->rows[list.top + i];
        if (!row->key) {
            canvas_fit(c, inner, i, 1, inner.w - 2, STYLE_TITLE, row->what);
            continue;
        }
        canvas_fit(c, inner, i, 2, keys, row->marked ? STYLE_STRONG : STYLE_KEY, row->key);
        col = keys + 4;
        if (values) {
            canvas_fit(c, inner, i, col, values, row->marked ? STYLE_WARNING : STYLE_TEXT,
                       row->value ? row->value : "");
            if (row->marked)
                canvas_put(c, inner, i, col - 1, STYLE_WARNING, 0x25AA);
            col += values + 2;
        }
        canvas_fit(c, inner, i, col, inner.w - col - 1, STYLE_TEXT, row->what);
        if (v->overlay == OVERLAY_SETTINGS && list.top + i == list.selected)
            canvas_select(c, inner, i);
    }
    list_scrollbar(c, r, inner, &list);
}
