/* A trace's text on the canvas: its words and signs, what the verifier said, the title and the legend.
 * Where a check failed, a row of its own points at the character and says why. */
#include "views/trace_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/pane.h"

enum { AIRY = 9, NARROW = 58 };

const char *trace_text_missing(const struct view *v)
{
    return v->now && v->now->stage[0] && strcmp(v->now->stage, "grpo")
               ? "learning from text: no traces in this stage"
               : "no trace yet";
}

void trace_text_title(const struct view *v, char *out, size_t bytes)
{
    const struct snapshot *s = v->now;
    const struct snap_follow *f = &s->follow;
    const struct snap_trace *t = trace_text_trace(v);
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
    snprintf(out, bytes, "trace %d of group %d   %s; %s", f->index + 1, f->group + 1, why, pace);
}

/* The row below the failure: a sign at the character, and why, on the side where it fits. */
static void draw_reason(struct canvas *c, struct rect r, const struct trace_text *t, int top)
{
    const struct trace_word *word = &t->word[t->failed_word];
    int row = trace_text_row(t, t->failed_line) + t->pitch - top, into = t->trace->at - word->begin, col,
        room;
    char why[WHY_BYTES + 32];

    if (row < 0 || row >= r.h)
        return;
    into = into < 0 ? 0 : into > word->n ? word->n : into;
    col = word->col + (word->before != 0) + canvas_width(c, word->s, into);
    col = col >= r.w ? r.w - 1 : col;
    snprintf(why, sizeof why, "%s (character %d)", t->trace->why, t->trace->at);
    room = canvas_width(c, why, -1);
    canvas_put(c, r, row, col, STYLE_BAD, TRACE_SIGN_HERE);
    if (col + 2 + room <= r.w || col < r.w / 2)
        canvas_fit(c, r, row, col + 2, r.w - col - 2, STYLE_BAD, why);
    else
        canvas_right(c, rect_cut(r, 0, 0, col, r.h), row, col - 1, STYLE_BAD, why);
}

static void select_cells(struct canvas *c, struct rect r, int row, int col, int n)
{
    struct rect cells = rect_cut(r, col, row, n, 1);

    if (cells.w > 0 && cells.h > 0)
        canvas_select(c, cells, 0);
}

void trace_text_draw(struct canvas *c, struct rect r, const struct trace_text *t, int top, int cursor)
{
    int i, col;

    for (i = 0; i < t->n; i++) {
        const struct trace_word *word = &t->word[i];
        int row = trace_text_row(t, word->line) - top, from;
        col = word->col + (word->before != 0);
        if (t->pitch > 1 && word->under[0] && row + 1 >= 0 && row + 1 < r.h)
            canvas_text(c, r, row + 1, col, word->under_style, word->under, -1);
        if (row < 0 || row >= r.h)
            continue;
        if (word->before)
            canvas_put(c, r, row, word->col, word->before_style, word->before);
        from = col;
        col = canvas_text(c, r, row, col, word->style, word->s, word->n);
        if (word->after)
            canvas_put(c, r, row, col + 1, word->after_style, word->after);
        if (cursor >= 0 && word->token == cursor)
            select_cells(c, r, row, from, col - from);
    }
    if (t->failed_line >= 0)
        draw_reason(c, r, t, top);
}

void trace_text_verdict(struct canvas *c, struct rect r, int row, const struct trace_text *text)
{
    const struct snap_trace *t = text->trace;
    char at[48] = "", number[FORMAT_BYTES];
    int ok = t->accuracy >= 0.5f && t->format >= 0.5f, is_said = text->failed_line >= 0, col;

    canvas_put(c, r, row, 0, ok ? STYLE_GOOD : STYLE_BAD, ok ? TRACE_SIGN_RIGHT : TRACE_SIGN_WRONG);
    if (t->at >= 0 && !ok && !is_said)
        snprintf(at, sizeof at, r.w < NARROW ? ", at %d" : ", at character %d", t->at);
    col = canvas_printf(c, r, row, 2, ok ? STYLE_GOOD : STYLE_BAD, "%s%s",
                        ok                      ? "right"
                        : t->why[0] && !is_said ? t->why
                                                : "wrong",
                        at);
    col = canvas_printf(c, r, row, col + 3, STYLE_TEXT, "reward %s", format_number(number, t->reward));
    col = canvas_printf(c, r, row, col + 3, STYLE_TEXT,
                        isnan(t->advantage)   ? "advantage after the update" /* a critic's */
                        : t->advantage == 0 ? "advantage 0"
                                              : "advantage %+.2f",
                        (double)t->advantage);
    canvas_printf(c, r, row, col + 3, STYLE_DIM, "%d tokens", t->n);
}

void trace_text_show(struct canvas *c, struct rect r, const struct view *v, int up)
{
    const struct snap_follow *f = trace_text_follow(v);
    struct trace_text t;
    int top, rows, ends;

    if (!f || r.w < 1 || r.h < 1)
        return;
    trace_text_make(&t, f, trace_text_trace(v), v->facts);
    t.with_reason = r.h >= AIRY;
    trace_text_flow(c, &t, r.w - 1 > 0 ? r.w - 1 : 1, r.h >= AIRY, 1);
    ends = trace_text_ended(t.trace);
    rows = trace_text_rows(&t) + ends;
    top = rows > r.h ? rows - r.h : 0;
    up = up < 0 ? 0 : up > top ? top : up;
    top -= up;
    trace_text_draw(c, r, &t, top, -1);
    if (ends) {
        trace_text_verdict(c, r, rows - 1 - top, &t);
    } else if (t.n) {
        const struct trace_word *last = &t.word[t.n - 1];
        canvas_put(c, r, trace_text_row(&t, last->line) - top, last->col + trace_text_width(c, last) + 1,
                   STYLE_ACCENT, 0x258C);
    }
    if (up)
        canvas_right(c, r, r.h - 1, r.w, STYLE_WARNING, "▼ more below");
}

/* An entry of the legend: a sign or a word, its count and its name. Returns the column after it, -1 where
 * it does not fit. */
static int legend_entry(struct canvas *c, struct rect r, int row, int col, enum style style, uint32_t sign,
                        const char *text)
{
    if (col + canvas_width(c, text, -1) + 4 > r.w - 1)
        return -1;
    canvas_put(c, r, row, col, STYLE_DIM, ' ');
    if (sign) {
        canvas_put(c, r, row, col + 1, style, sign);
        canvas_put(c, r, row, col + 2, STYLE_DIM, ' ');
    }
    col = canvas_text(c, r, row, sign ? col + 3 : col + 1, sign ? STYLE_DIM : style, text, -1);
    canvas_put(c, r, row, col, STYLE_DIM, ' ');
    return col + 1;
}

void trace_text_legend(struct canvas *c, struct rect r, int row, const struct trace_tally *n)
{
    const struct {
        uint32_t sign;
        enum style style;
        const char *text;
        int count, is_always; /* is_always: also in a legend without counts */
    } entry[] = {
        {TRACE_SIGN_RIGHT, STYLE_GOOD, "right", n ? n->right : 0, 1},
        {TRACE_SIGN_WRONG, STYLE_BAD, "wrong", n ? n->wrong + n->misjudged : 0, 1},
        {TRACE_SIGN_REFLECTION, STYLE_REFLECTION, "reflection", n ? n->reflections : 0, 1},
        {TRACE_SIGN_AHA, STYLE_AHA, "aha candidate", n ? n->candidates - n->verified - n->decorative : 0, 1},
        {TRACE_SIGN_VERIFIED, STYLE_GOOD, "verified aha", n ? n->verified : 0, 0},
        {TRACE_SIGN_DECORATIVE, STYLE_DIM, "decorative", n ? n->decorative : 0, 0},
        {TRACE_SIGN_BACKTRACK, STYLE_BACKTRACK, "return", n ? n->backtracks : 0, 1},
        {0, STYLE_VERIFY, "verification", n ? n->verifications : 0, 0}};
    char text[48];
    size_t i;
    int col = 1;

    for (i = 0; i < sizeof entry / sizeof *entry && col > 0; i++) {
        if (n ? entry[i].count <= 0 : !entry[i].is_always)
            continue;
        if (n)
            snprintf(text, sizeof text, "%d %s", entry[i].count, entry[i].text);
        col = legend_entry(c, r, row, col, entry[i].style, entry[i].sign, n ? text : entry[i].text);
    }
}

const char *trace_text_p(char out[16], double p)
{
    char digits[16];

    if (!(p >= 0.0001) || p >= 0.995) {
        snprintf(out, 16, "%s", p >= 0.995 ? "1" : p >= 0 ? "< .0001" : "-");
        return out;
    }
    snprintf(digits, sizeof digits, "%.*f", p < 0.001 ? 4 : p < 0.01 ? 3 : 2, p);
    snprintf(out, 16, "%s", digits + (digits[0] == '0'));
    return out;
}
