/* The composition of the objective screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_OBJECTIVE, 2, 1, 0),
    PANE(PANE_TERMS, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_objective[] = {{40, 10, any}, END};
