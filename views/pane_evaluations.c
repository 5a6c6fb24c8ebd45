/* The curves of the evaluations: pass@1, pass@k, maj@k over the steps, each named
 * where it ends, with R1's own temperature beside them where it was measured. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/evaluation_state.h"
#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/plot.h"

enum { CURVES = 4, LABEL_WIDTH = 13 };

struct curve {
    char name[16];
    const double *y;
    enum style style;
    enum series_kind kind;
};

static int make_curves(const struct evaluation_state *e, struct curve curve[CURVES])
{
    int k = e->k[e->at < 0 ? e->n - 1 : e->at], i, n = 3;

    curve[0] = (struct curve){"", e->pass_k, STYLE_CURVE_C, SERIES_LINE};
    curve[1] = (struct curve){"", e->maj_k, STYLE_CURVE_B, SERIES_LINE};
    curve[2] = (struct curve){"pass@1", e->pass_1, STYLE_CURVE_A, SERIES_LINE};
    curve[3] = (struct curve){"T .6", e->r1_pass_1, STYLE_MARK, SERIES_MARKS};
    snprintf(curve[0].name, sizeof curve[0].name, "pass@%d", k);
    snprintf(curve[1].name, sizeof curve[1].name, "maj@%d", k);
    for (i = 0; i < e->n && n == 3; i++)
        n += isfinite(e->r1_pass_1[i]) != 0;
    return n;
}

/* Names at the right end of the curves, moved apart where they would fall on one row. */
static void draw_names(struct canvas *c, struct rect r, const struct evaluation_state *e,
                       const struct curve *curve, int n, int rows)
{
    char number[FORMAT_BYTES];
    int taken[64] = {0}, i, row;

    for (i = 0; i < n && i < rows; i++) {
        double y = curve[i].y[e->at];
        if (isnan(y))
            continue;
        row = (int)lround((1 - (y < 0 ? 0 : y > 1 ? 1 : y)) * (rows - 1));
        while (row < rows - 1 && taken[row < 63 ? row : 63])
            row++;
        while (row > 0 && taken[row < 63 ? row : 63])
            row--;
        taken[row < 63 ? row : 63] = 1;
        canvas_fit(c, r, row, r.w - LABEL_WIDTH, 7, curve[i].style, curve[i].name);
        canvas_right(c, r, row, r.w - 1, curve[i].style, format_number(number, y));
    }
}

static void draw_foot(struct canvas *c, struct rect r, const struct evaluation_state *e,
                      const struct curve *curve, int n, int is_named)
{
    char text[160] = "", right[96], number[FORMAT_BYTES];
    int i, at = 0;

    for (i = n - 1; i >= 0 && !is_named; i--)
        if (isfinite(curve[i].y[e->at]))
            at += snprintf(text + at, sizeof text - (size_t)at, "%s%s %s", at ? "  " : "", curve[i].name,
                           format_number(number, curve[i].y[e->at]));
    if (is_named)
        at = snprintf(text, sizeof text, "%d problems x %d samples", e->sampled[e->at], e->k[e->at]);
    if (is_named && e->has_start)
        snprintf(text + at, sizeof text - (size_t)at, "; first: end of %.20s", e->start);
    snprintf(right, sizeof right, "step %.0f to %.0f", e->step[0], e->step[e->n - 1]);
    pane_foot(c, r, text, right);
}

static void draw_spark(struct canvas *c, struct rect r, const struct evaluation_state *e)
{
    char text[64], number[FORMAT_BYTES], more[FORMAT_BYTES];
    int end, col;

    snprintf(text, sizeof text, "maj@%d %s pass@%d %s", e->k[e->at], format_number(number, e->maj_k[e->at]),
             e->k[e->at], format_number(more, e->pass_k[e->at]));
    end = canvas_right(c, r, 0, r.w - 1, STYLE_DIM, text) - 1;
    col = canvas_text(c, r, 0, 1, STYLE_TITLE, "pass@1 ", -1);
    col = canvas_text(c, r, 0, col, STYLE_STRONG, format_number(number, e->pass_1[e->at]), -1) + 1;
    if (end - col >= 3)
        meter_spark(c, r, 0, col, end - col, e->pass_1, e->n, STYLE_CURVE_A);
}

void pane_evaluations(struct canvas *c, struct rect r, const struct view *v)
{
    const struct evaluation_state *e = v->evaluation;
    struct series series[CURVES + 1];
    struct curve curve[CURVES];
    struct plot p;
    struct rect inner;
    char right[64] = "", number[FORMAT_BYTES];
    int i, n, is_named;

    if (!e || e->n < 1 || e->at < 0) {
        if (r.h > 2)
            pane_note(c, pane_frame(c, r, v, PANE_EVALUATIONS, "held-out problems", ""),
                      e && e->n > 0 ? "no evaluation up to this step" : "no evaluation yet");
        else
            canvas_fit(c, r, 0, 1, r.w - 2, STYLE_DIM, "no evaluation of held-out problems yet");
        return;
    }
    if (r.h <= 2) {
        draw_spark(c, r, e);
        return;
    }
    n = make_curves(e, curve);
    snprintf(right, sizeof right, r.w >= 48 ? "step %.0f: pass@1 %s" : "%.0f: %s", e->step[e->at],
             format_number(number, e->pass_1[e->at]));
    inner = pane_frame(c, r, v, PANE_EVALUATIONS,
                       r.w >= 60 ? "held-out problems over the steps" : "evaluations", right);
    for (i = 0; i < n; i++)
        series[i] = (struct series){curve[i].kind, curve[i].style, curve[i].name, e->n, e->step, curve[i].y,
                                    NULL};
    series[n] = (struct series){SERIES_MARKS, STYLE_CURVE_A, NULL, e->n, e->step, e->pass_1, NULL};
    p = plot_blank(series, n + (e->n <= 60));
    p.y_low = 0;
    p.y_high = 1;
    p.cursor = v->cursor >= 0 ? e->step[e->at] : NAN;
    p.x_axis = inner.h >= 8;
    is_named = inner.w >= 48 && inner.h >= 4;
    plot_draw(c, is_named ? rect_cut(inner, 0, 0, inner.w - LABEL_WIDTH - 1, inner.h) : inner, &p);
    if (is_named)
        draw_names(c, inner, e, curve, n, inner.h - p.x_axis);
    draw_foot(c, r, e, curve, n, is_named);
}
