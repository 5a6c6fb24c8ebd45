#ifndef GRPOLAB_NN_BLAS_H
#define GRPOLAB_NN_BLAS_H

#include "engine/nn/real.h"

/* blas_init: one thread a call (the program's own workers do the threading). Cheap and idempotent; call it
 * before the workers start. */
void blas_init(void);

/* blas_gemm: C[M,N] = op(A) op(B), or C += with accumulate; arguments as struct kernels' gemm. A row of C may
 * depend, in the last bits, on the other rows. Threads: pure after blas_init. */
void blas_gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
               int accumulate, real *C, int ldc);

/* blas_config, blas_core: the library's build and the core it chose, for a run's record. Static memory. */
const char *blas_config(void);
const char *blas_core(void);

#endif
