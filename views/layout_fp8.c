/* The compositions of the FP8 screen: the tensors beside the bytes, or above them. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 8, 1, 0),
    PANE(PANE_FP8, 80, 3, 0), PANE(PANE_FP8_BYTES, 38, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_FP8, 8, 1, 0),
    PANE(PANE_FP8_BYTES, 8, 0, 8),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_FP8, 5, 1, 0),
    PANE(PANE_FP8_BYTES, 3, 0, 3),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_fp8[] = {
    {118, 12, wide}, {60, 20, small}, {40, 10, tiny}, END,
};
