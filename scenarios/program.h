#ifndef GRPOLAB_SCENARIOS_PROGRAM_H
#define GRPOLAB_SCENARIOS_PROGRAM_H

#include <stdint.h>

#include "scenarios/form.h"

/* Program: from two examples of input and output find a program of a small stack language; it is judged by
 * unit tests that the model does not see. This header is shared by the program*.c files only.
 *
 * A struct problem of this task has n = 4 + m values: the inputs a b of both examples, and the m operations
 * of the program that made their outputs.
 *
 * The language: a program starts with the stack a b (b on top) and must leave one value.
 *   0 .. 999          push the number
 *   add sub mul       x y -> x+y, x-y, x*y
 *   dup swap over drop  x -> x x,  x y -> y x,  x y -> x y x,  x ->
 *   if .. end         takes x; what stands between is run where x is not 0
 *   repeat .. end     takes x; it is run x times, not at all where x < 1 */

enum {
    PROGRAM_OPS = 32,           /* most operations of a program */
    PROGRAM_PROBLEM_OPS = PROBLEM_VALUES - 4,
    PROGRAM_STEPS = 256,        /* most operations that a run takes: its time is counted in steps alone */
    PROGRAM_STACK = 16,         /* most values on the stack */
    PROGRAM_VALUE = 1000000,    /* largest value either way */
    PROGRAM_PUSH = 999,         /* largest number that is pushed */
    PROGRAM_NESTED = 8,         /* most blocks in each other */
    PROGRAM_EXAMPLES = 2,
    PROGRAM_TESTS = 8,          /* of a problem: the examples, and six that are not shown */
    PROGRAM_INPUT = 99,         /* largest input of an example */
    PROGRAM_CANDIDATES = 64     /* most candidates that are tried */
};

/* An operation: a number >= 0 is pushed, the others are below 0. */
enum program_op {
    PROGRAM_ADD = -1,
    PROGRAM_SUB = -2,
    PROGRAM_MUL = -3,
    PROGRAM_DUP = -4,
    PROGRAM_SWAP = -5,
    PROGRAM_OVER = -6,
    PROGRAM_DROP = -7,
    PROGRAM_IF = -8,
    PROGRAM_REPEAT = -9,
    PROGRAM_END = -10
};

struct program {
    int n;
    int32_t op[PROGRAM_OPS];
    int at[PROGRAM_OPS];        /* where each stands in the text it was read from */
    int other[PROGRAM_OPS];     /* if, repeat: its end; end: its beginning */
};

struct program_stack {
    int n;
    int32_t value[PROGRAM_STACK];
};

/* program_op_name: its word; numbers are written into room. */
const char *program_op_name(int32_t op, char room[16]);
/* program_op_find: the operation that a word of n bytes is; 0 where it is none. */
int program_op_find(const char *s, int n, int32_t *op);
/* program_read: a program from hostile text. 0 where it is none: *out says what failed where. */
int program_read(struct program *p, const struct form_span *text, struct score *out);
/* program_link: finds the end of each block; NULL, or what is wrong, and at which operation. */
const char *program_link(struct program *p, int *where);
/* program_run: runs p on the stack; NULL, or why it stopped, and at which operation. Takes at most
 * PROGRAM_STEPS steps; reads and writes nothing but the stack. Pure. */
const char *program_run(const struct program *p, struct program_stack *s, int *where);
/* program_value: runs it on a b; what it leaves, or why it does not leave one value. */
const char *program_value(const struct program *p, int32_t a, int32_t b, int32_t *out, int *where);

/* The [program] section; the table in program.c says what each field means. */
struct program_config {
    int input_max, constant_max, value_max, first_parts, held_out_every, held_out_cap, attempts;
    int canonical, judge_weight, step_row;
    double hazard_a, hazard_a_share, hazard_b, malformed;
    double step_share, base_stop, hit, flipped, base_malformed;
};

struct program_task {
    struct program_config set;
    int token_n;
    const char **token;      /* [token_n], borrowed from words or static */
    char *words;
    struct problem *held;    /* [held_n] */
    int held_n;
};

/* A problem as it is worked with. */
struct program_problem {
    struct program solution;
    int32_t input[PROGRAM_TESTS][2], output[PROGRAM_TESTS];   /* the first PROGRAM_EXAMPLES are shown */
};

/* program_problem: NULL, or why the problem's program does not work on one of its tests. Pure. */
const char *program_problem(const struct problem *p, struct program_problem *out);
/* program_is_held_out: by a hash of both examples, in either order. Pure. */
int program_is_held_out(const struct program_task *t, const struct program_problem *x);
/* program_try: a random problem that is held out or not, in at most that many tries; 0: none was found. */
int program_try(const struct program_task *t, struct rng *r, int held, int tries, struct problem *out);
/* program_draw: a random training problem. */
void program_draw(const void *self, struct rng *r, struct problem *out);

/* A candidate: a first part, which makes one value out of a and b, and a second part, which may change it. */
struct program_candidate {
    int first;                 /* 0 .. PROGRAM_FIRSTS - 1 */
    struct program program;
};
enum { PROGRAM_FIRSTS = 6 };

/* program_candidates: what is worth trying, in canonical order: for each first part, every second part that
 * turns its value on the first example into the output; where there is none, the first part alone. Pure. */
int program_candidates(const struct program_task *t, const struct program_problem *x,
                       struct program_candidate out[PROGRAM_CANDIDATES]);
/* program_passes: on the first n tests. Pure. */
int program_passes(const struct program *p, const struct program_problem *x, int n);

/* The functions of the scenario's row that stand in files of their own. */
void program_demonstrate(const void *self, struct rng *r, struct document *out);
void program_base(const void *self, struct rng *r, struct document *out);
void program_score(const void *self, const struct problem *p, const char *completion, size_t n,
                   struct score *out);
void program_analyse(const void *self, const struct problem *p, const char *completion, size_t n,
                     double accuracy, struct marks *out);
int program_difficulty(const void *self, const struct problem *p, char label[LABEL_BYTES]);

extern const struct scenario scenario_program;

#endif
