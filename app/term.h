#ifndef GRPOLAB_APP_TERM_H
#define GRPOLAB_APP_TERM_H

#include <stdio.h>

#include "engine/base/status.h"
#include "views/canvas.h"

/* The terminal: puts a canvas on it and reads keys. One terminal at a time,
 * used by the UI's thread only. Signals are the caller's: ncurses alone handles SIGWINCH. */

enum input {
    INPUT_CHAR,      /* a character: see code. Control characters too: Enter is 13, escape 27, Ctrl-C 3 */
    INPUT_UP, INPUT_DOWN, INPUT_LEFT, INPUT_RIGHT, INPUT_PAGE_UP, INPUT_PAGE_DOWN, INPUT_HOME, INPUT_END,
    INPUT_BACKSPACE, INPUT_DELETE, INPUT_INSERT, INPUT_BACK_TAB,
    INPUT_F1, INPUT_F12 = INPUT_F1 + 11,
    INPUT_CLICK, INPUT_WHEEL_UP, INPUT_WHEEL_DOWN,   /* see row, col */
    INPUT_RESIZED,
    INPUT_UNKNOWN
};

struct key_event {
    enum input key;
    uint32_t code;      /* Unicode, when key is INPUT_CHAR */
    int row, col;       /* of the mouse */
};

struct term_options {
    const char *chars;  /* "ascii", "block", "braille", or NULL or "": by the locale (GRPOLAB_CHARS) */
    const char *theme;  /* a row of the theme table, or NULL: "default", and "mono" where NO_COLOR is set */
    int mouse;          /* 1: report clicks and the wheel */
    const char *type;   /* NULL: TERM */
    FILE *in, *out;     /* NULL: stdin and stdout, which must be a terminal; others are taken as they are */
};

struct term;

/* term_open: takes the terminal over. The locale must be set. Errors: ST_USAGE (not a terminal), ST_FAILED
 * (an unknown type, or one that cannot move its cursor), ST_NOMEM; the terminal is left as it was. */
enum status term_open(struct term **t, const struct term_options *o, struct err *e);
/* term_close: gives it back as it was. NULL is allowed. */
void term_close(struct term *t);

void term_size(const struct term *t, int *w, int *h);
enum chars term_chars(const struct term *t);
int term_colors(const struct term *t);                /* 0: none */

/* term_draw: shows c, whose cursor is at row, col, or hidden when row < 0. Only cells that changed since the
 * last frame are sent. */
void term_draw(struct term *t, const struct canvas *c, int row, int col);
/* term_redraw: the next frame is sent whole: what is on the screen is not trusted. */
void term_redraw(struct term *t);

/* term_key: the next event that is there, without waiting; 0 when there is none. */
int term_key(struct term *t, struct key_event *out);

/* term_key_bytes: the bytes that a terminal sends for a key, for a line editor that reads bytes; returns how
 * many, 0 for what is no key (mouse, resize). */
int term_key_bytes(const struct key_event *k, char out[8]);

/* term_theme: 0 when there is no theme of this name. term_theme_name: the i-th, NULL after the last. */
int term_theme(struct term *t, const char *name);
const char *term_theme_name(int i);
/* term_theme_now: the one that is used. */
struct theme;
const struct theme *term_theme_now(const struct term *t);
void term_mouse(struct term *t, int on);

/* term_suspend: gives the terminal back for a while (Ctrl-Z, an editor); term_resume takes it again and
 * redraws. */
void term_suspend(struct term *t);
void term_resume(struct term *t);

/* term_restore_raw: for a handler of a fatal signal, and for a terminal that went away: puts the terminal
 * back by write and tcsetattr alone. Does nothing when no terminal is open, and only once. */
void term_restore_raw(void);

#endif
