/* A step that is given up at any of its safe points and taken again ends in the same bits: with whatever the
 * step had begun to change put back by itself, or, where the trainer says that its state is torn, after a
 * restore. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

/* Counts the safe points; gives up at the one numbered `at` (from 0; -1: never). */
struct counter {
    atomic_int calls;
    int at;
    int is_after_update;   /* it gave up at the phase of balancing or of the commit */
    atomic_int kinds[GATE_END + 1];
};

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct counter *c = ctx;
    (void)worker;
    atomic_fetch_add(&c->kinds[kind], 1);
    if (atomic_fetch_add(&c->calls, 1) != c->at)
        return ST_OK;
    c->is_after_update = kind == GATE_PHASE && (unit == PHASE_BALANCE || unit == PHASE_COMMIT);
    return ST_CANCELLED;
}

static enum status step_with(struct trainer *t, struct counter *c, struct tiny_sink *sink)
{
    struct gate g = {c, point};
    struct trainer_hooks h = {.gate = &g, .sink = &sink->sink};
    struct err e = {0};
    enum status st = trainer_step(t, &h, &e);
    cr_assert(st == ST_OK || st == ST_CANCELLED, "%s: %s", e.where, e.msg);
    cr_assert(st == ST_OK || e.code == ST_CANCELLED, "an error that is not filled in");
    return st;
}

/* Cancels the second step of a stage at up to `tries` of its points, spread over all of them; *torn counts
 * those that left a torn state, but for the phases after the update, where that is known. */
static void check(enum stage stage, const char *const *more, int threads, int tries, int *torn)
{
    struct settings s;
    struct tiny_run r;
    struct tiny_sink sink;
    struct tiny_state before;
    struct counter all = {.at = -1};
    struct digest want, start;
    int calls;
    tiny_settings(&s, more);
    tiny_sink_init(&sink);
    tiny_run_init(&r, &s, stage, 11, threads);
    cr_assert_eq(step_with(&r.t, &(struct counter){.at = -1}, &sink), ST_OK);
    tiny_state_save(&before, &r.t);
    start = trainer_digest(&r.t);
    cr_assert_eq(step_with(&r.t, &all, &sink), ST_OK);
    want = trainer_digest(&r.t);
    calls = all.calls;
    for (int i = 0; i <= tries; i++) {
        struct counter c = {.at = (int)((int64_t)(calls - 1) * i / tries)};
        struct digest now;
        tiny_state_restore(&before, &r.t);
        sink.last = 1;
        r.t.head = 1;
        cr_assert_eq(step_with(&r.t, &c, &sink), ST_CANCELLED, "point %d of %d is not heeded", c.at, calls);
        cr_assert(r.t.step == 1 && sink.last == 1, "a cancelled step was committed");
        cr_assert(r.t.torn || !c.is_after_update, "the update stands");
        if (r.t.torn) {
            *torn += !c.is_after_update;
            tiny_state_restore(&before, &r.t);
        }
        now = trainer_digest(&r.t);
        tiny_same(&start, &now, "the state after giving up");
        cr_assert_eq(step_with(&r.t, &(struct counter){.at = -1}, &sink), ST_OK);
        now = trainer_digest(&r.t);
        tiny_same(&want, &now, "the step taken again");
        tiny_same(&want, &sink.digest[2], "the step as committed");
    }
    for (int k = 0; k < 3; k++)
        cr_assert(all.kinds[k] > 0 || (k == GATE_TOKEN && stage != STAGE_GRPO && s.eval.every == 0),
                  "no safe point of kind %d", k);
    tiny_state_free(&before);
    tiny_run_release(&r);
}

static const char *const no_evaluation[] = {"eval.every", "0", NULL};
static const char *const evaluated[] = {"eval.every", "2", "rl.steps", "2", NULL};
static const char *const in_parts[] = {"eval.every", "2", "rl.inner_epochs", "2", "rl.mini_batches", "2",
                                       "rl.refill", "2",
                                       "rl.reference_every", "2", NULL};

Test(cancel, base_and_cold_start)
{
    int torn = 0;
    check(STAGE_BASE, no_evaluation, 1, 8, &torn);
    check(STAGE_COLD, no_evaluation, 2, 8, &torn);
    cr_assert_eq(torn, 0, "a supervised step has one update, after its last safe point but two");
}

Test(cancel, end_of_cold_start)
{
    static const char *const last[] = {"cold.steps", "2", NULL};
    int torn = 0;
    check(STAGE_COLD, last, 2, 20, &torn);
    cr_assert_gt(torn, 0, "no point within the evaluation was tried");
}

Test(cancel, grpo_step)
{
    int torn = 0;
    check(STAGE_GRPO, no_evaluation, 1, 25, &torn);
    check(STAGE_GRPO, no_evaluation, 2, 25, &torn);
    cr_assert_eq(torn, 0);
}

Test(cancel, grpo_step_in_parts)
{
    int torn = 0;
    check(STAGE_GRPO, in_parts, 1, 40, &torn);
    check(STAGE_GRPO, in_parts, 2, 40, &torn);
    cr_assert_gt(torn, 0, "no point within the evaluation was tried");
}

Test(cancel, last_grpo_step)
{
    int torn = 0;
    check(STAGE_GRPO, evaluated, 2, 30, &torn);
    cr_assert_gt(torn, 0);
}

/* On demand too: an evaluation that is given up says so, and the next one has the same figures. */
Test(cancel, evaluation_on_demand)
{
    struct settings s;
    struct tiny_run r;
    struct counter c = {.at = 9};
    struct gate g = {&c, point};
    struct evaluation first = {.k = 4, .problems = 9, .temperature = 1, .top_p = 1, .seed = 3, .step = 1},
        again = first;
    struct digest before, after;
    struct err e;
    tiny_settings(&s, NULL);
    tiny_run_init(&r, &s, STAGE_COLD, 11, 2);
    before = trainer_digest(&r.t);
    cr_assert_eq(trainer_evaluate(&r.t, &first, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(trainer_evaluate(&r.t, &again, &g, &e), ST_CANCELLED);
    cr_assert_eq(trainer_evaluate(&r.t, &again, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(first.mean_length, again.mean_length);
    cr_assert_gt(first.mean_length, 1);
    after = trainer_digest(&r.t);
    tiny_same(&before, &after, "evaluation changes nothing");
    tiny_run_release(&r);
}
