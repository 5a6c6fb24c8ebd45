#ifndef GRPOLAB_APP_DESK_EXPLAIN_H
#define GRPOLAB_APP_DESK_EXPLAIN_H

#include "app/desk/desk.h"
#include "views/objective_state.h"

/* "Explain this number": what a figure is, its value now, its formula, where that is written, how it is read.
 * Shown over whatever screen is open. */

/* desk_explain_metric: of the step that is looked at, or the newest at which it was measured. */
void desk_explain_metric(struct desk *d, enum metric m);
/* desk_explain_term: of the objective, with the numbers of the followed trace and its token. */
void desk_explain_term(struct desk *d, enum objective_term t);
/* desk_explain: what has the focus; where that is no figure, the list of all. */
void desk_explain(struct desk *d);

/* desk_objective_refresh: the numbers of the objective screen, whatever screen is open (desk_objective.c). */
void desk_objective_refresh(struct desk *d);

#endif
