/* The narration of a lesson, in a strip below the screen that it is about.
 *
 * The strip is as high as its text wants, up to two fifths of the screen; a longer text is read a strip at a
 * time. Lines are at most 100 columns wide, as wider ones are hard to read. */
#include <stdio.h>
#include <string.h>

#include "views/lesson_state.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { WIDEST = 100, LEAST_ROWS = 3 };

int lesson_wrap(const struct canvas *c, const char *text, int width,
                void (*line)(void *ctx, int row, const char *s, int n), void *ctx)
{
    int rows = 0;

    while (*text) {
        const char *from = text;
        int n = paragraph_break(c, text, width < 8 ? 8 : width, &text);
        if (line)
            line(ctx, rows, from, n);
        rows++;
    }
    return rows;
}

static int is_boxed(int w, int h)
{
    return h >= 28 && w >= 60;   /* as pane_is_boxed has it */
}

int lesson_text_rows(int w, int h, int rows, int *width)
{
    int boxed = is_boxed(w, h), text = rows - 1 - boxed;

    *width = w - (boxed ? 4 : 2);
    if (*width > WIDEST)
        *width = WIDEST;
    if (!boxed && text > 1)
        text--;   /* the keys have a line of their own */
    return text > 0 ? text : 0;
}

int lesson_rows(const struct lesson_state *s, int w, int h)
{
    struct canvas measure = {.w = w, .h = h};
    int most = h * 2 / 5, want, width, over = 2;   /* the title, and the keys */

    lesson_text_rows(w, h, most, &width);
    want = lesson_wrap(&measure, s->text ? s->text : "", width, NULL, NULL) + over;
    want += s->note[0] && s->phase != LESSON_STOP;
    want = want > most ? most : want;
    return want < LEAST_ROWS ? LEAST_ROWS : want;
}

struct place_text {
    struct canvas *c;
    struct rect r;
    int top;
};

/* One row; what stands in `...` is what one types. */
static void draw_line(void *ctx, int row, const char *s, int n)
{
    struct place_text *p = ctx;
    int col = 0, at = 0, is_key = 0;
    enum style plain = n && *s == ' ' ? STYLE_STRONG : STYLE_TEXT;

    row -= p->top;
    if (row < 0 || row >= p->r.h)
        return;
    while (at < n) {
        int k = 0;
        while (at + k < n && s[at + k] != '`')
            k++;
        col = canvas_text(p->c, p->r, row, col, is_key ? STYLE_KEY : plain, s + at, k);
        at += k;
        if (at < n) {
            is_key = !is_key;
            at++;
        }
    }
}

/* What the keys do now, in few words where there is little room. */
static const char *keys(const struct lesson_state *s, int more, int room)
{
    int is_long = room >= 52;

    if (more)
        return is_long ? "n reads on · N back · :lesson off leaves" : "n reads on · N back · :lesson off";
    if (s->phase == LESSON_WORKING)
        return is_long ? "working ... · N back · :lesson off leaves" : "working ... · :lesson off";
    if (s->phase == LESSON_ASKING)
        return is_long ? "your turn: the lesson sees it · n passes · N back"
                       : "your turn · n passes · N back";
    if (s->is_last)
        return "the end · n closes · N back";
    return is_long ? "n (or enter) goes on · N back · :lesson off leaves"
                   : "n goes on · N back · :lesson off";
}

void pane_lesson(struct canvas *c, struct rect r, const struct view *v)
{
    const struct lesson_state *s = v->lesson;
    char title[224], right[32];
    const char *foot;
    int boxed, width, rows, all, top, has_note;
    struct rect inner, text;
    struct place_text p;

    if (!s)
        return;
    boxed = pane_is_boxed(c, r);
    snprintf(title, sizeof title, "%s: %s", s->title, s->heading);
    snprintf(right, sizeof right, "%d/%d", s->page, s->pages);
    inner = pane_frame(c, r, v, PANE_LESSON, title, right);
    width = inner.w - 2 > WIDEST ? WIDEST : inner.w - 2;
    has_note = s->note[0] && s->phase != LESSON_STOP;
    rows = inner.h - (boxed || inner.h < 2 ? 0 : 1);
    rows -= has_note && rows > 1;
    text = rect_cut(inner, 1, 0, width, rows);
    all = lesson_wrap(c, s->text ? s->text : "", width, NULL, NULL);
    top = s->top > all - 1 ? all - 1 : s->top;
    top = top < 0 ? 0 : top;
    p = (struct place_text){c, text, top};
    lesson_wrap(c, s->text ? s->text : "", width, draw_line, &p);
    if (has_note && inner.h - (boxed ? 0 : 1) > 1)
        canvas_fit(c, inner, rows, 1, inner.w - 2, s->phase == LESSON_FAILED ? STYLE_ERROR : STYLE_WARNING,
                   s->note);
    foot = keys(s, all > top + rows, inner.w - 2);
    if (boxed)
        pane_foot(c, r, foot, NULL);
    else if (inner.h > 1)
        canvas_fit(c, inner, inner.h - 1, 1, inner.w - 2, STYLE_DIM, foot);
}
