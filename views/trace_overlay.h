#ifndef GRPOLAB_VIEWS_TRACE_OVERLAY_H
#define GRPOLAB_VIEWS_TRACE_OVERLAY_H

#include "views/trace_state.h"
#include "views/trace_text.h"

/* Overlays of the trace screen: one number of every token as colour, and as a digit, letter or sign under
 * it. */

/* trace_overlay_name: the word by which keys and commands know one, NULL after the last. trace_overlay_find:
 * TRACE_OVERLAY_N when there is none. */
const char *trace_overlay_name(int overlay);
enum trace_overlay trace_overlay_find(const char *name);
/* trace_overlay_needs: whether its numbers come from the weights, which the background finds out. */
int trace_overlay_needs(enum trace_overlay overlay);

/* trace_overlay_value: the number of a token, NaN where it is not known (an expert: its index). */
double trace_overlay_value(const struct view *v, enum trace_overlay overlay, int token);
/* trace_overlay_expert: the expert with the rank-th largest gate (0: the largest) of a token in a layer,
 * and its gate; all within what the facts hold. */
int trace_overlay_expert(const struct trace_facts *f, int layer, int token, int rank, double *gate);
/* trace_overlay_advantage: the token's own where the run has a critic, NaN while that is not known; else its
 * trace's; NaN before the rewards. */
double trace_overlay_advantage(const struct view *v, int token);
/* trace_overlay_estimator: the run's estimator of the KL, by its name. */
const char *trace_overlay_estimator(const struct view *v);
/* trace_overlay_is_forking: whether its entropy is among the top 20 %. */
int trace_overlay_is_forking(const struct view *v, int token);

/* trace_overlay_apply: the chosen overlay's styles and what stands under each word; nothing for
 * TRACE_PLAIN. */
void trace_overlay_apply(struct trace_text *t, const struct view *v);
/* trace_overlay_scale: one row that tells how to read it, or why there is nothing to read. */
void trace_overlay_scale(struct canvas *c, struct rect r, int row, const struct view *v);

/* trace_overlay_missing: why numbers that need the weights are not there; "" when they are. */
const char *trace_overlay_missing(const struct view *v);
/* trace_state_of: the view's, or one with nothing in it. */
const struct trace_state *trace_state_of(const struct view *v);
/* trace_probing: a row: what is being found out, and how far. */
void trace_probing(struct canvas *c, struct rect r, int row, const struct view *v);

#endif
