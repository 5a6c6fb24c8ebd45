/* Load by layer and expert over the steps of the run: a row an expert, a block a MoE layer.
 *
 * The scale is about the fair share 1/E, so that a balanced layer is an even band whatever E is; its ends are
 * named in the foot. A cell tells its value by height and by colour. A column shows the mean of the steps on
 * record that fall into it; where there are fewer steps than columns, a step has several. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/experts_state.h"
#include "views/format.h"
#include "views/heat.h"
#include "views/pane.h"

enum { LABEL = 7, SHARE = 7, EACH_MOST = 4 };

struct map {
    const struct experts_state *x;
    struct experts_now now;
    int columns;      /* 0: no step is on record */
    int heads;        /* a heading before each layer */
    double low, high; /* of load times E */
};

/* The steps that a column stands for: from *from to before *to, at least one. */
static void column_steps(const struct map *m, int column, int *from, int *to)
{
    *from = (int)((long long)column * m->x->n / m->columns);
    *to = (int)((long long)(column + 1) * m->x->n / m->columns);
    *to += *to == *from;
}

/* The place of the step nearest to one. */
static int nearest(const struct map *m, double step)
{
    int i, best = 0;

    for (i = 1; i < m->x->n; i++)
        if (fabs(m->x->step[i] - step) < fabs(m->x->step[best] - step))
            best = i;
    return best;
}

static double mean_load(const struct map *m, int cell, int column)
{
    const struct experts_state *x = m->x;
    int i, from, to, cells = x->layers_n * x->experts_n;
    double sum = 0;

    column_steps(m, column, &from, &to);
    for (i = from; i < to; i++)
        sum += x->load[i * cells + cell];
    return sum / (to - from) * x->experts_n;
}

/* Seven heights, so that the fair share has one of its own in the middle. */
static void draw_cell(struct canvas *c, struct rect r, int row, int col, const struct map *m, double v,
                      int is_cursor)
{
    double part = (v - 1) / (m->high - 1);
    int height = 3 + (int)lround(3 * (part < -1 ? -1 : part > 1 ? 1 : part));

    canvas_put(c, r, row, col, is_cursor ? STYLE_MARK : heat_style(v, m->low, m->high),
               0x2581 + (uint32_t)height);
}

static void draw_row(struct canvas *c, struct rect r, int row, const struct map *m, int cell, int is_selected,
                     int cursor)
{
    char label[EXPERT_LABEL_BYTES], text[24];
    double share = m->now.load[cell], part = share * m->now.experts_n;
    int i, from, to;

    if (is_selected)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    canvas_text(c, r, row, 1, is_selected ? STYLE_STRONG : STYLE_DIM,
                experts_label(label, cell, m->now.experts_n), -1);
    for (i = 0; i < m->columns; i++) {
        column_steps(m, i, &from, &to);
        draw_cell(c, r, row, LABEL - 1 + i, m, mean_load(m, cell, i), from <= cursor && cursor < to);
    }
    snprintf(text, sizeof text, "%.1f%%", 100 * share);
    canvas_right(c, r, row, r.w - 1, is_selected ? STYLE_STRONG : STYLE_TEXT, text);
    draw_cell(c, r, row, r.w - SHARE - 1, m, part, 0);
}

static void draw_head(struct canvas *c, struct rect r, int row, const struct map *m, int layer)
{
    char text[96], number[FORMAT_BYTES];
    const struct experts_state *x = m->x;
    int n;

    n = snprintf(text, sizeof text, "layer %d", layer + 1);
    if (x && x->blocks_n && layer + x->dense_layers < x->blocks_n)
        n += snprintf(text + n, sizeof text - (size_t)n, ", block %d of %d", layer + x->dense_layers + 1,
                      x->blocks_n);
    else if (x && x->blocks_n)
        n += snprintf(text + n, sizeof text - (size_t)n, ", of the module that predicts two tokens ahead");
    snprintf(
        text + n, sizeof text - (size_t)n, "   MaxVio %s",
        format_number(number, experts_max_vio(m->now.load + layer * m->now.experts_n, m->now.experts_n)));
    canvas_fit(c, r, row, 1, r.w - 9, STYLE_TITLE, text);
    if (!layer)
        canvas_right(c, r, row, r.w - 1, STYLE_DIM, "now");
}

/* First and last step, and the cursor between them. */
static void draw_axis(struct canvas *c, struct rect r, int row, const struct map *m, double cursor)
{
    int end = LABEL - 1 + m->columns, left, right, at;
    char text[32];

    snprintf(text, sizeof text, "%.0f", m->x->step[0]);
    left = canvas_text(c, r, row, LABEL - 1, STYLE_DIM, text, -1);
    right = end;
    snprintf(text, sizeof text, "%.0f", m->x->step[m->x->n - 1]);
    if (end - canvas_width(c, text, -1) > left)
        right = canvas_right(c, r, row, end, STYLE_DIM, text);
    if (isnan(cursor))
        return;
    at = LABEL - 1 + (int)((long long)nearest(m, cursor) * m->columns / m->x->n);
    canvas_put(c, r, row, at, STYLE_ACCENT, 0x25B2);
    snprintf(text, sizeof text, "step %.0f", cursor);
    if (at + 2 + canvas_width(c, text, -1) < right)
        canvas_text(c, r, row, at + 2, STYLE_ACCENT, text, -1);
    else if (at - 1 - canvas_width(c, text, -1) > left)
        canvas_right(c, r, row, at - 1, STYLE_ACCENT, text);
}

static void measure(const struct view *v, struct rect inner, struct map *m)
{
    int room = inner.w - LABEL - SHARE - 1, cells = m->now.layers_n * m->now.experts_n;
    double span = experts_span(v, &m->now);

    m->x = v->experts;
    m->low = 1 - span;
    m->high = 1 + span;
    m->heads = inner.h > cells + m->now.layers_n;
    m->columns = 0;
    if (!m->x || !m->x->n || !m->x->load || m->x->run != v->now->run_id || room < 4 ||
        m->x->layers_n != m->now.layers_n || m->x->experts_n != m->now.experts_n)
        return;
    m->columns = m->x->n * EACH_MOST < room ? m->x->n * EACH_MOST : room;
}

static void draw_body(struct canvas *c, struct rect frame, struct rect inner, const struct view *v,
                      const struct map *m)
{
    int cells = m->now.layers_n * m->now.experts_n, i, row = 0, axis = m->columns && inner.h >= 3;
    double cursor = v->cursor >= 0 && m->columns ? (double)v->cursor : NAN;
    struct list list = {cells, experts_selected(v, &m->now), v->experts ? v->experts->list.top : 0};
    struct rect body = rect_cut(inner, 0, 0, inner.w, inner.h - axis);

    if (m->heads)
        list.top = 0;
    else
        list_clamp(&list, body.h);
    for (i = list.top; i < cells && row < body.h; i++, row++) {
        if (m->heads && i % m->now.experts_n == 0)
            draw_head(c, body, row++, m, i / m->now.experts_n);
        draw_row(c, body, row, m, i, i == list.selected, isnan(cursor) ? -1 : nearest(m, cursor));
    }
    if (axis)
        draw_axis(c, inner, row, m, cursor);
    if (!m->columns)
        pane_note(c, rect_cut(inner, LABEL, 0, inner.w - LABEL - SHARE - 2, inner.h),
                  inner.w < 60 ? "no step yet" : "the first step is not on record yet");
    if (!m->heads)
        list_scrollbar(c, frame, body, &list);
}

void pane_load(struct canvas *c, struct rect r, const struct view *v)
{
    struct map m;
    char title[64], foot[128], hint[64];
    struct rect inner;
    int span;

    if (!experts_now(v, &m.now)) {
        pane_note(c, pane_frame(c, r, v, PANE_LOAD, "load by expert", ""), experts_note(v));
        return;
    }
    snprintf(title, sizeof title, r.w >= 60 ? "load by layer and expert, over steps" : "load over steps");
    snprintf(hint, sizeof hint, "fair 1/%d = %.3g%%", m.now.experts_n, 100.0 / m.now.experts_n);
    inner = pane_frame(c, r, v, PANE_LOAD, title, hint);
    measure(v, inner, &m);
    span = (int)lround(100 * (m.high - 1));
    snprintf(foot, sizeof foot, "▁ %d%% under  ▄ fair share  ▇ %d%% over", span, span);
    pane_foot(c, r, foot, r.w >= 92 ? "up down: expert   left right: step   enter: look at it" : "");
    draw_body(c, r, inner, v, &m);
}
