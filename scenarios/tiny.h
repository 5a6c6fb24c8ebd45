#ifndef GRPOLAB_SCENARIOS_TINY_H
#define GRPOLAB_SCENARIOS_TINY_H

#include "scenarios/form.h"

/* Tiny: four symbols at four positions. A struct problem has n = 2 values: the first symbol 0..3 and the sum
 * of all four; 40 of them are possible. */

enum {
    TINY_SYMBOLS = 4,
    TINY_POSITIONS = 4,
    TINY_OUTCOMES = 256,                                /* TINY_SYMBOLS to the power of TINY_POSITIONS */
    TINY_SUM = TINY_POSITIONS * (TINY_SYMBOLS - 1)
};

/* The [tiny] section; the table in tiny.c says what each field means. */
struct tiny_config {
    int held_out_every;
    double wrong, malformed;
};

struct tiny {
    struct form_held held;   /* first, see form_held_n */
    struct tiny_config set;
};

/* tiny_outcome: outcome i of 0..TINY_OUTCOMES-1 as symbols 0..3, the first position counting most. Pure. */
void tiny_outcome(int i, int out[TINY_POSITIONS]);

/* tiny_is_right: whether an outcome earns the accuracy reward. Pure. */
int tiny_is_right(const struct problem *p, const int symbol[TINY_POSITIONS]);

/* tiny_is_held_out: by a hash of the problem. Pure. */
int tiny_is_held_out(const struct tiny *t, const struct problem *p);

extern const struct scenario scenario_tiny;

#endif
