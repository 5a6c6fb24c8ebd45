/* What is typed while another run is on its way: it is for that run, or for none. */
#include <locale.h>

#include "app/desk/desk_wait.h"
#include "tests/unit/tiny_desk.h"

static struct err e;
static struct tiny_desk t;

/* Snapshots are taken only by settle and until, so that what is typed before them is typed in time. */
static void begin(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    memset(&t.desk.engine, 0, sizeof t.desk.engine);
    tiny_desk_must(engine_start(&t.desk.engine, &t.session, &e), &e);
    t.desk.has_engine = 1;
    desk_look_live(&t.desk);
}

static void end(void)
{
    engine_stop(&t.desk.engine);
    t.desk.has_engine = 0;
    tiny_desk_release(&t);
}

static void type(const char *line)
{
    tiny_desk_must(command_run(&t.desk, line, &e), &e);
}

/* Until nothing is awaited and nothing waits. */
static void settle(void)
{
    while (t.desk.awaited || desk_waits(&t.desk))
        desk_take(&t.desk);
}

static void until(int64_t step, enum run_state state)
{
    while (t.desk.live->committed != step || t.desk.live->state != state)
        desk_take(&t.desk);
}

static void shows(const char *text)
{
    struct str s = {0};

    tiny_desk_draw(&t, 160, 45, &s);
    cr_assert(strstr(str_c(&s), text), "no '%s' in:\n%s", text, str_c(&s));
    str_free(&s);
}

/* The desk takes no snapshot between these lines, so that the fork is still awaited at each of them. */
Test(desk_wait, commands_behind_a_fork_are_for_the_fork)
{
    struct desk *d = &t.desk;
    struct record_run run;

    begin();
    type("open quick");
    settle();
    type("fork 1 lr=2e-3 a");
    type("note for the fork");
    type("step 1 step");
    type("help"); /* only shows: at once */
    cr_assert_eq(d->view.overlay, OVERLAY_HELP);
    desk_close_overlay(d);
    shows("forking quick ...; then :note for the fork, :step 1 step");
    settle();
    until(2, RUN_PAUSED);
    cr_assert_str_eq(d->live->run, "a");
    tiny_desk_must(query_run(d->query, "quick", &run, &e), &e);
    cr_assert_eq(run.step, 3, "the run before took a step");
    cr_assert_str_empty(run.note);
    tiny_desk_must(query_run(d->query, "a", &run, &e), &e);
    cr_assert_str_eq(run.note, "for the fork");
    end();
}

Test(desk_wait, set_behind_a_fork_changes_the_fork)
{
    struct desk *d = &t.desk;
    struct record_run run, child;

    begin();
    type("open quick");
    settle();
    type("fork 1 lr=2e-3 a");
    type("set lr=3e-3");
    type("step 1 step");
    settle();
    until(2, RUN_PAUSED);
    tiny_desk_must(query_run(d->query, "a", &run, &e), &e);
    tiny_desk_must(query_run(d->query, d->live->run, &child, &e), &e);
    cr_assert_eq(child.parent, run.id, "%s is a fork of %lld", child.name, (long long)child.parent);
    cr_assert_eq(run.step, 1, "`a` itself was to take no step");
    cr_assert_float_eq(desk_settings(d)->rl.lr, 3e-3, 1e-9);
    end();
}

/* That the settings cannot be, the engine finds out. */
Test(desk_wait, a_fork_that_fails_drops_what_waits)
{
    struct desk *d = &t.desk;
    struct record_run run;

    begin();
    type("open quick");
    settle();
    type("fork 2 model.width=64 wide"); /* the weights have no such shape */
    type("step 1 step");
    type("break kl > 100");
    settle();
    cr_assert(d->view.message_is_error);
    cr_assert(strstr(d->message, "; dropped: :step 1 step, :break kl > 100"), "%s", d->message);
    cr_assert_eq(d->live->committed, 3);
    cr_assert_eq(control_look(&t.session.control).mode, CONTROL_HOLD, "a dropped step was ordered");
    desk_breaks(d);
    cr_assert_eq(d->view.breaks_n, 0);
    tiny_desk_must(query_run(d->query, "quick", &run, &e), &e);
    cr_assert_eq(run.step, 3);
    end();
}

Test(desk_wait, what_fails_takes_those_behind_it_along)
{
    struct desk *d = &t.desk;

    begin();
    type("open quick");
    type("goto 99");
    type("step 1 step");
    cr_assert_eq(command_run(d, "step many", &e), ST_OK, "wrong, but its words are read later");
    cr_assert_eq(command_run(d, "goto", &e), ST_USAGE, "a line that is no command at all is refused at once");
    settle();
    cr_assert(strstr(d->message, "not 99; dropped: :step 1 step, :step many"), "%s", d->message);
    cr_assert_eq(control_look(&t.session.control).mode, CONTROL_HOLD);
    end();
}

/* Space is not told apart into pause and go on before the run is there. */
Test(desk_wait, keys_wait_too)
{
    struct desk *d = &t.desk;
    int i;

    begin();
    type("open quick");
    control_quantum(&t.session.control, QUANTUM_STEP);
    request_do(d, REQUEST_STEP, 0);
    request_do(d, REQUEST_STEP, 0);
    shows("opening quick ...; then :step 1, :step 1");
    settle();
    until(5, RUN_PAUSED);
    type("fork 1 b");
    request_do(d, REQUEST_PAUSE, 0);
    shows("forking quick ...; then space");
    settle();
    until(3, RUN_DONE);
    cr_assert_str_eq(d->live->run, "b");
    type("fork 1 c");
    request_do(d, REQUEST_PAUSE, 0);
    request_do(d, REQUEST_BACK_OUT, 0);
    settle();
    cr_assert_eq(d->live->committed, 1);
    cr_assert_eq(control_look(&t.session.control).mode, CONTROL_HOLD);
    type("fork 1 d");
    for (i = 0; i < DESK_WAITING; i++)
        type("step");
    cr_assert_eq(command_run(d, "step", &e), ST_BUSY);
    shows("then :step, :step, :step and 13 more");
    desk_wait_drop(d);
    settle();
    end();
}

/* From the last keyframe to the last step all is replayed; the line says how far that is. */
Test(desk_wait, a_replay_is_told)
{
    struct desk *d = &t.desk;
    int64_t at = 0, last = -1, seen = 0;

    begin();
    type("open quick");
    settle();
    type("step 9 step");
    until(12, RUN_PAUSED);
    type("open quick-cold");
    settle();
    type("open quick");
    type("step 1 step");
    while (d->awaited) {
        desk_take(d);
        at = d->live->way_to > 0 ? d->live->way_at : 0;
        if (!d->live->way_to || !d->awaited)
            continue;
        cr_assert_eq(d->live->way_to, 12);
        cr_assert(at >= last && at < 12);
        last = at;
        if (!seen++)
            shows(" of 12; then ");
        shows("; then :step 1 step");
    }
    cr_assert_gt(seen, 0, "nothing was told of the way");
    cr_assert_eq(d->live->way_to, 0);
    settle();
    until(13, RUN_PAUSED);
    end();
}
