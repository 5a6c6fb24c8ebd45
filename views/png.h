#ifndef GRPOLAB_VIEWS_PNG_H
#define GRPOLAB_VIEWS_PNG_H

#include "views/plot.h"

/* A chart as a PNG file: axes, ticks, grid, legend and title, at twice the size of a screen's pixels, in
 * colours that the colour-blind can tell apart. */
struct png_chart {
    const char *title, *x_label, *y_label;   /* NULL: none */
    const struct series *series; /* their order chooses the colours; label NULL: not in the legend */
    int series_n;
    double smoothing;                        /* 0 none .. <1; the points as they are stay behind, pale */
    int with_zero, log_y;
    int width, height;                       /* pixels; 0: 1600 by 1000 */
};

/* png_plot: writes the chart to `path`; a file that stands there is replaced only when the new one is whole.
 * Errors: ST_USAGE (no finite point, a size out of 200..8000), ST_NOMEM, ST_READONLY, ST_FULL, ST_IO; path
 * untouched. */
enum status png_plot(const char *path, const struct png_chart *chart, struct err *e);

#endif
