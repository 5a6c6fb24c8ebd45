#ifndef GRPOLAB_VIEWS_CANVAS_H
#define GRPOLAB_VIEWS_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/str.h"

/* A picture made of character cells, in memory. Panes draw here and nowhere
 * else; one file of the application puts it on a terminal, tests read it as text.
 *
 * Positions are (row, column) within a rectangle, and nothing is ever written outside
 * that rectangle or the canvas. Text may be hostile: control characters, escapes,
 * invalid UTF-8 and marks that turn the direction of writing come out as visible signs. */

/* What a cell means. A theme of the terminal gives it a colour; panes never name one. */
enum style {
    STYLE_TEXT, STYLE_DIM, STYLE_TITLE, STYLE_STRONG, STYLE_BORDER, STYLE_FOCUS,
    STYLE_ACCENT,                                      /* what is live now */
    STYLE_GOOD, STYLE_BAD,                             /* right and wrong, nothing else */
    STYLE_WARNING, STYLE_ERROR, STYLE_KEY,
    STYLE_PAUSED, STYLE_REPLAYING,                     /* the state of a run, where it is not just running */
    STYLE_STRUCTURE, STYLE_REFLECTION, STYLE_AHA, STYLE_VERIFY, STYLE_BACKTRACK,  /* of a trace */
    STYLE_CURVE_A, STYLE_CURVE_B, STYLE_CURVE_C, STYLE_CURVE_D, STYLE_BAND, STYLE_MARK,
    STYLE_HEAT_0, STYLE_HEAT_8 = STYLE_HEAT_0 + 8,
    STYLE_N
};

/* What the terminal can show; each level can also show what stands after it. */
enum chars { CHARS_BRAILLE, CHARS_BLOCK, CHARS_ASCII };

/* The width 0 marks the right half of a wide character; mark is one combining character or 0. */
struct cell {
    uint32_t code, mark;
    uint8_t width, style, selected, unused;
};

struct rect {
    int x, y, w, h;
};

struct canvas {
    int w, h;
    enum chars chars;
    struct cell *cell;   /* [h, w] */
    size_t cap;          /* cells that are allocated */
};

enum { CANVAS_MAX = 1000 };  /* columns and rows, each */

/* canvas_resize: makes *c (zeroed before its first use) w by h blanks; keeps memory. w, h are brought
 * into 1..CANVAS_MAX. Errors: ST_NOMEM, *c untouched. canvas_release gives the memory back. */
enum status canvas_resize(struct canvas *c, int w, int h, struct err *e);
void canvas_release(struct canvas *c);
void canvas_clear(struct canvas *c);

struct rect canvas_rect(const struct canvas *c);           /* the whole canvas */
/* rect_cut: a part of r, in r's coordinates, clipped to r. */
struct rect rect_cut(struct rect r, int x, int y, int w, int h);

/* canvas_put: one character. Where the level of characters cannot show it, its stand-in is
 * drawn. Returns the columns that it takes even where it was clipped away: 1 or 2. A wide character
 * that does not fit whole leaves a blank. */
int canvas_put(struct canvas *c, struct rect r, int row, int col, enum style style, uint32_t code);

/* canvas_text: UTF-8, not necessarily valid, up to n bytes or the terminator (n < 0: to the terminator).
 * Returns the column after the last character, clipped or not. */
int canvas_text(struct canvas *c, struct rect r, int row, int col, enum style style, const char *s, int n);
int canvas_printf(struct canvas *c, struct rect r, int row, int col, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* canvas_fit: text shortened with an ellipsis to at most `most` columns. Returns the column after it. */
int canvas_fit(struct canvas *c, struct rect r, int row, int col, int most, enum style style, const char *s);
/* canvas_right: text whose last character stands at column `end` - 1. Returns its first column. */
int canvas_right(struct canvas *c, struct rect r, int row, int end, enum style style, const char *s);

/* canvas_width: the columns that canvas_text would use. */
int canvas_width(const struct canvas *c, const char *s, int n);

void canvas_fill(struct canvas *c, struct rect r, enum style style, uint32_t code);
/* canvas_select: shows a row of r as selected, whatever its styles. */
void canvas_select(struct canvas *c, struct rect r, int row);
/* canvas_box: a border round r. */
void canvas_box(struct canvas *c, struct rect r, enum style style);

/* canvas_at: the cell, or NULL outside. */
const struct cell *canvas_at(const struct canvas *c, int row, int col);

/* canvas_dump: rows as UTF-8, trailing blanks left out, each ended by a newline. canvas_dump_styles: the same
 * shape, one character a cell that names its style. */
void canvas_dump(const struct canvas *c, struct str *out);
void canvas_dump_styles(const struct canvas *c, struct str *out);

/* utf8_next: decodes one code point of at most n >= 1 bytes; *used is 1..4. An invalid byte gives U+FFFD
 * and 1. */
uint32_t utf8_next(const char *s, size_t n, int *used);
/* utf8_put: encodes into out[4], returns the bytes. */
int utf8_put(uint32_t code, char out[4]);

#endif
