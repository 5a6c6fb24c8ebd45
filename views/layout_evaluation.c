/* The composition of the evaluation screen. */
#include "views/layout_table.h"

static const struct node any[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_EVALUATIONS, 2, 1, 0),
    PANE(PANE_DIFFICULTY, 2, 1, 0),
    PANE(PANE_PROBLEMS, 2, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_evaluation[] = {{40, 10, any}, END};
