/* Heat: a number as a colour and, for those who do not see it, as a height. */
#include "views/heat.h"

#include <math.h>

static double share_of(double v, double low, double high)
{
    double part = high > low ? (v - low) / (high - low) : 0.5;

    return part < 0 ? 0 : part > 1 ? 1 : part;
}

enum style heat_style(double v, double low, double high)
{
    if (isnan(v))
        return STYLE_DIM;
    return (enum style)(STYLE_HEAT_0 + (int)lround(share_of(v, low, high) * 8));
}

uint32_t heat_glyph(double v, double low, double high)
{
    if (isnan(v))
        return 0xB7;
    return 0x2581 + (uint32_t)lround(share_of(v, low, high) * 7);
}

void heat_row(struct canvas *c, struct rect r, int row, int col, int each, const float *v, int n, double low,
              double high)
{
    int i, j, gap = each > 1;

    for (i = 0; i < n; i++)
        for (j = 0; j < each - gap; j++)
            canvas_put(c, r, row, col + i * each + j, heat_style(v[i], low, high),
                       heat_glyph(v[i], low, high));
}
