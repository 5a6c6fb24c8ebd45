#ifndef GRPOLAB_VIEWS_CHART_H
#define GRPOLAB_VIEWS_CHART_H

#include "engine/base/status.h"

/* A chart for print as a PNG file: panels one above the other that share the axis of x, with ticks, grid,
 * legend and title, at twice the size of a screen's pixels, in colours that the
 * colour-blind can tell apart. */

/* Points with x ascending; a y that is not finite is a gap. Arrays are borrowed for the call. */
struct chart_series {
    const char *label;          /* NULL: not in the legend */
    int n;
    const double *x, *y;
    const double *low, *high;   /* a band about the line, or NULL */
    int color;                  /* 0 ..: which of the palette, that it may be the same in all panels */
    int points;                 /* measured now and then: each point is shown, nothing is smoothed */
};

struct chart_panel {
    const char *label, *unit;   /* what the axis of y shows; unit may be "" */
    const struct chart_series *series;
    int series_n;
};

enum { CHART_PANELS = 8 };

struct chart {
    const char *title, *subtitle, *x_label;   /* NULL: none */
    const struct chart_panel *panel;
    int panels_n;
    int same_series;            /* the panels show the same runs: one legend, at the top */
    double smoothing;           /* 0 none .. <1; the points as they are stay behind, pale */
    int log_x, log_y;           /* log_x: where every x is above 0 */
    int width, height;          /* pixels; 0: 1600 by 1000 for one panel, more for more */
};

/* chart_write: writes the chart to `path`; a file that stands there is replaced only when the new one is
 * whole. An axis of y begins at 0 where the values come near it. Errors: ST_USAGE (a panel without a finite
 * point, a size out of 200..8000, too many panels), ST_NOMEM, and those of png_write; path untouched. */
enum status chart_write(const char *path, const struct chart *chart, struct err *e);

#endif
