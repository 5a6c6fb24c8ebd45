/* What lists and curves are made from: the history of a run, a list that scrolls, the tree of runs. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "views/history.h"
#include "views/list.h"
#include "views/tree.h"

Test(history, a_long_run_is_thinned_but_keeps_its_evaluations)
{
    struct history h;
    double m[METRIC_N];
    int64_t s;
    int i, evaluations = 0;

    cr_assert_eq(history_init(&h, NULL), ST_OK);
    history_reset(&h, 7);
    for (i = 0; i < METRIC_N; i++)
        m[i] = NAN;
    for (s = 0; s < 20000; s++) {
        m[M_REWARD] = (double)s;
        m[M_PASS_1] = s % 50 == 49 ? 0.5 : NAN;
        history_add(&h, s, m);
    }
    cr_assert(h.n <= HISTORY_ROWS && h.n >= HISTORY_ROWS / 4, "%d", h.n);
    for (i = 0; i < h.n; i++) {
        cr_assert_eq(history_metric(&h, M_REWARD)[i], h.step[i]);
        cr_assert(!i || h.step[i] > h.step[i - 1]);
        evaluations += isfinite(history_metric(&h, M_PASS_1)[i]);
    }
    cr_assert_eq(evaluations, 400);
    cr_assert_eq(h.last, 19999);
    history_add(&h, 19999, m);
    history_add(&h, 5, m);
    cr_assert_eq(h.last, 19999);
    cr_assert(history_last(&h, M_REWARD, 1000) >= 999 && history_last(&h, M_REWARD, 1000) <= 1000);
    history_reset(&h, 8);
    cr_assert(isnan(history_last(&h, M_REWARD, -1)));
    history_release(&h);
}

Test(history, evaluations_alone_cannot_overflow_it)
{
    struct history h;
    double m[METRIC_N] = {0};
    int64_t s;

    cr_assert_eq(history_init(&h, NULL), ST_OK);
    for (s = 0; s < 3 * HISTORY_ROWS; s++)
        history_add(&h, s, m);
    cr_assert(h.n <= HISTORY_ROWS && h.n > HISTORY_ROWS / 4);
    history_release(&h);
}

Test(list, selection_stays_in_view)
{
    struct list l = {.n = 100};
    int i;

    for (i = 0; i < 300; i++) {
        list_move(&l, i % 7 == 0 ? 40 : -6, 10);
        cr_assert(l.selected >= 0 && l.selected < l.n);
        cr_assert(l.top >= 0 && l.top <= l.selected && l.selected < l.top + 10 && l.top <= 90);
    }
    l.n = 3;
    list_clamp(&l, 10);
    cr_assert(l.selected <= 2 && l.top == 0);
    l.n = 0;
    list_move(&l, 5, 10);
    cr_assert(l.selected == 0 && l.top == 0);
}

Test(tree, children_stand_under_their_parents)
{
    static struct tree_line line[TREE_MAX];
    struct record_run run[6];
    static const int64_t parent[6] = {0, 1, 0, 1, 2, 99};
    static const int want[6] = {0, 1, 4, 3, 2, 5}, depth[6] = {0, 1, 2, 1, 0, 0};
    int i;

    memset(run, 0, sizeof run);
    for (i = 0; i < 6; i++) {
        run[i].id = i + 1;
        run[i].parent = parent[i];
    }
    cr_assert_eq(tree_order(run, 6, line), 6);
    for (i = 0; i < 6; i++) {
        cr_assert_eq(line[i].run, want[i]);
        cr_assert_eq(line[i].depth, depth[i]);
    }
    cr_assert(!line[1].is_last && line[3].is_last);
    cr_assert(line[2].open & 2, "run 1 has another child below");
    cr_assert_eq(tree_find(run, line, 6, 5), 2);
    cr_assert_eq(tree_find(run, line, 6, 50), -1);
}

Test(tree, a_chain_of_a_thousand_forks)
{
    static struct tree_line line[TREE_MAX];
    static struct record_run run[2000];
    int i, n;

    for (i = 0; i < 2000; i++) {
        run[i].id = i + 1;
        run[i].parent = i;
    }
    n = tree_order(run, 2000, line);
    cr_assert_eq(n, TREE_MAX);
    for (i = 0; i < n; i++)
        cr_assert(line[i].run == 2000 - TREE_MAX + i && line[i].depth <= TREE_DEPTH);
}
