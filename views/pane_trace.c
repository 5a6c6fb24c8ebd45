/* The trace pane: one trace as it is sampled, with what is known about each part of it.
 *
 * The text becomes words (a token is one), each with a style and at most a sign before and one after it;
 * the words are then flowed into lines, and the last lines that fit are drawn. Every kind of mark
 * has a sign of its own, so that none is told by colour alone. Where the pane is high, every attempt
 * begins a line. The words live on the stack: a frame allocates nothing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"

enum { WORDS_MAX = SNAP_TOKENS + 256, AIRY = 9, LEGEND = 8 };
enum {
    SIGN_RIGHT = 0x2713,
    SIGN_WRONG = 0x2717,
    SIGN_REFLECTION = 0x21BA,
    SIGN_AHA = 0x2605,
    SIGN_BACKTRACK = 0x21A9
};

struct word {
    const char *s;
    int n, begin, end;        /* bytes; begin, end count from the completion's start, -1 in the prompt */
    enum style style, after_style;
    uint32_t before, after;   /* signs, 0: none */
    int breaks;               /* begins a line where there is room */
    int line, col;
};

struct flow {
    const struct snap_follow *f;
    struct word word[WORDS_MAX];
    int n, first_token, lines;
};

static int is_tag(const char *s, int n)
{
    return n > 2 && s[0] == '<' && s[n - 1] == '>';
}

static struct word *add_word(struct flow *w, const char *s, int n, enum style style)
{
    struct word *word;

    while (n > 0 && *s == ' ') {
        s++;
        n--;
    }
    while (n > 0 && s[n - 1] == ' ')
        n--;
    if (!n || w->n == WORDS_MAX)
        return NULL;
    word = &w->word[w->n++];
    memset(word, 0, sizeof *word);
    word->s = s;
    word->n = n;
    word->begin = word->end = -1;
    word->style = is_tag(s, n) ? STYLE_STRUCTURE : style;
    return word;
}

static void split(struct flow *w)
{
    const struct snap_follow *f = w->f;
    int prompt = f->prompt_n < 0 ? 0 : f->prompt_n > f->text_n ? f->text_n : f->prompt_n, at = 0, i;

    while (at < prompt) {
        const char *blank = memchr(f->text + at, ' ', (size_t)(prompt - at));
        int end = blank ? (int)(blank - f->text) : prompt;
        add_word(w, f->text + at, end - at, STYLE_DIM);
        at = end + 1;
    }
    w->first_token = w->n;
    for (i = 0; i < f->tokens_n && i < SNAP_TOKENS; i++) {
        int begin = f->begin[i], end = f->begin[i + 1];
        struct word *word;
        if (begin < 0 || end < begin || prompt + end > f->text_n)
            break;
        word = add_word(w, f->text + prompt + begin, end - begin, STYLE_TEXT);
        if (!word)
            continue;
        word->begin = (int)(word->s - f->text) - prompt;
        word->end = word->begin + word->n;
        word->breaks = (word->n == 8 && !memcmp(word->s, "</think>", 8)) || w->n - 1 == w->first_token;
    }
}

/* Marks that colour words, the later of this list over the earlier. */
static const struct look {
    enum mark_kind kind;
    enum style style;
    uint32_t sign;
} looks[] = {
    {MARK_STRUCTURE, STYLE_STRUCTURE, 0},
    {MARK_VERIFICATION, STYLE_VERIFY, 0},
    {MARK_BACKTRACK, STYLE_BACKTRACK, SIGN_BACKTRACK},
    {MARK_REFLECTION, STYLE_REFLECTION, SIGN_REFLECTION},
    {MARK_AHA, STYLE_AHA, SIGN_AHA},
};
enum { LOOKS = sizeof looks / sizeof *looks };

/* The first word whose end lies after byte `at`: words ascend. */
static int word_at(const struct flow *w, int at)
{
    int low = w->first_token, high = w->n;

    while (low < high) {
        int middle = (low + high) / 2;
        if (w->word[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void apply_mark(struct flow *w, const struct mark *m, const struct look *look)
{
    int i = word_at(w, m->begin), first = i;

    for (; i < w->n && w->word[i].begin < m->end; i++) {
        w->word[i].style = look->style;
        w->word[i].before = i == first ? look->sign : 0;
    }
    if (i == first)
        return;
    if (m->kind == MARK_VERIFICATION && !m->ok) {
        w->word[i - 1].after = SIGN_WRONG;
        w->word[i - 1].after_style = STYLE_BAD;
    }
    /* The next attempt begins after the turn. A comma that still belongs to it goes along. */
    if ((m->kind == MARK_REFLECTION || m->kind == MARK_AHA) && i < w->n)
        w->word[i].breaks = 1;
}

static void apply_marks(struct flow *w)
{
    const struct snap_follow *f = w->f;
    int n = f->marks_n < MARKS_MAX ? f->marks_n : MARKS_MAX, i, k, last;

    for (k = 0; k < LOOKS; k++)
        for (i = 0; i < n; i++)
            if (f->mark[i].kind == looks[k].kind)
                apply_mark(w, &f->mark[i], &looks[k]);
    for (i = 0; i < n; i++) {
        if (f->mark[i].kind != MARK_EQUATION)
            continue;
        last = word_at(w, f->mark[i].end - 1);
        if (last < w->n && w->word[last].begin < f->mark[i].end) {
            w->word[last].after = f->mark[i].ok ? SIGN_RIGHT : SIGN_WRONG;
            w->word[last].after_style = f->mark[i].ok ? STYLE_GOOD : STYLE_BAD;
        }
    }
}

static int word_width(const struct canvas *c, const struct word *word)
{
    return canvas_width(c, word->s, word->n) + (word->before != 0) + (word->after ? 2 : 0);
}

/* Where each word stands. A comma does not begin a line. */
static void flow_words(const struct canvas *c, struct flow *w, int width, int airy)
{
    int i, line = 0, col = 0;

    for (i = 0; i < w->n; i++) {
        struct word *word = &w->word[i];
        int wide = word_width(c, word), comma = word->n == 1 && *word->s == ',';
        int wants_line = airy && word->breaks && !comma;
        if (airy && word->breaks && comma && i + 1 < w->n)
            w->word[i + 1].breaks = 1;
        if (col > 0 && (wants_line || col + 1 + wide > width)) {
            line++;
            col = 0;
        }
        word->line = line;
        word->col = col ? col + 1 : 0;
        col = word->col + wide;
    }
    w->lines = w->n ? line + 1 : 0;
}

static void draw_words(struct canvas *c, struct rect r, const struct flow *w, int top)
{
    int i, col;

    for (i = 0; i < w->n; i++) {
        const struct word *word = &w->word[i];
        int row = word->line - top;
        if (row < 0 || row >= r.h)
            continue;
        col = word->col;
        if (word->before)
            col += canvas_put(c, r, row, col, word->style, word->before);
        col = canvas_text(c, r, row, col, word->style, word->s, word->n);
        if (word->after)
            canvas_put(c, r, row, col + 1, word->after_style, word->after);
    }
}

/* What the verifier said of it in the end. */
static void draw_verdict(struct canvas *c, struct rect r, int row, const struct snap_trace *t)
{
    char at[48] = "", number[FORMAT_BYTES];
    int ok = t->accuracy >= 0.5f && t->format >= 0.5f, col;

    canvas_put(c, r, row, 0, ok ? STYLE_GOOD : STYLE_BAD, ok ? SIGN_RIGHT : SIGN_WRONG);
    if (t->at >= 0 && !ok)
        snprintf(at, sizeof at, ", at character %d", t->at);
    col = canvas_printf(c, r, row, 2, ok ? STYLE_GOOD : STYLE_BAD, "%s%s",
                        ok          ? "right"
                        : t->why[0] ? t->why
                                    : "wrong",
                        at);
    col = canvas_printf(c, r, row, col + 3, STYLE_TEXT, "reward %s", format_number(number, t->reward));
    col = canvas_printf(c, r, row, col + 3, STYLE_TEXT, t->advantage == 0 ? "advantage 0" : "advantage %+.2f",
                        (double)t->advantage);
    canvas_printf(c, r, row, col + 3, STYLE_DIM, "%d tokens", t->n);
}

static void make_title(const struct view *v, const struct snap_follow *f, const struct snap_trace *t, char *out,
                       size_t size)
{
    const struct snapshot *s = v->now;
    const char *why = f->why == FOLLOW_AHA    ? "the first aha"
                      : f->why == FOLLOW_BEST ? "best advantage"
                      : t && !t->scored       ? "live"   /* which one is best is not known yet */
                                              : "pinned";
    char pace[64];

    if (!s->is_live)
        snprintf(pace, sizeof pace, "step %lld, from the store", (long long)s->step);
    else if (s->pace < 0)
        snprintf(pace, sizeof pace, "holds after each step");
    else if (s->pace > 0)
        snprintf(pace, sizeof pace, "%.3g tokens/s, p for full speed", s->pace);
    else
        snprintf(pace, sizeof pace, "full speed, p for slow");
    snprintf(out, size, "trace %d of group %d   %s; %s", f->index + 1, f->group + 1, why, pace);
}

static void draw_legend(struct canvas *c, struct rect r, int row)
{
    static const struct {
        uint32_t sign;
        enum style style;
        const char *text;
    } entry[] = {{SIGN_RIGHT, STYLE_GOOD, "right"}, {SIGN_WRONG, STYLE_BAD, "wrong"},
                 {SIGN_REFLECTION, STYLE_REFLECTION, "reflection"}, {SIGN_AHA, STYLE_AHA, "aha candidate"},
                 {SIGN_BACKTRACK, STYLE_BACKTRACK, "return"}};
    size_t i;
    int col = 1;

    for (i = 0; i < sizeof entry / sizeof *entry; i++) {
        if (col + (int)strlen(entry[i].text) + 4 > r.w - 1)
            return;
        canvas_put(c, r, row, col, STYLE_DIM, ' ');
        canvas_put(c, r, row, col + 1, entry[i].style, entry[i].sign);
        canvas_put(c, r, row, col + 2, STYLE_DIM, ' ');
        col = canvas_text(c, r, row, col + 3, STYLE_DIM, entry[i].text, -1);
        canvas_put(c, r, row, col, STYLE_DIM, ' ');
        col++;
    }
}

static void draw_body(struct canvas *c, struct rect r, const struct view *v, struct flow *w,
                      const struct snap_trace *t)
{
    int ends = t && t->scored && (t->done || t->cut_off), top, up, lines;

    split(w);
    apply_marks(w);
    flow_words(c, w, r.w - 1, r.h >= AIRY);
    lines = w->lines + ends;
    top = lines > r.h ? lines - r.h : 0;
    up = v->trace_up < 0 ? 0 : v->trace_up > top ? top : v->trace_up;
    top -= up;
    draw_words(c, r, w, top);
    if (ends)
        draw_verdict(c, r, w->lines - top, t);
    else if (w->n) {
        const struct word *last = &w->word[w->n - 1];
        canvas_put(c, r, last->line - top, last->col + word_width(c, last) + 1, STYLE_ACCENT, 0x258C);
    }
    if (up)
        canvas_right(c, r, r.h - 1, r.w, STYLE_WARNING, "▼ more below");
}

void pane_trace(struct canvas *c, struct rect r, const struct view *v)
{
    const struct snapshot *s = v->now;
    const struct snap_follow *f = s ? &s->follow : NULL;
    const struct snap_trace *t = NULL;
    struct rect inner, text;
    struct flow w = {.f = f};
    char title[192], right[64] = "";
    int at;

    if (!f || f->group < 0 || f->index < 0 || f->text_n < 1 || f->text_n > SNAP_TEXT) {
        inner = pane_frame(c, r, v, PANE_TRACE, "trace", "");
        pane_note(c, inner,
                  s && strcmp(s->stage, "grpo") ? "learning from text: nothing is sampled in this stage"
                                                : "no trace yet");
        return;
    }
    at = f->group * s->group_size + f->index;
    if (f->group < s->groups_n && f->index < s->group_size && at < SNAP_TRACES)
        t = &s->trace[at];
    make_title(v, f, t, title, sizeof title);
    snprintf(right, sizeof right, "%d tokens", f->tokens_n);
    inner = pane_frame(c, r, v, PANE_TRACE, title, right);
    if (pane_is_boxed(c, r)) {
        draw_legend(c, r, r.h - 1);
    } else if (inner.h >= LEGEND) {
        draw_legend(c, inner, inner.h - 1);
        inner.h--;
    }
    text = rect_cut(inner, 1, 0, inner.w - 1, inner.h);
    if (text.w > 0 && text.h > 0)
        draw_body(c, text, v, &w, t);
}
