/* The only file that knows OpenBLAS. */
#include "engine/nn/blas.h"

#include <cblas.h>

void blas_init(void)
{
    openblas_set_num_threads(1);
}

void blas_gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
               int accumulate, real *C, int ldc)
{
    CBLAS_TRANSPOSE a = ta ? CblasTrans : CblasNoTrans, b = tb ? CblasTrans : CblasNoTrans;
    real beta = accumulate ? 1 : 0;
    if (M == 0 || N == 0)
        return;
#ifdef GRPOLAB_DOUBLE
    cblas_dgemm(CblasRowMajor, a, b, M, N, K, 1, A, lda, B, ldb, beta, C, ldc);
#else
    cblas_sgemm(CblasRowMajor, a, b, M, N, K, 1, A, lda, B, ldb, beta, C, ldc);
#endif
}

const char *blas_config(void)
{
    return openblas_get_config();
}

const char *blas_core(void)
{
    return openblas_get_corename();
}
