/* Help and settings, over the screen: rows of a table that the caller has. */
#include "views/pane.h"
#include "views/paragraph.h"

enum { NARROW = 60 };

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

int pane_overlay_lines(int w)
{
    return w < NARROW ? 2 : 1;
}

/* What a row says on two lines: as much as fits behind the key, where there is
 * room, and the rest below it. */
static void draw_what_below(struct canvas *c, struct rect r, int at, int col, const char *what)
{
    const char *rest = what;
    int n;

    if (r.w - col - 1 > 8) {
        n = paragraph_break(c, what, r.w - col - 1, &rest);
        canvas_text(c, r, at, col, STYLE_TEXT, what, n);
    }
    canvas_fit(c, r, at + 1, 4, r.w - 5, STYLE_TEXT, rest);
}

/* A row that has `lines` lines from `at` on. */
static void draw_row(struct canvas *c, struct rect r, int at, int lines, const struct view_row *row,
                     int keys, int values)
{
    int col = keys + 4;

    if (!row->key) {
        canvas_fit(c, r, at, 1, r.w - 2, STYLE_TITLE, row->what);
        return;
    }
    canvas_fit(c, r, at, 2, keys, row->marked ? STYLE_STRONG : STYLE_KEY, row->key);
    if (values) {
        canvas_fit(c, r, at, col, values, row->marked ? STYLE_WARNING : STYLE_TEXT,
                   row->value ? row->value : "");
        if (row->marked)
            canvas_put(c, r, at, col - 1, STYLE_WARNING, 0x25AA);
        col += values + 2;
    }
    if (lines > 1)
        draw_what_below(c, r, at, values ? r.w : canvas_width(c, row->key, -1) + 4, row->what);
    else
        canvas_fit(c, r, at, col, r.w - col - 1, STYLE_TEXT, row->what);
}

void pane_overlay(struct canvas *c, struct rect r, const struct view *v)
{
    struct list list = v->overlay_list;
    struct rect inner;
    int i, k, keys = key_width(c, v), values = value_width(c, v), lines = pane_overlay_lines(r.w);

    canvas_fill(c, r, STYLE_TEXT, ' ');
    canvas_box(c, r, STYLE_FOCUS);
    list.n = v->rows_n;
    inner = rect_cut(r, 1, 1, r.w - 2, r.h - 2);
    list_clamp(&list, inner.h / lines);
    canvas_printf(c, rect_cut(r, 0, 0, r.w - 1, 1), 0, 2, STYLE_TITLE, " %s ",
                  v->overlay_title ? v->overlay_title : "");
    canvas_text(c, r, r.h - 1, r.w - 14, STYLE_DIM, " esc closes ", -1);
    for (i = 0; (i + 1) * lines <= inner.h && list.top + i < list.n; i++) {
        draw_row(c, inner, i * lines, lines, &v->rows[list.top + i], keys, values);
        for (k = 0; k < lines && v->overlay == OVERLAY_SETTINGS && list.top + i == list.selected; k++)
            canvas_select(c, inner, i * lines + k);
    }
    list.n *= lines;
    list.top *= lines;
    list_scrollbar(c, r, inner, &list);
}
