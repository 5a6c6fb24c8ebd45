/* The panes of the recipe screen: the stages with their figures, what each changed against the one that it
 * starts from, and the chosen stage in words.
 *
 * Both tables have the same columns in the same places, so that a change stands below its figure. Where
 * not all fit, those of least weight are left out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/paragraph.h"
#include "views/recipe_state.h"

/* Columns in the order in which they stand; a figure's is COLUMN_FIGURE + i. */
enum {
    COLUMN_KIND, COLUMN_STEPS, COLUMN_SECONDS, COLUMN_TEXTS, COLUMN_FIGURE,
    COLUMN_GAIN = COLUMN_FIGURE + RECIPE_FIGURES, COLUMN_TASKS, COLUMNS_N
};
enum { STAGE_AT = 2, STAGE_W = 13, NARROW = 60, TASKS_LEAST = 22 };

struct columns {
    int at[COLUMNS_N], w[COLUMNS_N];     /* w 0: left out */
};

/* The first that still fit are taken; the change of pass@1 only where no pane of changes has room. */
static struct columns place(int width)
{
    static const struct {
        int column, w;
    } wish[] = {
        {COLUMN_FIGURE, 8},     {COLUMN_STEPS, 11},      {COLUMN_FIGURE + 2, 8}, {COLUMN_FIGURE + 4, 8},
        {COLUMN_FIGURE + 6, 9}, {COLUMN_TEXTS, 11},      {COLUMN_FIGURE + 5, 9}, {COLUMN_FIGURE + 1, 8},
        {COLUMN_KIND, 7},       {COLUMN_FIGURE + 3, 7},  {COLUMN_SECONDS, 9},
    };
    struct columns k = {{0}, {0}};
    int room = width - STAGE_AT - STAGE_W, at = STAGE_AT + STAGE_W, i;

    if (width < NARROW) {
        k.w[COLUMN_GAIN] = 8;
        room -= 8;
    }
    for (i = 0; i < (int)(sizeof wish / sizeof *wish); i++) {
        if (wish[i].w > room)
            continue;
        k.w[wish[i].column] = wish[i].w;
        room -= wish[i].w;
    }
    if (room >= TASKS_LEAST)
        k.w[COLUMN_TASKS] = room;
    for (i = 0; i < COLUMNS_N; i++) {
        k.at[i] = at;
        at += k.w[i];
    }
    return k;
}

static void put(struct canvas *c, struct rect r, int row, const struct columns *k, int column,
                enum style style, const char *text)
{
    if (k->w[column])
        canvas_right(c, r, row, k->at[column] + k->w[column], style, text);
}

static void draw_head(struct canvas *c, struct rect r, const struct columns *k, int is_change)
{
    int i;

    canvas_text(c, r, 0, STAGE_AT, STYLE_DIM, "stage", -1);
    if (k->w[COLUMN_KIND])
        canvas_text(c, r, 0, k->at[COLUMN_KIND], STYLE_DIM, is_change ? "from" : "kind", -1);
    if (!is_change) {
        put(c, r, 0, k, COLUMN_STEPS, STYLE_DIM, "steps");
        put(c, r, 0, k, COLUMN_SECONDS, STYLE_DIM, "seconds");
        put(c, r, 0, k, COLUMN_TEXTS, STYLE_DIM, "texts");
    }
    for (i = 0; i < RECIPE_FIGURES; i++)
        put(c, r, 0, k, COLUMN_FIGURE + i, STYLE_DIM, recipe_figure(i)->head);
    put(c, r, 0, k, COLUMN_GAIN, STYLE_DIM, "+/-");
    if (k->w[COLUMN_TASKS])
        canvas_text(c, r, 0, k->at[COLUMN_TASKS] + 2, STYLE_DIM, "pass@1 by task", -1);
}

/* A sign for where a stage stands, so that colour is not alone. */
static enum style draw_mark(struct canvas *c, struct rect r, int row, const struct recipe_state *s, int at)
{
    enum recipe_mark state = s->row[at].state;
    static const struct {
        uint32_t sign;
        enum style style;
    } mark[] = {[RECIPE_TO_COME] = {0xB7, STYLE_DIM},
                [RECIPE_BEGUN] = {'~', STYLE_TEXT},
                [RECIPE_NOW] = {0x25CF, STYLE_ACCENT},
                [RECIPE_DONE] = {0x2713, STYLE_TEXT}};

    canvas_put(c, r, row, 0, at == s->at ? STYLE_ACCENT : mark[state].style, mark[state].sign);
    return at == s->at ? STYLE_ACCENT : mark[state].style;
}

static void number(char out[FORMAT_BYTES], double v)
{
    if (isfinite(v))
        snprintf(out, FORMAT_BYTES, fabs(v) < 10 ? "%.3f" : "%.1f", v);
    else
        snprintf(out, FORMAT_BYTES, "-");
}

/* A signed difference and what it means; better 0: neither good nor bad. */
static enum style difference(char out[FORMAT_BYTES], double v, int better)
{
    if (!isfinite(v)) {
        snprintf(out, FORMAT_BYTES, "-");
        return STYLE_DIM;
    }
    snprintf(out, FORMAT_BYTES, fabs(v) < 10 ? "%+.3f" : "%+.1f", v);
    if (fabs(v) < 5e-4)
        snprintf(out, FORMAT_BYTES, "=");
    return fabs(v) < 5e-4 ? STYLE_DIM : !better ? STYLE_TEXT : v > 0 ? STYLE_GOOD : STYLE_BAD;
}

static void draw_steps(struct canvas *c, struct rect r, int line, const struct columns *k,
                       const struct recipe_row *x)
{
    char text[FORMAT_BYTES * 2];

    if (x->state == RECIPE_DONE || !x->steps)
        snprintf(text, sizeof text, "%lld", (long long)x->step);
    else
        snprintf(text, sizeof text, "%lld/%lld", (long long)x->step, (long long)x->steps);
    put(c, r, line, k, COLUMN_STEPS, x->state == RECIPE_NOW ? STYLE_ACCENT : STYLE_TEXT, text);
}

static void draw_tasks(struct canvas *c, struct rect r, int line, const struct columns *k,
                       const struct recipe_state *s, int at, int is_change)
{
    const struct recipe_row *x = &s->row[at];
    int col = k->at[COLUMN_TASKS] + 2, end = col + k->w[COLUMN_TASKS] - 2, i;
    char text[FORMAT_BYTES];

    for (i = 0; k->w[COLUMN_TASKS] && i < x->tasks_n && end - col > 4; i++) {
        enum style style = STYLE_TEXT;
        if (is_change)
            style = difference(text, recipe_task_change(s, at, i), 1);
        else
            number(text, x->right[i]);
        col = canvas_fit(c, r, line, col, end - col, STYLE_DIM, x->task[i]) + 1;
        col = end - col > 0 ? canvas_fit(c, r, line, col, end - col, style, text) + 2 : end;
    }
}

static void draw_row(struct canvas *c, struct rect r, int line, const struct columns *k,
                     const struct recipe_state *s, int at)
{
    const struct recipe_row *x = &s->row[at];
    enum style style = draw_mark(c, r, line, s, at);
    char text[FORMAT_BYTES * 2];
    int i;

    canvas_fit(c, r, line, STAGE_AT, STAGE_W - 1, style, x->stage);
    if (k->w[COLUMN_KIND])
        canvas_fit(c, r, line, k->at[COLUMN_KIND], k->w[COLUMN_KIND] - 1, STYLE_DIM, x->kind);
    if (!x->run)
        return;
    draw_steps(c, r, line, k, x);
    snprintf(text, sizeof text, "%.1f", x->seconds);
    put(c, r, line, k, COLUMN_SECONDS, STYLE_DIM, text);
    snprintf(text, sizeof text, "%d/%d", x->texts_kept, x->texts_n);
    if (x->texts_n)
        put(c, r, line, k, COLUMN_TEXTS, STYLE_TEXT, text);
    for (i = 0; i < RECIPE_FIGURES; i++) {
        number(text, x->figure[i]);
        put(c, r, line, k, COLUMN_FIGURE + i, isfinite(x->figure[i]) ? STYLE_TEXT : STYLE_DIM, text);
    }
    if (k->w[COLUMN_GAIN]) {
        style = difference(text, recipe_change(s, at, 0), 1);
        put(c, r, line, k, COLUMN_GAIN, style, text);
    }
    draw_tasks(c, r, line, k, s, at, 0);
}

static void draw_change(struct canvas *c, struct rect r, int line, const struct columns *k,
                        const struct recipe_state *s, int at)
{
    const struct recipe_row *x = &s->row[at];
    char text[FORMAT_BYTES], from[RECIPE_WORD + 8];
    int i, w = k->w[COLUMN_KIND] + k->w[COLUMN_STEPS] + k->w[COLUMN_SECONDS] + k->w[COLUMN_TEXTS];

    draw_mark(c, r, line, s, at);
    canvas_fit(c, r, line, STAGE_AT, STAGE_W - 1, x->run ? STYLE_TEXT : STYLE_DIM, x->stage);
    snprintf(from, sizeof from, "%s", x->from[0] ? x->from : "nothing");
    if (w > 4)
        canvas_fit(c, r, line, STAGE_AT + STAGE_W, w - 1, STYLE_DIM, from);
    if (!x->run || !x->from[0])
        return;
    for (i = 0; i < RECIPE_FIGURES; i++) {
        enum style style = difference(text, recipe_change(s, at, i), recipe_figure(i)->better);
        put(c, r, line, k, COLUMN_FIGURE + i, style, text);
    }
    draw_tasks(c, r, line, k, s, at, 1);
}

/* Which recipes there are, while none is under way. */
static void draw_choices(struct canvas *c, struct rect inner, const struct recipe_state *s)
{
    struct rect body = rect_cut(inner, 0, 1, inner.w, inner.h - 1);
    struct list list = s->list;
    int i, rows, row;

    canvas_fit(c, inner, 0, 1, inner.w - 1, STYLE_DIM,
               inner.w >= NARROW ? "no recipe is under way; enter starts one of these"
                   : "enter starts one of these");
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < list.n; i++) {
        const struct recipe_choice *k = &s->choice[list.top + i];
        canvas_fit(c, body, i, STAGE_AT, STAGE_W - 1, STYLE_STRONG, k->name);
        canvas_fit(c, body, i, STAGE_AT + STAGE_W, body.w - STAGE_AT - STAGE_W, STYLE_TEXT, k->summary);
        if (list.top + i == list.selected)
            canvas_select(c, body, i);
    }
    rows = list.selected < list.n ? paragraph_rows(c, s->choice[list.selected].summary, body.w - 2) : 0;
    row = list.n + 1;
    if (rows && row + rows <= body.h)
        paragraph_draw(c, body, row, STAGE_AT, STYLE_DIM, s->choice[list.selected].summary);
}

static void draw_table(struct canvas *c, struct rect r, struct rect inner, const struct recipe_state *s,
                       int is_change)
{
    struct columns k = place(inner.w - 1);
    struct rect body = rect_cut(inner, 0, 1, inner.w, inner.h - 1);
    struct list list = s->list;
    int i;

    draw_head(c, inner, &k, is_change);
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < list.n; i++) {
        if (is_change)
            draw_change(c, body, i, &k, s, list.top + i);
        else
            draw_row(c, body, i, &k, s, list.top + i);
        if (list.top + i == list.selected)
            canvas_select(c, body, i);
    }
    list_scrollbar(c, r, body, &list);
}

static const char *standing(const struct recipe_state *s, char *out, size_t bytes)
{
    int i, done = 0;

    for (i = 0; i < s->n; i++)
        done += s->row[i].state == RECIPE_DONE;
    if (s->holds)
        snprintf(out, bytes, "waits for your verdicts");
    else
        snprintf(out, bytes, "%d of %d stages done", done, s->n);
    return out;
}

void pane_recipe(struct canvas *c, struct rect r, const struct view *v)
{
    const struct recipe_state *s = v->recipe;
    char title[RECIPE_WORD + 200], right[64] = "";

    if (!s) {
        pane_note(c, pane_frame(c, r, v, PANE_RECIPE, "recipe", ""),
                  "no recipe is under way; :recipe NAME starts one");
        return;
    }
    if (!s->n) {
        draw_choices(c, pane_frame(c, r, v, PANE_RECIPE, "recipes", ""), s);
        return;
    }
    snprintf(title, sizeof title, r.w >= 100 ? "recipe %s: %s" : "recipe %s", s->name, s->summary);
    draw_table(c, r, pane_frame(c, r, v, PANE_RECIPE, title, standing(s, right, sizeof right)), s, 0);
    pane_foot(c, r, "✓ done  ● open  ~ begun  · to come",
              s->is_found ? "of what is on record   enter opens  T texts" : "enter opens its run  T texts");
}

void pane_change(struct canvas *c, struct rect r, const struct view *v)
{
    const struct recipe_state *s = v->recipe;
    struct rect inner = pane_frame(c, r, v, PANE_CHANGE, "what each stage changed",
                                   "against the one it starts from");

    if (!s || !s->n)
        pane_note(c, inner, "signed differences of a stage and the one that it starts from");
    else
        draw_table(c, r, inner, s, 1);
}

/* One line on the run of a stage. */
static void draw_run(struct canvas *c, struct rect r, int row, const struct recipe_row *x)
{
    char text[256];
    int n = 0;

    if (!x->run) {
        canvas_fit(c, r, row, 1, r.w - 1, STYLE_DIM,
                   x->collects ? "to come; the texts that it learns from are collected when it begins"
                       : "to come");
        return;
    }
    n = snprintf(text, sizeof text, "run %s: step %lld", x->name, (long long)x->step);
    if (x->state != RECIPE_DONE && x->steps && n > 0 && (size_t)n < sizeof text)
        n += snprintf(text + n, sizeof text - (size_t)n, " of %lld", (long long)x->steps);
    if (x->texts_n && n > 0 && (size_t)n < sizeof text)
        n += snprintf(text + n, sizeof text - (size_t)n, "; learns from %d of %d texts (T)", x->texts_kept,
                      x->texts_n);
    if (x->evaluated >= 0 && x->evaluated != x->step && n > 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, "; figures of step %lld", (long long)x->evaluated);
    canvas_fit(c, r, row, 1, r.w - 1, STYLE_TEXT, text);
}

/* pass@1 by task, with its change. */
static void draw_by_task(struct canvas *c, struct rect r, int row, const struct recipe_state *s, int at)
{
    const struct recipe_row *x = &s->row[at];
    int col = 11, i;

    if (!x->tasks_n || row >= r.h)
        return;
    canvas_text(c, r, row, 1, STYLE_DIM, "by task", -1);
    for (i = 0; i < x->tasks_n; i++) {
        char now[FORMAT_BYTES], by[FORMAT_BYTES];
        double v = recipe_task_change(s, at, i);
        enum style style = difference(by, v, 1);
        int w = canvas_width(c, x->task[i], -1) + (isfinite(v) ? 17 : 9);
        number(now, x->right[i]);
        if (col + w > r.w && col > 11) {
            col = 11;
            row++;
        }
        col = canvas_fit(c, r, row, col, r.w - col > 0 ? r.w - col : 0, STYLE_DIM, x->task[i]) + 1;
        col = canvas_text(c, r, row, col, STYLE_TEXT, now, -1) + 1;
        if (isfinite(v))
            col = canvas_text(c, r, row, col, style, by, -1) + 1;
        col += 2;
    }
}

/* The chosen stage's figures from, to and by how much; two a line where there is room. Returns the row
 * after them. */
static int draw_figures(struct canvas *c, struct rect r, int row, const struct recipe_state *s, int at)
{
    const struct recipe_row *x = &s->row[at], *b = x->from_row >= 0 ? &s->row[x->from_row] : NULL;
    int columns = r.w >= 110 ? 3 : r.w >= 74 ? 2 : 1, w = (r.w - 1) / columns, i, n = 0;

    for (i = 0; i < RECIPE_FIGURES; i++) {
        char now[FORMAT_BYTES], was[FORMAT_BYTES], by[FORMAT_BYTES];
        int line = row + n / columns, col = 1 + n % columns * w;
        enum style style;
        if (!isfinite(x->figure[i]) || line >= r.h)
            continue;
        n++;
        canvas_text(c, r, line, col, STYLE_DIM, recipe_figure(i)->head, -1);
        number(now, x->figure[i]);
        if (b && isfinite(b->figure[i])) {
            number(was, b->figure[i]);
            style = difference(by, recipe_change(s, at, i), recipe_figure(i)->better);
            canvas_printf(c, r, line, col + 10, STYLE_TEXT, "%s → %s", was, now);
            canvas_right(c, r, line, col + 34, style, by);
        } else {
            canvas_text(c, r, line, col + 10, STYLE_TEXT, now, -1);
        }
    }
    return row + (n + columns - 1) / columns;
}

void pane_stage(struct canvas *c, struct rect r, const struct view *v)
{
    const struct recipe_state *s = v->recipe;
    const struct recipe_row *x = s && s->n && s->list.selected < s->n ? &s->row[s->list.selected] : NULL;
    struct rect inner;
    char title[64];
    int row;

    if (!x) {
        pane_note(c, pane_frame(c, r, v, PANE_STAGE, "stage", ""), "the chosen stage in words");
        return;
    }
    snprintf(title, sizeof title, "stage %s", x->stage);
    inner = pane_frame(c, r, v, PANE_STAGE, title, x->kind);
    row = paragraph_draw(c, rect_cut(inner, 0, 0, inner.w, inner.h > 2 ? inner.h - 1 : inner.h), 0, 1,
                         STYLE_TEXT, x->summary);
    draw_run(c, inner, row++, x);
    if (x->state == RECIPE_NOW && x->steps > 0 && row < inner.h) {
        if (s->holds)
            canvas_fit(c, inner, row, 1, inner.w - 1, STYLE_WARNING,
                       "it waits before its first step: T shows its texts, space goes on");
        else
            meter_gauge(c, inner, row, 1, inner.w < 42 ? inner.w - 2 : 40,
                        (double)x->step / (double)x->steps, STYLE_ACCENT);
        row++;
    }
    row = draw_figures(c, inner, row, s, s->list.selected);
    draw_by_task(c, inner, row, s, s->list.selected);
}
