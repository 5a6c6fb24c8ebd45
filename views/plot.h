#ifndef GRPOLAB_VIEWS_PLOT_H
#define GRPOLAB_VIEWS_PLOT_H

#include "views/canvas.h"

/* Curves from arrays of points. Nothing here knows what is drawn. */

enum series_kind { SERIES_LINE, SERIES_MARKS, SERIES_BAND };

/* Points with x ascending; a y that is not finite is a gap. Arrays are borrowed for the call. */
struct series {
    enum series_kind kind;
    enum style style;
    const char *label;          /* NULL: none */
    int n;
    const double *x, *y;
    const double *y2;           /* BAND: its other edge */
    uint32_t glyph;             /* MARKS: the sign, 0: a disc */
};

struct plot {
    const struct series *series;
    int series_n;
    double x_low, x_high, y_low, y_high;  /* NaN: from the data */
    int with_zero;              /* the y axis reaches 0 */
    int log_y;                  /* base 10; what is not positive is a gap */
    double smoothing;           /* 0 none .. <1: exponential average of lines, that much of the past */
    int shadow; /* in braille, behind a line that is smoothed or averaged: the points as they are */
    double cursor;              /* x of a vertical line, NaN: none */
    int x_axis;                 /* a last row with ticks of x */
    int tags;                   /* each line ends in the first letter of its
                                 * label: not told by colour alone */
    int x_is_log;               /* x is log10 of what the axis shows */
};

/* plot_blank: a plot of these series with everything else at its default. */
struct plot plot_blank(const struct series *series, int n);

/* plot_draw: axis labels at the left, curves in braille, half blocks or ASCII as the canvas allows. Where
 * several points share a column, the line goes through their mean; the shadow spans them from least to
 * greatest, so that no spike is lost. */
void plot_draw(struct canvas *c, struct rect r, const struct plot *p);

/* plot_range: least and greatest finite value of y over all series (bands with both edges); returns whether
 * there is one. x likewise. */
int plot_range_y(const struct plot *p, double *low, double *high);
int plot_range_x(const struct plot *p, double *low, double *high);

/* plot_ticks: round numbers within low..high, at most `most` (<= 16); returns how many. *step is their
 * distance. */
int plot_ticks(double low, double high, int most, double tick[16], double *step);

/* plot_step_ticks: the same for an axis of steps: where both ends are whole numbers, all ticks are. */
int plot_step_ticks(double low, double high, int most, double tick[16], double *step);

/* plot_smooth: out[i] is the bias-corrected exponential average of y[0..i], gaps kept. weight 0 copies. */
void plot_smooth(const double *y, int n, double weight, double *out);

#endif
