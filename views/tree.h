#ifndef GRPOLAB_VIEWS_TREE_H
#define GRPOLAB_VIEWS_TREE_H

#include "engine/run/record.h"

/* The lineage as lines: children under their parents. */

enum { TREE_MAX = 1024, TREE_DEPTH = 24 };

struct tree_line {
    int run;                     /* index into the array of runs */
    int depth;
    int is_last;                 /* of its parent's children */
    uint32_t open;               /* bit d < depth: the ancestor at depth d has further siblings below */
};

/* tree_order: the last TREE_MAX runs in depth-first order, siblings by id. run is ascending by id; one whose
 * parent is not there is a root. line has room for TREE_MAX; returns how many. Pure. */
int tree_order(const struct record_run *run, int n, struct tree_line *line);

/* tree_find: the line of a run's id, -1 when it is not there. */
int tree_find(const struct record_run *run, const struct tree_line *line, int n, int64_t id);

#endif
