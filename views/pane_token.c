/* The token under the cursor: all its numbers, and what the sampler could have taken instead.
 *
 * The rows are drawn in the order of what matters most, until the pane is full: so a small pane shows the
 * beginning of what a large one shows. Where the pane is low, the alternatives share one row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/meter.h"
#include "views/pane.h"
#include "views/trace_overlay.h"

enum { LOW = 10, NAME = 16, WORD = 12, BAR = 40 };

/* A place in the pane that moves down; a row that does not fit is left out. */
struct sheet {
    struct canvas *c;
    struct rect r;
    const struct view *v;
    const struct snap_follow *f;
    const struct trace_state *s;
    const struct trace_facts *facts;   /* NULL where they do not reach this token */
    int token, row;
};

static int next_row(struct sheet *p)
{
    return p->row < p->r.h ? p->row++ : -1;
}

/* "name   value   what it is": the last only where there is room. */
static void number_row(struct sheet *p, const char *name, enum style style, const char *value,
                       const char *what)
{
    int row = next_row(p), col, most = p->r.w;

    if (row < 0)
        return;
    canvas_fit(p->c, p->r, row, 0, most < NAME ? most : NAME - 1, STYLE_DIM, name);
    col = canvas_fit(p->c, p->r, row, NAME, most - NAME, style, value);
    if (what && col + 2 + canvas_width(p->c, what, -1) <= most)
        canvas_text(p->c, p->r, row, col + 2, STYLE_DIM, what, -1);
}

static void spell(const struct sheet *p, int token, char out[32])
{
    trace_text_copy(p->f, token, out, 32);
}

static const struct mark *mark_at(const struct snap_follow *f, int token)
{
    const struct mark *found = NULL;
    int i;

    for (i = 0; i < f->marks_n && i < MARKS_MAX; i++)
        if (f->mark[i].begin <= f->begin[token] && f->mark[i].end > f->begin[token] &&
            (!found || f->mark[i].kind > found->kind))
            found = &f->mark[i];
    return found;
}

static const char *mark_says(const struct mark *m)
{
    static const char *const what[] = {[MARK_STRUCTURE] = "structure",
                                       [MARK_EQUATION] = "in a right equation",
                                       [MARK_REFLECTION] = "reflection word",
                                       [MARK_VERIFICATION] = "true judgement",
                                       [MARK_BACKTRACK] = "return to earlier numbers",
                                       [MARK_AHA] = "aha candidate: t tests it"};

    if (!m || (unsigned)m->kind > MARK_AHA)
        return "";
    if (!m->ok && m->kind == MARK_EQUATION)
        return "in a wrong equation";
    if (!m->ok && m->kind == MARK_VERIFICATION)
        return "false judgement";
    return what[m->kind];
}

static const struct aha_test *test_at(const struct sheet *p)
{
    const struct trace_facts *f = p->v->facts;
    int i;

    for (i = 0; f && i < f->tests_n && i < FACT_TESTS; i++)
        if (f->test[i].token == p->token)
            return &f->test[i];
    return NULL;
}

static const struct value_point *value_at(const struct sheet *p)
{
    const struct trace_facts *f = p->v->facts;
    int i;

    for (i = 0; f && i < f->values_n && i < FACT_VALUES; i++)
        if (f->value[i].token == p->token && f->value[i].n > 0)
            return &f->value[i];
    return NULL;
}

/* The word itself, its id, and what part it plays. */
static void head_row(struct sheet *p)
{
    int row = next_row(p), col;
    const char *says = test_at(p) ? "" : mark_says(mark_at(p->f, p->token));
    char word[32], id[32] = "";

    if (row < 0)
        return;
    spell(p, p->token, word);
    if (p->s->token_id >= 0)
        snprintf(id, sizeof id, "id %d", p->s->token_id);
    col = canvas_fit(p->c, p->r, row, 0, p->r.w / 2, STYLE_STRONG, word);
    col = canvas_text(p->c, p->r, row, col + 2, STYLE_DIM, id, -1);
    canvas_fit(p->c, p->r, row, col + (id[0] ? 2 : 0), p->r.w - col - 2, STYLE_TEXT, says);
}

static void sampler_rows(struct sheet *p)
{
    double logp = p->f->logp[p->token], entropy = p->f->entropy[p->token];
    char value[96], a[FORMAT_BYTES], b[FORMAT_BYTES];

    snprintf(value, sizeof value, "%s   log %s", format_number(a, exp(logp)), format_number(b, logp));
    number_row(p, "probability", STYLE_TEXT, value, "as sampled; nats");
    snprintf(value, sizeof value, "%s%s", format_number(a, entropy),
             trace_overlay_is_forking(p->v, p->token) ? " * forking" : "");
    number_row(p, "entropy", STYLE_TEXT, value,
               p->s->forking_of_step ? "nats; * top 20 % of the step" : "nats; * top 20 % of the trace");
}

/* What resampling said of this place. */
static void resampled_rows(struct sheet *p)
{
    const struct aha_test *t = test_at(p);
    const struct value_point *v = value_at(p);
    char value[96], a[FORMAT_BYTES], chance[16];

    if (t) {
        snprintf(value, sizeof value, "with %d/%d, without %d/%d, p %s", t->with_right, t->with_n,
                 t->without_right, t->without_n, trace_text_p(chance, t->p));
        number_row(p, t->verified ? "aha: verified" : "aha: decorative",
                   t->verified ? STYLE_GOOD : STYLE_WARNING, value, NULL);
    }
    if (v) {
        snprintf(value, sizeof value, "%d of %d right, %s", v->right, v->n,
                 format_number(a, (double)v->right / v->n));
        number_row(p, "from here", STYLE_TEXT, value, "sampled anew from before it");
    }
}

static void reference_rows(struct sheet *p)
{
    double kl = trace_overlay_value(p->v, TRACE_KL, p->token);
    char value[96], unit[24], a[FORMAT_BYTES], b[FORMAT_BYTES];

    if (!p->facts)
        return;
    snprintf(value, sizeof value, "%s   KL term %s", format_number(a, p->facts->ref_logp[p->token]),
             format_number(b, kl));
    snprintf(unit, sizeof unit, "%s, nats", trace_overlay_estimator(p->v));
    number_row(p, "reference log", STYLE_TEXT, value, unit);
}

/* What the critic expected before this token, NaN where there is none or it is not known. */
static double expected_of(const struct sheet *p)
{
    return p->f->has_critic                      ? (double)p->f->value[p->token]
           : p->facts && p->facts->has_critic ? (double)p->facts->expected[p->token]
                                                 : NAN;
}

static void advantage_row(struct sheet *p)
{
    double A = trace_overlay_advantage(p->v, p->token), expected = expected_of(p);
    char value[112];

    if (!isfinite(A)) {
        if (p->s->loss == SHOWN_PPO && p->v->now->step > snapshot_last(p->v->now))
            number_row(p, "advantage", STYLE_DIM, "after the update", "of this token, by the critic");
        return;
    }
    if (isfinite(expected))
        snprintf(value, sizeof value, "%+.3f   value %.3f", A, expected);
    else
        snprintf(value, sizeof value, A == 0 ? "0" : "%+.3f", A);
    number_row(p, "advantage", A < 0 ? STYLE_BAD : A > 0 ? STYLE_GOOD : STYLE_TEXT, value,
               isfinite(expected)          ? "of this token, by the critic"
               : p->s->loss == SHOWN_DPO ? "of its group; dpo learns from pairs (5)"
                                           : "of its trace, for every token");
}

static void ratio_rows(struct sheet *p)
{
    const struct trace_state *s = p->s;
    int has_clip = s->loss != SHOWN_DPO && s->loss != SHOWN_REINFORCE && s->loss != SHOWN_RLOO;
    char value[112], a[FORMAT_BYTES], b[FORMAT_BYTES], range[64] = "";

    advantage_row(p);
    if (!p->facts)
        return;
    snprintf(value, sizeof value, "%s   new %s", format_number(a, p->facts->logp[p->token]),
             format_number(b, p->facts->new_logp[p->token]));
    number_row(p, "old policy log", STYLE_TEXT, value, "before and after the step");
    if (!s->has_ratio || p->token >= s->terms_n)
        return;
    snprintf(value, sizeof value, "%.4f%s", s->ratio[p->token],
             !has_clip                                            ? ""
             : s->clipped[p->token] && s->loss == SHOWN_CISPO ? "  bounded, it learns on"
             : s->clipped[p->token]                               ? "  clipped"
                                                                  : "  not clipped");
    if (!has_clip)
        snprintf(range, sizeof range, "measured; this loss has no clip");
    else
        snprintf(range, sizeof range, "%srange %.3g to %.3g", s->is_sequence ? "of the trace; " : "",
             1 - s->eps_low, 1 + s->eps_high);
    number_row(p, s->is_sequence ? "ratio (trace)" : "ratio",
               s->clipped[p->token] ? STYLE_WARNING : STYLE_TEXT, value, range);
}

/* All in one row: "wait .42  yes .31  no .2". */
static void alternatives_row(struct sheet *p)
{
    int row = next_row(p), col = NAME, i;
    char a[FORMAT_BYTES], word[32], text[64];

    if (row < 0)
        return;
    spell(p, p->token, word);
    canvas_fit(p->c, p->r, row, 0, NAME - 1, STYLE_DIM, "alternatives");
    for (i = 0; i < p->facts->alternatives_n && i < FACT_ALTERNATIVES; i++) {
        const char *s = p->facts->word[p->token][i];
        int n = (int)strnlen(s, FACT_WORD);
        format_number(a, exp(p->facts->word_logp[p->token][i]));
        snprintf(text, sizeof text, "%.*s %s", n, s, a);
        if (col + canvas_width(p->c, text, -1) > p->r.w)
            return;
        col = canvas_text(p->c, p->r, row, col,
                          strncmp(s, word, FACT_WORD - 1) ? STYLE_TEXT : STYLE_ACCENT, text, -1);
        col += 2;
    }
}

static void alternatives(struct sheet *p)
{
    int i, row, col, room;
    char word[32], a[FORMAT_BYTES], text[FACT_WORD + 1];

    if (!p->facts || p->facts->alternatives_n < 1)
        return;
    if (p->r.h < LOW) {
        alternatives_row(p);
        return;
    }
    spell(p, p->token, word);
    row = next_row(p);
    if (row >= 0)
        canvas_fit(p->c, p->r, row, 0, p->r.w, STYLE_DIM, "what the sampler had to choose from");
    for (i = 0; i < p->facts->alternatives_n && i < FACT_ALTERNATIVES && (row = next_row(p)) >= 0; i++) {
        double q = exp(p->facts->word_logp[p->token][i]);
        int is_it;
        snprintf(text, sizeof text, "%.*s", FACT_WORD, p->facts->word[p->token][i]);
        is_it = !strncmp(text, word, FACT_WORD - 1);
        room = p->r.w - WORD - 12;
        room = room > BAR ? BAR : room;
        canvas_put(p->c, p->r, row, 0, STYLE_ACCENT, is_it ? 0x25B8 : ' ');
        canvas_fit(p->c, p->r, row, 2, WORD, is_it ? STYLE_ACCENT : STYLE_TEXT, text);
        canvas_right(p->c, p->r, row, WORD + 10, STYLE_TEXT, format_number(a, q));
        for (col = 0; col < (int)lround(q * room); col++)
            canvas_put(p->c, p->r, row, WORD + 11 + col, is_it ? STYLE_ACCENT : STYLE_CURVE_A, 0x2588);
    }
}

/* A layer: its experts by gate. */
static void expert_rows(struct sheet *p)
{
    const struct trace_facts *f = p->facts;
    int layer, k, row, col, expert;
    char text[FORMAT_BYTES];
    double gate;

    if (!f || f->layers_n < 1 || f->top_k < 1)
        return;
    for (layer = 0; layer < f->layers_n && layer < SNAP_LAYERS && (row = next_row(p)) >= 0; layer++) {
        canvas_printf(p->c, p->r, row, 0, STYLE_DIM, "experts, MoE %d", layer + 1);
        for (k = 0, col = NAME; k < f->top_k && k < FACT_TOP_K && col + 8 <= p->r.w; k++) {
            expert = trace_overlay_expert(f, layer, p->token, k, &gate);
            col = canvas_printf(p->c, p->r, row, col, STYLE_TEXT, "%d (%s)  ", expert + 1,
                                format_number(text, gate));
        }
        if (!layer && col + 13 <= p->r.w)
            canvas_text(p->c, p->r, row, col, STYLE_DIM, "expert (gate)", -1);
    }
}

static void missing_row(struct sheet *p)
{
    const char *why = trace_overlay_missing(p->v);
    int row = p->facts || !why[0] ? -1 : next_row(p);

    if (row < 0)
        return;
    if (p->v->probing)
        trace_probing(p->c, p->r, row, p->v);
    else if (p->v->token < 0 && !p->s->is_racing)
        canvas_fit(p->c, p->r, row, 0, p->r.w, STYLE_DIM, "left, right: choose a token, to know more of it");
    else
        canvas_fit(p->c, p->r, row, 0, p->r.w, STYLE_DIM, why);
}

/* Where there is little room: the numbers in two rows, without what they are. */
static void short_rows(struct sheet *p)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES];
    int row = next_row(p), col, i = p->token;
    double gate, A = trace_overlay_advantage(p->v, p->token);

    if (row < 0)
        return;
    col = canvas_printf(p->c, p->r, row, 0, STYLE_TEXT, "p %s  log %s  ",
                        format_number(a, exp(p->f->logp[i])), format_number(b, p->f->logp[i]));
    col = canvas_printf(p->c, p->r, row, col, STYLE_TEXT, "%s %s%s  ", p->r.w < 60 ? "H" : "entropy",
                        format_number(a, p->f->entropy[i]), trace_overlay_is_forking(p->v, i) ? "*" : "");
    if (isfinite(A))
        canvas_printf(p->c, p->r, row, col, STYLE_TEXT, A == 0 ? "A 0" : "A %+.2f", A);
    row = p->facts ? next_row(p) : -1;
    if (row < 0)
        return;
    col = 0;
    if (p->s->has_ratio && i < p->s->terms_n)
        col = canvas_printf(p->c, p->r, row, col, STYLE_TEXT, "ratio %.3f%s  ", p->s->ratio[i],
                            p->s->clipped[i] ? " clipped" : "");
    col = canvas_printf(p->c, p->r, row, col, STYLE_TEXT, "KL %s  ",
                        format_number(a, trace_overlay_value(p->v, TRACE_KL, i)));
    for (i = 0; i < p->facts->layers_n && i < SNAP_LAYERS && p->facts->top_k > 0 && col + 16 < p->r.w; i++) {
        int expert = trace_overlay_expert(p->facts, i, p->token, 0, &gate);
        col = canvas_printf(p->c, p->r, row, col, STYLE_TEXT, "%s%d·%d (%s)  ",
                            i ? "" : "expert ", i + 1, expert + 1, format_number(a, gate));
    }
}

static void all_rows(struct sheet *p)
{
    head_row(p);
    sampler_rows(p);
    missing_row(p);
    resampled_rows(p);
    ratio_rows(p);
    reference_rows(p);
    alternatives(p);
    expert_rows(p);
}

void pane_token(struct canvas *c, struct rect r, const struct view *v)
{
    struct sheet p = {
        .c = c, .v = v, .f = trace_text_follow(v), .s = trace_state_of(v), .token = trace_text_token(v)};
    struct rect inner;
    char title[96], word[32];

    if (!p.f || p.token < 0) {
        pane_note(c, pane_frame(c, r, v, PANE_TOKEN, "token", ""),
                  p.f ? "no token is sampled yet" : trace_text_missing(v));
        return;
    }
    spell(&p, p.token, word);
    snprintf(title, sizeof title, "token %d of %d: %s%s", p.token, p.f->tokens_n, word,
             v->token < 0 ? " (the last)" : "");
    inner = pane_frame(c, r, v, PANE_TOKEN, title, "");
    p.r = rect_cut(inner, 1, 0, inner.w - 2, inner.h);
    if (p.r.w < 1 || p.r.h < 1)
        return;
    p.facts =
        v->facts && v->facts->has_tokens && p.token < v->facts->n && p.token < SNAP_TOKENS ? v->facts : NULL;
    if (p.r.h >= LOW) {
        all_rows(&p);
    } else {
        short_rows(&p);
        missing_row(&p);
        resampled_rows(&p);
        alternatives(&p);
    }
    pane_foot(c, r, "left right token  b resample from here  t test aha", NULL);
}
