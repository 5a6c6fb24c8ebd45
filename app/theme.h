#ifndef GRPOLAB_APP_THEME_H
#define GRPOLAB_APP_THEME_H

#include "views/picture.h"

/* What each style looks like: numbers of the 256 colours of xterm and of the eight, -1 the terminal's own,
 * and how the letters stand out. */

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_UNDERLINE = 4, LOOK_REVERSE = 8 };

struct look {
    short fg, bg;        /* where there are 256 colours */
    short fg8, bg8;      /* where there are eight */
    int flags;
};

struct theme {
    const char *name, *what;
    struct look look[STYLE_N];
};

/* theme_at: the i-th, NULL after the last. theme_find: NULL when there is none of this name. */
const struct theme *theme_at(int i);
const struct theme *theme_find(const char *name);

/* theme_picture: the same as colours of pixels; the terminal's own ground is taken to be dark. */
void theme_picture(const struct theme *t, struct picture_look look[STYLE_N]);

/* theme_escape: the sequence that begins a style on a terminal of 256 colours; selected: turned round. Begins
 * with a reset. */
enum { THEME_ESCAPE = 48 };
void theme_escape(const struct theme *t, enum style style, int selected, char out[THEME_ESCAPE]);

#endif
