#ifndef GRPOLAB_APP_PROBE_PAST_H
#define GRPOLAB_APP_PROBE_PAST_H

#include "app/session/session.h"
#include "engine/run/inspect.h"

/* A trainer that can be brought to any step of any GRPO run on record: restored from the store and replayed,
 * each step compared with the record by digest. It has a reading connection and no other, takes no lock and
 * writes nothing. Used by one thread. */
enum { PAST_KEPT = 3 };

struct past {
    struct session session;              /* of it only the query, the kernels and the pool */
    struct record_run run;               /* of the trainer; id 0: none */
    struct trainer *trainer;             /* NULL: none */
    struct sink sink;                    /* knows digests, takes nothing */
    struct inspect_state kept[PAST_KEPT];/* states that were asked for lately */
    uint64_t used[PAST_KEPT], clock;
};

/* What a long question talks to while it works. All may be NULL or 0. tell: what is being done and how far it
 * is, 0..1; text is copied by the one who is told. changed: there is something new in the facts. */
struct past_hooks {
    const struct gate *gate;
    void (*tell)(void *ctx, const char *doing, double part);
    void (*changed)(void *ctx);
    void *ctx;
};
void past_tell(const struct past_hooks *h, double part, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* past_init: threads: of the pool, 0: one a core. Errors: those of query_open, ST_NOMEM. */
enum status past_init(struct past *p, const char *store_path, int threads, struct err *e);
void past_release(struct past *p);

/* past_find: the run as it is on record now. Errors: ST_NOTFOUND. */
enum status past_find(struct past *p, int64_t run, struct record_run *out, struct err *e);

/* past_go: p->trainer has the state after `step` of the run: the start at 0, the weights that sampled step +
 * 1. From the nearest of what is in memory and the newest keyframe before it. Evaluations are left out, no
 * bit depends on them. Errors: ST_USAGE (no GRPO run), ST_NOTFOUND (no such step), ST_CORRUPT (replay differs
 * from the record), ST_CANCELLED, ST_NOMEM. */
enum status past_go(struct past *p, int64_t run, int64_t step, const struct past_hooks *h, struct err *e);

/* past_take: from the state after step - 1, where past_go has brought p->trainer, the step is taken once more
 * whatever is known of what came after it, so that the trainer's batch is the step's own. Errors as
 * past_go's; ST_USAGE: the trainer is somewhere else. */
enum status past_take(struct past *p, int64_t step, const struct past_hooks *h, struct err *e);

/* past_state: the copy of the state that past_go went to last, for inspect_update. */
const struct inspect_state *past_state(const struct past *p);

#endif
