/* The value head's gradient where it does not flow like any other: stopped at the head, alone, and absent.
 * The flow into the trunk is among the finite differences of test_gradients.c. */
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

_Static_assert(sizeof(real) == sizeof(double), "these tests are for the build in double precision");

/* The gradient with the terms that are asked for, [total], from x's arena. */
static real *gradient(struct tiny *x, const real *dlogp, const real *dvalue)
{
    real *grad = arena_alloc(&x->arena, x->m.params.total * sizeof(real));
    cr_assert_not_null(grad);
    memset(grad, 0, x->m.params.total * sizeof(real));
    tiny_forward(x);
    model_backward(&x->m, x->w, &x->t, x->inv_temperature, dlogp, NULL, dvalue, x->balance_weight, &x->ws,
                   grad);
    return grad;
}

static double value_sum(void *ctx)
{
    struct tiny *x = ctx;
    double sum = 0;
    tiny_forward(x);
    for (int t = 0; t < x->t.T; t++)
        sum += x->dvalue[t] * x->ws.value[t];
    return sum;
}

Test(value, detached_reaches_the_head_alone)
{
    struct model_config c = tiny_config(TINY_VALUE);
    struct tiny x;
    real *both, *policy;
    size_t head;
    c.value_detach = 1;
    tiny_init(&x, &c, kernels_find("portable"));
    head = x.m.params.row[x.m.params.value_weight].offset;
    both = gradient(&x, x.dlogp, x.dvalue);
    policy = gradient(&x, x.dlogp, NULL);
    cr_assert_eq(memcmp(both, policy, head * sizeof *both), 0, "the trunk feels the value");
    for (size_t j = head; j <= x.m.params.row[x.m.params.value_bias].offset; j++) {
        double numeric = difference(&x.w[j], value_sum, &x);
        cr_assert_eq(policy[j], 0);
        cr_assert_leq(gradient_error(both[j], numeric, 1e-3), GRADIENT_ERROR, "element %zu: %.12g, %.12g",
                      j - head, both[j], numeric);
    }
    tiny_release(&x);
}

Test(value, alone_is_the_head_s_part_of_the_whole)
{
    struct model_config c = tiny_config(TINY_VALUE);
    struct tiny x;
    real *both, *alone;
    size_t head;
    tiny_init(&x, &c, kernels_find("portable"));
    head = x.m.params.row[x.m.params.value_weight].offset;
    both = gradient(&x, x.dlogp, x.dvalue);
    alone = gradient(&x, NULL, x.dvalue);
    for (size_t j = 0; j < x.m.params.total; j++)
        cr_assert_eq(alone[j], j < head ? 0 : both[j], "element %zu", j);
    tiny_release(&x);
}

/* Where the value is all that is learned, as of a reward model. */
Test(value, flows_into_the_trunk)
{
    struct model_config c = tiny_config(TINY_VALUE);
    struct tiny x;
    real zero[TINY_ROWS] = {0}, *grad;
    size_t row;
    tiny_init(&x, &c, kernels_find("portable"));
    x.balance_weight = 0;
    grad = gradient(&x, zero, x.dvalue);
    row = x.m.params.row[x.m.params.layer[0].out].offset;
    for (size_t j = row; j < row + 8; j++) {
        double numeric = difference(&x.w[j], value_sum, &x);
        cr_assert_gt(fabs(grad[j]), 1e-8);
        cr_assert_leq(gradient_error(grad[j], numeric, 1e-3), GRADIENT_ERROR, "%.12g, %.12g", grad[j],
                      numeric);
    }
    tiny_release(&x);
}
