/* The completion pane: the text of the chosen completion with its marks, and where its reward comes from.
 *
 * The text is drawn as everywhere, with the character at which a check failed picked out, and with what a
 * search found. What follows it puts the numbers of this completion into the formulas of the reward and of
 * the advantage. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/group_state.h"
#include "views/pane.h"
#include "views/trace_text.h"

enum { AIRY = 5, LEGEND = 12, SUMS = 6 };

struct shown {
    const struct view *v;
    const struct snap_group *group;
    const struct snap_trace *t;
    const struct group_state *g;
    struct trace_text text;
};

static const struct group_state plain = {.accuracy_weight = NAN, .format_weight = NAN};

/* What the search found begins with a sign, and is set off whole. */
static void mark_hits(struct shown *x)
{
    const struct snap_follow *f = x->text.f;
    const char *from, *at;
    int n = (int)strlen(x->g->find), i = x->text.first_token;

    if (!n || f->prompt_n < 0 || f->prompt_n > f->text_n || !memchr(f->text, 0, SNAP_TEXT))
        return;
    from = f->text + f->prompt_n;
    for (at = strcasestr(from, x->g->find); at; at = strcasestr(at + n, x->g->find)) {
        int begin = (int)(at - from), first = 1;
        for (; i < x->text.n && x->text.word[i].begin < begin + n; i++) {
            struct trace_word *w = &x->text.word[i];
            if (w->end <= begin)
                continue;
            if (first && !w->before) {
                w->before = '/';
                w->before_style = STYLE_MARK;
            }
            w->style = STYLE_MARK;
            first = 0;
        }
    }
}

/* The very character at which a check failed; a reason stands below it already. */
static void draw_failed(struct canvas *c, struct rect r, const struct shown *x, int top)
{
    const struct trace_word *w = x->text.failed_word >= 0 ? &x->text.word[x->text.failed_word] : NULL;
    int row, col, into;
    const struct cell *cell;

    if (!w || x->t->at < w->begin || x->t->at >= w->end)
        return;
    into = x->t->at - w->begin;
    row = trace_text_row(&x->text, w->line) - top;
    col = w->col + (w->before != 0) + canvas_width(c, w->s, into);
    cell = row >= 0 && row < r.h && col < r.w ? canvas_at(c, r.y + row, r.x + col) : NULL;
    if (cell && cell->width == 1)
        canvas_put(c, r, row, col, STYLE_ERROR, cell->code);
}

static void reward_sum(const struct shown *x, char *out, size_t size)
{
    const struct snap_trace *t = x->t;
    const struct group_state *g = x->g;
    double rest =
        (double)t->reward - g->accuracy_weight * (double)t->accuracy - g->format_weight * (double)t->format;
    int n = snprintf(out, size, "reward %.2f", (double)t->reward);

    if (!isfinite(rest) || n < 0 || (size_t)n >= size)
        return;
    n += snprintf(out + n, size - (size_t)n, " = %.4g × accuracy %.3g + %.4g × format %.3g",
                  g->accuracy_weight, (double)t->accuracy, g->format_weight, (double)t->format);
    if (fabs(rest) > 1e-4 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, " %c %.3g for its length", rest < 0 ? '-' : '+', fabs(rest));
}

/* short: without the names of what is put in. */
static void advantage_sum(const struct shown *x, int is_short, char *out, size_t size)
{
    double a = (double)x->t->advantage, reward = (double)x->t->reward, mean = (double)x->group->mean,
           std = (double)x->group->std;

    if (x->g->has_critic)
        snprintf(out, size,
                 isnan(a)   ? "advantage: the critic's, after the update"
                 : is_short ? "advantage %+.2f, by the critic"
                            : "advantage %+.2f: the mean over its tokens, by the critic (5)",
                 a);
    else if (x->group->flat)
        snprintf(out, size,
                 is_short ? "advantage 0: all rewards are %.2f"
                          : "advantage 0: all rewards are %.2f, so the group teaches nothing",
                 mean);
    else if (!strcmp(x->g->std, "none"))
        snprintf(out, size,
                 is_short ? "advantage %+.2f = %.2f - %.3f" : "advantage %+.2f = reward %.2f - mean %.3f", a,
                 reward, mean);
    else
        snprintf(out, size,
                 is_short ? "advantage %+.2f = (%.2f-%.3f)/%.3f"
                          : "advantage %+.2f = (reward %.2f - mean %.3f) / (std %.3f + 0.0001)",
                 a, reward, mean, std);
}

static void draw_sums(struct canvas *c, struct rect r, int row, const struct shown *x)
{
    char line[256];

    reward_sum(x, line, sizeof line);
    canvas_fit(c, r, row, 0, r.w, STYLE_TEXT, line);
    advantage_sum(x, 0, line, sizeof line);
    if (canvas_width(c, line, -1) > r.w)
        advantage_sum(x, 1, line, sizeof line);
    canvas_fit(c, r, row + 1, 0, r.w, STYLE_TEXT, line);
}

static void draw_title(struct canvas *c, struct rect r, const struct shown *x, const struct snap_follow *f,
                       struct rect *inner)
{
    const struct snap_trace *t = x->t;
    const char *state = !t->scored           ? (t->done ? "done"
                                                : t->n  ? "being written"
                                                        : "waiting")
                        : group_is_right(t)  ? "right"
                        : t->format < 0.5f   ? "malformed"
                        : t->accuracy < 0.5f ? "wrong"
                                             : "not right";
    char title[128], right[96];

    snprintf(title, sizeof title, "completion %d of %d", f->index + 1, x->v->now->group_size);
    snprintf(right, sizeof right, "%s   %d tokens", state, f->tokens_n);
    *inner = pane_frame(c, r, x->v, PANE_COMPLETION, title, right);
}

/* The first row that is seen: the end of a text that grows; the failure of one that does not fit. */
static int first_row(const struct shown *x, int rows)
{
    int all = trace_text_rows(&x->text), top = 0, failed;

    if (!trace_text_ended(x->t)) {
        top = all - rows;
    } else if (x->text.failed_word >= 0) {
        failed =
            trace_text_row(&x->text, x->text.word[x->text.failed_word].line) + 1 + (x->text.failed_line >= 0);
        top = failed > rows ? failed - rows : 0;
    }
    top += x->g->scroll;
    top = top > all - rows ? all - rows : top;
    return top < 0 ? 0 : top;
}

static void draw_text(struct canvas *c, struct rect r, struct shown *x, const struct snap_follow *f)
{
    int sums = !trace_text_ended(x->t) ? 0 : r.h >= SUMS ? 3 : r.h >= 4 ? 2 : 0, all, rows, top;
    struct rect text;

    trace_text_make(&x->text, f, x->t, x->v->facts);
    if (group_is_right(x->t))
        x->text.failed_word = -1;
    mark_hits(x);
    trace_text_flow(c, &x->text, r.w > 1 ? r.w - 1 : 1, r.h >= AIRY, 1);
    all = trace_text_rows(&x->text);
    rows = r.h - sums;
    top = first_row(x, rows);
    text = rect_cut(r, 0, 0, r.w, rows);
    trace_text_draw(c, text, &x->text, top, -1);
    draw_failed(c, text, x, top);
    if (!trace_text_ended(x->t) && x->text.n) {
        const struct trace_word *last = &x->text.word[x->text.n - 1];
        canvas_put(c, text, trace_text_row(&x->text, last->line) - top,
                   last->col + trace_text_width(c, last) + 1, STYLE_ACCENT, 0x258C);
    }
    if (top + rows < all)
        canvas_right(c, text, rows - 1, r.w, STYLE_WARNING, "▼ more");
    if (sums)
        draw_sums(c, r, (all - top < rows ? all - top : rows) + (sums > 2), x);
}

void pane_completion(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snap_follow *f = trace_text_follow(v);
    struct shown x = {.v = v, .t = trace_text_trace(v), .g = v->group_screen ? v->group_screen : &plain};
    int group = view_group(v);
    struct rect inner;

    if (!f || !x.t || f->group != group || f->index != group_chosen(v)) {
        inner = pane_frame(c, r, v, PANE_COMPLETION, "completion", "");
        pane_note(c, inner,
                  group < 0 ? "the text of a completion, once a group is drawn"
                            : "its text comes with the next picture of the run");
        return;
    }
    x.group = &v->now->group[group];
    draw_title(c, r, &x, f, &inner);
    if (pane_is_boxed(c, r)) {
        trace_text_legend(c, r, r.h - 1, NULL);
    } else if (inner.h >= LEGEND) {
        trace_text_legend(c, inner, inner.h - 1, NULL);
        inner.h--;
    }
    inner = rect_cut(inner, 1, 0, inner.w - 1, inner.h);
    if (inner.w > 0 && inner.h > 0)
        draw_text(c, inner, &x, f);
}
