/* The composition of the trace screen: the text, beside or above its tokens' numbers and the success along
 * it. The smallest has no room for the latter, which a key shows alone. */
#include "views/layout_table.h"

static const struct node wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 24, 1, 0),
    PANE(PANE_TEXT, 80, 3, 0),
    ROWS(2, 54, 2, 76),
    PANE(PANE_TOKEN, 14, 3, 0),
    PANE(PANE_VALUE, 10, 2, 20),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node large[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 34, 1, 0),
    PANE(PANE_TEXT, 80, 3, 0),
    ROWS(3, 54, 2, 76),
    PANE(PANE_TOKEN, 16, 3, 20),
    PANE(PANE_VALUE, 8, 1, 14),
    PANE(PANE_ATTENTION, 10, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node medium[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(2, 15, 3, 0),
    PANE(PANE_TEXT, 50, 4, 0),
    PANE(PANE_TOKEN, 42, 3, 60),
    PANE(PANE_VALUE, 8, 1, 14),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node small[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TEXT, 6, 3, 0),
    PANE(PANE_TOKEN, 4, 1, 8),
    PANE(PANE_VALUE, 3, 1, 8),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tall[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_TEXT, 10, 3, 0),
    PANE(PANE_TOKEN, 8, 1, 18),
    PANE(PANE_VALUE, 7, 1, 12),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TEXT, 5, 2, 0),
    PANE(PANE_TOKEN, 3, 1, 7),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_trace[] = {
    {142, 40, large}, {142, 30, wide}, {92, 28, medium}, {60, 16, small}, {40, 32, tall}, {40, 10, tiny}, END,
};
