/* The group pane: the completions of one prompt, a line each, and why each got what it got.
 *
 * Before the rewards are there the lines show how far each completion has come. The sign of an
 * advantage is told by its number and by the side of the bar, never by colour alone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"

enum { HEAD_WIDTH = 72 };  /* columns from which there is room for a heading */

struct shown {
    const struct snapshot *s;
    const struct snap_group *group;
    const struct snap_trace *trace;  /* [n] */
    int n, at;                       /* at: the group's number */
    int scored;                      /* all of them */
    int bar;                         /* columns of an advantage bar, 0: none */
    float limit;                     /* its full half */
    int longest;                     /* tokens of the longest completion on screen */
};

static int choose(const struct view *v, struct shown *g)
{
    int i;

    g->s = v->now;
    g->at = view_group(v);
    if (g->at < 0)
        return 0;
    g->n = g->s->group_size;
    g->group = &g->s->group[g->at];
    g->trace = &g->s->trace[g->at * g->n];
    g->scored = g->n > 0;
    g->limit = 1;
    g->longest = 1;
    for (i = 0; i < g->n; i++) {
        g->scored = g->scored && g->trace[i].scored;
        if (g->trace[i].scored && fabsf(g->trace[i].advantage) > g->limit)
            g->limit = fabsf(g->trace[i].advantage);
        if (g->trace[i].n > g->longest)
            g->longest = g->trace[i].n;
    }
    return 1;
}

/* Groups whose rewards are all equal: their advantages are 0 and they teach nothing. */
static void flat_groups(const struct snapshot *s, char out[48])
{
    int i, flat = 0, known = 0;

    for (i = 0; i < s->groups_n && (i + 1) * s->group_size <= SNAP_TRACES; i++)
        if (s->group_size > 0 && s->trace[i * s->group_size].scored) {
            known++;
            flat += s->group[i].flat != 0;
        }
    if (known)
        snprintf(out, 48, "flat groups %d/%d", flat, s->groups_n);
    else
        out[0] = 0;
}

static void draw_score(struct canvas *c, struct rect r, int row, int col, const struct snap_trace *t)
{
    int ok = t->accuracy >= 0.5f && t->format >= 0.5f, start;
    char at[40] = "";

    canvas_put(c, r, row, col, ok ? STYLE_GOOD : STYLE_BAD, ok ? 0x2713 : 0x2717);
    col += 2;
    if (t->aha > 0)
        col = canvas_text(c, r, row, col, STYLE_AHA, "★", -1) + 1;
    start = col;
    if (ok || !t->why[0]) {
        canvas_fit(c, r, row, col, r.w - col - 1, STYLE_TEXT, t->answer[0] ? t->answer : t->why);
        return;
    }
    if (t->at >= 0)
        snprintf(at, sizeof at, "at character %d", t->at);
    if (*at && r.w - col - (int)canvas_width(c, at, -1) - 3 >= canvas_width(c, t->why, -1)) {
        canvas_right(c, r, row, r.w - 1, STYLE_DIM, at);
        at[0] = 0;
    }
    canvas_fit(c, r, row, start, r.w - start - 1, STYLE_TEXT, t->why);
}

/* How far a completion has come, while it is written or waits for its score. */
static void draw_progress(struct canvas *c, struct rect r, int row, int col, const struct shown *g,
                          const struct snap_trace *t)
{
    static const struct {
        const char *text;
        enum style style;
    } state[] = {
        {"waiting", STYLE_DIM}, {"writing", STYLE_ACCENT}, {"done", STYLE_TEXT}, {"cut off", STYLE_WARNING}};
    int which = t->cut_off ? 3 : t->done ? 2 : t->n ? 1 : 0, width = r.w - col - 12, i, full;

    canvas_text(c, r, row, col, state[which].style, state[which].text, -1);
    if (width < 6)
        return;
    width = width > 48 ? 48 : width;
    full = (int)lround((double)t->n / g->longest * width);
    for (i = 0; i < full; i++)
        canvas_put(c, r, row, col + 9 + i, which == 1 && i == full - 1 ? STYLE_ACCENT : STYLE_DIM, 0x2501);
}

static void draw_line(struct canvas *c, struct rect r, int row, const struct view *v, const struct shown *g,
                      int i)
{
    const struct snap_trace *t = &g->trace[i];
    int followed = g->s->follow.group == g->at && g->s->follow.index == i, col;
    char text[FORMAT_BYTES];

    if (followed)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    col = canvas_printf(c, r, row, 1, followed ? STYLE_STRONG : STYLE_DIM, "%2d", i + 1) + 1;
    if (t->scored) {
        enum style sign = t->advantage > 0 ? STYLE_GOOD : t->advantage < 0 ? STYLE_BAD : STYLE_DIM;
        col = canvas_printf(c, r, row, col, STYLE_TEXT, "%4.2f", (double)t->reward) + 1;
        if (!isfinite(t->advantage))
            sign = STYLE_DIM;
        snprintf(text, sizeof text,
                 !isfinite(t->advantage) ? "    -"
                 : t->advantage == 0     ? "    0"
                                         : "%+5.2f",
                 (double)t->advantage);
        col = canvas_text(c, r, row, col, sign, text, -1) + 1;
        if (g->bar) {
            meter_bar(c, r, row, col, g->bar, t->advantage, g->limit, sign);
            col += g->bar + 1;
        }
        col = canvas_printf(c, r, row, col, STYLE_DIM, r.w >= HEAD_WIDTH ? "%4d tok" : "%4d", t->n) + 1;
        draw_score(c, r, row, col, t);
    } else {
        col = canvas_printf(c, r, row, col, STYLE_TEXT, "%4d tok", t->n) + 2;
        draw_progress(c, r, row, col, g, t);
    }
    if (v->focus == PANE_GROUP && i == v->group_list.selected)
        canvas_select(c, r, row);
}

static void draw_title(struct canvas *c, struct rect r, const struct view *v, const struct shown *g,
                       struct rect *inner)
{
    char title[192], right[128] = "", flat[48], mean[FORMAT_BYTES], std[FORMAT_BYTES];
    size_t n;

    snprintf(title, sizeof title, "group %d/%d   %s", g->at + 1, g->s->groups_n, g->group->prompt);
    flat_groups(g->s, flat);
    if (g->scored && g->group->flat && r.w >= 60)
        snprintf(right, sizeof right, "flat: all rewards are %s", format_number(mean, g->group->mean));
    else if (g->scored)
        snprintf(right, sizeof right, r.w >= 60 ? "mean %s  std %s" : "%s ±%s",
                 format_number(mean, g->group->mean), format_number(std, g->group->std));
    n = strlen(right);
    if (n && *flat && !pane_is_boxed(c, r) && r.w >= 72)   /* there is no foot to write it in */
        snprintf(right + n, sizeof right - n, "  %s", flat);
    *inner = pane_frame(c, r, v, PANE_GROUP, title, right);
    pane_foot(c, r, flat, g->n > inner->h ? "j k scroll" : "");
}

int pane_group_has_head(const struct view *v, int width, int rows)
{
    struct shown g;

    return choose(v, &g) && rows > g.n && width >= HEAD_WIDTH && g.scored;
}

void pane_group_list(const struct view *v, struct list *list)
{
    int group = view_group(v);

    *list = v->group_list;
    list->n = group < 0 ? 0 : v->now->group_size;
    if (v->focus != PANE_GROUP)
        list->selected = group >= 0 && v->now->follow.group == group ? v->now->follow.index : 0;
}

static void draw_head(struct canvas *c, struct rect r, const struct shown *g)
{
    canvas_text(c, r, 0, 2, STYLE_DIM, "#", -1);
    canvas_text(c, r, 0, 4, STYLE_DIM, "reward", -1);
    canvas_text(c, r, 0, 10 + g->bar / 2, STYLE_DIM, "advantage", -1);
    canvas_text(c, r, 0, 16 + g->bar, STYLE_DIM, "length", -1);
    canvas_text(c, r, 0, 25 + g->bar, STYLE_DIM, "answer, or what failed", -1);
}

void pane_group(struct canvas *c, struct rect r, const struct view *v)
{
    struct shown g;
    struct list list;
    struct rect inner, body;
    int i, row = 0;

    if (!choose(v, &g)) {
        inner = pane_frame(c, r, v, PANE_GROUP, "group", "");
        pane_note(c, inner, "no group yet: it is drawn when a step begins");
        return;
    }
    draw_title(c, r, v, &g, &inner);
    g.bar = inner.w >= 100 ? 25 : inner.w >= HEAD_WIDTH ? 19 : inner.w >= 56 ? 13 : inner.w >= 44 ? 9 : 0;
    if (pane_group_has_head(v, inner.w, inner.h)) {
        draw_head(c, inner, &g);
        row = 1;
    }
    pane_group_list(v, &list);
    body = rect_cut(inner, 0, row, inner.w, inner.h - row);
    list_clamp(&list, body.h);
    for (i = 0; list.top + i < g.n && i < body.h; i++)
        draw_line(c, body, i, v, &g, list.top + i);
    list_scrollbar(c, r, body, &list);
}
