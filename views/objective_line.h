#ifndef GRPOLAB_VIEWS_OBJECTIVE_LINE_H
#define GRPOLAB_VIEWS_OBJECTIVE_LINE_H

#include "views/objective_text.h"

/* Values as they stand in other terms' lines: a question mark where one is not known. */
struct figures {
    char of[TERM_N][FIGURE_BYTES];
};

/* objective_line_pair, objective_line_critic: how a figure of dpo's, of ppo's comes about; 0: it is none of
 * theirs and nothing was written. */
int objective_line_pair(const struct objective_state *x, const struct figures *f, enum objective_term t,
                        struct str *out);
int objective_line_critic(const struct objective_state *x, const struct figures *f, enum objective_term t,
                          struct str *out);

/* objective_line_update: of which update the numbers are, where the rollout has several mini-batches. */
void objective_line_update(const struct objective_state *x, struct str *out);

#endif
