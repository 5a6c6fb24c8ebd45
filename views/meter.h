#ifndef GRPOLAB_VIEWS_METER_H
#define GRPOLAB_VIEWS_METER_H

#include "views/canvas.h"

/* meter_spark: a curve in one row of `width` columns; buckets of equal count, each with its mean. The full
 * block is not used, so that rows of sparklines do not run together. */
void meter_spark(struct canvas *c, struct rect r, int row, int col, int width, const double *y, int n,
                 enum style style);

/* meter_bar: a bar from the middle of `width` columns, to the right for value > 0; limit is the value of a
 * full half. */
void meter_bar(struct canvas *c, struct rect r, int row, int col, int width, double value, double limit,
               enum style style);
/* meter_gauge: a fraction 0..1 as filled and empty signs. */
void meter_gauge(struct canvas *c, struct rect r, int row, int col, int width, double fraction,
                 enum style style);

#endif
