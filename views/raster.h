#ifndef GRPOLAB_VIEWS_RASTER_H
#define GRPOLAB_VIEWS_RASTER_H

#include <stdint.h>

#include "engine/base/status.h"

/* A picture of pixels in memory, and smooth shapes on it. Coordinates are pixels, (0,0) the upper left
 * corner; alpha is 0..1. Nothing is written outside. */

struct raster {
    int w, h;
    uint8_t *rgb;   /* [h, w, 3] */
};

/* raster_init: white. Errors: ST_NOMEM. */
enum status raster_init(struct raster *r, int w, int h, struct err *e);
void raster_release(struct raster *r);

/* raster_line: a line with round ends, `width` across. raster_disc: a filled circle. color: 0xRRGGBB. */
void raster_line(struct raster *r, double x0, double y0, double x1, double y1, double width, uint32_t color,
                 double alpha);
void raster_disc(struct raster *r, double x, double y, double radius, uint32_t color, double alpha);
void raster_rect(struct raster *r, int x, int y, int w, int h, uint32_t color, double alpha);

/* raster_polygon: filled; at [n,2] pixels, its sides may cross. */
void raster_polygon(struct raster *r, const double *at, int n, uint32_t color);

struct glyph;
/* raster_glyph: the strokes of a glyph, its origin at x, y; scale_x, scale_y: pixels of a unit; strokes are
 * `width` pixels wide. */
void raster_glyph(struct raster *r, double x, double y, double scale_x, double scale_y, double width,
                  uint32_t color, const struct glyph *g);

/* raster_text: text of the stroke font, its baseline at y, capitals `size` pixels high; align -1 left, 0
 * middle, 1 right of x. turned: written upwards. raster_text_width: its length in pixels. */
void raster_text(struct raster *r, double x, double y, double size, int align, int turned, uint32_t color,
                 const char *s);
double raster_text_width(double size, const char *s);

#endif
