/* The compare screen: which runs it chooses, where they part, the first token that differs, and its panes at
 * all sizes; settings compared as text. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/base/setting_lines.h"
#include "app/desk/desk_compare.h"
#include "app/desk/desk_screen.h"
#include "views/compare_state.h"
#include "views/runs_state.h"

static const char *const tiny[] = {
    "model.width=16",   "base.steps=2", "cold.steps=6",    "base.documents=2",
    "cold.documents=4", "rl.steps=12",  "rl.prompts=4",    "rl.group=4",
    "rl.max_tokens=24", "eval.every=5", "eval.problems=4", "eval.final_problems=4",
    "eval.k=2",         "run.slots=8",  "rl.drop_flat=0",  "rl.cut_off=overlong",
};
enum { TINY = sizeof tiny / sizeof *tiny, FORK_AT = 3 };

static struct err e;
static char path[512];

static void must(enum status st, const char *what)
{
    cr_assert_eq(st, ST_OK, "%s: %s: %s", what, e.where, e.msg);
}

static void steps_to(struct session *s, int step)
{
    while (s->trainer->stage != STAGE_GRPO || s->trainer->step < step)
        must(session_step(s, &e), "session_step");
}

/* `quick` with 8 steps; `same`, a fork that changes nothing, and `other`, one that does, with 6 each. */
static void three_runs(struct session *s)
{
    static const char *const changed[] = {"rl.beta=0.5", "rl.lr=5e-2"};
    const char *dir = getenv("TMPDIR");
    struct settings set;
    uint64_t seed = 0;
    setlocale(LC_ALL, "C.UTF-8");
    snprintf(path, sizeof path, "%s/compare-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    must(session_init(s, path, 1, &e), "session_init");
    s->follow_chain = 1;
    must(presets_load("quick", tiny, TINY, &set, &seed, &e), "presets_load");
    must(session_new(s, &set, 5, "", &e), "session_new");
    steps_to(s, 8);
    must(session_fork(s, "quick", FORK_AT, NULL, 0, "same", &e), "session_fork");
    steps_to(s, 6);
    must(session_fork(s, "quick", FORK_AT, changed, 2, "other", &e), "session_fork");
    steps_to(s, 6);
}

static int64_t id_of(struct session *s, const char *name)
{
    struct record_run run;
    must(query_run(s->query, name, &run, &e), "query_run");
    return run.id;
}

/* A desk without engine and terminal that looks at a run. */
static struct desk *open_desk(struct session *s, const char *name)
{
    struct desk *d = calloc(1, sizeof *d);
    struct record_run run;
    must(desk_init(d, s, &e), "desk_init");
    must(query_run(d->query, name, &run, &e), "query_run");
    must(moment_read(&d->moment, d->query, &run, -1, FOLLOW_BEST, -1, -1, d->live, &e), "moment_read");
    d->live->version = 1;
    return d;
}

static void frame(struct desk *d, int w, int h)
{
    int row, col, more = 0;
    while (desk_frame(d, w, h, &row, &col))
        cr_assert_lt(more++, 100, "a frame that is never done");
}

static void close_desk(struct desk *d)
{
    desk_release(d);
    free(d);
}

Test(compare, the_open_run_and_its_parent_by_default)
{
    struct session s;
    struct desk *d;
    const struct compare_state *k;
    three_runs(&s);
    d = open_desk(&s, "other");
    desk_show_screen(d, SCREEN_COMPARE);
    frame(d, 120, 40);
    k = d->view.compare;
    cr_assert_eq(k->n, 2);
    cr_assert_str_eq(k->run[0].name, "quick");
    cr_assert_str_eq(k->run[1].name, "other");
    cr_assert(k->run[1].is_open && !k->run[0].is_open);
    cr_assert_eq(k->first, FORK_AT + 1);
    cr_assert_eq(k->last, 6);
    cr_assert_eq(k->parts_at, FORK_AT + 1, "the first step of its own has another learning rate");
    cr_assert_eq(k->step, FORK_AT + 2, "its weights have parted before this one");
    cr_assert_eq(k->settings.n, 2);
    cr_assert_str_eq(k->setting[0].key, "rl.beta");
    cr_assert_str_eq(k->setting[0].value[1], "0.5");
    close_desk(d);
    session_release(&s);
}

Test(compare, a_fork_with_no_change_is_its_parent_by_digest)
{
    struct session s;
    struct desk *d;
    const struct compare_state *k;
    struct digest digest;
    char hex[DIGEST_HEX];
    three_runs(&s);
    d = open_desk(&s, "same");
    desk_show_screen(d, SCREEN_COMPARE);
    frame(d, 120, 40);
    k = d->view.compare;
    cr_assert_str_eq(k->run[0].name, "quick");
    cr_assert_eq(k->parts_at, -1);
    cr_assert_eq(k->equal_to, 6);
    must(query_digest(d->query, id_of(&s, "same"), 6, &digest, &e), "query_digest");
    digest_hex(&digest, hex);
    cr_assert_str_eq(k->digest, hex);
    cr_assert_eq(k->settings.n, 0);
    cr_assert(k->text[0].is_there && k->text[0].n > 0);
    cr_assert(k->same == k->text[0].n && k->same == k->text[1].n);
    close_desk(d);
    session_release(&s);
}

/* The common part is what it says: equal before, and not equal or at an end there. */
static void check_common(const struct compare_state *k)
{
    int i, n;
    for (i = 0; i < k->same; i++) {
        n = k->text[0].begin[i + 1] - k->text[0].begin[i];
        cr_assert(
            !memcmp(k->text[0].text + k->text[0].begin[i], k->text[1].text + k->text[1].begin[i], (size_t)n));
    }
    if (k->same < k->text[0].n && k->same < k->text[1].n)
        cr_assert(strncmp(k->text[0].text + k->text[0].begin[k->same],
                          k->text[1].text + k->text[1].begin[k->same],
                          (size_t)(k->text[0].begin[k->same + 1] - k->text[0].begin[k->same])));
}

Test(compare, keys_move_step_group_and_completion)
{
    struct session s;
    struct desk *d;
    struct compare_state *k;
    int i;
    three_runs(&s);
    d = open_desk(&s, "other");
    desk_show_screen(d, SCREEN_COMPARE);
    frame(d, 120, 40);
    k = d->view.compare;
    request_do(d, REQUEST_EARLIER, 0);
    frame(d, 120, 40);
    cr_assert_eq(k->step, FORK_AT + 1);
    cr_assert(k->same == k->text[0].n && k->same == k->text[1].n, "sampled from equal weights");
    request_do(d, REQUEST_EARLIER, 0);
    frame(d, 120, 40);
    cr_assert_eq(k->step, FORK_AT + 1, "there is no earlier one in both");
    request_do(d, REQUEST_NEXT_GROUP, 0);
    for (i = 0; i < 3; i++)
        request_do(d, REQUEST_DOWN, 0);
    frame(d, 120, 40);
    cr_assert(k->group == 1 && k->index == 3);
    request_do(d, REQUEST_DOWN, 0);
    frame(d, 120, 40);
    cr_assert(k->group == 2 && k->index == 0, "on to the next group");
    request_do(d, REQUEST_COMPARE_NEXT, 0);
    frame(d, 120, 40);
    cr_assert_gt(k->step, FORK_AT + 1);
    cr_assert(k->same < k->text[0].n || k->same < k->text[1].n);
    check_common(k);
    request_do(d, REQUEST_LIVE, 0);
    frame(d, 120, 40);
    cr_assert_eq(k->step, FORK_AT + 2);
    close_desk(d);
    session_release(&s);
}

Test(compare, marks_choose_and_are_taken_away)
{
    struct session s;
    struct desk *d;
    struct compare_state *k;
    struct err why;
    int i;
    three_runs(&s);
    d = open_desk(&s, "other");
    k = d->view.compare;
    must(command_run(d, "compare other same quick", &e), "compare");
    frame(d, 120, 40);
    cr_assert_eq(d->view.screen, SCREEN_COMPARE);
    cr_assert_eq(k->n, 3);
    cr_assert_str_eq(k->run[0].name, "other");
    cr_assert_eq(k->other, 1);
    request_do(d, REQUEST_COMPARE_OTHER, 0);
    frame(d, 120, 40);
    cr_assert_eq(k->other, 2);
    cr_assert_eq(k->parts_at, FORK_AT + 1);
    cr_assert_eq(compare_letter(k, id_of(&s, "same")), 'B');
    must(desk_compare_mark(d, id_of(&s, "same"), &e), "unmark");
    cr_assert_eq(compare_letter(k, id_of(&s, "same")), 0);
    cr_assert_eq(compare_letter(k, id_of(&s, "quick")), 'B');
    for (i = 0; i < COMPARE_RUNS - 2; i++)
        must(desk_compare_mark(d, 1000 + i, &e), "mark");
    cr_assert_eq(desk_compare_mark(d, 2000, &why), ST_USAGE);
    cr_assert_eq(command_run(d, "compare nobody", &why), ST_NOTFOUND);
    frame(d, 120, 40);
    cr_assert_eq(k->n, 2, "runs that are not there are left out");
    close_desk(d);
    session_release(&s);
}

Test(compare, curves_are_all_steps_of_each_run)
{
    struct session s;
    struct desk *d;
    const struct compare_state *k;
    enum metric m[8];
    three_runs(&s);
    d = open_desk(&s, "other");
    desk_show_screen(d, SCREEN_COMPARE);
    frame(d, 120, 40);
    k = d->view.compare;
    cr_assert_eq(k->run[0].history->n, 8);
    cr_assert_eq(k->run[1].history->n, 6 - FORK_AT);
    cr_assert_geq(compare_curves(k, m, 8), 5);
    cr_assert_eq(m[0], M_REWARD);
    must(session_open(&s, "other", -1, 1, &e), "session_open");
    must(session_step(&s, &e), "session_step");
    frame(d, 120, 40);
    cr_assert_eq(k->run[1].history->n, 7 - FORK_AT, "a step that is committed now is seen in the next frame");
    close_desk(d);
    session_release(&s);
}

Test(compare, panes_are_drawn_at_every_size)
{
    static const int w[] = {20, 40, 60, 80, 120, 160, 220}, h[] = {5, 10, 14, 24, 40, 60};
    static const enum pane_id zoom[] = {PANE_NONE, PANE_COMPARE, PANE_DIFFERENCE, PANE_BOTH};
    static const char *const word[] = {"quick", "quick", "beta", "completion"};
    struct session s;
    struct desk *d;
    size_t i, k, z;
    three_runs(&s);
    d = open_desk(&s, "other");
    must(command_run(d, "compare quick same other", &e), "compare");
    for (i = 0; i < sizeof w / sizeof *w; i++)
        for (k = 0; k < sizeof h / sizeof *h; k++)
            for (z = 0; z < sizeof zoom / sizeof *zoom; z++) {
                struct str text = {0};
                d->view.zoom = zoom[z];
                d->view.compare->large = (int)(i + k) % 4 - 1;
                frame(d, w[i], h[k]);
                canvas_dump(&d->canvas, &text);
                cr_assert(strstr(str_c(&text), w[i] < 40 || h[k] < 10 ? "small" : word[z]), "%dx%d:\n%s",
                          w[i], h[k], str_c(&text));
                str_free(&text);
            }
    close_desk(d);
    session_release(&s);
}

Test(runs, what_was_changed_and_the_last_evaluation_stand_in_the_list)
{
    struct session s;
    struct desk *d;
    const struct run_facts *f;
    struct str text = {0};
    three_runs(&s);
    d = open_desk(&s, "other");
    desk_show_screen(d, SCREEN_RUNS);
    frame(d, 120, 40);
    frame(d, 120, 40);
    f = run_facts_find(d->view.runs_screen, id_of(&s, "other"));
    cr_assert_not_null(f);
    cr_assert_str_eq(f->changed, "beta 0.5, lr 0.05");
    cr_assert(isfinite(f->pass_1));
    f = run_facts_find(d->view.runs_screen, id_of(&s, "same"));
    cr_assert_str_eq(f->changed, "nothing");
    f = run_facts_find(d->view.runs_screen, id_of(&s, "quick"));
    cr_assert_str_eq(f->changed, "", "a stage of a chain is no fork");
    canvas_dump(&d->canvas, &text);
    cr_assert(strstr(str_c(&text), "beta 0.5"), "%s", str_c(&text));
    str_free(&text);
    close_desk(d);
    session_release(&s);
}

Test(runs, keys_act_on_the_chosen_run)
{
    struct session s;
    struct desk *d;
    char want[64];
    int64_t id;
    three_runs(&s);
    d = open_desk(&s, "other");
    desk_show_screen(d, SCREEN_RUNS);
    frame(d, 120, 40);
    request_do(d, REQUEST_UP, 0);
    id = desk_selected_run(d)->id;
    cr_assert_eq(id, id_of(&s, "same"));
    request_do(d, REQUEST_RUN_NAME, 0);
    snprintf(want, sizeof want, "rename @%lld ", (long long)id);
    cr_assert_str_eq(d->prefill, want);
    request_do(d, REQUEST_RUN_NOTE, 0);
    snprintf(want, sizeof want, "note @%lld ", (long long)id);
    cr_assert_str_eq(d->prefill, want);
    request_do(d, REQUEST_FORK, 0);
    snprintf(want, sizeof want, "fork @%lld 6 ", (long long)id);
    cr_assert_str_eq(d->prefill, want);
    request_do(d, REQUEST_RUN_DELETE, 0);
    cr_assert_eq(d->question, QUESTION_DELETE);
    cr_assert_eq(d->question_run, id);
    request_do(d, REQUEST_RUN_MARK, 0);
    cr_assert_eq(compare_letter(d->view.compare, id), 'A');
    request_do(d, REQUEST_RUN_COMPARE, 0);
    frame(d, 120, 40);
    cr_assert_eq(d->view.screen, SCREEN_COMPARE);
    cr_assert_eq(d->view.compare->n, 2, "the marked one and the open one");
    close_desk(d);
    session_release(&s);
}

Test(setting_lines, changes_are_told_by_key)
{
    static const char parent[] = "model.width = 64\nrl.beta = 0.001\nrl.lr = 5e-4\n",
                      child[] = "model.width = 64\nrl.beta = 0.5\nrl.lr = 5e-4\nrl.new = on\n";
    struct str out = {0};
    char value[SETTING_VALUE];
    cr_assert_eq(setting_changes(parent, child, "rl", &out), 2);
    cr_assert_str_eq(str_c(&out), "beta 0.5, new on");
    cr_assert(setting_find(child, "rl.lr", value));
    cr_assert_str_eq(value, "5e-4");
    cr_assert_not(setting_find(child, "lr", value));
    cr_assert_eq(setting_changes(child, child, "rl", &out), 0);
    str_free(&out);
}
