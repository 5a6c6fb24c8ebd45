#ifndef GRPOLAB_RUN_CONTROL_H
#define GRPOLAB_RUN_CONTROL_H

#include <pthread.h>
#include <stdint.h>

#include "engine/rl/gate.h"
#include "engine/run/snapshot.h"

/* The state machine of a run: what its gate lets pass. The UI's thread gives orders, the engine's threads ask
 * at every safe point. A held thread waits on a condition, inside the step, with everything it has computed.
 *
 *   FREE        every gate is open
 *   HOLD        every gate is closed
 *   TOKENS n    n more passes: in a rollout, tokens of the followed group's sub-batch; behind it
 *               shards and phases; before it nothing counts
 *   PHASES n    open until the n-th next phase begins
 *   STEPS n     open until n more steps are committed
 */
enum control_mode { CONTROL_FREE, CONTROL_HOLD, CONTROL_TOKENS, CONTROL_PHASES, CONTROL_STEPS };

struct control {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum control_mode mode;
    long left;                    /* of the mode */
    int cancel;                   /* the step under way is to be given up */
    int hold_after_step;          /* `:pace step` */
    double pace;                  /* tokens a second of the followed trace; 0: full speed */
    int follow_group, follow_index;
    enum follow follow;
    enum quantum quantum;         /* what one `.` is */
    int groups_per_batch;         /* of the decoder: which sub-batch a group is in */
    int waiting[64];              /* units of held decode sub-batches, by worker; -1 */
    int inside[64];               /* unit of the decode sub-batch that a worker is in; -1 */
    int first_is_due;             /* a rollout begins and its first sub-batch has not yet */
    double next_token;            /* when the paced sub-batch may go on, seconds */
    uint64_t orders;              /* numbers orders; snapshots acknowledge */
    int held;                     /* threads at a closed gate, or waiting for their pace */
    double held_since, held_total;/* seconds: since when there are some; with at least one, all in all */
    /* Called, with the lock not held, by a thread at a gate when a snapshot may be due; now: it
     * is about to wait. */
    void (*publish)(void *ctx, int now);
    void *publish_ctx;
};

enum status control_init(struct control *c, struct err *e);
void control_release(struct control *c);

/* control_gate: the gate to hand to a trainer. */
struct gate control_gate(struct control *c);

/* Orders, from any thread; each returns its number. */
uint64_t control_resume(struct control *c);
uint64_t control_pause(struct control *c);
uint64_t control_step(struct control *c, enum quantum q, long n);
uint64_t control_cancel(struct control *c);               /* lets every thread out of the step */
uint64_t control_pace(struct control *c, double tokens_per_second, int hold_after_step);
uint64_t control_follow(struct control *c, enum follow follow, int group, int index);
uint64_t control_quantum(struct control *c, enum quantum q);

/* control_is_open: whether a new step may begin; control_wait: blocks until it may, or an order came after
 * `seen`. Called by the engine's thread between steps. */
int control_is_open(struct control *c);
void control_wait(struct control *c, uint64_t seen);
uint64_t control_orders(struct control *c);
/* control_kick: wakes control_wait without an order that changes the mode (a command was queued). */
uint64_t control_kick(struct control *c);
/* control_committed: a step was committed; counts it. control_clear_cancel: the step has been given up. */
void control_committed(struct control *c);
void control_clear_cancel(struct control *c);

/* control_look: a copy of what a snapshot tells of the control. */
struct control_view {
    enum control_mode mode;
    enum follow follow;
    int follow_group, follow_index, hold_after_step;
    enum quantum quantum;
    double pace;
};
struct control_view control_look(struct control *c);

#endif
