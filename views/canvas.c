/* The canvas: an array of cells and the few ways to write on it.
 *
 * Every write goes through set_cell, the only place that stores a cell: it clips to the
 * rectangle and to the canvas, and keeps the invariant that a cell of width 2 is followed by one
 * of width 0 and that no half of a wide character stands alone.
 * What a character looks like is decided once, in canvas_put: the characters that the program
 * itself draws have a row in `known` (their width never depends on the locale, their stand-in in
 * ASCII is stated); all others ask wcwidth. */
#include "views/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { REPLACEMENT = 0xFFFD };

/* Characters that the program draws, ascending, and what stands for them in plain ASCII. */
static const struct known {
    uint16_t first, last;
    char ascii;
} known[] = {
    {0x00B1, 0x00B1, '~'}, {0x00B7, 0x00B7, '.'},  {0x00D7, 0x00D7, 'x'}, {0x03B2, 0x03B2, 'b'},
    {0x03C3, 0x03C3, 's'}, {0x2013, 0x2014, '-'},  {0x2016, 0x2016, '|'}, {0x2026, 0x2026, '~'},
    {0x2190, 0x2190, '<'}, {0x2191, 0x2191, '^'},  {0x2192, 0x2192, '>'}, {0x2193, 0x2193, 'v'},
    {0x21A9, 0x21A9, '<'}, {0x21BA, 0x21BB, '~'},  {0x2212, 0x2212, '-'}, {0x2500, 0x2501, '-'},
    {0x2502, 0x2502, '|'}, {0x2503, 0x2503, '#'},  {0x2504, 0x2505, '-'}, {0x2506, 0x2507, ':'},
    {0x250C, 0x254F, '+'}, {0x2550, 0x2550, '='},  {0x2551, 0x2551, '|'}, {0x2552, 0x2570, '+'},
    {0x2574, 0x257B, '-'}, {0x2580, 0x2580, '\''}, {0x2581, 0x2581, '_'}, {0x2582, 0x2582, '.'},
    {0x2583, 0x2583, ':'}, {0x2584, 0x2584, '-'},  {0x2585, 0x2585, '='}, {0x2586, 0x2586, '+'},
    {0x2587, 0x2587, '*'}, {0x2588, 0x2588, '#'},  {0x2589, 0x2589, '#'}, {0x258A, 0x258C, '='},
    {0x258D, 0x258F, '-'}, {0x2590, 0x2590, '='},  {0x2591, 0x2591, '.'}, {0x2592, 0x2592, ':'},
    {0x2593, 0x2593, '#'}, {0x25A0, 0x25A0, '#'},  {0x25A1, 0x25A1, '-'}, {0x25AA, 0x25AA, '#'},
    {0x25B0, 0x25B0, '#'}, {0x25B1, 0x25B1, '.'},  {0x25B2, 0x25B2, '^'}, {0x25B6, 0x25B6, '>'},
    {0x25B8, 0x25B8, '>'}, {0x25BC, 0x25BC, 'v'},  {0x25C6, 0x25C6, '%'}, {0x25C7, 0x25C7, '%'},
    {0x25CB, 0x25CB, 'o'}, {0x25CF, 0x25CF, 'o'},  {0x2605, 0x2605, '!'}, {0x2713, 0x2713, 'v'},
    {0x2717, 0x2717, 'x'},
};

static const struct known *known_find(uint32_t code)
{
    size_t low = 0, high = sizeof known / sizeof *known;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code < known[middle].first)
            high = middle;
        else if (code > known[middle].last)
            low = middle + 1;
        else
            return &known[middle];
    }
    return NULL;
}

/* A stand-in where only ASCII can be shown. Dots of a braille cell become a coarse picture of themselves. */
static uint32_t ascii_of(uint32_t code)
{
    const struct known *k;

    if (code < 0x80)
        return code;
    if (code >= 0x2800 && code <= 0x28FF)
        return code == 0x2800 ? ' ' : code & 0xC4 ? '.' : '\'';
    k = known_find(code);
    return k ? (uint32_t)k->ascii : '?';
}

static int is_braille(uint32_t code)
{
    return code >= 0x2800 && code <= 0x28FF;
}

/* Format characters that would reorder or hide text if the terminal obeyed them. */
static int is_format(uint32_t code)
{
    return code == 0xAD || code == 0x61C || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
           (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE0FFF) || code == 0x180E;
}

/* The columns of a code point: 1 or 2, 0 for a combining mark, -1 for one that must not reach a terminal. */
static int code_width(uint32_t code)
{
    int w;

    if (code >= 0x20 && code < 0x7F)
        return 1;
    if (code < 0xA0 || is_format(code) || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF)
        return -1;
    if (is_braille(code) || known_find(code))
        return 1;
    w = wcwidth((wchar_t)code);
    return w > 2 ? -1 : w;
}

enum status canvas_resize(struct canvas *c, int w, int h, struct err *e)
{
    size_t need;

    w = w < 1 ? 1 : w > CANVAS_MAX ? CANVAS_MAX : w;
    h = h < 1 ? 1 : h > CANVAS_MAX ? CANVAS_MAX : h;
    need = (size_t)w * (size_t)h;
    if (need > c->cap) {
        struct cell *cell = realloc(c->cell, need * sizeof *cell);
        if (!cell)
            return err_set(e, ST_NOMEM, "canvas", "no memory for %d by %d cells", w, h);
        c->cell = cell;
        c->cap = need;
    }
    c->w = w;
    c->h = h;
    canvas_clear(c);
    return ST_OK;
}

void canvas_release(struct canvas *c)
{
    free(c->cell);
    memset(c, 0, sizeof *c);
}

void canvas_clear(struct canvas *c)
{
    static const struct cell blank = {' ', 0, 1, STYLE_TEXT, 0, 0};
    size_t i, n = (size_t)c->w * (size_t)c->h;

    for (i = 0; i < n; i++)
        c->cell[i] = blank;
}

struct rect canvas_rect(const struct canvas *c)
{
    return (struct rect){0, 0, c->w, c->h};
}

struct rect rect_cut(struct rect r, int x, int y, int w, int h)
{
    struct rect part;

    if (x < 0) {
        w += x;
        x = 0;
    }
    if (y < 0) {
        h += y;
        y = 0;
    }
    if (x > r.w)
        x = r.w;
    if (y > r.h)
        y = r.h;
    part.x = r.x + x;
    part.y = r.y + y;
    part.w = w < 0 ? 0 : w > r.w - x ? r.w - x : w;
    part.h = h < 0 ? 0 : h > r.h - y ? r.h - y : h;
    return part;
}

static struct cell *cell_at(const struct canvas *c, struct rect r, int row, int col)
{
    int x, y;

    if (row < 0 || col < 0 || row >= r.h || col >= r.w)
        return NULL;
    x = r.x + col;
    y = r.y + row;
    if (x < 0 || y < 0 || x >= c->w || y >= c->h)
        return NULL;
    return &c->cell[(size_t)y * (size_t)c->w + (size_t)x];
}

/* Before a cell is overwritten: the other half of a wide character that it belonged to becomes a blank.
 * That half may lie outside the rectangle: half a character cannot be kept. */
static void break_wide(const struct canvas *c, struct cell *cell)
{
    size_t x = (size_t)(cell - c->cell) % (size_t)c->w;

    if (cell->width == 2 && x + 1 < (size_t)c->w) {
        cell[1].code = ' ';
        cell[1].width = 1;
    } else if (cell->width == 0 && x > 0) {
        cell[-1].code = ' ';
        cell[-1].mark = 0;
        cell[-1].width = 1;
    }
}

static void set_cell(struct canvas *c, struct rect r, int row, int col, enum style style, uint32_t code,
                     int width)
{
    struct cell *cell = cell_at(c, r, row, col), *right = NULL;

    if (!cell)
        return;
    if (width == 2) {
        right = cell_at(c, r, row, col + 1);
        if (!right) {
            code = ' ';
            width = 1;
        }
    }
    break_wide(c, cell);
    *cell = (struct cell){code, 0, (uint8_t)width, (uint8_t)style, 0, 0};
    if (right) {
        break_wide(c, right);
        *right = (struct cell){0, 0, 0, (uint8_t)style, 0, 0};
    }
}

int canvas_put(struct canvas *c, struct rect r, int row, int col, enum style style, uint32_t code)
{
    int width = code_width(code);

    if (width < 1) {
        code = REPLACEMENT;
        width = 1;
    }
    if (c->chars == CHARS_ASCII) {
        code = ascii_of(code);
        width = 1;
    } else if (c->chars == CHARS_BLOCK && is_braille(code)) {
        code = code == 0x2800 ? ' ' : 0xB7;
    }
    set_cell(c, r, row, col, style, code, width);
    return width;
}

/* Control characters below 32 have pictures of their own: U+2400 on; they are one column wide. */
static uint32_t visible(uint32_t code)
{
    if (code < 0x20)
        return 0x2400 + code;
    return code == 0x7F ? 0x2421 : code;
}

int canvas_text(struct canvas *c, struct rect r, int row, int col, enum style style, const char *s, int n)
{
    size_t left = n < 0 ? strlen(s) : strnlen(s, (size_t)n);
    struct cell *last = NULL;
    int used;

    for (; left; s += used, left -= (size_t)used) {
        uint32_t code = utf8_next(s, left, &used);
        if (code < 0x20 || code == 0x7F) {
            set_cell(c, r, row, col, style, c->chars == CHARS_ASCII ? '?' : visible(code), 1);
            last = NULL;
            col++;
        } else if (code >= 0x300 && code_width(code) == 0) {
            /* One combining mark stays with its letter; a heap of them is cut down to that. */
            if (last && !last->mark && c->chars != CHARS_ASCII)
                last->mark = code;
        } else {
            last = cell_at(c, r, row, col);
            col += canvas_put(c, r, row, col, style, code);
        }
    }
    return col;
}

int canvas_printf(struct canvas *c, struct rect r, int row, int col, enum style style, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    return canvas_text(c, r, row, col, style, line, -1);
}

int canvas_width(const struct canvas *c, const char *s, int n)
{
    size_t left = n < 0 ? strlen(s) : strnlen(s, (size_t)n);
    int columns = 0, used;

    for (; left; s += used, left -= (size_t)used) {
        uint32_t code = utf8_next(s, left, &used);
        int w = code_width(code);
        if (code >= 0x300 && w == 0)
            continue;
        columns += w == 2 && c->chars != CHARS_ASCII ? 2 : 1;
    }
    return columns;
}

int canvas_fit(struct canvas *c, struct rect r, int row, int col, int most, enum style style, const char *s)
{
    struct rect part;
    int n;

    if (most <= 0)
        return col;
    n = canvas_width(c, s, -1);
    if (n <= most)
        return canvas_text(c, r, row, col, style, s, -1);
    part = rect_cut(r, 0, 0, col + most, r.h);
    canvas_text(c, part, row, col, style, s, -1);
    canvas_put(c, part, row, col + most - 1, style, 0x2026);
    return col + most;
}

int canvas_right(struct canvas *c, struct rect r, int row, int end, enum style style, const char *s)
{
    int col = end - canvas_width(c, s, -1);

    canvas_text(c, r, row, col, style, s, -1);
    return col;
}

void canvas_fill(struct canvas *c, struct rect r, enum style style, uint32_t code)
{
    int row, col;

    for (row = 0; row < r.h; row++)
        for (col = 0; col < r.w; col++)
            canvas_put(c, r, row, col, style, code);
}

void canvas_select(struct canvas *c, struct rect r, int row)
{
    int col;

    for (col = 0; col < r.w; col++) {
        struct cell *cell = cell_at(c, r, row, col);
        if (cell)
            cell->selected = 1;
    }
}

void canvas_box(struct canvas *c, struct rect r, enum style style)
{
    int i;

    if (r.w < 2 || r.h < 2)
        return;
    for (i = 1; i < r.w - 1; i++) {
        canvas_put(c, r, 0, i, style, 0x2500);
        canvas_put(c, r, r.h - 1, i, style, 0x2500);
    }
    for (i = 1; i < r.h - 1; i++) {
        canvas_put(c, r, i, 0, style, 0x2502);
        canvas_put(c, r, i, r.w - 1, style, 0x2502);
    }
    canvas_put(c, r, 0, 0, style, 0x250C);
    canvas_put(c, r, 0, r.w - 1, style, 0x2510);
    canvas_put(c, r, r.h - 1, 0, style, 0x2514);
    canvas_put(c, r, r.h - 1, r.w - 1, style, 0x2518);
}

const struct cell *canvas_at(const struct canvas *c, int row, int col)
{
    return cell_at(c, canvas_rect(c), row, col);
}

void canvas_dump(const struct canvas *c, struct str *out)
{
    char bytes[4];
    int row, col;

    for (row = 0; row < c->h; row++) {
        const struct cell *line = &c->cell[(size_t)row * (size_t)c->w];
        int end = c->w;
        while (end > 0 && line[end - 1].code == ' ' && !line[end - 1].mark)
            end--;
        for (col = 0; col < end; col++) {
            if (!line[col].width)
                continue;
            str_add_n(out, bytes, (size_t)utf8_put(line[col].code, bytes));
            if (line[col].mark)
                str_add_n(out, bytes, (size_t)utf8_put(line[col].mark, bytes));
        }
        str_add_n(out, "\n", 1);
    }
}

void canvas_dump_styles(const struct canvas *c, struct str *out)
{
    /* One letter a style in the order of enum style; a blank cell of plain text stays blank. */
    static const char letter[] = ".dTSbfAgxwekPRsraV<1234nm012345678";
    _Static_assert(sizeof letter == STYLE_N + 1, "one letter a style");
    int row, col;

    for (row = 0; row < c->h; row++) {
        const struct cell *line = &c->cell[(size_t)row * (size_t)c->w];
        for (col = 0; col < c->w; col++) {
            char s = line[col].selected ? '@' : line[col].code == ' ' ? ' ' : letter[line[col].style];
            str_add_n(out, &s, 1);
        }
        str_add_n(out, "\n", 1);
    }
}

uint32_t utf8_next(const char *s, size_t n, int *used)
{
    const unsigned char *p = (const unsigned char *)s;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    int i, need;

    *used = 1;
    if (p[0] < 0x80)
        return p[0];
    need = p[0] >= 0xF0 && p[0] < 0xF8   ? 4
           : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
           : p[0] >= 0xC0 && p[0] < 0xE0 ? 2
                                         : 0;
    if (!need || (size_t)need > n)
        return REPLACEMENT;
    code = p[0] & (0xFFu >> (need + 1));
    for (i = 1; i < need; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        code = code << 6 | (p[i] & 0x3F);
    }
    if (code < least[need] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return REPLACEMENT;
    *used = need;
    return code;
}

int utf8_put(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}
