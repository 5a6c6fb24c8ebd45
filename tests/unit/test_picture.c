/* A canvas as a picture: every cell lies where it should, in its colours, and joins its neighbours. */
#include <criterion/criterion.h>
#include <locale.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/theme.h"
#include "views/accent.h"
#include "views/picture.h"
#include "views/symbol.h"

enum { INK = 0xFFFFFF, GROUND = 0x000000, ACCENT = 0x00FF00 };

static char path[256];
static struct picture_look look[STYLE_N];
static struct canvas canvas;
static uint8_t *rgb;
static int width;

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    int s;

    setlocale(LC_ALL, "C.UTF-8");
    snprintf(path, sizeof path, "%s/grpolab-picture-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    close(mkstemp(path));
    for (s = 0; s < STYLE_N; s++)
        look[s] = (struct picture_look){INK, GROUND, 0, 0};
    look[STYLE_ACCENT].ink = ACCENT;
    look[STYLE_STRONG].bold = 1;
    look[STYLE_AHA].underline = 1;
    cr_assert_eq(canvas_resize(&canvas, 12, 3, NULL), ST_OK);
}

static void tear_down(void)
{
    unlink(path);
    free(rgb);
    canvas_release(&canvas);
}

static void draw(void)
{
    png_image image;

    cr_assert_eq(picture_write(&canvas, look, path, NULL), ST_OK);
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    cr_assert(png_image_begin_read_from_file(&image, path), "%s", image.message);
    image.format = PNG_FORMAT_RGB;
    rgb = malloc(PNG_IMAGE_SIZE(image));
    cr_assert(png_image_finish_read(&image, NULL, rgb, 0, NULL), "%s", image.message);
    width = (int)image.width;
    cr_assert_eq(width, canvas.w * PICTURE_CELL_W + 2 * PICTURE_MARGIN);
    cr_assert_eq((int)image.height, canvas.h * PICTURE_CELL_H + 2 * PICTURE_MARGIN);
}

/* The light of a cell's pixels, 0 .. 1 for a cell that is all white. */
static double light(int row, int col)
{
    double sum = 0;
    int x, y, k;

    for (y = 0; y < PICTURE_CELL_H; y++)
        for (x = 0; x < PICTURE_CELL_W; x++) {
            const uint8_t *p = rgb + ((size_t)(PICTURE_MARGIN + row * PICTURE_CELL_H + y) * (size_t)width +
                                      (size_t)(PICTURE_MARGIN + col * PICTURE_CELL_W + x)) * 3;
            for (k = 0; k < 3; k++)
                sum += p[k] / 255.0;
        }
    return sum / (3.0 * PICTURE_CELL_W * PICTURE_CELL_H);
}

static void put(int row, const char *text, enum style style)
{
    canvas_text(&canvas, canvas_rect(&canvas), row, 0, style, text, -1);
}

Test(picture, blocks_fill_their_part_of_the_cell, .init = set_up, .fini = tear_down)
{
    put(0, "█▄▌▁ ░", STYLE_TEXT);
    draw();
    cr_assert_float_eq(light(0, 0), 1, 1e-9);
    cr_assert_float_eq(light(0, 1), 0.5, 1e-9);
    cr_assert_float_eq(light(0, 2), 0.5, 1e-9);
    cr_assert_float_eq(light(0, 3), 4.0 / PICTURE_CELL_H, 1e-9);
    cr_assert_float_eq(light(0, 4), 0, 1e-9);
    cr_assert_float_eq(light(0, 5), 0.25, 0.01);
}

/* No dark pixel from one cell of a line to the next, and across. */
Test(picture, lines_of_a_box_join, .init = set_up, .fini = tear_down)
{
    int x, y, left = PICTURE_MARGIN + PICTURE_CELL_W / 2, top = PICTURE_MARGIN + PICTURE_CELL_H / 2;

    put(0, "┌──────────┐", STYLE_TEXT);
    put(1, "│          │", STYLE_TEXT);
    put(2, "└━━━━━━━━━━┘", STYLE_TEXT);
    draw();
    for (x = left; x < width - left; x++)
        cr_assert_eq(rgb[((size_t)top * (size_t)width + (size_t)x) * 3], 255, "at %d", x);
    for (y = top; y < top + 2 * PICTURE_CELL_H; y++)
        cr_assert_eq(rgb[((size_t)y * (size_t)width + (size_t)left) * 3], 255, "at %d", y);
    cr_assert(light(2, 4) > 1.5 * light(0, 4), "a heavy line is thicker");
}

Test(picture, braille_has_a_dot_for_each_bit, .init = set_up, .fini = tear_down)
{
    double one;

    canvas_put(&canvas, canvas_rect(&canvas), 0, 0, STYLE_TEXT, 0x2801);
    canvas_put(&canvas, canvas_rect(&canvas), 0, 1, STYLE_TEXT, 0x28FF);
    canvas_put(&canvas, canvas_rect(&canvas), 0, 2, STYLE_TEXT, 0x2880);
    draw();
    one = light(0, 0);
    cr_assert(one > 0.02 && one < 0.1);
    cr_assert_float_eq(light(0, 1), 8 * one, 0.2 * one);
    cr_assert_float_eq(light(0, 2), one, 0.3 * one);
}

Test(picture, styles_have_their_colours, .init = set_up, .fini = tear_down)
{
    int i, green = 0, other = 0;

    put(0, "mmmm", STYLE_TEXT);
    put(1, "mmmm", STYLE_STRONG);
    put(2, "    ", STYLE_AHA);
    draw();
    cr_assert(light(1, 1) > 1.2 * light(0, 1), "bold is heavier");
    cr_assert(light(2, 1) > 0.03 && light(2, 1) < 0.1, "a blank can be underlined");
    free(rgb);
    canvas_clear(&canvas);
    put(0, "accent", STYLE_ACCENT);
    draw();
    for (i = 0; i < width * 60; i++) {
        green += rgb[3 * i + 1] > 0;
        other += rgb[3 * i] > 0 || rgb[3 * i + 2] > 0;
    }
    cr_assert(green > 500 && !other);
    free(rgb);
    canvas_clear(&canvas);
    put(1, "x", STYLE_ACCENT);
    canvas_select(&canvas, canvas_rect(&canvas), 1);
    draw();
    cr_assert(light(1, 5) > 0.99 && light(1, 0) > 0.7 && light(1, 0) < 0.99 && light(0, 5) < 0.01,
              "a selected row is turned round");
}

/* What the program itself draws is no box; what nobody knows is one, as wide as it is. */
Test(picture, the_programs_own_signs_have_pictures, .init = set_up, .fini = tear_down)
{
    static const char *const signs = "±·×βσ–—…←↑→↓↩↺↻−─━│┃┄┅┆┇┌┐└┘├┤┬┴┼═║╴╸╺▀▁▂▃▄▅▆▇█▌▐░▒▓■□▪▰▱▲▶▸▼◆◇○●★✓✗⠁⣿";
    struct symbol_cell cell = {0, 0, PICTURE_CELL_W, PICTURE_CELL_H, 2, 2.3, 1.6, 2.1, 3, 25};
    struct raster r;
    const char *p;
    int used;

    cr_assert_eq(raster_init(&r, PICTURE_CELL_W, PICTURE_CELL_H, NULL), ST_OK);
    for (p = signs; *p; p += used) {
        uint32_t code = utf8_next(p, strlen(p), &used);
        int i, ink = 0;
        memset(r.rgb, 255, (size_t)r.w * (size_t)r.h * 3);
        cr_assert(symbol_draw(&r, &cell, code, 0), "U+%04X", code);
        for (i = 0; i < r.w * r.h; i++)
            ink += r.rgb[3 * i] < 200;
        cr_assert(ink >= 4, "U+%04X is hardly seen: %d pixels", code, ink);
    }
    cr_assert(!symbol_draw(&r, &cell, 0x6F22, 0));
    raster_release(&r);
    put(0, "漢", STYLE_TEXT);
    put(1, "Ж", STYLE_TEXT);
    draw();
    cr_assert(light(0, 0) > 0.05 && light(0, 1) > 0.05 && light(1, 0) > 0.05 && light(1, 1) < 0.01);
    cr_assert_float_eq(light(0, 0), light(0, 1), 1e-9, "the box of a wide character spans two cells");
}

/* All of one cell's pixels, to be compared with another's. */
static void copy_cells(int row, int col, int n, uint8_t *out)
{
    int y, bytes = n * PICTURE_CELL_W * 3;

    for (y = 0; y < PICTURE_CELL_H; y++)
        memcpy(out + y * bytes, rgb + ((size_t)(PICTURE_MARGIN + row * PICTURE_CELL_H + y) * (size_t)width +
                                       (size_t)(PICTURE_MARGIN + col * PICTURE_CELL_W)) * 3, (size_t)bytes);
}

/* A letter with an accent is neither a box nor the letter alone, and no two of them look the same. */
Test(picture, every_letter_with_an_accent_has_a_picture_of_its_own, .init = set_up, .fini = tear_down)
{
    enum { BYTES = PICTURE_CELL_W * PICTURE_CELL_H * 3, FIRST = 0xC0, N = 0x100 - FIRST };
    static uint8_t seen[N + 2][BYTES];
    uint32_t letter, mark;
    int i, k;

    for (i = 0; i < N + 2; i++) {
        canvas_clear(&canvas);
        canvas_put(&canvas, canvas_rect(&canvas), 1, 5, STYLE_TEXT,
                   i < N ? (uint32_t)(FIRST + i) : i == N ? 'A' : 0x416);
        draw();
        copy_cells(1, 5, 1, seen[i]);
        cr_assert(light(1, 4) < 0.005 && light(1, 6) < 0.005 && light(0, 5) < 0.005 && light(2, 5) < 0.005,
                  "U+%04X leaves its cell", FIRST + i);
        for (k = 0; k < i; k++)
            cr_assert(memcmp(seen[i], seen[k], BYTES), "U+%04X looks as U+%04X does", FIRST + i, FIRST + k);
        free(rgb);
        rgb = NULL;
    }
    cr_assert(accent_split(0xE9, &letter, &mark) && letter == 'e' && mark == 0x301);
    cr_assert(accent_split(0xEF, &letter, &mark) && letter == 0x131 && mark == 0x308, "an i loses its dot");
    cr_assert(!accent_split('e', &letter, &mark) && !accent_split(0xC6, &letter, &mark));
    cr_assert(accent_is_above(0x301) && !accent_is_above(0x327));
}

/* The lowest row of a cell that has ink; -1: none. */
static int lowest(const uint8_t *cell)
{
    int i = PICTURE_CELL_W * PICTURE_CELL_H * 3 - 1;

    while (i >= 0 && !cell[i])
        i--;
    return i < 0 ? -1 : i / (PICTURE_CELL_W * 3);
}

/* Subscripts stand for the right character, look unlike each other, and reach lower than it does. */
Test(picture, subscripts_are_small_and_low, .init = set_up, .fini = tear_down)
{
    enum { BYTES = PICTURE_CELL_W * PICTURE_CELL_H * 3, MOST = 40 };
    static const char words[] = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢᵣᵤᵥⱼ";
    static const char plain[] = "0123456789+-=()aeoxhklmnpstiruvj";
    static const uint32_t none[] = {0x207F, 0x208F, 0x2094, 0x209D, 0x1D61, 0x1D66, 0x2C7B, '2'};
    static uint8_t seen[MOST][BYTES], large[BYTES];
    const char *p;
    int n = 0, used, k;

    for (p = words; *p; p += used, n++) {
        uint32_t code = utf8_next(p, strlen(p), &used);
        cr_assert_lt(n, MOST);
        cr_assert_eq(accent_subscript(code), plain[n], "U+%04X is no small %c", code, plain[n]);
        canvas_clear(&canvas);
        canvas_put(&canvas, canvas_rect(&canvas), 1, 2, STYLE_TEXT, code);
        canvas_put(&canvas, canvas_rect(&canvas), 1, 5, STYLE_TEXT, (uint32_t)plain[n]);
        draw();
        copy_cells(1, 2, 1, seen[n]);
        copy_cells(1, 5, 1, large);
        cr_assert_gt(lowest(seen[n]), lowest(large) - (strchr("()pj", plain[n]) != NULL), "small %c",
                     plain[n]);
        for (k = 0; k < n; k++)
            cr_assert(memcmp(seen[n], seen[k], BYTES), "a small %c looks as a small %c does", plain[n],
                      plain[k]);
        free(rgb);
        rgb = NULL;
    }
    cr_assert_eq(plain[n], 0);
    for (k = 0; k < (int)(sizeof none / sizeof *none); k++)
        cr_assert_eq(accent_subscript(none[k]), 0, "U+%04X", none[k]);
}

/* The number words and the words of sums in Chinese, each as wide as two cells and unlike the others. */
Test(picture, chinese_number_words_have_pictures, .init = set_up, .fini = tear_down)
{
    enum { BYTES = 2 * PICTURE_CELL_W * PICTURE_CELL_H * 3, MOST = 40 };
    static const char words[] = "漢一二三四五六七八九十百加减乘等于零不是对再";
    static uint8_t seen[MOST][BYTES];
    const char *p;
    int n = 0, used, k;

    for (p = words; *p; p += used, n++) {
        cr_assert_lt(n, MOST);
        utf8_next(p, strlen(p), &used);
        canvas_clear(&canvas);
        canvas_text(&canvas, canvas_rect(&canvas), 1, 4, STYLE_TEXT, p, used);
        draw();
        copy_cells(1, 4, 2, seen[n]);
        cr_assert(light(1, 4) > 0.01 && light(1, 5) > 0.01, "%.*s is hardly seen", used, p);
        cr_assert(light(1, 3) < 0.005 && light(1, 6) < 0.005 && light(0, 4) < 0.005 && light(2, 4) < 0.005,
                  "%.*s leaves its cells", used, p);
        for (k = 0; k < n; k++)
            cr_assert(memcmp(seen[n], seen[k], BYTES), "%.*s looks as an earlier one does", used, p);
        free(rgb);
        rgb = NULL;
    }
}

Test(picture, every_letter_stays_near_its_cell, .init = set_up, .fini = tear_down)
{
    int c;

    for (c = 33; c < 127; c++) {
        canvas_clear(&canvas);
        canvas_put(&canvas, canvas_rect(&canvas), 1, 5, STYLE_STRONG, (uint32_t)c);
        draw();
        cr_assert(light(1, 5) > 0.005, "%c", c);
        cr_assert(light(1, 4) < 0.005 && light(1, 6) < 0.005 && light(0, 5) < 0.005 && light(2, 5) < 0.005,
                  "%c leaves its cell", c);
        free(rgb);
        rgb = NULL;
    }
}

Test(picture, themes_give_each_style_a_colour_that_can_be_read)
{
    struct picture_look of[STYLE_N];
    int i, s;

    for (i = 0; theme_at(i); i++) {
        theme_picture(theme_at(i), of);
        for (s = 0; s < STYLE_N; s++)
            cr_assert_neq(of[s].ink, of[s].ground, "%s, style %d", theme_at(i)->name, s);
        cr_assert(of[STYLE_STRONG].bold);
    }
    theme_picture(theme_find("default"), of);
    cr_assert_eq(of[STYLE_ERROR].ground, 0xD70000, "160 of xterm's 256 colours");
    cr_assert_eq(of[STYLE_DIM].ink, 0x808080, "244");
}

/* Whether two cells have the same pixels. */
static int same(int row, int a, int b)
{
    for (int y = 0; y < PICTURE_CELL_H; y++) {
        const uint8_t *line = rgb + ((size_t)(PICTURE_MARGIN + row * PICTURE_CELL_H + y) * (size_t)width) * 3;
        if (memcmp(line + (PICTURE_MARGIN + a * PICTURE_CELL_W) * 3, line + (PICTURE_MARGIN + b * PICTURE_CELL_W) * 3,
                   PICTURE_CELL_W * 3))
            return 0;
    }
    return 1;
}

/* What formulas and marks are written with; U+0E2F is a letter that has none and shows an empty box. */
Test(picture, what_the_screens_write_has_a_picture, .init = set_up, .fini = tear_down)
{
    static const char *const sign[] = {"ᵢ", "ₜ", "ₘ", "₁", "₂", "₍", "₎", "ⱼ", "π", "Σ", "ρ", "σ", "β", "ε",
                                       "η", "θ", "∂", "·", "…", "±", "∓", "×", "²", "→", "½", "✓", "✗", "★",
                                       "●", "▲", "▼", "▶", "▸", "◆", "↺", "↩", "│", "━", "▄", "▇"};
    for (size_t i = 0; i < sizeof sign / sizeof *sign; i++) {
        put(0, "\u0e2f", STYLE_TEXT);
        canvas_text(&canvas, canvas_rect(&canvas), 0, 1, STYLE_TEXT, sign[i], -1);
        draw();
        cr_expect(!same(0, 0, 1), "%s", sign[i]);
        cr_expect_gt(light(0, 1), 0, "%s", sign[i]);
        free(rgb);
        rgb = NULL;
    }
}
