#ifndef GRPOLAB_VIEWS_FONT_H
#define GRPOLAB_VIEWS_FONT_H

/* A small alphabet made of strokes, for pictures that are not made of cells. Units: a capital is 9 high,
 * the baseline is 0, descenders reach -3; y grows upwards. */

enum { FONT_POINTS = 16, FONT_STROKES = 16, FONT_CAPITAL = 9 };

struct glyph {
    int advance;                 /* to the next character's origin */
    int strokes_n;
    struct stroke {
        int smooth, n;           /* smooth: a curve through the points; n 1: a dot */
        struct {
            signed char x, y;
        } at[FONT_POINTS];
    } stroke[FONT_STROKES];
};

/* font_glyph: the strokes of a printable ASCII character; others get a question mark's. */
void font_glyph(int c, struct glyph *out);
/* font_mono: the same for cells of one width: narrow letters have serifs, 0 has a dot. Its strokes keep their
 * own width, which the caller brings to that of a cell; advance is 0. Returns 0 where the character is no
 * printable ASCII. */
int font_mono(int c, struct glyph *out);
/* font_ink: least and greatest x of the strokes; 0, 0 of a blank. */
void font_ink(const struct glyph *g, int *low, int *high);
/* font_strokes: strokes written in the alphabet's form (see font.c), added to *out. */
void font_strokes(const char *row, struct glyph *out);
/* font_width: of a text, in units; every UTF-8 sequence outside ASCII counts as one character. */
int font_width(const char *s);
/* font_next: the ASCII character of one UTF-8 sequence, a letter without its accent, '?' where there is none;
 * *used its bytes. */
int font_next(const char *s, int *used);

#endif
