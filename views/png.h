#ifndef GRPOLAB_VIEWS_PNG_H
#define GRPOLAB_VIEWS_PNG_H

#include "views/raster.h"

/* png_write: a picture as a PNG file, written beside `path` and renamed, so that a file that stands there is
 * replaced only when the new one is whole. Errors: ST_USAGE, ST_READONLY, ST_FULL, ST_IO; path untouched. */
enum status png_write(const char *path, const struct raster *r, struct err *e);

#endif
