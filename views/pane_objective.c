/* The objective as the papers write it, and under it the same with the numbers of one token.
 *
 * A formula is a row of pieces; each belongs to a term, and the pieces of the term that is selected are
 * marked in both lines, so that a figure and its place in the formula are seen together. Pieces are never
 * broken. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/objective_formula.h"
#include "views/objective_text.h"
#include "views/pane.h"
#include "views/paragraph.h"

static int belongs(int term, int selected)
{
    return (selected == TERM_SIGMA && term == TERM_GRADIENT) ||
           (selected == TERM_ENTROPY && term == TERM_BONUS) ||
           (selected >= TERM_VALUE && selected <= TERM_GAE && term == TERM_ADVANTAGE) || term == selected ||
           (selected == TERM_LOGP && term == TERM_RATIO) || (selected == TERM_OLD && term == TERM_RATIO) ||
           (selected == TERM_REF && term == TERM_K3) || (selected <= TERM_STD && term == TERM_ADVANTAGE);
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
    [SHOWN_DPO] = "DPO: pairs of a group (Rafailov et al. 2023, eq. 7)",
    [SHOWN_PPO] = "PPO: a critic's advantage for each token",
};

void pane_objective(struct canvas *c, struct rect r, const struct view *v)
{
    const struct objective_state *x = v->objective;
    struct formula f = {.ascii = c->chars == CHARS_ASCII};
    char right[96], foot[96], figure[FIGURE_BYTES];
    struct rect inner;
    int row = 0, selected;

    if (!x || x->missing || !x->G) {
        inner = pane_frame(c, r, v, PANE_OBJECTIVE, "objective", "");
        if (x && x->missing)
            paragraph_draw(c, rect_cut(inner, 1, 0, inner.w - 2, inner.h), inner.h > 3, 0, STYLE_DIM,
                           x->missing);
        else
            pane_note(c, inner, "no trace yet");
        return;
    }
    if (x->loss == SHOWN_DPO && x->own_pairs_n > 1)
        snprintf(right, sizeof right,
                 r.w >= 70 ? "group %d, %d of %d, pair %d/%d (w), %s" : "%d/%d of %d, pair %d/%d",
                 x->group + 1, x->index + 1, x->G, x->pair + 1, x->own_pairs_n, objective_moment(x));
    else
        snprintf(right, sizeof right, r.w >= 70 ? "group %d, completion %d of %d, %s" : "%d/%d of %d",
                 x->group + 1, x->index + 1, x->G, objective_moment(x));
    inner = pane_frame(c, r, v, PANE_OBJECTIVE, r.w >= 90 ? title_of[x->loss] : "objective", right);
    selected = objective_term_at(x, x->list.selected);
    objective_formula(&f, x);
    row = draw(c, inner, row, &f, selected, STYLE_STRONG);
    if (row + 2 <= inner.h || inner.h < 3) {
        objective_formula_numbers(&f, x);
        row = draw(c, inner, row, &f, selected, STYLE_TEXT);
    }
    objective_formula_parts(&f, x);
    if (row < inner.h)
        draw(c, inner, row + (inner.h - row > 2 && inner.w >= 100), &f, selected, STYLE_DIM);
    snprintf(foot, sizeof foot, "%sgradient of this token: %s", x->loss == SHOWN_DPO ? "" : "loss = -J   ",
             objective_figure(figure, x, TERM_GRADIENT));
    pane_foot(c, r, foot, r.w >= 110 ? objective_remark(x, TERM_GRADIENT) : "");
}
