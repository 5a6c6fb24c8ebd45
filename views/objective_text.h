#ifndef GRPOLAB_VIEWS_OBJECTIVE_TEXT_H
#define GRPOLAB_VIEWS_OBJECTIVE_TEXT_H

#include "engine/base/str.h"
#include "views/objective_state.h"
#include "views/view.h"

/* The objective's figures as text. Where only ASCII can be shown Greek letters are spelled out. */

enum { FIGURE_BYTES = 32 };

/* objective_terms: the figures that the run's loss has, in the order of the list; returns how many.
 * objective_term_at: the one in a row of the list; rows beyond it: the last. */
int objective_terms(const struct objective_state *x, enum objective_term out[TERM_N]);
enum objective_term objective_term_at(const struct objective_state *x, int row);

/* objective_symbol: as the formula writes a term; borrowed, constant. */
const char *objective_symbol(const struct objective_state *x, enum objective_term t, int ascii);

/* objective_figure: its value in few columns, "-" where it is not known. Returns out. */
const char *objective_figure(char out[FIGURE_BYTES], const struct objective_state *x, enum objective_term t);

/* objective_working: how it comes about, with the numbers put in. rewards: of the group, from the view. */
void objective_working(const struct view *v, enum objective_term t, struct str *out);

/* objective_remark: what there is to say of a term's value in words, "" : nothing. */
const char *objective_remark(const struct objective_state *x, enum objective_term t);

/* objective_moment: which weights the numbers are of. */
const char *objective_moment(const struct objective_state *x);

#endif
