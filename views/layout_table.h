#ifndef GRPOLAB_VIEWS_LAYOUT_TABLE_H
#define GRPOLAB_VIEWS_LAYOUT_TABLE_H

#include <stddef.h>

#include "views/layout.h"

/* The words that compositions are written with, and the tables of each screen. For layout*.c only. */

#define ROWS(n, min, grow, most) {NODE_ROWS, PANE_NONE, n, min, grow, most}
#define COLUMNS(n, min, grow, most) {NODE_COLUMNS, PANE_NONE, n, min, grow, most}
#define PANE(id, min, grow, most) {NODE_PANE, id, 0, min, grow, most}
#define END {0, 0, NULL}

extern const struct composition layout_dashboard[], layout_learning[], layout_group[], layout_what_if[],
    layout_trace[], layout_experts[], layout_objective[], layout_compare[], layout_evaluation[],
    layout_compute[], layout_scenarios[], layout_recipe[], layout_texts[], layout_schedule[],
    layout_fp8[], layout_oracle[];

#endif
