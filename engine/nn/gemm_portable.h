/* Matrix multiplication in plain C: the body that kernels_portable.c includes.
 *
 * The plain form keeps the promise that rows do not depend on each other by one chain of sums per number of C, in
 * the order of k; a strip of GEMM_STRIP columns is summed at once so that the compiler can use what vectors the CPU
 * has. The transposed forms, used in training only, go to BLAS. */

enum { GEMM_STRIP = 16, GEMM_ROWS = 4 };

/* Up to GEMM_ROWS rows by up to GEMM_STRIP columns. */
static void gemm_strip(int rows, int width, int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb,
                       int accumulate, real *c, ptrdiff_t ldc)
{
    real sum[GEMM_ROWS][GEMM_STRIP] = {{0}};
    for (int i = 0; i < rows && accumulate; i++)
        for (int j = 0; j < width; j++)
            sum[i][j] = c[i * ldc + j];
    for (int k = 0; k < K; k++) {
        real row[GEMM_STRIP] = {0};
        if (width == GEMM_STRIP)
            memcpy(row, b + k * ldb, sizeof row);
        else
            memcpy(row, b + k * ldb, (size_t)width * sizeof *row);
        for (int i = 0; i < rows; i++) {
            real x = a[i * lda + k];
            for (int j = 0; j < GEMM_STRIP; j++)
                sum[i][j] += x * row[j];
        }
    }
    for (int i = 0; i < rows; i++)
        memcpy(c + i * ldc, sum[i], (size_t)width * sizeof *c);
}

static void gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                 int accumulate, real *C, int ldc)
{
    if (ta || tb) {
        blas_gemm(ta, tb, M, N, K, A, lda, B, ldb, accumulate, C, ldc);
        return;
    }
    for (int i = 0; i < M; i += GEMM_ROWS)
        for (int j = 0; j < N; j += GEMM_STRIP)
            gemm_strip(M - i < GEMM_ROWS ? M - i : GEMM_ROWS, N - j < GEMM_STRIP ? N - j : GEMM_STRIP, K,
                       A + (ptrdiff_t)i * lda, lda, B + j, ldb, accumulate, C + (ptrdiff_t)i * ldc + j, ldc);
}

/* transpose: src [rows, cols] to `to` [cols, ldt]. */
static void transpose(const real *src, ptrdiff_t ld, int rows, int cols, real *to, ptrdiff_t ldt)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            to[c * ldt + r] = src[r * ld + c];
}
