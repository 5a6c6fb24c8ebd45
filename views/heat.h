#ifndef GRPOLAB_VIEWS_HEAT_H
#define GRPOLAB_VIEWS_HEAT_H

#include "views/canvas.h"

/* heat_style: the colour of a value between low and high, STYLE_HEAT_0 to STYLE_HEAT_8; a value outside takes
 * the nearest one, NaN STYLE_DIM. heat_glyph: the block that shows the same by its height, so that colour
 * never stands alone. */
enum style heat_style(double v, double low, double high);
uint32_t heat_glyph(double v, double low, double high);

/* heat_row: n values as blocks, each `each` columns wide, from column col; what does not fit is cut. */
void heat_row(struct canvas *c, struct rect r, int row, int col, int each, const float *v, int n, double low,
              double high);

#endif
