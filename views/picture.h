#ifndef GRPOLAB_VIEWS_PICTURE_H
#define GRPOLAB_VIEWS_PICTURE_H

#include "views/canvas.h"

/* A canvas as a PNG file that looks like a terminal: every cell drawn at twice the size of a screen's pixels,
 * in the colours that the caller gives to the styles. */

struct picture_look {
    uint32_t ink, ground;  /* 0xRRGGBB */
    int bold, underline;
};

enum { PICTURE_CELL_W = 16, PICTURE_CELL_H = 34, PICTURE_MARGIN = 24 };

/* picture_write: the margin has the ground of STYLE_TEXT; what is selected has its colours turned round. A
 * character that has no picture here becomes a small box. A file that stands at `path` is replaced only when
 * the new one is whole. Errors: ST_NOMEM and those of png_write; path untouched. */
enum status picture_write(const struct canvas *c, const struct picture_look look[STYLE_N], const char *path,
                          struct err *e);

#endif
