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
                       0x2581 + (high > low ? (uint32_t)((mean[i] - low) / (high - low) * 6.999) : 3));
    }
}

void meter_bar(struct canvas *c, struct rect r, int row, int col, int width, double value, double limit,
               enum style style)
{
    int half = (width - 1) / 2, middle = col + half, halves, i;
    double part = limit > 0 && isfinite(value) ? fabs(value) / limit : 0;
    uint32_t line = c->chars != CHARS_ASCII ? 0x2501 : value > 0 ? '+' : '-';

    if (half < 1)
        return;
    part = part > 1 ? 1 : part;
    canvas_put(c, r, row, middle, STYLE_BORDER, 0x2502);
    halves = (int)lround(part * half * 2);
    for (i = 0; i < halves / 2; i++)
        canvas_put(c, r, row, value > 0 ? middle + 1 + i : middle - 1 - i, style, line);
    if (halves % 2 && c->chars != CHARS_ASCII)
        canvas_put(c, r, row, value > 0 ? middle + 1 + halves / 2 : middle - 1 - halves / 2, style,
                   value > 0 ? 0x2578 : 0x257A);
}

void meter_gauge(struct canvas *c, struct rect r, int row, int col, int width, double fraction,
                 enum style style)
{
    int i, full;

    fraction = fraction > 0 ? fraction < 1 ? fraction : 1 : 0;
    full = (int)(fraction * width + 1e-9);
    for (i = 0; i < width; i++)
        canvas_put(c, r, row, col + i, i < full ? style : STYLE_DIM, i < full ? 0x25B0 : 0x25B1);
}
