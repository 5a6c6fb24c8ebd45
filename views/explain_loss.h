#ifndef GRPOLAB_VIEWS_EXPLAIN_LOSS_H
#define GRPOLAB_VIEWS_EXPLAIN_LOSS_H

#include "views/explain.h"

/* explain_fit_loss: *out, which is GRPO's text of a figure, becomes that of another kind of loss.
 * explain_fit_settings: and then what the run's KL estimator, std, baseline, ratio cap and entropy bonus make
 * of it. */
void explain_fit_loss(enum objective_term t, enum shown_loss loss, struct explanation *out);
void explain_fit_settings(enum objective_term t, const struct objective_state *x, struct explanation *out);

#endif
