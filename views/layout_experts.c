/* The compositions of the experts screen. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 30, 1, 0),
    ROWS(2, 84, 3, 0),
    PANE(PANE_LOAD, 20, 3, 0), PANE(PANE_MAX_VIO, 10, 2, 0),
    ROWS(2, 58, 2, 84),
    PANE(PANE_BIAS, 12, 2, 0), PANE(PANE_SERVED, 18, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node medium[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOAD, 9, 4, 0),
    COLUMNS(2, 14, 2, 18),
    ROWS(2, 46, 1, 0),
    PANE(PANE_BIAS, 8, 2, 0), PANE(PANE_MAX_VIO, 6, 1, 10),
    PANE(PANE_SERVED, 46, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOAD, 6, 3, 0),
    PANE(PANE_MAX_VIO, 1, 0, 1),
    COLUMNS(2, 7, 2, 20),
    PANE(PANE_BIAS, 30, 1, 0), PANE(PANE_SERVED, 30, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tall[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOAD, 8, 3, 0),
    PANE(PANE_MAX_VIO, 1, 0, 1),
    PANE(PANE_BIAS, 6, 2, 0),
    PANE(PANE_SERVED, 8, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOAD, 4, 1, 0),
    PANE(PANE_SERVED, 4, 1, 8),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_experts[] = {
    {146, 34, wide}, {94, 28, medium}, {66, 18, small}, {40, 26, tall}, {40, 10, tiny}, END,
};
