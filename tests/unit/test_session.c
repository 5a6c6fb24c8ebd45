/* The session: chains, reuse, resume, rewind and fork, all to the bit. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/session/session.h"
#include "engine/run/publish.h"

static const char *const tiny[] = {
    "model.width=32", "base.steps=3", "cold.steps=150", "base.documents=4", "cold.documents=8", "rl.steps=20",
    "rl.prompts=4", "rl.group=4", "rl.max_tokens=48", "eval.every=8", "eval.problems=4",
    "eval.final_problems=6", "eval.k=2", "rl.reference_every=7", "rl.beta=0.01",
};
enum { TINY = sizeof tiny / sizeof *tiny };

static struct err e;
static char path[512];

static void must(enum status st, const char *what)
{
    cr_assert_eq(st, ST_OK, "%s: %s: %s", what, e.where, e.msg);
}

static void fresh_path(void)
{
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/session-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
}

static void settings_of(struct settings *set)
{
    uint64_t seed = 0;
    must(presets_load("quick", tiny, TINY, set, &seed, &e), "presets_load");
}

static void open_session(struct session *s, int threads)
{
    must(session_init(s, path, threads, &e), "session_init");
    s->follow_chain = 1;
}

static void run_to_end(struct session *s)
{
    while (!session_is_done(s))
        must(session_step(s, &e), "session_step");
}

static void hex_of(struct session *s, char hex[DIGEST_HEX])
{
    struct digest d = trainer_digest(s->trainer);
    digest_hex(&d, hex);
}

/* A whole chain; the digest of its end. */
static void whole_chain(struct session *s, char hex[DIGEST_HEX])
{
    struct settings set;
    settings_of(&set);
    must(session_new(s, &set, 1, "", &e), "session_new");
    run_to_end(s);
    hex_of(s, hex);
}

Test(session, chain_leaves_three_runs_in_a_line)
{
    struct session s;
    struct record_run *run;
    char hex[DIGEST_HEX];
    int n;
    fresh_path();
    open_session(&s, 1);
    whole_chain(&s, hex);
    must(query_runs(s.query, &run, &n, &e), "query_runs");
    cr_assert_eq(n, 3);
    cr_assert_str_eq(run[0].name, "quick-base");
    cr_assert_str_eq(run[1].name, "quick-cold");
    cr_assert_str_eq(run[2].name, "quick");
    cr_assert_eq(run[1].parent, run[0].id);
    cr_assert_eq(run[2].parent, run[1].id);
    cr_assert_eq(run[2].parent_step, 150);
    cr_assert_eq(run[2].step, 20);
    must(store_check(s.store, &e), "store_check");
    free(run);
    session_release(&s);
}

Test(session, threads_do_not_change_the_digest)
{
    struct session s;
    char one[DIGEST_HEX], three[DIGEST_HEX];
    fresh_path();
    open_session(&s, 1);
    whole_chain(&s, one);
    session_release(&s);
    fresh_path();
    open_session(&s, 3);
    whole_chain(&s, three);
    session_release(&s);
    cr_assert_str_eq(one, three);
}

Test(session, reused_stages_give_the_same_end)
{
    struct session s;
    char first[DIGEST_HEX], second[DIGEST_HEX];
    struct settings set;
    fresh_path();
    open_session(&s, 2);
    whole_chain(&s, first);
    settings_of(&set);
    must(session_new(&s, &set, 1, "", &e), "session_new");
    cr_assert_eq(s.reused, 2, "base and cold start are on record");
    cr_assert_eq(s.trainer->stage, STAGE_GRPO);
    run_to_end(&s);
    hex_of(&s, second);
    cr_assert_str_eq(first, second);
    must(session_new(&s, &set, 2, "", &e), "session_new");
    cr_assert_eq(s.reused, 0, "another seed starts from nothing");
    session_release(&s);
}

Test(session, resume_in_a_new_process_goes_on_to_the_bit)
{
    static struct snapshot seen;
    struct session s;
    struct settings set;
    char whole[DIGEST_HEX], resumed[DIGEST_HEX];
    fresh_path();
    open_session(&s, 1);
    whole_chain(&s, whole);
    session_release(&s);
    fresh_path();
    open_session(&s, 1);
    settings_of(&set);
    must(session_new(&s, &set, 1, "", &e), "session_new");
    while (s.trainer->stage != STAGE_GRPO || s.trainer->step < 17)
        must(session_step(&s, &e), "session_step");
    session_release(&s);
    open_session(&s, 2);
    /* At a keyframe, where nothing is replayed. */
    must(session_open(&s, "quick-cold", -1, 1, &e), "session_open");
    publish_fill(&seen, s.trainer, &(struct control_view){0});
    cr_assert_eq(seen.step, 150, "step %d is told before it has begun", (int)seen.step);
    must(session_open(&s, "quick", -1, 1, &e), "session_open");
    cr_assert_eq(s.trainer->step, 17);   /* after a keyframe that leaves the reference to an earlier one */
    run_to_end(&s);
    hex_of(&s, resumed);
    cr_assert_str_eq(whole, resumed);
    session_release(&s);
}

Test(session, rewind_replays_without_rewriting)
{
    struct session s;
    char end[DIGEST_HEX], again[DIGEST_HEX];
    double seconds;
    struct record_run before, after;
    fresh_path();
    open_session(&s, 2);
    whole_chain(&s, end);
    must(query_run(s.query, "quick", &before, &e), "query_run");
    seconds = s.trainer->seconds;
    must(session_rewind(&s, 5, &e), "session_rewind");
    cr_assert_eq(s.trainer->step, 5);
    cr_assert_eq(s.trainer->head, 20);
    while (s.trainer->step < 20)
        must(session_step(&s, &e), "session_step");
    hex_of(&s, again);
    cr_assert_str_eq(end, again);
    cr_assert_eq(s.trainer->seconds, seconds, "a replay takes no recorded time");
    must(query_run(s.query, "quick", &after, &e), "query_run");
    cr_assert_eq(after.seconds, before.seconds);
    cr_assert_eq(after.step, 20);
    cr_assert_eq(session_rewind(&s, 21, &e), ST_USAGE);
    session_release(&s);
}

Test(session, replay_notices_another_digest)
{
    struct session s;
    char end[DIGEST_HEX];
    fresh_path();
    open_session(&s, 1);
    whole_chain(&s, end);
    must(session_rewind(&s, 5, &e), "session_rewind");
    s.trainer->learner.w[7] += 1e-3f;
    cr_assert_eq(session_step(&s, &e), ST_CORRUPT);
    cr_assert_not_null(strstr(e.msg, "digest"));
    session_release(&s);
}

Test(session, fork_without_change_equals_its_parent)
{
    struct session s;
    char end[DIGEST_HEX], fork[DIGEST_HEX];
    fresh_path();
    open_session(&s, 2);
    whole_chain(&s, end);
    must(session_fork(&s, "quick", 9, NULL, 0, "", &e), "session_fork");
    cr_assert_str_eq(s.run.name, "quick-2");
    cr_assert_eq(s.trainer->step, 9);
    while (s.trainer->step < 20)
        must(session_step(&s, &e), "session_step");
    hex_of(&s, fork);
    cr_assert_str_eq(end, fork);
    cr_assert_not_null(strstr(s.message, "equals its parent"));
    must(store_check(s.store, &e), "store_check");
    session_release(&s);
}

Test(session, fork_meets_the_same_noise_under_the_changed_setting)
{
    struct session s;
    char end[DIGEST_HEX], fork[DIGEST_HEX];
    const char *change[] = {"beta=0.5"}, *shape[] = {"model.width=64"}, *unknown[] = {"betta=1"};
    fresh_path();
    open_session(&s, 1);
    whole_chain(&s, end);
    cr_assert_eq(session_fork(&s, "quick", 9, shape, 1, "", &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "model.width"));
    cr_assert_eq(session_fork(&s, "quick", 9, unknown, 1, "", &e), ST_USAGE);
    cr_assert_eq(session_fork(&s, "quick", 99, change, 1, "", &e), ST_NOTFOUND);
    must(session_fork(&s, "quick", 9, change, 1, "held", &e), "session_fork");
    cr_assert_eq(s.trainer->set.rl.beta, 0.5);
    cr_assert_eq(s.trainer->seed, 1);
    while (s.trainer->step < 20)
        must(session_step(&s, &e), "session_step");
    hex_of(&s, fork);
    cr_assert_str_neq(end, fork);
    session_release(&s);
}

Test(session, a_run_is_taken_once)
{
    struct session a, b;
    char end[DIGEST_HEX];
    fresh_path();
    open_session(&a, 1);
    whole_chain(&a, end);
    must(session_init(&b, path, 1, &e), "session_init");
    cr_assert_eq(session_open(&b, "quick", -1, 1, &e), ST_BUSY);
    must(session_open(&b, "quick-cold", -1, 1, &e), "another run of the same store");
    session_release(&b);
    session_release(&a);
}

/* Cancels the session's step after a while; the step is taken again. */
struct canceller {
    struct session *s;
    int stop;
};

static void *cancel_often(void *arg)
{
    struct canceller *c = arg;
    unsigned wait = 200;
    while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
        usleep(wait);
        wait = wait * 1103515245u % 3000u + 100u;
        control_cancel(&c->s->control);
    }
    return NULL;
}

Test(session, cancelled_steps_leave_no_trace)
{
    struct session s;
    struct settings set;
    struct canceller c = {&s, 0};
    pthread_t thread;
    char whole[DIGEST_HEX], torn[DIGEST_HEX];
    int cancelled = 0;
    fresh_path();
    open_session(&s, 2);
    whole_chain(&s, whole);
    session_release(&s);
    fresh_path();
    open_session(&s, 2);
    settings_of(&set);
    must(session_new(&s, &set, 1, "", &e), "session_new");
    pthread_create(&thread, NULL, cancel_often, &c);
    while (!session_is_done(&s)) {
        enum status st = session_step(&s, &e);
        cr_assert(st == ST_OK || st == ST_CANCELLED, "%s: %s", e.where, e.msg);
        cancelled += st == ST_CANCELLED;
        control_clear_cancel(&s.control);
        if (cancelled > 40)
            __atomic_store_n(&c.stop, 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&c.stop, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    hex_of(&s, torn);
    cr_assert_gt(cancelled, 0, "nothing was cancelled: the test tested nothing");
    cr_assert_str_eq(whole, torn);
    session_release(&s);
}
