#ifndef GRPOLAB_NN_SPECULATE_RULE_H
#define GRPOLAB_NN_SPECULATE_RULE_H

#include <stdint.h>

#include "engine/nn/real.h"

/* The rule that lets a draft stand without changing the distribution (Leviathan et al. 2023, arXiv
 * 2211.17192, alg. 1; Chen et al. 2023, arXiv 2302.01318), and a test of it on what was sampled. All pure.
 * p [V] is the model's distribution of the next token, q [V] the one that the draft was drawn from. */

/* speculate_best: the most likely token, the lowest id among equals: what greedy decoding takes. */
int speculate_best(int V, const real *p);

/* speculate_draw: the token at u of the cumulated p, u uniform in [0,1) times the sum of p; -1 when all are
 * NaN. */
int speculate_draw(int V, const real *p, double u);

/* speculate_other: one more candidate from q with those that were drawn before left out, by u uniform in
 * [0,1); -1 when nothing is left of q. */
int speculate_other(int V, const real *q, int n, const uint16_t *candidate, double u);

/* speculate_choose: the next token, of n >= 1 candidates drawn from q one after the other without
 * replacement. Candidate x is taken with probability min(1, p(x)/q(x)); else p becomes max(0, p - q)
 * normalised, x leaves q, and the next one is asked (Miao et al. 2024, arXiv 2305.09781); after the last
 * the token is drawn from what is left.
 *   coin [n], u    uniform in [0,1), independent of the candidates
 *   left [V]       scratch
 *   *which         the candidate that was taken, -1: none
 * The token is distributed as p, whatever q. */
int speculate_choose(int V, const real *p, const real *q, int n, const uint16_t *candidate,
                     const double *coin, double u, real *left, int *which);

/* Do the sampled tokens follow p? They are counted by the rank that q gives them: 1, 2, 3, 4 to 8, and the
 * rest; an error of the rule shows there first, as too many or too few of the draft's favourites. Rank and
 * p are fixed before the token is drawn, so observed - expected is a sum of martingale differences with the
 * summed covariance of the draws, and d' C^-1 d is chi-squared of RANKS - 1 degrees of freedom where there
 * are many. A zeroed one is empty. */
enum { SPECULATE_RANKS = 5 };

struct speculate_check {
    int64_t n;                                  /* tokens */
    double observed[SPECULATE_RANKS], expected[SPECULATE_RANKS];
    double covariance[SPECULATE_RANKS][SPECULATE_RANKS];
};

/* speculate_check_add: one token that was drawn where the draft came from q. */
void speculate_check_add(struct speculate_check *c, int V, const real *p, const real *q, int token);

/* speculate_check_p: the probability of a chi-squared at least as large; NaN without tokens. Ranks of which
 * fewer than 5 are expected are counted with the rank before. */
double speculate_check_p(const struct speculate_check *c, double *chi_squared, int *dof);

/* chi_squared_tail: P(X >= x) for dof >= 1 degrees of freedom. */
double chi_squared_tail(double x, int dof);

#endif
