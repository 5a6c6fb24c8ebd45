#ifndef GRPOLAB_VIEWS_RUNS_STATE_H
#define GRPOLAB_VIEWS_RUNS_STATE_H

#include <stdint.h>

/* What the screen of runs shows of each run beyond its row in the list. */
enum { RUN_CHANGED = 192 };

struct run_facts {
    int64_t run;
    int64_t step;              /* at which pass_1 was read, -1: never */
    double pass_1;             /* of the last evaluation, NaN: none */
    int is_known;              /* changed has been read */
    char changed[RUN_CHANGED]; /* settings that its parent does not have so: "beta 0.5, lr 1e-3" */
};

struct runs_state {
    struct run_facts *facts; /* ascending by run */
    int n;
};

/* run_facts_find: of a run; NULL while nothing is known. */
const struct run_facts *run_facts_find(const struct runs_state *s, int64_t run);

#endif
