#ifndef GRPOLAB_VIEWS_FORMAT_H
#define GRPOLAB_VIEWS_FORMAT_H

#include <stdint.h>

/* Numbers as people read them, in few columns. */

enum { FORMAT_BYTES = 24 };

/* format_number: about three digits: "0.81", "57.4", "0.031", "3.1e-4", "12.3k"; NaN is "-". Returns out. */
const char *format_number(char out[FORMAT_BYTES], double v);
/* format_tick: a value of an axis whose ticks stand `step` apart: as many decimals as tell them apart. */
const char *format_tick(char out[FORMAT_BYTES], double v, double step);
/* format_clock: seconds as m:ss or h:mm:ss. */
const char *format_clock(char out[FORMAT_BYTES], double seconds);

#endif
