/* What `open NAME` means: a run on record before the preset of that name. */
#include <locale.h>

#include "app/desk/desk_open.h"
#include "tests/unit/tiny_desk.h"

static struct err e;

static void opens(struct tiny_desk *t, const char *target, enum engine_request what, const char *text)
{
    struct engine_message m;
    tiny_desk_must(desk_open_request(&t->desk, target, &m, &e), &e);
    cr_assert_eq(m.what, what, "%s", target);
    cr_assert_str_eq(m.text, text);
}

static void refuses(struct tiny_desk *t, const char *target, enum status code, const char *words)
{
    struct engine_message m;
    cr_assert_eq(desk_open_request(&t->desk, target, &m, &e), code, "%s", target);
    cr_assert(strstr(e.msg, words), "%s: %s", target, e.msg);
}

Test(desk_open, a_run_comes_before_a_preset)
{
    static struct tiny_desk t;
    char id[24], longest[2 * ENGINE_TEXT];
    tiny_desk_init(&t); /* a run of the preset quick, named so */
    snprintf(id, sizeof id, "%lld", (long long)t.session.run.id);
    cr_assert_str_eq(t.session.run.name, "quick");
    opens(&t, "quick", ENGINE_OPEN, id);
    opens(&t, id, ENGINE_OPEN, id);
    opens(&t, "countdown", ENGINE_NEW, "countdown");
    opens(&t, "multiply", ENGINE_NEW, "multiply");
    opens(&t, "./my.ini", ENGINE_NEW, "./my.ini");
    refuses(&t, "countdwn", ST_NOTFOUND, "`countdown`");
    refuses(&t, "quick-cald", ST_NOTFOUND, "quick-cold");
    refuses(&t, "xyzzy", ST_NOTFOUND, "xyzzy");
    memset(longest, '/', sizeof longest);
    longest[sizeof longest - 1] = 0;
    refuses(&t, longest, ST_USAGE, "at most");
    tiny_desk_release(&t);
}

/* With an engine: it is opened, holds, and says how another one is begun. */
Test(desk_open, an_opened_run_says_how_another_is_started)
{
    static struct tiny_desk t;
    struct desk *d = &t.desk;
    struct str s = {0};
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    tiny_desk_must(engine_start(&d->engine, &t.session, &e), &e);
    d->has_engine = 1;
    tiny_desk_must(command_run(d, "open quick", &e), &e);
    while (d->awaited)
        desk_take(d);
    cr_assert(strstr(d->message, ":new quick starts another") && strstr(d->message, "done at step 3"), "%s",
              d->message);
    cr_assert_eq(d->live->state, RUN_DONE);
    desk_look_live(d);
    tiny_desk_draw(&t, 80, 24, &s);
    cr_assert(strstr(str_c(&s), "DONE: space goes on"), "%s", str_c(&s));
    cr_assert_eq(control_look(&t.session.control).mode, CONTROL_HOLD);
    /* Space goes on beyond the preset's steps, at once, and a hold there is a pause like any other. */
    control_step(&t.session.control, QUANTUM_STEP, 1);
    while (d->live->committed < 4 || d->live->state == RUN_RUNNING)
        desk_take(d);
    cr_assert_eq(d->live->state, RUN_PAUSED);
    str_free(&s);
    engine_stop(&d->engine);
    d->has_engine = 0;
    tiny_desk_release(&t);
}
