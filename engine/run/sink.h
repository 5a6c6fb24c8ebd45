#ifndef GRPOLAB_RUN_SINK_H
#define GRPOLAB_RUN_SINK_H

#include "engine/base/status.h"
#include "engine/run/record.h"

/* Where a trainer's committed steps go. The application wires it to the store;
 * tests wire it to memory. Called by the engine's thread only. */
struct sink {
    void *self;
    /* commit: the step and, when not NULL, its keyframe, in one transaction: all or nothing. */
    enum status (*commit)(void *self, const struct record_step *step, const struct record_keyframe *keyframe,
                          struct err *e);
    /* digest: that of a step committed before, ST_NOTFOUND when it is none. */
    enum status (*digest)(void *self, int64_t step, struct digest *out, struct err *e);
    /* state: what the run is doing now, for the lineage ("running", "paused", "done", "failed"). */
    enum status (*state)(void *self, const char *state, struct err *e);
    /* due: whether a step gets a keyframe; NULL: never. */
    int (*due)(void *self, int64_t step);
    /* log: one line for the run's log. level: 0 note, 1 warning, 2 error. */
    void (*log)(void *self, int64_t step, int level, const char *text);
};

#endif
