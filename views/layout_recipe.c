/* The compositions of the recipe screen and of the texts screen. */
#include "views/layout_table.h"

static const struct node recipe_wide[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RECIPE, 8, 3, 13),
    PANE(PANE_CHANGE, 8, 3, 13),
    PANE(PANE_STAGE, 8, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node recipe_small[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RECIPE, 5, 2, 11),
    PANE(PANE_CHANGE, 5, 2, 11),
    PANE(PANE_STAGE, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

/* Room for seven stages, twice. */
static const struct node recipe_usual[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RECIPE, 9, 1, 11),
    PANE(PANE_CHANGE, 9, 1, 11),
    PANE(PANE_STAGE, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node recipe_tiny[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RECIPE, 6, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_recipe[] = {
    {100, 32, recipe_wide}, {60, 24, recipe_usual}, {60, 18, recipe_small}, {40, 10, recipe_tiny}, END,
};

static const struct node texts_wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 10, 1, 0),
    PANE(PANE_TEXTS, 76, 3, 0), PANE(PANE_EXAMPLE, 60, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node texts_small[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TEXTS, 8, 3, 0),
    PANE(PANE_EXAMPLE, 10, 2, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node texts_tiny[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_TEXTS, 4, 1, 0),
    PANE(PANE_EXAMPLE, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_texts[] = {
    {140, 20, texts_wide}, {60, 20, texts_small}, {40, 10, texts_tiny}, END,
};
