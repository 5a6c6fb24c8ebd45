/* The canvas: clipping, hostile text, wide and combining characters, what stands in where characters are
 * missing. */
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#include "views/canvas.h"

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

Test(canvas, text_is_clipped_to_its_rectangle)
{
    struct canvas c = make(10, 3, CHARS_BRAILLE);
    struct rect r = {2, 1, 5, 1};

    cr_assert_eq(canvas_text(&c, r, 0, -2, STYLE_TEXT, "abcdefghij", -1), 8);
    canvas_text(&c, r, 1, 0, STYLE_TEXT, "below", -1);
    canvas_text(&c, r, -1, 0, STYLE_TEXT, "above", -1);
    expect(&c, "\n  cdefg\n\n");
    canvas_release(&c);
}

Test(canvas, a_rectangle_that_leaves_the_canvas_writes_nothing_outside)
{
    struct canvas c = make(4, 2, CHARS_BRAILLE);
    struct rect r = {-2, -1, 100, 100};

    canvas_fill(&c, r, STYLE_TEXT, 'x');
    expect(&c, "xxxx\nxxxx\n");
    canvas_box(&c, (struct rect){3, 1, 9, 9}, STYLE_BORDER);
    cr_assert_eq(canvas_at(&c, 1, 3)->code, 0x250C);
    cr_assert_null(canvas_at(&c, 2, 0));
    canvas_release(&c);
}

Test(canvas, escapes_and_control_characters_are_shown_not_sent)
{
    struct canvas c = make(30, 1, CHARS_BRAILLE);

    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "a\033[31mb\r\n\t\177\xC2\x9B", -1);
    expect(&c, "a\xE2\x90\x9B[31mb\xE2\x90\x8D\xE2\x90\x8A\xE2\x90\x89\xE2\x90\xA1\xEF\xBF\xBD\n");
    canvas_release(&c);
}

Test(canvas, marks_that_turn_or_hide_text_become_visible)
{
    struct canvas c = make(20, 1, CHARS_BRAILLE);

    /* Right-to-left override, zero-width space, byte-order mark. */
    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT,
                "a\xE2\x80\xAE"
                "b\xE2\x80\x8B"
                "c\xEF\xBB\xBF"
                "d",
                -1);
    expect(&c, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xEF\xBF\xBD" "d\n");
    canvas_release(&c);
}

Test(canvas, invalid_bytes_become_replacement_characters)
{
    struct canvas c = make(20, 1, CHARS_BRAILLE);

    /* A lone continuation, an overlong slash, a surrogate, a cut-off sequence at the end. */
    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "\x80|\xC0\xAF|\xED\xA0\x80|\xE2\x82", -1);
    expect(&c, "\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|"
               "\xEF\xBF\xBD\xEF\xBF\xBD\n");
    canvas_release(&c);
}

Test(canvas, wide_characters_keep_both_halves_or_none)
{
    struct canvas c = make(5, 1, CHARS_BRAILLE);
    struct rect all = canvas_rect(&c);

    canvas_text(&c, all, 0, 0, STYLE_TEXT, "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", -1);
    expect(&c, "\xE6\xBC\xA2\xE5\xAD\x97\n");          /* the third does not fit whole */
    cr_assert_eq(canvas_at(&c, 0, 0)->width, 2);
    cr_assert_eq(canvas_at(&c, 0, 1)->width, 0);
    canvas_put(&c, all, 0, 1, STYLE_TEXT, 'x');         /* breaks the first one */
    expect(&c, " x\xE5\xAD\x97\n");
    canvas_put(&c, all, 0, 2, STYLE_TEXT, 'y');         /* and the second, from its left half */
    expect(&c, " xy\n");
    cr_assert_eq(canvas_at(&c, 0, 3)->width, 1);
    canvas_release(&c);
}

Test(canvas, one_combining_mark_stays_with_its_letter)
{
    struct canvas c = make(4, 1, CHARS_BRAILLE);

    cr_assert_eq(canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "e\xCC\x81\xCC\x81\xCC\x81z", -1), 2);
    expect(&c, "e\xCC\x81z\n");
    canvas_release(&c);
}

Test(canvas, ascii_has_a_stand_in_for_everything)
{
    struct canvas c = make(24, 3, CHARS_ASCII);
    struct rect all = canvas_rect(&c);

    canvas_box(&c, all, STYLE_BORDER);
    canvas_text(&c, all, 1, 1, STYLE_TEXT,
                "✓✗★▰▱·…→●\xE6\xBC\xA2\xF0\x9F\x98\x80\xC3\xA9\033\xE2\xA3\xBF", -1);
    expect(&c, "+----------------------+\n|vx!#..~>o????.        |\n+----------------------+\n");
    canvas_release(&c);
}

Test(canvas, blocks_without_braille)
{
    struct canvas c = make(4, 1, CHARS_BLOCK);

    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, "\xE2\xA3\xBF█─", -1);
    expect(&c, "·█─\n");
    canvas_release(&c);
}

Test(canvas, width_agrees_with_what_is_drawn)
{
    static const char *const text[] = {"plain",    "✓ wide \xE6\xBC\xA2", "e\xCC\x81", "\033[1m",
                                       "\xFF\xFE", "a\xE2\x80\xAE"};
    enum chars chars;
    size_t i;

    for (chars = CHARS_BRAILLE; chars <= CHARS_ASCII; chars++)
        for (i = 0; i < sizeof text / sizeof *text; i++) {
            struct canvas c = make(30, 1, chars);
            cr_assert_eq(canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_TEXT, text[i], -1),
                         canvas_width(&c, text[i], -1), "text %zu at level %d", i, (int)chars);
            canvas_release(&c);
        }
}

Test(canvas, fit_ends_with_an_ellipsis)
{
    struct canvas c = make(20, 2, CHARS_BRAILLE);

    cr_assert_eq(canvas_fit(&c, canvas_rect(&c), 0, 2, 6, STYLE_TEXT, "abcdefgh"), 8);
    cr_assert_eq(canvas_fit(&c, canvas_rect(&c), 1, 2, 8, STYLE_TEXT, "abcdefgh"), 10);
    expect(&c, "  abcde…\n  abcdefgh\n");
    canvas_release(&c);
}

Test(canvas, cut_stays_inside)
{
    struct rect r = {10, 20, 30, 40}, p = rect_cut(r, -5, 2, 10, 100), q = rect_cut(r, 40, 50, 5, 5);

    cr_assert(p.x == 10 && p.y == 22 && p.w == 5 && p.h == 38);
    cr_assert(q.w == 0 && q.h == 0);
}

Test(canvas, selection_marks_a_row_and_writing_clears_it)
{
    struct canvas c = make(4, 2, CHARS_BRAILLE);
    struct str s = {0};

    canvas_text(&c, canvas_rect(&c), 0, 0, STYLE_GOOD, "ab", -1);
    canvas_select(&c, (struct rect){0, 0, 3, 1}, 0);
    canvas_dump_styles(&c, &s);
    cr_assert_str_eq(str_c(&s), "@@@ \n    \n");
    canvas_put(&c, canvas_rect(&c), 0, 0, STYLE_BAD, 'x');
    str_clear(&s);
    canvas_dump_styles(&c, &s);
    cr_assert_str_eq(str_c(&s), "x@@ \n    \n");
    str_free(&s);
    canvas_release(&c);
}

/* Random bytes: every cell that results can go to a terminal, and the halves of wide characters match. */
Test(canvas, random_bytes_leave_only_cells_that_can_be_shown)
{
    struct canvas c = make(37, 7, CHARS_BRAILLE);
    unsigned x = 12345;
    char text[64];
    int i, j, row, col;

    for (i = 0; i < 3000; i++) {
        for (j = 0; j < (int)sizeof text; j++) {
            x = x * 1664525u + 1013904223u;
            text[j] = (char)(x >> 24);
        }
        canvas_text(&c, (struct rect){(int)(x % 41) - 3, (int)(x / 41 % 9) - 1, 17, 2}, 0, (int)(x % 7) - 3,
                    STYLE_TEXT, text, (int)sizeof text);
    }
    for (row = 0; row < c.h; row++)
        for (col = 0; col < c.w; col++) {
            const struct cell *k = canvas_at(&c, row, col);
            if (k->width == 0) {
                cr_assert(col > 0 && canvas_at(&c, row, col - 1)->width == 2);
                continue;
            }
            cr_assert(k->code >= 0x20 && !(k->code >= 0x7F && k->code < 0xA0));
            cr_assert(!(k->code >= 0x202A && k->code <= 0x202E));
            if (k->width == 2)
                cr_assert(col + 1 < c.w && canvas_at(&c, row, col + 1)->width == 0);
        }
    canvas_release(&c);
}
