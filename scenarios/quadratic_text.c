/* What is written about a quadratic equation: demonstrations for the cold start, and base text.
 *
 * x^2 - 5x + 6 = 0 reads `1 * 6 = 6 , 1 + 6 = 7 -> 5 no wait -1 * -6 = 6 , -1 + -6 = -7 -> 5 no wait 2 * 3 =
 * 6 , 2 + 3 = 5
 * -> 5 yes </think> <answer> \boxed{ 2 , 3 } </answer>`: a pair whose product is c, its sum, the wanted sum
 * -b and the judgement. The writer of demonstrations goes through the pairs in a fixed order, and after a
 * failure may give up with a hazard that is drawn once per trace, answering with the last pair: the habit
 * that RL unlearns.
 *
 * Base text tries pairs in a random order, and its judgements are false now and then.
 *
 * Invariants: equations are right; judgements of demonstrations are true; no problem is held out. */
#include "scenarios/quadratic.h"

static void write_prompt(const struct quadratic *t, const struct problem *p, struct document *out)
{
    int b = p->value[0], c = p->value[1];
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    document_word(out, "x^2", 0);
    document_word(out, b < 0 ? "-" : "+", 0);
    quadratic_write_number(t, b < 0 ? -b : b, 0, out);
    document_word(out, "x", 0);
    document_word(out, c < 0 ? "-" : "+", 0);
    quadratic_write_number(t, c < 0 ? -c : c, 0, out);
    document_word(out, "=", 0);
    quadratic_write_number(t, 0, 0, out);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

static void equation(const struct quadratic *t, int a, const char *op, int b, int c, int strong,
                     struct document *out)
{
    quadratic_write_number(t, a, strong, out);
    document_word(out, op, strong);
    quadratic_write_number(t, b, strong, out);
    document_word(out, "=", strong);
    quadratic_write_number(t, c, 1, out);
}

static void write_attempt(const struct quadratic *t, struct quadratic_pair x, int sum, int yes, int strong,
                          struct document *out)
{
    equation(t, x.p, "*", x.q, x.p * x.q, strong, out);
    document_word(out, ",", strong);
    equation(t, x.p, "+", x.q, x.p + x.q, strong, out);
    if (t->set.show_goal) {
        document_word(out, "->", strong);
        quadratic_write_number(t, sum, 1, out);
    }
    document_word(out, yes ? "yes" : "no", t->set.judge_weight);
}

static void write_answer(const struct quadratic *t, struct rng *r, struct quadratic_pair x, int malformed,
                         int strong, struct document *out)
{
    form_open_answer(out, r, malformed, strong);
    document_word(out, "\\boxed{", strong);
    quadratic_write_number(t, x.p, strong, out);
    if (x.q != x.p) {
        document_word(out, ",", strong);
        quadratic_write_number(t, x.q, strong, out);
    }
    document_word(out, "}", strong);
    document_word(out, "</answer>", strong);
}

static void shuffle(struct rng *r, struct quadratic_pair *x, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int k = rng_below(r, i + 1);
        struct quadratic_pair swap = x[i];
        x[i] = x[k];
        x[k] = swap;
    }
}

void quadratic_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct quadratic *t = self;
    struct quadratic_pair pair[QUADRATIC_PAIRS];
    double hazard = rng_chance(r, t->set.hazard_a_share) ? t->set.hazard_a : t->set.hazard_b;
    int malformed = rng_chance(r, t->set.malformed), n, sum, i;
    struct problem p;
    quadratic_draw(t, r, &p);
    sum = -p.value[0];
    n = quadratic_pairs(p.value[1], sum, t->set.root_max, pair);
    if (!t->set.canonical)
        shuffle(r, pair, n);
    document_clear(out);
    write_prompt(t, &p, out);
    out->response_at = out->token_n;
    for (i = 0;; i++) {
        int hit = pair[i].p + pair[i].q == sum;
        write_attempt(t, pair[i], sum, hit, 1, out);
        if (hit || i == n - 1 || i == t->set.attempts - 1 || rng_chance(r, hazard))
            break;
        document_word(out, "wait", 1);
    }
    write_answer(t, r, pair[i], malformed, 1, out);
}

static void equations(const struct quadratic *t, struct rng *r, struct document *out)
{
    for (int i = 0; i < t->set.equation_row; i++) {
        int a = rng_range(r, -t->set.root_max, t->set.root_max);
        int b = rng_range(r, -t->set.root_max, t->set.root_max);
        int times = rng_chance(r, 0.6);
        if (i)
            document_word(out, ",", 0);
        equation(t, a, times ? "*" : "+", b, times ? a * b : a + b, 0, out);
    }
}

/* The pairs of a base document in *out: wrong ones in a random order, the right one last or not at all. */
static int plan(const struct quadratic *t, struct rng *r, const struct problem *p,
                struct quadratic_pair out[QUADRATIC_PAIRS])
{
    double stop = rng_chance(r, t->set.short_share) ? t->set.short_stop : t->set.long_stop;
    int n = quadratic_pairs(p->value[1], -p->value[0], t->set.root_max, out), wrong = 0, want = 1;
    struct quadratic_pair right = out[0];
    while (want < t->set.base_attempts && !rng_chance(r, stop))
        want++;
    for (int i = 0; i < n; i++)
        if (out[i].p + out[i].q == -p->value[0])
            right = out[i];
        else
            out[wrong++] = out[i];
    shuffle(r, out, wrong);
    if (want > wrong + 1)
        want = wrong + 1;
    if (want > wrong || rng_chance(r, t->set.hit))
        out[want - 1] = right;
    return want;
}

static void think(const struct quadratic *t, struct rng *r, struct document *out)
{
    struct quadratic_pair pair[QUADRATIC_PAIRS];
    int malformed = rng_chance(r, t->set.base_malformed), n, i;
    struct problem p;
    quadratic_draw(t, r, &p);
    n = plan(t, r, &p, pair);
    write_prompt(t, &p, out);
    for (i = 0;; i++) {
        int yes = pair[i].p + pair[i].q == -p.value[0];
        if (rng_chance(r, t->set.flipped))
            yes = !yes;
        write_attempt(t, pair[i], -p.value[0], yes, 0, out);
        if (yes || i == n - 1)
            break;
        document_word(out, "wait", 0);
    }
    write_answer(t, r, pair[i], malformed, 0, out);
}

void quadratic_base(const void *self, struct rng *r, struct document *out)
{
    const struct quadratic *t = self;
    document_clear(out);
    if (rng_chance(r, t->set.equation_share))
        equations(t, r, out);
    else
        think(t, r, out);
}
