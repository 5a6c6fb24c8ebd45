/* Pixels. Everything round or slanted is a capsule: a pixel's cover is how far its centre lies within
 * half the width of the segment, plus half a pixel, cut to 0..1: smooth edges without samples. */
#include "views/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "views/font.h"

enum { CURVE_STEPS = 6 };

enum status raster_init(struct raster *r, int w, int h, struct err *e)
{
    r->w = w;
    r->h = h;
    r->rgb = malloc((size_t)w * (size_t)h * 3);
    if (!r->rgb)
        return err_set(e, ST_NOMEM, "raster", "no memory for %d by %d pixels", w, h);
    memset(r->rgb, 255, (size_t)w * (size_t)h * 3);
    return ST_OK;
}

void raster_release(struct raster *r)
{
    free(r->rgb);
    memset(r, 0, sizeof *r);
}

static void blend(struct raster *r, int x, int y, uint32_t color, double alpha)
{
    uint8_t *p = r->rgb + ((size_t)y * (size_t)r->w + (size_t)x) * 3;
    int i;

    for (i = 0; i < 3; i++) {
        double to = (double)(color >> (16 - 8 * i) & 0xFF);
        p[i] = (uint8_t)lround(p[i] + (to - p[i]) * alpha);
    }
}

void raster_line(struct raster *r, double x0, double y0, double x1, double y1, double width, uint32_t color,
                 double alpha)
{
    double half = width / 2, dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    int left, right, top, bottom, x, y;

    if (!isfinite(x0 + y0 + x1 + y1))
        return;
    left = (int)fmax(0, floor(fmin(x0, x1) - half - 1));
    right = (int)fmin(r->w - 1, ceil(fmax(x0, x1) + half + 1));
    top = (int)fmax(0, floor(fmin(y0, y1) - half - 1));
    bottom = (int)fmin(r->h - 1, ceil(fmax(y0, y1) + half + 1));
    for (y = top; y <= bottom; y++)
        for (x = left; x <= right; x++) {
            double px = x + 0.5 - x0, py = y + 0.5 - y0, t = length2 > 0 ? (px * dx + py * dy) / length2 : 0,
                   cover;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            cover = half + 0.5 - hypot(px - t * dx, py - t * dy);
            if (cover > 0)
                blend(r, x, y, color, alpha * (cover > 1 ? 1 : cover));
        }
}

void raster_disc(struct raster *r, double x, double y, double radius, uint32_t color, double alpha)
{
    raster_line(r, x, y, x, y, 2 * radius, color, alpha);
}

void raster_rect(struct raster *r, int x, int y, int w, int h, uint32_t color, double alpha)
{
    int i, j;

    for (j = y < 0 ? 0 : y; j < y + h && j < r->h; j++)
        for (i = x < 0 ? 0 : x; i < x + w && i < r->w; i++)
            blend(r, i, j, color, alpha);
}

/* Whether a point lies inside, by the parity of the edges to its right. */
static int is_inside(const double *at, int n, double x, double y)
{
    int i, inside = 0;

    for (i = 0; i < n; i++) {
        const double *a = at + 2 * i, *b = at + 2 * ((i + 1) % n);
        if ((a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            inside = !inside;
    }
    return inside;
}

void raster_polygon(struct raster *r, const double *at, int n, uint32_t color)
{
    enum { FINE = 4 };
    double left = at[0], right = at[0], top = at[1], bottom = at[1];
    int i, x, y, k;

    for (i = 1; i < n; i++) {
        left = fmin(left, at[2 * i]);
        right = fmax(right, at[2 * i]);
        top = fmin(top, at[2 * i + 1]);
        bottom = fmax(bottom, at[2 * i + 1]);
    }
    for (y = (int)fmax(0, floor(top)); y < r->h && y <= bottom; y++)
        for (x = (int)fmax(0, floor(left)); x < r->w && x <= right; x++) {
            int cover = 0;
            for (k = 0; k < FINE * FINE; k++) {
                int row = k / FINE, column = k % FINE;
                cover += is_inside(at, n, x + (column + 0.5) / FINE, y + (row + 0.5) / FINE);
            }
            if (cover)
                blend(r, x, y, color, (double)cover / (FINE * FINE));
        }
}

/* From font units to pixels. */
struct pen {
    struct raster *r;
    double x, y, scale_x, scale_y, width;
    int turned;
    uint32_t color;
};

static void pen_line(const struct pen *p, double x0, double y0, double x1, double y1)
{
    double sx = p->scale_x, sy = p->scale_y;

    if (p->turned)
        raster_line(p->r, p->x - y0 * sy, p->y - x0 * sx, p->x - y1 * sy, p->y - x1 * sx, p->width, p->color,
                    1);
    else
        raster_line(p->r, p->x + x0 * sx, p->y - y0 * sy, p->x + x1 * sx, p->y - y1 * sy, p->width, p->color,
                    1);
}

/* The curve of Catmull and Rom through b and c, t from 0 to 1. */
static double curve(double a, double b, double c, double d, double t)
{
    return 0.5 *
           (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
}

static void pen_stroke(const struct pen *p, const struct stroke *s, double shift)
{
    int closed = s->n > 2 && s->at[0].x == s->at[s->n - 1].x && s->at[0].y == s->at[s->n - 1].y, i, k;

    if (s->n == 1)
        pen_line(p, s->at[0].x + shift, s->at[0].y, s->at[0].x + shift, s->at[0].y + 0.01);
    for (i = 0; i + 1 < s->n; i++) {
        int before = i ? i - 1 : closed ? s->n - 2 : 0, after = i + 2 < s->n ? i + 2 : closed ? 1 : s->n - 1;
        double x0 = s->at[i].x, y0 = s->at[i].y;
        for (k = 1; k <= (s->smooth ? CURVE_STEPS : 1); k++) {
            double t = s->smooth ? (double)k / CURVE_STEPS : 1;
            double x1 = curve(s->at[before].x, s->at[i].x, s->at[i + 1].x, s->at[after].x, t);
            double y1 = curve(s->at[before].y, s->at[i].y, s->at[i + 1].y, s->at[after].y, t);
            if (!s->smooth) {
                x1 = s->at[i + 1].x;
                y1 = s->at[i + 1].y;
            }
            pen_line(p, x0 + shift, y0, x1 + shift, y1);
            x0 = x1;
            y0 = y1;
        }
    }
}

double raster_text_width(double size, const char *s)
{
    return font_width(s) * size / FONT_CAPITAL;
}

void raster_text(struct raster *r, double x, double y, double size, int align, int turned, uint32_t color,
                 const char *s)
{
    double scale = size / FONT_CAPITAL, shift = 0,
           back = align < 0 ? 0 : font_width(s) * scale * (align ? 1 : 0.5);
    struct pen p = {r, turned ? x : x - back, turned ? y + back : y, scale, scale, size / 8.5, turned, color};
    struct glyph g;
    int used, i;

    for (; *s; s += used) {
        font_glyph(font_next(s, &used), &g);
        for (i = 0; i < g.strokes_n; i++)
            pen_stroke(&p, &g.stroke[i], shift);
        shift += g.advance;
    }
}

void raster_glyph(struct raster *r, double x, double y, double scale_x, double scale_y, double width,
                  uint32_t color, const struct glyph *g)
{
    struct pen p = {r, x, y, scale_x, scale_y, width, 0, color};
    int i;

    for (i = 0; i < g->strokes_n; i++)
        pen_stroke(&p, &g->stroke[i], 0);
}
