/* The objective term by term: symbol, value, how it comes about, and what it says; the selected one is
 * explained.
 *
 * The list begins with the group and ends with the batch, so that every line needs only those above it. */
#include <stdio.h>
#include <string.h>

#include "views/explain.h"
#include "views/objective_state.h"
#include "views/objective_text.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { SYMBOL = 15, VALUE = 10, BESIDE = 140, BESIDE_MOST = 56, BELOW_ROWS = 17 };

/* The text about the token, which stands in the middle as far as it can. */
static void draw_strip(struct canvas *c, struct rect r, int row, const struct objective_state *x)
{
    char head[48];
    int left, i, col, first, last, room, w;

    snprintf(head, sizeof head, "token %d of %d ", x->token, x->tokens_n);
    left = canvas_text(c, r, row, 1, STYLE_DIM, head, -1) + 1;
    if (x->word_at < 0 || x->word_at >= x->words_n)
        return;
    first = last = x->word_at;
    room = r.w - left - 4 - canvas_width(c, x->word[x->word_at], -1);
    for (;;) { /* as many words on either side as fit, in turn */
        int grown = 0;
        if (first > 0 && (w = canvas_width(c, x->word[first - 1], -1) + 1) <= room) {
            room -= w;
            first--;
            grown = 1;
        }
        if (last + 1 < x->words_n && (w = canvas_width(c, x->word[last + 1], -1) + 1) <= room) {
            room -= w;
            last++;
            grown = 1;
        }
        if (!grown)
            break;
    }
    for (i = first, col = left; i <= last; i++) {
        int is_it = i == x->word_at;
        if (is_it)
            canvas_put(c, r, row, col++, STYLE_ACCENT, '[');
        col = canvas_text(c, r, row, col, is_it ? STYLE_STRONG : STYLE_TEXT, x->word[i], -1);
        if (is_it)
            canvas_put(c, r, row, col++, STYLE_ACCENT, ']');
        col++;
    }
}

static enum style remark_style(const struct objective_state *x, enum objective_term t)
{
    return (t == TERM_MIN || t == TERM_NO_CLIP || t == TERM_GRADIENT) && x->clip ? STYLE_WARNING : STYLE_DIM;
}

static void draw_term(struct canvas *c, struct rect r, int row, const struct view *v, enum objective_term t,
                      int is_selected)
{
    const struct objective_state *x = v->objective;
    char figure[FIGURE_BYTES];
    const char *remark = objective_remark(x, t);
    struct str working = {0};
    int ascii = c->chars == CHARS_ASCII, col, width, end;

    if (is_selected)
        canvas_put(c, r, row, 0, STYLE_ACCENT, 0x25B8);
    canvas_fit(c, r, row, 1, SYMBOL - 1, is_selected ? STYLE_STRONG : STYLE_TITLE,
               objective_symbol(x, t, ascii));
    canvas_right(c, r, row, SYMBOL + VALUE, is_selected ? STYLE_STRONG : STYLE_TEXT,
                 objective_figure(figure, x, t));
    col = SYMBOL + VALUE + 2;
    if (r.w - col >= 8) {
        objective_working(v, t, &working);
        width = canvas_width(c, str_c(&working), -1);
        end = canvas_fit(c, r, row, col, r.w - col - 1, STYLE_TEXT, str_c(&working));
        if (*remark && width <= r.w - col - 1 && end + 3 + canvas_width(c, remark, -1) < r.w)
            canvas_text(c, r, row, end + 2, remark_style(x, t), remark, -1);
        str_free(&working);
    }
    if (is_selected && v->focus == PANE_TERMS)
        canvas_select(c, r, row);
}

/* The selected term in words: what it is, how it comes about here, its formula, its source. */
static void draw_explanation(struct canvas *c, struct rect r, const struct view *v, enum objective_term t,
                             int with_now)
{
    const struct objective_state *x = v->objective;
    struct explanation e;
    struct str s = {0};
    char figure[FIGURE_BYTES];
    int row, ascii = c->chars == CHARS_ASCII;

    if (r.h < 1 || r.w < 12)
        return;
    explain_term(t, x, &e);
    str_printf(&s, "%s: %s", objective_symbol(x, t, ascii), e.what);
    row = paragraph_draw(c, r, 0, 0, STYLE_STRONG, str_c(&s));
    str_clear(&s);
    if (with_now) {
        str_printf(&s, "now   %s%s%s = ", objective_figure(figure, x, t), *e.unit ? " " : "", e.unit);
        objective_working(v, t, &s);
        if (*objective_remark(x, t))
            str_printf(&s, "\n%s", objective_remark(x, t));
        row = paragraph_draw(c, r, row + (r.h > 12), 0, STYLE_TEXT, str_c(&s));
        str_clear(&s);
    }
    if (*e.formula) {
        str_printf(&s, "formula   %s", e.formula);
        row = paragraph_draw(c, r, row + (r.h > 12), 0, STYLE_TEXT, str_c(&s));
        str_clear(&s);
    }
    if (*e.source) {
        str_printf(&s, "source   %s", e.source);
        row = paragraph_draw(c, r, row, 0, STYLE_DIM, str_c(&s));
        str_clear(&s);
    }
    paragraph_draw(c, r, row + (r.h > 12), 0, STYLE_TEXT, e.reading);
    str_free(&s);
}

/* What is not known yet, and whether something is done about it. */
static void status_of(const struct view *v, char out[112])
{
    const struct objective_state *x = v->objective;

    if (x->is_found)
        snprintf(out, 112,
                 x->has_after ? "u: at the update, or after it" : "the weights after the step are not known");
    else if (v->probing)
        snprintf(out, 112, "%.64s (%.0f%%)", v->probing, 100 * v->probing_progress);
    else
        snprintf(out, 112, "reference and weights after the step: not on record");
}

void pane_terms(struct canvas *c, struct rect r, const struct view *v)
{
    const struct objective_state *x = v->objective;
    struct rect inner, body, words = {0};
    enum objective_term term[TERM_N];
    struct list list;
    char foot[112];
    int i, n, row, beside, wide;

    inner =
        pane_frame(c, r, v, PANE_TERMS, "term by term", x && !x->missing && x->G ? objective_moment(x) : "");
    if (!x || x->missing || !x->G) {
        pane_note(c, inner, "every figure of the objective, with this trace's numbers");
        return;
    }
    n = objective_terms(x, term);
    list = x->list;
    list.n = n;
    list_clamp(&list, n);
    beside = inner.w >= BESIDE;
    wide = beside ? inner.w * 2 / 5 : 0;
    wide = wide > BESIDE_MOST ? BESIDE_MOST : wide;
    draw_strip(c, inner, 0, x);
    body = rect_cut(inner, 0, 1, inner.w - (beside ? wide + 2 : 0), inner.h - 1);
    if (!beside && inner.h >= 9) {
        int below = inner.h - 1 - n - 1;
        below = below < 5 ? inner.h >= BELOW_ROWS ? 6 : 4 : below;
        body.h = inner.h - 1 - below - 1;
        words = rect_cut(inner, 1, inner.h - below, inner.w - 2, below);
        for (i = 0; i < inner.w; i++)
            canvas_put(c, inner, inner.h - below - 1, i, STYLE_BORDER, 0x2504);
    } else if (!beside && inner.h >= 5) {
        body.h--;
        words = rect_cut(inner, 1, inner.h - 1, inner.w - 2, 1);
    } else if (beside) {
        words = rect_cut(inner, inner.w - wide - 1, 1, wide, inner.h - 1);
        for (i = 1; i < inner.h; i++)
            canvas_put(c, inner, i, inner.w - wide - 3, STYLE_BORDER, 0x2506);
    }
    list_clamp(&list, body.h);
    for (i = list.top, row = 0; i < list.n && row < body.h; i++, row++)
        draw_term(c, body, row, v, term[i], i == list.selected);
    if (list.n > body.h)
        list_scrollbar(c, beside ? body : r, body, &list);
    draw_explanation(c, words, v, term[list.selected], beside || inner.w < 90);
    status_of(v, foot);
    pane_foot(c, r, r.w >= 100 ? "up down: figure   left right: token   { }: completion   [ ]: group" : "",
              foot);
}
