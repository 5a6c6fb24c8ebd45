#ifndef GRPOLAB_VIEWS_OBJECTIVE_FORMULA_H
#define GRPOLAB_VIEWS_OBJECTIVE_FORMULA_H

#include "views/objective_state.h"

/* A formula as a row of pieces that are never broken. */
enum { PIECES = 48, NO_TERM = -1 };

struct piece {
    char text[64];
    int term;
};

struct formula {
    int n, ascii;
    struct piece piece[PIECES];
};

/* Each empties f and writes one formula into it, in letters, or spelled out where f->ascii.
 * objective_formula: the objective (of dpo: the loss) in symbols; objective_formula_numbers: with the token's
 * (the pair's) numbers; objective_formula_parts: what the ratio, the KL, the cap and the advantage in it are.
 */
void objective_formula(struct formula *f, const struct objective_state *x);
void objective_formula_numbers(struct formula *f, const struct objective_state *x);
void objective_formula_parts(struct formula *f, const struct objective_state *x);

#endif
