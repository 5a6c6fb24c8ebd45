/* The lineage: every run under the one that it was forked from or built on, and the run that is selected. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "views/format.h"
#include "views/pane.h"
#include "views/tree.h"

static enum style state_style(const char *state)
{
    if (!strcmp(state, "running"))
        return STYLE_ACCENT;
    if (!strcmp(state, "paused"))
        return STYLE_WARNING;
    if (!strcmp(state, "failed"))
        return STYLE_ERROR;
    return STYLE_DIM;
}

/* The lines of the tree in front of a name; returns the column after them. */
static int draw_branch(struct canvas *c, struct rect r, int row, int col, const struct tree_line *t)
{
    int d;

    for (d = 1; d < t->depth; d++)
        col = canvas_text(c, r, row, col, STYLE_BORDER, t->open >> d & 1 ? "│  " : "   ", -1);
    if (t->depth)
        col = canvas_text(c, r, row, col, STYLE_BORDER, t->is_last ? "└─ " : "├─ ", -1);
    return col;
}

/* Columns from the right; those for which there is no room are left out, the first ones first. */
struct columns {
    int preset, stage, step, time, reward, state;
};

static struct columns place_columns(int w)
{
    struct columns k = {-1, -1, -1, -1, -1, -1};

    k.state = w - 9;
    k.step = k.state - 8;
    if (w >= 56)
        k.stage = k.step - 6;
    if (w >= 68) {
        k.reward = k.step - 1;
        k.step = k.reward - 8;
        k.stage = k.step - 6;
    }
    if (w >= 88) {
        k.time = k.step;
        k.step = k.time - 9;
        k.stage = k.step - 6;
        k.preset = k.stage - 14;
    }
    return k;
}

static void draw_run(struct canvas *c, struct rect r, int row, const struct view *v,
                     const struct tree_line *t, const struct columns *k)
{
    const struct record_run *run = &v->runs[t->run];
    int open = v->now && v->now->run_id == run->id, col, end;
    char text[64], number[FORMAT_BYTES];

    if (open)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    col = draw_branch(c, r, row, 2, t);
    end = k->preset >= 0 ? k->preset : k->stage >= 0 ? k->stage : k->step;
    col = canvas_fit(c, r, row, col, end - col - 1, open ? STYLE_STRONG : STYLE_TEXT, run->name);
    if (run->parent && run->parent_step > 0 && end - col > 10) {
        snprintf(text, sizeof text, " @%lld", (long long)run->parent_step);
        canvas_fit(c, r, row, col, end - col - 1, STYLE_DIM, text);
    }
    if (k->preset >= 0)
        canvas_fit(c, r, row, k->preset, 13, STYLE_DIM, run->preset);
    if (k->stage >= 0)
        canvas_fit(c, r, row, k->stage, 5, STYLE_DIM, run->stage);
    snprintf(text, sizeof text, "%lld", (long long)run->step);
    canvas_right(c, r, row, k->step + 7, STYLE_TEXT, text);
    if (k->time >= 0)
        canvas_right(c, r, row, k->time + 7, STYLE_DIM,
                     format_clock(text, run->rl_seconds > 0 ? run->rl_seconds : run->seconds));
    if (k->reward >= 0 && v->runs_reward && isfinite(v->runs_reward[t->run]))
        canvas_right(c, r, row, k->reward + 7, STYLE_TEXT, format_number(number, v->runs_reward[t->run]));
    canvas_fit(c, r, row, k->state, 9, state_style(run->state), run->state);
}

static void draw_heading(struct canvas *c, struct rect r, const struct columns *k)
{
    canvas_text(c, r, 0, 2, STYLE_DIM, "run", -1);
    if (k->preset >= 0)
        canvas_text(c, r, 0, k->preset, STYLE_DIM, "preset", -1);
    if (k->stage >= 0)
        canvas_text(c, r, 0, k->stage, STYLE_DIM, "stage", -1);
    canvas_right(c, r, 0, k->step + 7, STYLE_DIM, "step");
    if (k->time >= 0)
        canvas_right(c, r, 0, k->time + 7, STYLE_DIM, "time");
    if (k->reward >= 0)
        canvas_right(c, r, 0, k->reward + 7, STYLE_DIM, "reward");
    canvas_text(c, r, 0, k->state, STYLE_DIM, "state", -1);
}

void pane_runs(struct canvas *c, struct rect r, const struct view *v)
{
    struct tree_line line[TREE_MAX];
    struct list list = v->runs_list;
    struct columns k;
    struct rect inner, body;
    char right[32];
    int i, n;

    snprintf(right, sizeof right, "%d", v->runs_n);
    inner = pane_frame(c, r, v, PANE_RUNS, "runs and their forks", right);
    n = v->runs ? tree_order(v->runs, v->runs_n, line) : 0;
    if (!n) {
        pane_note(c, inner, "no run yet");
        return;
    }
    k = place_columns(inner.w - 1);
    draw_heading(c, inner, &k);
    body = rect_cut(inner, 0, 1, inner.w, inner.h - 1);
    list.n = n;
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < n; i++) {
        draw_run(c, body, i, v, &line[list.top + i], &k);
        if (list.top + i == list.selected)
            canvas_select(c, body, i);
    }
    list_scrollbar(c, r, body, &list);
}

static int field(struct canvas *c, struct rect r, int row, const char *name, const char *value)
{
    if (!*value)
        return row;
    canvas_text(c, r, row, 1, STYLE_DIM, name, -1);
    canvas_fit(c, r, row, 11, r.w - 12, STYLE_TEXT, value);
    return row + 1;
}

static void draw_settings(struct canvas *c, struct rect r, int row, const char *text)
{
    while (*text && row < r.h) {
        const char *end = strchr(text, '\n');
        int n = end ? (int)(end - text) : (int)strlen(text);
        canvas_text(c, rect_cut(r, 0, 0, r.w - 1, r.h), row++, 1, STYLE_TEXT, text, n);
        text += n + (end != NULL);
    }
}

void pane_run(struct canvas *c, struct rect r, const struct view *v)
{
    struct tree_line line[TREE_MAX];
    const struct record_run *run, *parent = NULL;
    char text[160], clock[FORMAT_BYTES];
    struct rect inner;
    struct tm tm;
    time_t when;
    int i, n = v->runs ? tree_order(v->runs, v->runs_n, line) : 0, at = v->runs_list.selected, row = 0;

    if (at < 0 || at >= n) {
        pane_frame(c, r, v, PANE_RUN, "run", "");
        return;
    }
    run = &v->runs[line[at].run];
    for (i = 0; i < v->runs_n; i++)
        if (v->runs[i].id == run->parent)
            parent = &v->runs[i];
    snprintf(text, sizeof text, "run %s", run->name);
    inner = pane_frame(c, r, v, PANE_RUN, text, "");
    row = field(c, inner, row, "note", run->note);
    snprintf(text, sizeof text, "%s, stage %s", run->preset, run->stage);
    row = field(c, inner, row, "preset", text);
    if (run->parent) {
        snprintf(text, sizeof text, "%s at step %lld", parent ? parent->name : "a run that is gone",
                 (long long)run->parent_step);
        row = field(c, inner, row, "parent", text);
    }
    snprintf(text, sizeof text, "%lld, %s", (long long)run->step, run->state);
    row = field(c, inner, row, "step", text);
    row = field(c, inner, row, "time", format_clock(clock, run->seconds));
    if (run->rl_seconds > 0)
        row = field(c, inner, row, "RL time", format_clock(clock, run->rl_seconds));
    snprintf(text, sizeof text, "%llu", (unsigned long long)run->seed);
    row = field(c, inner, row, "seed", text);
    when = (time_t)run->created;
    if (run->created > 0 && localtime_r(&when, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
        row = field(c, inner, row, "begun", text);
    if (v->run_settings && *v->run_settings && row + 2 < inner.h) {
        canvas_text(c, inner, row + 1, 1, STYLE_TITLE, "settings", -1);
        draw_settings(c, inner, row + 2, v->run_settings);
    }
}
