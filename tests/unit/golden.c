/* Golden frames, and what holds for every frame. */
#include "tests/unit/golden.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void golden_draw(struct canvas *c, const struct view *v, int w, int h, enum chars chars)
{
    int row, col;

    c->chars = chars;
    cr_assert_eq(canvas_resize(c, w, h, NULL), ST_OK);
    view_draw(c, v, &row, &col);
}

void golden_compare(const char *name, const struct str *got)
{
    const char *renew = getenv("GRPOLAB_RENEW");
    char path[256], *want;
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "tests/golden/screens/%s.txt", name);
    if (renew && *renew == '1') {
        f = fopen(path, "w");
        cr_assert_not_null(f, "cannot write %s", path);
        fputs(str_c(got), f);
        cr_assert_eq(fclose(f), 0);
        return;
    }
    f = fopen(path, "r");
    cr_assert_not_null(f, "no golden screen %s: make it with GRPOLAB_RENEW=1", path);
    want = calloc(1, got->n + 2);
    cr_assert_not_null(want);
    n = fread(want, 1, got->n + 1, f);
    fclose(f);
    cr_assert(n == got->n && !memcmp(want, str_c(got), n), "%s differs; this is drawn now:\n%s", path,
              str_c(got));
    free(want);
}

void golden_screen(const char *name, const struct view *v, int w, int h, enum chars chars, int with_styles)
{
    struct canvas c = {0};
    struct str s = {0};
    char file[128];

    golden_draw(&c, v, w, h, chars);
    canvas_dump(&c, &s);
    if (with_styles)
        canvas_dump_styles(&c, &s);
    snprintf(file, sizeof file, "%s_%dx%d%s", name, w, h, chars == CHARS_ASCII ? "_ascii" : "");
    golden_compare(file, &s);
    str_free(&s);
    canvas_release(&c);
}

int golden_contains(const struct canvas *c, const char *text)
{
    struct str s = {0};
    int found;

    canvas_dump(c, &s);
    found = strstr(str_c(&s), text) != NULL;
    str_free(&s);
    return found;
}

/* Controls, and what turns the direction of text, breaks a line or has no width. */
static int is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F);
}

static void check_cell(const struct canvas *c, int row, int col)
{
    const struct cell *k = canvas_at(c, row, col);

    cr_assert(k->style < STYLE_N);
    if (k->width == 0) {
        cr_assert(col > 0 && canvas_at(c, row, col - 1)->width == 2);
        return;
    }
    cr_assert(!is_harmful(k->code) && (!k->mark || !is_harmful(k->mark)), "U+%04X, U+%04X at %d,%d of %dx%d",
              k->code, k->mark, row, col, c->w, c->h);
    if (c->chars == CHARS_ASCII)
        cr_assert(k->code < 0x7F && !k->mark, "U+%04X at %d,%d of %dx%d", k->code, row, col, c->w, c->h);
    if (k->width == 2)
        cr_assert(col + 1 < c->w && canvas_at(c, row, col + 1)->width == 0);
}

/* No byte of the text would do anything but be shown, and no line is wider than the screen. */
static void check_dump(const struct canvas *c)
{
    const unsigned char *p, *line;
    struct str s = {0};
    int lines = 0;

    canvas_dump(c, &s);
    for (p = line = (const unsigned char *)str_c(&s); *p; p++) {
        cr_assert(*p == '\n' || (*p >= 0x20 && *p != 0x7F), "byte %02X in line %d of %dx%d", *p, lines, c->w,
                  c->h);
        if (*p != '\n')
            continue;
        cr_assert_leq(canvas_width(c, (const char *)line, (int)(p - line)), c->w, "line %d of %dx%d", lines,
                      c->w, c->h);
        line = p + 1;
        lines++;
    }
    cr_assert_eq(lines, c->h);
    str_free(&s);
}

void golden_cells(const struct canvas *c)
{
    int row, col;

    for (row = 0; row < c->h; row++)
        for (col = 0; col < c->w; col++)
            check_cell(c, row, col);
    check_dump(c);
}

void golden_sizes(const struct view *v, int dw, int dh)
{
    struct canvas c = {0};
    int w, h, chars;

    for (w = 20; w <= 240; w += dw)
        for (h = 5; h <= 70; h += dh)
            for (chars = CHARS_BRAILLE; chars <= CHARS_ASCII; chars++) {
                golden_draw(&c, v, w, h, (enum chars)chars);
                golden_cells(&c);
            }
    canvas_release(&c);
}

void golden_three_sizes(const char *name, const struct view *v)
{
    static const int size[][2] = {{80, 24}, {120, 40}, {40, 10}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        golden_screen(name, v, size[i][0], size[i][1], CHARS_BRAILLE, 0);
        golden_screen(name, v, size[i][0], size[i][1], CHARS_ASCII, 0);
    }
}
