/* The control's gates: what each mode lets pass, counted by threads that ask in a loop. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/run/control.h"

/* A thread that asks at one gate again and again until it is cancelled. */
struct asker {
    struct gate gate;
    enum gate_kind kind;
    int unit, worker;
    atomic_int passed, cancelled, about_to_wait;
    pthread_t thread;
};

static struct control c;
static atomic_int waiting;

static void on_publish(void *ctx, int is_waiting)
{
    (void)ctx;
    if (is_waiting)
        atomic_fetch_add(&waiting, 1);
}

static void *ask(void *arg)
{
    struct asker *a = arg;
    while (a->gate.point(a->gate.ctx, a->kind, a->unit, a->worker) == ST_OK)
        atomic_fetch_add(&a->passed, 1);
    atomic_store(&a->cancelled, 1);
    return NULL;
}

static void start(void)
{
    struct err e;
    atomic_store(&waiting, 0);
    cr_assert_eq(control_init(&c, &e), ST_OK);
    c.publish = on_publish;
}

static void asker_start(struct asker *a, enum gate_kind kind, int unit, int worker)
{
    *a = (struct asker){.gate = control_gate(&c), .kind = kind, .unit = unit, .worker = worker};
    pthread_create(&a->thread, NULL, ask, a);
}

static void finish(struct asker *a, int n)
{
    control_cancel(&c);
    for (int i = 0; i < n; i++) {
        pthread_join(a[i].thread, NULL);
        cr_assert_eq(atomic_load(&a[i].cancelled), 1);
    }
    control_clear_cancel(&c);
    control_release(&c);
}

/* Until a value is reached; the test runner's own time limit catches a gate that never opens. */
static void until(atomic_int *value, int at_least)
{
    while (atomic_load(value) < at_least)
        sched_yield();
}

Test(control, hold_lets_nothing_pass_and_cancel_frees)
{
    struct asker a[2];
    start();
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    asker_start(&a[1], GATE_SHARD, 3, 1);
    until(&waiting, 2);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    cr_assert_eq(atomic_load(&a[1].passed), 0);
    finish(a, 2);
}

Test(control, resume_opens_and_pause_closes)
{
    struct asker a[1];
    int seen;
    start();
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    control_resume(&c);
    until(&a[0].passed, 100);
    atomic_store(&waiting, 0);
    control_pause(&c);
    until(&waiting, 1);
    seen = atomic_load(&a[0].passed);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[0].passed), seen);
    finish(a, 1);
}

Test(control, tokens_move_the_followed_sub_batch_only)
{
    struct asker a[2];
    start();
    c.groups_per_batch = 2;
    control_follow(&c, FOLLOW_PINNED, 5, 0);       /* group 5 is in the sub-batch that begins at group 4 */
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    asker_start(&a[1], GATE_TOKEN, 4, 1);
    until(&waiting, 2);
    control_step(&c, QUANTUM_TOKEN, 3);
    until(&a[1].passed, 3);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[1].passed), 3);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    finish(a, 2);
}

Test(control, tokens_fall_to_the_first_that_waits)
{
    struct asker a[1];
    start();
    control_follow(&c, FOLLOW_PINNED, 7, 0);
    asker_start(&a[0], GATE_TOKEN, 2, 0);
    until(&waiting, 1);
    control_step(&c, QUANTUM_TOKEN, 2);
    until(&a[0].passed, 2);
    finish(a, 1);
    cr_assert_eq(atomic_load(&a[0].passed), 2);
}

/* The followed sub-batch is on its way to the gate: its tokens are not given to another that waits. */
Test(control, tokens_wait_for_the_followed_sub_batch)
{
    struct asker a[2];
    struct gate gate;
    start();
    gate = control_gate(&c);
    c.groups_per_batch = 2;
    control_follow(&c, FOLLOW_PINNED, 4, 0);
    cr_assert_eq(gate.point(gate.ctx, GATE_BEGIN, 4, 1), ST_OK);
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    until(&waiting, 1);
    control_step(&c, QUANTUM_TOKEN, 2);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    asker_start(&a[1], GATE_TOKEN, 4, 1);
    until(&a[1].passed, 2);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    cr_assert_eq(gate.point(gate.ctx, GATE_END, 4, 1), ST_OK);
    finish(a, 2);
}

/* A rollout that begins: the first sub-batch is waited for, whoever is at the gate before it. */
Test(control, tokens_wait_for_the_first_sub_batch)
{
    struct asker a[1];
    struct gate gate;
    start();
    gate = control_gate(&c);
    control_step(&c, QUANTUM_TOKEN, 1);
    cr_assert_eq(gate.point(gate.ctx, GATE_PHASE, PHASE_ROLLOUT, 0), ST_OK);
    asker_start(&a[0], GATE_TOKEN, 8, 1);
    until(&waiting, 1);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    cr_assert_eq(gate.point(gate.ctx, GATE_BEGIN, 0, 0), ST_OK);
    cr_assert_eq(gate.point(gate.ctx, GATE_TOKEN, 0, 0), ST_OK);
    cr_assert_eq(c.mode, CONTROL_HOLD);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    finish(a, 1);
}

/* From a standstill: drawing and the way into the rollout are no tokens, scoring is one. */
Test(control, tokens_do_not_count_the_way_to_the_rollout)
{
    struct gate gate;
    start();
    gate = control_gate(&c);
    control_step(&c, QUANTUM_TOKEN, 2);
    cr_assert_eq(gate.point(gate.ctx, GATE_PHASE, PHASE_DRAW, 0), ST_OK);
    cr_assert_eq(gate.point(gate.ctx, GATE_PHASE, PHASE_ROLLOUT, 0), ST_OK);
    cr_assert_eq(c.left, 2);
    cr_assert_eq(gate.point(gate.ctx, GATE_TOKEN, 0, 0), ST_OK);
    cr_assert_eq(c.left, 1);
    cr_assert_eq(gate.point(gate.ctx, GATE_PHASE, PHASE_SCORE, 0), ST_OK);
    cr_assert_eq(c.mode, CONTROL_HOLD);
    control_release(&c);
}

static enum status pass(enum gate_kind kind, int unit, int worker)
{
    struct gate gate = control_gate(&c);
    return gate.point(gate.ctx, kind, unit, worker);
}

/* A rollout's first sub-batch has not begun: no other's beginning stands for it, and only those who follow it
 * wait. */
Test(control, only_the_first_sub_batch_is_due, .timeout = 20)
{
    struct asker a[1];
    start();
    control_step(&c, QUANTUM_TOKEN, 1);
    cr_assert_eq(pass(GATE_PHASE, PHASE_ROLLOUT, 0), ST_OK);
    cr_assert_eq(pass(GATE_BEGIN, 8, 1), ST_OK);
    asker_start(&a[0], GATE_TOKEN, 8, 1);
    until(&waiting, 1);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    control_follow(&c, FOLLOW_PINNED, 4, 0);
    until(&a[0].passed, 1);
    finish(a, 1);
    start();
    control_resume(&c);
    cr_assert_eq(pass(GATE_PHASE, PHASE_ROLLOUT, 0), ST_OK);
    cr_assert_eq(pass(GATE_PHASE, PHASE_SCORE, 0), ST_OK);
    control_step(&c, QUANTUM_TOKEN, 1);
    cr_assert_eq(pass(GATE_TOKEN, 8, 1), ST_OK, "the rollout is over");
    control_release(&c);
}

/* A sub-batch that has ended, or was given up, is waited for no more. */
Test(control, tokens_do_not_wait_for_what_has_ended, .timeout = 20)
{
    struct asker a[1];
    start();
    c.groups_per_batch = 2;
    control_follow(&c, FOLLOW_PINNED, 4, 0);
    control_step(&c, QUANTUM_TOKEN, 2);
    cr_assert_eq(pass(GATE_BEGIN, 4, 1), ST_OK);
    cr_assert_eq(pass(GATE_TOKEN, 4, 1), ST_OK);
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    until(&waiting, 1);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    cr_assert_eq(pass(GATE_END, 4, 1), ST_OK);
    until(&a[0].passed, 1);
    cr_assert_eq(c.mode, CONTROL_HOLD);
    control_cancel(&c);
    cr_assert_eq(pass(GATE_BEGIN, 4, 1), ST_CANCELLED);
    pthread_join(a[0].thread, NULL);
    control_clear_cancel(&c);
    control_step(&c, QUANTUM_TOKEN, 1);
    cr_assert_eq(pass(GATE_TOKEN, 0, 0), ST_OK);
    control_release(&c);
}

Test(control, of_those_that_wait_the_first_is_the_lowest, .timeout = 20)
{
    struct asker a[2];
    start();
    control_follow(&c, FOLLOW_PINNED, 9, 0);
    asker_start(&a[0], GATE_TOKEN, 6, 0);
    asker_start(&a[1], GATE_TOKEN, 2, 1);
    until(&waiting, 2);
    control_step(&c, QUANTUM_TOKEN, 1);
    until(&a[1].passed, 1);
    cr_assert_eq(atomic_load(&a[0].passed), 0);
    finish(a, 2);
}

Test(control, phases_run_to_the_next_phase)
{
    struct asker a[2];
    start();
    asker_start(&a[0], GATE_SHARD, 0, 0);
    until(&waiting, 1);
    control_step(&c, QUANTUM_PHASE, 1);
    until(&a[0].passed, 50);                       /* shards pass freely */
    atomic_store(&waiting, 0);
    asker_start(&a[1], GATE_PHASE, PHASE_UPDATE, 1);
    until(&waiting, 2);                            /* the phase closes the gate for both */
    cr_assert_eq(atomic_load(&a[1].passed), 0);
    finish(a, 2);
}

/* Where one phase step ended the next one begins: the gate it stands at is not counted again. */
Test(control, phases_go_on_from_where_one_was_held, .timeout = 20)
{
    struct asker a[1];
    start();
    asker_start(&a[0], GATE_PHASE, PHASE_UPDATE, 0);
    until(&waiting, 1);
    for (int want = 1; want <= 3; want++) {
        atomic_store(&waiting, 0);
        control_step(&c, QUANTUM_PHASE, 1);
        until(&a[0].passed, want);
        until(&waiting, 1);
        cr_assert_eq(atomic_load(&a[0].passed), want);
    }
    control_step(&c, QUANTUM_PHASE, 3);
    until(&a[0].passed, 6);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    cr_assert_eq(atomic_load(&a[0].passed), 6);
    finish(a, 1);
}

/* A step that is past its update ends by itself when it is cancelled, unless it was held there. */
Test(control, after_the_update_a_cancel_lets_a_step_end)
{
    struct asker a[1];
    start();
    control_cancel(&c);
    cr_assert_eq(pass(GATE_PHASE, PHASE_BALANCE, 0), ST_OK);
    cr_assert_eq(pass(GATE_PHASE, PHASE_COMMIT, 0), ST_OK);
    cr_assert_eq(pass(GATE_PHASE, PHASE_UPDATE, 0), ST_CANCELLED);
    cr_assert_eq(pass(GATE_SHARD, PHASE_COMMIT, 0), ST_CANCELLED, "the unit of a shard is no phase");
    control_clear_cancel(&c);
    asker_start(&a[0], GATE_PHASE, PHASE_BALANCE, 0);
    until(&waiting, 1);
    finish(a, 1);
}

Test(control, steps_count_commits)
{
    start();
    control_step(&c, QUANTUM_STEP, 2);
    cr_assert_eq(control_is_open(&c), 1);
    control_committed(&c);
    cr_assert_eq(control_is_open(&c), 1);
    control_committed(&c);
    cr_assert_eq(control_is_open(&c), 0);
    control_resume(&c);
    control_pace(&c, 0, 1);                        /* hold after each step */
    control_committed(&c);
    cr_assert_eq(control_is_open(&c), 0);
    control_release(&c);
}

Test(control, held_time_is_counted_apart)
{
    struct asker a[1];
    struct gate g;
    double before;
    start();
    g = control_gate(&c);
    asker_start(&a[0], GATE_TOKEN, 0, 0);
    until(&waiting, 1);
    before = g.held(g.ctx);
    while (g.held(g.ctx) <= before + 0.005)
        sched_yield();
    control_resume(&c);
    until(&a[0].passed, 1);
    before = g.held(g.ctx);
    until(&a[0].passed, 1000);
    cr_assert_eq(g.held(g.ctx), before, "a running thread is not held");
    finish(a, 1);
}

Test(control, steps_asked_for_quickly_add_up)
{
    start();
    control_step(&c, QUANTUM_STEP, 1);
    control_step(&c, QUANTUM_STEP, 2);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(control_is_open(&c), 1);
        control_committed(&c);
    }
    cr_assert_eq(control_is_open(&c), 0);
    control_release(&c);
}

Test(control, orders_are_numbered)
{
    uint64_t a, b;
    start();
    a = control_pause(&c);
    b = control_kick(&c);
    cr_assert_eq(b, a + 1);
    cr_assert_eq(control_orders(&c), b);
    control_wait(&c, a);                           /* returns at once: an order came after a */
    control_release(&c);
}
