/* What lessons leave on record: runs with names of their own, none twice, deleted by one command. */
#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command.h"
#include "app/command/guide.h"
#include "app/script/lesson_runs.h"
#include "app/session/session.h"

/* A quick run so small that it takes no time; its page leads it to step 2, the answer forks it. */
#define TINY                                                                                                 \
    "model.width=32 base.steps=2 cold.steps=3 base.documents=4 cold.documents=8 rl.steps=9 rl.prompts=2 "    \
    "rl.group=2 rl.max_tokens=24 eval.every=0 eval.problems=4 eval.final_problems=4 eval.k=2"
static const char lesson_text[] =
    "= Title\n== A\nRead.\n: break step == 2 and reward >= 0\n"
    ": new quick " TINY " seed=1\n"
    ": wait stage grpo and state paused timeout 60\n: wait idle\n"
    ": break delete all\n: to 2\n== B\nFork.\n? setting rl.beta == 0.5 and step >= 3\n"
    "@ fork 1 beta=0.5\n@ to 3\n> Done.\n";

static struct err e;
static struct session s;
static struct desk *d;

static void quiet(const char *text)
{
    (void)text;
}

static void set_up(void)
{
    const char *base = getenv("TMPDIR");
    static char dir[256], store[300];

    setlocale(LC_ALL, "C.UTF-8");
    d = calloc(1, sizeof *d);
    snprintf(dir, sizeof dir, "%s/lesson-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(store, sizeof store, "%s/lab.db", dir);
    cr_assert_eq(session_init(&s, store, 1, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(desk_init(d, &s, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(engine_start(&d->engine, &s, &e), ST_OK, "%s", e.msg);
    d->has_engine = 1;
}

static void clean_up(void)
{
    engine_stop(&d->engine);
    d->has_engine = 0;
    desk_release(d);
    session_release(&s);
    free(d);
}

/* The lesson from its first page to its last, answering by itself. */
static void evening(const char *text)
{
    cr_assert_eq(lesson_begin(d, "mine", text, &e), ST_OK, "%s", e.msg);
    d->lesson->is_auto = 1;
    e.code = ST_OK;
    cr_assert_eq(guide_run(d, 100, 30, quiet, 0, &e), ST_OK, "%s", e.msg);
    cr_assert_null(d->lesson);
}

/* The GRPO runs on record, oldest first: "lesson-mine lesson-mine-2". */
static void has(const char *names)
{
    struct record_run *run;
    struct str all = {0};
    int i, n;

    cr_assert_eq(query_runs(d->query, &run, &n, &e), ST_OK);
    for (i = 0; i < n; i++)
        if (!strcmp(run[i].stage, "grpo"))
            str_word(&all, run[i].name);
    cr_assert_str_eq(str_c(&all), names);
    str_free(&all);
    free(run);
}

static void command(const char *text)
{
    cr_assert_eq(command_run(d, text, &e), ST_OK, "%s: %s", text, e.msg);
    while (d->awaited)
        desk_take(d);
    cr_assert_not(d->view.message_is_error, "%s: %s", text, d->message);
}

Test(lesson_runs, a_second_evening_uses_the_first_ones_run)
{
    set_up();
    evening(lesson_text);
    has("lesson-mine lesson-mine-2");
    cr_assert(strstr(d->message, "2 runs of lessons stay") && strstr(d->message, ":lesson tidy"), "%s",
              d->message);
    evening(lesson_text);
    has("lesson-mine lesson-mine-2 lesson-mine-3");
    clean_up();
}

Test(lesson_runs, a_run_that_went_on_or_is_another_is_not_used)
{
    static char other[sizeof lesson_text];

    set_up();
    evening(lesson_text);
    snprintf(other, sizeof other, "%s", lesson_text);
    *strstr(strstr(other, "seed="), "1") = '2';
    evening(other);
    has("lesson-mine lesson-mine-2 lesson-mine-3 lesson-mine-3-2");
    command("open lesson-mine");
    command("step 1 step");
    while (d->live->committed < 3 || d->live->state != RUN_PAUSED)
        desk_take(d);
    evening(lesson_text);
    has("lesson-mine lesson-mine-2 lesson-mine-3 lesson-mine-3-2 lesson-mine-4 lesson-mine-4-2");
    clean_up();
}

Test(lesson_runs, one_command_deletes_them)
{
    set_up();
    cr_assert_eq(command_run(d, "lesson tidy", &e), ST_NOTFOUND);
    evening(lesson_text);
    command("new quick " TINY " seed=3 own");
    while (strcmp(d->live->stage, "grpo"))
        desk_take(d);
    command("pause");
    evening(lesson_text);
    has("lesson-mine lesson-mine-2 own lesson-mine-3");
    cr_assert_eq(lesson_runs_n(d), 3);
    command("lesson tidy");
    cr_assert_eq(d->question, QUESTION_TIDY);
    request_answer(d, 0);
    cr_assert_eq(lesson_runs_n(d), 3, "asked and refused");
    command("lesson tidy");
    request_answer(d, 1);
    while (d->awaited)
        desk_take(d);
    cr_assert(strstr(d->message, "1 runs of lessons deleted; 2 stay"), "the open fork and its parent: %s",
              d->message);
    command("open own");
    command("lesson tidy");
    request_answer(d, 1);
    while (d->awaited)
        desk_take(d);
    has("own");
    clean_up();
}
