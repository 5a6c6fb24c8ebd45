/* Base text of Countdown: what a model reads before it is taught anything.
 *
 * Rows of single equations teach arithmetic; think/answer documents of random, mutually distinct
 * attempts teach the form and the judging of a result against the target. Most documents are
 * short, some are long, so that a habit of going on exists for RL to find. Their targets are often set to
 * (or near) a value that was reached: chance alone would show too few hits for judging to be learned.
 *
 * Invariants: equations are right; no problem is held out; a share `flipped` of judgements is false. */
#include "scenarios/countdown.h"

#include <stdlib.h>

enum { DISTINCT_TRIES = 20, TARGET_TRIES = 16, NEAR = 3 };

/* A random legal a op b, a >= b: small operands mostly, as attempts have them. */
static struct countdown_move random_equation(const struct countdown *c, struct rng *r, int *a, int *b)
{
    int high = c->set.value_max, op = rng_below(r, c->op_n), result;
    do {
        *b = rng_chance(r, 0.75) ? rng_range(r, 1, c->set.range_3) : rng_range(r, 0, high);
        if (op == COUNTDOWN_MUL)
            *a = rng_range(r, 0, *b ? high / *b : high);
        else if (op == COUNTDOWN_DIV)
            *a = *b * rng_range(r, 0, *b ? high / *b : 0);
        else
            *a = rng_range(r, 0, high);
        if (*a < *b) {
            int swap = *a;
            *a = *b;
            *b = swap;
        }
        result = countdown_legal(c, op, *a, *b);
    } while (result < 0);
    return (struct countdown_move){op, 0, 1, result};
}

static void equations(const struct countdown *c, struct rng *r, struct document *out)
{
    for (int i = 0; i < c->set.equation_row; i++) {
        int a, b;
        struct countdown_move m = random_equation(c, r, &a, &b);
        if (i)
            document_word(out, ",", 0);
        document_word(out, c->token[c->number_token + a], 0);
        document_word(out, countdown_op_word[m.op], 0);
        document_word(out, c->token[c->number_token + b], 0);
        document_word(out, "=", 0);
        document_word(out, c->token[c->number_token + m.result], 1);
    }
}

/* What the attempt does, whichever of two equal numbers it takes. */
static int same(const struct countdown_attempt *x, const struct countdown_attempt *y)
{
    for (int k = x->numbers; k < x->node_n; k++) {
        const struct countdown_node *p = &x->node[k], *q = &y->node[k];
        if (p->op != q->op || x->node[p->left].value != y->node[q->left].value ||
            x->node[p->right].value != y->node[q->right].value)
            return 0;
    }
    return 1;
}

/* Up to n distinct random attempts; fewer where the numbers do not allow more. */
static int random_attempts(const struct countdown *c, struct rng *r, const struct countdown_set *s, int n,
                           struct countdown_attempt *out)
{
    int have = 0, tries = 0;
    while (have < n && tries < DISTINCT_TRIES) {
        int k = 0;
        countdown_random(c, r, s, &out[have]);
        while (k < have && !same(&out[k], &out[have]))
            k++;
        if (k == have) {
            have++;
            tries = 0;
        } else {
            tries++;
        }
    }
    return have;
}

static int in_range(const struct countdown *c, int v)
{
    return v >= c->set.target_low && v <= c->set.target_high;
}

/* A target that the numbers can reach, or after some tries any. */
static int other_target(const struct countdown *c, struct rng *r, const struct countdown_set *s)
{
    struct countdown_attempt a;
    for (int i = 0; i < TARGET_TRIES; i++) {
        countdown_random(c, r, s, &a);
        if (in_range(c, countdown_value(&a)))
            return countdown_value(&a);
    }
    return rng_range(r, c->set.target_low, c->set.target_high);
}

static int choose_target(const struct countdown *c, struct rng *r, const struct countdown_set *s, double hit,
                         int last)
{
    if (rng_chance(r, hit)) {
        if (in_range(c, last))
            return last;
    } else if (rng_chance(r, c->set.near_miss)) {
        int off = rng_range(r, 1, NEAR), near = rng_chance(r, 0.5) ? last + off : last - off;
        if (in_range(c, near))
            return near;
    }
    return other_target(c, r, s);
}

/* Numbers, attempts and a target that is not held out; earlier hits are taken out, so that a long
 * document whose target is its last value stays long. Gives the number of attempts. */
static int plan(const struct countdown *c, struct rng *r, struct problem *p,
                struct countdown_attempt *attempt)
{
    struct countdown_set s;
    int n, kept, target, last;
    do {
        int is_short = rng_chance(r, c->set.short_share);
        double stop = is_short ? c->set.short_stop : c->set.long_stop;
        int want = 1;
        while (want < c->set.base_attempts && !rng_chance(r, stop))
            want++;
        countdown_numbers(c, r, rng_range(r, c->set.taught_low, c->set.taught_high), &s);
        n = random_attempts(c, r, &s, want, attempt);
        last = countdown_value(&attempt[n - 1]);
        target = choose_target(c, r, &s, is_short ? c->set.hit_short : c->set.hit_long, last);
        countdown_problem(&s, target, p);
    } while (countdown_is_held_out(c, p));
    kept = 0;
    for (int i = 0; i < n; i++)
        if (i == n - 1 || last != target || countdown_value(&attempt[i]) != target)
            attempt[kept++] = attempt[i];
    return kept;
}

static void think(const struct countdown *c, struct rng *r, struct document *out)
{
    struct countdown_attempt attempt[COUNTDOWN_ATTEMPTS];
    struct problem p;
    int n = plan(c, r, &p, attempt), malformed = rng_chance(r, c->set.base_malformed), i;
    countdown_write_prompt(c, &p, out);
    for (i = 0;; i++) {
        int target = p.value[p.n - 1], yes = countdown_value(&attempt[i]) == target;
        if (rng_chance(r, c->set.flipped))
            yes = !yes;
        countdown_write_attempt(c, &attempt[i], 0, out);
        countdown_write_judgement(c, target, yes, 0, out);
        if (yes || i == n - 1)
            break;
        document_word(out, "wait", 0);
    }
    countdown_write_answer(c, r, &attempt[i], 0, malformed, out);
}

void countdown_base(const void *self, struct rng *r, struct document *out)
{
    const struct countdown *c = self;
    document_clear(out);
    if (rng_chance(r, c->set.equation_share))
        equations(c, r, out);
    else
        think(c, r, out);
}
