/* The composition of the scenarios screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCENARIOS, 2, 1, 0),
    PANE(PANE_FORM, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_scenarios[] = {{40, 10, any}, END};
