#ifndef GRPOLAB_VIEWS_EXPLAIN_H
#define GRPOLAB_VIEWS_EXPLAIN_H

#include "engine/run/record.h"
#include "views/objective_state.h"

/* What every figure means: how it is computed, where that is written, and how it is read. Constant text. */
struct explanation {
    const char *name, *what;     /* what: one line */
    const char *formula;         /* in plain characters; "" where it is no more than a count */
    const char *source;          /* paper and equation, or whose convention it is; "" */
    const char *unit;            /* "" : none */
    const char *reading;         /* a few sentences */
};

/* explain_metric: 0 <= m < METRIC_N. explain_term: a figure of the objective. Both as the run's loss and its
 * settings have it, of which x is read: the fields that come from settings. */
void explain_metric(int m, const struct objective_state *x, struct explanation *out);
void explain_term(enum objective_term t, const struct objective_state *x, struct explanation *out);

/* explain_find_term: by the word that commands use, -1. explain_term_word: that word. */
int explain_find_term(const char *word);
const char *explain_term_word(enum objective_term t);

/* explain_gradient: what a gradient d loss / d logp does to a token, in words. clip and the rest as in
 * objective_state; pull: the KL's part of it, which is named where it is a hundredth or more. */
const char *explain_gradient(double gradient, double advantage, int clip, double pull);

#endif
