/* Layout: the screens as tables, and the function that turns a row into rectangles.
 *
 * A composition is a small tree in preorder. Its minimum size is stated beside it and is
 * at least the sum of its parts; test_layout.c goes through all sizes. A new screen is
 * a row of `screens` and its trees; the code below does not change. In every group of children one grows
 * without limit, or all have a fixed size that fills it: so no hole is left. */
#include "views/layout_table.h"

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
    {116, 12, runs_wide}, {40, 20, runs_narrow}, {40, 10, runs_tiny}, END,
};

static const struct node log_any[] = {
    ROWS(3, 0, 0, 0),
    PANE(PANE_HEADER, 1, 0, 1),
    PANE(PANE_LOG, 4, 1, 0),
    PANE(PANE_STATUS, 1, 0, 1),
};

static const struct composition logs[] = {{40, 10, log_any}, END};

static const struct screen screens[SCREEN_LAYOUTS] = {
    [SCREEN_DASHBOARD] = {"dashboard", "curves, this step's group, a streaming trace", '1', layout_dashboard},
    [SCREEN_LEARNING] = {"learning", "the falling loss of a base, a cold start or of pairs", 0, layout_learning},
    [SCREEN_GROUP] = {"group", "one prompt and its completions: reward, advantage, what failed", '2',
                      layout_group},
    [SCREEN_WHAT_IF] = {"what-if",
                        "the group with other rewards or another objective; the run is not touched", 0,
                        layout_what_if},
    [SCREEN_TRACE] = {"trace", "one trace, token by token; aha tests, success along it", '3', layout_trace},
    [SCREEN_EXPERTS] = {"experts", "load, MaxVio and biases over steps; who serves what", '4',
                        layout_experts},
    [SCREEN_OBJECTIVE] = {"objective", "the GRPO objective with this token's numbers", '5', layout_objective},
    [SCREEN_RUNS] = {"runs", "the lineage: runs and forks", '6', runs},
    [SCREEN_COMPARE] = {"compare", "runs overlaid, settings diffed, traces side by side", '7',
                        layout_compare},
    [SCREEN_EVALUATION] = {"evaluation", "held-out problems over steps, one by one", '8', layout_evaluation},
    [SCREEN_COMPUTE] = {"compute", "evaluation, with accuracy over tokens spent", 0, layout_compute},
    [SCREEN_SCENARIOS] = {"scenarios", "start a preset; edit its settings in a form", '9', layout_scenarios},
    [SCREEN_LOG] = {"log", "what happened, line by line", '0', logs},
    [SCREEN_RECIPE] = {"recipe", "a chain of stages: where it stands, what each stage changed", 0,
                       layout_recipe},
    [SCREEN_TEXTS] = {"texts", "what a run learns from, text by text; verdicts by hand", 0, layout_texts},
    [SCREEN_SCHEDULE] = {"schedule",
                         "pipeline schedules on a clock: 1F1B, ZB1P, DualPipe; an overlapped pair", 0,
                         layout_schedule},
    [SCREEN_FP8] = {"fp8", "the run's tensors in FP8: error, overflow, underflow; bytes by format", 0,
                    layout_fp8},
    [SCREEN_ORACLE] = {"oracle", "true gradient and KL of a task that can be summed over, and their estimates", 0,
                       layout_oracle},
};

const struct screen *screen_row(enum screen_id s)
{
    return &screens[s < SCREEN_LAYOUTS ? s : SCREEN_DASHBOARD];
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
    for (i = 0; s->composition[i].node; i++)
        if (w >= s->composition[i].min_w && h >= s->composition[i].min_h) {
            place(l, s->composition[i].node, all);
            return;
        }
}

void layout_halve(struct layout *l, enum pane_id pane, enum pane_id right)
{
    int i;

    for (i = 0; i < l->n; i++) {
        struct rect r = l->place[i].rect;
        if (l->place[i].pane != pane || r.w < 60)
            continue;
        l->place[i].rect = rect_cut(r, 0, 0, r.w - r.w / 2, r.h);
        add(l, right, rect_cut(r, r.w - r.w / 2, 0, r.w / 2, r.h));
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
