/* What is written about Countdown: demonstrations for the cold start, and base text.
 *
 * An attempt reads `11 + 7 = 18 5 , 18 - 5 = 13 -> 26 no`: after a result the other numbers that remain, when
 * the state is shown; before the judgement the target, when the goal is shown. With the goal beside the
 * result a model learns to judge early and from every seed; without it that comes late, and at some seeds
 * never well. The answer is the attempt as one expression, operands in the order of the equations. What
 * follows from what stands before (a result, the numbers that remain, the answer) counts fully in base text
 * too: copying is else learned late, and with four numbers at some seeds not at all.
 *
 * The writer of demonstrations tries attempts that differ in their first operation, in a canonical order (or
 * a random one), and after a failure may give up with a hazard that is drawn once per trace: giving up is the
 * habit that RL then unlearns, and with it traces grow. With four numbers or more a choice can be guided to
 * keep the target in reach. Unless it goes out of reach by a random target, the problem is a training problem
 * like any other.
 *
 * Base text: rows of single equations teach arithmetic; think/answer documents of random, mutually distinct
 * attempts teach the form and the judging of a result against the target. Most documents are short, some are
 * long, so that a habit of going on exists for RL to find. Their targets are often set to (or near) a value
 * that was reached: chance alone would show too few hits for judging to be learned.
 *
 * Invariants: all equations are right; judgements of demonstrations are true, of those of base text a share
 * `flipped` is false; no problem is held out. */
#include <stdlib.h>

#include "scenarios/countdown.h"

enum { DISTINCT_TRIES = 20, TARGET_TRIES = 16, NEAR = 3 };

static void number(const struct countdown *c, struct document *d, int v, int strong)
{
    document_word(d, c->token[c->number_token + v], strong);
}

static void write_prompt(const struct countdown *c, const struct problem *p, struct document *out)
{
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    for (int i = 0; i < p->n - 1; i++)
        number(c, out, p->value[i], 0);
    document_word(out, "->", 0);
    number(c, out, p->value[p->n - 1], 0);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

/* strong_all, here and below: 1 makes every token strong, 0 only results and judgements. */
static void write_attempt(const struct countdown *c, const struct countdown_attempt *a, int strong_all,
                          struct document *out)
{
    for (int k = a->numbers; k < a->node_n; k++) {
        const struct countdown_node *d = &a->node[k];
        if (k > a->numbers)
            document_word(out, ",", strong_all);
        number(c, out, a->node[d->left].value, strong_all);
        document_word(out, countdown_op_word[d->op], strong_all);
        number(c, out, a->node[d->right].value, strong_all);
        document_word(out, "=", strong_all);
        number(c, out, d->value, 1);
        for (int i = 0; c->set.show_state && i < d->rest_n; i++)
            number(c, out, d->rest[i], 1);
    }
}

static void write_judgement(const struct countdown *c, int target, int yes, int strong_all,
                            struct document *out)
{
    if (c->set.show_goal) {
        document_word(out, "->", strong_all);
        number(c, out, target, 1);
    }
    document_word(out, yes ? "yes" : "no", c->set.judge_weight);
}

/* Every operation but the outermost stands in parentheses; depth is at most 5. */
static void expression(const struct countdown *c, const struct countdown_attempt *a, int node, int outermost,
                       struct document *out)
{
    const struct countdown_node *d = &a->node[node];
    if (d->op < 0) {
        number(c, out, d->value, 1);
        return;
    }
    if (!outermost)
        document_word(out, "(", 1);
    expression(c, a, d->left, 0, out);
    document_word(out, countdown_op_word[d->op], 1);
    expression(c, a, d->right, 0, out);
    if (!outermost)
        document_word(out, ")", 1);
}

static void write_answer(const struct countdown *c, struct rng *r, const struct countdown_attempt *a,
                         int strong_all, int malformed, struct document *out)
{
    form_open_answer(out, r, malformed, strong_all);
    expression(c, a, a->node_n - 1, 1, out);
    document_word(out, "</answer>", strong_all);
}

/* The problem; its target is random in some, so that a true `no` at the end is seen too. */
static void choose_problem(const struct countdown *c, struct rng *r, int n, struct problem *out)
{
    struct countdown_set s;
    if (!rng_chance(r, c->set.random_target)) {
        countdown_make(c, r, n, out);
        return;
    }
    do {
        countdown_numbers(c, r, n, &s);
        countdown_problem(&s, rng_range(r, c->set.target_low, c->set.target_high), out);
    } while (countdown_is_held_out(c, out));
}

static void start_set(const struct problem *p, struct countdown_set *s)
{
    s->n = p->n - 1;
    for (int i = 0; i < s->n; i++) {
        s->value[i] = p->value[i];
        s->node[i] = i;
    }
}

static int keeps_reach(const struct countdown *c, const struct countdown_set *s,
                       const struct countdown_move *m, int target)
{
    struct countdown_set after = *s;
    countdown_apply(&after, m, 0);
    return countdown_reaches(c, &after, target);
}

/* The next first operation that was not tried: in order, or at random; -1 when none is left. */
static int choose_first(const struct countdown *c, struct rng *r, const struct countdown_set *s, int target,
                        const struct countdown_move *move, int n, const unsigned char *used, int in_order)
{
    int free_n = 0, first = -1;
    for (int i = n - 1; i >= 0; i--)
        if (!used[i]) {
            free_n++;
            first = i;
        }
    if (!free_n)
        return -1;
    if (s->n > 3 && c->set.guide_first > 0 && rng_chance(r, c->set.guide_first)) {
        for (int i = first; i < n; i++)
            if (!used[i] && keeps_reach(c, s, &move[i], target))
                return i;
    }
    if (in_order)
        return first;
    for (int i = 0, skip = rng_below(r, free_n);; i++)
        if (!used[i] && skip-- == 0)
            return i;
}

/* An operation neither first nor last: one of those that keep the target in reach, or any. */
static void choose_middle(const struct countdown *c, struct rng *r, const struct countdown_set *s, int target,
                          struct countdown_move *out)
{
    struct countdown_move move[COUNTDOWN_MOVES], good[COUNTDOWN_MOVES];
    int n = countdown_moves(c, s, move), good_n = 0;
    if (rng_chance(r, c->set.guide_middle))
        for (int i = 0; i < n; i++)
            if (keeps_reach(c, s, &move[i], target))
                good[good_n++] = move[i];
    *out = good_n ? good[rng_below(r, good_n)] : move[rng_below(r, n)];
}

static void finish_attempt(const struct countdown *c, struct rng *r, const struct countdown_set *start,
                           int target, const struct countdown_move *first, struct countdown_attempt *out)
{
    struct countdown_set s = *start;
    struct countdown_move m;
    countdown_begin(out, start);
    countdown_take(out, &s, first);
    while (s.n > 2) {
        choose_middle(c, r, &s, target, &m);
        countdown_take(out, &s, &m);
    }
    if (rng_chance(r, c->set.closest_last))
        countdown_closest(c, &s, target, &m);
    else
        countdown_random_move(c, r, &s, &m);
    countdown_take(out, &s, &m);
}

/* How a document searches: attempts at most, the chance to give up after a failure, whether first
 * operations come in order, and whether every token counts. */
struct search {
    int most, in_order, strong_all, malformed;
    double hazard;
};

/* A whole document: attempts that differ in their first operation, each judged, until one hits or the
 * writer gives up; the last one is the answer. */
static void write_search(const struct countdown *c, struct rng *r, const struct problem *p,
                         const struct search *how, struct document *out)
{
    unsigned char used[COUNTDOWN_MOVES] = {0};
    struct countdown_move move[COUNTDOWN_MOVES];
    struct countdown_attempt attempt;
    struct countdown_set start;
    int target = p->value[p->n - 1], move_n, hit, i;

    start_set(p, &start);
    move_n = countdown_moves(c, &start, move);
    document_clear(out);
    write_prompt(c, p, out);
    out->response_at = how->strong_all ? out->token_n : 0;
    i = choose_first(c, r, &start, target, move, move_n, used, how->in_order);
    for (int tried = 1;; tried++) {
        used[i] = 1;
        finish_attempt(c, r, &start, target, &move[i], &attempt);
        write_attempt(c, &attempt, how->strong_all, out);
        hit = countdown_value(&attempt) == target;
        write_judgement(c, target, hit, how->strong_all, out);
        if (hit || tried == how->most || rng_chance(r, how->hazard))
            break;
        i = choose_first(c, r, &start, target, move, move_n, used, how->in_order);
        if (i < 0)
            break;
        document_word(out, "wait", how->strong_all);
    }
    write_answer(c, r, &attempt, how->strong_all, how->malformed, out);
}

void countdown_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct countdown *c = self;
    int count = rng_range(r, c->set.taught_low, c->set.taught_high), many = count > 3;
    double share = many ? c->set.hazard_many_a_share : c->set.hazard_a_share;
    double low = many ? c->set.hazard_many_b : c->set.hazard_b;
    struct search how = {many ? c->set.attempts_many : c->set.attempts, c->set.canonical, 1,
                         rng_chance(r, c->set.malformed), many ? c->set.hazard_many_a : c->set.hazard_a};
    struct problem p;
    if (!rng_chance(r, share))
        how.hazard = low;
    choose_problem(c, r, count, &p);
    write_search(c, r, &p, &how, out);
}

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
        number(c, out, a, 0);
        document_word(out, countdown_op_word[m.op], 0);
        number(c, out, b, 0);
        document_word(out, "=", 0);
        number(c, out, m.result, 1);
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
    write_prompt(c, &p, out);
    for (i = 0;; i++) {
        int target = p.value[p.n - 1], yes = countdown_value(&attempt[i]) == target;
        if (rng_chance(r, c->set.flipped))
            yes = !yes;
        write_attempt(c, &attempt[i], 0, out);
        write_judgement(c, target, yes, 0, out);
        if (yes || i == n - 1)
            break;
        document_word(out, "wait", 0);
    }
    write_answer(c, r, &attempt[i], 0, malformed, out);
}

/* A document that searches as demonstrations do, and gives up as early as the others: few arrive. */
static void aimed(const struct countdown *c, struct rng *r, struct document *out)
{
    struct search how = {.most = c->set.base_attempts, .in_order = c->set.canonical};
    struct problem p;
    how.hazard = rng_chance(r, c->set.short_share) ? c->set.short_stop : c->set.long_stop;
    how.malformed = rng_chance(r, c->set.base_malformed);
    choose_problem(c, r, rng_range(r, c->set.taught_low, c->set.taught_high), &p);
    write_search(c, r, &p, &how, out);
}

void countdown_base(const void *self, struct rng *r, struct document *out)
{
    const struct countdown *c = self;
    document_clear(out);
    if (rng_chance(r, c->set.equation_share))
        equations(c, r, out);
    else if (c->set.base_aimed > 0 && rng_chance(r, c->set.base_aimed))
        aimed(c, r, out);
    else
        think(c, r, out);
}
