/* What single parts of a frame say and do: the state of a run, the last line, rows under the mouse, the
 * trace. Whole frames are in test_golden_screens.c, what holds for all of them in test_hostile_screens.c. */
#include <criterion/criterion.h>
#include <locale.h>

#include "tests/golden/moments.h"
#include "tests/unit/golden.h"
#include "views/tree.h"

Test(views, the_state_of_a_run_is_said_in_words)
{
    static const struct {
        enum run_state state;
        const char *text;
    } row[] = {{RUN_RUNNING, "RUNNING"}, {RUN_PAUSED, "PAUSED"}, {RUN_REPLAYING, "REPLAYING to 190"},
               {RUN_FAILED, "FAILED"}, {RUN_DONE, "DONE: space goes on"}};
    struct canvas c = {0};
    struct moment m;
    size_t i;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    m.now->head = 190;
    for (i = 0; i < sizeof row / sizeof *row; i++) {
        m.now->state = row[i].state;
        golden_draw(&c, &m.view, 80, 24, CHARS_ASCII);
        cr_assert(golden_contains(&c, row[i].text), "%s", row[i].text);
    }
    m.now->is_live = 0;
    golden_draw(&c, &m.view, 80, 24, CHARS_ASCII);
    cr_assert(golden_contains(&c, "FROM THE STORE"));
    canvas_release(&c);
    moment_free(&m);
}

Test(views, the_last_line_shows_the_most_urgent)
{
    struct canvas c = {0};
    struct moment m;
    int row, col;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    golden_draw(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "space pause"));
    m.view.message = "forked as no-kl";
    golden_draw(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "forked as no-kl") && !golden_contains(&c, "space pause"));
    m.view.question = "quit while the run is active? y/n";
    golden_draw(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "y/n") && !golden_contains(&c, "forked"));
    m.view.command = ":gö";
    m.view.command_point = 4;
    m.view.command_hint = ":goto STEP";
    view_draw(&c, &m.view, &row, &col);
    cr_assert(row == 23 && col == 3, "%d,%d", row, col);
    cr_assert(golden_contains(&c, "\n:gö\n") && golden_contains(&c, "\n:goto STEP\n"));
    canvas_release(&c);
    moment_free(&m);
}

Test(views, a_long_command_scrolls_so_that_its_cursor_is_seen)
{
    static char text[301];
    struct canvas c = {0};
    struct moment m;
    int row, col;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    memset(text, 'x', 300);
    m.view.command = text;
    m.view.command_point = 300;
    cr_assert_eq(canvas_resize(&c, 80, 24, NULL), ST_OK);
    view_draw(&c, &m.view, &row, &col);
    cr_assert(row == 23 && col == 79, "%d,%d", row, col);
    canvas_release(&c);
    moment_free(&m);
}

/* The line of the list that is drawn at a cell is the one that view_row_at tells. */
Test(views, the_mouse_hits_what_is_drawn)
{
    static const int size[3][2] = {{80, 24}, {120, 40}, {40, 10}};
    struct canvas c = {0};
    struct moment m;
    int i, row, hits;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    for (i = 0; i < 3; i++) {
        int w = size[i][0], h = size[i][1];
        m.view.screen = SCREEN_DASHBOARD;
        golden_draw(&c, &m.view, w, h, CHARS_ASCII);
        for (row = 0, hits = 0; row < h; row++) {
            int at = view_row_at(&m.view, w, h, row, 3);
            if (at < 0)
                continue;
            hits++;
            cr_assert_eq((int)canvas_at(&c, row, w < 60 || h < 28 ? 2 : 3)->code, '1' + at, "row %d of %dx%d",
                         row, w, h);
        }
        cr_assert_eq(hits,
                     view_rows(&m.view, w, h, PANE_GROUP) < 8 ? view_rows(&m.view, w, h, PANE_GROUP) : 8);
        m.view.screen = SCREEN_RUNS;
        golden_draw(&c, &m.view, w, h, CHARS_ASCII);
        for (row = 0, hits = 0; row < h; row++)
            if (view_row_at(&m.view, w, h, row, 5) >= 0) {
                int col, selected = view_row_at(&m.view, w, h, row, 5) == m.view.runs_list.selected;
                for (col = 5; col < 12; col++)
                    cr_assert_eq(canvas_at(&c, row, col)->selected, selected);
                hits++;
            }
        cr_assert_eq(hits, 6);
    }
    canvas_release(&c);
    moment_free(&m);
}

/* A group that does not fit: as many lines answer to the mouse as are drawn, and paging knows how many. */
Test(views, a_long_list_has_as_many_rows_as_are_drawn)
{
    static const int size[3][2] = {{80, 24}, {120, 40}, {160, 45}};
    struct canvas c = {0};
    struct moment m;
    int i, row, hits, drawn;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    m.now->groups_n = 1;
    m.now->group_size = 64;
    for (i = 0; i < 3; i++) {
        struct str s = {0};
        const char *p;
        golden_draw(&c, &m.view, size[i][0], size[i][1], CHARS_ASCII);
        for (row = 0, hits = 0; row < size[i][1]; row++)
            hits += view_row_at(&m.view, size[i][0], size[i][1], row, 3) >= 0;
        canvas_dump(&c, &s);
        for (p = str_c(&s), drawn = 0; (p = strstr(p, " tok ")); p++)
            drawn++;
        cr_assert_eq(hits, drawn);
        cr_assert_eq(view_rows(&m.view, size[i][0], size[i][1], PANE_GROUP), drawn);
        str_free(&s);
    }
    canvas_release(&c);
    moment_free(&m);
}

Test(views, the_trace_pane_follows_the_end_and_can_be_scrolled_back)
{
    static char text[4000];
    struct canvas c = {0};
    struct moment m;
    int i, n = 0;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "paused"));
    for (i = 0; i < 700; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, i ? " %d" : "%d", 100 + i);
    moment_follow(&m.now->follow, moment_prompt, text);
    m.now->follow.marks_n = 0;
    golden_draw(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, " 799 ▌") && !golden_contains(&c, "Assistant"));
    m.view.trace_up = 100000;
    golden_draw(&c, &m.view, 80, 24, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "Assistant") && !golden_contains(&c, " 799 "));
    cr_assert(golden_contains(&c, "more below"));
    canvas_release(&c);
    moment_free(&m);
}

/* Colour is never alone: every kind of mark has a sign of its own, also in ASCII. */
Test(views, marks_have_signs)
{
    struct canvas c = {0};
    struct moment m;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    golden_draw(&c, &m.view, 160, 45, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "8 * 7 = 56 ✓"));
    cr_assert(golden_contains(&c, "77 - 8 = 68 ✗"));
    cr_assert(golden_contains(&c, "↺wait"));
    cr_assert(golden_contains(&c, "★wait"));
    cr_assert(golden_contains(&c, "↩11 * 7"));
    cr_assert(golden_contains(&c, "✓ right"));
    golden_draw(&c, &m.view, 160, 45, CHARS_ASCII);
    cr_assert(golden_contains(&c, "~wait") && golden_contains(&c, "!wait"));
    cr_assert(golden_contains(&c, "77 - 8 = 68 x"));
    canvas_release(&c);
    moment_free(&m);
}

Test(views, a_long_line_of_the_log_goes_on_below)
{
    static const char log[] = "the first\nthe second\nthe third\n"
                              "12:00:00  quick step 0  begins\n"
                              "12:00:01  quick step 25  held out: pass@1 0.724  pass@8 0.970  maj@8 0.936\n"
                              "12:00:02  quick step 26  the end";
    struct canvas c = {0};
    struct moment m;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    m.view.screen = SCREEN_LOG;
    m.view.log = log;
    golden_draw(&c, &m.view, 40, 10, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "6 lines"));
    cr_assert(golden_contains(&c, "\n 12:00:00  quick step 0  begins\n 12:00:01  quick step 25  held out:\n"
                                  "   pass@1 0.724  pass@8 0.970  maj@8\n   0.936\n"
                                  " 12:00:02  quick step 26  the end\n"));
    cr_assert(!golden_contains(&c, "the first") && golden_contains(&c, "the second"));
    m.view.log_up = 1;
    golden_draw(&c, &m.view, 40, 10, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "the first") && !golden_contains(&c, "the end"));
    cr_assert(golden_contains(&c, "more below"));
    m.view.log_up = 1000;
    golden_draw(&c, &m.view, 40, 10, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "\n the first"), "not further back than to the first line");
    golden_draw(&c, &m.view, 120, 40, CHARS_BRAILLE);
    cr_assert(golden_contains(&c, "pass@8 0.970  maj@8 0.936"), "where there is room, one row");
    canvas_release(&c);
    moment_free(&m);
}
