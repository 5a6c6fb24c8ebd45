#ifndef GRPOLAB_VIEWS_SYMBOL_H
#define GRPOLAB_VIEWS_SYMBOL_H

#include "views/raster.h"

/* The signs that are no ASCII, drawn in pixels: lines of boxes, blocks, braille, arrows, marks, Greek. */

/* A cell in pixels. `line` is the width of a light line, `stroke` that of letters; `unit_x`, `unit_y` the
 * pixels of a unit of the alphabet, whose origin lies at left, base of the cell. */
struct symbol_cell {
    int x, y, w, h;
    int line;
    double stroke, unit_x, unit_y, left, base;
};

/* symbol_draw: returns 0 when it has no picture of this code point; then nothing is drawn. */
int symbol_draw(struct raster *r, const struct symbol_cell *c, uint32_t code, uint32_t color);

#endif
