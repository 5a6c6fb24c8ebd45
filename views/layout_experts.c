/* The composition of the experts screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOAD, 2, 1, 0),
    PANE(PANE_MAX_VIO, 2, 1, 0),
    PANE(PANE_BIAS, 2, 1, 0),
    PANE(PANE_SERVED, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_experts[] = {{40, 10, any}, END};
