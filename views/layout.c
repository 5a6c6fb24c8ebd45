/* Layout: the screens as tables, and the function that turns a row into rectangles.
 *
 * A composition is a small tree in preorder. Its minimum size is stated beside it and is
 * at least the sum of its parts; test_layout.c goes through all sizes. A new screen is
 * a row of `screens` and its trees; the code below does not change. In every group of children one grows
 * without limit, or all have a fixed size that fills it: so no hole is left. */
#include "views/layout.h"

#include <stddef.h>

#define ROWS(n, min, grow, most) {NODE_ROWS, PANE_NONE, n, min, grow, most}
#define COLUMNS(n, min, grow, most) {NODE_COLUMNS, PANE_NONE, n, min, grow, most}
#define PANE(id, min, grow, most) {NODE_PANE, id, 0, min, grow, most}
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const struct node dashboard_wide[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(4, 9, 2, 18),
    PANE(PANE_REWARD, 30, 3, 0),
    PANE(PANE_LENGTH, 30, 3, 0),
    PANE(PANE_KL, 20, 2, 0),
    PANE(PANE_ENTROPY, 20, 2, 0),
    COLUMNS(2, 24, 3, 0),
    ROWS(2, 70, 2, 96),
    PANE(PANE_GROUP, 14, 3, 20),
    PANE(PANE_EXPERTS, 8, 2, 0),
    PANE(PANE_TRACE, 70, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_medium[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(2, 7, 2, 14),
    PANE(PANE_REWARD, 44, 1, 0), PANE(PANE_LENGTH, 44, 1, 0),
    COLUMNS(3, 4, 1, 9),
    PANE(PANE_KL, 22, 2, 0), PANE(PANE_ENTROPY, 22, 2, 0), PANE(PANE_EXPERTS, 44, 5, 0),
    PANE(PANE_GROUP, 8, 4, 20),
    PANE(PANE_TRACE, 6, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_small[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_REWARD, 30, 1, 0), PANE(PANE_LENGTH, 30, 1, 0),
    COLUMNS(3, 1, 0, 1),
    PANE(PANE_KL, 18, 1, 0), PANE(PANE_ENTROPY, 18, 1, 0), PANE(PANE_EXPERTS, 24, 1, 0),
    PANE(PANE_GROUP, 5, 4, 20),
    PANE(PANE_TRACE, 5, 4, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_tall[] = {
    ROWS(8, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_REWARD, 5, 1, 10),
    PANE(PANE_LENGTH, 5, 1, 10),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_KL, 20, 1, 0), PANE(PANE_ENTROPY, 20, 1, 0),
    PANE(PANE_EXPERTS, 1, 0, 1),
    PANE(PANE_GROUP, 5, 2, 20),
    PANE(PANE_TRACE, 7, 3, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node dashboard_tiny[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_REWARD, 20, 1, 0), PANE(PANE_KL, 18, 1, 0),
    PANE(PANE_GROUP, 3, 1, 20),
    PANE(PANE_TRACE, 3, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct composition dashboard[] = {
    {142, 36, dashboard_wide}, {92, 28, dashboard_medium}, {60, 16, dashboard_small},
    {40, 32, dashboard_tall},  {40, 10, dashboard_tiny},
};

static const struct node learning_medium[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_STAGES, 3, 0, 3),
    PANE(PANE_LOSS, 8, 3, 0),
    COLUMNS(2, 5, 1, 12),
    PANE(PANE_GRADIENT, 36, 1, 0), PANE(PANE_EXPERTS, 44, 1, 0),
    PANE(PANE_LOG, 5, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node learning_small[] = {
    ROWS(6, 0, 0, 0),
    PANE(PANE_HEADER, 2, 0, 2),
    PANE(PANE_STAGES, 1, 0, 1),
    PANE(PANE_LOSS, 6, 3, 0),
    COLUMNS(2, 1, 0, 1),
    PANE(PANE_GRADIENT, 28, 1, 0), PANE(PANE_EXPERTS, 28, 1, 0),
    PANE(PANE_LOG, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node learning_tiny[] = {
    ROWS(5, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_STAGES, 1, 0, 1),
    PANE(PANE_LOSS, 5, 2, 0),
    PANE(PANE_GRADIENT, 1, 0, 1),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct composition learning[] = {
    {92, 26, learning_medium}, {60, 16, learning_small}, {40, 10, learning_tiny},
};

static const struct node runs_wide[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    COLUMNS(2, 8, 1, 0),
    PANE(PANE_RUNS, 70, 3, 0), PANE(PANE_RUN, 40, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node runs_narrow[] = {
    ROWS(4, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RUNS, 6, 3, 0),
    PANE(PANE_RUN, 6, 1, 13),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct node runs_tiny[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_RUNS, 6, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct composition runs[] = {
    {116, 12, runs_wide}, {40, 20, runs_narrow}, {40, 10, runs_tiny},
};

static const struct node log_any[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOG, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct composition logs[] = {{40, 10, log_any}};

static const struct screen screens[SCREEN_N] = {
    [SCREEN_DASHBOARD] = {"dashboard", "curves, this step's group, a streaming trace", '1', dashboard,
                          COUNT(dashboard)},
    [SCREEN_LEARNING] = {"learning", "the falling loss of a base or a cold start", 0, learning,
                         COUNT(learning)},
    [SCREEN_RUNS] = {"runs", "the tree of runs and forks", '2', runs, COUNT(runs)},
    [SCREEN_LOG] = {"log", "what happened, line by line", '3', logs, COUNT(logs)},
};

const struct screen *screen_row(enum screen_id s)
{
    return &screens[s < SCREEN_N ? s : SCREEN_DASHBOARD];
}

enum screen_id screen_find(char key)
{
    int s;

    for (s = 0; s < SCREEN_N; s++)
        if (key && screens[s].key == key)
            return (enum screen_id)s;
    return SCREEN_N;
}

static void add(struct layout *l, enum pane_id pane, struct rect r)
{
    if (l->n < LAYOUT_MAX && r.w > 0 && r.h > 0)
        l->place[l->n++] = (struct place){pane, r};
}

/* The node after n's whole tree. */
static const struct node *skip(const struct node *n)
{
    int i, children = n->children;

    for (n++, i = 0; i < children; i++)
        n = skip(n);
    return n;
}

enum { CHILDREN_MAX = 12 };

/* size[i] of each child along the direction: min, then the rest by grow. A child that reaches
 * its most leaves its share to the others, so the sharing is repeated until nothing moves. */
static int share(const struct node *parent, int room, int size[CHILDREN_MAX])
{
    const struct node *child[CHILDREN_MAX], *n = parent + 1;
    int i, count = parent->children < CHILDREN_MAX ? parent->children : CHILDREN_MAX;

    for (i = 0; i < count; i++, n = skip(n)) {
        child[i] = n;
        size[i] = n->min < room ? n->min : room;
        room -= size[i];
    }
    while (room > 0) {
        int grow = 0, given = 0, spare = room;
        for (i = 0; i < count; i++)
            if (!child[i]->most || size[i] < child[i]->most)
                grow += child[i]->grow;
        if (!grow)
            break;
        for (i = 0; i < count; i++) {
            int more, most = child[i]->most;
            if (!child[i]->grow || (most && size[i] >= most))
                continue;
            more = spare * child[i]->grow / grow;  /* of what is left for this child and those after it */
            grow -= child[i]->grow;
            spare -= more;
            if (most && size[i] + more > most)
                more = most - size[i];
            size[i] += more;
            given += more;
        }
        room -= given;
        if (!given)
            break;
    }
    return count;
}

static void place(struct layout *l, const struct node *n, struct rect r)
{
    int i, count, size[CHILDREN_MAX], at = 0;
    const struct node *child = n + 1;

    if (n->kind == NODE_PANE) {
        add(l, n->pane, r);
        return;
    }
    count = share(n, n->kind == NODE_ROWS ? r.h : r.w, size);
    for (i = 0; i < count; i++, child = skip(child)) {
        struct rect part =
            n->kind == NODE_ROWS ? rect_cut(r, 0, at, r.w, size[i]) : rect_cut(r, at, 0, size[i], r.h);
        place(l, child, part);
        at += size[i];
    }
}

void layout_make(struct layout *l, enum screen_id screen, int w, int h, enum pane_id zoom)
{
    const struct screen *s = screen_row(screen);
    struct rect all = {0, 0, w, h};
    int i;

    l->n = 0;
    if (w < LAYOUT_MIN_W || h < LAYOUT_MIN_H) {
        add(l, PANE_TOO_SMALL, all);
        return;
    }
    if (zoom != PANE_NONE) {
        add(l, PANE_HEADER, rect_cut(all, 0, 0, w, 1));
        add(l, zoom, rect_cut(all, 0, 1, w, h - 2));
        add(l, PANE_STATUS, rect_cut(all, 0, h - 1, w, 1));
        return;
    }
    for (i = 0; i < s->compositions_n; i++)
        if (w >= s->composition[i].min_w && h >= s->composition[i].min_h) {
            place(l, s->composition[i].node, all);
            return;
        }
}

const struct rect *layout_find(const struct layout *l, enum pane_id pane)
{
    int i;

    for (i = 0; i < l->n; i++)
        if (l->place[i].pane == pane)
            return &l->place[i].rect;
    return NULL;
}

enum pane_id layout_hit(const struct layout *l, int row, int col)
{
    int i;

    for (i = 0; i < l->n; i++) {
        const struct rect *r = &l->place[i].rect;
        if (col >= r->x && col < r->x + r->w && row >= r->y && row < r->y + r->h)
            return l->place[i].pane;
    }
    return PANE_NONE;
}

static int takes_focus(enum pane_id pane)
{
    return pane > PANE_TOO_SMALL;
}

enum pane_id layout_next(const struct layout *l, enum pane_id focus, int step)
{
    int i, at = -1;

    for (i = 0; i < l->n; i++)
        if (l->place[i].pane == focus)
            at = i;
    if (at < 0)
        at = step > 0 ? -1 : 0;
    for (i = 0; i < l->n; i++) {
        at = (at + (step > 0 ? 1 : l->n - 1) + l->n) % l->n;
        if (takes_focus(l->place[at].pane))
            return l->place[at].pane;
    }
    return PANE_NONE;
}

struct rect layout_overlay(int w, int h, int want_w, int want_h)
{
    struct rect r;

    r.w = want_w < w - 8 ? want_w : w;   /* a strip of another pane beside it would only confuse */
    r.h = want_h < h - 2 ? want_h : h - 2;
    if (r.h < 1)
        r.h = h > 0 ? h : 1;
    r.x = (w - r.w) / 2;
    r.y = (h - r.h) / 2;
    return r;
}
