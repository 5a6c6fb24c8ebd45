/* A chart in pixels.
 *
 * Lengths are in units of one pixel of a chart 1600 wide and scale with it. A panel has its name and legend
 * on a line of its own above it, so that nothing has to be read sideways. The order of painting in a panel is
 * grid, bands, pale points, lines, discs, axes. */
#include "views/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/format.h"
#include "views/plot.h"
#include "views/png.h"

/* Okabe and Ito's colours, darkest first; yellow, too pale on white, is left out. */
static const uint32_t palette[] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x444444};
enum {
    COLORS = sizeof palette / sizeof *palette,
    TEXT = 0x1A1A1A,
    SOFT = 0x5A5A5A,
    GRID = 0xE6E6E6,
    AXIS = 0x444444
};
enum { TICK = 20, LABEL = 22, TITLE = 30, HEAD = 62, GAP = 44 };   /* heights of letters and lines */

struct page {
    const struct chart *c;
    struct raster r;
    double u;                        /* pixels of one unit */
    double left, right;
    double x_low, x_high;
};

struct axes {
    const struct chart_panel *p;
    double top, bottom, y_low, y_high;
    int log_y, ticks_n;
    double tick[16], step;
};

static uint32_t color_of(const struct chart_series *s)
{
    return palette[(s->color < 0 ? 0 : s->color) % COLORS];
}

static double px(const struct page *k, double x)
{
    if (k->c->log_x)
        return k->left + log(x / k->x_low) / log(k->x_high / k->x_low) * (k->right - k->left);
    return k->left + (x - k->x_low) / (k->x_high - k->x_low) * (k->right - k->left);
}

static double py(const struct axes *a, double y)
{
    double low = a->y_low, high = a->y_high;

    if (a->log_y) {
        if (y <= 0)
            return NAN;
        y = log10(y);
        low = log10(low);
        high = log10(high);
    }
    return a->bottom - (y - low) / (high - low) * (a->bottom - a->top);
}

static void widen(double v, double *low, double *high)
{
    *low = isfinite(v) && !(v >= *low) ? v : *low;
    *high = isfinite(v) && !(v <= *high) ? v : *high;
}

/* Ticks of a logarithmic axis: the powers of ten, and 2 and 5 between them where those are few. */
static int log_ticks(double low, double high, double tick[16])
{
    static const double part[] = {1, 2, 5};
    int decade, i, n = 0, few = log10(high / low) < 3;

    for (decade = (int)floor(log10(low)); decade <= (int)ceil(log10(high)); decade++)
        for (i = 0; i < (few ? 3 : 1); i++) {
            double v = part[i] * pow(10, decade);
            if (v >= low && v <= high && n < 16)
                tick[n++] = v;
        }
    return n;
}

/* y ticks. */
static void choose_ticks(struct axes *a, int most)
{
    a->step = 0;
    if (a->log_y)
        a->ticks_n = log_ticks(a->y_low, a->y_high, a->tick);
    else
        a->ticks_n = plot_ticks(a->y_low, a->y_high, most, a->tick, &a->step);
}

/* The range of a panel's lines and bands; a band alone never takes an axis below 0. */
static int set_range(struct axes *a, int log_y)
{
    double low = NAN, high = NAN, air, from;
    int i, k;

    for (i = 0; i < a->p->series_n; i++)
        for (k = 0; k < a->p->series[i].n; k++)
            if (!log_y || a->p->series[i].y[k] > 0)
                widen(a->p->series[i].y[k], &low, &high);
    if (isnan(low))
        return 0;
    a->log_y = log_y;
    if (log_y) {
        a->y_low = low / 1.2;
        a->y_high = high * 1.2;
        return 1;
    }
    for (i = 0, from = low; i < a->p->series_n; i++)
        for (k = 0; k < a->p->series[i].n && a->p->series[i].low && a->p->series[i].high; k++) {
            widen(a->p->series[i].low[k], &low, &high);
            widen(a->p->series[i].high[k], &low, &high);
        }
    if (from >= 0 && low <= high / 2)
        low = 0;
    air = high > low ? (high - low) * 0.06 : low != 0 ? fabs(low) * 0.1 : 1;
    a->y_low = low == 0 ? 0 : low - air;
    a->y_high = high + air;
    return 1;
}

static enum status set_ranges(struct page *k, struct axes *a, struct err *e)
{
    int i, j, n;

    k->x_low = k->x_high = NAN;
    for (i = 0; i < k->c->panels_n; i++) {
        a[i].p = &k->c->panel[i];
        if (!set_range(&a[i], k->c->log_y))
            return err_set(e, ST_USAGE, "plot", "there is nothing to draw: no step has a value of %s%s",
                           a[i].p->label ? a[i].p->label : "this metric", k->c->log_y ? " above 0" : "");
        for (j = 0; j < a[i].p->series_n; j++)
            for (n = 0; n < a[i].p->series[j].n; n++)
                widen(a[i].p->series[j].x[n], &k->x_low, &k->x_high);
    }
    if (k->c->log_x && !(k->x_low > 0))
        return err_set(e, ST_USAGE, "plot", "a logarithmic axis needs values above 0");
    if (!(k->x_high > k->x_low))
        k->x_high = k->x_low + 1;
    return ST_OK;
}

/* Two thirds of the way to white: solid, because lines that let through show beads at their joints. */
static uint32_t pale(uint32_t color)
{
    uint32_t out = 0;
    int shift;

    for (shift = 0; shift < 24; shift += 8)
        out |= ((color >> shift & 0xFF) + 2 * 255) / 3 << shift;
    return out;
}

static void draw_line(struct page *k, const struct axes *a, const struct chart_series *s, const double *y,
                      double width, uint32_t color)
{
    double x0 = 0, y0 = NAN;
    int i;

    for (i = 0; i < s->n; i++) {
        double x = px(k, s->x[i]), v = isfinite(y[i]) ? py(a, y[i]) : NAN;
        int alone = isnan(y0) && (i + 1 == s->n || !isfinite(y[i + 1]));
        if (isfinite(v) && alone)
            raster_disc(&k->r, x, v, width / 2, color, 1);
        else if (isfinite(v) && !isnan(y0))
            raster_line(&k->r, x0, y0, x, v, width, color, 1);
        x0 = x;
        y0 = v;
    }
}

/* The area between low and high, a column of pixels at a time. */
static void draw_band(struct page *k, const struct axes *a, const struct chart_series *s)
{
    int i, x;

    for (i = 0; s->low && s->high && i + 1 < s->n; i++) {
        double from = px(k, s->x[i]), to = px(k, s->x[i + 1]);
        double y0 = py(a, s->low[i]), y1 = py(a, s->low[i + 1]), z0 = py(a, s->high[i]),
               z1 = py(a, s->high[i + 1]);
        if (!isfinite(y0 + y1 + z0 + z1) || to <= from)
            continue;
        for (x = (int)ceil(from - 0.5); x < (int)ceil(to - 0.5); x++) {
            double t = (x + 0.5 - from) / (to - from), p = y0 + (y1 - y0) * t, q = z0 + (z1 - z0) * t;
            int top = (int)lround(fmax(fmin(p, q), a->top)),
                bottom = (int)lround(fmin(fmax(p, q), a->bottom));
            raster_rect(&k->r, x, top, 1, bottom - top, color_of(s), 0.14);
        }
    }
}

static enum status draw_series(struct page *k, const struct axes *a, struct err *e)
{
    double *smooth, u = k->u;
    int i, j;

    for (i = 0; i < a->p->series_n; i++)
        draw_band(k, a, &a->p->series[i]);
    for (i = 0; i < a->p->series_n; i++) {
        const struct chart_series *s = &a->p->series[i];
        double smoothing = s->points ? 0 : k->c->smoothing;
        if (s->n < 1)
            continue;
        smooth = malloc((size_t)s->n * sizeof *smooth);
        if (!smooth)
            return err_set(e, ST_NOMEM, "plot", "no memory for %d points", s->n);
        plot_smooth(s->y, s->n, smoothing, smooth);
        if (smoothing > 0)
            draw_line(k, a, s, s->y, 2 * u, pale(color_of(s)));
        draw_line(k, a, s, smooth, 4.5 * u, color_of(s));
        free(smooth);
    }
    for (i = 0; i < a->p->series_n; i++) {
        const struct chart_series *s = &a->p->series[i];
        for (j = 0; s->points && j < s->n; j++) {
            double y = isfinite(s->y[j]) ? py(a, s->y[j]) : NAN;
            if (!isfinite(y))
                continue;
            raster_disc(&k->r, px(k, s->x[j]), y, 11 * u, 0xFFFFFF, 1);
            raster_disc(&k->r, px(k, s->x[j]), y, 8 * u, color_of(s), 1);
        }
    }
    return ST_OK;
}

/* The legend from x on, or, where it ends at the right, as far left as it needs. Returns its width. */
static double draw_legend(struct page *k, const struct chart_panel *p, double x, double y, int paint)
{
    double u = k->u, begin = x;
    int i;

    for (i = 0; i < p->series_n; i++) {
        const struct chart_series *s = &p->series[i];
        if (!s->label)
            continue;
        if (paint) {
            if (s->low)
                raster_rect(&k->r, (int)x, (int)(y - 18 * u), (int)(44 * u), (int)(20 * u), color_of(s),
                            0.16);
            raster_line(&k->r, x + 3 * u, y - 8 * u, x + 41 * u, y - 8 * u, 4.5 * u, color_of(s), 1);
            if (s->points)
                raster_disc(&k->r, x + 22 * u, y - 8 * u, 8 * u, color_of(s), 1);
            raster_text(&k->r, x + 54 * u, y, TICK * u, -1, 0, TEXT, s->label);
        }
        x += 54 * u + raster_text_width(TICK * u, s->label) + 34 * u;
    }
    return x - begin;
}

static int legend_entries(const struct chart_panel *p)
{
    int i, n = 0;

    for (i = 0; i < p->series_n; i++)
        n += p->series[i].label != NULL;
    return n;
}

/* Name and unit of what the panel shows, and its legend where one is needed. */
static void draw_head(struct page *k, const struct axes *a)
{
    double u = k->u, y = a->top - 22 * u, x = k->left;
    const struct chart_panel *p = a->p;
    char unit[64];

    if (p->label) {
        raster_text(&k->r, x, y, LABEL * u, -1, 0, TEXT, p->label);
        x += raster_text_width(LABEL * u, p->label) + 16 * u;
    }
    if (p->unit && *p->unit) {
        snprintf(unit, sizeof unit, "(%s)", p->unit);
        raster_text(&k->r, x, y, TICK * u, -1, 0, SOFT, unit);
        x += raster_text_width(TICK * u, unit);
    }
    if (!k->c->same_series && legend_entries(p) > 1) {
        double w = draw_legend(k, p, 0, y, 0), at = k->right - w + 34 * u;
        draw_legend(k, p, at < x + 30 * u ? x + 30 * u : at, y, 1);
    }
}

static void draw_axes(struct page *k, const struct axes *a, int is_last)
{
    char text[FORMAT_BYTES];
    double tick[16], step, u = k->u;
    int n, i;

    for (i = 0; i < a->ticks_n; i++) {
        double y = round(py(a, a->tick[i]));
        raster_line(&k->r, k->left, y, k->right, y, 2 * u, GRID, 1);
        raster_line(&k->r, k->left - 9 * u, y, k->left, y, 2 * u, AXIS, 1);
        raster_text(&k->r, k->left - 20 * u, y + TICK * u / 2, TICK * u, 1, 0, SOFT,
                    format_tick(text, a->tick[i], a->step));
    }
    step = 0;
    n = k->c->log_x ? log_ticks(k->x_low, k->x_high, tick)
                    : plot_step_ticks(k->x_low, k->x_high, 8, tick, &step);
    for (i = 0; i < n; i++) {
        double x = round(px(k, tick[i]));
        raster_line(&k->r, x, a->bottom, x, a->bottom + 9 * u, 2 * u, AXIS, 1);
        if (is_last)
            raster_text(&k->r, x, a->bottom + 44 * u, TICK * u, 0, 0, SOFT, format_tick(text, tick[i], step));
    }
    if (is_last && k->c->x_label)
        raster_text(&k->r, (k->left + k->right) / 2, a->bottom + 92 * u, LABEL * u, 0, 0, TEXT,
                    k->c->x_label);
}

/* The widest label of y decides where all panels begin. */
static double label_width(const struct page *k, const struct axes *a)
{
    char text[FORMAT_BYTES];
    double width = 0;
    int i, j;

    for (i = 0; i < k->c->panels_n; i++)
        for (j = 0; j < a[i].ticks_n; j++)
            width = fmax(width, raster_text_width(TICK * k->u, format_tick(text, a[i].tick[j], a[i].step)));
    return width;
}

/* Title and, where the panels share it, the legend. Returns where the panels begin. */
static double draw_top(struct page *k)
{
    double u = k->u, y = 26 * u;

    if (k->c->title) {
        y += 44 * u;
        raster_text(&k->r, k->left, y, TITLE * u, -1, 0, TEXT, k->c->title);
        if (k->c->subtitle)
            raster_text(&k->r, k->left + raster_text_width(TITLE * u, k->c->title) + 28 * u, y, TICK * u, -1,
                        0, SOFT, k->c->subtitle);
    }
    if (k->c->same_series && legend_entries(&k->c->panel[0]) > 1) {
        y += 50 * u;
        draw_legend(k, &k->c->panel[0], k->left, y, 1);
    }
    if (k->c->title)
        y += 26 * u;
    return y;
}

static enum status draw(struct page *k, struct axes *a, struct err *e)
{
    double u = k->u, top, each, bottom = k->r.h - (k->c->x_label ? 122 : 74) * u;
    enum status st = ST_OK;
    int i, n = k->c->panels_n;

    for (i = 0; i < n; i++)
        choose_ticks(&a[i], n > 1 ? 5 : 7);
    k->left = 54 * u + label_width(k, a);
    k->right = k->r.w - 50 * u;
    top = draw_top(k);
    each = (bottom - top - (n - 1) * GAP * u) / n;
    for (i = 0; i < n && !st; i++) {
        a[i].top = round(top + i * (each + GAP * u) + HEAD * u);
        a[i].bottom = round(top + i * (each + GAP * u) + each);
        draw_axes(k, &a[i], i == n - 1);
        st = draw_series(k, &a[i], e);
        raster_line(&k->r, k->left, a[i].bottom, k->right, a[i].bottom, 2.5 * u, AXIS, 1);
        raster_line(&k->r, k->left, a[i].top, k->left, a[i].bottom, 2.5 * u, AXIS, 1);
        draw_head(k, &a[i]);
    }
    return st;
}

enum status chart_write(const char *path, const struct chart *chart, struct err *e)
{
    int n = chart->panels_n, natural = 520 + 480 * n;
    int w = chart->width ? chart->width : 1600, h = chart->height ? chart->height : natural;
    struct axes a[CHART_PANELS] = {0};
    struct page k = {.c = chart};
    enum status st;

    if (n < 1 || n > CHART_PANELS)
        return err_set(e, ST_USAGE, "plot", "a chart has 1 to %d panels, not %d", CHART_PANELS, n);
    if (w < 200 || h < 200 || w > 8000 || h > 8000)
        return err_set(e, ST_USAGE, "plot", "a chart is 200 to 8000 pixels wide and high, not %d by %d", w,
                       h);
    st = set_ranges(&k, a, e);
    if (!st)
        st = raster_init(&k.r, w, h, e);
    if (st)
        return st;
    k.u = fmin(w / 1600.0, h / (double)natural);
    st = draw(&k, a, e);
    if (!st)
        st = png_write(path, &k.r, e);
    raster_release(&k.r);
    return st;
}
