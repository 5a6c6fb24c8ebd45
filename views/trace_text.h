#ifndef GRPOLAB_VIEWS_TRACE_TEXT_H
#define GRPOLAB_VIEWS_TRACE_TEXT_H

#include "views/view.h"

/* The text of one trace, as every pane that shows one draws it: words with styles and signs, flowed into
 * lines.
 *
 * A pane that only wants the text calls trace_text_show. A pane that adds something of its own makes the
 * words, changes their styles or what stands under them, flows them and draws the rows that it wants. */

enum { TRACE_WORDS = SNAP_TOKENS + 256, TRACE_UNDER = 24 };

/* What stands before or after a word. */
enum trace_sign {
    TRACE_SIGN_RIGHT = 0x2713,
    TRACE_SIGN_WRONG = 0x2717,
    TRACE_SIGN_REFLECTION = 0x21BA,
    TRACE_SIGN_AHA = 0x2605,
    TRACE_SIGN_VERIFIED = 0x25C6,
    TRACE_SIGN_DECORATIVE = 0x25CB,
    TRACE_SIGN_BACKTRACK = 0x21A9,
    TRACE_SIGN_HERE = 0x25B2
};

struct trace_word {
    const char *s;            /* borrowed from the followed text */
    int n, begin, end;        /* bytes; begin, end count from the completion's start, -1 in the prompt */
    int token;                /* which of the completion, -1 in the prompt */
    enum style style, before_style, after_style, under_style;
    uint32_t before, after;   /* signs, 0: none */
    char under[TRACE_UNDER];  /* ASCII; drawn where the text's pitch is 2 */
    int breaks;               /* begins a line where there is room */
    int line, col;            /* of its first sign or letter, after trace_text_flow */
};

/* Row 0 is the first line's; each line has `pitch` rows, and below the line of the byte that a check
 * failed at stands one more that says why. */
struct trace_text {
    const struct snap_follow *f;
    const struct snap_trace *trace;   /* NULL: nothing is known of it */
    struct trace_word word[TRACE_WORDS];
    int n, first_token, lines, pitch;
    int with_reason;                  /* the row that says why is wanted; set by trace_text_make */
    int failed_word, failed_line; /* -1: none; failed_line: after trace_text_flow, where its row is wanted */
};

/* What a trace contains, counted from its marks; of the aha candidates, how resampling judged them. */
struct trace_tally {
    int right, wrong, reflections, verifications, misjudged, backtracks, candidates, verified, decorative;
};

/* trace_text_follow: the followed trace when there is one to show, else NULL. trace_text_trace: what the
 * snapshot says of it, NULL when it is not among the traces. */
const struct snap_follow *trace_text_follow(const struct view *v);
const struct snap_trace *trace_text_trace(const struct view *v);

/* trace_text_title: which trace, why this one, how it is shown; there is one. trace_text_token: the token
 * under the cursor, without a cursor the last one; -1: there is none. */
void trace_text_title(const struct view *v, char *out, size_t bytes);
int trace_text_token(const struct view *v);
/* trace_text_missing: a sentence on why there is no trace. */
const char *trace_text_missing(const struct view *v);

/* trace_text_make: words, styles and signs of a follow; trace and facts (of that trace) may be NULL. The
 * struct is large: it lives on the caller's stack or in its state. Pure. */
void trace_text_make(struct trace_text *t, const struct snap_follow *f, const struct snap_trace *trace,
                     const struct trace_facts *facts);
/* trace_text_flow: where each word stands in lines of `width` columns, width >= 1; airy: every attempt
 * begins a line; pitch: rows a line has, 1, or 2 with one under the words. */
void trace_text_flow(const struct canvas *c, struct trace_text *t, int width, int airy, int pitch);
/* trace_text_rows: of all lines. trace_text_row: the row of a line. trace_text_width: columns of a word
 * with its signs. */
int trace_text_rows(const struct trace_text *t);
int trace_text_row(const struct trace_text *t, int line);
int trace_text_width(const struct canvas *c, const struct trace_word *word);
/* trace_text_word: the index of a token's word, -1 when it has none. */
int trace_text_word(const struct trace_text *t, int token);
/* trace_text_draw: the rows from `top` on. cursor: a token that is shown as selected, -1: none. */
void trace_text_draw(struct canvas *c, struct rect r, const struct trace_text *t, int top, int cursor);
/* trace_text_verdict: one row: what the verifier said, where the text ended; why, where no row of its own
 * says it. */
void trace_text_verdict(struct canvas *c, struct rect r, int row, const struct trace_text *t);
/* trace_text_ended: whether there is a verdict. */
int trace_text_ended(const struct snap_trace *trace);

/* trace_text_show: text and verdict of the followed trace in r; its end, `up` rows scrolled back. Nothing
 * when there is no trace. */
void trace_text_show(struct canvas *c, struct rect r, const struct view *v, int up);

/* trace_text_count; trace_text_legend: what the signs mean, in one row; with counts where they are given
 * (NULL: none), and then only of what there is. */
void trace_text_count(const struct snap_follow *f, const struct trace_facts *facts, struct trace_tally *out);
void trace_text_legend(struct canvas *c, struct rect r, int row, const struct trace_tally *count);

/* trace_text_p: a p-value as people write it: ".0004", ".31", "< .0001". Returns out. */
const char *trace_text_p(char out[16], double p);
/* trace_text_copy: the spelling of a token as a C string, shortened to `bytes`. Returns out. */
const char *trace_text_copy(const struct snap_follow *f, int token, char *out, int bytes);

#endif
