/* Demonstrations of Countdown for the cold start.
 *
 * The writer tries attempts that differ in their first operation, in a canonical order (or a random
 * one), judges each result truly against the target, and after a failure may give up with a hazard
 * that is drawn once per trace: giving up is the habit that RL then unlearns, and with it traces
 * grow. With four numbers or more a choice can be guided to keep the target in reach. Unless it
 * goes out of reach by a random target, the problem is a training problem like any other.
 *
 * Invariants: all equations are right; judgements are true; no problem is held out. */
#include "scenarios/countdown.h"

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
                        const struct countdown_move *move, int n, const unsigned char *used)
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
    if (c->set.canonical)
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

void countdown_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct countdown *c = self;
    int count = rng_range(r, c->set.taught_low, c->set.taught_high), many = count > 3;
    int most = many ? c->set.attempts_many : c->set.attempts, move_n, target, hit, i;
    double share = many ? c->set.hazard_many_a_share : c->set.hazard_a_share;
    double low = many ? c->set.hazard_many_b : c->set.hazard_b;
    double hazard = many ? c->set.hazard_many_a : c->set.hazard_a;
    int malformed = rng_chance(r, c->set.malformed);
    unsigned char used[COUNTDOWN_MOVES] = {0};
    struct countdown_move move[COUNTDOWN_MOVES];
    struct countdown_attempt attempt;
    struct countdown_set start;
    struct problem p;

    if (!rng_chance(r, share))
        hazard = low;
    choose_problem(c, r, count, &p);
    target = p.value[count];
    start_set(&p, &start);
    move_n = countdown_moves(c, &start, move);

    document_clear(out);
    countdown_write_prompt(c, &p, out);
    out->response_at = out->token_n;
    i = choose_first(c, r, &start, target, move, move_n, used);
    for (int tried = 1;; tried++) {
        used[i] = 1;
        finish_attempt(c, r, &start, target, &move[i], &attempt);
        countdown_write_attempt(c, &attempt, 1, out);
        hit = countdown_value(&attempt) == target;
        countdown_write_judgement(c, target, hit, 1, out);
        if (hit || tried == most || rng_chance(r, hazard))
            break;
        i = choose_first(c, r, &start, target, move, move_n, used);
        if (i < 0)
            break;
        document_word(out, "wait", 1);
    }
    countdown_write_answer(c, r, &attempt, 1, malformed, out);
}
