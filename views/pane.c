/* What panes share: borders, titles, notes.
 *
 * A border costs two rows and two columns. Where the screen is small that is too much, and a
 * title line alone separates the panes. */
#include "views/pane.h"

#include <math.h>
#include <string.h>

int pane_is_boxed(const struct canvas *c, struct rect r)
{
    return c->h >= 28 && c->w >= 60 && r.h >= 3 && r.w >= 12;
}

struct rect pane_frame(struct canvas *c, struct rect r, const struct view *v, enum pane_id pane,
                       const char *title, const char *right)
{
    int boxed = pane_is_boxed(c, r), focused = v->focus == pane && pane != PANE_NONE, i, room = r.w - 4;
    enum style line = focused ? STYLE_FOCUS : STYLE_BORDER;

    if (boxed)
        canvas_box(c, r, line);
    else
        for (i = 0; i < r.w; i++)
            canvas_put(c, r, 0, i, line, 0x2500);
    if (right && *right) {
        int w = canvas_width(c, right, -1);
        if (w + 2 <= room * 2 / 3 || (w <= room && !*title)) {
            canvas_put(c, r, 0, r.w - 3 - w, line, ' ');
            canvas_text(c, r, 0, r.w - 2 - w, STYLE_STRONG, right, -1);
            canvas_put(c, r, 0, r.w - 2, line, ' ');
            room -= w + 3;
        }
    }
    if (*title && room > 0) {
        int end =
            canvas_fit(c, rect_cut(r, 0, 0, r.w, 1), 0, 2, room, focused ? STYLE_FOCUS : STYLE_TITLE, title);
        canvas_put(c, r, 0, 1, line, ' ');
        canvas_put(c, r, 0, end, line, ' ');
    }
    if (boxed)
        return rect_cut(r, 1, 1, r.w - 2, r.h - 2);
    return rect_cut(r, 0, 1, r.w, r.h - 1);
}

void pane_foot(struct canvas *c, struct rect r, const char *left, const char *right)
{
    int end = 1, w;

    if (!pane_is_boxed(c, r))
        return;
    if (left && *left) {
        w = canvas_width(c, left, -1);
        if (w <= r.w - 4) {
            canvas_put(c, r, r.h - 1, 1, STYLE_DIM, ' ');
            end = canvas_text(c, r, r.h - 1, 2, STYLE_DIM, left, -1);
            canvas_put(c, r, r.h - 1, end++, STYLE_DIM, ' ');
        }
    }
    if (right && *right) {
        w = canvas_width(c, right, -1);
        if (end + w + 4 <= r.w) {
            canvas_put(c, r, r.h - 1, r.w - 3 - w, STYLE_DIM, ' ');
            canvas_text(c, r, r.h - 1, r.w - 2 - w, STYLE_DIM, right, -1);
            canvas_put(c, r, r.h - 1, r.w - 2, STYLE_DIM, ' ');
        }
    }
}

void pane_note(struct canvas *c, struct rect r, const char *text)
{
    int w = canvas_width(c, text, -1), col = (r.w - w) / 2;

    canvas_fit(c, r, r.h / 2, col < 1 ? 1 : col, r.w - 2, STYLE_DIM, text);
}

double pane_metric(const struct view *v, enum metric m)
{
    if (v->now && isfinite(v->now->metric[m]))
        return v->now->metric[m];
    if (v->history && v->history->n)
        return history_last(v->history, m, v->now ? v->now->committed : -1);
    return NAN;
}
