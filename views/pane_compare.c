/* Runs laid over each other: their names and letters, and one small plot a metric, as many as fit, or one
 * large.
 *
 * A line is told by its letter, at its end and along it; the colour only helps. Where there is no room for a
 * plot, the last values stand in rows. All plots have the same steps from left to right. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/compare_state.h"
#include "views/format.h"
#include "views/pane.h"
#include "views/plot.h"

enum { CURVES = 8, CELL_W = 30, CELL_H = 6, LETTERS = 3 };

static const enum style run_style[COMPARE_RUNS] = {STYLE_CURVE_A, STYLE_CURVE_B, STYLE_CURVE_C,
                                                   STYLE_CURVE_D, STYLE_MARK,    STYLE_STRONG};

char compare_letter(const struct compare_state *s, int64_t run)
{
    int i;

    for (i = 0; i < s->marked_n; i++)
        if (s->marked[i] == run)
            return (char)('A' + i);
    return 0;
}

/* What each curve is called where there is little room. */
static const struct {
    enum metric metric;
    const char *name;
    int with_zero;
} curve[CURVES] = {
    {M_REWARD, "reward", 1},           {M_PASS_1, "pass@1", 1},
    {M_LENGTH, "length", 0},           {M_KL, "KL", 1},
    {M_ENTROPY, "entropy", 1},         {M_LOSS, "loss", 0},
    {M_GRAD_NORM, "gradient norm", 1}, {M_FLAT, "flat groups", 1},
};

static int is_known(const struct compare_state *s, enum metric m)
{
    int i;

    for (i = 0; i < s->n; i++)
        if (s->run[i].history && s->run[i].history->n && isfinite(history_last(s->run[i].history, m, -1)))
            return 1;
    return 0;
}

int compare_curves(const struct compare_state *s, enum metric *out, int most)
{
    int i, n = 0;

    for (i = 0; i < CURVES && n < most; i++)
        if (is_known(s, curve[i].metric) &&
            (curve[i].metric != M_LOSS || !n)) /* GRPO's loss says nothing by itself */
            out[n++] = curve[i].metric;
    return n;
}

static int row_of(enum metric m)
{
    int i;

    for (i = 0; i < CURVES && curve[i].metric != m; i++)
        ;
    return i < CURVES ? i : 0;
}

/* The value of a run at the cursor, or its last one. */
static double value_of(const struct view *v, const struct compare_run *run, enum metric m)
{
    return run->history && run->history->n ? history_last(run->history, m, v->cursor) : NAN;
}

/* "A 0.52  B 0.61", from column `col` on; a value that does not fit is left out. Returns the column after
 * them. */
static int draw_values(struct canvas *c, struct rect r, int row, int col, const struct view *v, enum metric m)
{
    const struct compare_state *s = v->compare;
    char text[40], number[FORMAT_BYTES];
    int i;

    for (i = 0; i < s->n; i++) {
        snprintf(text, sizeof text, " %s", format_number(number, value_of(v, &s->run[i], m)));
        if (col + 2 + (int)strlen(text) > r.w)
            break;
        canvas_put(c, r, row, col, run_style[i], (uint32_t)('A' + i));
        col = canvas_text(c, r, row, col + 1, STYLE_TEXT, text, -1) + 2;
    }
    return col;
}

/* Letters along a line, at points that stand at thirds of it: each run's a little further than the one
 * before. */
static int put_letters(const struct history *h, const double *y, int i, int runs, double x[LETTERS],
                       double at[LETTERS])
{
    int k, n = 0;

    for (k = 0; k < LETTERS; k++) {
        int where = (int)((k + (i + 0.5) / runs) / LETTERS * (h->n - 1));
        if (where >= 0 && where < h->n && isfinite(y[where])) {
            x[n] = h->step[where];
            at[n++] = y[where];
        }
    }
    return n;
}

static int is_sparse(const double *y, int n)
{
    int i, known = 0;

    for (i = 0; i < n; i++)
        known += isfinite(y[i]) != 0;
    return known * 2 < n;
}

static void draw_plot(struct canvas *c, struct rect r, const struct view *v, enum metric m, int x_axis)
{
    static const char *const label[COMPARE_RUNS] = {"A", "B", "C", "D", "E", "F"};
    double smooth[HISTORY_ROWS];
    const struct compare_state *s = v->compare;
    struct series series[2 * COMPARE_RUNS];
    double x[COMPARE_RUNS][LETTERS], at[COMPARE_RUNS][LETTERS], low = INFINITY, high = -INFINITY;
    struct plot p;
    int i, n = 0;

    for (i = 0; i < s->n; i++) {
        const struct history *h = s->run[i].history;
        const double *y;
        int letters;
        if (!h || !h->n)
            continue;
        low = h->step[0] < low ? h->step[0] : low;
        high = h->step[h->n - 1] > high ? h->step[h->n - 1] : high;
        y = history_metric(h, m);
        if (is_sparse(y, h->n)) {
            series[n++] = (struct series){SERIES_MARKS, run_style[i],       label[i], h->n, h->step, y,
                                          NULL,         (uint32_t)('A' + i)};
            continue;
        }
        series[n++] = (struct series){SERIES_LINE, run_style[i], label[i], h->n, h->step, y, NULL, 0};
        plot_smooth(y, h->n, v->smoothing, smooth);
        letters = put_letters(h, smooth, i, s->n, x[i], at[i]);
        if (letters && r.w >= 24 && s->n > 1)
            series[n++] = (struct series){SERIES_MARKS, run_style[i], NULL, letters,
                                          x[i],         at[i],        NULL, (uint32_t)('A' + i)};
    }
    p = plot_blank(series, n);
    p.x_low = low;
    p.x_high = high;
    p.with_zero = curve[row_of(m)].with_zero;
    p.log_y = v->log_y && m != M_PASS_1;
    p.smoothing = v->smoothing;
    p.tags = 1;
    p.x_axis = x_axis;
    p.cursor = v->cursor >= 0 ? (double)v->cursor : NAN;
    plot_draw(c, r, &p);
}

/* One metric: its name and values, its curves below. */
static void draw_cell(struct canvas *c, struct rect r, const struct view *v, enum metric m, int is_large)
{
    int col = canvas_fit(c, r, 0, 1, r.w - 1, STYLE_TITLE, curve[row_of(m)].name);

    draw_values(c, rect_cut(r, 0, 0, r.w - 1, r.h), 0, col + 2, v, m);
    draw_plot(c, rect_cut(r, 0, 1, r.w - 1, r.h - 1), v, m, is_large && r.h >= 6);
}

/* Which run is which: "A quick 130 · B quick-2 80". Returns the rows that it took. */
static int draw_legend(struct canvas *c, struct rect r, const struct view *v)
{
    const struct compare_state *s = v->compare;
    int i, row = 0, col = 1, most = r.h / 4 > 1 ? r.h / 4 : 1, each = (r.w - 1) / s->n;

    for (i = 0; i < s->n; i++) {
        const struct compare_run *run = &s->run[i];
        char text[NAME_BYTES + 96];
        int w;
        snprintf(text, sizeof text, "%s  step %lld%s%s%s%s%s", run->name, (long long)run->step,
                 run->is_open ? " open" : "", run->is_in_turns ? " in turns" : "",
                 run->doing[0] ? ": " : "", run->doing,
                 !strcmp(run->state, "failed") ? " failed" : "");
        if (r.h < 8)
            snprintf(text, sizeof text, "%s", run->name); /* all of them in one line */
        w = canvas_width(c, text, -1) + 5;
        if (r.h < 8 && w > each)
            w = each;
        if (col > 1 && col + w > r.w) {
            if (row + 1 >= most)
                break;
            row++;
            col = 1;
        }
        canvas_put(c, r, row, col, run_style[i], (uint32_t)('A' + i));
        canvas_put(c, r, row, col + 1, run_style[i], 0x2501);
        col = canvas_fit(c, r, row, col + 3, r.h < 8 ? w - 4 : r.w - col - 4,
                         run->is_open ? STYLE_STRONG : STYLE_TEXT, text) +
              (r.h < 8 ? 1 : 3);
    }
    return row + 1;
}

static void draw_rows(struct canvas *c, struct rect r, const struct view *v, const enum metric *m, int n)
{
    int i;

    for (i = 0; i < n && i < r.h; i++) {
        canvas_fit(c, r, i, 1, 13, STYLE_DIM, curve[row_of(m[i])].name);
        draw_values(c, r, i, 15, v, m[i]);
    }
}

/* The plots in a grid, all of one size; none narrower or lower than what can be read. */
static void draw_grid(struct canvas *c, struct rect r, const struct view *v, const enum metric *m, int n)
{
    int columns = r.w / CELL_W, rows = r.h / CELL_H < 1 ? 1 : r.h / CELL_H, i;

    if (columns > (n + rows - 1) / rows)
        columns = (n + rows - 1) / rows; /* fewer and wider, where the rows are there */
    columns = columns < 1 ? 1 : columns;
    if (rows > (n + columns - 1) / columns)
        rows = (n + columns - 1) / columns;
    if (n > rows * columns)
        n = rows * columns;
    if (columns > 1 && n > columns && n % columns == 1)
        n--; /* one alone would cost all the others their height */
    rows = (n + columns - 1) / columns;
    for (i = 0; i < n; i++) {
        int row = i / columns, col = i % columns;
        struct rect cell = rect_cut(r, col * r.w / columns, row * r.h / rows,
                                    (col + 1) * r.w / columns - col * r.w / columns,
                                    (row + 1) * r.h / rows - row * r.h / rows);
        draw_cell(c, cell, v, m[i], row + 1 == rows);
    }
}

void pane_compare(struct canvas *c, struct rect r, const struct view *v)
{
    const struct compare_state *s = v->compare;
    enum metric m[CURVES];
    char right[48];
    struct rect inner, body;
    int n, used;

    right[0] = 0;
    if (v->cursor >= 0)
        snprintf(right, sizeof right, "at step %lld", (long long)v->cursor);
    inner = pane_frame(c, r, v, PANE_COMPARE, "compare", right);
    if (!s || !s->n) {
        pane_note(c, inner, "no run yet: m marks runs on the runs screen, :compare RUN RUN names them");
        return;
    }
    n = compare_curves(s, m, CURVES);
    used = draw_legend(c, inner, v);
    body = rect_cut(inner, 0, used, inner.w, inner.h - used);
    if (!n)
        pane_note(c, body, "no step is on record yet");
    else if (body.h < 5)
        draw_rows(c, body, v, m + (s->large > 0 && s->large < n ? s->large : 0),
                  n - (s->large > 0 && s->large < n ? s->large : 0));
    else if (s->large >= 0)
        draw_cell(c, body, v, m[s->large % n], 1);
    else
        draw_grid(c, body, v, m, n);
    pane_foot(c, r,
              s->n < 2 ? ":fork makes another to compare with; :compare RUN RUN"
                       : "e enlarges the next curve",
              s->n < 2 ? "" : "tab here, then left right: cursor");
}
