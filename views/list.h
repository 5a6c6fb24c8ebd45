#ifndef GRPOLAB_VIEWS_LIST_H
#define GRPOLAB_VIEWS_LIST_H

#include "views/canvas.h"

/* A list that scrolls and has one row selected. The owner sets n; all functions keep
 * 0 <= selected < n (or 0 when empty) and the selected row within the rows that are seen. */
struct list {
    int n, selected, top;
};

void list_clamp(struct list *l, int rows);
/* list_move: by that many rows, up when negative. */
void list_move(struct list *l, int by, int rows);
/* list_scrollbar: a thumb in the last column of the frame, beside the rows of body, only when not everything
 * fits. */
void list_scrollbar(struct canvas *c, struct rect frame, struct rect body, const struct list *l);

#endif
