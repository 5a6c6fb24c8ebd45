#ifndef GRPOLAB_APP_SAVE_H
#define GRPOLAB_APP_SAVE_H

#include "app/theme.h"

/* save_screen: a canvas as FILE.txt or FILE.png. Errors: ST_USAGE (another ending), ST_FULL, ST_READONLY,
 * ST_IO, ST_NOMEM. */
enum status save_screen(const struct canvas *c, const struct theme *theme, const char *path, struct err *e);

#endif
