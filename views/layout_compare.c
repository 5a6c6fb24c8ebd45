/* The compositions of the compare screen: curves above, traces below, the settings that differ beside them
 * where there is room. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPARE, 14, 3, 0),
    COLUMNS(2, 12, 2, 15),
    PANE(PANE_BOTH, 70, 3, 0), PANE(PANE_DIFFERENCE, 36, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node narrow[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPARE, 8, 3, 0),
    PANE(PANE_DIFFERENCE, 4, 1, 10),
    PANE(PANE_BOTH, 8, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPARE, 3, 2, 0),
    PANE(PANE_DIFFERENCE, 2, 1, 4),
    PANE(PANE_BOTH, 3, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_compare[] = {{108, 30, wide}, {40, 22, narrow}, {40, 10, tiny}, END};
