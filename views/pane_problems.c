/* The held-out problems one by one: how many of the samples were right in the evaluation
 * in view, how many in the one before, and in all that there were. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/evaluation_state.h"
#include "views/heat.h"
#include "views/pane.h"

struct columns {
    int number, text, text_w, scale, before, now, change, spark, spark_w;
};

static struct columns place(const struct evaluation_state *e, int w)
{
    struct columns k = {.number = -1, .scale = -1, .spark = -1};
    int widest = 12, i, at = 2, left;

    for (i = 0; i < e->problems_n; i++) {
        int n = (int)strlen(e->problem[i].text);
        widest = n > widest ? n : widest;
    }
    if (w >= 52) {
        k.number = at;
        at += 6;
    }
    k.text = at;
    left = w - at - 6 - 6 - 6 - 1;
    k.text_w = widest < left ? widest : left;
    at += k.text_w + 1;
    left -= k.text_w + 1;
    if (e->scale[0] && left >= 12) {
        k.scale = at;
        at += 12;
        left -= 12;
    }
    k.before = at;
    k.now = at + 6;
    k.change = at + 12;
    k.spark_w = left - 2 < e->n ? left - 2 : e->n;
    if (k.spark_w >= 3)
        k.spark = at + 20;
    return k;
}

static void draw_heading(struct canvas *c, struct rect r, const struct evaluation_state *e,
                         const struct columns *k)
{
    char text[32];

    if (k->number >= 0)
        canvas_right(c, r, 0, k->number + 4, STYLE_DIM, "no.");
    canvas_fit(c, r, 0, k->text, k->text_w, STYLE_DIM, "problem");
    if (k->scale >= 0)
        canvas_fit(c, r, 0, k->scale, 11, STYLE_DIM, e->scale);
    if (e->before >= 0)
        snprintf(text, sizeof text, "%.0f", e->step[e->before]);
    else
        snprintf(text, sizeof text, "-");
    canvas_right(c, r, 0, k->before + 5, STYLE_DIM, text);
    snprintf(text, sizeof text, "%.0f", e->step[e->at]);
    canvas_right(c, r, 0, k->now + 5, STYLE_DIM, text);
    canvas_right(c, r, 0, k->change + 6, STYLE_DIM, "+/-");
    if (k->spark >= 0)
        canvas_fit(c, r, 0, k->spark, r.w - k->spark, STYLE_DIM,
                   r.w - k->spark >= 11 ? "over steps" : "steps");
}

/* A sign for what has become of it, so that colour does not stand alone. */
static uint32_t sign_of(const struct held_problem *p, enum style *style)
{
    if (p->now > 0 && p->before == 0) {
        *style = STYLE_GOOD;
        return 0x2713;
    }
    if (p->now == 0 && p->before > 0) {
        *style = STYLE_BAD;
        return 0x2717;
    }
    *style = STYLE_DIM;
    return !p->solved_ever ? 0xB7 : ' ';
}

static void draw_count(struct canvas *c, struct rect r, int row, int end, int right, int k)
{
    char text[16];

    if (right < 0)
        canvas_right(c, r, row, end, STYLE_DIM, "-");
    else {
        snprintf(text, sizeof text, "%d/%d", right, k);
        canvas_right(c, r, row, end, right ? STYLE_TEXT : STYLE_DIM, text);
    }
}

static void draw_problem(struct canvas *c, struct rect r, int row, const struct evaluation_state *e, int i,
                         const struct columns *k)
{
    const struct held_problem *p = &e->problem[i];
    double change = problem_change(e, p);
    enum style style;
    char text[32];
    int j;

    uint32_t sign = sign_of(p, &style);
    if (sign != ' ')
        canvas_put(c, r, row, 0, style, sign);
    if (k->number >= 0) {
        snprintf(text, sizeof text, "%d", i + 1);
        canvas_right(c, r, row, k->number + 4, STYLE_DIM, text);
    }
    canvas_fit(c, r, row, k->text, k->text_w, STYLE_TEXT, p->text);
    if (k->scale >= 0 && p->bucket >= 0)
        canvas_fit(c, r, row, k->scale, 11, STYLE_DIM, e->bucket[p->bucket]);
    draw_count(c, r, row, k->before + 5, p->before, e->before >= 0 ? e->k[e->before] : 0);
    draw_count(c, r, row, k->now + 5, p->now, e->k[e->at]);
    if (p->before >= 0) {
        /* In samples where both took as many, else as a share. */
        if (e->k[e->at] == e->k[e->before])
            snprintf(text, sizeof text, p->now == p->before ? "=" : "%+d", p->now - p->before);
        else
            snprintf(text, sizeof text, "%+.2f", change);
        canvas_right(c, r, row, k->change + 6,
                     change > 0   ? STYLE_GOOD
                     : change < 0 ? STYLE_BAD
                                  : STYLE_DIM,
                     text);
    }
    for (j = 0; k->spark >= 0 && j < k->spark_w; j++) {
        int at = e->n - k->spark_w + j, right = e->right[(size_t)at * (size_t)e->problems_n + (size_t)i];
        canvas_put(c, r, row, k->spark + j, at == e->at ? STYLE_ACCENT : STYLE_CURVE_A,
                   heat_glyph(right == NOT_SAMPLED ? NAN : (double)right / e->k[at], 0, 1));
    }
}

static const char *empty_note(const struct evaluation_state *e)
{
    switch (e->filter) {
    case SHOW_SOLVED_NOW: return "no problem is newly solved; F shows others";
    case SHOW_LOST_NOW: return "no problem was lost; F shows others";
    case SHOW_NEVER_SOLVED: return "every problem was solved once; F shows others";
    default: return "no problem";
    }
}

void pane_problems(struct canvas *c, struct rect r, const struct view *v)
{
    const struct evaluation_state *e = v->evaluation;
    struct list list;
    struct columns k;
    struct rect inner, body;
    char title[96], right[64];
    int i;

    if (!e || e->n < 1 || e->at < 0 || e->problems_n < 1) {
        pane_note(c, pane_frame(c, r, v, PANE_PROBLEMS, "problems", ""),
                  e && e->note[0] ? e->note : "held-out problems stand here after the first evaluation");
        return;
    }
    snprintf(title, sizeof title, r.w >= 60 ? "problems: %s, by %s" : "%s, by %s",
             problem_filter_name(e->filter), problem_sort_name(e->sort));
    snprintf(right, sizeof right, r.w >= 76 ? "%d newly solved, %d lost, %d never" : "+%d -%d never %d",
             evaluation_count(e, SHOW_SOLVED_NOW), evaluation_count(e, SHOW_LOST_NOW),
             evaluation_count(e, SHOW_NEVER_SOLVED));
    inner = pane_frame(c, r, v, PANE_PROBLEMS, title, right);
    k = place(e, inner.w - 1);
    draw_heading(c, inner, e, &k);
    body = rect_cut(inner, 0, 1, inner.w, inner.h - 1);
    list = e->list;
    if (!list.n)
        pane_note(c, body, empty_note(e));
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < list.n; i++) {
        draw_problem(c, body, i, e, e->order[list.top + i], &k);
        if (list.top + i == list.selected)
            canvas_select(c, body, i);
    }
    list_scrollbar(c, r, body, &list);
    if (r.w >= 76)
        pane_foot(c, r, "✓ newly solved  ✗ lost  · never", "s sort  F filter  [ ] evaluation");
    else
        pane_foot(c, r, "✓ new  ✗ lost  · never", "s sort  F filter  [ ] step");
}
