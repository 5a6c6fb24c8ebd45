/* The dashboard, and the same while a base or a cold start learns from text. */
#include "views/layout_table.h"

static const struct node dashboard_wide[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(4, 9, 3, 16),
    PANE(PANE_REWARD, 36, 3, 0), PANE(PANE_LENGTH, 30, 2, 0),
    PANE(PANE_KL, 30, 2, 0), PANE(PANE_ENTROPY, 30, 2, 0),
    COLUMNS(4, 6, 2, 12),
    PANE(PANE_CLIP, 36, 3, 0), PANE(PANE_GRADIENT, 30, 2, 0),
    PANE(PANE_FLAT, 30, 2, 0), PANE(PANE_SPEED, 30, 2, 0),
    COLUMNS(2, 20, 4, 0),
    ROWS(2, 70, 2, 96),
    PANE(PANE_GROUP, 12, 3, 20),
    PANE(PANE_EXPERTS, 8, 2, 0),
    PANE(PANE_TRACE, 70, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_large[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(3, 7, 2, 12),
    PANE(PANE_REWARD, 40, 3, 0), PANE(PANE_LENGTH, 36, 2, 0), PANE(PANE_KL, 36, 2, 0),
    COLUMNS(4, 5, 1, 10),
    PANE(PANE_ENTROPY, 28, 1, 0), PANE(PANE_CLIP, 28, 1, 0),
    PANE(PANE_GRADIENT, 28, 1, 0), PANE(PANE_FLAT, 28, 1, 0),
    PANE(PANE_GROUP, 11, 2, 20),
    COLUMNS(2, 10, 3, 0),
    PANE(PANE_TRACE, 68, 3, 0),
    ROWS(2, 42, 1, 0),
    PANE(PANE_EXPERTS, 5, 2, 0), PANE(PANE_SPEED, 5, 1, 9),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_medium[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(2, 7, 2, 14),
    PANE(PANE_REWARD, 44, 1, 0), PANE(PANE_LENGTH, 44, 1, 0),
    COLUMNS(3, 4, 1, 9),
    PANE(PANE_KL, 22, 2, 0), PANE(PANE_ENTROPY, 22, 2, 0), PANE(PANE_EXPERTS, 44, 5, 0),
    PANE(PANE_GROUP, 8, 4, 20),
    PANE(PANE_TRACE, 6, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_small[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_REWARD, 30, 1, 0), PANE(PANE_LENGTH, 30, 1, 0),
    COLUMNS(3, 1, 0, 1),
    PANE(PANE_KL, 18, 1, 0), PANE(PANE_ENTROPY, 18, 1, 0), PANE(PANE_EXPERTS, 24, 1, 0),
    PANE(PANE_GROUP, 5, 4, 20),
    PANE(PANE_TRACE, 5, 4, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_tall[] = {
    ROWS(8, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_REWARD, 5, 1, 10),
    PANE(PANE_LENGTH, 5, 1, 10),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_KL, 20, 1, 0), PANE(PANE_ENTROPY, 20, 1, 0),
    PANE(PANE_EXPERTS, 1, 0, 1),
    PANE(PANE_GROUP, 5, 2, 20),
    PANE(PANE_TRACE, 7, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_tiny[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_REWARD, 20, 1, 0), PANE(PANE_KL, 18, 1, 0),
    PANE(PANE_GROUP, 3, 1, 20),
    PANE(PANE_TRACE, 3, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_dashboard[] = {
    {142, 40, dashboard_wide}, {112, 37, dashboard_large}, {92, 28, dashboard_medium},
    {60, 16, dashboard_small}, {40, 32, dashboard_tall},   {40, 10, dashboard_tiny}, END,
};

static const struct node learning_medium[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_STAGES, 3, 0, 3),
    PANE(PANE_LOSS, 8, 3, 0),
    COLUMNS(2, 5, 1, 12),
    PANE(PANE_GRADIENT, 36, 1, 0), PANE(PANE_EXPERTS, 44, 1, 0),
    PANE(PANE_LOG, 5, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node learning_small[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_STAGES, 1, 0, 1),
    PANE(PANE_LOSS, 6, 3, 0),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_GRADIENT, 28, 1, 0), PANE(PANE_EXPERTS, 28, 1, 0),
    PANE(PANE_LOG, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node learning_tiny[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_STAGES, 1, 0, 1),
    PANE(PANE_LOSS, 5, 2, 0),
    PANE(PANE_GRADIENT, 1, 0, 1),
    PANE(PANE_STATUS, 1, 0, 1),
};

const struct composition layout_learning[] = {
    {92, 26, learning_medium}, {60, 16, learning_small}, {40, 10, learning_tiny}, END,
};
