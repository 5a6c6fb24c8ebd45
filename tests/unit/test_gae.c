/* GAE and the value model's loss: the ends of lambda, a telescoping sum, the clip and its gradient. Numbers
 * of an independent script go through `calc gae` in test_calc.c. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine/rl/gae.h"

enum { T = 6 };

static const double reward[T] = {0, 0.5, 0, -0.25, 0, 1}, value[T] = {0.3, -0.1, 0.4, 0.2, 0.9, 0.7};

Test(gae, lambda_one_is_what_is_to_come_less_the_value)
{
    double adv[T], ret[T], to_come = 0;
    gae(T, reward, value, 0.9, 1, adv, ret);
    for (int t = T - 1; t >= 0; t--) {
        to_come = reward[t] + 0.9 * to_come;
        cr_assert_float_eq(adv[t], to_come - value[t], 1e-15);
        cr_assert_float_eq(ret[t], to_come, 1e-15);
    }
}

Test(gae, lambda_zero_looks_one_step_ahead)
{
    double adv[T], ret[T];
    gae(T, reward, value, 0.9, 0, adv, ret);
    for (int t = 0; t < T; t++)
        cr_assert_float_eq(adv[t], reward[t] + 0.9 * (t + 1 < T ? value[t + 1] : 0) - value[t], 1e-15);
}

Test(gae, a_perfect_value_model_leaves_no_advantage)
{
    double exact[T], adv[T], ret[T], to_come = 0;
    for (int t = T - 1; t >= 0; t--)
        exact[t] = to_come = reward[t] + 0.95 * to_come;
    for (int i = 0; i <= 4; i++) {
        gae(T, reward, exact, 0.95, i / 4.0, adv, ret);
        for (int t = 0; t < T; t++)
            cr_assert_float_eq(adv[t], 0, 1e-15);
    }
    cr_assert_float_eq(explained_variance(T, exact, exact), 1, 1e-15);
}

Test(gae, value_loss_by_hand)
{
    double grad[3];
    /* errors 1, -1, 2; bounded to 0.2 about the old value: 1 -> 0.8 is smaller, -1 -> -1.3 larger, 2 stays */
    const double v[3] = {2, 0, 5}, old[3] = {1.6, -0.5, 5}, ret[3] = {1, 1, 3};
    cr_assert_float_eq(value_loss(3, v, old, ret, INFINITY, grad), (1 + 1 + 4) / 6.0, 1e-15);
    cr_assert_float_eq(grad[2], 2 / 3.0, 1e-15);
    cr_assert_float_eq(value_loss(3, v, old, ret, 0.2, grad), (1 + 1.3 * 1.3 + 4) / 6.0, 1e-15);
    cr_assert_float_eq(grad[0], 1 / 3.0, 1e-15);
    cr_assert_eq(grad[1], 0);
}

Test(gae, value_loss_gradient_is_that_of_the_loss)
{
    const double h = 1e-6, old[T] = {0, 0, 0.5, 0.1, 1.5, 0.6}, ret[T] = {0.6, -0.7, 0.2, 0.9, 1.2, -0.3};
    double v[T], grad[T], eps[] = {0.05, 0.25, 10};
    for (int k = 0; k < 3; k++) {
        for (int t = 0; t < T; t++)
            v[t] = value[t];
        value_loss(T, v, old, ret, eps[k], grad);
        for (int t = 0; t < T; t++) {
            double up, down;
            v[t] = value[t] + h;
            up = value_loss(T, v, old, ret, eps[k], NULL);
            v[t] = value[t] - h;
            down = value_loss(T, v, old, ret, eps[k], NULL);
            v[t] = value[t];
            cr_assert_float_eq(grad[t], (up - down) / (2 * h), 1e-8, "eps %g, token %d", eps[k], t);
        }
    }
}

Test(gae, explained_variance)
{
    const double ret[4] = {1, 2, 3, 4}, mean[4] = {7, 7, 7, 7}, turned[4] = {4, 3, 2, 1},
                 same[4] = {2, 2, 2, 2};
    cr_assert_float_eq(explained_variance(4, mean, ret), 0, 1e-15);
    cr_assert_float_eq(explained_variance(4, turned, ret), -3, 1e-14);
    cr_assert(isnan(explained_variance(4, ret, same)));
}
