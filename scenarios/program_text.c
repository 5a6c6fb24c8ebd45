/* What is written about a program: demonstrations for the cold start, and base text.
 *
 * A thought runs a candidate on the first example, each operation followed by the stack that it leaves, then
 * the wanted output and the judgement; what holds is tried on the second example:
 *
 *   3 5 | add 8 | 2 8 2 | mul 16 -> 16 yes , 2 7 | add 9 | 2 9 2 | mul 18 -> 18 yes </think> <answer> add 2
 * mul
 *
 * The writer of demonstrations goes through the candidates in canonical order and after a failure may give
 * up, with a hazard that is drawn once per trace, answering with the last candidate: the habit that RL
 * unlearns. Base text takes them in a random order, and its judgements are false now and then.
 *
 * Invariants: stacks are right; judgements of demonstrations are true; no problem is held out. */
#include <stdio.h>

#include "scenarios/program.h"

static void write_number(int32_t v, int strong, struct document *out)
{
    char room[16];
    snprintf(room, sizeof room, "%d", (int)v);
    document_word(out, room, strong);
}

static void write_program(const struct program *p, int strong, struct document *out)
{
    char room[16];
    for (int i = 0; i < p->n; i++)
        document_word(out, program_op_name(p->op[i], room), strong);
}

static void write_prompt(const struct program_problem *x, struct document *out)
{
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    for (int i = 0; i < PROGRAM_EXAMPLES; i++) {
        if (i)
            document_word(out, ",", 0);
        write_number(x->input[i][0], 0, out);
        write_number(x->input[i][1], 0, out);
        document_word(out, "->", 0);
        write_number(x->output[i], 0, out);
    }
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

/* An operation and the stack that it leaves. */
static void write_step(int32_t op, struct program_stack *s, int strong, struct document *out)
{
    struct program one = {.n = 1, .op = {op}};
    char room[16];
    int where;
    document_word(out, "|", strong);
    document_word(out, program_op_name(op, room), strong);
    program_run(&one, s, &where);
    for (int k = 0; k < s->n; k++)
        write_number(s->value[k], 1, out);
}

/* The candidate on example i, up to the wanted output; 1 where it gives that. */
static int write_run(const struct program *p, const struct program_problem *x, int i, int strong,
                     struct document *out)
{
    struct program_stack s = {2, {x->input[i][0], x->input[i][1]}};
    write_number(s.value[0], strong, out);
    write_number(s.value[1], strong, out);
    for (int k = 0; k < p->n; k++)
        write_step(p->op[k], &s, strong, out);
    document_word(out, "->", strong);
    write_number(x->output[i], 1, out);
    return s.value[0] == x->output[i];
}

/* A whole attempt. flip: the judgement with this number (1 or 2) is false. Gives what it ends with. */
static int write_attempt(const struct program_task *t, const struct program *p,
                         const struct program_problem *x, int flip, int strong, struct document *out)
{
    int yes = 1;
    for (int i = 0; i < PROGRAM_EXAMPLES && yes; i++) {
        if (i)
            document_word(out, ",", strong);
        yes = write_run(p, x, i, strong, out) != (flip == i + 1);
        document_word(out, yes ? "yes" : "no", t->set.judge_weight);
    }
    return yes;
}

static void write_answer(struct rng *r, const struct program *p, int malformed, int strong,
                         struct document *out)
{
    form_open_answer(out, r, malformed, strong);
    write_program(p, strong, out);
    document_word(out, "</answer>", strong);
}

static void shuffle(struct rng *r, struct program_candidate *c, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int k = rng_below(r, i + 1);
        struct program_candidate swap = c[i];
        c[i] = c[k];
        c[k] = swap;
    }
}

void program_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct program_task *t = self;
    struct program_candidate c[PROGRAM_CANDIDATES];
    double hazard = rng_chance(r, t->set.hazard_a_share) ? t->set.hazard_a : t->set.hazard_b;
    int malformed = rng_chance(r, t->set.malformed), n, i;
    struct program_problem x;
    struct problem p;
    program_draw(t, r, &p);
    program_problem(&p, &x);
    n = program_candidates(t, &x, c);
    if (!t->set.canonical)
        shuffle(r, c, n);
    document_clear(out);
    write_prompt(&x, out);
    out->response_at = out->token_n;
    for (i = 0;; i++) {
        if (write_attempt(t, &c[i].program, &x, 0, 1, out) || i == n - 1 || i == t->set.attempts - 1 ||
            rng_chance(r, hazard))
            break;
        document_word(out, "wait", 1);
    }
    write_answer(r, &c[i].program, malformed, 1, out);
}

/* A row of single operations, as they occur in runs of training problems. */
static void steps(const struct program_task *t, struct rng *r, struct document *out)
{
    struct program_candidate c[PROGRAM_CANDIDATES];
    for (int i = 0; i < t->set.step_row; i++) {
        struct program_problem x;
        struct problem p;
        struct program_stack s;
        const struct program *run;
        int at, where;
        program_draw(t, r, &p);
        program_problem(&p, &x);
        run = &c[rng_below(r, program_candidates(t, &x, c))].program;
        s = (struct program_stack){2, {x.input[0][0], x.input[0][1]}};
        at = rng_below(r, run->n);
        for (int k = 0; k < at; k++) {
            struct program one = {.n = 1, .op = {run->op[k]}};
            program_run(&one, &s, &where);
        }
        if (i)
            document_word(out, ",", 0);
        for (int k = 0; k < s.n; k++)
            write_number(s.value[k], 0, out);
        write_step(run->op[at], &s, 0, out);
    }
}

static void think(const struct program_task *t, struct rng *r, struct document *out)
{
    struct program_candidate c[PROGRAM_CANDIDATES];
    int malformed = rng_chance(r, t->set.base_malformed), n, i, right = 0;
    struct program_problem x;
    struct problem p;
    program_draw(t, r, &p);
    program_problem(&p, &x);
    n = program_candidates(t, &x, c);
    shuffle(r, c, n);
    while (right < n && !program_passes(&c[right].program, &x, PROGRAM_EXAMPLES))
        right++;
    if (right < n && rng_chance(r, t->set.hit)) {
        struct program_candidate swap = c[right];
        int to = rng_below(r, right + 1);
        c[right] = c[to];
        c[to] = swap;
    }
    write_prompt(&x, out);
    for (i = 0;; i++) {
        int flip = rng_chance(r, t->set.flipped) ? rng_range(r, 1, 2) : 0;
        if (write_attempt(t, &c[i].program, &x, flip, 0, out) || i == n - 1 ||
            rng_chance(r, t->set.base_stop))
            break;
        document_word(out, "wait", 0);
    }
    write_answer(r, &c[i].program, malformed, 0, out);
}

void program_base(const void *self, struct rng *r, struct document *out)
{
    const struct program_task *t = self;
    document_clear(out);
    if (rng_chance(r, t->set.step_share))
        steps(t, r, out);
    else
        think(t, r, out);
}
