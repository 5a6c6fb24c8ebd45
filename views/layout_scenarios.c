/* The compositions of the scenarios screen: the presets beside the form, or above it. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 10, 1, 0),
    PANE(PANE_SCENARIOS, 34, 1, 46), PANE(PANE_FORM, 70, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node narrow[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCENARIOS, 3, 1, 10),
    PANE(PANE_FORM, 5, 4, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_scenarios[] = {{106, 14, wide}, {40, 10, narrow}, END};
