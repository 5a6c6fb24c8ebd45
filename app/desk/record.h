#ifndef GRPOLAB_APP_RECORD_H
#define GRPOLAB_APP_RECORD_H

#include "app/theme.h"

/* A recording of what a terminal is shown, as an asciicast of version 2: a line of JSON with the size, then
 * one line an event: [seconds, "o", what is sent], [seconds, "r", "WxH"]. It is made from the canvas, not
 * from what ncurses sends, so that it plays on any terminal of 256 colours. */
struct recording;

/* recording_open: begins the file. Errors: ST_IO, ST_READONLY, ST_NOMEM. */
enum status recording_open(struct recording **out, const char *path, int w, int h, struct err *e);
/* recording_frame: what changed since the last frame, at `now` seconds of a clock that only goes forward; the
 * cursor at row, col, or hidden when row < 0. Errors: ST_FULL, ST_IO. */
enum status recording_frame(struct recording *r, const struct canvas *c, const struct theme *theme, int row,
                            int col, double now, struct err *e);
/* recording_close: NULL is allowed. Errors: ST_FULL, ST_IO: the end of the file is missing. */
enum status recording_close(struct recording *r, struct err *e);

#endif
