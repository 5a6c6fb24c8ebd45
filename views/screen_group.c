/* The order in which the group screen lists completions: what panes, keys and search agree on. */
#include <math.h>

#include "views/group_state.h"
#include "views/view.h"

static const char *const sorts[SORT_N] = {"index", "advantage", "reward", "length"};
static const char *const filters[FILTER_N] = {"all", "right", "wrong", "aha"};

const char *group_sort_name(enum group_sort s)
{
    return sorts[s < SORT_N ? s : SORT_INDEX];
}

const char *group_filter_name(enum group_filter f)
{
    return filters[f < FILTER_N ? f : FILTER_ALL];
}

int group_is_right(const struct snap_trace *t)
{
    return t->accuracy >= 0.5f && t->format >= 0.5f;
}

static int passes(const struct snap_trace *t, enum group_filter filter)
{
    if (!t->scored)
        return 1;
    return filter == FILTER_RIGHT   ? group_is_right(t)
           : filter == FILTER_WRONG ? !group_is_right(t)
           : filter == FILTER_AHA   ? t->aha > 0
                                    : 1;
}

static double value_of(const struct snap_trace *t, enum group_sort sort)
{
    double v = sort == SORT_LENGTH      ? t->n
               : sort == SORT_INDEX     ? 0
               : !t->scored             ? 0
               : sort == SORT_ADVANTAGE ? (double)t->advantage
                                        : (double)t->reward;

    return isfinite(v) ? v : -INFINITY;
}

int group_order(const struct snapshot *s, int group, enum group_sort sort, enum group_filter filter,
                int out[SNAP_TRACES])
{
    const struct snap_trace *t;
    int i, k, n = 0;

    if (!s || group < 0 || group >= s->groups_n || (group + 1) * s->group_size > SNAP_TRACES)
        return 0;
    t = &s->trace[group * s->group_size];
    for (i = 0; i < s->group_size; i++) {
        if (!passes(&t[i], filter))
            continue;
        for (k = n++; k > 0 && value_of(&t[out[k - 1]], sort) < value_of(&t[i], sort); k--)
            out[k] = out[k - 1];
        out[k] = i;
    }
    return n;
}

int group_rank(const struct snapshot *s, int group, int index)
{
    const struct snap_trace *t = &s->trace[group * s->group_size];
    int i, rank = 1;

    if (!t[index].scored)
        return 0;
    for (i = 0; i < s->group_size; i++)
        rank += t[i].advantage > t[index].advantage;
    return rank;
}

int group_chosen(const struct view *v)
{
    int group = view_group(v);

    if (group < 0)
        return -1;
    if (v->group_screen && v->group_screen->pinned > 0 && v->group_screen->pinned <= v->now->group_size)
        return v->group_screen->pinned - 1;
    return v->now->follow.group == group && v->now->follow.index < v->now->group_size ? v->now->follow.index
                                                                                      : -1;
}

struct list group_list(const struct view *v, int rows, int order[SNAP_TRACES])
{
    static const struct group_state plain;
    const struct group_state *g = v->group_screen ? v->group_screen : &plain;
    struct list list = {0, -1, 0};
    int group = view_group(v), chosen = group_chosen(v), i;

    list.n = group_order(v->now, group, g->sort, g->filter, order);
    for (i = 0; i < list.n; i++)
        if (order[i] == chosen)
            list.selected = i;
    list.top = list.selected - rows / 2;
    if (list.top > list.n - rows)
        list.top = list.n - rows;
    if (list.top < 0)
        list.top = 0;
    return list;
}

int group_row_at(const struct view *v, int rows, int at)
{
    int order[SNAP_TRACES];
    struct list list = group_list(v, rows, order);

    return at >= 0 && at < rows && list.top + at < list.n ? order[list.top + at] : -1;
}

int group_head(int rows)
{
    return rows >= 6;
}

int what_if_is_edited(const struct what_if *w, int at)
{
    const struct what_if_objective *a = &w->objective[WHAT_IF_REAL], *b = &w->objective[WHAT_IF_EDITED];
    int i;

    if (at < 0) {
        for (i = 0; i < w->n + FIELD_RATIO; i++)
            if (what_if_is_edited(w, i))
                return 1;
        return 0;
    }
    if (at < w->n)
        return w->reward[WHAT_IF_REAL][at] != w->reward[WHAT_IF_EDITED][at];
    switch ((enum what_if_field)(at - w->n)) {
    case FIELD_LOSS: return a->loss != b->loss;
    case FIELD_STD: return a->std != b->std;
    case FIELD_EPS_LOW: return a->eps_low != b->eps_low;
    case FIELD_EPS_HIGH: return a->eps_high != b->eps_high;
    case FIELD_BETA: return a->beta != b->beta;
    default: return 0;
    }
}
