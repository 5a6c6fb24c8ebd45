/* What is written about a product: demonstrations for the cold start, and base text.
 *
 * 47 * 36 reads `4 0 * 3 0 = 1 2 0 0 , 4 0 * 6 = 2 4 0 , 1 2 0 0 + 2 4 0 = 1 4 4 0 , 7 * 3 0 = 2 1 0 , ...`:
 * after each partial product the sum so far, so that no step is harder than a one-digit product or one
 * addition.
 *
 * A writer may give up after a partial product, with a hazard that is drawn once per trace, and then answers
 * with the sum so far: the habit that RL unlearns, and with it traces grow. In some traces a result slips,
 * and `no wait` and the same equation again mend it.
 *
 * Invariants: equations are right but for slips, which are mended at once; an answer is the last sum; no
 * problem is held out; no equation is a held-out product. */
#include "scenarios/multiply.h"

struct writer {
    struct rng *rng;
    struct document *out;
    int strong;        /* of every word; 0: of results only */
    int slip_at, at;   /* the equation that slips, -1: none; equations so far */
};

static void sides(struct writer *w, uint64_t a, const char *op, uint64_t b)
{
    form_digits(w->out, a, w->strong);
    document_word(w->out, op, w->strong);
    form_digits(w->out, b, w->strong);
    document_word(w->out, "=", w->strong);
}

static void equation(struct writer *w, uint64_t a, const char *op, uint64_t b, uint64_t c)
{
    if (w->at > 0)
        document_word(w->out, ",", w->strong);
    if (w->at++ == w->slip_at) {
        /* The last digit is off; the wrong digits are not to be learned, the turn is. */
        sides(w, a, op, b);
        form_digits(w->out, c % 10 ? c - (uint64_t)rng_range(w->rng, 1, (int)(c % 10)) : c + 1, 0);
        document_word(w->out, "no", 1);
        document_word(w->out, "wait", 1);
    }
    sides(w, a, op, b);
    form_digits(w->out, c, 1);
}

void multiply_write_prompt(const struct problem *p, struct document *out)
{
    document_word(out, "User", 0);
    document_word(out, ":", 0);
    form_digits(out, (uint64_t)p->value[0], 0);
    document_word(out, "*", 0);
    form_digits(out, (uint64_t)p->value[1], 0);
    document_word(out, "Assistant", 0);
    document_word(out, ":", 0);
    document_word(out, "<think>", 0);
}

/* Partial products until all are added or, by chance `hazard` after each, the writer gives up. Gives the last
 * sum. */
static uint64_t thoughts(struct writer *w, const struct problem *p, double hazard)
{
    struct multiply_partial partial[MULTIPLY_PARTIALS];
    int n = multiply_partials((uint64_t)p->value[0], (uint64_t)p->value[1], partial);
    uint64_t sum = 0;
    for (int i = 0; i < n; i++) {
        uint64_t product = partial[i].a * partial[i].b;
        equation(w, partial[i].a, "*", partial[i].b, product);
        if (i)
            equation(w, sum, "+", product, sum + product);
        sum += product;
        if (i < n - 1 && rng_chance(w->rng, hazard))
            break;
    }
    return sum;
}

static void document(const struct multiply *m, struct rng *r, double hazard, double slip, double malformed,
                     int strong, struct document *out)
{
    struct writer w = {.rng = r, .out = out, .strong = strong, .slip_at = -1};
    int spoilt = rng_chance(r, malformed);
    struct problem p;
    uint64_t sum;
    multiply_draw(m, r, &p);
    if (rng_chance(r, slip))
        w.slip_at = rng_below(r, 3);
    multiply_write_prompt(&p, out);
    out->response_at = strong ? out->token_n : 0;
    sum = thoughts(&w, &p, hazard);
    form_open_answer(out, r, spoilt, strong);
    form_digits(out, sum, strong);
    document_word(out, "</answer>", strong);
}

void multiply_demonstrate(const void *self, struct rng *r, struct document *out)
{
    const struct multiply *m = self;
    double hazard = rng_chance(r, m->set.hazard_a_share) ? m->set.hazard_a : m->set.hazard_b;
    document_clear(out);
    document(m, r, hazard, m->set.slip, m->set.malformed, 1, out);
}

/* A row of equations, each one of those that a random training problem takes. */
static void equations(const struct multiply *m, struct rng *r, struct document *out)
{
    struct writer w = {.rng = r, .out = out, .slip_at = -1};
    for (int i = 0; i < m->set.equation_row; i++) {
        struct multiply_partial partial[MULTIPLY_PARTIALS];
        struct problem p;
        uint64_t sum = 0;
        int n, at;
        do {
            multiply_draw(m, r, &p);
            n = multiply_partials((uint64_t)p.value[0], (uint64_t)p.value[1], partial);
        } while (n == 0);
        at = rng_below(r, n);
        for (int k = 0; k < at; k++)
            sum += partial[k].a * partial[k].b;
        if (at == 0 || rng_chance(r, 0.4))
            equation(&w, partial[at].a, "*", partial[at].b, partial[at].a * partial[at].b);
        else
            equation(&w, sum, "+", partial[at].a * partial[at].b, sum + partial[at].a * partial[at].b);
    }
}

void multiply_base(const void *self, struct rng *r, struct document *out)
{
    const struct multiply *m = self;
    document_clear(out);
    if (rng_chance(r, m->set.equation_share))
        equations(m, r, out);
    else
        document(m, r, m->set.base_stop, 0, m->set.base_malformed, 0, out);
}
