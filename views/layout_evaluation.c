/* The compositions of the evaluation screen. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 22, 1, 0),
    ROWS(2, 60, 3, 0),
    PANE(PANE_EVALUATIONS, 10, 2, 0), PANE(PANE_DIFFICULTY, 10, 0, 12),
    PANE(PANE_PROBLEMS, 54, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tall[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 12, 1, 0),
    PANE(PANE_EVALUATIONS, 40, 1, 0), PANE(PANE_DIFFICULTY, 40, 1, 0),
    PANE(PANE_PROBLEMS, 12, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_EVALUATIONS, 6, 1, 0),
    PANE(PANE_DIFFICULTY, 6, 0, 6),
    PANE(PANE_PROBLEMS, 8, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_EVALUATIONS, 1, 0, 1),
    PANE(PANE_PROBLEMS, 7, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

/* With test-time compute: its chart is what one looks at. */
static const struct node compute_wide[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPUTE, 16, 3, 0),
    COLUMNS(2, 8, 1, 0),
    PANE(PANE_EVALUATIONS, 40, 1, 0), PANE(PANE_PROBLEMS, 54, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node compute_narrow[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPUTE, 12, 3, 0),
    PANE(PANE_EVALUATIONS, 1, 0, 1),
    PANE(PANE_PROBLEMS, 5, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node compute_tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_COMPUTE, 7, 1, 0),
    PANE(PANE_EVALUATIONS, 1, 0, 1),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_compute[] = {
    {100, 28, compute_wide}, {40, 20, compute_narrow}, {40, 10, compute_tiny}, END,
};

const struct composition layout_evaluation[] = {
    {120, 26, wide}, {86, 28, tall}, {60, 22, small}, {40, 10, tiny}, END,
};
