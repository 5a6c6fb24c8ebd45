/* A chart in pixels, written by libpng.
 *
 * Lengths are given for a chart of 1000 pixels height and scale with it. The order of painting is
 * grid, bands, pale points, lines, marks, frame, words. Written to a file beside the target and renamed, so
 * that a full disk leaves no half picture. */
#include "views/png.h"

#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "views/format.h"
#include "views/raster.h"

/* Okabe and Ito's colours, darkest first; yellow, too pale on white, is left out. */
static const uint32_t palette[] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x444444};
enum { COLORS = sizeof palette / sizeof *palette, TEXT = 0x222222, SOFT = 0x666666, GRID = 0xE4E4E4 };

struct chart {
    const struct png_chart *c;
    struct raster r;
    struct plot p;
    double u;                        /* pixels of one unit */
    double left, right, top, bottom; /* of the plotting area */
    double x_low, x_high, y_low, y_high;
};

static double px(const struct chart *k, double x)
{
    return k->left + (x - k->x_low) / (k->x_high - k->x_low) * (k->right - k->left);
}

static double py(const struct chart *k, double y)
{
    double low = k->y_low, high = k->y_high;

    if (k->c->log_y) {
        if (y <= 0)
            return NAN;
        y = log10(y);
        low = log10(low);
        high = log10(high);
    }
    return k->bottom - (y - low) / (high - low) * (k->bottom - k->top);
}

static int set_range(struct chart *k)
{
    double air;

    k->p = plot_blank(k->c->series, k->c->series_n);
    k->p.log_y = k->c->log_y;
    if (!plot_range_x(&k->p, &k->x_low, &k->x_high) || !plot_range_y(&k->p, &k->y_low, &k->y_high))
        return 0;
    if (!(k->x_high > k->x_low))
        k->x_high = k->x_low + 1;
    if (k->c->log_y) {
        k->y_low /= 1.2;
        k->y_high *= 1.2;
        return 1;
    }
    if (k->c->with_zero) {
        k->y_low = fmin(k->y_low, 0);
        k->y_high = fmax(k->y_high, 0);
    }
    air = k->y_high > k->y_low ? (k->y_high - k->y_low) * 0.05 : k->y_low != 0 ? fabs(k->y_low) * 0.1 : 1;
    if (!(k->c->with_zero && k->y_low == 0))
        k->y_low -= air;
    k->y_high += air;
    return 1;
}

/* y ticks; on a logarithmic axis the powers of ten, and 2 and 5 between them where those are few. */
static int y_ticks(const struct chart *k, double tick[16], double *step)
{
    static const double part[] = {1, 2, 5};
    int decade, i, n = 0, few = log10(k->y_high / k->y_low) < 3;

    if (!k->c->log_y)
        return plot_ticks(k->y_low, k->y_high, 7, tick, step);
    *step = 0;
    for (decade = (int)floor(log10(k->y_low)); decade <= (int)ceil(log10(k->y_high)); decade++)
        for (i = 0; i < (few ? 3 : 1); i++) {
            double v = part[i] * pow(10, decade);
            if (v >= k->y_low && v <= k->y_high && n < 16)
                tick[n++] = v;
        }
    return n;
}

static void draw_axes(struct chart *k)
{
    char text[FORMAT_BYTES];
    double tick[16], step, u = k->u, middle = (k->top + k->bottom) / 2;
    int n, i;

    n = y_ticks(k, tick, &step);
    for (i = 0; i < n; i++) {
        double y = py(k, tick[i]);
        raster_line(&k->r, k->left, y, k->right, y, 2 * u, GRID, 1);
        raster_text(&k->r, k->left - 16 * u, y + 10 * u, 20 * u, 1, 0, SOFT,
                    format_tick(text, tick[i], step));
    }
    n = plot_step_ticks(k->x_low, k->x_high, 8, tick, &step);
    for (i = 0; i < n; i++) {
        double x = px(k, tick[i]);
        raster_line(&k->r, x, k->top, x, k->bottom, 2 * u, GRID, 1);
        raster_text(&k->r, x, k->bottom + 42 * u, 20 * u, 0, 0, SOFT, format_tick(text, tick[i], step));
    }
    if (k->c->x_label)
        raster_text(&k->r, (k->left + k->right) / 2, k->bottom + 92 * u, 22 * u, 0, 0, TEXT, k->c->x_label);
    if (k->c->y_label)
        raster_text(&k->r, 44 * u, middle, 22 * u, 0, 1, TEXT, k->c->y_label);
    if (k->c->title)
        raster_text(&k->r, k->left, 64 * u, 30 * u, -1, 0, TEXT, k->c->title);
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

static void draw_line(struct chart *k, const struct series *s, const double *y, double width, uint32_t color)
{
    double x0 = 0, y0 = NAN;
    int i;

    for (i = 0; i < s->n; i++) {
        double x = px(k, s->x[i]), v = isfinite(y[i]) ? py(k, y[i]) : NAN;
        int alone = isnan(y0) && (i + 1 == s->n || !isfinite(y[i + 1]));
        if (isfinite(v) && alone)
            raster_disc(&k->r, x, v, width / 2, color, 1);
        else if (isfinite(v) && !isnan(y0))
            raster_line(&k->r, x0, y0, x, v, width, color, 1);
        x0 = x;
        y0 = v;
    }
}

/* The area between y and y2, a column of pixels at a time. */
static void draw_band(struct chart *k, const struct series *s, uint32_t color)
{
    int i, x;

    for (i = 0; s->y2 && i + 1 < s->n; i++) {
        double a = px(k, s->x[i]), b = px(k, s->x[i + 1]);
        double y0 = py(k, s->y[i]), y1 = py(k, s->y[i + 1]), z0 = py(k, s->y2[i]), z1 = py(k, s->y2[i + 1]);
        if (!isfinite(y0 + y1 + z0 + z1) || b <= a)
            continue;
        for (x = (int)ceil(a - 0.5); x < (int)ceil(b - 0.5); x++) {
            double t = (x + 0.5 - a) / (b - a), p = y0 + (y1 - y0) * t, q = z0 + (z1 - z0) * t;
            int top = (int)lround(fmax(fmin(p, q), k->top)),
                bottom = (int)lround(fmin(fmax(p, q), k->bottom));
            raster_rect(&k->r, x, top, 1, bottom - top, color, 0.16);
        }
    }
}

static enum status draw_series(struct chart *k, struct err *e)
{
    double *smooth = NULL, u = k->u;
    int i, j;

    for (i = 0; i < k->c->series_n; i++)
        if (k->c->series[i].kind == SERIES_BAND)
            draw_band(k, &k->c->series[i], palette[i % COLORS]);
    for (i = 0; i < k->c->series_n; i++) {
        const struct series *s = &k->c->series[i];
        if (s->kind != SERIES_LINE || s->n < 1)
            continue;
        smooth = malloc((size_t)s->n * sizeof *smooth);
        if (!smooth)
            return err_set(e, ST_NOMEM, "plot", "no memory for %d points", s->n);
        plot_smooth(s->y, s->n, k->c->smoothing, smooth);
        if (k->c->smoothing > 0)
            draw_line(k, s, s->y, 2 * u, pale(palette[i % COLORS]));
        draw_line(k, s, smooth, 4.5 * u, palette[i % COLORS]);
        free(smooth);
    }
    for (i = 0; i < k->c->series_n; i++) {
        const struct series *s = &k->c->series[i];
        for (j = 0; s->kind == SERIES_MARKS && j < s->n; j++) {
            double y = isfinite(s->y[j]) ? py(k, s->y[j]) : NAN;
            if (!isfinite(y))
                continue;
            raster_disc(&k->r, px(k, s->x[j]), y, 10 * u, 0xFFFFFF, 1);
            raster_disc(&k->r, px(k, s->x[j]), y, 7.5 * u, palette[i % COLORS], 1);
        }
    }
    return ST_OK;
}

/* Under the title, from the left; what does not fit on the line begins another. Returns the height of all
 * lines. */
static double draw_legend(struct chart *k, int paint)
{
    double u = k->u, x = k->left, y = 112 * u;
    int i, any = 0;

    for (i = 0; i < k->c->series_n; i++) {
        const struct series *s = &k->c->series[i];
        double w;
        if (!s->label)
            continue;
        w = 70 * u + raster_text_width(20 * u, s->label);
        if (any && x + w > k->right) {
            x = k->left;
            y += 40 * u;
        }
        any = 1;
        if (paint && s->kind == SERIES_MARKS)
            raster_disc(&k->r, x + 20 * u, y - 9 * u, 7.5 * u, palette[i % COLORS], 1);
        else if (paint && s->kind == SERIES_LINE)
            raster_line(&k->r, x + 4 * u, y - 9 * u, x + 36 * u, y - 9 * u, 5 * u, palette[i % COLORS], 1);
        else if (paint)
            raster_rect(&k->r, (int)x, (int)(y - 20 * u), (int)(40 * u), (int)(22 * u), palette[i % COLORS],
                        0.2);
        if (paint)
            raster_text(&k->r, x + 50 * u, y, 20 * u, -1, 0, TEXT, s->label);
        x += w + 20 * u;
    }
    return any ? y - 72 * u : 0;
}

static enum status write_file(const struct raster *r, const char *path, struct err *e)
{
    char part[4096];
    png_image image;
    enum status st = ST_OK;
    FILE *f;
    int why;

    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return err_set(e, ST_USAGE, "plot", "the name of the file is too long");
    f = fopen(part, "wb");
    if (!f) {
        why = errno;
        return err_set(e, why == EROFS || why == EACCES ? ST_READONLY : ST_IO, "plot", "cannot write %s: %s",
                       path, strerror(why));
    }
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = (png_uint_32)r->w;
    image.height = (png_uint_32)r->h;
    image.format = PNG_FORMAT_RGB;
    errno = 0;
    if (!png_image_write_to_stdio(&image, f, 0, r->rgb, 0, NULL) || fflush(f) || fsync(fileno(f)))
        st = err_set(e, errno == ENOSPC ? ST_FULL : ST_IO, "plot", "cannot write %s: %s", path,
                     errno ? strerror(errno) : image.message);
    if (fclose(f) && !st)
        st = err_set(e, errno == ENOSPC ? ST_FULL : ST_IO, "plot", "cannot write %s: %s", path,
                     strerror(errno));
    if (!st && rename(part, path))
        st = err_set(e, ST_IO, "plot", "cannot write %s: %s", path, strerror(errno));
    if (st)
        unlink(part);
    return st;
}

enum status png_plot(const char *path, const struct png_chart *chart, struct err *e)
{
    int w = chart->width ? chart->width : 1600, h = chart->height ? chart->height : 1000;
    struct chart k = {.c = chart};
    enum status st;
    double u;

    if (w < 200 || h < 200 || w > 8000 || h > 8000)
        return err_set(e, ST_USAGE, "plot", "a chart is 200 to 8000 pixels wide and high, not %d by %d", w,
                       h);
    if (!set_range(&k))
        return err_set(e, ST_USAGE, "plot", "there is nothing to draw: no step has a value of this metric");
    st = raster_init(&k.r, w, h, e);
    if (st)
        return st;
    u = k.u = h / 1000.0 < w / 1200.0 ? h / 1000.0 : w / 1200.0;
    k.left = (chart->y_label ? 170 : 120) * u;
    k.right = w - 50 * u;
    k.top = 96 * u + draw_legend(&k, 0);
    k.bottom = h - (chart->x_label ? 130 : 80) * u;
    draw_axes(&k);
    st = draw_series(&k, e);
    if (!st) {
        raster_line(&k.r, k.left, k.bottom, k.right, k.bottom, 3 * u, SOFT, 1);
        raster_line(&k.r, k.left, k.top, k.left, k.bottom, 3 * u, SOFT, 1);
        draw_legend(&k, 1);
        st = write_file(&k.r, path, e);
    }
    raster_release(&k.r);
    return st;
}
