#ifndef GRPOLAB_VIEWS_FONT_H
#define GRPOLAB_VIEWS_FONT_H

/* A small alphabet made of strokes, for pictures that are not made of cells. Units: a capital is 9 high,
 * the baseline is 0, descenders reach -3; y grows upwards. */

enum { FONT_POINTS = 16, FONT_STROKES = 6, FONT_CAPITAL = 9 };

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
/* font_width: of a text, in units; every UTF-8 sequence outside ASCII counts as one character. */
int font_width(const char *s);
/* font_next: the ASCII character of one UTF-8 sequence ('?' where there is none), *used its bytes. */
int font_next(const char *s, int *used);

#endif
