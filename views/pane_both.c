/* The same completion in two runs, up to the first token that is not the same: what both have in common is
 * dim, then a mark, then how each goes on. Side by side where there is room, else one below the other, the
 * common part once.
 *
 * Text is laid out before it is drawn, so that the mark can be kept in sight: what does not fit is cut at the
 * front. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/compare_state.h"
#include "views/format.h"
#include "views/pane.h"

#define MARK 0x25B6

/* Tokens from..to-1 of a text in lines of `width`; the mark stands before token `mark`. Draws those lines
 * whose number is top .. top + r.h - 1: none where r.h is 0, to measure. Returns the number of lines;
 * *mark_line: that of the mark. */
static int flow(struct canvas *c, struct rect r, const struct compare_text *t, int from, int to, int mark,
                int top, int *mark_line)
{
    int i, line = 0, col = 0;

    for (i = from; i <= to; i++) {
        int begin = i < t->n ? t->begin[i] : 0, bytes = i < to ? t->begin[i + 1] - 1 - begin : 0;
        int w = i < to ? canvas_width(c, t->text + begin, bytes) : 0;
        if (i == to && i != mark)
            break;
        if (i == mark) {
            if (col && col + 2 + w > r.w) {
                line++;
                col = 0;
            }
            *mark_line = line;
            if (line >= top && line - top < r.h)
                canvas_put(c, r, line - top, col, STYLE_ACCENT, MARK);
            col += 2;
        }
        if (i == to) {
            if (line >= top && line - top < r.h)
                canvas_fit(c, r, line - top, col, r.w - col, STYLE_DIM, "ends here");
            break;
        }
        if (col && col + w > r.w) {
            line++;
            col = 0;
        }
        if (line >= top && line - top < r.h)
            canvas_text(c, r, line - top, col,
                        mark < 0    ? STYLE_TEXT
                        : i < mark  ? STYLE_DIM
                        : i == mark ? STYLE_STRONG
                                    : STYLE_TEXT,
                        t->text + begin, bytes);
        col += w + 1;
    }
    return line + 1;
}

/* A text whose mark stays in sight, with a few lines before it. */
static void draw_text(struct canvas *c, struct rect r, const struct compare_text *t, int from, int mark)
{
    struct rect nowhere = {r.x, r.y, r.w, 0};
    int mark_line = 0, lines, top = 0;

    if (r.w < 4 || r.h < 1)
        return;
    lines = flow(c, nowhere, t, from, t->n, mark, 0, &mark_line);
    if (lines > r.h && mark >= 0) {
        top = mark_line - (r.h > 3 ? r.h / 3 : 0);
        top = top > lines - r.h ? lines - r.h : top;
        top = top < 0 ? 0 : top;
    }
    flow(c, r, t, from, t->n, mark, top, &mark_line);
    if (top > 0)
        canvas_put(c, r, 0, r.w - 1, STYLE_DIM, 0x2191);
    if (lines - top > r.h)
        canvas_put(c, r, r.h - 1, r.w - 1, STYLE_DIM, 0x2193);
}

/* "A quick   reward 1.10   advantage 0.83   47 tokens"; a reward of 0 says why. */
static void draw_head(struct canvas *c, struct rect r, int row, const struct compare_state *s, int i)
{
    const struct compare_run *run = &s->run[i ? s->other : 0];
    const struct compare_text *t = &s->text[i];
    char text[256], reward[FORMAT_BYTES], advantage[FORMAT_BYTES];
    int col = 0;

    canvas_put(c, r, row, col, i ? STYLE_CURVE_B : STYLE_CURVE_A, (uint32_t)('A' + (i ? s->other : 0)));
    col = canvas_fit(c, r, row, col + 2, r.w / 4, STYLE_STRONG, run->name) + 2;
    if (!t->is_there)
        snprintf(text, sizeof text, "not on record");
    else
        snprintf(text, sizeof text,
                 r.w < 60 ? "r %s adv %s, %d tok%s%s" : "reward %s  advantage %s  %d tokens%s%s",
                 format_number(reward, t->reward), format_number(advantage, t->advantage), t->n,
                 *t->why ? "  " : "", t->why);
    canvas_fit(c, r, row, col, r.w - col, STYLE_TEXT, text);
}

/* The token at which they part, with the probability that each run's sampler gave its own. */
static void say_parting(const struct compare_state *s, char *out, size_t bytes)
{
    const struct compare_text *a = &s->text[0], *b = &s->text[1];
    char word[2][32], p[2][FORMAT_BYTES];
    int i;

    if (!a->is_there || !b->is_there) {
        snprintf(out, bytes, "this completion is not in both runs");
        return;
    }
    if (strcmp(a->prompt, b->prompt)) {
        snprintf(out, bytes, "the prompts differ: %s | %s", a->prompt, b->prompt);
        return;
    }
    if (s->same == a->n && s->same == b->n) {
        snprintf(out, bytes, "the same %d tokens in both", a->n);
        return;
    }
    for (i = 0; i < 2; i++) {
        const struct compare_text *t = &s->text[i];
        if (s->same < t->n) {
            int begin = t->begin[s->same], n = t->begin[s->same + 1] - 1 - begin;
            snprintf(word[i], sizeof word[i], "%.*s", n < 31 ? n : 31, t->text + begin);
            format_number(p[i], exp((double)t->logp[s->same]));
        } else {
            snprintf(word[i], sizeof word[i], "its end");
            snprintf(p[i], sizeof p[i], "-");
        }
    }
    snprintf(out, bytes, "%d tokens the same, then  A: %s (p %s)  %c: %s (p %s)", s->same, word[0], p[0],
             'A' + s->other, word[1], p[1]);
}

static void draw_columns(struct canvas *c, struct rect r, const struct compare_state *s, int mark)
{
    int half = r.w / 2, i, row;

    for (i = 0; i < 2; i++) {
        struct rect part = i ? rect_cut(r, half + 1, 0, r.w - half - 2, r.h)
                             : rect_cut(r, 1, 0, half - 3, r.h);
        draw_head(c, part, 0, s, i);
        if (s->text[i].is_there)
            draw_text(c, rect_cut(part, 0, 1, part.w, part.h - 1), &s->text[i], 0, mark);
    }
    for (row = 0; row < r.h; row++)
        canvas_put(c, r, row, half - 1, STYLE_BORDER, 0x2502);
}

static void draw_stacked(struct canvas *c, struct rect r, const struct compare_state *s, int mark)
{
    struct rect in = rect_cut(r, 1, 0, r.w - 2, r.h);
    int i, from = 0, row = 0, each, ignored = 0;

    if (s->text[0].is_there && mark > 0 && r.h >= 7) { /* the common part once, its end where it is long */
        struct rect nowhere = {in.x, in.y, in.w, 0};
        int lines = flow(c, nowhere, &s->text[0], 0, mark, -1, 0, &ignored), most = r.h / 3, shown;
        shown = lines < most ? lines : most;
        flow(c, rect_cut(in, 0, 0, in.w, shown), &s->text[0], 0, mark, mark + 1, lines - shown, &ignored);
        row = shown;
        from = mark;
    }
    each = (r.h - row) / 2;
    for (i = 0; i < 2; i++) {
        struct rect part = rect_cut(in, 0, row + i * each, in.w, i ? r.h - row - each : each);
        draw_head(c, part, 0, s, i);
        if (s->text[i].is_there)
            draw_text(c, rect_cut(part, 0, 1, part.w, part.h - 1), &s->text[i], from, mark);
    }
}

void pane_both(struct canvas *c, struct rect r, const struct view *v)
{
    const struct compare_state *s = v->compare;
    char title[160], text[192];
    struct rect inner;
    int mark, row = 0;

    if (!s || s->n < 2 || s->step < 0) {
        inner = pane_frame(c, r, v, PANE_BOTH, "the same completion in both", "");
        pane_note(c, inner, s && s->n > 1 ? "no GRPO step is on record in both" : "two runs are needed");
        return;
    }
    snprintf(title, sizeof title, "step %lld  group %d/%d  completion %d/%d  %s", (long long)s->step,
             s->group + 1, s->groups_n, s->index + 1, s->group_size, s->text[0].prompt);
    inner = pane_frame(c, r, v, PANE_BOTH, title, "");
    say_parting(s, text, sizeof text);
    if (inner.h != 1)
        canvas_fit(c, inner, row++, 1, inner.w - 2, STYLE_ACCENT, text);
    inner = rect_cut(inner, 0, row, inner.w, inner.h - row);
    mark = s->text[0].is_there && s->text[1].is_there && (s->same < s->text[0].n || s->same < s->text[1].n)
               ? s->same
               : -1;
    if (inner.h < 4) /* A's part about the mark; the line above has B's token */
        draw_text(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), &s->text[0], 0, mark);
    else if (inner.w >= 76)
        draw_columns(c, inner, s, mark);
    else
        draw_stacked(c, inner, s, mark);
    pane_foot(c, r, "< > step  [ ] group  up down completion  d next that differs",
              s->n > 2 ? "o other run" : "");
}
