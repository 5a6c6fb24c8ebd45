/* The success rate along the trace: how many of the continuations from each place were right, which
 * estimates the value function that a critic would have to learn. Where it moves most is the trace's
 * turning point.
 *
 * The band is the 95 % range of a share (Wilson's score interval), which stays within 0 and 1 and does not
 * shrink to nothing at the ends. A jump whose ranges overlap is said to be unclear. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"
#include "views/pane_value.h"
#include "views/plot.h"
#include "views/trace_overlay.h"

enum { PLOT_ROWS = 3, AXIS_ROWS = 5 };

struct curve {
    int n;
    double x[FACT_VALUES], y[FACT_VALUES], low[FACT_VALUES], high[FACT_VALUES];
};

static void wilson(double share, double n, double *low, double *high)
{
    const double z = 1.959963984540054;
    double divide = 1 + z * z / n, middle = (share + z * z / (2 * n)) / divide;
    double half = z / divide * sqrt(share * (1 - share) / n + z * z / (4 * n * n));

    *low = middle - half > 0 ? middle - half : 0;
    *high = middle + half < 1 ? middle + half : 1;
}

static void take_points(const struct trace_facts *f, struct curve *out)
{
    int i;

    out->n = 0;
    for (i = 0; f && i < f->values_n && i < FACT_VALUES; i++) {
        const struct value_point *p = &f->value[i];
        if (p->n < 1 || p->right < 0 || p->right > p->n)
            continue;
        out->x[out->n] = p->token;
        out->y[out->n] = (double)p->right / p->n;
        wilson(out->y[out->n], p->n, &out->low[out->n], &out->high[out->n]);
        out->n++;
    }
}

int pane_value_turn(const struct trace_facts *f, int *from, int *to, int *is_clear)
{
    struct curve v;
    int i, at = 0;

    take_points(f, &v);
    for (i = 1; i < v.n; i++)
        if (at == 0 || fabs(v.y[i] - v.y[i - 1]) > fabs(v.y[at] - v.y[at - 1]))
            at = i;
    if (at == 0 || v.y[at] == v.y[at - 1])
        return 0;
    *from = (int)v.x[at - 1];
    *to = (int)v.x[at];
    *is_clear = v.low[at] > v.high[at - 1] || v.high[at] < v.low[at - 1];
    return 1;
}

/* The tokens from..to-1 as text, the middle left out where it is too long. */
static void span_text(const struct snap_follow *f, int from, int to, char *out, size_t bytes)
{
    char word[32];
    size_t n = 0;
    int i;

    out[0] = 0;
    for (i = from; i < to && i < f->tokens_n && n + sizeof word + 8 < bytes; i++) {
        trace_text_copy(f, i, word, sizeof word);
        if (!n && !strcmp(word, ","))
            continue;
        n += (size_t)snprintf(out + n, bytes - n, "%s%s", n ? " " : "", word);
    }
    if (i < to && i < f->tokens_n)
        snprintf(out + n, bytes - n, " ...");
}

static double share_at(const struct trace_facts *f, int token)
{
    int i;

    for (i = 0; f && i < f->values_n && i < FACT_VALUES; i++)
        if (f->value[i].token == token && f->value[i].n > 0)
            return (double)f->value[i].right / f->value[i].n;
    return NAN;
}

static void turn_row(struct canvas *c, struct rect r, int row, const struct view *v,
                     const struct curve *curve)
{
    char text[256], span[96], a[FORMAT_BYTES], b[FORMAT_BYTES];
    int from, to, is_clear;

    if (pane_value_turn(v->facts, &from, &to, &is_clear)) {
        double before = share_at(v->facts, from), after = share_at(v->facts, to);
        span_text(trace_text_follow(v), from, to, span, sizeof span);
        snprintf(text, sizeof text, "%s %s -> %s, tokens %d-%d: \"%s\"",
                 !is_clear         ? "unclear jump"
                 : after >= before ? "turning point"
                                   : "lost at",
                 format_number(a, before), format_number(b, after), from, to - 1, span);
        canvas_fit(c, r, row, 0, r.w, is_clear ? STYLE_STRONG : STYLE_TEXT, text);
    } else if (curve->n == 1) {
        canvas_printf(c, r, row, 0, STYLE_TEXT,
                      "from token %d: %s right (95 %%: %.2f to %.2f); v for all along it", (int)curve->x[0],
                      format_number(a, curve->y[0]), curve->low[0], curve->high[0]);
    } else {
        canvas_fit(c, r, row, 0, r.w, STYLE_TEXT, "the same all along: no turning point");
    }
}

static void draw_curve(struct canvas *c, struct rect r, const struct view *v, const struct curve *curve)
{
    double turn_x[2] = {NAN, NAN}, turn_y[2] = {NAN, NAN};
    struct series series[] = {
        {.kind = SERIES_BAND,
         .style = STYLE_BAND,
         .n = curve->n,
         .x = curve->x,
         .y = curve->low,
         .y2 = curve->high},
        {.kind = SERIES_LINE, .style = STYLE_CURVE_A, .n = curve->n, .x = curve->x, .y = curve->y},
        {.kind = SERIES_MARKS, .style = STYLE_CURVE_A, .n = curve->n, .x = curve->x, .y = curve->y},
        {.kind = SERIES_MARKS, .style = STYLE_MARK, .n = 2, .x = turn_x, .y = turn_y, .glyph = 0x25C6},
    };
    struct plot p = plot_blank(series, 3);
    int from, to, is_clear;

    if (pane_value_turn(v->facts, &from, &to, &is_clear) && is_clear) {
        turn_x[0] = from;
        turn_x[1] = to;
        turn_y[0] = share_at(v->facts, from);
        turn_y[1] = share_at(v->facts, to);
        p.series_n = 4;
    }
    p.y_low = 0;
    p.y_high = 1;
    p.x_low = 0;
    p.x_high = trace_text_follow(v)->tokens_n > 1 ? trace_text_follow(v)->tokens_n : 1;
    p.x_axis = r.h >= AXIS_ROWS;
    p.cursor = v->token >= 0 && v->token < trace_text_follow(v)->tokens_n ? v->token : NAN;
    plot_draw(c, r, &p);
}

void pane_value(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snap_follow *f = trace_text_follow(v);
    struct rect inner, body;
    struct curve curve;
    char right[48] = "";
    int row = 0;

    take_points(f ? v->facts : NULL, &curve);
    if (curve.n)
        snprintf(right, sizeof right, "%d continuations a place", v->facts->value[0].n);
    inner = pane_frame(c, r, v, PANE_VALUE, "success rate along the trace", right);
    body = rect_cut(inner, 1, 0, inner.w - 2, inner.h);
    if (!f) {
        pane_note(c, inner, trace_text_missing(v));
        return;
    }
    if (v->probing && body.h > 0)
        trace_probing(c, body, row++, v);
    if (!curve.n) {
        if (!row || body.h > 2)
            pane_note(c, inner,
                      inner.w > 76
                          ? "v: resample along the trace, the value function estimated; b: from one token"
                          : "v: resample along it; b: from one token");
        return;
    }
    if (row < body.h)
        turn_row(c, body, row++, v, &curve);
    if (body.h - row >= PLOT_ROWS)
        draw_curve(c, rect_cut(body, 0, row, body.w, body.h - row), v, &curve);
    pane_foot(c, r, "x: token  band: 95 %", "v measure it  b from the cursor");
}
