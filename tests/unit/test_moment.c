/* Moments: a step that is on record is shown as it was when it was live. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/desk/moment.h"
#include "app/session/session.h"
#include "engine/run/publish.h"

static const char *const tiny[] = {
    "model.width=32",  "base.steps=2",          "cold.steps=120", "base.documents=4", "cold.documents=8",
    "rl.steps=3",      "rl.prompts=4",          "rl.group=4",     "rl.max_tokens=48", "eval.every=8",
    "eval.problems=4", "eval.final_problems=4", "eval.k=2",
};
enum { TINY = sizeof tiny / sizeof *tiny };

static struct err e;
static struct session s;
static struct snapshot *was, *now;
static struct moment m;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

/* A run of three RL steps; `was` is what its panes were shown at the last one. */
static void set_up(void)
{
    const char *dir = getenv("TMPDIR");
    struct control_view view = {.follow = FOLLOW_BEST, .mode = CONTROL_HOLD};
    static struct settings set;
    char path[512];
    uint64_t seed = 1;

    snprintf(path, sizeof path, "%s/moment-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    was = calloc(1, sizeof *was);
    now = calloc(1, sizeof *now);
    must(presets_load("quick", tiny, TINY, &set, &seed, &e));
    must(session_init(&s, path, 1, &e));
    s.follow_chain = 1;
    must(session_new(&s, &set, seed, "", &e));
    while (!session_is_done(&s))
        must(session_step(&s, &e));
    publish_fill(was, s.trainer, &view);
    moment_init(&m);
    must(query_run(s.query, s.run.name, &s.run, &e));
}

static void tear_down(void)
{
    moment_release(&m);
    session_release(&s);
    free(was);
    free(now);
}

static void same_follow(const struct snap_follow *a, const struct snap_follow *b)
{
    int i;

    cr_assert(a->group == b->group && a->index == b->index, "%d/%d, %d/%d", a->group, a->index, b->group,
              b->index);
    cr_assert(a->prompt_n == b->prompt_n && a->text_n == b->text_n && a->tokens_n == b->tokens_n);
    cr_assert_str_eq(a->text, b->text);
    cr_assert_arr_eq(a->begin, b->begin, (size_t)(a->tokens_n + 1) * sizeof *a->begin);
    cr_assert_arr_eq(a->logp, b->logp, (size_t)a->tokens_n * sizeof *a->logp);
    cr_assert_eq(a->marks_n, b->marks_n);
    for (i = 0; i < a->marks_n; i++)
        cr_assert(a->mark[i].kind == b->mark[i].kind && a->mark[i].begin == b->mark[i].begin &&
                  a->mark[i].end == b->mark[i].end && a->mark[i].ok == b->mark[i].ok);
}

Test(moment, is_what_was_live, .init = set_up, .fini = tear_down)
{
    int i;

    must(moment_read(&m, s.query, &s.run, -1, FOLLOW_BEST, -1, -1, now, &e));
    cr_assert_eq(now->is_live, 0);
    cr_assert(now->step == 3 && now->committed == 3 && now->head == 3 && now->state == RUN_DONE);
    cr_assert_str_eq(now->run, s.run.name);
    cr_assert_str_eq(now->stage, "grpo");
    cr_assert(now->groups_n == 4 && now->group_size == 4);
    for (i = 0; i < 4; i++) {
        cr_assert_str_eq(now->group[i].prompt, was->group[i].prompt);
        cr_assert(now->group[i].mean == was->group[i].mean && now->group[i].flat == was->group[i].flat);
    }
    for (i = 0; i < 16; i++) {
        const struct snap_trace *a = &now->trace[i], *b = &was->trace[i];
        cr_assert(a->n == b->n && a->scored && a->done && a->cut_off == b->cut_off && a->at == b->at);
        cr_assert(a->reward == b->reward && a->advantage == b->advantage && a->accuracy == b->accuracy &&
                  a->format == b->format && a->waits == b->waits && a->aha == b->aha);
        cr_assert_str_eq(a->why, b->why);
        cr_assert_str_eq(a->answer, b->answer);
    }
    same_follow(&now->follow, &was->follow);
    cr_assert_eq(now->metric[M_REWARD], was->metric[M_REWARD]);
    cr_assert(now->layers_n == was->layers_n && now->experts_n == was->experts_n);
    for (i = 0; i < now->layers_n * now->experts_n; i++)
        cr_assert(now->load[i] == was->load[i] && now->bias[i] == was->bias[i] &&
                  isnan(now->load_average[i]));
    cr_assert(now->stages_n == 3 && now->stages[0].state == 2 && now->stages[2].state == 1 &&
              now->stages[2].step == 3);
}

Test(moment, follows, .init = set_up, .fini = tear_down)
{
    must(moment_read(&m, s.query, &s.run, 2, FOLLOW_PINNED, 3, 1, now, &e));
    cr_assert(now->step == 2 && now->follow.group == 3 && now->follow.index == 1 && now->follow.text_n > 0);
    moment_follow(&m, FOLLOW_PINNED, 0, 2, now);
    cr_assert(now->follow.group == 0 && now->follow.index == 2);
    moment_follow(&m, FOLLOW_PINNED, 99, 2, now);
    cr_assert(now->follow.group >= 0 && now->follow.why == FOLLOW_PINNED,
              "what is not there gives way to the best");
    now->trace[6].aha = 1;
    now->trace[0].aha = now->trace[1].aha = now->trace[2].aha = now->trace[3].aha = now->trace[4].aha = 0;
    now->trace[5].aha = 0;
    moment_follow(&m, FOLLOW_AHA, -1, -1, now);
    cr_assert(now->follow.group == 1 && now->follow.index == 2);
}

Test(moment, a_start_and_what_is_not_there, .init = set_up, .fini = tear_down)
{
    struct record_run cold;
    uint64_t version;

    must(moment_read(&m, s.query, &s.run, 0, FOLLOW_BEST, -1, -1, now, &e));
    cr_assert(now->step == 0 && now->groups_n == 0 && now->follow.group == -1 &&
              isnan(now->metric[M_REWARD]));
    version = now->version;
    cr_assert_eq(moment_read(&m, s.query, &s.run, 9, FOLLOW_BEST, -1, -1, now, &e), ST_NOTFOUND);
    cr_assert_not_null(strstr(e.msg, "0 to 3"), "%s", e.msg);
    cr_assert_eq(now->version, version, "untouched");
    must(query_run(s.query, "quick-cold", &cold, &e));
    must(moment_read(&m, s.query, &cold, -1, FOLLOW_BEST, -1, -1, now, &e));
    cr_assert(now->groups_n == 0 && now->step == 120 && isfinite(now->metric[M_LOSS]));
    cr_assert_str_eq(now->stage, "cold");
}

Test(moment, short_prompt)
{
    char out[16];

    moment_prompt("User : 11 8 7 -> 26 Assistant : <think>", out, sizeof out);
    cr_assert_str_eq(out, "11 8 7 -> 26");
    moment_prompt("something else", out, sizeof out);
    cr_assert_str_eq(out, "something else");
    moment_prompt("User : 1 2 3 4 5 6 7 8 9 10 11 12 Assistant", out, sizeof out);
    cr_assert_eq(strlen(out), sizeof out - 1);
}
