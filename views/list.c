/* A scrolling list: selection and window, nothing else. */
#include "views/list.h"

void list_clamp(struct list *l, int rows)
{
    if (rows < 1)
        rows = 1;
    if (l->selected >= l->n)
        l->selected = l->n - 1;
    if (l->selected < 0)
        l->selected = 0;
    if (l->selected < l->top)
        l->top = l->selected;
    if (l->selected >= l->top + rows)
        l->top = l->selected - rows + 1;
    if (l->top > l->n - rows)
        l->top = l->n - rows;
    if (l->top < 0)
        l->top = 0;
}

void list_move(struct list *l, int by, int rows)
{
    long long to = (long long)l->selected + by;

    l->selected = to < 0 ? 0 : to >= l->n ? l->n - 1 : (int)to;
    list_clamp(l, rows);
}

void list_scrollbar(struct canvas *c, struct rect frame, struct rect body, const struct list *l)
{
    int size, at, i;

    if (l->n <= body.h || body.h < 2 || frame.w < 2)
        return;
    size = body.h * body.h / l->n;
    size = size < 1 ? 1 : size;
    at = (int)((long long)l->top * (body.h - size) / (l->n - body.h));
    at = at > body.h - size ? body.h - size : at;
    for (i = at; i < at + size; i++)
        canvas_put(c, frame, body.y - frame.y + i, frame.w - 1, STYLE_DIM, 0x2503);
}
