/* The objective as the papers write it, and under it the same with the numbers of one token.
 *
 * A formula is a row of pieces; each belongs to a term, and the pieces of the term that is selected are
 * marked in both lines, so that a figure and its place in the formula are seen together. Pieces are never
 * broken. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/explain.h"
#include "views/objective_state.h"
#include "views/objective_text.h"
#include "views/pane.h"
#include "views/paragraph.h"

enum { PIECES = 48, NO_TERM = -1 };

struct piece {
    char text[64];
    int term;
};

struct formula {
    int n, ascii;
    struct piece piece[PIECES];
};

static void add(struct formula *f, int term, const char *symbols, const char *plain)
{
    if (f->n < PIECES) {
        snprintf(f->piece[f->n].text, sizeof f->piece[f->n].text, "%s", f->ascii ? plain : symbols);
        f->piece[f->n++].term = term;
    }
}

static void add_sums(struct formula *f, enum shown_loss loss)
{
    switch (loss) {
    case SHOWN_GRPO: add(f, TERM_WEIGHT, "1/G Σᵢ 1/|oᵢ| Σₜ ", "1/G sum_i 1/|o_i| sum_t "); break;
    case SHOWN_CISPO:
    case SHOWN_DAPO: add(f, TERM_WEIGHT, "1/Σ|oᵢ| Σᵢ Σₜ ", "1/sum|o_i| sum_i sum_t "); break;
    case SHOWN_BNPO:
        add(f, TERM_WEIGHT, "1/M Σₘ 1/Σ|o| Σᵢ Σₜ ", "1/M sum_m 1/sum|o| sum_i sum_t ");
        break;
    case SHOWN_REINFORCE:
    case SHOWN_RLOO: add(f, TERM_WEIGHT, "1/S Σᵢ Σₜ ", "1/S sum_i sum_t "); break;
    case SHOWN_DR_GRPO: add(f, TERM_WEIGHT, "1/(G L_max) Σᵢ Σₜ ", "1/(G L_max) sum_i sum_t "); break;
    default: add(f, TERM_WEIGHT, "1/G Σᵢ ", "1/G sum_i "); break;
    }
}

/* The ratio's letter: of a token, of a sequence, or GSPO's. */
static const char *letter(const struct objective_state *x, int ascii)
{
    return objective_symbol(x, TERM_RATIO, ascii);
}

/* The term of losses that weigh log-probabilities. */
static void write_log(struct formula *f, const struct objective_state *x, const char *clip, const char *plain)
{
    if (x->loss == SHOWN_CISPO) {
        add(f, TERM_MIN, "sg[ ", "sg[ ");
        add(f, TERM_CLIP, clip, plain);
        add(f, TERM_MIN, " ] ", " ] ");
    }
    add(f, TERM_ADVANTAGE, "Aᵢ ", "A_i ");
    add(f, TERM_LOGP, "log π(oₜ|q,o₍<t₎)", "log pi(o_t|q,o_<t)");
}

static void write_min(struct formula *f, const struct objective_state *x, const char *clip, const char *plain)
{
    add(f, TERM_MIN, "min( ", "min( ");
    add(f, TERM_RATIO, letter(x, 0), letter(x, 1));
    add(f, TERM_ADVANTAGE, " Aᵢ", " A_i");
    add(f, NO_TERM, ", ", ", ");
    add(f, TERM_CLIP, clip, plain);
    add(f, TERM_ADVANTAGE, " Aᵢ", " A_i");
    add(f, TERM_MIN, " )", " )");
}

static void write_symbols(struct formula *f, const struct objective_state *x)
{
    char clip[64], plain[64], range[24], plain_range[32];

    if (x->eps_low == x->eps_high) {
        snprintf(range, sizeof range, "1-ε, 1+ε");
        snprintf(plain_range, sizeof plain_range, "1-eps, 1+eps");
    } else {
        snprintf(range, sizeof range, "1-ε₁, 1+ε₂");
        snprintf(plain_range, sizeof plain_range, "1-eps_low, 1+eps_high");
    }
    snprintf(clip, sizeof clip, "clip(%s, %s)", letter(x, 0), range);
    snprintf(plain, sizeof plain, "clip(%s, %s)", letter(x, 1), plain_range);
    add(f, NO_TERM, "J(θ) = E[ ", "J = E[ ");
    add_sums(f, x->loss);
    add(f, NO_TERM, "( ", "( ");
    if (shown_is_log(x->loss))
        write_log(f, x, clip, plain);
    else
        write_min(f, x, clip, plain);
    add(f, TERM_PENALTY, " - β ", " - beta ");
    add(f, TERM_K3, objective_symbol(x, TERM_K3, 0), objective_symbol(x, TERM_K3, 1));
    add(f, NO_TERM, " ) ]", " ) ]");
}

static void add_figure(struct formula *f, const struct objective_state *x, enum objective_term t)
{
    char out[FIGURE_BYTES];

    objective_figure(out, x, t);
    add(f, (int)t, isnan(x->value[t]) ? "?" : out, isnan(x->value[t]) ? "?" : out);
}

static void write_term(struct formula *f, const struct objective_state *x)
{
    if (shown_is_log(x->loss)) {
        if (x->loss == SHOWN_CISPO) {
            add_figure(f, x, TERM_CLIP);
            add(f, NO_TERM, " · ", " . ");
        }
        add_figure(f, x, TERM_ADVANTAGE);
        add(f, NO_TERM, " · ", " . ");
        add_figure(f, x, TERM_LOGP);
        return;
    }
    add(f, TERM_MIN, "min( ", "min( ");
    add_figure(f, x, TERM_RATIO);
    add(f, NO_TERM, " · ", " . ");
    add_figure(f, x, TERM_ADVANTAGE);
    add(f, NO_TERM, ", ", ", ");
    add_figure(f, x, TERM_CLIP);
    add(f, NO_TERM, " · ", " . ");
    add_figure(f, x, TERM_ADVANTAGE);
    add(f, TERM_MIN, " )", " )");
}

static void write_numbers(struct formula *f, const struct objective_state *x)
{
    char text[64];

    add(f, TERM_TOKEN, "loss of this token = ", "loss of this token = ");
    add(f, NO_TERM, "- ", "- ");
    if (x->is_masked)
        snprintf(text, sizeof text, "0");
    else if (x->loss == SHOWN_GRPO)
        snprintf(text, sizeof text, "1/%g · 1/%d", (double)x->sequences / x->mini_batches, x->tokens_n);
    else if (x->loss == SHOWN_GSPO)
        snprintf(text, sizeof text, "1/%g · 1/%d", x->scale, x->tokens_n);
    else
        snprintf(text, sizeof text, "1/%.0f", x->scale);
    add(f, TERM_WEIGHT, text, text);
    add(f, NO_TERM, " ( ", " ( ");
    write_term(f, x);
    snprintf(text, sizeof text, " - %g · ", x->beta);
    add(f, TERM_PENALTY, text, text);
    add_figure(f, x, TERM_K3);
    add(f, NO_TERM, " ) = ", " ) = ");
    add_figure(f, x, TERM_TOKEN);
}

static void write_ratio(struct formula *f, const struct objective_state *x)
{
    if (x->loss == SHOWN_R1)
        add(f, TERM_RATIO, "ρᵢ = π(oᵢ|q) / π_old(oᵢ|q)", "ratio = pi(o_i|q) / pi_old(o_i|q)");
    else if (x->loss == SHOWN_GSPO)
        add(f, TERM_RATIO, "sᵢ = (π(oᵢ|q) / π_old(oᵢ|q))^(1/|oᵢ|)",
            "ratio = (pi(o_i|q) / pi_old(o_i|q))^(1/|o_i|)");
    else
        add(f, TERM_RATIO, "ρₜ = π(oₜ|q,o₍<t₎) / π_old(oₜ|q,o₍<t₎)",
            "ratio = pi(o_t|q,o_<t) / pi_old(o_t|q,o_<t)");
    add(f, NO_TERM, "    ", "    ");
}

static void write_kl(struct formula *f, const struct objective_state *x)
{
    char text[64];

    snprintf(text, sizeof text, "%s = π_ref/π - log(π_ref/π) - 1", objective_symbol(x, TERM_K3, 0));
    add(f, TERM_K3, text, "KL = pi_ref/pi - log(pi_ref/pi) - 1");
    add(f, NO_TERM, "    ", "    ");
}

static void write_advantage(struct formula *f, const struct objective_state *x)
{
    if (x->loss == SHOWN_REINFORCE)
        add(f, TERM_ADVANTAGE, x->has_baseline ? "Aᵢ = rᵢ - mean reward of the batch" : "Aᵢ = rᵢ",
            x->has_baseline ? "A_i = r_i - mean reward of the batch" : "A_i = r_i");
    else if (x->loss == SHOWN_RLOO)
        add(f, TERM_ADVANTAGE, "Aᵢ = G/(G-1) (rᵢ - mean(r))", "A_i = G/(G-1) (r_i - mean(r))");
    else if (x->std == SHOWN_NONE)
        add(f, TERM_ADVANTAGE, "Aᵢ = rᵢ - mean(r)", "A_i = r_i - mean(r)");
    else
        add(f, TERM_ADVANTAGE, "Aᵢ = (rᵢ - mean(r)) / (std(r) + 1e-4)",
            "A_i = (r_i - mean(r)) / (std(r) + 1e-4)");
}

static int belongs(int term, int selected)
{
    return term == selected || (selected == TERM_LOGP && term == TERM_RATIO) ||
           (selected == TERM_OLD && term == TERM_RATIO) || (selected == TERM_REF && term == TERM_K3) ||
           (selected <= TERM_STD && term == TERM_ADVANTAGE);
}

/* From `row` on; a piece that does not fit begins a line, indented. Returns the row after it. */
static int draw(struct canvas *c, struct rect r, int row, const struct formula *f, int selected,
                enum style style)
{
    int i, col = 1;

    for (i = 0; i < f->n && row < r.h; i++) {
        const char *text = f->piece[i].text;
        int w = canvas_width(c, text, -1), blank = strspn(text, " ") == strlen(text);
        enum style s = belongs(f->piece[i].term, selected) ? STYLE_FOCUS : style;
        if (col + w > r.w && col > 3) {
            row++;
            col = 3;
            text += strspn(text, " ");
        }
        if (row < r.h && !(blank && col == 3))
            col = canvas_text(c, r, row, col, s, text, -1);
    }
    return row + 1;
}

static const char *const title_of[] = {
    [SHOWN_GRPO] = "GRPO (DeepSeekMath eq. 3, R1 eq. 1-3)",
    [SHOWN_R1] = "GRPO as R1's eq. 1 has it, by sequence",
    [SHOWN_DAPO] = "DAPO: every token counts alike",
    [SHOWN_DR_GRPO] = "Dr. GRPO: a constant length, no std",
    [SHOWN_GSPO] = "GSPO: the sequence's ratio",
    [SHOWN_BNPO] = "BNPO: every token of a micro-batch counts alike",
    [SHOWN_REINFORCE] = "REINFORCE: no ratio, no clip",
    [SHOWN_RLOO] = "RLOO: REINFORCE, against the mean of the others",
    [SHOWN_CISPO] = "CISPO: the clipped ratio as a weight",
};

void pane_objective(struct canvas *c, struct rect r, const struct view *v)
{
    const struct objective_state *x = v->objective;
    struct formula f = {.ascii = c->chars == CHARS_ASCII};
    char right[64], foot[96], figure[FIGURE_BYTES];
    struct rect inner;
    int row = 0;

    if (!x || x->missing || !x->G) {
        inner = pane_frame(c, r, v, PANE_OBJECTIVE, "objective", "");
        if (x && x->missing)
            paragraph_draw(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), inner.h > 3, 0, STYLE_DIM,
                           x->missing);
        else
            pane_note(c, inner, "no trace yet");
        return;
    }
    snprintf(right, sizeof right, r.w >= 70 ? "group %d, completion %d of %d, %s" : "%d/%d of %d",
             x->group + 1, x->index + 1, x->G, objective_moment(x));
    inner = pane_frame(c, r, v, PANE_OBJECTIVE, r.w >= 90 ? title_of[x->loss] : "objective", right);
    write_symbols(&f, x);
    row = draw(c, inner, row, &f, x->list.selected, STYLE_STRONG);
    if (row + 2 <= inner.h || inner.h < 3) {
        f.n = 0;
        write_numbers(&f, x);
        row = draw(c, inner, row, &f, x->list.selected, STYLE_TEXT);
    }
    f.n = 0;
    write_ratio(&f, x);
    write_kl(&f, x);
    write_advantage(&f, x);
    if (row < inner.h)
        draw(c, inner, row + (inner.h - row > 2 && inner.w >= 100), &f, x->list.selected, STYLE_DIM);
    snprintf(foot, sizeof foot, "loss = -J   gradient of this token: %s",
             objective_figure(figure, x, TERM_GRADIENT));
    pane_foot(c, r, foot, r.w >= 110 ? objective_remark(x, TERM_GRADIENT) : "");
}
