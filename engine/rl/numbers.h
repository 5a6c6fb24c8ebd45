#ifndef GRPOLAB_RL_NUMBERS_H
#define GRPOLAB_RL_NUMBERS_H

#include "engine/nn/model.h"
#include "engine/nn/vocab.h"

/* numbers_fourier: replaces the initial embedding of every token that is a whole number n by random
 * projections of cos and sin of 2 pi n / period over several periods, at the same standard deviation:
 * numbers that are close, or alike in a digit or a remainder, start close. The other tokens keep theirs. w
 * [params.total] in and out. */
void numbers_fourier(const struct model *m, const struct vocab *v, uint64_t seed, real *w);

#endif
