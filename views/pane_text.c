/* The text of the trace screen: the whole trace with its marks, the overlay's numbers under the tokens,
 * the reason of a failed check at its character, and what resampling said of its aha candidates.
 *
 * Where everything stands is found by one function, `arrange`, which draws nothing: drawing, the cursor's
 * moves by line and the mouse all ask it. Without a cursor the end of the text is seen, as it grows; with
 * one, its line. */
#include "views/pane_text.h"

#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/trace_overlay.h"

enum { AIRY = 9, REASON = 5, TESTS_SHOWN = 4, LEGEND = 8, NARROW = 58 };

/* Of the rows inside the frame: the text's first, then those that have a fixed place below it. */
struct arrangement {
    struct trace_text text;
    struct rect r;               /* of the text */
    int top, rows;               /* the first row that is seen; all rows, the verdict's among them */
    int tests, tests_row, scale_row, probing_row, legend_row;   /* rows of the inner rectangle, -1: none */
};

static int keep(int *rows, int wanted)
{
    return wanted && *rows > 3 ? --*rows : -1;
}

/* The rows below the text, from the last one up: each only where the text keeps three. */
static void arrange_below(struct arrangement *a, const struct view *v, int boxed, int *rows)
{
    int tests = v->facts ? v->facts->tests_n : 0, i, at;

    a->legend_row = !boxed && *rows >= LEGEND ? --*rows : -1;
    a->scale_row = keep(rows, trace_state_of(v)->overlay != TRACE_PLAIN);
    a->probing_row = keep(rows, v->probing != NULL);
    a->tests = 0;
    a->tests_row = -1;
    for (i = 0; i < tests && i < TESTS_SHOWN && i < FACT_TESTS; i++) {
        at = keep(rows, *rows > AIRY || i == 0);
        if (at < 0)
            break;
        a->tests_row = at;
        a->tests++;
    }
}

static void arrange(const struct canvas *c, struct rect inner, int boxed, const struct view *v,
                    struct arrangement *a)
{
    int rows = inner.h, token = v->token, word, overlay = trace_state_of(v)->overlay != TRACE_PLAIN, most;

    arrange_below(a, v, boxed, &rows);
    a->r = rect_cut(inner, 1, 0, inner.w - 1, rows);
    trace_text_make(&a->text, trace_text_follow(v), trace_text_trace(v), v->facts);
    trace_overlay_apply(&a->text, v);
    a->text.with_reason = rows >= REASON;
    trace_text_flow(c, &a->text, a->r.w > 2 ? a->r.w - 1 : 1, rows >= AIRY, overlay && rows > 1 ? 2 : 1);
    a->rows = trace_text_rows(&a->text) + trace_text_ended(a->text.trace);
    most = a->rows > rows ? a->rows - rows : 0;
    word = token >= 0 ? trace_text_word(&a->text, token) : -1;
    if (word >= 0)
        a->top = trace_text_row(&a->text, a->text.word[word].line) - (rows - a->text.pitch) / 2;
    else
        a->top = most - (v->trace_up > 0 ? v->trace_up : 0);
    a->top = a->top > most ? most : a->top < 0 ? 0 : a->top;
}

/* "with 27/32, without 12/32, p .0004: verified" */
static void draw_test(struct canvas *c, struct rect r, int row, const struct view *v,
                      const struct aha_test *t)
{
    char word[32], p[16];
    int col;

    trace_text_copy(trace_text_follow(v), t->token, word, sizeof word);
    col = canvas_put(c, r, row, 0, t->verified ? STYLE_GOOD : STYLE_DIM, t->verified ? 0x25C6 : 0x25CB);
    if (r.w < NARROW)
        col = canvas_printf(c, r, row, col, STYLE_TEXT, "%s %d/%d, without %d/%d: ", word, t->with_right,
                            t->with_n, t->without_right, t->without_n);
    else
        col = canvas_printf(c, r, row, col, STYLE_TEXT,
                            "%s (token %d): with %d/%d, without %d/%d, p %s: ", word, t->token, t->with_right,
                            t->with_n, t->without_right, t->without_n, trace_text_p(p, t->p));
    canvas_text(c, r, row, col, t->verified ? STYLE_GOOD : STYLE_DIM, t->verified ? "verified" : "decorative",
                -1);
}

static void draw_tests(struct canvas *c, struct rect r, const struct view *v, const struct arrangement *a)
{
    int i;

    for (i = 0; i < a->tests; i++)
        draw_test(c, r, a->tests_row + i, v, &v->facts->test[i]);
}

static void draw_text(struct canvas *c, struct rect r, const struct view *v, const struct arrangement *a)
{
    const struct trace_text *t = &a->text;
    int seen = a->top + r.h;

    trace_text_draw(c, r, t, a->top, v->token);
    if (trace_text_ended(t->trace)) {
        if (a->rows - 1 < seen)
            trace_text_verdict(c, r, a->rows - 1 - a->top, t);
    } else if (t->n && v->token < 0) {
        const struct trace_word *last = &t->word[t->n - 1];
        canvas_put(c, r, trace_text_row(t, last->line) - a->top, last->col + trace_text_width(c, last) + 1,
                   STYLE_ACCENT, 0x258C);
    }
}

static void make_right(const struct view *v, const struct snap_follow *f, char *out, size_t bytes)
{
    if (v->token >= 0 && v->token < f->tokens_n)
        snprintf(out, bytes, "token %d of %d", v->token, f->tokens_n);
    else
        snprintf(out, bytes, "%d tokens", f->tokens_n);
}

void pane_text(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snap_follow *f = trace_text_follow(v);
    struct trace_tally counts;
    struct arrangement a;
    struct rect inner, below;
    char title[192], right[48];

    if (!f) {
        pane_note(c, pane_frame(c, r, v, PANE_TEXT, "trace", ""), trace_text_missing(v));
        return;
    }
    trace_text_title(v, title, sizeof title);
    make_right(v, f, right, sizeof right);
    inner = pane_frame(c, r, v, PANE_TEXT, title, right);
    if (inner.w < 1 || inner.h < 1)
        return;
    arrange(c, inner, pane_is_boxed(c, r), v, &a);
    below = rect_cut(inner, 1, 0, inner.w - 1, inner.h);
    if (a.r.w > 0 && a.r.h > 0)
        draw_text(c, a.r, v, &a);
    list_scrollbar(c, r, a.r, &(struct list){.n = a.rows, .top = a.top});
    draw_tests(c, below, v, &a);
    if (a.probing_row >= 0)
        trace_probing(c, below, a.probing_row, v);
    if (a.scale_row >= 0)
        trace_overlay_scale(c, below, a.scale_row, v);
    trace_text_count(f, v->facts, &counts);
    if (pane_is_boxed(c, r))
        trace_text_legend(c, r, r.h - 1, &counts);
    else if (a.legend_row >= 0)
        trace_text_legend(c, inner, a.legend_row, &counts);
}

/* The same arrangement as pane_text makes on a screen of c's size. */
static int arrange_on(const struct canvas *c, const struct view *v, struct arrangement *a)
{
    struct layout l;
    const struct rect *r;
    int boxed;

    view_layout(v, c->w, c->h, &l);
    r = layout_find(&l, PANE_TEXT);
    if (!r || !trace_text_follow(v))
        return 0;
    boxed = pane_is_boxed(c, *r);
    arrange(c, boxed ? rect_cut(*r, 1, 1, r->w - 2, r->h - 2) : rect_cut(*r, 0, 1, r->w, r->h - 1), boxed, v,
            a);
    return 1;
}

/* The token of a line that stands nearest to a column, -1 when the line has none. */
static int nearest(const struct canvas *c, const struct trace_text *t, int line, int col)
{
    int i, best = -1, distance = 0;

    for (i = t->first_token; i < t->n; i++) {
        const struct trace_word *word = &t->word[i];
        int end = word->col + trace_text_width(c, word) - 1;
        int far = col < word->col ? word->col - col : col > end ? col - end : 0;
        if (word->line == line && (best < 0 || far < distance)) {
            best = word->token;
            distance = far;
        }
    }
    return best;
}

int pane_text_move(const struct canvas *c, const struct view *v, int lines)
{
    int token = trace_text_token(v), word, line, to, step = lines < 0 ? -1 : 1;
    struct arrangement a;

    if (token < 0 || !arrange_on(c, v, &a) || (word = trace_text_word(&a.text, token)) < 0)
        return token;
    line = a.text.word[word].line + lines;
    line = line < 0 ? 0 : line >= a.text.lines ? a.text.lines - 1 : line;
    for (to = -1; to < 0 && line >= 0 && line < a.text.lines; line += step)
        to = nearest(c, &a.text, line, a.text.word[word].col);
    return to >= 0 ? to : lines < 0 ? a.text.word[a.text.first_token].token : token;
}

int pane_text_page(const struct canvas *c, const struct view *v)
{
    struct arrangement a;
    int lines = arrange_on(c, v, &a) ? a.r.h / a.text.pitch - 1 : 1;

    return lines > 1 ? lines : 1;
}

int pane_text_at(const struct canvas *c, const struct view *v, int row, int col)
{
    struct arrangement a;
    int i;

    if (!arrange_on(c, v, &a) || row < a.r.y || row >= a.r.y + a.r.h)
        return -1;
    row += a.top - a.r.y;
    col -= a.r.x;
    for (i = a.text.first_token; i < a.text.n; i++) {
        const struct trace_word *word = &a.text.word[i];
        int from = trace_text_row(&a.text, word->line);
        if (row >= from && row < from + a.text.pitch && col >= word->col &&
            col < word->col + trace_text_width(c, word))
            return word->token;
    }
    return -1;
}
