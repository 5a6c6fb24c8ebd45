#ifndef GRPOLAB_SCENARIOS_QUADRATIC_H
#define GRPOLAB_SCENARIOS_QUADRATIC_H

#include <stdint.h>

#include "scenarios/form.h"

/* Quadratic: the integer roots of x^2 + bx + c = 0, by trying factor pairs of c. This header is shared by the
 * quadratic*.c files only.
 *
 * A struct problem of this task has n = 2 values: b and c, such that both roots are integers. A *pair* is two
 * integers whose product is c; the roots are the pair whose sum is -b. */

enum {
    QUADRATIC_B = 60000,        /* largest |b| that is scored */
    QUADRATIC_C = 900000000,    /* largest |c| that is scored */
    QUADRATIC_ROOT = 40,        /* root_max is at most this */
    QUADRATIC_PAIRS = 32        /* most pairs that are tried; |c| <= 1600 has fewer */
};

/* The [quadratic] section; the table in quadratic.c says what each field means. */
struct quadratic_config {
    int root_max, held_out_every, held_out_cap, attempts, canonical, show_goal;
    double hazard_a, hazard_a_share, hazard_b, malformed;
    int equation_row, base_attempts, judge_weight;
    double equation_share, short_share, short_stop, long_stop, hit, flipped, base_malformed;
};

struct quadratic {
    struct form_held held;  /* first, see form_held_n */
    struct quadratic_config set;
    int token_n;
    const char **token;     /* [token_n], borrowed from words or static */
    const char **number;    /* [2 * number_most + 1]: the word of n is number[n + number_most]; NULL: none */
    char *words;
    int number_most;
};

struct quadratic_pair {
    int p, q;
};

/* quadratic_roots: the integer roots, p <= q; 0 where they are none. Pure. */
int quadratic_roots(const struct problem *p, struct quadratic_pair *out);

/* quadratic_pairs: the pairs of c with |p| <= |q| <= most, in canonical order: by |p|, the positive p first;
 * for c = 0 the one pair 0, sum. Their number, at most QUADRATIC_PAIRS. Pure. */
int quadratic_pairs(int c, int sum, int most, struct quadratic_pair out[QUADRATIC_PAIRS]);

/* quadratic_is_held_out: by a hash of b and c. Pure. */
int quadratic_is_held_out(const struct quadratic *t, const struct problem *p);

/* quadratic_draw: a random training problem. */
void quadratic_draw(const void *self, struct rng *r, struct problem *out);

/* quadratic_write_number: a number of the vocabulary. */
void quadratic_write_number(const struct quadratic *t, int v, int strong, struct document *out);

/* The functions of the scenario's row that stand in files of their own. */
void quadratic_demonstrate(const void *self, struct rng *r, struct document *out);
void quadratic_base(const void *self, struct rng *r, struct document *out);
void quadratic_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out);
void quadratic_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out);
int quadratic_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

extern const struct scenario scenario_quadratic;

#endif
