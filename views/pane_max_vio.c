/* MaxVio over steps: of the batch, and of the load's moving average; layer by layer where there is room. */
#include <math.h>
#include <stdio.h>

#include "views/experts_state.h"
#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/plot.h"

enum { LAYERS_WIDTH = 26, METRIC_LAYERS = M_MAX_VIO_LAYER_LAST - M_MAX_VIO_LAYER_0 + 1 };

static void draw_one_row(struct canvas *c, struct rect r, const struct view *v)
{
    char text[96], batch[FORMAT_BYTES], average[FORMAT_BYTES];
    int n = v->history ? v->history->n : 0, end, col;

    snprintf(text, sizeof text, r.w >= 64 ? "%s, moving average %s" : "%s, average %s",
             format_number(batch, pane_metric(v, M_MAX_VIO)),
             format_number(average, pane_metric(v, M_MAX_VIO_AVERAGE)));
    end = canvas_right(c, r, 0, r.w - 1, STYLE_STRONG, text);
    col = canvas_fit(c, r, 0, 1, end - 2, STYLE_TITLE, "MaxVio") + 1;
    if (n && end - 1 - col >= 3)
        meter_spark(c, r, 0, col, end - 1 - col, history_metric(v->history, M_MAX_VIO), n, STYLE_CURVE_A);
}

/* A line a layer: its own small curve and its newest number. */
static void draw_layers(struct canvas *c, struct rect r, const struct view *v, int layers)
{
    char text[32], number[FORMAT_BYTES];
    int l, end;

    canvas_fit(c, r, 0, 1, r.w - 2, STYLE_DIM, "layer by layer");
    for (l = 0; l < layers && l < METRIC_LAYERS && l + 1 < r.h; l++) {
        enum metric m = (enum metric)(M_MAX_VIO_LAYER_0 + l);
        snprintf(text, sizeof text, "%d", l + 1);
        canvas_text(c, r, l + 1, 1, STYLE_DIM, text, -1);
        end = canvas_right(c, r, l + 1, r.w - 1, STYLE_TEXT, format_number(number, pane_metric(v, m)));
        if (v->history->n && end - 5 >= 3)
            meter_spark(c, r, l + 1, 4, end - 5, history_metric(v->history, m), v->history->n, STYLE_CURVE_A);
    }
}

static void draw_legend(struct canvas *c, struct rect r, const struct view *v)
{
    char foot[96], number[FORMAT_BYTES], right[64];
    double at = NAN;

    snprintf(foot, sizeof foot, "━ batch   ━ moving average %s",
             format_number(number, pane_metric(v, M_MAX_VIO_AVERAGE)));
    if (v->cursor >= 0)
        at = history_last(v->history, M_MAX_VIO, v->cursor);
    if (isnan(at))
        snprintf(right, sizeof right, "0: all loads equal");
    else
        snprintf(right, sizeof right, "step %lld: %s", (long long)v->cursor, format_number(number, at));
    pane_foot(c, r, foot, right);
    if (pane_is_boxed(c, r)) { /* in the colours of the curves */
        canvas_put(c, r, r.h - 1, 2, STYLE_CURVE_A, 0x2501);
        canvas_put(c, r, r.h - 1, 12, STYLE_CURVE_B, 0x2501);
    }
}

void pane_max_vio(struct canvas *c, struct rect r, const struct view *v)
{
    const struct history *h = v->history;
    struct experts_now now;
    struct series series[2];
    char number[FORMAT_BYTES];
    struct plot p;
    struct rect inner, curve, layers = {0};

    if (r.h <= 2) {
        draw_one_row(c, r, v);
        return;
    }
    inner = pane_frame(c, r, v, PANE_MAX_VIO,
                       r.w >= 60 ? "MaxVio: greatest load over the mean, minus 1" : "MaxVio",
                       format_number(number, pane_metric(v, M_MAX_VIO)));
    if (!experts_now(v, &now)) {
        pane_note(c, inner, experts_note(v));
        return;
    }
    if (!h || !h->n || isnan(history_last(h, M_MAX_VIO, -1))) {
        pane_note(c, inner, "no committed step yet");
        return;
    }
    curve = inner;
    if (inner.w >= 3 * LAYERS_WIDTH && inner.h >= 3 && now.layers_n > 1) {
        curve = rect_cut(inner, 0, 0, inner.w - LAYERS_WIDTH, inner.h);
        layers = rect_cut(inner, curve.w, 0, LAYERS_WIDTH, inner.h);
        draw_layers(c, layers, v, now.layers_n);
    }
    series[0] = (struct series){
        SERIES_LINE, STYLE_CURVE_A, "batch", h->n, h->step, history_metric(h, M_MAX_VIO), NULL};
    series[1] = (struct series){
        SERIES_LINE, STYLE_CURVE_B, "average", h->n, h->step, history_metric(h, M_MAX_VIO_AVERAGE), NULL};
    p = plot_blank(series, 2);
    p.with_zero = 1;
    p.log_y = v->log_y;
    p.smoothing = 0; /* the second curve is the smoothed one */
    p.cursor = v->cursor >= 0 ? (double)v->cursor : NAN;
    p.x_axis = curve.h >= 6;
    plot_draw(c, curve, &p);
    draw_legend(c, r, v);
}
