#ifndef GRPOLAB_RL_GATE_H
#define GRPOLAB_RL_GATE_H

#include "engine/base/status.h"

/* The safe points of a step. A stage calls the gate wherever it can be held without tearing anything; the
 * gate returns at once while the run is running, holds the calling thread while it is paused, and answers
 * ST_CANCELLED when the step is to be given up (what was not committed is replayed later). */
enum gate_kind {
    GATE_TOKEN,     /* before the next token of decode sub-batch `unit` */
    GATE_SHARD,     /* before the next shard of a forward/backward */
    GATE_PHASE,     /* before a phase */
    GATE_BEGIN,     /* this worker begins decode sub-batch `unit`; never held */
    GATE_END        /* and has done with it; never held */
};

struct gate {
    void *ctx;
    enum status (*point)(void *ctx, enum gate_kind kind, int unit, int worker);
    double (*held)(void *ctx);   /* seconds that threads have been held so far; NULL: never */
};

/* gate_point: ST_OK where there is no gate. */
static inline enum status gate_point(const struct gate *g, enum gate_kind kind, int unit, int worker)
{
    return g && g->point ? g->point(g->ctx, kind, unit, worker) : ST_OK;
}

/* gate_held: seconds held so far: not part of a step's time. */
static inline double gate_held(const struct gate *g)
{
    return g && g->held ? g->held(g->ctx) : 0;
}

#endif
