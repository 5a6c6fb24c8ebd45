/* Expert load by layer: how evenly the router spreads the tokens.
 *
 * A value is an expert's share times the number of experts, so that 1 is its fair share; the scale
 * ends at 2. Where there is room a second row shows the moving average under the step's own. */
#include <math.h>
#include <stdio.h>

#include "views/format.h"
#include "views/heat.h"
#include "views/meter.h"
#include "views/pane.h"

static void draw_one_row(struct canvas *c, struct rect r, const struct view *v)
{
    char text[64], number[FORMAT_BYTES];
    int n = v->history ? v->history->n : 0, end, col;

    snprintf(text, sizeof text, "MaxVio %s", format_number(number, pane_metric(v, M_MAX_VIO)));
    end = canvas_right(c, r, 0, r.w - 1, STYLE_STRONG, text);
    col = canvas_fit(c, r, 0, 1, end - 2, STYLE_TITLE, "experts") + 1;
    if (n && end - 1 - col >= 3)
        meter_spark(c, r, 0, col, end - 1 - col, history_metric(v->history, M_MAX_VIO), n, STYLE_CURVE_A);
}

/* A layer's shares times E, from the snapshot's [layers, experts]. */
static void fair_shares(const float *load, int layer, int experts, float out[SNAP_EXPERTS])
{
    int e;

    for (e = 0; e < experts; e++)
        out[e] = load[layer * experts + e] * (float)experts;
}

static void draw_layers(struct canvas *c, struct rect r, const struct snapshot *s)
{
    int layers = s->layers_n, experts = s->experts_n, with_average, each, columns, block, gap, l;
    float v[SNAP_EXPERTS];

    with_average = r.h >= 2 * layers;
    columns = with_average || r.h >= layers ? 1 : (layers + r.h - 1) / r.h;
    block = (r.w - 1) / columns;
    each = (block - 7) / experts;
    each = each < 1 ? 1 : each > 5 ? 5 : each;
    gap = r.h >= 3 * layers;
    for (l = 0; l < layers; l++) {
        int row = columns > 1 ? l / columns : l * (1 + with_average + gap), x = 1 + l % columns * block;
        struct rect part = columns > 1 ? rect_cut(r, 0, 0, x + block - 1, r.h) : r;
        x = columns > 1 ? x : 1;
        canvas_printf(c, part, row, x, STYLE_DIM, "L%d", l + 1);
        fair_shares(s->load, l, experts, v);
        heat_row(c, part, row, x + 4, each, v, experts, 0, 2);
        if (with_average) {
            fair_shares(s->load_average, l, experts, v);
            canvas_text(c, part, row + 1, x, STYLE_DIM, "avg", -1);
            heat_row(c, part, row + 1, x + 4, each, v, experts, 0, 2);
        }
    }
}

void pane_experts(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snapshot *s = v->now;
    char right[64], foot[96], a[FORMAT_BYTES], b[FORMAT_BYTES];
    double low = INFINITY, high = -INFINITY;
    struct rect inner;
    int i, n;

    if (!s || s->layers_n < 1 || s->experts_n < 1 || s->experts_n > SNAP_EXPERTS ||
        s->layers_n > SNAP_LAYERS) {
        if (r.h <= 2) {
            canvas_text(c, r, 0, 1, STYLE_DIM, "experts: none", -1);
            return;
        }
        inner = pane_frame(c, r, v, PANE_EXPERTS, "experts", "");
        pane_note(c, inner, s ? "a dense model: no experts" : "no step yet");
        return;
    }
    if (r.h <= 2) {
        draw_one_row(c, r, v);
        return;
    }
    snprintf(right, sizeof right, "MaxVio %s", format_number(a, pane_metric(v, M_MAX_VIO)));
    inner = pane_frame(c, r, v, PANE_EXPERTS, r.w >= 60 ? "experts: load by layer" : "experts", right);
    n = s->layers_n * s->experts_n;
    for (i = 0; i < n; i++) {
        low = s->bias[i] < low ? s->bias[i] : low;
        high = s->bias[i] > high ? s->bias[i] : high;
    }
    snprintf(foot, sizeof foot, "bias %s … %s", format_number(a, low), format_number(b, high));
    snprintf(right, sizeof right, "moving average %s", format_number(a, pane_metric(v, M_MAX_VIO_AVERAGE)));
    draw_layers(c, inner, s);
    pane_foot(c, r, foot, right);
}
