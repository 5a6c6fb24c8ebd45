#ifndef GRPOLAB_TESTS_DIFFERENCE_H
#define GRPOLAB_TESTS_DIFFERENCE_H

/* Finite differences in double precision, for every gradient test. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine/base/rng.h"
#include "engine/nn/params.h"

/* The largest relative error that a gradient may have. */
static const double GRADIENT_ERROR = 1e-6;

/* difference: central, of fourth order: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, so that a step large
 * enough to keep rounding below 1e-9 leaves a truncation of that size too. *at is put back. */
static inline double difference(real *at, double (*f)(void *ctx), void *ctx)
{
    const double h = 5e-5;
    const real kept = *at;
    double value[4], step[4] = {h, -h, 2 * h, -2 * h};
    for (int i = 0; i < 4; i++) {
        *at = kept + (real)step[i];
        value[i] = f(ctx);
    }
    *at = kept;
    return (8 * (value[0] - value[1]) - (value[2] - value[3])) / (12 * h);
}

/* gradient_error: |exact - numeric| relative to the larger of both; below `floor` the difference quotient is
 * rounding noise, and the error is taken relative to floor. */
static inline double gradient_error(double exact, double numeric, double floor)
{
    return fabs(exact - numeric) / fmax(fmax(fabs(exact), fabs(numeric)), floor);
}

/* check_random_elements: `count` elements of the gradient, one of each row in turn, against differences of f, below a
 * thousandth of the gradient's norm against that. grad must not be where f leaves its own. */
static inline void check_random_elements(const struct params *p, real *w, const real *grad,
                                         double (*f)(void *ctx), void *ctx, int count, uint32_t draw,
                                         const char *what)
{
    struct rng r = rng_at(3, RNG_TEST, draw, 0, 0);
    double norm = 0;
    for (size_t j = 0; j < p->total; j++)
        norm += grad[j] * grad[j];
    norm = sqrt(norm);
    for (int k = 0; k < count; k++) {
        const struct param *row = &p->row[k % p->n];
        size_t size = (size_t)row->count * (size_t)row->rows * (size_t)row->cols,
               j = row->offset + (size_t)rng_below(&r, (int)size);
        double numeric = difference(&w[j], f, ctx);
        cr_assert_leq(gradient_error(grad[j], numeric, 1e-3 * norm), GRADIENT_ERROR,
                      "%s: %s: %.12g by hand, %.12g", what, row->name, grad[j], numeric);
    }
}

#endif
