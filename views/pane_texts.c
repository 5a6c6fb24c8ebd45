/* The panes of the texts screen: the texts that a run learns from, and the chosen one whole. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/pane.h"
#include "views/paragraph.h"
#include "views/texts_state.h"
#include "views/trace_text.h"

enum { KEPT_W = 10, NUMBER_W = 6, SCORE_W = 6, LABEL_W = 18 };

struct columns {
    int kept, number, accuracy, readable, label, label_w, text, why, why_w;   /* -1: left out */
};

static struct columns place(int w)
{
    struct columns k = {2, -1, -1, -1, -1, 0, 0, -1, 0};
    int at = 2 + KEPT_W;

    if (w >= 60) {
        k.number = at;
        at += NUMBER_W;
        k.accuracy = at;
        at += SCORE_W;
    }
    if (w >= 40) {
        k.readable = at;
        at += SCORE_W;
    }
    k.label = at;
    k.label_w = w >= 110 ? LABEL_W + 10 : w >= 56 ? LABEL_W : w - at < LABEL_W ? w - at : LABEL_W;
    k.text = at + k.label_w + 1;
    if (w - k.text >= 40) {
        k.why_w = (w - k.text) / 3;
        k.why = w - k.why_w;
    }
    return k;
}

static void draw_head(struct canvas *c, struct rect r, const struct columns *k)
{
    canvas_text(c, r, 0, k->kept, STYLE_DIM, "verdict", -1);
    if (k->number >= 0) {
        canvas_right(c, r, 0, k->number + NUMBER_W - 1, STYLE_DIM, "no");
        canvas_right(c, r, 0, k->accuracy + SCORE_W - 1, STYLE_DIM, "right");
    }
    if (k->readable >= 0)
        canvas_right(c, r, 0, k->readable + SCORE_W - 1, STYLE_DIM, "read");
    canvas_fit(c, r, 0, k->label, k->label_w, STYLE_DIM, "prompt");
    if (r.w - k->text > 8)
        canvas_text(c, r, 0, k->text, STYLE_DIM, "text", -1);
    if (k->why >= 0)
        canvas_text(c, r, 0, k->why, STYLE_DIM, "why not", -1);
}

/* Kept or not is told by a sign, by hand or not by the word. */
static void draw_verdict(struct canvas *c, struct rect r, int row, const struct columns *k,
                         const struct record_example *x)
{
    canvas_put(c, r, row, 0, x->kept ? STYLE_GOOD : STYLE_BAD, x->kept ? 0x2713 : 0x2717);
    canvas_fit(c, r, row, k->kept, KEPT_W - 1, x->verdict != VERDICT_RULE ? STYLE_KEY : STYLE_DIM,
               texts_kept_word(x));
}

/* A pair has no scores of its own; those of a trace are of what was sampled, not of what a hand made of
 * it. */
static int is_scored(const struct record_example *x)
{
    return x->kind == EXAMPLE_TRACE && x->verdict != VERDICT_EDITED;
}

static void draw_score(struct canvas *c, struct rect r, int row, int end, double v)
{
    char text[16];

    if (isfinite(v))
        snprintf(text, sizeof text, "%.2f", v);
    else
        snprintf(text, sizeof text, "-");
    canvas_right(c, r, row, end, isfinite(v) ? STYLE_TEXT : STYLE_DIM, text);
}

static void draw_text(struct canvas *c, struct rect r, int row, const struct columns *k,
                      const struct texts_state *s, int place)
{
    const struct record_example *x = &s->row[place];
    char number[16];
    int end = k->why >= 0 ? k->why - 1 : r.w;

    draw_verdict(c, r, row, k, x);
    if (k->number >= 0) {
        snprintf(number, sizeof number, "%d", place + 1);
        canvas_right(c, r, row, k->number + NUMBER_W - 1, STYLE_DIM, number);
        draw_score(c, r, row, k->accuracy + SCORE_W - 1, is_scored(x) ? x->accuracy : NAN);
    }
    if (k->readable >= 0)
        draw_score(c, r, row, k->readable + SCORE_W - 1, is_scored(x) ? x->readable : NAN);
    canvas_fit(c, r, row, k->label, k->label_w, STYLE_TEXT, s->label[place]);
    if (end - k->text > 8)
        canvas_fit(c, r, row, k->text, end - k->text, x->kept ? STYLE_TEXT : STYLE_DIM, x->text);
    if (k->why >= 0)
        canvas_fit(c, r, row, k->why, k->why_w, STYLE_DIM, x->kept ? "" : x->why);
}

static const char *empty(const struct texts_state *s, char *out, size_t bytes)
{
    snprintf(out, bytes, "no text is %s; F shows others", texts_filter_name(s->filter));
    return out;
}

void pane_texts(struct canvas *c, struct rect r, const struct view *v)
{
    const struct texts_state *s = v->texts;
    struct rect inner, body;
    struct columns k;
    struct list list;
    char title[NAME_BYTES + 64], right[64], note[64];
    int i;

    if (!s || !s->n) {
        inner = pane_frame(c, r, v, PANE_TEXTS, "texts", "");
        paragraph_draw(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), inner.h > 2 ? 1 : 0, 0, STYLE_DIM,
                       s && s->note[0] ? s->note : "what a run learns from stands here: :texts RUN");
        return;
    }
    snprintf(title, sizeof title, r.w >= 60 ? "texts of %s: %s" : "%s: %s", s->name,
             texts_filter_name(s->filter));
    if (r.w >= 60)
        snprintf(right, sizeof right, "%d of %d kept, %d by hand", s->kept_n, s->n, s->by_hand_n);
    else
        snprintf(right, sizeof right, "%d/%d", s->kept_n, s->n);
    inner = pane_frame(c, r, v, PANE_TEXTS, title, right);
    k = place(inner.w - 1);
    draw_head(c, rect_cut(inner, 0, 0, inner.w - 1, inner.h), &k);
    body = rect_cut(inner, 0, 1, inner.w, inner.h - 1);
    list = s->list;
    if (!list.n)
        pane_note(c, body, empty(s, note, sizeof note));
    list_clamp(&list, body.h);
    for (i = 0; i < body.h && list.top + i < list.n; i++) {
        draw_text(c, rect_cut(body, 0, 0, body.w - 1, body.h), i, &k, s, s->order[list.top + i]);
        if (list.top + i == list.selected)
            canvas_select(c, body, i);
    }
    list_scrollbar(c, r, body, &list);
    pane_foot(c, r, s->step > 0 ? "it has learned from them: they stand"
              : "a accept  x reject  e edit  s swap  u as the rules",
              "F filter  / find");
}

/* Where a text is from and how it was judged, in one row. */
static int draw_scores(struct canvas *c, struct rect r, int row, const struct record_example *x)
{
    char text[256];
    int n;

    if (x->kind == EXAMPLE_PAIR)
        n = snprintf(text, sizeof text, "which is more %s", x->respect == PREFER_HARMLESS ? "harmless"
                     : "helpful");
    else if (!is_scored(x))
        n = snprintf(text, sizeof text, "edited by hand; its scores were of the text before");
    else
        n = snprintf(text, sizeof text, "accuracy %.2g  format %.2g  language %.2g  readable %.2g",
                     x->accuracy, x->format, x->language, x->readable);
    if (n > 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, "  from %s", x->source[0] ? x->source : "a template");
    canvas_fit(c, r, row, 0, r.w, STYLE_DIM, text);
    return row + 1;
}

/* A trace from row `row` on, its first `skip` rows left out. Returns the row after it. */
static int draw_trace(struct canvas *c, struct rect r, int row, int skip, const struct snap_follow *f)
{
    struct trace_text text;
    struct rect at = rect_cut(r, 0, row, r.w, r.h - row);
    int rows;

    if (at.h < 1)
        return row;
    trace_text_make(&text, f, NULL, NULL);
    trace_text_flow(c, &text, r.w, r.h >= 8, 1);
    rows = trace_text_rows(&text);
    skip = skip > rows - 1 ? rows - 1 : skip;
    skip = skip < 0 ? 0 : skip;
    trace_text_draw(c, at, &text, skip, -1);
    if (rows - skip > at.h)
        canvas_right(c, at, at.h - 1, at.w, STYLE_WARNING, "▼ more");
    return row + (rows - skip < at.h ? rows - skip : at.h);
}

void pane_example(struct canvas *c, struct rect r, const struct view *v)
{
    const struct texts_state *s = v->texts;
    int place = s ? texts_place(s) : -1, row;
    const struct record_example *x = place >= 0 ? &s->row[place] : NULL;
    struct rect inner;
    char title[96];

    if (!x || s->chosen_at != place) {
        pane_note(c, pane_frame(c, r, v, PANE_EXAMPLE, "text", ""), "the chosen text");
        return;
    }
    snprintf(title, sizeof title, "text %d: %s", place + 1, texts_kept_word(x));
    inner = pane_frame(c, r, v, PANE_EXAMPLE, title, x->kept ? "✓ learned from" : "✗ left out");
    inner = rect_cut(inner, 1, 0, inner.w - 2, inner.h);
    if (inner.w < 1 || inner.h < 1)
        return;
    row = inner.h >= 6 ? draw_scores(c, inner, 0, x) : 0;
    if (x->why[0] && inner.h >= 6)
        row = paragraph_draw(c, inner, row, 0, x->kept ? STYLE_DIM : STYLE_BAD, x->why);
    row += inner.h >= 10;
    if (x->kind == EXAMPLE_PAIR && inner.h >= 6)
        canvas_text(c, inner, row++, 0, STYLE_GOOD, "✓ preferred", -1);
    row = draw_trace(c, inner, row, s->scroll, s->chosen);
    if (x->kind == EXAMPLE_PAIR && row + 1 < inner.h) {
        row += inner.h >= 10;
        canvas_text(c, inner, row++, 0, STYLE_BAD, "✗ not preferred", -1);
        draw_trace(c, inner, row, s->scroll, s->other);
    }
    pane_foot(c, r, "tab, then up and down scroll", "");
}
