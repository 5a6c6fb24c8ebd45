/* The compositions of the schedule screen: all schedules below each other, then the figures beside the
 * overlapped pair; one schedule at a time where it is small; figures alone where nothing else has room. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCHEDULE, 30, 1, 0),
    COLUMNS(2, 10, 1, 13),
    PANE(PANE_FIGURES, 56, 1, 0), PANE(PANE_OVERLAP, 56, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node medium[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCHEDULE, 28, 1, 0),
    COLUMNS(2, 8, 0, 8),
    PANE(PANE_FIGURES, 56, 1, 0), PANE(PANE_OVERLAP, 56, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCHEDULE, 6, 3, 0),
    PANE(PANE_FIGURES, 5, 0, 6),
    PANE(PANE_OVERLAP, 4, 1, 7),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tall[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_SCHEDULE, 8, 4, 0),
    PANE(PANE_FIGURES, 8, 1, 12),
    PANE(PANE_OVERLAP, 8, 1, 9),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_FIGURES, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_schedule[] = {
    {116, 42, wide}, {116, 38, medium}, {60, 34, tall}, {60, 20, small}, {40, 10, tiny}, END,
};
