/* Time inside the kernels: a table whose functions read the clock before and after the real ones. What
 * reading it costs is measured on calls of nothing and taken off again, or a step of many small calls would
 * be told mostly about its clock. */
#include <math.h>

#include "app/bench/bench.h"
#include "engine/nn/kernels.h"

static const struct kernels *inner;
static struct kernels timed;
static _Thread_local double spent;
static _Thread_local long calls;

#define TIMED(call)                                                                                          \
    do {                                                                                                     \
        double begin = bench_now();                                                                          \
        call;                                                                                                \
        spent += bench_now() - begin;                                                                        \
        calls++;                                                                                             \
    } while (0)

static void gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                 int accumulate, real *C, int ldc)
{
    TIMED(inner->gemm(ta, tb, M, N, K, A, lda, B, ldb, accumulate, C, ldc));
}

static void rmsnorm(int T, int D, const real *x, int ldx, const real *w, real eps, real *y, int ldy,
                    real *rstd)
{
    TIMED(inner->rmsnorm(T, D, x, ldx, w, eps, y, ldy, rstd));
}

static void rmsnorm_backward(int T, int D, const real *x, int ldx, const real *w, const real *rstd,
                             const real *dy, int ldy, real *dx, int lddx, real *dw)
{
    TIMED(inner->rmsnorm_backward(T, D, x, ldx, w, rstd, dy, ldy, dx, lddx, dw));
}

static void swiglu(int T, int F, const real *gu, real *y)
{
    TIMED(inner->swiglu(T, F, gu, y));
}

static void swiglu_backward(int T, int F, const real *gu, const real *dy, real *dgu)
{
    TIMED(inner->swiglu_backward(T, F, gu, dy, dgu));
}

static void rope(int T, int n, int d, real *x, int ld, int stride, const int *position, const real *table,
                 int sign)
{
    TIMED(inner->rope(T, n, d, x, ld, stride, position, table, sign));
}

static void softmax(int T, int V, real *logits, real inv_temperature, const int *target, real *logp,
                    real *entropy)
{
    TIMED(inner->softmax(T, V, logits, inv_temperature, target, logp, entropy));
}

static void softmax_backward(int T, int V, real *p, real inv_temperature, const int *target,
                             const real *dlogp)
{
    TIMED(inner->softmax_backward(T, V, p, inv_temperature, target, dlogp));
}

static void attention(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q, int ldq,
                      const real *k, int ldk, const real *v, int ldv, real scale, real *out, int ldo,
                      real *lse, real *scratch)
{
    TIMED(inner->attention(seq, H, Hk, dk, dv, q, ldq, k, ldk, v, ldv, scale, out, ldo, lse, scratch));
}

static void attention_backward(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q,
                               int ldq, const real *k, int ldk, const real *v, int ldv, real scale,
                               const real *out, const real *dout, int ldo, const real *lse, real *dq,
                               real *dk_, real *dv_, real *scratch)
{
    TIMED(inner->attention_backward(seq, H, Hk, dk, dv, q, ldq, k, ldk, v, ldv, scale, out, dout, ldo, lse,
                                    dq, dk_, dv_, scratch));
}

static void attend(int n, int H, int Hk, int dk, int dv, int value_in_key, const real *cache, const real *q,
                   real scale, real *out, real *scratch)
{
    TIMED(inner->attend(n, H, Hk, dk, dv, value_in_key, cache, q, scale, out, scratch));
}

static void cache_put(int position, int Hk, int dk, int dv, int value_in_key, real *cache, const real *k,
                      const real *v)
{
    TIMED(inner->cache_put(position, Hk, dk, dv, value_in_key, cache, k, v));
}

static void adamw(size_t n, real *w, real *m, real *v, const real *grad, real grad_scale, real lr, real beta1,
                  real beta2, real c1, real c2, real eps, real decay)
{
    TIMED(inner->adamw(n, w, m, v, grad, grad_scale, lr, beta1, beta2, c1, c2, eps, decay));
}

static void add(size_t n, const real *x, real *y)
{
    TIMED(inner->add(n, x, y));
}

static void gather(int N, int D, int K, const int *order, const real *x, real *y)
{
    TIMED(inner->gather(N, D, K, order, x, y));
}

static void gather_backward(int N, int D, int K, const int *order, const real *dy, real *dx)
{
    TIMED(inner->gather_backward(N, D, K, order, dy, dx));
}

static void combine(int N, int D, int K, const int *order, const real *gate, const real *x, real *y)
{
    TIMED(inner->combine(N, D, K, order, gate, x, y));
}

static void combine_backward(int N, int D, int K, const int *order, const real *gate, const real *x,
                             const real *dy, real *dx, real *dgate)
{
    TIMED(inner->combine_backward(N, D, K, order, gate, x, dy, dx, dgate));
}

static void sigmoid(size_t n, real *x)
{
    TIMED(inner->sigmoid(n, x));
}

static double sum_squares(size_t n, const real *x)
{
    double sum;
    TIMED(sum = inner->sum_squares(n, x));
    return sum;
}

const struct kernels *bench_profile(const struct kernels *k)
{
    /* A copy first: what is not listed below stays as it is, untimed. */
    inner = k;
    timed = *k;
    timed.gemm = gemm;
    timed.rmsnorm = rmsnorm;
    timed.rmsnorm_backward = rmsnorm_backward;
    timed.swiglu = swiglu;
    timed.swiglu_backward = swiglu_backward;
    timed.rope = rope;
    timed.softmax = softmax;
    timed.softmax_backward = softmax_backward;
    timed.attention = attention;
    timed.attention_backward = attention_backward;
    timed.attend = attend;
    timed.cache_put = cache_put;
    timed.adamw = adamw;
    timed.add = add;
    timed.sum_squares = sum_squares;
    timed.gather = gather;
    timed.gather_backward = gather_backward;
    timed.combine = combine;
    timed.combine_backward = combine_backward;
    timed.sigmoid = sigmoid;
    return &timed;
}

/* Seconds of one call of nothing, the best of some: all in all, and those of them that count as spent. */
static void clock_cost(double *whole, double *counted)
{
    enum { ROUNDS = 20, CALLS = 2000 };
    double before = spent;
    long had = calls;
    *whole = *counted = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        double start = bench_now();
        spent = 0;
        for (int i = 0; i < CALLS; i++)
            TIMED((void)0);
        *counted = fmin(*counted, spent / CALLS);
        *whole = fmin(*whole, (bench_now() - start) / CALLS);
    }
    spent = before;
    calls = had;
}

struct profiled bench_profile_take(void)
{
    struct profiled p;
    double whole, counted;
    clock_cost(&whole, &counted);
    p = (struct profiled){.inside = spent - (double)calls * counted, .clock = (double)calls * whole};
    spent = 0;
    calls = 0;
    return p;
}
