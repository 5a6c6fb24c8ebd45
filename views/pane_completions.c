/* The completions pane: the group as a table, a completion a row, and where there is room the step's other
 * groups.
 *
 * Columns come and go with the width, in the order of how much they are missed: what failed and the advantage
 * stay, rank and components go first. A sign stands for right and wrong, a side of the bar for the
 * advantage's sign, a marker for what is chosen: colour only repeats it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/group_state.h"
#include "views/meter.h"
#include "views/pane.h"

enum { ROOMY = 108, RANKS = 88, COMPONENTS = 74, COUNTS = 66, GROUPS_LEAST = 5 };

/* What is shown and where its columns begin; a column that there is no room for is 0. */
struct table {
    const struct view *v;
    const struct snapshot *s;
    const struct group_state *g;
    const struct snap_trace *trace; /* [n] */
    int group, n, chosen, longest;
    int is_scored; /* all of them */
    float limit;   /* advantage of a full half of a bar */
    int rank, reward, accuracy, format, advantage, bar, bar_w, length, waits, aha, text;
};

static const struct group_state plain = {.accuracy_weight = NAN, .format_weight = NAN};

static int choose(const struct view *v, struct table *t)
{
    int i;

    memset(t, 0, sizeof *t);
    t->v = v;
    t->s = v->now;
    t->g = v->group_screen ? v->group_screen : &plain;
    t->group = view_group(v);
    if (t->group < 0)
        return 0;
    t->n = t->s->group_size;
    t->trace = &t->s->trace[t->group * t->n];
    t->chosen = group_chosen(v);
    t->is_scored = 1;
    t->limit = 1;
    t->longest = 1;
    for (i = 0; i < t->n; i++) {
        float a = fabsf(t->trace[i].advantage);
        t->is_scored = t->is_scored && t->trace[i].scored;
        t->limit = t->trace[i].scored && isfinite(a) && a > t->limit ? a : t->limit;
        t->longest = t->trace[i].n > t->longest ? t->trace[i].n : t->longest;
    }
    return 1;
}

static void place_columns(struct table *t, int width)
{
    int col = 4;

    if (width >= RANKS) {
        t->rank = col + 1;
        col += 6;
    }
    t->reward = col;
    col += 5;
    if (width >= COMPONENTS) {
        t->accuracy = col;
        t->format = col + 5;
        col += 10;
    }
    t->advantage = col;
    col += 6;
    t->bar_w = width >= ROOMY ? 21 : width >= COUNTS ? 13 : width >= 54 ? 9 : 0;
    if (t->bar_w) {
        t->bar = col;
        col += t->bar_w + 1;
    }
    t->length = col;
    col += 5;
    if (width >= COUNTS) {
        t->waits = col;
        t->aha = col + 5;
        col += 9;
    }
    t->text = col;
}

static void draw_head(struct canvas *c, struct rect r, const struct table *t)
{
    static const char *const what[] = {"answer", "answer, or what failed @",
                                       "answer, or what failed @character",
                                       "answer, or which check failed and at which character"};
    int room = r.w - t->text, which;

    if (!t->is_scored) {
        canvas_text(c, r, 0, 2, STYLE_DIM, "#   tokens", -1);
        return;
    }
    canvas_text(c, r, 0, 2, STYLE_DIM, "#", -1);
    if (t->rank)
        canvas_text(c, r, 0, t->rank, STYLE_DIM, "rank", -1);
    canvas_text(c, r, 0, t->reward, STYLE_DIM, t->accuracy ? "rew." : "rew", -1);
    if (t->accuracy) {
        canvas_text(c, r, 0, t->accuracy, STYLE_DIM, "acc.", -1);
        canvas_text(c, r, 0, t->format, STYLE_DIM, "form", -1);
    }
    canvas_text(c, r, 0, t->advantage, STYLE_DIM, t->bar ? "advantage" : "adv.", -1);
    canvas_text(c, r, 0, t->length, STYLE_DIM, " tok", -1);
    if (t->waits) {
        canvas_text(c, r, 0, t->waits, STYLE_DIM, "wait", -1);
        canvas_text(c, r, 0, t->aha, STYLE_DIM, "aha", -1);
    }
    for (which = 3; which > 0 && (int)strlen(what[which]) > room; which--)
        ;
    canvas_fit(c, r, 0, t->text, room, STYLE_DIM, what[which]);
}

/* Where a check failed, in as many words as there is room for; "" where there is none. */
static void failed_at(const struct snap_trace *x, int room, char out[48])
{
    const char *check = x->format < 0.5f ? "format" : "accuracy";

    out[0] = 0;
    if (room < 4)
        return;
    snprintf(out, 48, x->at < 0 ? "%s" : "%s, character %d", check, x->at);
    if ((int)strlen(out) > room && x->at >= 0)
        snprintf(out, 48, "%s @%d", check, x->at);
    if ((int)strlen(out) > room)
        snprintf(out, 48, x->at < 0 ? "%.0d" : "@%d", x->at < 0 ? 0 : x->at);
    if ((int)strlen(out) > room)
        out[0] = 0;
}

/* The answer, or what was wrong with the completion: which check failed, and at which character. */
static void draw_verdict(struct canvas *c, struct rect r, int row, const struct table *t,
                         const struct snap_trace *x)
{
    int ok = group_is_right(x), col = t->text, end = r.w - 1;
    char at[48];

    canvas_put(c, r, row, col, ok ? STYLE_GOOD : STYLE_BAD, ok ? 0x2713 : 0x2717);
    col += 2;
    if (!t->aha && x->aha > 0)
        col += canvas_put(c, r, row, col, STYLE_AHA, 0x2605) + 1;
    if (ok || !x->why[0]) {
        canvas_fit(c, r, row, col, end - col, STYLE_TEXT, x->answer[0] ? x->answer : "no answer");
        return;
    }
    failed_at(x, end - col - canvas_width(c, x->why, -1) - 2, at);
    if (at[0])
        end = canvas_right(c, r, row, end, STYLE_DIM, at) - 2;
    canvas_fit(c, r, row, col, end - col, STYLE_TEXT, x->why);
}

static void draw_scored(struct canvas *c, struct rect r, int row, const struct table *t, int i)
{
    const struct snap_trace *x = &t->trace[i];
    enum style sign = !isfinite(x->advantage) || x->advantage == 0 ? STYLE_DIM
                      : x->advantage > 0                           ? STYLE_GOOD
                                                                   : STYLE_BAD;

    if (t->rank)
        canvas_printf(c, r, row, t->rank, STYLE_DIM, "%2d.", group_rank(t->s, t->group, i));
    canvas_printf(c, r, row, t->reward, STYLE_TEXT, "%4.2f", (double)x->reward);
    if (t->accuracy) {
        canvas_printf(c, r, row, t->accuracy, x->accuracy > 0 ? STYLE_TEXT : STYLE_DIM, "%4.2g",
                      (double)x->accuracy);
        canvas_printf(c, r, row, t->format, x->format > 0 ? STYLE_TEXT : STYLE_DIM, "%4.2g",
                      (double)x->format);
    }
    canvas_printf(c, r, row, t->advantage, sign,
                  !isfinite(x->advantage) ? "    -" : x->advantage == 0 ? "    0" : "%+5.2f",
                  (double)x->advantage);
    if (t->bar)
        meter_bar(c, r, row, t->bar, t->bar_w, x->advantage, t->limit, sign);
    canvas_printf(c, r, row, t->length, STYLE_TEXT, "%4d", x->n);
    if (t->waits) {
        canvas_printf(c, r, row, t->waits, x->waits ? STYLE_TEXT : STYLE_DIM, "%4d", x->waits);
        if (x->aha > 0)
            canvas_printf(c, r, row, t->aha, STYLE_AHA, "★%d", x->aha);
    }
    draw_verdict(c, r, row, t, x);
}

/* How far a completion has come, while it is written or waits for its score. */
static void draw_unscored(struct canvas *c, struct rect r, int row, const struct table *t, int i)
{
    static const struct {
        const char *text;
        enum style style;
    } state[] = {
        {"waiting", STYLE_DIM}, {"writing", STYLE_ACCENT}, {"done", STYLE_TEXT}, {"cut off", STYLE_WARNING}};
    const struct snap_trace *x = &t->trace[i];
    int which = x->cut_off ? 3 : x->done ? 2 : x->n ? 1 : 0, room = r.w - 24, full, k;

    canvas_printf(c, r, row, 6, STYLE_TEXT, "%6d", x->n);
    canvas_text(c, r, row, 14, state[which].style, state[which].text, -1);
    room = room > 48 ? 48 : room;
    full = room < 4 ? 0 : (int)lround((double)x->n / t->longest * room);
    for (k = 0; k < full; k++)
        canvas_put(c, r, row, 23 + k, which == 1 && k == full - 1 ? STYLE_ACCENT : STYLE_DIM, 0x2501);
}

static void draw_row(struct canvas *c, struct rect r, int row, const struct table *t, int i)
{
    int chosen = i == t->chosen, at = t->group * t->n + i;

    if (t->g->find[0] && t->g->hit[at])
        canvas_put(c, r, row, 3, STYLE_MARK, '/');
    if (chosen)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    canvas_printf(c, r, row, 1, chosen ? STYLE_STRONG : STYLE_DIM, "%2d", i + 1);
    if (t->trace[i].scored)
        draw_scored(c, r, row, t, i);
    else
        draw_unscored(c, r, row, t, i);
    if (chosen)
        canvas_select(c, r, row);
}

static void draw_title(struct canvas *c, struct rect r, const struct table *t, struct rect *inner)
{
    const struct snap_group *group = &t->s->group[t->group];
    char title[192], right[128], mean[FORMAT_BYTES], std[FORMAT_BYTES];

    snprintf(title, sizeof title, "group %d/%d   %s", t->group + 1, t->s->groups_n, group->prompt);
    if (!t->is_scored)
        snprintf(right, sizeof right, "G %d", t->n);
    else if (group->flat)
        snprintf(right, sizeof right, r.w >= 64 ? "G %d   FLAT: all rewards are %s" : "G %d flat %s", t->n,
                 format_number(mean, group->mean));
    else if (r.w >= 64)
        snprintf(right, sizeof right, "G %d   mean %s   std %s   not flat", t->n,
                 format_number(mean, group->mean), format_number(std, group->std));
    else
        snprintf(right, sizeof right, "%s ±%s", format_number(mean, group->mean),
                 format_number(std, group->std));
    *inner = pane_frame(c, r, t->v, PANE_COMPLETIONS, title, right);
}

/* How the table is looked at: what was asked for comes first, and what is plain is not said. */
static void draw_foot(struct canvas *c, struct rect r, const struct table *t, int listed)
{
    char left[192];
    size_t n;

    n = (size_t)snprintf(left, sizeof left, "by %s", group_sort_name(t->g->sort));
    if (t->g->filter != FILTER_ALL)
        n += (size_t)snprintf(left + n, sizeof left - n, "   only %s: %d of %d",
                              group_filter_name(t->g->filter), listed, t->n);
    if (t->g->find[0] && t->g->hit_at >= 0)
        snprintf(left + n, sizeof left - n, "   / %s: %d of %d", t->g->find, t->g->hit_at + 1, t->g->hits_n);
    else if (t->g->find[0])
        snprintf(left + n, sizeof left - n, "   / %s: %d in this step", t->g->find, t->g->hits_n);
    pane_foot(c, r, left,
              r.w >= 110 ? "s sort  F filter  / find  w what if  [ ] group  enter trace"
                         : "s sort  F filter  / find");
}

/* The step's groups round the one on screen, so that one worth a look is found: flat ones teach nothing. */
static void draw_groups(struct canvas *c, struct rect r, const struct table *t)
{
    const struct snapshot *s = t->s;
    int rows = r.h - 1, top = t->group - rows / 2, i, k, prompt = 6, end;
    char number[FORMAT_BYTES];

    top = top > s->groups_n - rows ? s->groups_n - rows : top;
    top = top < 0 ? 0 : top;
    for (i = 0; i < s->groups_n; i++) {
        int w = 6 + canvas_width(c, s->group[i].prompt, -1);
        prompt = w > prompt ? w : prompt;
    }
    prompt = prompt > r.w - 40 ? r.w - 40 : prompt;
    end = canvas_printf(c, r, 0, 2, STYLE_DIM, "the groups of step %lld", (long long)s->step);
    prompt = prompt > end ? prompt : end;
    canvas_text(c, r, 0, prompt + 2, STYLE_DIM, "mean    std   right", -1);
    if (prompt + 24 + t->n < r.w && r.w >= 70)
        canvas_text(c, r, 0, prompt + 24, STYLE_DIM, "sign of each advantage", -1);
    for (i = top; i < s->groups_n && i < top + rows; i++) {
        const struct snap_trace *x = &s->trace[i * t->n];
        int row = 1 + i - top, right = 0, done = 0, col = prompt + 2;
        for (k = 0; k < t->n; k++) {
            right += x[k].scored && group_is_right(&x[k]);
            done += x[k].done;
        }
        if (i == t->group)
            canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
        canvas_printf(c, r, row, 1, i == t->group ? STYLE_STRONG : STYLE_DIM, "%3d", i + 1);
        canvas_fit(c, r, row, 6, prompt - 6, i == t->group ? STYLE_STRONG : STYLE_TEXT, s->group[i].prompt);
        if (!x->scored) {
            canvas_printf(c, r, row, col, STYLE_DIM, "%d of %d done", done, t->n);
            continue;
        }
        canvas_fit(c, r, row, col, 7, STYLE_TEXT, format_number(number, s->group[i].mean));
        canvas_fit(c, r, row, col + 8, 6, STYLE_TEXT, format_number(number, s->group[i].std));
        canvas_printf(c, r, row, col + 14, STYLE_TEXT, "%d/%d", right, t->n);
        col += 22;
        if (s->group[i].flat)
            canvas_text(c, r, row, col, STYLE_WARNING, "flat", -1);
        else if (col + t->n < r.w)
            for (k = 0; k < t->n; k++)
                if (isfinite(x[k].advantage)) /* a critic's comes with the update */
                    canvas_put(c, r, row, col + k, x[k].advantage > 0 ? STYLE_GOOD : STYLE_BAD,
                               x[k].advantage > 0 ? '+' : '-');
    }
}

void pane_completions(struct canvas *c, struct rect r, const struct view *v)
{
    struct table t;
    struct list list;
    struct rect inner, body;
    int order[SNAP_TRACES], i, head, spare;
    char note[128];

    if (!choose(v, &t)) {
        inner = pane_frame(c, r, v, PANE_COMPLETIONS, "group", "");
        pane_note(c, inner,
                  v->now && v->now->stage[0] && strcmp(v->now->stage, "grpo")
                      ? "learning from text: nothing is sampled in this stage"
                      : "no group yet: it is drawn when a step begins");
        return;
    }
    draw_title(c, r, &t, &inner);
    place_columns(&t, inner.w);
    head = group_head(inner.h);
    if (head)
        draw_head(c, inner, &t);
    body = rect_cut(inner, 0, head, inner.w, inner.h - head);
    list = group_list(v, body.h, order);
    for (i = 0; list.top + i < list.n && i < body.h; i++)
        draw_row(c, body, i, &t, order[list.top + i]);
    if (!list.n) {
        snprintf(note, sizeof note, "none of the %d is %s: F shows others, [ ] goes to the next group", t.n,
                 t.g->filter == FILTER_AHA ? "an aha candidate" : group_filter_name(t.g->filter));
        pane_note(c, rect_cut(body, 0, 0, body.w, body.h < 3 ? body.h : 3), note);
    }
    list_scrollbar(c, r, body, &list);
    draw_foot(c, r, &t, list.n);
    spare = body.h - (list.n ? list.n : 3) - 1;
    if (spare >= GROUPS_LEAST && body.w >= 50 && t.s->groups_n > 1)
        draw_groups(
            c,
            rect_cut(body, 0, body.h - spare, body.w, spare < t.s->groups_n + 1 ? spare : t.s->groups_n + 1),
            &t);
}
