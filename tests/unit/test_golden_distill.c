/* Distillation on logits against an independent script (tests/golden/make_distill.py): the divergence of each
 * row, the loss, and its gradient with respect to the student's logits. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "engine/nn/soft.h"

enum { ROWS = 5, WORDS = 7 };

/* What the engine keeps as a real is rounded in the build of single precision. */
static const double TOLERANCE = sizeof(real) == sizeof(double) ? 1e-12 : 2e-6;

static double at(const json_t *o, const char *key, size_t i, int j)
{
    const json_t *v = json_array_get(json_object_get(o, key), i);
    v = j < 0 ? v : json_array_get(v, (size_t)j);
    cr_assert(json_is_number(v), "%s", key);
    return json_number_value(v);
}

/* softmax(logits / tau) of one row of the file. */
static void soften(const json_t *o, const char *key, size_t t, double tau, real *out)
{
    double sum = 0;
    for (int j = 0; j < WORDS; j++)
        sum += exp(at(o, key, t, j) / tau);
    for (int j = 0; j < WORDS; j++)
        out[j] = (real)(exp(at(o, key, t, j) / tau) / sum);
}

static void check(const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "case"));
    double w = json_number_value(json_object_get(o, "weight")), loss = 0,
           tau = json_number_value(json_object_get(o, "temperature")), scale = w * tau * tau;
    real p[ROWS * WORDS], probs[ROWS * WORDS], dlogp[ROWS], weight[ROWS];
    int token[ROWS];
    struct soft_targets soft = {p, weight, tau};
    for (size_t t = 0; t < ROWS; t++) {
        double share = at(o, "share", t, -1), kl;
        soften(o, "teacher", t, tau, p + t * WORDS);
        soften(o, "student", t, 1, probs + t * WORDS);
        token[t] = (int)at(o, "token", t, -1);
        dlogp[t] = (real)(-(1 - w) * share);
        weight[t] = (real)(scale * share);
        kl = soft_divergence(WORDS, p + t * WORDS, probs + t * WORDS, tau);
        cr_assert_float_eq(kl, at(o, "kl", t, -1), TOLERANCE, "%s: KL of row %zu is %.15g", name, t, kl);
        loss += share * (scale * kl - (1 - w) * log((double)probs[t * WORDS + (size_t)token[t]]));
    }
    cr_assert_float_eq(loss, json_number_value(json_object_get(o, "loss")), 40 * TOLERANCE, "%s: loss %.15g", name,
                       loss);
    soft_backward(ROWS, WORDS, probs, token, dlogp, &soft);
    for (size_t t = 0; t < ROWS; t++)
        for (int j = 0; j < WORDS; j++)
            cr_assert_float_eq((double)probs[t * WORDS + (size_t)j],
                               at(o, "grad", t, j), 10 * TOLERANCE, "%s: gradient [%zu,%d] is %.15g", name, t, j,
                               (double)probs[t * WORDS + (size_t)j]);
}

Test(golden_distill, divergence_loss_and_gradient)
{
    json_error_t bad;
    json_t *root = json_load_file("tests/golden/distill.json", 0, &bad), *list = json_object_get(root, "cases");
    cr_assert(json_is_array(list) && json_array_size(list) == 6, "%s", bad.text);
    for (size_t i = 0; i < json_array_size(list); i++)
        check(json_array_get(list, i));
    json_decref(root);
}

/* Rows that are not scored, and those whose weight is 0: nothing, and the plain gradient. */
Test(golden_distill, rows_without_a_weight_are_left_alone)
{
    real probs[6] = {(real)0.5, (real)0.25, (real)0.25, (real)0.5, (real)0.25, (real)0.25}, dlogp[2] = {1, 2},
         weight[2] = {1, 0}, p[6] = {0};
    int target[2] = {-1, 1};
    struct soft_targets soft = {p, weight, 2};
    soft_backward(2, 3, probs, target, dlogp, &soft);
    for (int j = 0; j < 3; j++)
        cr_assert_eq(probs[j], 0);
    cr_assert_eq(probs[3], -1);
    cr_assert_eq(probs[4], (real)1.5);
    cr_assert_eq(probs[5], (real)-0.5);
}

/* A word that the student has ruled out costs much, not infinitely much. */
Test(golden_distill, a_probability_of_zero_is_survived)
{
    real p[3] = {(real)0.5, (real)0.5, 0}, student[3] = {1, 0, 0};
    double kl = soft_divergence(3, p, student, 1);
    cr_assert(isfinite(kl) && kl > 40, "%g", kl);
}
