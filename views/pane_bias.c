/* What each expert got in the last step against its fair share, and the bias that answers it.
 *
 * Both bars go out from the middle: the left one is load times E, minus 1; the right one is b_i. The two
 * belong together: where the load was under the mean, the step raised the bias by gamma, else it lowered it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/experts_state.h"
#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"

struct shape {
    int load_bar, bias_bar; /* columns */
    double load_limit, bias_limit;
    int heads; /* a heading before each layer */
};

static void bias_range(const struct experts_now *now, int layer, double *low, double *high)
{
    int i, from = layer < 0 ? 0 : layer * now->experts_n,
           to = layer < 0 ? now->layers_n * now->experts_n : from + now->experts_n;

    *low = INFINITY;
    *high = -INFINITY;
    for (i = from; i < to; i++) {
        *low = fmin(*low, now->bias[i]);
        *high = fmax(*high, now->bias[i]);
    }
}

static void draw_row(struct canvas *c, struct rect r, int row, const struct experts_now *now,
                     const struct shape *s, int cell, int is_selected)
{
    char text[EXPERT_LABEL_BYTES];
    enum style plain = is_selected ? STYLE_STRONG : STYLE_TEXT;
    double part = (double)now->load[cell] * now->experts_n - 1;
    int col = 6;

    if (is_selected)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    canvas_text(c, r, row, 1, is_selected ? STYLE_STRONG : STYLE_DIM,
                experts_label(text, cell, now->experts_n), -1);
    snprintf(text, sizeof text, "%.1f%%", 100 * (double)now->load[cell]);
    canvas_right(c, r, row, col + 6, plain, text);
    col += 7;
    meter_bar(c, r, row, col, s->load_bar, part, s->load_limit, STYLE_CURVE_A);
    col += s->load_bar + 1;
    snprintf(text, sizeof text, "%+.3f", (double)now->bias[cell]);
    canvas_right(c, r, row, col + 6, plain, text);
    col += 7;
    meter_bar(c, r, row, col, s->bias_bar, now->bias[cell], s->bias_limit, STYLE_CURVE_B);
}

static void draw_head(struct canvas *c, struct rect r, int row, const struct experts_now *now,
                      const struct shape *s, int layer)
{
    static const char *const form[] = {"bias %s … %s", "b %s … %s", "b %s…%s"};
    char text[96], fair[24], low[FORMAT_BYTES], high[FORMAT_BYTES];
    double from, to;
    int col = 13 + s->load_bar + 1, room = r.w - col - 2, i, fits = 0;

    bias_range(now, layer, &from, &to);
    snprintf(fair, sizeof fair, "load - 1/%d", now->experts_n);
    canvas_printf(c, r, row, 1, STYLE_TITLE, "L%d", layer + 1);
    canvas_fit(c, r, row, 7, col - 8, STYLE_DIM, fair);
    format_number(low, from);
    format_number(high, to);
    for (i = 0; i < 3 && !fits; i++) { /* a number is whole, or not there */
        snprintf(text, sizeof text, form[i], low, high);
        fits = canvas_width(c, text, -1) <= room;
    }
    canvas_fit(c, r, row, col + 1, room, STYLE_DIM, fits ? text : "bias");
}

static void measure(const struct view *v, const struct experts_now *now, struct rect inner, struct shape *s)
{
    double low, high;
    int room = inner.w - 21;

    bias_range(now, -1, &low, &high);
    s->bias_limit = fmax(fmax(fabs(low), fabs(high)), 1e-6);
    s->load_limit = experts_span(v, now);
    s->load_bar = room / 2 > 31 ? 31 : room / 2;
    s->bias_bar = room - room / 2 > 31 ? 31 : room - room / 2;
    s->heads = inner.h >= now->layers_n * (now->experts_n + 1);
}

/* A row of the past: a curve between its name and its newest number. */
static void draw_past_row(struct canvas *c, struct rect r, int row, const char *name, const double *y, int n,
                          int is_selected)
{
    char text[FORMAT_BYTES];
    int end = canvas_right(c, r, row, r.w - 1, is_selected ? STYLE_STRONG : STYLE_TEXT,
                           format_number(text, y[n - 1]));

    canvas_text(c, r, row, 1, is_selected ? STYLE_STRONG : STYLE_DIM, name, -1);
    if (end - 7 >= 4)
        meter_spark(c, r, row, 6, end - 7, y, n, STYLE_CURVE_B);
}

/* Below the bars, where there is room: how far the biases of each layer have come apart over the steps on
 * record, and the chosen expert's own bias. */
static void draw_past(struct canvas *c, struct rect r, const struct view *v, const struct experts_now *now,
                      int cell)
{
    const struct experts_state *x = v->experts;
    double y[LOADS_MAX];
    char name[EXPERT_LABEL_BYTES];
    int l, i, row = 1, cells = now->layers_n * now->experts_n;

    if (!x || x->n < 2 || !x->bias || x->run != v->now->run_id || x->layers_n != now->layers_n ||
        x->experts_n != now->experts_n || r.h < now->layers_n + 2)
        return;
    canvas_fit(c, r, 0, 1, r.w - 2, STYLE_DIM, "over steps: spread of each layer's biases; the chosen one");
    for (l = 0; l < now->layers_n; l++) {
        for (i = 0; i < x->n; i++) {
            struct experts_now past = {now->layers_n,       now->experts_n, NULL,
                                       x->bias + i * cells, NULL,           x->step[i]};
            double low, high;
            bias_range(&past, l, &low, &high);
            y[i] = high - low;
        }
        snprintf(name, sizeof name, "L%d", l + 1);
        draw_past_row(c, r, row++, name, y, x->n, 0);
    }
    for (i = 0; i < x->n; i++)
        y[i] = x->bias[i * cells + cell];
    draw_past_row(c, r, row, experts_label(name, cell, now->experts_n), y, x->n, 1);
}

void pane_bias(struct canvas *c, struct rect r, const struct view *v)
{
    struct experts_now now;
    struct shape s;
    struct list list;
    struct rect inner;
    char right[64] = "", foot[96], low[FORMAT_BYTES], high[FORMAT_BYTES];
    double from, to;
    int i, row = 0, cells;

    if (!experts_now(v, &now)) {
        pane_note(c, pane_frame(c, r, v, PANE_BIAS, "load and bias", ""), experts_note(v));
        return;
    }
    if (!isnan(now.step))
        snprintf(right, sizeof right, "step %.0f", now.step);
    inner = pane_frame(c, r, v, PANE_BIAS, "load now, and bias b", right);
    cells = now.layers_n * now.experts_n;
    measure(v, &now, inner, &s);
    list = (struct list){cells, experts_selected(v, &now), v->experts ? v->experts->list.top : 0};
    if (s.heads)
        list.top = 0;
    else
        list_clamp(&list, inner.h);
    for (i = list.top; i < cells && row < inner.h; i++, row++) {
        if (s.heads && i % now.experts_n == 0)
            draw_head(c, inner, row++, &now, &s, i / now.experts_n);
        draw_row(c, inner, row, &now, &s, i, i == list.selected);
    }
    if (!s.heads)
        list_scrollbar(c, r, inner, &list);
    draw_past(c, rect_cut(inner, 0, row, inner.w, inner.h - row), v, &now, list.selected);
    bias_range(&now, list.selected / now.experts_n, &from, &to);
    snprintf(foot, sizeof foot, "bias of layer %d: %s … %s", list.selected / now.experts_n + 1,
             format_number(low, from), format_number(high, to));
    pane_foot(c, r, s.heads ? "b: under the mean +gamma, over it -gamma" : foot, "");
}
