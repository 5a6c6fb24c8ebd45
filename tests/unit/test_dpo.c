/* DPO's terms: by hand, at both ends of the sigmoid, and the gradient against a finite difference. Numbers
 * of an independent script go through `calc dpo` in test_calc.c. */
#include <criterion/criterion.h>
#include <math.h>

#include "engine/rl/dpo.h"

Test(dpo, a_policy_that_is_its_reference_prefers_nothing)
{
    struct dpo_terms x = dpo_terms(&(struct dpo_pair){-3, -3, -8, -8}, 0.1);
    cr_assert_eq(x.margin, 0);
    cr_assert_float_eq(x.loss, log(2), 1e-15);
    cr_assert_float_eq(x.chosen_grad, -0.05, 1e-16);
    cr_assert_float_eq(x.rejected_grad, 0.05, 1e-16);
}

Test(dpo, a_margin_by_hand)
{
    /* 0.5 ((-2 + 3) - (-6 + 5)) = 1 */
    struct dpo_terms x = dpo_terms(&(struct dpo_pair){-2, -3, -6, -5}, 0.5);
    cr_assert_float_eq(x.margin, 1, 1e-15);
    cr_assert_float_eq(x.loss, -log(1 / (1 + exp(-1))), 1e-15);
}

Test(dpo, both_tails_keep_their_digits)
{
    struct dpo_terms right = dpo_terms(&(struct dpo_pair){0, -40, -40, 0}, 1),
                     wrong = dpo_terms(&(struct dpo_pair){-5000, 0, 0, -5000}, 1);
    cr_assert_float_eq(right.loss / exp(-80), 1, 1e-12);
    cr_assert_float_eq(right.chosen_grad / -exp(-80), 1, 1e-12);
    cr_assert_eq(wrong.loss, 10000);
    cr_assert_eq(wrong.chosen_grad, -1);
}

Test(dpo, gradients_are_those_of_the_loss)
{
    const double h = 1e-5;
    for (int i = 0; i < 40; i++) {
        struct dpo_pair p = {-10 + 0.3 * i, -9, -4 - 0.2 * i, -7}, up = p, down = p;
        double beta = 0.05 + 0.02 * i;
        struct dpo_terms x = dpo_terms(&p, beta);
        up.chosen_logp += h;
        down.chosen_logp -= h;
        cr_assert_float_eq(x.chosen_grad, (dpo_terms(&up, beta).loss - dpo_terms(&down, beta).loss) / (2 * h),
                           1e-8);
        up = down = p;
        up.rejected_logp += h;
        down.rejected_logp -= h;
        cr_assert_float_eq(x.rejected_grad,
                           (dpo_terms(&up, beta).loss - dpo_terms(&down, beta).loss) / (2 * h), 1e-8);
    }
}

Test(dpo, best_against_worst_and_no_pair_of_equals)
{
    const double reward[] = {9, 0.1, 1.1, 0.1, 1.1, 0, 0, 5};
    const int none[8] = {0}, left_out[8] = {0, 0, 1, 0, 0, 0, 0, 0};
    const double flat[] = {0.1, 0.1, 0.1};
    struct dpo_match m[10];
    cr_assert_eq(dpo_pairs(PAIRS_BEST_WORST, 1, 6, reward, none, m), 1);
    cr_assert(m[0].chosen == 2 && m[0].rejected == 5, "the first of equals: %d, %d", m[0].chosen,
              m[0].rejected);
    cr_assert_eq(dpo_pairs(PAIRS_BEST_WORST, 1, 6, reward, left_out, m), 1);
    cr_assert(m[0].chosen == 4 && m[0].rejected == 5);
    cr_assert_eq(dpo_pairs(PAIRS_BEST_WORST, 0, 3, flat, none, m), 0);
    cr_assert_eq(dpo_pairs(PAIRS_ALL, 0, 3, flat, none, m), 0);
    cr_assert_eq(dpo_pairs(PAIRS_BEST_WORST, 2, 1, reward, left_out, m), 0, "all are left out");
}

Test(dpo, all_pairs_of_a_group)
{
    const double reward[] = {9, 0.1, 1.1, 0.1, 0};
    const int none[5] = {0}, left_out[5] = {0, 1, 0, 0, 0};
    const struct dpo_match want[] = {{1, 4}, {2, 1}, {2, 3}, {2, 4}, {3, 4}};
    struct dpo_match m[10];
    cr_assert_eq(dpo_pairs(PAIRS_ALL, 1, 4, reward, none, m), 5);
    for (int i = 0; i < 5; i++)
        cr_assert(m[i].chosen == want[i].chosen && m[i].rejected == want[i].rejected, "pair %d: %d, %d", i,
                  m[i].chosen, m[i].rejected);
    cr_assert_eq(dpo_pairs(PAIRS_ALL, 1, 4, reward, left_out, m), 3);
}
