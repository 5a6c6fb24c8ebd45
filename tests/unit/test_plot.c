/* Curves, ticks, numbers, sparklines, bars. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "views/format.h"
#include "views/heat.h"
#include "views/meter.h"
#include "views/plot.h"

static struct canvas make(int w, int h, enum chars chars)
{
    struct canvas c = {.chars = chars};

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert_eq(canvas_resize(&c, w, h, NULL), ST_OK);
    return c;
}

static void expect(const struct canvas *c, const char *want)
{
    struct str s = {0};

    canvas_dump(c, &s);
    cr_assert_str_eq(str_c(&s), want);
    str_free(&s);
}

static struct series line(const double *x, const double *y, int n)
{
    return (struct series){SERIES_LINE, STYLE_CURVE_A, "line", n, x, y, NULL};
}

static const double counting[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

Test(plot, a_rising_line_in_braille)
{
    struct canvas c = make(4, 2, CHARS_BRAILLE);
    struct series s = line(counting, counting, 8);
    struct plot p = plot_blank(&s, 1);

    plot_draw(&c, canvas_rect(&c), &p);
    expect(&c, "  ⡠⠊\n⡠⠊\n");
    canvas_release(&c);
}

Test(plot, a_rising_line_in_half_blocks_and_ascii)
{
    struct canvas c = make(4, 2, CHARS_BLOCK);
    struct series s = line(counting, counting, 4);
    struct plot p = plot_blank(&s, 1);

    plot_draw(&c, canvas_rect(&c), &p);
    expect(&c, "  ▄▀\n▄▀\n");
    canvas_release(&c);
    c = make(6, 2, CHARS_ASCII);
    s.n = 6;
    plot_draw(&c, canvas_rect(&c), &p);
    expect(&c, "   .-'\n.-'\n");
    canvas_release(&c);
}

Test(plot, a_gap_stays_a_gap)
{
    static const double y[] = {1, 1, NAN, NAN, 1, 1};
    struct canvas c = make(6, 1, CHARS_BLOCK);
    struct series s = line(counting, y, 6);
    struct plot p = plot_blank(&s, 1);

    plot_draw(&c, canvas_rect(&c), &p);
    cr_assert_eq(canvas_at(&c, 0, 2)->code, ' ');
    cr_assert_eq(canvas_at(&c, 0, 3)->code, ' ');
    cr_assert_neq(canvas_at(&c, 0, 1)->code, ' ');
    cr_assert_neq(canvas_at(&c, 0, 4)->code, ' ');
    canvas_release(&c);
}

Test(plot, no_finite_point_draws_nothing)
{
    static const double y[] = {NAN, NAN, INFINITY};
    struct canvas c = make(20, 4, CHARS_BRAILLE);
    struct series s = line(counting, y, 3);
    struct plot p = plot_blank(&s, 1);

    plot_draw(&c, canvas_rect(&c), &p);
    expect(&c, "\n\n\n\n");
    s.n = 0;
    plot_draw(&c, canvas_rect(&c), &p);
    expect(&c, "\n\n\n\n");
    canvas_release(&c);
}

/* 10,000 points on 20 columns: one spike among them is seen in the shadow. */
Test(plot, the_shadow_keeps_a_spike)
{
    static double x[10000], y[10000];
    struct canvas c = make(20, 5, CHARS_BRAILLE);
    struct series s = line(x, y, 10000);
    struct plot p = plot_blank(&s, 1);
    int i, col, top = 0;

    for (i = 0; i < 10000; i++)
        x[i] = i;
    y[7000] = 1;
    p.shadow = 1;
    plot_draw(&c, canvas_rect(&c), &p);
    for (col = 0; col < 20; col++)
        top += canvas_at(&c, 0, col)->code > 0x2800;
    cr_assert_eq(top, 1);
    canvas_clear(&c);
    p.shadow = 0;
    plot_draw(&c, canvas_rect(&c), &p);
    for (col = 0, top = 0; col < 20; col++)
        top += canvas_at(&c, 0, col)->code > 0x2800;
    cr_assert_eq(top, 0, "the mean of 250 points is far below the spike");
    canvas_release(&c);
}

Test(plot, marks_stand_over_the_line_and_a_band_behind_it)
{
    static const double flat[] = {5, 5, 5, 5, 5, 5, 5, 5}, low[] = {0, 0, 0, 0, 0, 0, 0, 0},
                        high[] = {10, 10, 10, 10, 10, 10, 10, 10},
                        mark[] = {NAN, NAN, NAN, 5, NAN, NAN, NAN, NAN};
    struct canvas c = make(8, 5, CHARS_BRAILLE);
    struct series s[3] = {{SERIES_BAND, STYLE_BAND, NULL, 8, counting, low, high},
                          {SERIES_LINE, STYLE_CURVE_A, NULL, 8, counting, flat, NULL},
                          {SERIES_MARKS, STYLE_MARK, NULL, 8, counting, mark, NULL}};
    struct plot p = plot_blank(s, 3);
    int col, marks = 0;

    plot_draw(&c, canvas_rect(&c), &p);
    for (col = 0; col < 8; col++) {
        marks += canvas_at(&c, 2, col)->code == 0x25CF;
        cr_assert(canvas_at(&c, 2, col)->code == 0x25CF || canvas_at(&c, 2, col)->code == 0x2824,
                  "no dot of the band shines through the line");
        cr_assert(canvas_at(&c, 2, col)->style != STYLE_BAND);
        cr_assert_eq(canvas_at(&c, 0, col)->style, STYLE_BAND);
    }
    cr_assert_eq(marks, 1);
    canvas_release(&c);
}

Test(plot, marks_of_two_kinds_have_two_signs)
{
    static const double a[] = {0, 10, 0, 10}, b[] = {10, 0, 10, 0};
    struct canvas c = make(8, 5, CHARS_BLOCK);
    struct series s[2] = {{.kind = SERIES_MARKS, .style = STYLE_MARK, .n = 4, .x = counting, .y = a},
                          {.kind = SERIES_MARKS, .style = STYLE_MARK, .n = 4, .x = counting, .y = b,
                           .glyph = 0x25C6}};
    struct plot p = plot_blank(s, 2);

    plot_draw(&c, canvas_rect(&c), &p);
    cr_assert_eq(canvas_at(&c, 4, 0)->code, 0x25CF);
    cr_assert_eq(canvas_at(&c, 0, 0)->code, 0x25C6);
    canvas_release(&c);
}

Test(plot, lines_are_told_apart_by_their_letters)
{
    static const double high[] = {9, 9, 9, NAN}, same[] = {9, 9, 9, 0};
    struct canvas c = make(8, 4, CHARS_ASCII);
    struct series s[2] = {line(counting, high, 4), line(counting, same, 3)};
    struct plot p = plot_blank(s, 2);

    s[0].label = "low";
    s[1].label = "high";
    p.tags = p.with_zero = 1;
    plot_draw(&c, canvas_rect(&c), &p);
    cr_assert_eq(canvas_at(&c, 0, 5)->code, 'l');
    cr_assert_eq(canvas_at(&c, 0, 4)->code, 'h', "the second steps aside");
    canvas_release(&c);
}

Test(plot, a_share_that_is_always_0_lies_on_the_axis)
{
    static const double y[] = {0, 0, 0, 0};
    struct canvas c = make(24, 6, CHARS_ASCII);
    struct series s = line(counting, y, 4);
    struct plot p = plot_blank(&s, 1);
    int col;

    p.with_zero = 1;
    plot_draw(&c, canvas_rect(&c), &p);
    for (col = 6; col < 24; col++)
        cr_assert_eq(canvas_at(&c, 5, col)->code, '.');
    canvas_release(&c);
}

Test(plot, a_band_and_a_shadow_have_gaps_too)
{
    static const double low[] = {0, 0, NAN, NAN, NAN, 0, 0, 1}, high[] = {9, 9, NAN, NAN, NAN, 9, 9, 9};
    struct canvas c = make(8, 3, CHARS_BRAILLE);
    struct series s[2] = {{SERIES_BAND, STYLE_BAND, NULL, 8, counting, low, high},
                          {SERIES_LINE, STYLE_CURVE_A, NULL, 8, counting, low, NULL}};
    struct plot p = plot_blank(s, 2);
    int row;

    p.shadow = 1;
    plot_draw(&c, canvas_rect(&c), &p);
    for (row = 0; row < 3; row++) {
        cr_assert_eq(canvas_at(&c, row, 3)->code, ' ');
        cr_assert_neq(canvas_at(&c, row, 0)->code, ' ');
    }
    canvas_release(&c);
}

Test(plot, nothing_is_drawn_outside)
{
    static const double y[] = {-1e300, 1e300, 0, 5, NAN, 1e-300, 7, -7};
    struct canvas c = make(40, 12, CHARS_BRAILLE);
    struct rect r = {10, 3, 20, 6};
    struct series s = line(counting, y, 8);
    struct plot p = plot_blank(&s, 1);
    int row, col;

    p.cursor = 3;
    p.x_axis = 1;
    plot_draw(&c, r, &p);
    p.y_low = 0;
    p.y_high = 1;
    p.log_y = 1;
    plot_draw(&c, r, &p);
    for (row = 0; row < 12; row++)
        for (col = 0; col < 40; col++)
            if (row < 3 || row >= 9 || col < 10 || col >= 30)
                cr_assert_eq(canvas_at(&c, row, col)->code, ' ', "%d,%d", row, col);
    canvas_release(&c);
}

Test(plot, labels_stand_where_their_values_are)
{
    static const double y[] = {0, 10};
    struct canvas c = make(20, 11, CHARS_ASCII);
    struct series s = line(counting, y, 2);
    struct plot p = plot_blank(&s, 1);
    struct str t = {0};

    plot_draw(&c, canvas_rect(&c), &p);
    canvas_dump(&c, &t);
    cr_assert(!strncmp(str_c(&t), "10 ", 3), "%s", str_c(&t));
    cr_assert_not_null(strstr(str_c(&t), "\n 5 "));
    cr_assert_not_null(strstr(str_c(&t), "\n 0 "));
    str_free(&t);
    canvas_release(&c);
}

Test(plot, ticks_are_round_and_inside)
{
    static const struct {
        double low, high;
    } range[] = {{0, 1}, {0.3, 0.81}, {-5, 3}, {1e-5, 9e-5}, {0, 123456}, {37, 38}};
    double tick[16], step;
    size_t i;
    int most, n, k;

    for (i = 0; i < sizeof range / sizeof *range; i++)
        for (most = 2; most <= 10; most++) {
            n = plot_ticks(range[i].low, range[i].high, most, tick, &step);
            cr_assert(n >= 0 && n <= most);
            for (k = 0; k < n; k++) {
                double units = tick[k] / step;
                cr_assert(tick[k] >= range[i].low - step * 1e-6 && tick[k] <= range[i].high + step * 1e-6);
                cr_assert_float_eq(units, round(units), 1e-6);
            }
        }
    cr_assert_eq(plot_ticks(0, 1, 5, tick, &step), 5);
    cr_assert_float_eq(step, 0.25, 1e-12);
    cr_assert_eq(plot_ticks(0, 1, 6, tick, &step), 6);
    cr_assert_eq(plot_ticks(1, 1, 6, tick, &step), 0);
    cr_assert_eq(plot_ticks(NAN, 1, 6, tick, &step), 0);
}

Test(plot, smoothing_is_an_unbiased_average)
{
    static const double y[] = {2, 2, NAN, 2, 4};
    double out[5];

    plot_smooth(y, 5, 0.5, out);
    cr_assert_float_eq(out[0], 2, 1e-12);
    cr_assert(isnan(out[2]));
    cr_assert_float_eq(out[3], 2, 1e-12);
    cr_assert_float_eq(out[4], (0.5 * (0.5 * (0.5 * 1 + 1) + 1) + 2) / 0.9375, 1e-12);
    plot_smooth(y, 5, 0, out);
    cr_assert_float_eq(out[4], 4, 1e-12);
}

Test(plot, numbers_have_about_three_digits)
{
    static const struct {
        double v;
        const char *text;
    } row[] = {{0, "0"},         {0.814, "0.81"},  {57.44, "57.4"},  {0.0312, "0.031"}, {0.00012, "1.2e-4"},
               {12345, "12.3k"}, {41200, "41.2k"}, {123456, "123k"}, {-0.953, "-0.95"}, {176, "176"},
               {NAN, "-"},       {1e9, "1.00e9"},  {999.9, "1.0k"},  {2.5e6, "2.5M"}};
    char text[FORMAT_BYTES];
    size_t i;

    for (i = 0; i < sizeof row / sizeof *row; i++)
        cr_assert_str_eq(format_number(text, row[i].v), row[i].text);
    cr_assert_str_eq(format_clock(text, 21), "0:21");
    cr_assert_str_eq(format_clock(text, 3723), "1:02:03");
    cr_assert_str_eq(format_clock(text, NAN), "-");
    cr_assert_str_eq(format_tick(text, 0.30000000000000004, 0.1), "0.3");
    cr_assert_str_eq(format_tick(text, -1e-17, 0.25), "0.00");
    cr_assert_str_eq(format_tick(text, 20000, 5000), "20k");
}

Test(plot, a_sparkline_shows_the_shape)
{
    static const double y[] = {0, 1, NAN, 2, 3, 4, 5, 6};
    struct canvas c = make(8, 1, CHARS_BRAILLE);

    meter_spark(&c, canvas_rect(&c), 0, 0, 8, y, 8, STYLE_CURVE_A);
    expect(&c, "▁▂ ▃▄▅▆▇\n");
    canvas_clear(&c);
    meter_spark(&c, canvas_rect(&c), 0, 0, 2, y, 8, STYLE_CURVE_A);
    expect(&c, "▁▇\n");
    canvas_release(&c);
}

Test(plot, a_bar_tells_the_sign_by_its_side)
{
    struct canvas c = make(9, 3, CHARS_BRAILLE);
    struct rect all = canvas_rect(&c);

    meter_bar(&c, all, 0, 0, 9, 1.0, 1, STYLE_GOOD);
    meter_bar(&c, all, 1, 0, 9, -0.625, 1, STYLE_BAD);
    meter_bar(&c, all, 2, 0, 9, 0, 1, STYLE_DIM);
    expect(&c, "    │━━━━\n ╺━━│\n    │\n");
    canvas_release(&c);
    c = make(9, 2, CHARS_ASCII);
    meter_bar(&c, all, 0, 0, 9, 5, 1, STYLE_GOOD);
    meter_bar(&c, all, 1, 0, 9, -0.5, 1, STYLE_BAD);
    expect(&c, "    |++++\n  --|\n");
    canvas_release(&c);
}

Test(plot, heat_is_also_a_height)
{
    cr_assert_eq(heat_style(0, 0, 2), STYLE_HEAT_0);
    cr_assert_eq(heat_style(1, 0, 2), STYLE_HEAT_0 + 4);
    cr_assert_eq(heat_style(9, 0, 2), STYLE_HEAT_8);
    cr_assert_eq(heat_style(NAN, 0, 2), STYLE_DIM);
    cr_assert_eq(heat_glyph(0, 0, 2), 0x2581);
    cr_assert_eq(heat_glyph(2, 0, 2), 0x2588);
}

Test(plot, ticks_of_steps_are_whole)
{
    double tick[16], step;
    int n, i, high;

    for (high = 2; high < 400; high++) {
        n = plot_step_ticks(1, high, 8, tick, &step);
        cr_assert(n >= 1 && n <= 8, "%d ticks up to %d", n, high);
        for (i = 0; i < n; i++)
            cr_assert_eq(tick[i], floor(tick[i]), "a tick at %g of 1..%d", tick[i], high);
    }
    n = plot_step_ticks(0, 0.5, 8, tick, &step);
    cr_assert(n > 2 && step < 1, "an axis of other numbers is left alone");
}
