/* Charts and pictures as PNG: read back by libpng, and what cannot be written. */
#include <criterion/criterion.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "views/chart.h"
#include "views/font.h"
#include "views/png.h"
#include "views/raster.h"

enum { N = 100 };

static double x[N], y[N], low[N], high[N];
static char folder[256], path[300];

static void set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    int i;

    snprintf(folder, sizeof folder, "%s/grpolab-png-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.png", folder);
    for (i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i == 50 ? NAN : 0.2 + 0.006 * i;
        low[i] = 0.1;
        high[i] = 0.9;
    }
}

static void tear_down(void)
{
    unlink(path);
    rmdir(folder);
}

static uint8_t *read_png(const char *name, int *w, int *h)
{
    png_image image;
    uint8_t *rgb;

    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    cr_assert(png_image_begin_read_from_file(&image, name), "%s", image.message);
    image.format = PNG_FORMAT_RGB;
    rgb = malloc(PNG_IMAGE_SIZE(image));
    cr_assert_not_null(rgb);
    cr_assert(png_image_finish_read(&image, NULL, rgb, 0, NULL), "%s", image.message);
    *w = (int)image.width;
    *h = (int)image.height;
    return rgb;
}

/* How many pixels have exactly this colour. */
static int count(const uint8_t *rgb, int n, uint32_t color)
{
    int i, found = 0;

    for (i = 0; i < n; i++)
        found += rgb[3 * i] == color >> 16 && rgb[3 * i + 1] == (color >> 8 & 0xFF) &&
                 rgb[3 * i + 2] == (color & 0xFF);
    return found;
}

/* A row of the picture that is crossed by a line of this colour over its whole width; -1: none. */
static int line_row(const uint8_t *rgb, int w, int h, uint32_t color)
{
    int row;

    for (row = 0; row < h; row++)
        if (count(rgb + (size_t)row * (size_t)w * 3, w, color) > w / 2)
            return row;
    return -1;
}

static struct chart_series line(const char *label, int color)
{
    return (struct chart_series){.label = label, .n = N, .x = x, .y = y, .color = color};
}

Test(png, a_chart_has_its_size_and_its_colours, .init = set_up, .fini = tear_down)
{
    struct chart_series s[2] = {line("reward", 0), line("pass@1", 1)};
    struct chart_panel p = {"reward", "share", s, 2};
    struct chart c = {.title = "a title", .x_label = "step", .panel = &p, .panels_n = 1, .smoothing = 0.5};
    struct err e;
    int w, h;
    uint8_t *rgb;

    s[0].low = low;
    s[0].high = high;
    s[1].n = 3;
    s[1].points = 1;
    cr_assert_eq(chart_write(path, &c, &e), ST_OK, "%s", e.msg);
    rgb = read_png(path, &w, &h);
    cr_assert(w == 1600 && h == 1000);
    cr_assert(count(rgb, w * h, 0x0072B2) > 2000, "the line is there");
    cr_assert(count(rgb, w * h, 0xD55E00) > 200, "the discs are there");
    cr_assert(count(rgb, w * h, 0x1A1A1A) > 500, "the words are there");
    cr_assert(count(rgb, w * h, 0xFFFFFF) > 500000, "on white");
    cr_assert_eq(rgb[0], 255);
    free(rgb);
}

/* Two panels of values that differ a thousandfold: each has an axis of its own, so both lines rise as far. */
Test(png, panels_stand_one_above_the_other, .init = set_up, .fini = tear_down)
{
    static double large[N];
    struct chart_series s[2] = {line("kl", 0), line("length", 1)};
    struct chart_panel p[2] = {{"kl", "nats/token", &s[0], 1}, {"length", "tokens", &s[1], 1}};
    struct chart c = {.x_label = "step", .panel = p, .panels_n = 2};
    int w, h, i, row[2] = {0, 0};
    uint8_t *rgb;

    for (i = 0; i < N; i++)
        large[i] = 1000 * y[i];
    s[1].y = large;
    cr_assert_eq(chart_write(path, &c, NULL), ST_OK);
    rgb = read_png(path, &w, &h);
    cr_assert(w == 1600 && h == 1480);
    for (i = 0; i < h; i++) {
        row[0] += count(rgb + (size_t)i * (size_t)w * 3, w, 0x0072B2) > 0;
        row[1] += count(rgb + (size_t)i * (size_t)w * 3, w, 0xD55E00) > 0;
    }
    cr_assert(row[0] > h / 5 && abs(row[0] - row[1]) < 10, "%d and %d rows", row[0], row[1]);
    for (i = 0; i < h / 2 - 40; i++)
        cr_assert_eq(count(rgb + (size_t)i * (size_t)w * 3, w, 0xD55E00), 0,
                     "the second curve is in the first panel");
    cr_assert(line_row(rgb, w, h, 0xE6E6E6) > 0, "there is a grid");
    free(rgb);
}

Test(png, a_logarithmic_chart_and_another_size, .init = set_up, .fini = tear_down)
{
    struct chart_series s = line("kl", 0);
    struct chart_panel p = {NULL, NULL, &s, 1};
    struct chart c = {.panel = &p, .panels_n = 1, .log_y = 1, .width = 640, .height = 480};
    int w, h;
    uint8_t *rgb;

    y[3] = 0;
    y[4] = -1;
    cr_assert_eq(chart_write(path, &c, NULL), ST_OK);
    rgb = read_png(path, &w, &h);
    cr_assert(w == 640 && h == 480);
    cr_assert(count(rgb, w * h, 0x0072B2) > 200);
    free(rgb);
}

static struct raster small_picture(void)
{
    struct raster r;

    cr_assert_eq(raster_init(&r, 200, 300, NULL), ST_OK);
    raster_rect(&r, 0, 0, 100, 300, 0x123456, 1);
    return r;
}

Test(png, what_cannot_be_written_is_said_and_leaves_nothing, .init = set_up, .fini = tear_down)
{
    struct raster r = small_picture();
    char name[600];
    struct err e = {0};

    snprintf(name, sizeof name, "%s/none/a.png", folder);
    cr_assert_eq(png_write(name, &r, &e), ST_IO);
    cr_assert_not_null(strstr(e.msg, "none/a.png"));
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_neq(png_write(path, &r, &e), ST_OK, "a folder stands there");
    snprintf(name, sizeof name, "%s.part", path);
    cr_assert_neq(access(name, F_OK), 0);
    cr_assert_eq(rmdir(path), 0);
    raster_release(&r);
}

Test(png, a_full_disk_is_named, .init = set_up, .fini = tear_down)
{
    struct raster r = small_picture();
    char part[600];
    struct err e = {0};

    if (access("/dev/full", W_OK))
        cr_skip("no /dev/full here");
    snprintf(part, sizeof part, "%s.part", path);
    cr_assert_eq(symlink("/dev/full", part), 0);
    cr_assert_eq(png_write(path, &r, &e), ST_FULL, "%s", e.msg);
    cr_assert_neq(access(path, F_OK), 0);
    raster_release(&r);
}

Test(png, nothing_to_draw_is_an_error, .init = set_up, .fini = tear_down)
{
    static const double none[2] = {NAN, NAN};
    struct chart_series s = {.label = "kl", .n = 2, .x = x, .y = none};
    struct chart_panel p = {"kl", "", &s, 1};
    struct chart c = {.panel = &p, .panels_n = 1};
    struct err e = {0};

    cr_assert_eq(chart_write(path, &c, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "kl"));
    s.y = y;
    s.n = N;
    c.width = 100000;
    cr_assert_eq(chart_write(path, &c, &e), ST_USAGE);
    c.width = 199;
    cr_assert_eq(chart_write(path, &c, &e), ST_USAGE);
    c.width = 0;
    c.panels_n = CHART_PANELS + 1;
    cr_assert_eq(chart_write(path, &c, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "panels"));
    cr_assert_neq(access(path, F_OK), 0);
}

Test(png, every_letter_has_strokes_inside_its_box)
{
    struct glyph g;
    int c, i, k;

    for (c = 33; c < 127; c++) {
        font_glyph(c, &g);
        cr_assert(g.strokes_n >= 1 && g.strokes_n <= FONT_STROKES, "%c", c);
        cr_assert(g.advance >= 3 && g.advance <= 11, "%c", c);
        for (i = 0; i < g.strokes_n; i++) {
            cr_assert(g.stroke[i].n >= 1, "%c", c);
            for (k = 0; k < g.stroke[i].n; k++) {
                cr_assert(g.stroke[i].at[k].x >= 0 && g.stroke[i].at[k].x < g.advance, "%c", c);
                cr_assert(g.stroke[i].at[k].y >= -3 && g.stroke[i].at[k].y <= 10, "%c", c);
            }
        }
    }
    for (c = 33; c < 127; c++) {
        cr_assert(font_mono(c, &g) && g.strokes_n >= 1, "%c", c);
        font_ink(&g, &i, &k);
        cr_assert(i >= 0 && k >= i && k <= 10, "%c", c);
    }
    cr_assert(!font_mono(127, &g) && !font_mono(0xE9, &g));
    font_glyph(' ', &g);
    cr_assert_eq(g.strokes_n, 0);
    cr_assert_eq(font_width("\xE6\xBC\xA2"), font_width("?"));
}

Test(png, drawing_outside_the_picture_is_cut)
{
    struct raster r;

    cr_assert_eq(raster_init(&r, 20, 10, NULL), ST_OK);
    raster_line(&r, -50, -50, 100, 80, 6, 0, 1);
    raster_line(&r, NAN, 0, 5, 5, 6, 0, 1);
    raster_disc(&r, 19, 9, 30, 0x112233, 1);
    raster_rect(&r, -5, -5, 100, 100, 0x445566, 1);
    cr_assert(r.rgb[0] == 0x44 && r.rgb[20 * 10 * 3 - 1] == 0x66);
    raster_release(&r);
}
