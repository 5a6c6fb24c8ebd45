/* Cells as pixels. Grounds first, then what stands on them, so that a stroke may reach a little over the edge
 * of its cell. Letters are brought to the width of a cell one by one: the alphabet's own widths differ. */
#include "views/picture.h"

#include <math.h>
#include <string.h>

#include "views/accent.h"
#include "views/font.h"
#include "views/hanzi.h"
#include "views/png.h"
#include "views/symbol.h"

#define CAPITAL 19.0            /* pixels of a capital's height */
#define BASE 25.0               /* of the baseline under the top of a cell */
#define SMALL 9.4               /* centre lines of a small letter's left and right side */
#define LARGE 10.0              /* of a capital's and a digit's */
#define WIDEST 11.4             /* of m, w, @ */
#define SUBSCRIPT 0.66          /* of a letter's size has one set lower, by DROP pixels */
#define DROP 4.0
#define LOWER 0.78              /* of its height keeps a tall letter that has an accent on it */
#define STROKE 2.3
#define STROKE_BOLD 3.4

static uint32_t ink_of(const struct cell *k, const struct picture_look *look)
{
    return k->selected ? look[STYLE_TEXT].ground : look[k->style].ink;
}

static uint32_t ground_of(const struct cell *k, const struct picture_look *look)
{
    return k->selected ? look[STYLE_TEXT].ink : look[k->style].ground;
}

/* squeeze: 1, or less for a tall letter that leaves room above it. */
static void draw_letter(struct raster *r, int x, int y, int c, double squeeze, double stroke, uint32_t color)
{
    double unit = CAPITAL / FONT_CAPITAL, scale = unit, wide;
    struct glyph g;
    int low, high;

    if (!font_mono(c, &g))
        return;
    font_ink(&g, &low, &high);
    wide = c == 'W' || c == 'M' || c == 'm' || c == 'w' || c == '@' || c == '%' || c == '&' ? WIDEST
           : c >= 'a' && c <= 'z'                                                              ? SMALL
                                                                                               : LARGE;
    if (high - low > 4 || (c >= 'a' && c <= 'z'))
        scale = wide / (high - low);
    raster_glyph(r, x + PICTURE_CELL_W / 2.0 - (low + high) / 2.0 * scale, y + BASE, scale, unit * squeeze,
                 stroke, color, &g);
}

static void draw_subscript(struct raster *r, int x, int y, int c, double stroke, uint32_t color)
{
    double unit = CAPITAL / FONT_CAPITAL * SUBSCRIPT;
    struct glyph g;
    int low, high;

    if (!font_mono(c, &g))
        return;
    font_ink(&g, &low, &high);
    raster_glyph(r, x + PICTURE_CELL_W / 2.0 - (low + high) / 2.0 * unit, y + BASE + DROP, unit, unit,
                 stroke * 0.85, color, &g);
}

static int is_tall(uint32_t c)
{
    return c < 0x7F && (c < 'a' || strchr("bdfhklt", (int)c));
}

/* A character without a picture: an empty box, as wide as it is. A wide one is as
 * high as Chinese characters. */
static void draw_unknown(struct raster *r, int x, int y, int w, uint32_t color)
{
    int is_wide = w > PICTURE_CELL_W, top = y + (is_wide ? 3 : (int)(BASE - CAPITAL));
    int h = is_wide ? PICTURE_CELL_H - 6 : (int)CAPITAL;

    raster_rect(r, x + 3, top, w - 6, 2, color, 1);
    raster_rect(r, x + 3, top + h - 2, w - 6, 2, color, 1);
    raster_rect(r, x + 3, top, 2, h, color, 1);
    raster_rect(r, x + w - 5, top, 2, h, color, 1);
}

static void draw_cell(struct raster *r, int x, int y, const struct cell *k, const struct picture_look *look)
{
    const struct picture_look *own = &look[k->selected ? STYLE_TEXT : k->style];
    uint32_t color = ink_of(k, look), code = k->code, letter, accent = 0;
    double stroke = own->bold ? STROKE_BOLD : STROKE;
    struct symbol_cell cell = {x, y, PICTURE_CELL_W, PICTURE_CELL_H, 2, stroke, LARGE / 6,
                               CAPITAL / FONT_CAPITAL, x + (PICTURE_CELL_W - LARGE) / 2, y + BASE};

    if (own->underline)
        raster_rect(r, x, y + (int)BASE + 3, PICTURE_CELL_W * (k->width ? k->width : 1), 2, color, 1);
    if (accent_split(code, &letter, &accent))
        code = letter;
    if (code < 0x7F)
        draw_letter(r, x, y, (int)code,
                    is_tall(code) && (accent_is_above(accent) || accent_is_above(k->mark)) ? LOWER : 1,
                    stroke, color);
    else if (accent_subscript(code))
        draw_subscript(r, x, y, accent_subscript(code), stroke, color);
    else if (!symbol_draw(r, &cell, code, color) &&
             !hanzi_draw(r, x, y, PICTURE_CELL_W * 2, PICTURE_CELL_H, stroke, code, color))
        draw_unknown(r, x, y, PICTURE_CELL_W * (k->width ? k->width : 1), color);
    if (accent)
        symbol_draw(r, &cell, accent, color);
    if (k->mark)
        symbol_draw(r, &cell, k->mark, color);
}

enum status picture_write(const struct canvas *c, const struct picture_look look[STYLE_N], const char *path,
                          struct err *e)
{
    struct raster r;
    int row, col;
    enum status st = raster_init(&r, c->w * PICTURE_CELL_W + 2 * PICTURE_MARGIN,
                                 c->h * PICTURE_CELL_H + 2 * PICTURE_MARGIN, e);

    if (st)
        return st;
    raster_rect(&r, 0, 0, r.w, r.h, look[STYLE_TEXT].ground, 1);
    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++) {
            const struct cell *k = canvas_at(c, row, col);
            uint32_t ground = ground_of(k, look);
            if (ground != look[STYLE_TEXT].ground)
                raster_rect(&r, PICTURE_MARGIN + col * PICTURE_CELL_W, PICTURE_MARGIN + row * PICTURE_CELL_H,
                            PICTURE_CELL_W, PICTURE_CELL_H, ground, 1);
        }
    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++) {
            const struct cell *k = canvas_at(c, row, col);
            if (k->width && (k->code != ' ' || look[k->style].underline))
                draw_cell(&r, PICTURE_MARGIN + col * PICTURE_CELL_W, PICTURE_MARGIN + row * PICTURE_CELL_H, k,
                          look);
        }
    st = png_write(path, &r, e);
    raster_release(&r);
    return st;
}
