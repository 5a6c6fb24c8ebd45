/* Small pictures in one row: a curve, a signed bar, a gauge. */
#include "views/meter.h"

#include <math.h>

void meter_spark(struct canvas *c, struct rect r, int row, int col, int width, const double *y, int n,
                 enum style style)
{
    double low = INFINITY, high = -INFINITY, mean[CANVAS_MAX];
    int i, j, columns = n < width ? n : width;

    if (width < 1 || n < 1 || width > CANVAS_MAX)
        return;
    for (i = 0; i < columns; i++) {
        int from = (int)((long long)i * n / columns), to = (int)((long long)(i + 1) * n / columns), m = 0;
        double sum = 0;
        for (j = from; j < to; j++)
            if (isfinite(y[j])) {
                sum += y[j];
                m++;
            }
        mean[i] = m ? sum / m : NAN;
        low = m && mean[i] < low ? mean[i] : low;
        high = m && mean[i] > high ? mean[i] : high;
    }
    for (i = 0; i < columns; i++) {
        if (!isnan(mean[i]))
            canvas_put(c, r, row, col + i, style,
                       0x2581 + (high > low ? (uint32_t)((mean[i] - low) / (high - low) * 7.999) : 3));
    }
}

void meter_bar(struct canvas *c, struct rect r, int row, int col, int width, double value, double limit,
               enum style style)
{
    int half = (width - 1) / 2, middle = col + half, eighths, full, i;
    double part = limit > 0 && isfinite(value) ? fabs(value) / limit : 0;

    if (half < 1)
        return;
    part = part > 1 ? 1 : part;
    canvas_put(c, r, row, middle, STYLE_BORDER, 0x2502);
    eighths = (int)lround(part * half * 8);
    full = eighths / 8;
    for (i = 0; i < full; i++)
        canvas_put(c, r, row, value > 0 ? middle + 1 + i : middle - 1 - i, style,
                   c->chars != CHARS_ASCII ? 0x2588 : value > 0 ? '+' : '-');
    if (eighths % 8 && c->chars != CHARS_ASCII) {
        /* Blocks that fill a part from the left exist in eighths, from the right only as a half. */
        if (value > 0)
            canvas_put(c, r, row, middle + 1 + full, style, 0x2590 - (uint32_t)(eighths % 8));
        else if (eighths % 8 >= 3)
            canvas_put(c, r, row, middle - 1 - full, style, 0x2590);
    }
}

void meter_gauge(struct canvas *c, struct rect r, int row, int col, int width, double fraction, enum style style)
{
    int i, full;

    fraction = fraction > 0 ? fraction < 1 ? fraction : 1 : 0;
    full = (int)(fraction * width + 1e-9);
    for (i = 0; i < width; i++)
        canvas_put(c, r, row, col + i, i < full ? style : STYLE_DIM, i < full ? 0x25B0 : 0x25B1);
}
