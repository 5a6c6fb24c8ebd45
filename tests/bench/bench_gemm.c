/* Speed of the kernels on one thread: GF/s of gemm by table beside OpenBLAS, attention, and the time a number
 * of the elementwise kernels. A plain program that prints a table and judges nothing. Built from this file,
 * engine/nn/kernels*.c and engine/nn/blas.c. Arguments: any of gemm, attention, element. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/nn/blas.h"
#include "engine/nn/kernels.h"

typedef void gemm_fn(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                     int accumulate, real *C, int ldc);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static real *numbers(size_t n)
{
    real *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    if (!x)
        exit(1);
    for (size_t i = 0; i < n; i++)
        x[i] = (real)((double)(i * 2654435761u % 1000) / 1000 - 0.5);
    return x;
}

/* The best of several timings, in GF/s. */
static double gemm_speed(gemm_fn *gemm, int ta, int tb, int M, int N, int K)
{
    real *a = numbers((size_t)M * (size_t)K), *b = numbers((size_t)K * (size_t)N),
         *c = numbers((size_t)M * (size_t)N);
    double flops = 2.0 * M * N * K, best = 1e9;
    int repeat = (int)(5e7 / flops) + 1;
    for (int r = 0; r < 20; r++) {
        double t = now();
        for (int i = 0; i < repeat; i++)
            gemm(ta, tb, M, N, K, a, ta ? M : K, b, tb ? K : N, ta, c, N);
        t = (now() - t) / repeat;
        best = t < best ? t : best;
    }
    free(a);
    free(b);
    free(c);
    return flops / best / 1e9;
}

static void gemm_table(void)
{
    static const struct {
        int ta, tb, M, N, K;
    } shape[] = {
        {0, 0, 512, 128, 128},  {0, 0, 512, 512, 128},  {0, 0, 512, 128, 512},  {0, 0, 1024, 256, 256},
        {0, 0, 1024, 340, 128}, {0, 0, 1024, 160, 96},  {0, 0, 1500, 64, 64},   {0, 0, 1000, 120, 128},
        {0, 1, 512, 128, 512},  {0, 1, 1024, 256, 256}, {0, 1, 1024, 128, 340}, {0, 1, 1024, 96, 160},
        {0, 1, 1500, 64, 64},   {0, 1, 1000, 128, 120}, {1, 0, 128, 128, 512},  {1, 0, 256, 256, 1024},
        {1, 0, 128, 340, 1024}, {1, 0, 96, 160, 1024},  {1, 0, 64, 64, 1500},   {1, 0, 128, 120, 1000},
        {1, 0, 512, 128, 1024}, {0, 0, 8, 128, 128},    {0, 0, 8, 512, 128},    {0, 0, 16, 128, 128},
        {0, 0, 16, 256, 256},   {0, 0, 16, 128, 340},   {0, 0, 32, 160, 96},    {0, 0, 64, 128, 128},
        {0, 0, 16, 120, 128},   {0, 1, 16, 120, 128},   {0, 0, 1, 128, 128},    {0, 0, 3, 128, 128},
        {0, 0, 5, 64, 128},     {0, 0, 12, 128, 64},    {0, 0, 40, 64, 128},    {0, 0, 100, 128, 64},
        {0, 0, 300, 256, 128},  {0, 1, 5, 128, 128},    {0, 1, 12, 128, 64},    {0, 1, 40, 128, 64},
        {0, 1, 100, 64, 128},   {0, 1, 300, 128, 256},  {1, 0, 128, 128, 5},    {1, 0, 64, 128, 12},
        {1, 0, 128, 64, 40},    {1, 0, 128, 128, 100},  {1, 0, 256, 128, 300},
    };
    static const char *const name[] = {"avx512", "avx2", "portable"};
    printf("%-2s %5s %4s %5s %9s %9s %9s %9s  GF/s\n", "", "M", "N", "K", "openblas", "avx512", "avx2",
           "portable");
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        int ta = shape[i].ta, tb = shape[i].tb, M = shape[i].M, N = shape[i].N, K = shape[i].K;
        printf("%c%c %5d %4d %5d %9.1f", ta ? 'T' : 'N', tb ? 'T' : 'N', M, N, K,
               gemm_speed(blas_gemm, ta, tb, M, N, K));
        for (int n = 0; n < 3; n++) {
            const struct kernels *k = kernels_find(name[n]);
            printf(" %9.1f", k ? gemm_speed(k->gemm, ta, tb, M, N, K) : 0.0);
        }
        printf("\n");
        fflush(stdout);
    }
}

enum { SEQUENCES = 8 };

/* Attention over 8 sequences of n tokens: GF/s of the half below the diagonal, forward 2 and backward 5
 * products. */
static void attention_line(const struct kernels *k, int n, int H, int dk, int dv)
{
    int begin[SEQUENCES + 1], T = SEQUENCES * n;
    struct packing seq = {SEQUENCES, begin};
    for (int i = 0; i <= SEQUENCES; i++)
        begin[i] = i * n;
    size_t wide = (size_t)T * (size_t)H, nk = wide * (size_t)dk, nv = wide * (size_t)dv;
    real *q = numbers(nk), *key = numbers(nk), *v = numbers(nv), *out = numbers(nv), *dout = numbers(nv),
         *lse = numbers(wide);
    real *dq = numbers(nk), *dkey = numbers(nk), *dval = numbers(nv),
         *scratch = numbers(attention_scratch(n, dk, dv));
    real *cache = numbers(cache_reals(n, H, dk, dv, 0));
    double best[3] = {1e9, 1e9, 1e9};
    for (int r = 0; r < 7; r++) {
        double t = now();
        k->attention(&seq, H, H, dk, dv, q, H * dk, key, H * dk, v, H * dv, (real)0.2, out, H * dv, lse,
                     scratch);
        double forward = now() - t;
        t = now();
        k->attention_backward(&seq, H, H, dk, dv, q, H * dk, key, H * dk, v, H * dv, (real)0.2, out, dout,
                              H * dv, lse, dq, dkey, dval, scratch);
        double backward = now() - t;
        for (int i = 0; i < n; i++)
            k->cache_put(i, H, dk, dv, 0, cache, key + (size_t)i * (size_t)(H * dk),
                         v + (size_t)i * (size_t)(H * dv));
        t = now();
        for (int i = 0; i < 100; i++)
            k->attend(n, H, H, dk, dv, 0, cache, q, (real)0.2, out, scratch);
        double decode = (now() - t) / 100;
        best[0] = forward < best[0] ? forward : best[0];
        best[1] = backward < best[1] ? backward : best[1];
        best[2] = decode < best[2] ? decode : best[2];
    }
    double pairs = (double)SEQUENCES * H * n * (n + 1) / 2;
    printf(
        "%-8s attention n %3d H %d dk %2d dv %2d: forward %6.1f GF/s  backward %6.1f GF/s  attend %6.2f us\n",
        k->name, n, H, dk, dv, pairs * 2 * (dk + dv) / best[0] / 1e9,
        pairs * 2 * (3 * dk + 2 * dv) / best[1] / 1e9, best[2] * 1e6);
    free(q), free(key), free(v), free(out), free(dout), free(lse), free(dq), free(dkey), free(dval),
        free(scratch), free(cache);
}

static void attend_line(const struct kernels *k, int n, int H, int dk, int dv)
{
    real *cache = numbers(cache_reals(n, 1, dk, dv, 1)), *q = numbers((size_t)(H * dk)),
         *out = numbers((size_t)(H * dv));
    real *scratch = numbers(attend_scratch(n, H, dk, dv));
    double best = 1e9, put = 1e9;
    for (int r = 0; r < 7; r++) {
        double t = now();
        for (int i = 0; i < 500; i++)
            k->attend(n, H, 1, dk, dv, 1, cache, q, (real)0.2, out, scratch);
        t = (now() - t) / 500;
        best = t < best ? t : best;
        t = now();
        for (int i = 0; i < 500; i++)
            k->cache_put(i % n, 1, dk, dv, 1, cache, q, NULL);
        t = (now() - t) / 500;
        put = t < put ? t : put;
    }
    printf("%-8s latent cache n %3d H %d dk %2d dv %2d: attend %6.2f us (%5.1f GF/s)  put %5.3f us\n",
           k->name, n, H, dk, dv, best * 1e6, 2.0 * n * H * (dk + dv) / best / 1e9, put * 1e6);
    free(cache), free(q), free(out), free(scratch);
}

static void element_lines(const struct kernels *k)
{
    enum { T = 512, D = 128, N = T * D };
    real *x = numbers(2 * N), *y = numbers(2 * N), *g = numbers(2 * N), *w = numbers(2 * N), *s = numbers(N),
         *l = numbers(N);
    int *at = calloc(N, sizeof *at);
    double best[10];
    static const char *const name[] = {"rmsnorm", "rmsnorm_backward", "swiglu",           "swiglu_backward",
                                       "rope",    "softmax",          "softmax_backward", "adamw",
                                       "add",     "sum_squares"};
    if (!at)
        exit(1);
    for (int i = 0; i < 10; i++)
        best[i] = 1e9;
    for (int r = 0; r < 7; r++)
        for (int i = 0; i < 10; i++) {
            double t = now();
            for (int repeat = 0; repeat < 20; repeat++) {
                switch (i) {
                case 0: k->rmsnorm(T, D, x, D, w, (real)1e-5, y, D, s); break;
                case 1: k->rmsnorm_backward(T, D, x, D, w, s, y, D, g, D, l); break;
                case 2: k->swiglu(T, D, x, y); break;
                case 3: k->swiglu_backward(T, D, x, y, g); break;
                case 4: k->rope(T, 4, 32, y, D, 32, at, w, 1); break;
                case 5: k->softmax(T, D, y, 1, at, s, l); break;
                case 6: k->softmax_backward(T, D, y, 1, at, w); break;
                case 7:
                    k->adamw(N, x, y, g, w, 1, (real)1e-3, (real)0.9, (real)0.99, (real)0.5, (real)0.5,
                             (real)1e-8, 0);
                    break;
                case 8: k->add(N, w, y); break;
                default: s[0] = (real)k->sum_squares(N, w);
                }
                if (i == 7)
                    memset(g, 0, sizeof *g * N);
            }
            t = (now() - t) / 20;
            best[i] = t < best[i] ? t : best[i];
        }
    for (int i = 0; i < 10; i++)
        printf("%-8s %-17s %6.3f ns a number\n", k->name, name[i], best[i] * 1e9 / N);
    free(x), free(y), free(g), free(w), free(s), free(l), free(at);
}

int main(int argc, char **argv)
{
    static const char *const name[] = {"avx512", "avx2", "portable"};
    const char *only = argc > 1 ? argv[1] : "gemm attention element";
    blas_init();
    printf("%s, %s\n", blas_config(), blas_core());
    if (strstr(only, "gemm"))
        gemm_table();
    for (int i = 0; i < 3; i++) {
        const struct kernels *k = kernels_find(name[i]);
        if (k && strstr(only, "attention")) {
            attention_line(k, 48, 4, 32, 32);
            attention_line(k, 128, 4, 32, 32);
            attention_line(k, 250, 4, 64, 64);
            attention_line(k, 100, 8, 24, 16);
            attend_line(k, 40, 4, 64, 48);
            attend_line(k, 120, 4, 64, 48);
            attend_line(k, 250, 4, 64, 48);
        }
        if (k && strstr(only, "element"))
            element_lines(k);
    }
    return 0;
}
