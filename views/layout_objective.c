/* The compositions of the objective screen. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_OBJECTIVE, 7, 0, 7),
    PANE(PANE_TERMS, 19, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tall[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_OBJECTIVE, 9, 0, 9),
    PANE(PANE_TERMS, 19, 4, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_OBJECTIVE, 5, 0, 5),
    PANE(PANE_TERMS, 10, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TERMS, 8, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_objective[] = {
    {96, 30, wide}, {60, 30, tall}, {60, 18, small}, {40, 10, tiny}, END};
