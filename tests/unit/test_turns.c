/* Runs in turns: each gets the bits that it gets alone, whatever the order; locks and pauses hold for
 * all. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/session/engine.h"

static const char *const tiny[] = {
    "model.width=16",      "base.steps=2",          "cold.steps=6", "base.documents=2", "cold.documents=4",
    "rl.steps=12",         "rl.prompts=4",          "rl.group=4",   "rl.max_tokens=24", "eval.every=5",
    "eval.problems=4",     "eval.final_problems=4", "eval.k=2",     "run.slots=8",      "rl.drop_flat=0",
    "rl.cut_off=overlong", "rl.reference_every=4",
};
enum { TINY = sizeof tiny / sizeof *tiny, FORK_AT = 4, STEPS = 12 };

static struct err e;
static char path[512];

static void must(enum status st, const char *what)
{
    cr_assert_eq(st, ST_OK, "%s: %s: %s", what, e.where, e.msg);
}

static void fresh_path(void)
{
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/turns-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
}

/* A store with the run `quick` at `parent_steps`, and its child `child` from FORK_AT at `child_steps`. */
static void two_runs(struct session *s, int parent_steps, int child_steps)
{
    static const char *const changed[] = {"rl.beta=0.5", "rl.lr=2e-3"};
    struct settings set;
    uint64_t seed = 0;
    must(session_init(s, path, 1, &e), "session_init");
    s->follow_chain = 1;
    must(presets_load("quick", tiny, TINY, &set, &seed, &e), "presets_load");
    must(session_new(s, &set, 5, "", &e), "session_new");
    while (s->trainer->stage != STAGE_GRPO || s->trainer->step < parent_steps)
        must(session_step(s, &e), "session_step");
    must(session_fork(s, "quick", FORK_AT, changed, 2, "child", &e), "session_fork");
    while (s->trainer->step < child_steps)
        must(session_step(s, &e), "session_step");
}

/* turns_begin with one run. */
static enum status begin(struct turns *t, struct session *open, const char *run)
{
    return turns_begin(t, open, &run, 1, &e);
}

static void digest_of(struct session *s, const char *run, int64_t step, char hex[DIGEST_HEX])
{
    struct record_run r;
    struct digest d;
    must(query_run(s->query, run, &r, &e), "query_run");
    must(query_digest(s->query, r.id, step, &d, &e), "query_digest");
    digest_hex(&d, hex);
}

static void alone(char parent[STEPS + 1][DIGEST_HEX], char child[STEPS + 1][DIGEST_HEX])
{
    struct session s;
    fresh_path();
    two_runs(&s, STEPS, STEPS);
    for (int i = FORK_AT + 1; i <= STEPS; i++) {
        digest_of(&s, "quick", i, parent[i]);
        digest_of(&s, "child", i, child[i]);
    }
    session_release(&s);
}

static void send(struct engine *en, struct session *s, const struct engine_message *m, struct snapshot *x)
{
    struct pollfd p = {s->box.wake, POLLIN, 0};
    uint64_t number = engine_post(en, m);
    while (x->command < number) {
        poll(&p, 1, 1000);
        snapshot_take(&s->box, x);
    }
}

static void post(struct engine *en, struct session *s, enum engine_request what, const char *text,
                 struct snapshot *x)
{
    struct engine_message m = {.what = what, .step = -1};
    snprintf(m.text, sizeof m.text, "%s", text);
    if (what == ENGINE_TURNS && text[0])
        snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s", text);
    send(en, s, &m, x);
}

static void wait_until(struct session *s, struct snapshot *x, enum run_state state)
{
    struct pollfd p = {s->box.wake, POLLIN, 0};
    while (x->state != state) {
        poll(&p, 1, 1000);
        snapshot_take(&s->box, x);
    }
}

Test(turns, both_get_the_bits_that_they_get_alone, .timeout = 120)
{
    static char parent[STEPS + 1][DIGEST_HEX], child[STEPS + 1][DIGEST_HEX];
    struct snapshot *x = calloc(1, sizeof *x);
    struct session s;
    struct engine en;
    struct engine_turns turns;
    char hex[DIGEST_HEX];
    alone(parent, child);
    fresh_path();
    two_runs(&s, 6, FORK_AT + 1);
    must(engine_start(&en, &s, &e), "engine_start");
    post(&en, &s, ENGINE_OPEN, "child", x);
    post(&en, &s, ENGINE_TURNS, "quick", x);
    cr_assert(!x->message_is_error, "%s", x->message);
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 1);
    /* Interrupted by a request, held by a pause, by single steps and at tokens: the bits stay. */
    control_step(&s.control, QUANTUM_STEP, 3);
    do {
        snapshot_take(&s.box, x);
        engine_turns(&en, &turns);
    } while (turns.step[0] < 7 || x->committed < 7);
    wait_until(&s, x, RUN_PAUSED);
    cr_assert_eq(x->committed, 7, "the steps of both count");
    control_step(&s.control, QUANTUM_TOKEN, 5);
    while (x->phase != PHASE_ROLLOUT || x->state != RUN_PAUSED)
        snapshot_take(&s.box, x);
    control_resume(&s.control);
    post(&en, &s, ENGINE_NOTE, "in the middle", x);
    wait_until(&s, x, RUN_DONE);
    engine_turns(&en, &turns);
    cr_assert_eq(turns.step[0], STEPS);
    cr_assert_eq(x->committed, STEPS);
    engine_stop(&en);
    for (int i = FORK_AT + 1; i <= STEPS; i++) {
        digest_of(&s, "quick", i, hex);
        cr_assert_str_eq(hex, parent[i], "the parent at step %d", i);
        digest_of(&s, "child", i, hex);
        cr_assert_str_eq(hex, child[i], "the child at step %d", i);
    }
    must(store_check(s.store, &e), "store_check");
    session_release(&s);
    free(x);
}

/* What Compare tells of the partner, live: held in its rollout, it is its turn and the open run's state
 * stays. */
Test(turns, the_partners_phase_is_seen, .timeout = 60)
{
    struct snapshot *x = calloc(1, sizeof *x);
    struct session s;
    struct engine en;
    struct engine_turns turns;
    fresh_path();
    two_runs(&s, FORK_AT, FORK_AT + 1);
    must(engine_start(&en, &s, &e), "engine_start");
    post(&en, &s, ENGINE_OPEN, "child", x);
    cr_assert_eq(x->partners_n, 0);
    post(&en, &s, ENGINE_TURNS, "quick", x);
    engine_turns(&en, &turns);
    cr_assert(x->partners_n == 1 && !x->partner);
    control_step(&s.control, QUANTUM_TOKEN, 3);
    while (!x->partner || x->partner_phase != PHASE_ROLLOUT)
        snapshot_take(&s.box, x);
    cr_assert_eq(x->partner, turns.run[0]);
    cr_assert_eq(x->committed, FORK_AT + 1);
    control_step(&s.control, QUANTUM_STEP, 1);
    while (x->partner)
        snapshot_take(&s.box, x);
    cr_assert_eq(x->partners_n, 1);
    post(&en, &s, ENGINE_TURNS, "", x);
    cr_assert_eq(x->partners_n, 0);
    engine_stop(&en);
    session_release(&s);
    free(x);
}

/* Runs of 10 steps each, standing at `step`, of which `head` are on record; nothing else of them is looked
 * at. */
static void stand(struct session s[3], const int step[3], const int head[3])
{
    for (int i = 0; i < 3; i++) {
        s[i].stop_at_end = 1;
        s[i].trainer->stage = STAGE_GRPO;
        s[i].trainer->set.rl.steps = 10;
        s[i].trainer->step = step[i];
        s[i].trainer->head = head[i];
    }
}

Test(turns, whose_step_is_next)
{
    static const struct {
        int step[3], head[3], next;
        const char *why;
    } row[] = {
        {{3, 3, 3}, {3, 3, 3}, 0, "side by side, the open one"},
        {{4, 3, 3}, {4, 3, 3}, 1, "then the others as they were named"},
        {{5, 3, 4}, {5, 3, 4}, 1, "behind, not the last that is behind the open one"},
        {{5, 4, 3}, {5, 4, 3}, 2, "furthest behind"},
        {{3, 4, 5}, {3, 4, 5}, 0, "furthest behind"},
        {{10, 11, 12}, {10, 11, 12}, 0, "all have come to the end"},
        {{10, 10, 9}, {10, 10, 9}, 2, "two wait for one"},
        {{9, 9, 3}, {9, 9, 12}, 2, "replays too"},
        {{12, 10, 11}, {12, 14, 11}, 1, "at the end, but with steps to replay"},
    };
    static struct trainer trainer[3];
    struct session *s = calloc(3, sizeof *s);
    struct turns t = {.with = {&s[1], &s[2]}, .n = 2};
    for (int i = 0; i < 3; i++)
        s[i].trainer = &trainer[i];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        stand(s, row[i].step, row[i].head);
        cr_assert_eq(turns_next(&t, s) - s, row[i].next, "row %zu: %s", i, row[i].why);
    }
    stand(s, (const int[]){10, 12, 12}, (const int[]){10, 12, 12});
    s[1].stop_at_end = 0;
    cr_assert_eq(turns_next(&t, s), &s[1], "nothing stops it at its end");
    stand(s, (const int[]){10, 12, 12}, (const int[]){10, 12, 12});
    s[1].trainer->set.rl.steps = 13;
    cr_assert_eq(turns_next(&t, s), &s[1], "a run that is ahead, but not at its end, and the open one is");
    free(s);
}

Test(turns, the_run_that_is_behind_goes_first)
{
    struct session s;
    struct turns t = {0};
    fresh_path();
    two_runs(&s, 7, FORK_AT);
    must(begin(&t, &s, "quick"), "turns_begin");
    cr_assert_eq(t.with[0]->trainer->step, 7);
    while (s.trainer->step < 7) {
        cr_assert_eq(turns_next(&t, &s), &s);
        must(session_step(&s, &e), "session_step");
    }
    cr_assert_eq(turns_next(&t, &s), &s, "of two at the same step the open one");
    must(session_step(&s, &e), "session_step");
    cr_assert_eq(turns_next(&t, &s), t.with[0]);
    control_step(&s.control, QUANTUM_STEP, 1);
    must(turns_step(&t, &s, t.with[0], &e), "turns_step");
    cr_assert_not(control_is_open(&s.control), "it counts as a step");
    cr_assert_eq(t.with[0]->trainer->step, 8);
    cr_assert_eq(s.trainer->step, 8);
    turns_end(&t);
    cr_assert_eq(turns_next(&t, &s), &s);
    session_release(&s);
}

Test(turns, both_runs_are_locked_and_let_go)
{
    struct session s, other;
    struct turns t = {0};
    struct record_run run;
    fresh_path();
    two_runs(&s, 5, FORK_AT);
    must(session_init(&other, path, 1, &e), "session_init");
    must(begin(&t, &s, "quick"), "turns_begin");
    cr_assert_eq(session_open(&other, "quick", -1, 1, &e), ST_BUSY);
    cr_assert_eq(session_open(&other, "child", -1, 1, &e), ST_BUSY);
    must(turns_step(&t, &s, t.with[0], &e), "turns_step");
    turns_end(&t);
    must(query_run(other.query, "quick", &run, &e), "query_run");
    cr_assert_str_eq(run.state, "paused");
    cr_assert_eq(run.step, 6);
    must(session_open(&other, "quick", -1, 1, &e), "session_open");
    session_release(&other);
    session_release(&s);
}

/* What a partner says is the open run's to say, once; a partner that fails ends the turns. */
Test(turns, a_partners_words_and_its_failure)
{
    struct session s;
    struct turns t = {0};
    fresh_path();
    two_runs(&s, 5, FORK_AT);
    must(begin(&t, &s, "quick"), "turns_begin");
    control_resume(&s.control);
    session_say(t.with[0], 0, "word");
    must(turns_step(&t, &s, t.with[0], &e), "turns_step");
    cr_assert_str_eq(s.message, "quick: word");
    s.message[0] = 0;
    must(turns_step(&t, &s, t.with[0], &e), "turns_step");
    cr_assert_str_eq(s.message, "", "said once");
    turns_pause(&t);
    cr_assert_str_eq(t.with[0]->run.state, "paused");
    t.with[0]->failed = 1;
    cr_assert_eq(turns_step(&t, &s, t.with[0], &e), ST_FAILED);
    cr_assert_eq(t.n, 0);
    must(session_step(&s, &e), "the open run goes on alone");
    session_release(&s);
}

Test(turns, what_cannot_be_is_named)
{
    static const char *const many[TURNS_MAX + 1] = {"quick", "quick", "3", "4", "5", "6"};
    struct session s, other;
    struct turns t = {0};
    fresh_path();
    two_runs(&s, 5, FORK_AT);
    cr_assert_eq(begin(&t, &s, "child"), ST_USAGE, "the open run itself");
    cr_assert_eq(begin(&t, &s, "nobody"), ST_NOTFOUND);
    cr_assert_eq(turns_begin(&t, &s, many, 2, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "named twice"), "%s", e.msg);
    cr_assert_eq(turns_begin(&t, &s, many, TURNS_MAX + 1, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "at most 5"), "%s", e.msg);
    must(session_init(&other, path, 1, &e), "session_init");
    must(session_open(&other, "quick", -1, 1, &e), "session_open");
    cr_assert_eq(begin(&t, &s, "quick"), ST_BUSY, "another process has it");
    cr_assert_eq(t.n, 0);
    must(session_step(&s, &e), "the open run goes on alone");
    session_release(&other);
    session_release(&s);
}

Test(turns, another_open_run_ends_them, .timeout = 60)
{
    struct snapshot *x = calloc(1, sizeof *x);
    struct session s;
    struct engine en;
    struct engine_turns turns;
    fresh_path();
    two_runs(&s, 5, FORK_AT + 1);
    must(engine_start(&en, &s, &e), "engine_start");
    post(&en, &s, ENGINE_TURNS, "quick", x);
    post(&en, &s, ENGINE_DELETE, "", x);
    post(&en, &s, ENGINE_OPEN, "quick", x);
    cr_assert(!x->message_is_error, "%s", x->message);
    cr_assert_str_eq(x->run, "quick");
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 0);
    post(&en, &s, ENGINE_TURNS, "child", x);
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 1);
    post(&en, &s, ENGINE_FORK, "third", x);
    cr_assert_str_eq(x->run, "third");
    cr_assert(strstr(x->message, "turns with child end"), "%s", x->message);
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 0);
    post(&en, &s, ENGINE_TURNS, "child", x);
    post(&en, &s, ENGINE_TURNS, "", x);
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 0);
    engine_stop(&en);
    session_release(&s);
    free(x);
}

/* Three contenders from step FORK_AT: names, turns, and each with the digests of a fork that went alone. */
Test(turns, a_race_of_three, .timeout = 120)
{
    static const char *const contender[] = {"rl.beta=0.5", "rl.loss=reinforce", "rl.loss=rloo"};
    static const char *const name[] = {"quick-0.5", "quick-reinforce", "quick-rloo"};
    static char want[3][DIGEST_HEX];
    struct snapshot *x = calloc(1, sizeof *x);
    struct engine_message m = {.what = ENGINE_RACE, .step = FORK_AT, .arguments_n = 3};
    struct session s;
    struct engine en;
    struct engine_turns turns;
    char hex[DIGEST_HEX];
    fresh_path();
    two_runs(&s, 5, FORK_AT);
    for (int i = 0; i < 3; i++) {
        must(session_fork(&s, "quick", FORK_AT, &contender[i], 1, "alone", &e), "session_fork");
        while (s.trainer->step < STEPS)
            must(session_step(&s, &e), "session_step");
        digest_of(&s, s.run.name, STEPS, want[i]);
        snprintf(m.argument[i], ENGINE_TEXT, "%s", contender[i]);
    }
    must(session_open(&s, "quick", -1, 1, &e), "session_open");
    must(engine_start(&en, &s, &e), "engine_start");
    send(&en, &s, &m, x);
    cr_assert(!x->message_is_error, "%s", x->message);
    cr_assert_str_eq(x->run, name[2], "the last contender is the open run");
    engine_turns(&en, &turns);
    cr_assert_eq(turns.n, 2);
    wait_until(&s, x, RUN_DONE);
    engine_turns(&en, &turns);
    cr_assert(turns.step[0] == STEPS && turns.step[1] == STEPS);
    for (m.arguments_n = 1; m.arguments_n <= 7; m.arguments_n += 6) {
        send(&en, &s, &m, x);
        cr_assert(x->message_is_error && strstr(x->message, "2 to 6"), "%s", x->message);
    }
    engine_stop(&en);
    for (int i = 0; i < 3; i++) {
        digest_of(&s, name[i], STEPS, hex);
        cr_assert_str_eq(hex, want[i], "%s", name[i]);
    }
    cr_assert(strcmp(want[0], want[1]) && strcmp(want[1], want[2]));
    session_release(&s);
    free(x);
}
