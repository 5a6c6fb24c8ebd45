/* A strip below any screen: the screen is laid out in the rows that are left, and its status line stays the
 * last one. Where that would be less than a screen needs, its largest pane alone keeps the strip company. */
#include "views/layout.h"

static void put(struct layout *l, enum pane_id pane, int y, int w, int h)
{
    if (l->n < LAYOUT_MAX && h > 0)
        l->place[l->n++] = (struct place){pane, {0, y, w, h}};
}

static enum pane_id largest(const struct layout *l)
{
    enum pane_id pane = PANE_NONE;
    int i, most = 0;

    for (i = 0; i < l->n; i++) {
        const struct rect *r = &l->place[i].rect;
        if (l->place[i].pane > PANE_TOO_SMALL && r->w * r->h > most) {
            most = r->w * r->h;
            pane = l->place[i].pane;
        }
    }
    return pane;
}

void layout_strip(struct layout *l, enum screen_id screen, int w, int h, enum pane_id zoom,
                  enum pane_id strip, int rows)
{
    enum { LEAST = 3 };
    enum pane_id alone;
    int i;

    layout_make(l, screen, w, h, zoom);
    if (layout_find(l, PANE_TOO_SMALL) || rows < 1)
        return;
    if (h - rows >= LAYOUT_MIN_H) {
        layout_make(l, screen, w, h - rows, zoom);
        for (i = 0; i < l->n; i++)
            if (l->place[i].pane == PANE_STATUS)
                l->place[i].rect.y += rows;
        put(l, strip, h - rows - 1, w, rows);
        return;
    }
    alone = zoom != PANE_NONE ? zoom : largest(l);
    rows = rows > h - 2 - LEAST ? h - 2 - LEAST : rows;
    l->n = 0;
    put(l, PANE_HEADER, 0, w, 1);
    put(l, alone, 1, w, h - 2 - rows);
    put(l, strip, h - rows - 1, w, rows);
    put(l, PANE_STATUS, h - 1, w, 1);
}
