#ifndef GRPOLAB_TESTS_TINY_DESK_H
#define GRPOLAB_TESTS_TINY_DESK_H

/* A desk without a terminal or an engine, on a tiny run of three GRPO steps; for tests of screens. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/desk/desk_read.h"
#include "app/session/session.h"

struct tiny_desk {
    struct session session;
    struct desk desk;
};

static void tiny_desk_must(enum status st, const struct err *e)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e->where, e->msg);
}

/* tiny_desk_of: on a preset's whole chain with n settings; the run's last step is what is looked at. */
static void tiny_desk_of(struct tiny_desk *t, const char *preset, const char *const *assignment, int n)
{
    static struct settings set;
    const char *dir = getenv("TMPDIR");
    struct record_run run;
    char path[512];
    uint64_t seed = 1;
    struct err e;

    snprintf(path, sizeof path, "%s/desk-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    tiny_desk_must(presets_load(preset, assignment, n, &set, &seed, &e), &e);
    tiny_desk_must(session_init(&t->session, path, 1, &e), &e);
    t->session.follow_chain = 1;
    tiny_desk_must(session_new(&t->session, &set, seed, "", &e), &e);
    while (!session_is_done(&t->session))
        tiny_desk_must(session_step(&t->session, &e), &e);
    tiny_desk_must(desk_init(&t->desk, &t->session, &e), &e);
    tiny_desk_must(query_run(t->desk.query, t->session.run.name, &run, &e), &e);
    tiny_desk_must(
        moment_read(&t->desk.moment, t->desk.query, &run, -1, FOLLOW_BEST, -1, -1, t->desk.live, &e), &e);
    t->desk.live->version = 1;
    tiny_desk_must(desk_look(&t->desk, 3, &e), &e);
}

static void __attribute__((unused)) tiny_desk_init(struct tiny_desk *t)
{
    static const char *const tiny[] = {
        "model.width=32",  "base.steps=2",          "cold.steps=120", "base.documents=4", "cold.documents=8",
        "rl.steps=3",      "rl.prompts=4",          "rl.group=4",     "rl.max_tokens=48", "eval.every=8",
        "eval.problems=4", "eval.final_problems=4", "eval.k=2",
    };
    tiny_desk_of(t, "quick", tiny, (int)(sizeof tiny / sizeof *tiny));
}

static void tiny_desk_release(struct tiny_desk *t)
{
    desk_release(&t->desk);
    session_release(&t->session);
}

/* tiny_desk_draw: a frame as text; the caller frees it. */
static void __attribute__((unused)) tiny_desk_draw(struct tiny_desk *t, int w, int h, struct str *out)
{
    int row, col;

    while (desk_frame(&t->desk, w, h, &row, &col))
        ;
    str_clear(out);
    canvas_dump(&t->desk.canvas, out);
}

#endif
