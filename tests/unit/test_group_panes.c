/* The panes of the group screen: the order of completions, and what table and text say. */
#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>

#include "tests/golden/moments.h"
#include "views/group_state.h"

static struct snapshot *group_of(const float *reward, const float *advantage, const int *length, int n)
{
    struct snapshot *s = calloc(1, sizeof *s);
    int i;

    cr_assert_not_null(s);
    s->groups_n = 1;
    s->group_size = n;
    for (i = 0; i < n; i++)
        s->trace[i] = (struct snap_trace){.n = length[i],
                                          .done = 1,
                                          .scored = 1,
                                          .reward = reward[i],
                                          .advantage = advantage[i],
                                          .accuracy = reward[i] >= 1,
                                          .format = 1,
                                          .at = -1,
                                          .aha = i == 2};
    return s;
}

Test(pane_group, order_is_by_the_value_and_equal_ones_keep_their_place)
{
    static const float reward[] = {0.1f, 1.1f, 0.1f, 1.1f, 0}, advantage[] = {-0.3f, 0.9f, -0.3f, 0.9f, NAN};
    static const int length[] = {30, 10, 50, 20, 40};
    static const struct {
        enum group_sort sort;
        enum group_filter filter;
        int n, order[5];
    } want[] = {
        {SORT_INDEX, FILTER_ALL, 5, {0, 1, 2, 3, 4}},  {SORT_ADVANTAGE, FILTER_ALL, 5, {1, 3, 0, 2, 4}},
        {SORT_REWARD, FILTER_ALL, 5, {1, 3, 0, 2, 4}}, {SORT_LENGTH, FILTER_ALL, 5, {2, 4, 0, 3, 1}},
        {SORT_LENGTH, FILTER_RIGHT, 2, {3, 1}},        {SORT_INDEX, FILTER_WRONG, 3, {0, 2, 4}},
        {SORT_ADVANTAGE, FILTER_AHA, 1, {2}}};
    struct snapshot *s = group_of(reward, advantage, length, 5);
    int order[SNAP_TRACES], i;
    size_t k;

    for (k = 0; k < sizeof want / sizeof *want; k++) {
        cr_assert_eq(group_order(s, 0, want[k].sort, want[k].filter, order), want[k].n, "case %zu", k);
        for (i = 0; i < want[k].n; i++)
            cr_assert_eq(order[i], want[k].order[i], "case %zu, row %d: %d", k, i, order[i]);
    }
    cr_assert_eq(group_order(s, 1, SORT_INDEX, FILTER_ALL, order), 0, "there is no such group");
    cr_assert(group_rank(s, 0, 1) == 1 && group_rank(s, 0, 3) == 1 && group_rank(s, 0, 0) == 3);
    for (i = 0; i < 5; i++)
        s->trace[i].scored = 0;
    cr_assert_eq(group_order(s, 0, SORT_ADVANTAGE, FILTER_RIGHT, order), 5,
                 "without rewards nothing is hidden");
    cr_assert_eq(group_rank(s, 0, 1), 0);
    free(s);
}

/* A frame of the group screen of the golden run. */
static void draw(const char *which, const struct group_state *g, int w, int h, enum chars chars,
                 struct str *out)
{
    struct canvas c = {.chars = chars};
    struct moment m;
    struct view v;
    int row, col;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, which));
    if (strcmp(which, "cold")) {
        m.now->follow.index = 1;
        moment_follow(&m.now->follow, moment_prompt,
                      "8 * 7 = 56 11 , 56 - 11 = 45 yes </think> <answer> 8 * 7 - 11 </answer>");
        m.now->follow.marks_n = 0;
    }
    v = m.view;
    v.screen = SCREEN_GROUP;
    v.group_screen = (struct group_state *)g;
    cr_assert_eq(canvas_resize(&c, w, h, NULL), ST_OK);
    view_draw(&c, &v, &row, &col);
    str_clear(out);
    canvas_dump(&c, out);
    canvas_release(&c);
    moment_free(&m);
}

static void says(const struct str *frame, const char *text)
{
    cr_assert_not_null(strstr(str_c(frame), text), "'%s' is not in\n%s", text, str_c(frame));
}

Test(pane_group, a_wrong_completion_says_which_check_failed_where_and_what_that_made)
{
    static const int size[][2] = {{160, 45}, {120, 40}, {80, 24}};
    struct group_state g = {.accuracy_weight = 1, .format_weight = 0.1, .std = "sample", .hit_at = -1};
    struct str s = {0};
    int i;

    for (i = 0; i < 3; i++) {
        draw("grpo", &g, size[i][0], size[i][1], CHARS_BRAILLE, &s);
        says(&s, "group 5/16   11 8 7 -> 26");
        says(&s, "✗ gives 45, wanted 26");
        says(&s, "gives 45, wanted 26 (character 52)");
        says(&s, "reward 0.10 = 1 × accuracy 0 + 0.1 × format 1");
        says(&s, "advantage -0.89 = (");
        says(&s, "✗ cut off: no </think>");
    }
    says(&s, "not flat");
    draw("grpo", &g, 160, 45, CHARS_BRAILLE, &s);
    says(&s, "accuracy @52");
    draw("grpo", &g, 120, 40, CHARS_BRAILLE, &s);
    says(&s, "accuracy, character 52");
    says(&s, "format, character 611");
    says(&s, "the groups of step 148");
    draw("grpo", &g, 40, 10, CHARS_ASCII, &s);
    says(&s, "> 2 0.10 -0.89   31 x gives 45, wanted~");
    str_free(&s);
}

Test(pane_group, says_what_is_missing)
{
    struct group_state g = {.accuracy_weight = NAN, .format_weight = NAN, .hit_at = -1, .filter = FILTER_AHA};
    struct str s = {0};

    draw("cold", &g, 100, 30, CHARS_BRAILLE, &s);
    says(&s, "learning from text: nothing is sampled in this stage");
    draw("paused", &g, 100, 30, CHARS_BRAILLE, &s);
    says(&s, "writing");
    says(&s, "being written");
    draw("grpo", &g, 100, 30, CHARS_BRAILLE, &s);
    says(&s, "only aha: 1 of 8");
    cr_assert_null(strstr(str_c(&s), "reward 0.10 ="), "the weights are not known");
    str_free(&s);
}

Test(pane_group, a_search_is_shown_by_a_sign_in_table_and_text)
{
    struct group_state g = {
        .accuracy_weight = 1, .format_weight = 0.1, .find = "7 = 56", .hits_n = 3, .hit_at = 1};
    struct str s = {0};

    g.hit[4 * 8 + 1] = 1;
    draw("grpo", &g, 120, 40, CHARS_ASCII, &s);
    says(&s, "> 2/");
    says(&s, "8 * /7 = 56");
    says(&s, "/ 7 = 56: 2 of 3");
    str_free(&s);
}

Test(pane_group, a_row_is_found_under_the_mouse_as_it_is_sorted)
{
    struct group_state g = {.sort = SORT_LENGTH};
    struct layout l;
    struct moment m;
    const struct rect *r;

    cr_assert(moment_make(&m, "grpo"));
    m.view.screen = SCREEN_GROUP;
    m.view.group_screen = &g;
    view_layout(&m.view, 120, 40, &l);
    r = layout_find(&l, PANE_COMPLETIONS);
    cr_assert_eq(view_row_at(&m.view, 120, 40, r->y + 2, r->x + 9), 3, "the longest stands first");
    cr_assert_eq(view_row_at(&m.view, 120, 40, r->y + 9, r->x + 9), 4, "the shortest last");
    cr_assert_eq(view_row_at(&m.view, 120, 40, r->y + 1, r->x + 9), -1, "the heading");
    cr_assert_eq(view_row_at(&m.view, 120, 40, r->y + 10, r->x + 9), -1);
    moment_free(&m);
}

#define HOSTILE "\033[31m\xE6\xBC\xA2\xE2\x80\xAE\xCC\x81\xFF\r\n\t\xF0\x9F\x98\x80"

/* Whatever stands in texts and numbers, every cell of both screens can be shown. */
Test(pane_group, hostile_text_and_numbers_at_every_size)
{
    static struct group_state g = {.find = HOSTILE, .hits_n = 1 << 30, .scroll = -50, .pinned = 3};
    struct what_if *w = &g.what_if;
    struct canvas c = {.chars = CHARS_ASCII};
    struct moment m;
    int width, height, screen, row, col, i;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert(moment_make(&m, "grpo"));
    moment_follow(&m.now->follow, HOSTILE, HOSTILE " " HOSTILE " 8 * 7 = 56 \033[2J " HOSTILE);
    for (i = 32; i < 40; i++) {
        snprintf(m.now->trace[i].why, sizeof m.now->trace[i].why, "%s", HOSTILE);
        m.now->trace[i].at = 1 << (i - 28);
        m.now->trace[i].accuracy = 0;
        g.hit[i] = 1;
    }
    m.now->trace[33].advantage = NAN;
    m.now->trace[34].reward = INFINITY;
    snprintf(m.now->group[4].prompt, sizeof m.now->group[4].prompt, "%s", HOSTILE);
    w->n = WHAT_IF_GROUP;
    w->cursor = w->n + FIELD_BETA;
    w->tokens.n = SNAP_TOKENS;
    w->advantage[0][1] = NAN;
    w->change[1][0] = -INFINITY;
    w->known[0] = w->known[1] = WHAT_IF_KNOWN;
    m.view.group_screen = &g;
    for (screen = 0; screen < 2; screen++)
        for (width = 20; width <= 240; width += 11)
            for (height = 5; height <= 70; height += 5) {
                m.view.screen = screen ? SCREEN_WHAT_IF : SCREEN_GROUP;
                g.filter = (enum group_filter)(width % FILTER_N);
                cr_assert_eq(canvas_resize(&c, width, height, NULL), ST_OK);
                view_draw(&c, &m.view, &row, &col);
                for (i = 0; i < width * height; i++)
                    cr_assert(c.cell[i].width == 0 || (c.cell[i].code >= 0x20 && c.cell[i].code < 0x7F),
                              "U+%04X at %dx%d", (unsigned)c.cell[i].code, width, height);
            }
    canvas_release(&c);
    moment_free(&m);
}
