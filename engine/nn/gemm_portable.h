/* Matrix multiplication in plain C: the body that kernels_portable.c includes.
 *
 * With A by rows, each number of C is one chain of sums in the order of k, so that rows do not depend on each
 * other; a strip of GEMM_STRIP columns is summed at once, in what vectors the compiler has for them. The form
 * with A transposed, used in training only, has no such promise to keep and goes to BLAS. */

/* 32 bytes: two registers of the smallest vectors in use, so that four rows' sums fit 16 registers. */
typedef real gemm_strip __attribute__((vector_size(32)));

enum { GEMM_STRIP = sizeof(gemm_strip) / sizeof(real), GEMM_ROWS = 4, GEMM_DEPTH = 256 };

/* Up to GEMM_ROWS rows by up to GEMM_STRIP columns. */
V_INLINE void gemm_rows(const int rows, int width, int K, const real *a, ptrdiff_t lda, const real *b,
                        ptrdiff_t ldb, int accumulate, real *c, ptrdiff_t ldc)
{
    gemm_strip sum[GEMM_ROWS], row = {0};
    V_UNROLL
    for (int i = 0; i < rows; i++) {
        sum[i] = (gemm_strip){0};
        if (accumulate)
            memcpy(&sum[i], c + i * ldc, (size_t)width * sizeof *c);
    }
    if (width == GEMM_STRIP) {
        for (int k = 0; k < K; k++) {
            memcpy(&row, b + k * ldb, sizeof row);
            V_UNROLL
            for (int i = 0; i < rows; i++)
                sum[i] += a[i * lda + k] * row;
        }
    } else {
        for (int k = 0; k < K; k++) {
            memcpy(&row, b + k * ldb, (size_t)width * sizeof *b);
            V_UNROLL
            for (int i = 0; i < rows; i++)
                sum[i] += a[i * lda + k] * row;
        }
    }
    V_UNROLL
    for (int i = 0; i < rows; i++)
        memcpy(c + i * ldc, &sum[i], (size_t)width * sizeof *c);
}

/* All rows against a strip of columns of B. */
static void gemm_column(int M, int width, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                        int accumulate, real *c, ptrdiff_t ldc)
{
    int i = 0;
    for (; i + GEMM_ROWS <= M; i += GEMM_ROWS)
        gemm_rows(GEMM_ROWS, width, K, a + i * lda, lda, b, ldb, accumulate, c + i * ldc, ldc);
    for (; i < M; i++)
        gemm_rows(1, width, K, a + i * lda, lda, b, ldb, accumulate, c + i * ldc, ldc);
}

/* transpose: src [rows, cols] to `to` [cols, ldt]. */
static void transpose(const real *src, ptrdiff_t ld, int rows, int cols, real *to, ptrdiff_t ldt)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            to[c * ldt + r] = src[r * ld + c];
}

static void gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                 int accumulate, real *C, int ldc)
{
    real strip[GEMM_DEPTH * GEMM_STRIP];
    if (ta) {
        blas_gemm(ta, tb, M, N, K, A, lda, B, ldb, accumulate, C, ldc);
        return;
    }
    for (int j = 0; j < N; j += GEMM_STRIP) {
        int width = N - j < GEMM_STRIP ? N - j : GEMM_STRIP, k = 0;
        if (!tb) {
            gemm_column(M, width, K, A, lda, B + j, ldb, accumulate, C + j, ldc);
            continue;
        }
        do {
            int depth = K - k < GEMM_DEPTH ? K - k : GEMM_DEPTH;
            transpose(B + (ptrdiff_t)j * ldb + k, ldb, width, depth, strip, GEMM_STRIP);
            gemm_column(M, width, depth, A + k, lda, strip, GEMM_STRIP, accumulate || k > 0, C + j, ldc);
            k += depth;
        } while (k < K);
    }
}
