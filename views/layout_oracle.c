/* The compositions of the oracle screen: losses above the estimators of KL, each as high as its rows. */
#include "views/layout_table.h"

static const struct node large[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_ORACLE, 18, 1, 0),
    PANE(PANE_ORACLE_KL, 12, 0, 12),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_ORACLE, 8, 1, 0),
    PANE(PANE_ORACLE_KL, 7, 0, 7),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_ORACLE, 5, 1, 0),
    PANE(PANE_ORACLE_KL, 3, 0, 3),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_oracle[] = {
    {60, 34, large}, {60, 17, small}, {40, 10, tiny}, END,
};
