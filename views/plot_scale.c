/* What a plot reckons before it draws: ranges, ticks at round numbers, smoothing.
 * Charts in pixels use the same. */
#include <math.h>

#include "views/plot.h"

struct plot plot_blank(const struct series *series, int n)
{
    struct plot p = {series, n, NAN, NAN, NAN, NAN, 0, 0, 0, 0, NAN, 0, 0};
    return p;
}

static void widen(const double *v, int n, int positive, double *low, double *high)
{
    int i;

    for (i = 0; i < n; i++) {
        if (!isfinite(v[i]) || (positive && v[i] <= 0))
            continue;
        if (!(v[i] >= *low))
            *low = v[i];
        if (!(v[i] <= *high))
            *high = v[i];
    }
}

int plot_range_y(const struct plot *p, double *low, double *high)
{
    int i;

    *low = *high = NAN;
    for (i = 0; i < p->series_n; i++) {
        widen(p->series[i].y, p->series[i].n, p->log_y, low, high);
        if (p->series[i].kind == SERIES_BAND && p->series[i].y2)
            widen(p->series[i].y2, p->series[i].n, p->log_y, low, high);
    }
    return !isnan(*low);
}

int plot_range_x(const struct plot *p, double *low, double *high)
{
    int i;

    *low = *high = NAN;
    for (i = 0; i < p->series_n; i++)
        widen(p->series[i].x, p->series[i].n, 0, low, high);
    return !isnan(*low);
}

int plot_ticks(double low, double high, int most, double tick[16], double *step)
{
    static const double nice[] = {1, 2, 2.5, 5, 10};
    double raw, power, first;
    int i, n = 0;

    *step = 0;
    if (!(high > low) || !isfinite(high - low) || most < 1)
        return 0;
    if (most > 16)
        most = 16;
    raw = (high - low) / most;
    power = pow(10, floor(log10(raw)));
    for (i = 0; i < 5; i++) {
        *step = nice[i] * power;
        first = ceil(low / *step - 1e-9);
        n = (int)(floor(high / *step + 1e-9) - first) + 1;
        if (n <= most)
            break;
    }
    if (n > most)
        n = most;
    if (n < 0)
        n = 0;
    for (i = 0; i < n; i++)
        tick[i] = (first + i) * *step;
    return n;
}

int plot_step_ticks(double low, double high, int most, double tick[16], double *step)
{
    int n = plot_ticks(low, high, most, tick, step), is_whole = low == floor(low) && high == floor(high);

    while (is_whole && n && *step != floor(*step) && most > 1)
        n = plot_ticks(low, high, --most, tick, step);
    return n;
}

void plot_smooth(const double *y, int n, double weight, double *out)
{
    double sum = 0, norm = 0;
    int i;

    for (i = 0; i < n; i++) {
        if (!isfinite(y[i])) {
            out[i] = NAN;
            continue;
        }
        sum = weight * sum + (1 - weight) * y[i];
        norm = weight * norm + (1 - weight);
        out[i] = sum / norm;
    }
}
