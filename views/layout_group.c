/* The compositions of the group screen, and of the same while something is tried out on it. */
#include "views/layout_table.h"

static const struct node group_wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 10, 1, 0),
    PANE(PANE_COMPLETIONS, 92, 3, 0), PANE(PANE_COMPLETION, 56, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node group_high[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPLETIONS, 11, 3, 0),
    PANE(PANE_COMPLETION, 10, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node group_tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPLETIONS, 4, 1, 0),
    PANE(PANE_COMPLETION, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_group[] = {
    {150, 12, group_wide}, {40, 23, group_high}, {40, 10, group_tiny}, END,
};

static const struct node what_if_wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 10, 1, 0),
    PANE(PANE_WHAT_IF, 100, 3, 0), PANE(PANE_COMPLETION, 50, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node what_if_high[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_WHAT_IF, 24, 3, 0),
    PANE(PANE_COMPLETION, 6, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node what_if_small[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_WHAT_IF, 8, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_what_if[] = {
    {152, 12, what_if_wide}, {40, 32, what_if_high}, {40, 10, what_if_small}, END,
};
