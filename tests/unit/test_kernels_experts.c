/* Rows on their way to the experts and back, on every table, against plain loops in double precision. */
#include <criterion/criterion.h>

#include <math.h>

#include "engine/base/rng.h"
#include "engine/nn/kernels.h"

enum { TABLES = 3, TOKENS = 5, SLOTS = 2, ROWS = TOKENS * SLOTS, SIDE = 40 };

static const double few = sizeof(real) == 4 ? 1e-6 : 1e-14;
/* Assignments token * SLOTS + slot in some order of the experts; every one stands once. */
static const int order[ROWS] = {3, 8, 0, 5, 9, 1, 2, 6, 4, 7};

static void fill(real *x, int n, uint32_t which)
{
    struct rng r = rng_at(7, RNG_TEST, 2, which, 0);
    for (int i = 0; i < n; i++)
        x[i] = (real)(2 * rng_unit(&r) - 1);
}

static const struct kernels *table(int i)
{
    static const char *const name[TABLES] = {"portable", "avx2", "avx512"};
    return kernels_find(name[i]);
}

static void near(const struct kernels *k, const char *what, int at, double got, double want, double size)
{
    cr_assert(fabs(got - want) <= few * (size + 1e-30), "%s %s[%d]: got %.9g, want %.9g", k->name, what, at,
              got, want);
}

Test(kernels_experts, there_and_back)
{
    static real x[TOKENS * SIDE + 1], rows[ROWS * SIDE + 1], back[TOKENS * SIDE + 1];
    for (int t = 0; t < TABLES; t++)
        for (int D = 1; table(t) && D <= SIDE; D++) {
            const struct kernels *k = table(t);
            fill(x, TOKENS * D, 1);
            fill(back, TOKENS * D, 2);
            rows[ROWS * D] = back[TOKENS * D] = 5;
            k->gather(ROWS, D, SLOTS, order, x, rows);
            for (int i = 0; i < ROWS * D; i++)
                cr_assert_eq(rows[i], x[order[i / D] / SLOTS * D + i % D], "%s: row %d", k->name, i / D);
            /* Each token has SLOTS rows, all equal to its own. */
            k->gather_backward(ROWS, D, SLOTS, order, rows, back);
            fill(rows, TOKENS * D, 2);
            for (int i = 0; i < TOKENS * D; i++)
                near(k, "dx", i, back[i], (double)rows[i] + SLOTS * (double)x[i], 4);
            cr_assert_eq(back[TOKENS * D], 5);
            cr_assert_eq(rows[ROWS * D], 5);
        }
}

Test(kernels_experts, combine)
{
    static real x[ROWS * SIDE], y[TOKENS * SIDE + 1], before[TOKENS * SIDE], dx[ROWS * SIDE + 1];
    static real gate[ROWS], dgate[ROWS];
    for (int t = 0; t < TABLES; t++)
        for (int D = 1; table(t) && D <= SIDE; D++) {
            const struct kernels *k = table(t);
            fill(x, ROWS * D, 3);
            fill(y, TOKENS * D, 4);
            fill(before, TOKENS * D, 4);
            fill(gate, ROWS, 5);
            y[TOKENS * D] = dx[ROWS * D] = 5;
            k->combine(ROWS, D, SLOTS, order, gate, x, y);
            k->combine_backward(ROWS, D, SLOTS, order, gate, x, before, dx, dgate);
            for (int i = 0; i < TOKENS * D; i++) {
                double want = before[i], size = fabs(want);
                for (int r = 0; r < ROWS; r++)
                    if (order[r] / SLOTS == i / D) {
                        want += (double)gate[order[r]] * x[r * D + i % D];
                        size += fabs((double)gate[order[r]] * x[r * D + i % D]);
                    }
                near(k, "y", i, y[i], want, size);
            }
            for (int r = 0; r < ROWS; r++) {
                double dot = 0, size = 0;
                for (int j = 0; j < D; j++) {
                    double dy = before[order[r] / SLOTS * D + j], product = dy * x[r * D + j];
                    near(k, "dx", r * D + j, dx[r * D + j], (double)gate[order[r]] * dy, fabs(dy));
                    dot += product;
                    size += fabs(product);
                }
                near(k, "dgate", r, dgate[order[r]], dot, size);
            }
            cr_assert_eq(y[TOKENS * D], 5);
            cr_assert_eq(dx[ROWS * D], 5);
        }
}

Test(kernels_experts, sigmoid)
{
    for (int t = 0; t < TABLES; t++)
        for (size_t n = 1; table(t) && n <= SIDE; n++) {
            real x[SIDE + 1], was[SIDE];
            fill(was, (int)n, 6);
            for (size_t i = 0; i < n; i++)
                x[i] = was[i] *= 20;
            x[n] = 5;
            table(t)->sigmoid(n, x);
            for (size_t i = 0; i < n; i++) {
                double want = 1 / (1 + exp(-(double)was[i]));
                near(table(t), "sigmoid", (int)i, x[i], want, 20 * want);
            }
            cr_assert_eq(x[n], 5);
        }
}
