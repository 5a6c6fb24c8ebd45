/* Layout: over all sizes every cell of the screen belongs to exactly one pane, and no pane is empty. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "views/layout.h"
#include "views/view.h"

enum { W_MAX = 240, H_MAX = 70 };

static void check_tiles(const struct layout *l, enum screen_id screen, int w, int h)
{
    static unsigned char used[H_MAX][W_MAX];
    int i, k, y;

    cr_assert(l->n >= 1 && l->n <= LAYOUT_MAX, "screen %d at %dx%d has %d panes", (int)screen, w, h, l->n);
    memset(used, 0, sizeof used);
    for (i = 0; i < l->n; i++) {
        struct rect r = l->place[i].rect;
        for (k = 0; k < i; k++)
            cr_assert_neq(l->place[k].pane, l->place[i].pane, "a pane stands twice on screen %d at %dx%d",
                          (int)screen, w, h);
        cr_assert(r.w >= 1 && r.h >= 1, "pane %d is empty at %dx%d", (int)l->place[i].pane, w, h);
        cr_assert(r.x >= 0 && r.y >= 0 && r.x + r.w <= w && r.y + r.h <= h, "pane %d leaves %dx%d",
                  (int)l->place[i].pane, w, h);
        for (y = r.y; y < r.y + r.h; y++) {
            cr_assert_null(memchr(&used[y][r.x], 1, (size_t)r.w),
                           "panes overlap in row %d of screen %d at %dx%d", y, (int)screen, w, h);
            memset(&used[y][r.x], 1, (size_t)r.w);
        }
    }
    for (y = 0; y < h; y++)
        cr_assert_null(memchr(used[y], 0, (size_t)w), "a hole in row %d of screen %d at %dx%d", y,
                       (int)screen, w, h);
}

static void check(enum screen_id screen, int w, int h, enum pane_id zoom)
{
    struct layout l;

    layout_make(&l, screen, w, h, zoom);
    check_tiles(&l, screen, w, h);
}

Test(layout, panes_tile_every_size)
{
    int s, w, h;

    for (s = 0; s < SCREEN_N; s++)
        for (w = 20; w <= W_MAX; w++)
            for (h = 5; h <= H_MAX; h++)
                check((enum screen_id)s, w, h, PANE_NONE);
}

/* What is learned from pairs stands beside the loss, wherever both have room. */
Test(layout, a_stage_of_pairs_tiles_every_size)
{
    static const char *const stage[] = {"reward", "dpo", "cold"};
    struct snapshot now = {.version = 1};
    struct view v;
    struct layout l;
    int s, w, h;

    view_init(&v);
    v.now = &now;
    for (s = 0; s < 3; s++)
        for (w = 20; w <= W_MAX; w++)
            for (h = 5; h <= H_MAX; h++) {
                snprintf(now.stage, sizeof now.stage, "%s", stage[s]);
                view_layout(&v, w, h, &l);
                check_tiles(&l, SCREEN_LEARNING, w, h);
                cr_assert_eq(layout_find(&l, PANE_PAIRS) != NULL, s < 2 && w >= 60 && h >= 10);
            }
}

Test(layout, a_zoomed_pane_has_all_but_two_lines)
{
    struct layout l, zoomed;
    int s, i, w, h;

    for (s = 0; s < SCREEN_N; s++) {
        layout_make(&l, (enum screen_id)s, W_MAX, H_MAX, PANE_NONE);
        for (i = 0; i < l.n; i++)
            for (w = 20; w <= W_MAX && l.place[i].pane > PANE_TOO_SMALL; w += 5)
                for (h = 5; h <= H_MAX; h++) {
                    check((enum screen_id)s, w, h, l.place[i].pane);
                    layout_make(&zoomed, (enum screen_id)s, w, h, l.place[i].pane);
                    cr_assert(w < LAYOUT_MIN_W || h < LAYOUT_MIN_H ||
                                  layout_find(&zoomed, l.place[i].pane)->h == h - 2,
                              "pane %d of screen %d at %dx%d", (int)l.place[i].pane, s, w, h);
                }
    }
    layout_make(&l, SCREEN_DASHBOARD, 80, 24, PANE_TRACE);
    cr_assert_eq(layout_find(&l, PANE_TRACE)->h, 22);
}

/* A lesson goes on below any screen: its strip is there at every size that shows anything. */
Test(layout, a_strip_leaves_the_rest_whole)
{
    struct layout l;
    int s, w, h, rows;

    for (s = 0; s < SCREEN_N; s++)
        for (w = 20; w <= W_MAX; w += 3)
            for (h = 5; h <= H_MAX; h++) {
                rows = h / 3 < 4 ? 4 : h / 3;
                layout_strip(&l, (enum screen_id)s, w, h, PANE_NONE, PANE_LESSON, rows);
                check_tiles(&l, (enum screen_id)s, w, h);
                if (w >= LAYOUT_MIN_W && h >= LAYOUT_MIN_H)
                    cr_assert(layout_find(&l, PANE_LESSON) && layout_find(&l, PANE_LESSON)->h >= 3 &&
                                  l.n >= 4,
                              "screen %d at %dx%d", s, w, h);
            }
}

Test(layout, below_the_minimum_one_pane_says_so)
{
    struct layout l;
    int s;

    for (s = 0; s < SCREEN_N; s++) {
        layout_make(&l, (enum screen_id)s, LAYOUT_MIN_W - 1, 50, PANE_NONE);
        cr_assert(l.n == 1 && l.place[0].pane == PANE_TOO_SMALL);
        layout_make(&l, (enum screen_id)s, 200, LAYOUT_MIN_H - 1, PANE_NONE);
        cr_assert(l.n == 1 && l.place[0].pane == PANE_TOO_SMALL);
        layout_make(&l, (enum screen_id)s, LAYOUT_MIN_W, LAYOUT_MIN_H, PANE_NONE);
        cr_assert(l.n > 1);
    }
}

/* Group and trace stay on every dashboard, header and status on every screen; each composition's panes get
 * their minimum. */
Test(layout, what_matters_is_always_there)
{
    struct layout l;
    int s, w, h;

    for (w = LAYOUT_MIN_W; w <= W_MAX; w += 3)
        for (h = LAYOUT_MIN_H; h <= H_MAX; h++)
            for (s = 0; s < SCREEN_N; s++) {
                layout_make(&l, (enum screen_id)s, w, h, PANE_NONE);
                cr_assert(layout_find(&l, PANE_HEADER) && layout_find(&l, PANE_STATUS)->h == 1);
                if (s != SCREEN_DASHBOARD)
                    continue;
                cr_assert(layout_find(&l, PANE_GROUP)->h >= 3, "%dx%d", w, h);
                cr_assert(layout_find(&l, PANE_TRACE)->h >= 3, "%dx%d", w, h);
                cr_assert(layout_find(&l, PANE_REWARD)->w >= 20, "%dx%d", w, h);
            }
}

Test(layout, at_80_by_24_curves_are_one_row)
{
    struct layout l;

    layout_make(&l, SCREEN_DASHBOARD, 80, 24, PANE_NONE);
    cr_assert_eq(layout_find(&l, PANE_REWARD)->h, 1);
    cr_assert_eq(layout_find(&l, PANE_KL)->h, 1);
    cr_assert(layout_find(&l, PANE_TRACE)->h >= 8);
    layout_make(&l, SCREEN_DASHBOARD, 100, 32, PANE_NONE);
    cr_assert(layout_find(&l, PANE_REWARD)->h >= 6);
}

Test(layout, tab_goes_round_the_panes_that_take_focus)
{
    struct layout l;
    enum pane_id focus = PANE_NONE;
    int i, seen_trace = 0, n = 0;

    layout_make(&l, SCREEN_DASHBOARD, 120, 40, PANE_NONE);
    for (i = 0; i < l.n; i++)
        n += l.place[i].pane > PANE_TOO_SMALL;
    for (i = 0; i < n; i++) {
        focus = layout_next(&l, focus, 1);
        cr_assert(focus != PANE_HEADER && focus != PANE_STATUS && focus != PANE_NONE);
        seen_trace += focus == PANE_TRACE;
    }
    cr_assert_eq(seen_trace, 1);
    cr_assert_eq(layout_next(&l, layout_next(&l, PANE_KL, 1), -1), PANE_KL);
}

Test(layout, hit_finds_the_pane_under_a_cell)
{
    struct layout l;
    const struct rect *r;
    int row, col;

    layout_make(&l, SCREEN_DASHBOARD, 120, 40, PANE_NONE);
    r = layout_find(&l, PANE_GROUP);
    cr_assert_eq(layout_hit(&l, r->y, r->x), PANE_GROUP);
    cr_assert_eq(layout_hit(&l, r->y + r->h - 1, r->x + r->w - 1), PANE_GROUP);
    cr_assert_eq(layout_hit(&l, 40, 0), PANE_NONE);
    for (row = 0; row < 40; row++)
        for (col = 0; col < 120; col++) {
            r = layout_find(&l, layout_hit(&l, row, col));
            cr_assert(row >= r->y && row < r->y + r->h && col >= r->x && col < r->x + r->w);
        }
}

Test(layout, keys_find_screens)
{
    cr_assert_eq(screen_find('1'), SCREEN_DASHBOARD);
    cr_assert_eq(screen_find('6'), SCREEN_RUNS);
    cr_assert_eq(screen_find('x'), SCREEN_N);
    cr_assert_eq(screen_find(0), SCREEN_N);
}

Test(layout, overlays_stay_on_the_screen)
{
    int w, h;

    for (w = 20; w <= W_MAX; w++)
        for (h = 5; h <= H_MAX; h++) {
            struct rect r = layout_overlay(w, h, 92, 30);
            cr_assert(r.w >= 1 && r.h >= 1 && r.x >= 0 && r.y >= 0 && r.x + r.w <= w && r.y + r.h <= h);
        }
}
