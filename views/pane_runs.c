/* The lineage: every run under the one that it was forked from or built on, and the run that is selected. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "views/compare_state.h"
#include "views/format.h"
#include "views/pane.h"
#include "views/runs_state.h"
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

const struct run_facts *run_facts_find(const struct runs_state *s, int64_t run)
{
    int low = 0, high = s ? s->n : 0;

    while (low < high) {
        int middle = (low + high) / 2;
        if (s->facts[middle].run < run)
            low = middle + 1;
        else
            high = middle;
    }
    return s && low < s->n && s->facts[low].run == run ? &s->facts[low] : NULL;
}

/* Columns from the right; those for which there is no room are left out. Without one of its own, what was
 * changed stands behind the name. */
struct columns {
    int changed, changed_w, preset, stage, step, time, reward, pass, state;
};

static struct columns place_columns(int w, int name)
{
    struct columns k = {-1, 0, -1, -1, -1, -1, -1, -1, -1};
    int at = w;

    if (w >= 50)
        k.state = at -= 8;
    k.pass = at -= 7;
    k.reward = at -= 7;
    if (w >= 100)
        k.time = at -= 9;
    k.step = at -= 7;
    if (w >= 60)
        k.stage = at -= 6;
    if (w >= 116)
        k.preset = at -= 16;
    if (w >= 72) {
        k.changed = name + 1 > at - 12 ? at - 12 : name + 1 < 20 ? 20 : name + 1;
        k.changed_w = at - k.changed;
    }
    return k;
}

/* What a run is: open, marked for comparison. */
static void draw_signs(struct canvas *c, struct rect r, int row, const struct view *v,
                       const struct record_run *run)
{
    char letter = v->compare ? compare_letter(v->compare, run->id) : 0;

    if (letter)
        canvas_put(c, r, row, 0, STYLE_KEY, (uint32_t)letter);
    else if (v->now && v->now->run_id == run->id)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25CF);
}

static void draw_name(struct canvas *c, struct rect r, int row, const struct view *v,
                      const struct tree_line *t, const struct columns *k)
{
    const struct record_run *run = &v->runs[t->run];
    const struct run_facts *f = run_facts_find(v->runs_screen, run->id);
    int open = v->now && v->now->run_id == run->id, col, end;
    char text[64];

    end = k->changed >= 0 ? k->changed : k->preset >= 0 ? k->preset : k->stage >= 0 ? k->stage : k->step;
    col = draw_branch(c, r, row, 2, t);
    col = canvas_fit(c, r, row, col, end - col - 1,
                     !strcmp(run->state, "failed") ? STYLE_ERROR
                     : open                        ? STYLE_STRONG
                                                   : STYLE_TEXT,
                     run->name);
    snprintf(text, sizeof text, " @%lld", (long long)run->parent_step);
    if (run->parent && run->parent_step > 0 && col + canvas_width(c, text, -1) < end) {
        col = canvas_fit(c, r, row, col, end - col - 1, STYLE_DIM, text);
    }
    if (!f || !f->changed[0])
        return;
    if (k->changed >= 0)
        canvas_fit(c, r, row, k->changed, k->changed_w - 2, STYLE_KEY, f->changed);
    else if (end - col > 8)
        canvas_fit(c, r, row, col + 1, end - col - 2, STYLE_KEY, f->changed);
}

static void draw_run(struct canvas *c, struct rect r, int row, const struct view *v,
                     const struct tree_line *t, const struct columns *k)
{
    const struct record_run *run = &v->runs[t->run];
    const struct run_facts *f = run_facts_find(v->runs_screen, run->id);
    int is_live = v->now && v->now->is_live && v->now->run_id == run->id;
    const char *state = is_live ? run_state_name(v->now->state) : run->state; /* as at its last commit */
    char text[64], number[FORMAT_BYTES];

    draw_signs(c, r, row, v, run);
    draw_name(c, r, row, v, t, k);
    if (k->preset >= 0)
        canvas_fit(c, r, row, k->preset, 15, STYLE_DIM, run->preset);
    if (k->stage >= 0)
        canvas_fit(c, r, row, k->stage, 5, STYLE_DIM, run->stage);
    snprintf(text, sizeof text, "%lld", (long long)run->step);
    canvas_right(c, r, row, k->step + 6, STYLE_TEXT, text);
    if (k->time >= 0)
        canvas_right(c, r, row, k->time + 8, STYLE_DIM,
                     format_clock(text, run->rl_seconds > 0 ? run->rl_seconds : run->seconds));
    if (v->runs_reward && isfinite(v->runs_reward[t->run]))
        canvas_right(c, r, row, k->reward + 6, STYLE_TEXT, format_number(number, v->runs_reward[t->run]));
    if (f && isfinite(f->pass_1))
        canvas_right(c, r, row, k->pass + 6, STYLE_TEXT, format_number(number, f->pass_1));
    if (k->state >= 0)
        canvas_fit(c, r, row, k->state, 8, state_style(state), state);
}

static void draw_heading(struct canvas *c, struct rect r, const struct columns *k)
{
    canvas_text(c, r, 0, 2, STYLE_DIM, "run", -1);
    if (k->changed >= 0)
        canvas_text(c, r, 0, k->changed, STYLE_DIM, k->changed_w > 24 ? "changed from its parent" : "changed",
                    -1);
    if (k->preset >= 0)
        canvas_text(c, r, 0, k->preset, STYLE_DIM, "preset", -1);
    if (k->stage >= 0)
        canvas_text(c, r, 0, k->stage, STYLE_DIM, "stage", -1);
    canvas_right(c, r, 0, k->step + 6, STYLE_DIM, "step");
    if (k->time >= 0)
        canvas_right(c, r, 0, k->time + 8, STYLE_DIM, "time");
    canvas_right(c, r, 0, k->reward + 6, STYLE_DIM, "reward");
    canvas_right(c, r, 0, k->pass + 6, STYLE_DIM, "pass@1");
    if (k->state >= 0)
        canvas_text(c, r, 0, k->state, STYLE_DIM, "state", -1);
}

void pane_runs(struct canvas *c, struct rect r, const struct view *v)
{
    struct tree_line line[TREE_MAX];
    struct list list = v->runs_list;
    struct columns k;
    struct rect inner, body;
    char right[32];
    int i, n, name = 0;

    snprintf(right, sizeof right, "%d", v->runs_n);
    inner = pane_frame(c, r, v, PANE_RUNS, "runs and their forks", right);
    n = v->runs ? tree_order(v->runs, v->runs_n, line) : 0;
    if (!n) {
        pane_note(c, inner, "no run yet");
        return;
    }
    for (i = 0; i < n; i++) {
        int w = 2 + 3 * line[i].depth + canvas_width(c, v->runs[line[i].run].name, -1) + 6; /* with "@123" */
        name = w > name ? w : name;
    }
    k = place_columns(inner.w - 1, name);
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
    pane_foot(c, r, "enter opens  f forks  n name  a note  d delete  m mark  c compare", "");
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
    const struct run_facts *f;
    char text[RUN_CHANGED], clock[FORMAT_BYTES];
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
    f = run_facts_find(v->runs_screen, run->id);
    if (f)
        row = field(c, inner, row, "changed", f->changed);
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
