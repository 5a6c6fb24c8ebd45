#ifndef GRPOLAB_APP_THEME_H
#define GRPOLAB_APP_THEME_H

#include "views/canvas.h"

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

#endif
