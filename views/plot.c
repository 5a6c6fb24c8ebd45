/* Curves, drawn in dots that are finer than a cell.
 *
 * A cell holds 2x4 dots in braille, 1x2 in half blocks, 1x3 in ASCII. A series is first reduced
 * to one span of dot rows for each dot column (least and greatest of the polyline there), then
 * painted: so the cost is points + columns, and dense and sparse data go the same way.
 * A later series wins the colour of a cell; a curve takes the place of a band's dots, and
 * shares a braille cell with another curve. */
#include "views/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "views/format.h"

enum { DOTS_MAX = 2 * CANVAS_MAX };

/* From data to dots. */
struct frame {
    struct rect r;
    double x_low, x_high, y_low, y_high;
    int log_y, cols, rows;      /* dots */
};

struct span {
    int low, high;              /* dot rows from the top; high < low: nothing here */
};

static double to_x(const struct frame *f, double x)
{
    return (x - f->x_low) / (f->x_high - f->x_low) * (f->cols - 1);
}

static double to_y(const struct frame *f, double y)
{
    double low = f->y_low, high = f->y_high;

    if (f->log_y) {
        if (y <= 0)
            return NAN;
        y = log10(y);
        low = log10(low);
        high = log10(high);
    }
    y = (high - y) / (high - low) * (f->rows - 1);
    return y < -1e6 ? -1e6 : y > 1e6 ? 1e6 : y;
}

/* lround without the call: dots are counted for thousands of points a frame. */
static int nearest(double v)
{
    return v > 1e9 ? 1000000000 : v < -1e9 ? -1000000000 : (int)(v < 0 ? v - 0.5 : v + 0.5);
}

static void cover(const struct frame *f, struct span *span, int col, double y0, double y1)
{
    int a, b;

    if (col < 0 || col >= f->cols)
        return;
    /* A little less than the whole piece: where one column ends and the next begins they share no dot. */
    a = nearest((y0 < y1 ? y0 : y1) + (fabs(y1 - y0) > 0.05 ? 0.02 : 0));
    b = nearest((y0 < y1 ? y1 : y0) - (fabs(y1 - y0) > 0.05 ? 0.02 : 0));
    if (b < 0 || a >= f->rows)
        return;
    a = a < 0 ? 0 : a;
    b = b >= f->rows ? f->rows - 1 : b;
    if (span[col].high < span[col].low) {
        span[col].low = a;
        span[col].high = b;
        return;
    }
    if (a < span[col].low)
        span[col].low = a;
    if (b > span[col].high)
        span[col].high = b;
}

/* The part of the line from (x0,y0) to (x1,y1) that lies over each dot column. */
static void segment(const struct frame *f, struct span *span, double x0, double y0, double x1, double y1)
{
    int col = nearest(x0 < 0 ? 0 : x0), last = nearest(x1 > f->cols - 1 ? f->cols - 1 : x1);

    for (; col <= last; col++) {
        double a = col - 0.5 > x0 ? col - 0.5 : x0, b = col + 0.5 < x1 ? col + 0.5 : x1;
        double slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0;
        if (x1 > x0)
            cover(f, span, col, y0 + slope * (a - x0), y0 + slope * (b - x0));
        else
            cover(f, span, col, y0, y1);
    }
}

/* Spans of the polyline through the points as they are. clamp: what lies outside is brought to the edge, so
 * that a band that leaves the picture is filled up to it. */
static void trace_points(const struct frame *f, const struct series *s, const double *y, int clamp,
                         struct span *span)
{
    double x0 = 0, y0 = NAN;
    int i;

    for (i = 0; i < s->n; i++) {
        double x = to_x(f, s->x[i]), v = isfinite(y[i]) ? to_y(f, y[i]) : NAN;
        if (isnan(v) || !isfinite(x)) {
            y0 = NAN;
            continue;
        }
        if (clamp)
            v = v < 0 ? 0 : v > f->rows - 1 ? f->rows - 1 : v;
        /* Where many points share a column, what lies between two of them is spanned by them. */
        if (isnan(y0) || nearest(x) == nearest(x0))
            cover(f, span, nearest(x), v, v);
        else if (x >= 0 && x0 <= f->cols - 1)
            segment(f, span, x0, y0, x, v);
        x0 = x;
        y0 = v;
    }
}

/* Spans of the line that is shown: smoothed, and of the points that share a dot column their mean. */
static void trace_mean(const struct frame *f, const struct series *s, double smoothing, struct span *span)
{
    double x0 = 0, y0 = NAN, sum = 0, norm = 0;
    int i = 0;

    while (i < s->n) {
        double mean = 0, x_mean = 0;
        int n = 0, col = nearest(to_x(f, s->x[i]));
        for (; i < s->n && nearest(to_x(f, s->x[i])) == col && isfinite(s->y[i]); i++, n++) {
            sum = smoothing * sum + (1 - smoothing) * s->y[i];
            norm = smoothing * norm + (1 - smoothing);
            mean += sum / norm;
            x_mean += to_x(f, s->x[i]);
        }
        mean = n ? to_y(f, mean / n) : NAN;
        if (isnan(mean)) {
            y0 = NAN;
            i += !n;
            continue;
        }
        if (isnan(y0))
            cover(f, span, col, mean, mean);
        else if (x_mean / n >= 0 && x0 <= f->cols - 1)
            segment(f, span, x0, y0, x_mean / n, mean);
        x0 = x_mean / n;
        y0 = mean;
    }
}

/* Bits of a braille cell by dot row and column. */
static const uint8_t braille_bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

static void dot_braille(struct canvas *c, struct rect r, int dy, int dx, enum style style, int over_band)
{
    int row = dy / 4, col = dx / 2;
    const struct cell *old = canvas_at(c, r.y + row, r.x + col);
    uint32_t bits = braille_bit[dy % 4][dx % 2];

    if (!old)
        return;
    if (old->code >= 0x2800 && old->code <= 0x28FF && !(over_band && old->style == STYLE_BAND))
        bits |= old->code & 0xFF;
    canvas_put(c, r, row, col, style, 0x2800 + bits);
}

static void dot_block(struct canvas *c, struct rect r, int dy, int dx, enum style style)
{
    const struct cell *old = canvas_at(c, r.y + dy / 2, r.x + dx);
    uint32_t mine = dy % 2 ? 0x2584 : 0x2580, other = dy % 2 ? 0x2580 : 0x2584;

    if (old)
        canvas_put(c, r, dy / 2, dx, style, old->code == other || old->code == 0x2588 ? 0x2588 : mine);
}

static void span_ascii(struct canvas *c, struct rect r, int col, struct span s, enum style style)
{
    static const char level[3] = {'\'', '-', '.'};
    int row;

    for (row = s.low / 3; row <= s.high / 3; row++) {
        int top = s.low > row * 3 ? s.low - row * 3 : 0, bottom = s.high < row * 3 + 2 ? s.high - row * 3 : 2;
        canvas_put(c, r, row, col, style, bottom - top > 1 ? '|' : (uint32_t)level[(top + bottom) / 2]);
    }
}

static void paint_line(struct canvas *c, const struct frame *f, const struct span *span, enum style style)
{
    int col, row;

    for (col = 0; col < f->cols; col++) {
        if (span[col].high < span[col].low)
            continue;
        if (c->chars == CHARS_ASCII)
            span_ascii(c, f->r, col, span[col], style);
        else
            for (row = span[col].low; row <= span[col].high; row++)
                if (c->chars == CHARS_BRAILLE)
                    dot_braille(c, f->r, row, col, style, 1);
                else
                    dot_block(c, f->r, row, col, style);
    }
}

/* A band is one dot a cell, in a large picture one in four and staggered, so that it stays behind the curve;
 * ASCII has no room for one. */
static void paint_band(struct canvas *c, const struct frame *f, const struct span *span)
{
    int col, row, large = f->r.h >= 12;

    for (col = 0; col < f->cols && c->chars != CHARS_ASCII; col++)
        for (row = span[col].low; row <= span[col].high; row++)
            if (c->chars == CHARS_BLOCK)
                canvas_put(c, f->r, row / 2, col, STYLE_BAND, 0x2591);
            else if (large ? row % 8 == 1 && (col + row / 8 % 2 * 2) % 4 == 0 : row % 4 == 1 && col % 2 == 0)
                dot_braille(c, f->r, row, col, STYLE_BAND, 0);
}

static void paint_marks(struct canvas *c, const struct frame *f, const struct series *s)
{
    int per_x = c->chars == CHARS_BRAILLE ? 2 : 1, i;
    int per_y = c->chars == CHARS_BRAILLE ? 4 : c->chars == CHARS_BLOCK ? 2 : 3;

    for (i = 0; i < s->n; i++) {
        double x = to_x(f, s->x[i]), y = isfinite(s->y[i]) ? to_y(f, s->y[i]) : NAN;
        if (isfinite(x) && isfinite(y) && x >= -0.5 && y >= -0.5)
            canvas_put(c, f->r, nearest(y) / per_y, nearest(x) / per_x, s->style,
                       s->glyph ? s->glyph : 0x25CF);
    }
}

/* Where two lines end in the same cell, the later one steps to the left. */
static void paint_tags(struct canvas *c, const struct frame *f, const struct plot *p)
{
    int per_x = c->chars == CHARS_BRAILLE ? 2 : 1, i, k, used, before[8][2], n = 0;
    int per_y = c->chars == CHARS_BRAILLE ? 4 : c->chars == CHARS_BLOCK ? 2 : 3;
    double smooth[2];

    for (i = 0; i < p->series_n && n < 8; i++) {
        const struct series *s = &p->series[i];
        int last = s->n - 1, row, col;
        if (s->kind != SERIES_LINE || !s->label || !*s->label)
            continue;
        while (last >= 0 && !isfinite(s->y[last]))
            last--;
        if (last < 0)
            continue;
        smooth[0] = smooth[1] = 0;
        for (k = last > 200 ? last - 200 : 0; k <= last; k++)
            if (isfinite(s->y[k])) {
                smooth[0] = p->smoothing * smooth[0] + (1 - p->smoothing) * s->y[k];
                smooth[1] = p->smoothing * smooth[1] + (1 - p->smoothing);
            }
        smooth[0] = to_y(f, smooth[0] / smooth[1]);
        if (isnan(smooth[0]))
            continue;
        row = nearest(smooth[0]) / per_y;
        col = nearest(to_x(f, s->x[last])) / per_x;
        for (k = 0; k < n; k++)
            if (before[k][0] == row && before[k][1] == col) {
                col--;
                k = -1;
            }
        before[n][0] = row;
        before[n++][1] = col;
        if (row >= 0 && row < f->r.h)
            canvas_put(c, f->r, row, col, s->style, utf8_next(s->label, strlen(s->label), &used));
    }
}

static void clear_spans(const struct frame *f, struct span *span)
{
    int col;

    for (col = 0; col < f->cols; col++)
        span[col] = (struct span){0, -1};
}

/* What is painted, from behind to the front. */
enum layer { LAYER_BANDS, LAYER_SHADOWS, LAYER_LINES, LAYER_MARKS };

static void paint(struct canvas *c, const struct frame *f, const struct plot *p, enum layer layer)
{
    static const enum series_kind kind[] = {SERIES_BAND, SERIES_LINE, SERIES_LINE, SERIES_MARKS};
    struct span span[DOTS_MAX];
    int i;

    for (i = 0; i < p->series_n; i++) {
        const struct series *s = &p->series[i];
        if (s->kind != kind[layer])
            continue;
        clear_spans(f, span);
        if (layer == LAYER_BANDS) {
            trace_points(f, s, s->y, 1, span);
            if (s->y2)
                trace_points(f, s, s->y2, 1, span);
            paint_band(c, f, span);
        } else if (layer == LAYER_SHADOWS) {
            trace_points(f, s, s->y, 0, span);
            paint_line(c, f, span, STYLE_BAND);
        } else if (layer == LAYER_LINES) {
            trace_mean(f, s, p->smoothing, span);
            paint_line(c, f, span, s->style);
        } else {
            paint_marks(c, f, s);
        }
    }
}

/* The y range that is shown: the data's, with a little air, never empty. */
static int choose_range(const struct plot *p, struct frame *f)
{
    double air;

    if (!plot_range_y(p, &f->y_low, &f->y_high) || !plot_range_x(p, &f->x_low, &f->x_high))
        return 0;
    if (p->with_zero && !p->log_y) {
        f->y_low = f->y_low > 0 ? 0 : f->y_low;
        f->y_high = f->y_high < 0 ? 0 : f->y_high;
    }
    if (p->with_zero && !p->log_y && f->y_low == 0 && f->y_high == 0) {
        f->y_high = 1;
    } else if (!(f->y_high > f->y_low)) {
        air = f->y_low != 0 ? fabs(f->y_low) * 0.1 : 1;
        if (!p->log_y)
            f->y_low -= air;
        f->y_high += air;
    }
    if (isfinite(p->y_low))
        f->y_low = p->y_low;
    if (isfinite(p->y_high))
        f->y_high = p->y_high;
    if (isfinite(p->x_low))
        f->x_low = p->x_low;
    if (isfinite(p->x_high))
        f->x_high = p->x_high;
    if (!(f->x_high > f->x_low))
        f->x_high = f->x_low + 1;
    if (p->log_y && !(f->y_low > 0))
        f->y_low = f->y_high > 0 ? f->y_high * 1e-6 : 1;
    return f->y_high > f->y_low;
}

/* Powers of ten on a logarithmic axis, as far as they fit. */
static int log_ticks(double low, double high, int most, double tick[16])
{
    int first = (int)ceil(log10(low) - 1e-9), last = (int)floor(log10(high) + 1e-9), every, i, n = 0;

    if (last < first)
        return 0;
    every = (last - first) / most + 1;
    for (i = first; i <= last && n < 16; i += every)
        tick[n++] = pow(10, i);
    return n;
}

static int y_ticks(const struct frame *f, int rows, double tick[16], double *step)
{
    int most = rows >= 12 ? rows / 3 : rows >= 5 ? 3 : 2;

    if (f->log_y) {
        *step = 0;
        return log_ticks(f->y_low, f->y_high, most, tick);
    }
    return plot_ticks(f->y_low, f->y_high, most, tick, step);
}

/* Labels at the left of each tick; returns the columns that they take. */
static int draw_y_axis(struct canvas *c, struct rect r, struct frame *f)
{
    char text[FORMAT_BYTES];
    double tick[16], step;
    int n, i, width = 0, per = c->chars == CHARS_BRAILLE ? 4 : c->chars == CHARS_BLOCK ? 2 : 3;

    if (r.w < 18 || r.h < 2)
        return 0;
    f->rows = r.h * per;
    n = y_ticks(f, r.h, tick, &step);
    for (i = 0; i < n; i++) {
        int w = (int)strlen(format_tick(text, tick[i], step));
        width = w > width ? w : width;
    }
    if (width > 8)
        return 0;
    for (i = 0; i < n; i++) {
        int row = nearest(to_y(f, tick[i])) / per;
        canvas_right(c, r, row, width, STYLE_DIM, format_tick(text, tick[i], step));
    }
    return n ? width + 1 : 0;
}

/* 1, 2, 5 times the powers of ten within 10^low..10^high. */
static int power_ticks(double low, double high, double tick[16])
{
    static const double part[] = {1, 2, 5};
    int i, k, n = 0;

    for (i = (int)floor(low); i <= (int)floor(high); i++)
        for (k = 0; k < 3; k++) {
            double v = part[k] * pow(10, i);
            if (log10(v) >= low - 1e-9 && log10(v) <= high + 1e-9 && n < 16)
                tick[n++] = v;
        }
    return n;
}

static void draw_x_axis(struct canvas *c, struct rect r, int indent, const struct frame *f, int is_log)
{
    char text[FORMAT_BYTES];
    double tick[16], step = 0;
    int n = is_log ? power_ticks(f->x_low, f->x_high, tick)
                   : plot_step_ticks(f->x_low, f->x_high, (r.w - indent) / 12, tick, &step);
    int i, end = indent;

    for (i = 0; i < n; i++) {
        double x = is_log ? log10(tick[i]) : tick[i];
        int at = indent + nearest((x - f->x_low) / (f->x_high - f->x_low) * (r.w - indent - 1));
        int w = (int)strlen(format_tick(text, tick[i], step));
        int col = at - w / 2 < indent ? indent : at - w / 2 + w > r.w ? r.w - w : at - w / 2;
        if (col < end)
            continue;
        canvas_text(c, r, r.h - 1, col, STYLE_DIM, text, -1);
        end = col + w + 1;
    }
}

void plot_draw(struct canvas *c, struct rect r, const struct plot *p)
{
    struct frame f = {.r = r, .log_y = p->log_y};
    struct rect body = r;
    int indent, row, col;

    if (r.w < 1 || r.h < 1 || !choose_range(p, &f))
        return;
    if (p->x_axis && r.h > 3)
        body.h--;
    indent = draw_y_axis(c, body, &f);
    f.r = rect_cut(body, indent, 0, body.w - indent, body.h);
    f.cols = f.r.w * (c->chars == CHARS_BRAILLE ? 2 : 1);
    f.rows = f.r.h * (c->chars == CHARS_BRAILLE ? 4 : c->chars == CHARS_BLOCK ? 2 : 3);
    if (f.cols < 1 || f.cols > DOTS_MAX)
        return;
    if (p->x_axis && r.h > 3)
        draw_x_axis(c, r, indent, &f, p->x_is_log);
    paint(c, &f, p, LAYER_BANDS);
    if (p->shadow && c->chars == CHARS_BRAILLE)
        paint(c, &f, p, LAYER_SHADOWS);
    paint(c, &f, p, LAYER_LINES);
    if (isfinite(p->cursor) && p->cursor >= f.x_low && p->cursor <= f.x_high) {
        col = nearest(to_x(&f, p->cursor)) * f.r.w / f.cols;
        for (row = 0; row < f.r.h; row++) {
            const struct cell *old = canvas_at(c, f.r.y + row, f.r.x + col);
            if (old && (old->code == ' ' || old->style == STYLE_BAND))
                canvas_put(c, f.r, row, col, STYLE_ACCENT, 0x2502);
        }
    }
    paint(c, &f, p, LAYER_MARKS);
    if (p->tags)
        paint_tags(c, &f, p);
}
