/* The kernels, on every table that this machine runs, against plain loops in double precision written here.
 * Errors are measured against the sum of the magnitudes that went into a number; the tolerance is stated per
 * test. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/nn/kernels.h"

enum { TABLES = 3, SIDE = 72, DEEP = 600 };

/* A few roundings of the engine's number. */
static const double few = sizeof(real) == 4 ? 1e-6 : 1e-14;

static const struct kernels *table(int i)
{
    static const char *const name[TABLES] = {"portable", "avx2", "avx512"};
    return kernels_find(name[i]);
}

static void fill(real *x, int n, uint32_t which)
{
    struct rng r = rng_at(7, RNG_TEST, 1, which, 0);
    for (int i = 0; i < n; i++)
        x[i] = (real)(2 * rng_unit(&r) - 1);
}

static real *numbers(int n, uint32_t which)
{
    real *x = malloc((size_t)n * sizeof *x);
    cr_assert_not_null(x);
    fill(x, n, which);
    return x;
}

static void near(const struct kernels *k, const char *what, int at, double got, double want, double size)
{
    cr_assert(fabs(got - want) <= few * (size + 1e-30), "%s %s[%d]: got %.9g, want %.9g", k->name, what, at,
              got, want);
}

Test(kernels, tables)
{
    cr_assert_not_null(kernels_best());
    cr_assert_not_null(kernels_find("portable"));
    cr_assert_null(kernels_find("abacus"));
}

static void gemm_case(const struct kernels *k, int ta, int tb, int M, int N, int K, int accumulate)
{
    int lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2;
    int an = (ta ? K : M) * lda + 1, bn = (tb ? N : K) * ldb + 1, cn = M * ldc;
    real *A = numbers(an, 1), *B = numbers(bn, 2), *C = numbers(cn, 3), *before = numbers(cn, 3);
    k->gemm(ta, tb, M, N, K, A, lda, B, ldb, accumulate, C, ldc);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < ldc; j++) {
            double want = accumulate || j >= N ? before[i * ldc + j] : 0, size = fabs(want);
            for (int l = 0; l < K && j < N; l++) {
                double product =
                    (double)(ta ? A[l * lda + i] : A[i * lda + l]) * (tb ? B[j * ldb + l] : B[l * ldb + j]);
                want += product;
                size += fabs(product);
            }
            cr_assert(fabs(C[i * ldc + j] - want) <= few * size * (j < N),
                      "%s %c%c %dx%dx%d accumulate %d: C[%d,%d] = %.9g, want %.9g", k->name, "NT"[ta],
                      "NT"[tb], M, N, K, accumulate, i, j, (double)C[i * ldc + j], want);
        }
    free(A), free(B), free(C), free(before);
}

/* All three forms and both modes over odd shapes; columns between N and ldc must stay as they were. */
Test(kernels, gemm)
{
    static const int size[] = {1, 2, 3, 5, 7, 8, 11, 14, 15, 16, 17, 27, 31, 32, 33, 47, 48, 49, 64, 67};
    int n = sizeof size / sizeof *size;
    for (int t = 0; t < TABLES; t++) {
        const struct kernels *k = table(t);
        for (int i = 0; k && i < n * n * 3; i++) {
            int M = size[i % n], N = size[i / n % n], K = size[(i * 7 + i / n) % n];
            gemm_case(k, i % 3 == 1, i % 3 == 2, M, N, K, i / 3 % 2);
        }
        for (int form = 0; k && form < 6; form++) {
            gemm_case(k, form % 3 == 1, form % 3 == 2, 61, 67, DEEP, form / 3);
            gemm_case(k, form % 3 == 1, form % 3 == 2, 5, 67, DEEP, form / 3);
            gemm_case(k, form % 3 == 1, form % 3 == 2, 9, 21, 0, form / 3);
        }
    }
}

/* A row's bits are the same whatever the number of rows, and the others' numbers: 0 may differ. */
Test(kernels, gemm_rows_do_not_depend_on_each_other)
{
    enum { K = 300, N = 53 };
    real *A = numbers(SIDE * K, 1), *B = numbers(K * N, 2), *all = numbers(SIDE * N, 3),
         *some = numbers(SIDE * N, 4);
    for (int t = 0; t < TABLES; t++)
        for (int tb = 0; table(t) && tb < 2; tb++) {
            const struct kernels *k = table(t);
            int differ = 0;
            k->gemm(0, tb, SIDE, N, K, A, K, B, tb ? K : N, 0, all, N);
            for (int M = 1; M < SIDE; M++) {
                int from = M * 5 % (SIDE - M);
                k->gemm(0, tb, M, N, K, A + from * K, K, B, tb ? K : N, 0, some, N);
                for (int i = 0; i < M * N; i++)
                    differ += memcmp(&some[i], &all[from * N + i], sizeof *some) != 0;
            }
            cr_assert_eq(differ, 0, "%s tb %d: %d numbers differ", k->name, tb, differ);
        }
    free(A), free(B), free(all), free(some);
}

Test(kernels, gemm_passes_nan)
{
    enum { N = 21 };
    real A[N * N], B[N * N], C[N * N];
    for (int t = 0; t < TABLES; t++)
        for (int form = 0; table(t) && form < 3; form++) {
            int ta = form == 1, tb = form == 2;
            fill(A, N * N, 1);
            fill(B, N * N, 2);
            A[ta ? 4 * N + 17 : 17 * N + 4] = NAN;  /* row 17 of op(A) */
            table(t)->gemm(ta, tb, N, N, N, A, N, B, N, 0, C, N);
            for (int i = 0; i < N * N; i++)
                cr_assert_eq(isnan(C[i]) != 0, i / N == 17, "%s form %d at %d", table(t)->name, form, i);
        }
}

Test(kernels, rmsnorm)
{
    enum { T = 5, LD = SIDE + 3 };
    real x[T * LD], dy[T * LD], y[T * LD], dx[T * LD], w[SIDE], dw[SIDE], rstd[T];
    const double eps = 1e-5;
    for (int t = 0; t < TABLES; t++)
        for (int D = 1; table(t) && D <= SIDE; D++) {
            const struct kernels *k = table(t);
            double want_dw[SIDE] = {0};
            fill(x, T * LD, 1);
            fill(dy, T * LD, 2);
            fill(w, SIDE, 3);
            for (int i = 0; i < T * LD; i++)
                dx[i] = 1;
            for (int j = 0; j < SIDE; j++)
                dw[j] = 2;
            k->rmsnorm(T, D, x, LD, w, (real)eps, y, LD, rstd);
            k->rmsnorm_backward(T, D, x, LD, w, rstd, dy, LD, dx, LD, dw);
            for (int i = 0; i < T; i++) {
                double squares = 0, dot = 0;
                for (int j = 0; j < D; j++)
                    squares += (double)x[i * LD + j] * x[i * LD + j];
                double r = 1 / sqrt(squares / D + eps);
                near(k, "rstd", i, rstd[i], r, r);
                for (int j = 0; j < D; j++)
                    dot += (double)dy[i * LD + j] * w[j] * x[i * LD + j] * r;
                for (int j = 0; j < D; j++) {
                    double n = x[i * LD + j] * r;
                    near(k, "y", j, y[i * LD + j], n * w[j], 1);
                    near(k, "dx", j, dx[i * LD + j], 1 + r * (dy[i * LD + j] * (double)w[j] - n * dot / D),
                         1 + 4 * r);
                    want_dw[j] += dy[i * LD + j] * n;
                }
            }
            for (int j = 0; j < SIDE; j++)
                near(k, "dw", j, dw[j], 2 + (j < D ? want_dw[j] : 0), j < D ? 8 : 0);
        }
}

Test(kernels, swiglu)
{
    enum { T = 3 };
    real gu[T * 2 * SIDE], y[T * SIDE + 1], dy[T * SIDE], dgu[T * 2 * SIDE + 1];
    for (int t = 0; t < TABLES; t++)
        for (int F = 1; table(t) && F <= SIDE; F++) {
            const struct kernels *k = table(t);
            fill(gu, T * 2 * SIDE, 1);
            fill(dy, T * SIDE, 2);
            for (int i = 0; i < T * 2 * F; i++)
                gu[i] *= i % 5 == 0 ? 30 : 3;
            y[T * F] = dgu[T * 2 * F] = 5;
            k->swiglu(T, F, gu, y);
            k->swiglu_backward(T, F, gu, dy, dgu);
            for (int i = 0; i < T * F; i++) {
                int at = i / F * 2 * F + i % F;
                double g = gu[at], u = gu[at + F], s = 1 / (1 + exp(-g)), slope = s * (1 + g * (1 - s)),
                       size = 1 + fabs(g);
                near(k, "y", i, y[i], g * s * u, fabs(g * s * u));
                near(k, "dg", i, dgu[at], dy[i] * u * slope, fabs(u) * s * size);
                near(k, "du", i, dgu[at + F], dy[i] * g * s, fabs(g * s));
            }
            cr_assert_eq(y[T * F], 5);
            cr_assert_eq(dgu[T * 2 * F], 5);
        }
}

/* Far out the exponential saturates: no NaN, and NaN stays. */
Test(kernels, swiglu_extremes)
{
    real gu[2 * 6] = {-200, 200, -80, 95, NAN, 0, 1, 1, 1, 1, 1, 1}, y[6];
    for (int t = 0; t < TABLES; t++) {
        if (!table(t))
            continue;
        table(t)->swiglu(1, 6, gu, y);
        cr_assert(fabs((double)y[0]) < 1e-30 && y[1] == 200 && fabs((double)y[2]) < 1e-30 && y[3] == 95, "%s",
                  table(t)->name);
        cr_assert(isnan(y[4]) && y[5] == 0, "%s", table(t)->name);
    }
}

Test(kernels, rope)
{
    enum { T = 4, HEADS = 3, LD = 3 * 40 + 5, POSITIONS = 9 };
    static const int position[T] = {0, 3, 8, 3};
    real x[T * LD], before[T * LD], turn[POSITIONS * 40];
    for (int t = 0; t < TABLES; t++)
        for (int d = 2; table(t) && d <= 38; d += 2) {
            const struct kernels *k = table(t);
            fill(x, T * LD, 1);
            memcpy(before, x, sizeof x);
            for (int i = 0; i < POSITIONS * d; i += 2) {
                turn[i] = (real)cos(0.7 * (i / d) / (1 + i % d));
                turn[i + 1] = (real)sin(0.7 * (i / d) / (1 + i % d));
            }
            k->rope(T, HEADS, d, x, LD, 40, position, turn, 1);
            for (int i = 0; i < T * LD; i++) {
                int row = i / LD, at = i % LD % 40, inside = i % LD < 120 && at < d;
                const real *cs = turn + position[row] * d + at / 2 * 2;
                double a = before[i], other = inside ? before[at % 2 ? i - 1 : i + 1] : 0;
                double want = inside ? (at % 2 ? other * cs[1] + a * cs[0] : a * cs[0] - other * cs[1]) : a;
                near(k, "x", i, x[i], want, inside);
            }
            k->rope(T, HEADS, d, x, LD, 40, position, turn, -1);
            for (int i = 0; i < T * LD; i++)
                near(k, "turned back", i, x[i], before[i], 1);
        }
}

Test(kernels, softmax)
{
    enum { T = 6, V = 2 * SIDE };
    const double inv = 1.25;
    real x[T * V], before[T * V], logp[T], entropy[T], dlogp[T];
    int target[T];
    for (int t = 0; t < TABLES; t++)
        for (int n = 1; table(t) && n <= V; n++) {
            const struct kernels *k = table(t);
            fill(x, T * n, 1);
            fill(dlogp, T, 2);
            for (int i = 0; i < T * n; i++)
                x[i] = x[i] * (i % 7 == 0 ? 40 : 4) + 100;
            for (int i = 0; i < T; i++)
                target[i] = i == 2 ? -1 : i * 13 % n;
            memcpy(before, x, sizeof x);
            k->softmax(T, n, x, (real)inv, target, logp, entropy);
            for (int i = 0; i < T; i++) {
                double max = -INFINITY, sum = 0, mean = 0;
                for (int j = 0; j < n; j++)
                    max = fmax(max, before[i * n + j] * inv);
                for (int j = 0; j < n; j++)
                    sum += exp(before[i * n + j] * inv - max);
                for (int j = 0; j < n; j++) {
                    double z = before[i * n + j] * inv - max, p = exp(z) / sum;
                    near(k, "p", j, x[i * n + j], p, p * (100 + fabs(z)));
                    mean += p * z;
                }
                near(k, "entropy", i, entropy[i], log(sum) - mean, 100);
                double want = target[i] < 0 ? 0 : before[i * n + target[i]] * inv - max - log(sum);
                near(k, "logp", i, logp[i], want, target[i] < 0 ? 0 : 100);
            }
            memcpy(before, x, sizeof x);
            k->softmax_backward(T, n, x, (real)inv, target, dlogp);
            for (int i = 0; i < T * n; i++) {
                int hit = i % n == target[i / n];
                double want = target[i / n] < 0 ? 0 : dlogp[i / n] * (hit - (double)before[i]) * inv;
                near(k, "dlogit", i, x[i], want, hit ? 1 : fabs(want));
            }
        }
}

/* The vector exponential over its range, seen through a softmax of two: p0/p1 = e^x. */
Test(kernels, exponential)
{
    for (int t = 0; t < TABLES; t++)
        for (int i = 0; table(t) && i <= 8700; i++) {
            double x = -i * 0.01;
            real pair[2] = {(real)x, 0}, logp;
            int target = 1;
            table(t)->softmax(1, 2, pair, 1, &target, &logp, NULL);
            double want = exp((double)(real)x), got = (double)pair[0] / (double)pair[1];
            cr_assert(fabs(got / want - 1) < (sizeof(real) == 4 ? 4e-7 : 1e-14), "%s exp(%g): %.9g",
                      table(t)->name, x, got);
        }
}

/* A banned token's -Inf has probability 0 and leaves the rest finite; a NaN or +Inf anywhere makes its row
 * NaN. */
Test(kernels, softmax_nonfinite)
{
    enum { V = 37 };
    for (int t = 0; t < TABLES; t++)
        for (int at = 0; table(t) && at < V; at++) {
            real x[3 * V], logp[3], entropy[3];
            int target[3] = {(at + 1) % V, (at + 1) % V, (at + 1) % V};
            fill(x, 3 * V, 1);
            x[at] = -INFINITY;
            x[V + at] = NAN;
            x[2 * V + at] = INFINITY;
            table(t)->softmax(3, V, x, 1, target, logp, entropy);
            cr_assert(x[at] == 0 && isfinite(logp[0]) && isfinite(entropy[0]) && entropy[0] > 3, "%s",
                      table(t)->name);
            for (int i = V; i < 3 * V; i++)
                cr_assert(isnan(x[i]), "%s number %d", table(t)->name, i);
            for (int i = 1; i < 3; i++)
                cr_assert(isnan(logp[i]) && isnan(entropy[i]), "%s row %d", table(t)->name, i);
        }
}

Test(kernels, adamw)
{
    const double lr = 0.01, b1 = 0.9, b2 = 0.99, c1 = 0.19, c2 = 0.0199, eps = 1e-8, decay = 0.1, scale = 0.5;
    real w[SIDE + 1], m[SIDE + 1], v[SIDE + 1], g[SIDE + 1];
    for (int t = 0; t < TABLES; t++)
        for (int n = 0; table(t) && n <= SIDE; n++) {
            real w0[SIDE + 1], m0[SIDE + 1], v0[SIDE + 1];
            fill(w, SIDE + 1, 1);
            fill(m, SIDE + 1, 2);
            fill(v, SIDE + 1, 3);
            fill(g, SIDE + 1, 4);
            for (int i = 0; i <= SIDE; i++)
                v[i] = (real)fabs((double)v[i]);
            memcpy(w0, w, sizeof w), memcpy(m0, m, sizeof m), memcpy(v0, v, sizeof v);
            table(t)->adamw((size_t)n, w, m, v, g, (real)scale, (real)lr, (real)b1, (real)b2, (real)c1,
                            (real)c2, (real)eps, (real)decay);
            for (int i = 0; i <= SIDE; i++) {
                double first = i < n ? b1 * m0[i] + (1 - b1) * scale * g[i] : m0[i];
                double second = i < n ? b2 * v0[i] + (1 - b2) * scale * scale * g[i] * g[i] : v0[i];
                double step = first / c1 / (sqrt(second / c2) + eps) + decay * w0[i];
                near(table(t), "m", i, m[i], first, i < n);
                near(table(t), "v", i, v[i], second, i < n);
                near(table(t), "w", i, w[i], i < n ? w0[i] - lr * step : w0[i],
                     i < n ? 1 + lr * fabs(step) : 0);
            }
        }
}

Test(kernels, sums)
{
    real x[SIDE + 1], y[SIDE + 1], before[SIDE + 1];
    for (int t = 0; t < TABLES; t++)
        for (int n = 0; table(t) && n <= SIDE; n++) {
            const struct kernels *k = table(t);
            double want = 0;
            fill(x, SIDE + 1, 1);
            fill(y, SIDE + 1, 2);
            memcpy(before, y, sizeof y);
            for (int i = 0; i < n; i++)
                want += (double)x[i] * x[i];
            cr_assert(fabs(k->sum_squares((size_t)n, x) - want) <= 1e-13 * want, "%s", k->name);
            k->add((size_t)n, x, y);
            for (int i = 0; i <= SIDE; i++)
                cr_assert_eq(y[i], i < n ? before[i] + x[i] : before[i], "%s n %d at %d", k->name, n, i);
            for (int i = 0; i < n; i++) {
                real keep = x[i];
                x[i] = NAN;
                cr_assert(isnan(k->sum_squares((size_t)n, x)), "%s", k->name);
                x[i] = -INFINITY;
                cr_assert(isinf(k->sum_squares((size_t)n, x)), "%s", k->name);
                x[i] = keep;
            }
        }
}
