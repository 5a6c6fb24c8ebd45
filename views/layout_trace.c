/* The composition of the trace screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TEXT, 2, 1, 0),
    PANE(PANE_TOKEN, 2, 1, 0),
    PANE(PANE_VALUE, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_trace[] = {{40, 10, any}, END};
