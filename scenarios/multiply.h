#ifndef GRPOLAB_SCENARIOS_MULTIPLY_H
#define GRPOLAB_SCENARIOS_MULTIPLY_H

#include <stdint.h>

#include "scenarios/form.h"

/* Multiply: a * b by partial products, a token a digit. This header is shared by the multiply*.c files only.
 *
 * A struct problem of this task has n = 2 values: a and b, each >= 0. Each digit of a but 0 times each digit
 * of b but 0, with their zeros, is a *partial product*: 47 * 36 has 1200, 240, 210 and 42. */

enum {
    MULTIPLY_LARGEST = 999999999,   /* largest factor that is scored: the product is exact in 64 bits */
    MULTIPLY_PARTIALS = 81          /* most partial products of two such factors */
};

/* The [multiply] section; the table in multiply.c says what each field means. */
struct multiply_config {
    int a_low, a_high, b_low, b_high, held_out_every, held_out_cap;
    double hazard_a, hazard_a_share, hazard_b, malformed, slip;
    int equation_row;
    double equation_share, base_stop, base_malformed;
};

struct multiply {
    struct form_held held;   /* first, see form_held_n */
    struct multiply_config set;
};

/* One factor's digit with its zeros times the other's. */
struct multiply_partial {
    uint64_t a, b;
};

/* multiply_partials: those of a * b, the largest digits of a first, then of b; their number. Pure. */
int multiply_partials(uint64_t a, uint64_t b, struct multiply_partial out[MULTIPLY_PARTIALS]);

/* multiply_is_held_out: by a hash of both factors in either order. A problem that is one partial product
 * itself is never held out, for such stand in the traces of others. Pure. */
int multiply_is_held_out(const struct multiply *m, const struct problem *p);

/* multiply_draw: a random training problem. */
void multiply_draw(const void *self, struct rng *r, struct problem *out);

/* multiply_write_prompt: the words up to <think>. */
void multiply_write_prompt(const struct problem *p, struct document *out);

/* The functions of the scenario's row that stand in files of their own. */
void multiply_demonstrate(const void *self, struct rng *r, struct document *out);
void multiply_base(const void *self, struct rng *r, struct document *out);
void multiply_score(const void *self, const struct problem *p, const char *completion, size_t n,
                    struct score *out);
void multiply_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                      double accuracy, struct marks *out);
int multiply_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

extern const struct scenario scenario_multiply;

#endif
