/* Problems of the program task: their tests, the candidates that fit an example, and which are held out.
 *
 * A problem is drawn as a first part (add, sub, mul, swap sub, drop, swap drop) and a second part (nothing, K
 * add, K sub, K mul, dup mul). It is kept where every candidate that fits both examples passes all tests:
 * what is asked for can be found out from what is shown.
 *
 * Invariant: whether a problem is held out depends on its two examples alone, in either order: no prompt of
 * the training set is one of the held-out set. */
#include <string.h>

#include "engine/base/hash.h"
#include "scenarios/program.h"

static const int32_t first_part[PROGRAM_FIRSTS][2] = {
    {PROGRAM_ADD},  {PROGRAM_SUB},
    {PROGRAM_MUL},  {PROGRAM_SWAP, PROGRAM_SUB},
    {PROGRAM_DROP}, {PROGRAM_SWAP, PROGRAM_DROP},
};

static uint64_t example_key(const int32_t input[2], int32_t output)
{
    return hash_u64(hash_u64((uint64_t)(uint32_t)input[0] << 32 | (uint32_t)input[1]) ^ (uint32_t)output);
}

static uint64_t problem_key(const struct program_problem *x)
{
    return example_key(x->input[0], x->output[0]) + example_key(x->input[1], x->output[1]);
}

int program_is_held_out(const struct program_task *t, const struct program_problem *x)
{
    return form_is_held(problem_key(x), t->set.held_out_every);
}

/* Tests beyond the examples: a zero, equal numbers, one below 0, and some that only the examples' hash knows.
 */
static void choose_inputs(const struct problem *p, struct program_problem *out)
{
    static const int32_t fixed[][2] = {{0, 7}, {6, 6}, {-4, 3}};
    uint64_t seed = 0x70726f67u;
    struct rng r;
    for (int i = 0; i < 4; i++)
        seed = hash_u64(seed ^ (uint32_t)p->value[i]);
    r = rng_at(seed, RNG_PROBLEM, 0, 0, 0);
    memcpy(out->input, p->value, 4 * sizeof *p->value);
    memcpy(out->input + PROGRAM_EXAMPLES, fixed, sizeof fixed);
    for (int i = PROGRAM_EXAMPLES + 3; i < PROGRAM_TESTS; i++) {
        out->input[i][0] = rng_range(&r, 1, 20);
        out->input[i][1] = rng_range(&r, -5, 20);
    }
}

const char *program_problem(const struct problem *p, struct program_problem *out)
{
    const char *why;
    int where = 0;
    memset(out, 0, sizeof *out);
    out->solution.n = p->n - 4;
    memcpy(out->solution.op, p->value + 4, (size_t)out->solution.n * sizeof *p->value);
    choose_inputs(p, out);
    why = program_link(&out->solution, &where);
    for (int i = 0; i < PROGRAM_TESTS && !why; i++)
        why = program_value(&out->solution, out->input[i][0], out->input[i][1], &out->output[i], &where);
    return why;
}

int program_passes(const struct program *p, const struct program_problem *x, int n)
{
    int where;
    int32_t v;
    for (int i = 0; i < n; i++)
        if (program_value(p, x->input[i][0], x->input[i][1], &v, &where) || v != x->output[i])
            return 0;
    return 1;
}

static void append(struct program *p, int32_t op)
{
    p->op[p->n++] = op;
}

static void begin_with(struct program *p, int first)
{
    memset(p, 0, sizeof *p);
    append(p, first_part[first][0]);
    if (first_part[first][1])
        append(p, first_part[first][1]);
}

/* The second part of kind 0..4 with the constant k. */
static void end_with(struct program *p, int kind, int32_t k)
{
    static const int32_t last[] = {0, PROGRAM_ADD, PROGRAM_SUB, PROGRAM_MUL, PROGRAM_MUL};
    if (!kind)
        return;
    append(p, kind == 4 ? PROGRAM_DUP : k);
    append(p, last[kind]);
}

/* Whether a second part of that kind makes `goal` out of v, and with which constant. */
static int fits(int kind, int32_t v, int32_t goal, int most, int32_t *k)
{
    *k = kind == 1 ? goal - v : kind == 2 ? v - goal : kind == 3 && v ? goal / v : 0;
    switch (kind) {
    case 0: return v == goal;
    case 1: case 2: return *k >= 1 && *k <= most;
    case 3: return v && goal % v == 0 && *k >= 2 && *k <= most;
    default: return (int64_t)v * v == goal && v != 0 && v != 1;
    }
}

int program_candidates(const struct program_task *t, const struct program_problem *x,
                       struct program_candidate out[PROGRAM_CANDIDATES])
{
    int n = 0;
    for (int first = 0; first < t->set.first_parts; first++) {
        struct program start;
        int32_t v, k;
        int where, found = 0;
        begin_with(&start, first);
        if (program_value(&start, x->input[0][0], x->input[0][1], &v, &where))
            continue;
        for (int kind = 0; kind < 5; kind++) {
            if (!fits(kind, v, x->output[0], t->set.constant_max, &k))
                continue;
            out[n] = (struct program_candidate){first, start};
            end_with(&out[n++].program, kind, k);
            found = 1;
        }
        if (!found)
            out[n++] = (struct program_candidate){first, start};
    }
    return n;
}

/* Whether the run on an example stays within the numbers that are tokens. */
static int is_shown(const struct program_task *t, const struct program *p, const int32_t input[2])
{
    struct program_stack s = {2, {input[0], input[1]}};
    for (int i = 0; i < p->n; i++) {
        struct program one = {.n = 1, .op = {p->op[i]}};
        int where;
        if (program_run(&one, &s, &where))
            return 0;
        for (int k = 0; k < s.n; k++)
            if (s.value[k] > t->set.value_max || s.value[k] < -t->set.value_max)
                return 0;
    }
    return 1;
}

/* Every candidate can be written down, some fit both examples, and those are right. */
static int is_sound(const struct program_task *t, const struct program_problem *x)
{
    struct program_candidate c[PROGRAM_CANDIDATES];
    int n = program_candidates(t, x, c), found = 0;
    for (int i = 0; i < n; i++) {
        if (!is_shown(t, &c[i].program, x->input[0]) || !is_shown(t, &c[i].program, x->input[1]))
            return 0;
        if (!program_passes(&c[i].program, x, PROGRAM_EXAMPLES))
            continue;
        if (!program_passes(&c[i].program, x, PROGRAM_TESTS))
            return 0;
        found = 1;
    }
    return found;
}

/* One try of a problem on either side; 0 where it is not one. */
static int try_draw(const struct program_task *t, struct rng *r, int held, struct problem *out)
{
    struct program_problem x;
    struct program p;
    int kind;
    begin_with(&p, rng_below(r, t->set.first_parts));
    kind = rng_below(r, 5);
    end_with(&p, kind, rng_range(r, kind == 3 ? 2 : 1, t->set.constant_max));
    *out = (struct problem){.n = 4 + p.n};
    for (int i = 0; i < 4; i++)
        out->value[i] = rng_range(r, 1, t->set.input_max);
    memcpy(out->value + 4, p.op, (size_t)p.n * sizeof *p.op);
    if (out->value[0] == out->value[2] && out->value[1] == out->value[3])
        return 0;
    if (!is_shown(t, &p, out->value) || !is_shown(t, &p, out->value + 2) || program_problem(out, &x))
        return 0;
    return program_is_held_out(t, &x) == held && is_sound(t, &x);
}

int program_try(const struct program_task *t, struct rng *r, int held, int tries, struct problem *out)
{
    while (tries-- > 0)
        if (try_draw(t, r, held, out))
            return 1;
    return 0;
}

/* open() has seen that tries succeed, so the loop ends. */
void program_draw(const void *self, struct rng *r, struct problem *out)
{
    while (!try_draw(self, r, 0, out))
        ;
}
