/* The composition of the group screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPLETIONS, 2, 1, 0),
    PANE(PANE_COMPLETION, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_group[] = {{40, 10, any}, END};
