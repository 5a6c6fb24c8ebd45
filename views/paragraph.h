#ifndef GRPOLAB_VIEWS_PARAGRAPH_H
#define GRPOLAB_VIEWS_PARAGRAPH_H

#include "views/canvas.h"

/* Text of several lines, broken at blanks. */

/* paragraph_break: how many bytes of s belong to a line of at most `width` >= 1 columns, *next where the line
 * after it begins (blanks left out), s + strlen(s) at the end. A newline ends a
 * line; a word that is wider than the line is cut. */
int paragraph_break(const struct canvas *c, const char *s, int width, const char **next);

/* paragraph_rows: lines that a text takes. paragraph_draw: draws it from `row` on, between the columns `col`
 * and r.w; what does not fit is left out, its last line ends in an ellipsis. Returns the row after it. */
int paragraph_rows(const struct canvas *c, const char *s, int width);
int paragraph_draw(struct canvas *c, struct rect r, int row, int col, enum style style, const char *s);

#endif
