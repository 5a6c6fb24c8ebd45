#ifndef GRPOLAB_SCENARIOS_COUNTDOWN_H
#define GRPOLAB_SCENARIOS_COUNTDOWN_H

#include <stdint.h>

#include "scenarios/form.h"

/* Countdown: combine all the given numbers by + - * / to reach a target. This header is
 * shared by the countdown*.c files only.
 *
 * A struct problem of this task has n = count + 1 values: the numbers, sorted descending, then
 * the target. A *legal operation* takes two numbers a >= b to a + b, a - b, a * b or, where it divides
 * exactly, a / b, with a result in 0..value_max. */

enum {
    COUNTDOWN_NUMBERS = 6,    /* most numbers in a problem */
    COUNTDOWN_LARGEST = 9999, /* largest number of a problem that is scored: exact in 128 bits, see verify */
    COUNTDOWN_TARGET = 999999, /* largest target that is scored */
    COUNTDOWN_VALUES = 1000,  /* value_max is below this */
    COUNTDOWN_MOVES = 60,     /* pairs of 6 numbers times 4 operations */
    COUNTDOWN_ATTEMPTS = 64,  /* most attempts in a document */
    COUNTDOWN_SOLUTIONS = 64  /* most solutions of a problem that are told apart */
};

/* Whose rules score: this program's, or those of others as published. */
enum countdown_scorer { SCORER_STRICT, SCORER_TINYZERO, SCORER_NANO_AHA, SCORER_GRPO_ZERO };
#define SCORER_CHOICES "strict tinyzero nano-aha grpo-zero"

/* The [countdown] section; the table in countdown.c says what each field means. */
struct countdown_config {
    int numbers_low, numbers_high, taught_low, taught_high, eval_numbers;
    int number_max, range_1, range_2, range_3, target_low, target_high, value_max, ops;
    int held_out_every, held_out_cap, scorer;
    int attempts, attempts_many, show_state, show_goal, canonical;
    double hazard_a, hazard_a_share, hazard_b;
    double hazard_many_a, hazard_many_a_share, hazard_many_b;
    double even_targets, closest_last, malformed, random_target, guide_first, guide_middle;
    int equation_row, base_attempts, judge_weight;
    double equation_share, short_share, short_stop, long_stop;
    double hit_short, hit_long, near_miss, base_aimed, flipped, base_malformed;
};

struct countdown {
    struct form_held held;     /* packed problems; first, see form_held_n */
    struct countdown_config set;
    int op_n;                  /* the first op_n of + - * / may be used */
    int token_n, number_token; /* token[number_token + v] is the number v */
    const char **token;        /* [token_n], borrowed from words or static */
    char *words;               /* spelling of the numbers */
};

/* The four operations, in the order in which they are always tried. */
enum countdown_op { COUNTDOWN_ADD, COUNTDOWN_SUB, COUNTDOWN_MUL, COUNTDOWN_DIV };
extern const char *const countdown_op_word[4];

/* The numbers that are there to combine, sorted descending; node names where each
 * came from (an index into an attempt's nodes). */
struct countdown_set {
    int n;
    int value[COUNTDOWN_NUMBERS], node[COUNTDOWN_NUMBERS];
};

/* value[i] op value[j] = result of some set, i < j. */
struct countdown_move {
    int op, i, j, result;
};

/* countdown_legal: the result of a op b, a >= b, or -1 where it is not legal. Pure. */
int countdown_legal(const struct countdown *c, int op, int a, int b);

/* countdown_moves: the legal operations on a set in canonical order (pairs i < j of the sorted
 * numbers, then + - * /), leaving out those that lead to the same numbers as an earlier one.
 * At most COUNTDOWN_MOVES. Pure. */
int countdown_moves(const struct countdown *c, const struct countdown_set *s,
                    struct countdown_move out[COUNTDOWN_MOVES]);

/* countdown_apply: *s becomes the numbers after the move, sorted; the result is said to come from node. */
void countdown_apply(struct countdown_set *s, const struct countdown_move *m, int node);

/* countdown_reaches: 1 if legal operations lead from the numbers to the target. Pure. */
int countdown_reaches(const struct countdown *c, const struct countdown_set *s, int target);

/* countdown_solutions: how many different expressions of legal operations on all numbers give the target,
 * at most `most` <= COUNTDOWN_SOLUTIONS. a + b and b + a are one expression; equal numbers are not told
 * apart. Pure. */
int countdown_solutions(const struct countdown *c, const struct countdown_set *s, int target, int most);

/* countdown_closest: the operation on a set of two whose result is closest to the target; the
 * first in order on a tie. Pure. */
void countdown_closest(const struct countdown *c, const struct countdown_set *s, int target,
                       struct countdown_move *out);

/* countdown_values: sets hit[v] = 1 for each value v that legal operations on all numbers reach. */
void countdown_values(const struct countdown *c, const struct countdown_set *s,
                      unsigned char hit[COUNTDOWN_VALUES]);

/* countdown_random_move: a random pair and one of its legal operations; there is one, for a difference
 * is always legal. */
void countdown_random_move(const struct countdown *c, struct rng *r, const struct countdown_set *s,
                           struct countdown_move *out);

/* countdown_is_held_out: whether a problem is kept for evaluation: a hash of the sorted numbers and the
 * target, so that the answer is the same in whatever range it was drawn. Pure. */
int countdown_is_held_out(const struct countdown *c, const struct problem *p);

/* countdown_numbers: n random numbers of one of the training ranges, sorted, as the leaves 0..n-1. */
void countdown_numbers(const struct countdown *c, struct rng *r, int n, struct countdown_set *out);

/* countdown_problem: numbers and target as a problem. */
void countdown_problem(const struct countdown_set *s, int target, struct problem *out);

/* countdown_make: a problem of n numbers, not held out: made by random legal steps, or with an even
 * target. */
void countdown_make(const struct countdown *c, struct rng *r, int n, struct problem *out);

/* countdown_unpack: the problem of count numbers behind a key in `held`. */
void countdown_unpack(uint64_t key, int count, struct problem *out);

/* countdown_find_held_out: fills held. Errors: ST_USAGE when nothing is held out, ST_NOMEM. */
enum status countdown_find_held_out(struct countdown *c, struct err *e);

/* countdown_check_draws: training problems of every count that is asked for exist, or drawing one
 * would never end. Errors: ST_USAGE names the keys. */
enum status countdown_check_draws(const struct countdown *c, struct err *e);

/* The functions of the scenario's row that stand in files of their own. */
void countdown_demonstrate(const void *self, struct rng *r, struct document *out);
void countdown_base(const void *self, struct rng *r, struct document *out);
void countdown_score(const void *self, const struct problem *p, const char *completion, size_t n,
                     struct score *out);
/* countdown_score_strict: by this program's own rules, whatever the setting. Pure. */
void countdown_score_strict(const struct problem *p, const char *completion, size_t n, struct score *out);
/* countdown_scorer_weights: with these weights a scorer's reward is the published one. */
void countdown_scorer_weights(enum countdown_scorer scorer, double *accuracy, double *format);
void countdown_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                       double accuracy, struct marks *out);

int countdown_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

/* One way of combining all numbers: leaves 0..numbers-1, then one node an operation. */
struct countdown_node {
    int op, left, right, value;                 /* op -1: a given number */
    int rest_n, rest[COUNTDOWN_NUMBERS - 2];    /* the other numbers that remain after it */
};

struct countdown_attempt {
    int numbers, node_n;
    struct countdown_node node[2 * COUNTDOWN_NUMBERS - 1];
};

/* countdown_begin / countdown_take: an attempt grows by one operation a move; *s is what remains. */
void countdown_begin(struct countdown_attempt *a, const struct countdown_set *s);
void countdown_take(struct countdown_attempt *a, struct countdown_set *s, const struct countdown_move *m);
/* countdown_value: what the attempt came to. */
int countdown_value(const struct countdown_attempt *a);
/* countdown_random: an attempt of random legal operations. */
void countdown_random(const struct countdown *c, struct rng *r, const struct countdown_set *start,
                      struct countdown_attempt *out);

extern const struct scenario scenario_countdown;

#endif
