#ifndef GRPOLAB_VIEWS_HANZI_H
#define GRPOLAB_VIEWS_HANZI_H

#include "views/raster.h"

/* The Chinese characters that traces of the program's own tasks are made of: digits and number words, the
 * words of arithmetic, and a few signs of the script. Drawn in strokes as the alphabet is. */

/* hanzi_draw: in the box x, y, w, h of pixels, two cells wide; strokes are
 * `stroke` pixels wide. Returns 0 when it has no picture of this code point; then nothing is drawn. */
int hanzi_draw(struct raster *r, int x, int y, int w, int h, double stroke, uint32_t code, uint32_t color);

#endif
