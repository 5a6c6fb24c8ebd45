/* What a head looked at while it wrote the token under the cursor: a strip of weights over all earlier
 * tokens, the strongest links in words, and, where the pane is alone, the rows of all tokens as a matrix.
 *
 * Colours and heights show the square root of a weight, so that a tenth can be told from nothing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/attention_state.h"
#include "views/format.h"
#include "views/heat.h"
#include "views/pane.h"
#include "views/trace_overlay.h"
#include "views/trace_text.h"

enum { LINKS = 32, WORD_W = 10, LINKS_W = 54, MATRIX_LEAST = 40, PARTS_AT = 37 };

/* The token that a row wrote. */
static void written(const struct view *v, const struct attention_facts *f, int row, char *out, int bytes)
{
    if (row + 1 < f->rows)
        snprintf(out, (size_t)bytes, "%s", f->word[row + 1]);
    else
        trace_text_copy(trace_text_follow(v), f->n - 1, out, bytes);
}

/* Weights of a row in `cells` cells, each the largest of its positions. */
static void draw_strip(struct canvas *c, struct rect r, int line, int col, int cells,
                       const struct attention_facts *f, int row, int span)
{
    const float *w = f->weight + (size_t)row * ((size_t)row + 1) / 2;
    int i, j;

    for (i = 0; i < cells && i * span <= row; i++) {
        float most = 0;
        for (j = i * span; j < (i + 1) * span && j <= row; j++)
            most = w[j] > most ? w[j] : most;
        canvas_put(c, r, line, col + i, heat_style(sqrt((double)most), 0, 1),
                   heat_glyph(sqrt((double)most), 0, 1));
    }
}

static void place_name(const struct attention_facts *f, int at, char *out, size_t bytes)
{
    if (at < f->prompt_n)
        snprintf(out, bytes, "prompt %d", at);
    else
        snprintf(out, bytes, "token %d", at - f->prompt_n);
}

static void draw_links(struct canvas *c, struct rect r, int line, const struct attention_facts *f, int row)
{
    struct attention_link link[LINKS];
    int n = attention_links(f, row, LINKS, 0.01F, link), i;
    double rest = 1, content, place;
    char name[32], weight[FORMAT_BYTES];

    for (i = 0; i < n && line < r.h - 1 - f->has_parts; i++, line++) {
        int bar = r.w >= 40 ? (int)lround(8 * (double)link[i].weight) : 0, k;
        rest -= (double)link[i].weight;
        snprintf(weight, sizeof weight, "%.2f", (double)link[i].weight);
        canvas_text(c, r, line, 0, STYLE_STRONG, weight, -1);
        for (k = 0; k < bar; k++)
            canvas_put(c, r, line, 5 + k, heat_style(sqrt((double)link[i].weight), 0, 1), 0x2588);
        k = r.w >= 40 ? 14 : 5;
        canvas_fit(c, r, line, k, WORD_W, STYLE_TEXT, f->word[link[i].at]);
        place_name(f, link[i].at, name, sizeof name);
        canvas_fit(c, r, line, k + WORD_W + 1, 11, STYLE_DIM, name);
        if (f->has_parts && r.w - k - WORD_W - 13 >= 13)
            canvas_printf(c, r, line, k + WORD_W + 13, STYLE_DIM, "%+7.1f %+5.1f", (double)link[i].content,
                          (double)link[i].place);
    }
    if (line >= r.h)
        return;
    attention_shares(f, row, &content, &place);
    canvas_printf(c, r, line++, 0, STYLE_DIM, "%.2f in all the others", rest > 0 ? rest : 0);
    if (f->has_parts && line < r.h)
        canvas_printf(c, r, line, 0, STYLE_DIM, "scores vary %.0f %% by content, %.0f %% by place",
                      100 * content, 100 * place);
}

/* The rows around `row`; one a token, with what it wrote. */
static void draw_matrix(struct canvas *c, struct rect r, const struct view *v,
                        const struct attention_facts *f, int row)
{
    int cells = r.w - WORD_W - 1, span = (f->rows + cells - 1) / cells, top = row - r.h / 2, i;
    char word[32];

    if (span < 1)
        span = 1;
    if (top > f->rows - r.h)
        top = f->rows - r.h;
    if (top < 0)
        top = 0;
    for (i = 0; i < r.h && top + i < f->rows; i++) {
        written(v, f, top + i, word, sizeof word);
        canvas_fit(c, r, i, 0, WORD_W, top + i < f->prompt_n - 1 ? STYLE_DIM : STYLE_TEXT, word);
        draw_strip(c, r, i, WORD_W + 1, cells, f, top + i, span);
        if (top + i == row)
            canvas_select(c, rect_cut(r, 0, 0, WORD_W, r.h), i);
    }
}

static const char *missing(const struct view *v)
{
    const struct attention_state *s = v->attention;

    if (!trace_text_follow(v))
        return trace_text_missing(v);
    if (s && s->refused[0])
        return s->refused;
    if (v->now->state == RUN_RUNNING || v->now->state == RUN_REPLAYING)
        return "pause the run (space) or look at an earlier step (<): then a head can be asked";
    return "what a head looked at while it wrote a token";
}

static void draw_known(struct canvas *c, struct rect inner, const struct view *v,
                       const struct attention_facts *f)
{
    int token = trace_text_token(v), row = attention_row(f, token), span, line = 0, end;
    int is_alone = v->zoom == PANE_ATTENTION && inner.w >= MATRIX_LEAST + LINKS_W && inner.h >= 12;
    struct rect text = is_alone ? rect_cut(inner, inner.w - LINKS_W + 2, 0, LINKS_W - 2, inner.h) : inner;
    char word[32];

    if (row < 0) {
        pane_note(c, inner, "this token is not known yet");
        return;
    }
    if (is_alone)
        draw_matrix(c, rect_cut(inner, 0, 0, inner.w - LINKS_W, inner.h), v, f, row);
    written(v, f, row, word, sizeof word);
    end = canvas_printf(c, text, line, 0, STYLE_TEXT, "%s (token %d) was written reading:", word, token);
    if (f->has_parts && end < PARTS_AT && text.w >= PARTS_AT + 13)
        canvas_text(c, text, line, PARTS_AT, STYLE_DIM, "content place", -1);
    line++;
    if (!is_alone && inner.h >= 4) {
        span = row / (inner.w > 0 ? inner.w : 1) + 1;
        draw_strip(c, inner, line++, 0, inner.w, f, row, span);
    }
    draw_links(c, text, line, f, row);
}

void pane_attention(struct canvas *c, struct rect r, const struct view *v)
{
    const struct attention_state *s = v->attention;
    const struct attention_facts *f = s ? s->facts : NULL;
    struct rect inner;
    char title[64] = "attention", right[64] = "";

    if (s)
        snprintf(title, sizeof title, "attention: layer %d, head %d", s->layer + 1, s->head + 1);
    if (s && s->layers_n)
        snprintf(right, sizeof right, "of %d x %d%s", s->layers_n, s->heads_n,
                 f && f->has_parts ? ", MLA" : "");
    inner = pane_frame(c, r, v, PANE_ATTENTION, title, right);
    if (inner.h < 1 || inner.w < 8)
        return;
    if (f && trace_text_follow(v)) {
        draw_known(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), v, f);
    } else if (v->probing && trace_text_follow(v)) {
        trace_probing(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), 0, v);
    } else {
        pane_note(c, inner, missing(v));
    }
    pane_foot(c, r,
              inner.w >= 90 ? "height: the root of the weight; scores before the softmax: q~.c and q_R.k_R"
                            : "height: root of the weight",
              "h head  y layer  A alone");
}
