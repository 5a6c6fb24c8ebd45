/* The group screen on the desk: what keys and commands choose, and the search through a step's texts. */
#include <locale.h>

#include "app/desk/desk_group.h"
#include "tests/unit/tiny_desk.h"

static void says(const struct str *frame, const char *text)
{
    cr_assert_not_null(strstr(str_c(frame), text), "'%s' is not in\n%s", text, str_c(frame));
}

static struct tiny_desk t;
static struct err e;

static void set_up(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    tiny_desk_init(&t);
    desk_show_screen(&t.desk, SCREEN_GROUP);
}

static void tear_down(void)
{
    tiny_desk_release(&t);
}

static const struct snap_follow *followed(void)
{
    return &desk_shown(&t.desk)->follow;
}

Test(group_screen, up_and_down_follow_and_enter_opens_the_trace, .init = set_up, .fini = tear_down)
{
    struct str s = {0};

    desk_follow(&t.desk, FOLLOW_PINNED, 1, 0);
    tiny_desk_draw(&t, 120, 40, &s);
    request_do(&t.desk, REQUEST_DOWN, 0);
    request_do(&t.desk, REQUEST_DOWN, 0);
    cr_assert(followed()->group == 1 && followed()->index == 2, "%d/%d", followed()->group,
              followed()->index);
    tiny_desk_draw(&t, 120, 40, &s);
    says(&s, "completion 3 of 4");
    request_do(&t.desk, REQUEST_END, 0);
    cr_assert_eq(followed()->index, 3);
    request_do(&t.desk, REQUEST_DOWN, 0);
    cr_assert_eq(followed()->index, 3);
    request_do(&t.desk, REQUEST_NEXT_GROUP, 0);
    cr_assert(followed()->group == 2 && followed()->index == 3);
    request_do(&t.desk, REQUEST_EARLIER, 0);
    tiny_desk_draw(&t, 120, 40, &s);
    cr_assert(desk_shown(&t.desk)->step == 2 && followed()->group == 2 && followed()->index == 3);
    request_do(&t.desk, REQUEST_ENTER, 0);
    cr_assert_eq(t.desk.view.screen, SCREEN_TRACE);
    str_free(&s);
}

Test(group_screen, sorted_by_length_down_goes_to_a_shorter_one, .init = set_up, .fini = tear_down)
{
    const struct snapshot *s = desk_shown(&t.desk);
    int i, last = 1 << 30;

    cr_assert_eq(command_run(&t.desk, "sort length", &e), ST_OK);
    request_do(&t.desk, REQUEST_HOME, 0);
    for (i = 0; i < s->group_size; i++) {
        int n = s->trace[followed()->group * s->group_size + followed()->index].n;
        cr_assert_leq(n, last);
        last = n;
        request_do(&t.desk, REQUEST_DOWN, 0);
    }
    cr_assert_eq(command_run(&t.desk, "sort size", &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "index, advantage, reward or length"));
}

Test(group_screen, a_search_goes_through_all_texts_of_the_step, .init = set_up, .fini = tear_down)
{
    struct group_state *g = t.desk.view.group_screen;
    const struct snapshot *s = desk_shown(&t.desk);
    int all = s->groups_n * s->group_size, seen[SNAP_TRACES] = {0}, first = -1, i, at;

    /* Every text of a tiny model that learned the form has a sign of equality. */
    cr_assert_eq(command_run(&t.desk, ":find =", &e), ST_OK, "%s", e.msg);
    cr_assert(g->has_texts && g->hits_n > 1, "%d", g->hits_n);
    for (i = 0; i < g->hits_n; i++) {
        at = followed()->group * s->group_size + followed()->index;
        cr_assert(strstr(followed()->text + followed()->prompt_n, "=") != NULL);
        first = i ? first : at;
        cr_assert(!seen[at]++, "%d comes twice before all have come once", at);
        request_do(&t.desk, REQUEST_FIND_NEXT, 0);
    }
    at = followed()->group * s->group_size + followed()->index;
    cr_assert_eq(at, first, "round the end");
    request_do(&t.desk, REQUEST_FIND_PREVIOUS, 0);
    request_do(&t.desk, REQUEST_FIND_NEXT, 0);
    cr_assert_eq(followed()->group * s->group_size + followed()->index, at);
    cr_assert_leq(g->hits_n, all);
    cr_assert_eq(command_run(&t.desk, "find no such text", &e), ST_NOTFOUND);
    cr_assert_not_null(strstr(e.msg, "no such text"), "%s", e.msg);
    cr_assert_eq(g->find[0], 0, "what was not found is not marked");
    cr_assert_eq(group_find_next(&t.desk, 1, &e), ST_USAGE);
}

Test(group_screen, keys_cycle_and_every_size_is_drawn, .init = set_up, .fini = tear_down)
{
    struct group_state *g = t.desk.view.group_screen;
    struct str s = {0};
    int w, h, i;

    for (i = 0; i < FILTER_N; i++) {
        request_do(&t.desk, REQUEST_FILTER, 0);
        request_do(&t.desk, REQUEST_SORT, 0);
        for (w = 38; w <= 200; w += 27)
            for (h = 9; h <= 60; h += 17)
                tiny_desk_draw(&t, w, h, &s);
    }
    cr_assert(g->filter == FILTER_ALL && g->sort == SORT_INDEX);
    request_do(&t.desk, REQUEST_FIND, 0);
    cr_assert_str_eq(t.desk.prefill, "find ");
    str_free(&s);
}

Test(group_screen, a_click_chooses_the_completion_under_it, .init = set_up, .fini = tear_down)
{
    struct str s = {0};
    struct layout l;
    const struct rect *r;

    desk_follow(&t.desk, FOLLOW_PINNED, 1, 0);
    tiny_desk_draw(&t, 120, 40, &s);
    view_layout(&t.desk.view, 120, 40, &l);
    r = layout_find(&l, PANE_COMPLETIONS);
    request_click(&t.desk, r->y + 2 + 3, r->x + 10); /* border, heading, fourth row */
    cr_assert(followed()->group == 1 && followed()->index == 3, "%d/%d", followed()->group,
              followed()->index);
    request_click(&t.desk, r->y + 2 + 4, r->x + 10);
    cr_assert_eq(followed()->index, 3, "below the last one there is nothing");
    str_free(&s);
}
