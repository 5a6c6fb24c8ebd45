/* The composition of the compare screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPARE, 2, 1, 0),
    PANE(PANE_DIFFERENCE, 2, 1, 0),
    PANE(PANE_BOTH, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_compare[] = {{40, 10, any}, END};
