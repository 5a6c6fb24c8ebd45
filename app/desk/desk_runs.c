/* The desk's part of the screen of runs: what each run that is seen has otherwise than its parent, its last
 * evaluation, and the keys that act on the chosen run.
 *
 * Settings of a run never change, so they are compared once; evaluations are read again when the run has
 * moved. Only runs in sight are asked for, a few a frame. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/setting_lines.h"
#include "app/desk/desk_compare.h"
#include "app/desk/desk_read.h"
#include "app/desk/desk_screen.h"
#include "views/compare_state.h"
#include "views/runs_state.h"
#include "views/tree.h"

enum { A_FRAME = 16 };

static enum status init(struct desk *d, struct err *e)
{
    d->view.runs_screen = calloc(1, sizeof *d->view.runs_screen);
    return d->view.runs_screen ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    if (d->view.runs_screen)
        free(d->view.runs_screen->facts);
    free(d->view.runs_screen);
    d->view.runs_screen = NULL;
}

/* Room for all runs that there are; what is known of them is kept. */
static int make_room(struct desk *d)
{
    struct runs_state *s = d->view.runs_screen;
    struct run_facts *facts;
    int i;

    for (i = 0; i < d->runs_n && i < s->n && s->facts[i].run == d->runs[i].id; i++)
        ;
    if (i == d->runs_n && i == s->n)
        return 1;
    facts = calloc((size_t)d->runs_n + 1, sizeof *facts);
    if (!facts)
        return 0;
    for (i = 0; i < d->runs_n; i++) {
        const struct run_facts *old = run_facts_find(s, d->runs[i].id);
        if (old)
            facts[i] = *old;
        else
            facts[i] = (struct run_facts){.run = d->runs[i].id, .step = -1, .pass_1 = NAN};
    }
    free(s->facts);
    s->facts = facts;
    s->n = d->runs_n;
    return 1;
}

/* What a fork has otherwise than its parent. A stage of a chain has its parent's settings by itself. */
static void read_changes(struct desk *d, const struct record_run *run, struct run_facts *f)
{
    const struct record_run *parent = desk_run_of_id(d, run->parent);
    struct str own = {0}, theirs = {0}, out = {0};
    struct err e;

    f->is_known = 1;
    if (!parent || strcmp(parent->stage, run->stage))
        return;
    if (!query_settings(d->query, run->id, &own, &e) && !query_settings(d->query, parent->id, &theirs, &e)) {
        if (run->seed != parent->seed)
            str_printf(&out, "seed %llu", (unsigned long long)run->seed);
        if (strcmp(str_c(&own), str_c(&theirs)) && out.n)
            str_add(&out, ", ");
        setting_changes(str_c(&theirs), str_c(&own), strcmp(run->stage, "grpo") ? run->stage : "rl", &out);
        snprintf(f->changed, sizeof f->changed, "%s", out.n ? str_c(&out) : "nothing");
    }
    str_free(&own);
    str_free(&theirs);
    str_free(&out);
}

static void read_evaluation(struct desk *d, const struct record_run *run, struct run_facts *f)
{
    struct query_evaluation *row = NULL;
    struct err e;
    int i, n = 0;

    f->step = run->step;
    if (query_evaluations(d->query, run->id, &row, &n, &e))
        return;
    for (i = 0; i < n; i++) /* the one at temperature 1 stands before R1's of the same step */
        if (i == 0 || row[i].step != row[i - 1].step)
            f->pass_1 = row[i].e.pass_1;
    query_evaluations_free(row, n);
}

static int refresh(struct desk *d)
{
    struct tree_line line[TREE_MAX];
    struct list list = d->view.runs_list;
    int i, n, done = 0, rows = view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_RUNS);

    if (!d->runs || !make_room(d))
        return 0;
    n = tree_order(d->runs, d->runs_n, line);
    list.n = n;
    list_clamp(&list, rows);
    for (i = list.top; i < n && i <= list.top + rows; i++) {
        const struct record_run *run = &d->runs[line[i].run];
        struct run_facts *f = &d->view.runs_screen->facts[line[i].run];
        if (f->is_known && f->step == run->step)
            continue;
        if (done++ == A_FRAME)
            return 1;
        if (!f->is_known)
            read_changes(d, run, f);
        read_evaluation(d, run, f);
    }
    return 0;
}

/* The command line with a command about the chosen run. */
static void prompt_about(struct desk *d, const char *command)
{
    const struct record_run *run = desk_selected_run(d);
    char text[NAME_BYTES + 64];

    if (!run)
        return;
    if (!strcmp(command, "fork"))
        snprintf(text, sizeof text, "fork @%lld %lld ", (long long)run->id, (long long)run->step);
    else
        snprintf(text, sizeof text, "%s @%lld ", command, (long long)run->id);
    desk_prompt(d, text);
}

static void mark(struct desk *d)
{
    const struct record_run *run = desk_selected_run(d);
    struct err e;

    if (!run)
        return;
    if (desk_compare_mark(d, run->id, &e))
        desk_fail(d, &e);
    else
        list_move(&d->view.runs_list, 1, view_rows(&d->view, d->canvas.w, d->canvas.h, PANE_RUNS));
}

/* The marked runs; where none is, the chosen one and the open one. */
static void compare(struct desk *d)
{
    const struct record_run *run = desk_selected_run(d);
    int64_t one;

    if (run && !d->view.compare->marked_n && run->id != desk_run_id(d)) {
        one = run->id;
        desk_compare_set(d, &one, 1);
    }
    desk_show_screen(d, SCREEN_COMPARE);
}

static void delete_run(struct desk *d)
{
    const struct record_run *run = desk_selected_run(d);
    char text[32];
    struct err e;

    if (!run)
        return;
    snprintf(text, sizeof text, "delete %lld", (long long)run->id);
    if (command_run(d, text, &e))
        desk_fail(d, &e);
}

static int request(struct desk *d, enum request r, int argument)
{
    (void)argument;
    switch (r) {
    case REQUEST_FORK: prompt_about(d, "fork"); break;
    case REQUEST_RUN_NAME: prompt_about(d, "rename"); break;
    case REQUEST_RUN_NOTE: prompt_about(d, "note"); break;
    case REQUEST_RUN_DELETE: delete_run(d); break;
    case REQUEST_RUN_MARK: mark(d); break;
    case REQUEST_RUN_COMPARE: compare(d); break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_runs = {init, release, refresh, request};
