/* Operands in pairs, and the product of pairs: the body that bf16_avx512.c and bf16_avx2.c include after
 * vecmath.h, v_dot, v_pair, v_pair_along and gemm_tiles.h. gemm_tiles.h only moves A and B, so a pair is one
 * number to it. */

/* One row or, where no pair spans two of them, all rows at once. */
static void row_pairs(size_t n, const float *x, float *pairs)
{
    size_t i = 0;
    for (; i + 2 * VL <= n; i += 2 * VL)
        v_store(pairs + i / 2, v_pair_along(v_load(x + i), v_load(x + i + VL)));
    if (i < n) {
        int left = (int)(n - i), second = left > VL ? left - VL : 0;
        vec b = second ? v_load_n(x + i + VL, second) : v_zero();
        v_store_n(pairs + i / 2, (left + 1) / 2, v_pair_along(v_load_n(x + i, left), b));
    }
}

static void rows(int n, int cols, const float *x, float *pairs)
{
    if (cols % 2 == 0) {
        row_pairs((size_t)n * (size_t)cols, x, pairs);
        return;
    }
    for (int i = 0; i < n; i++)
        row_pairs((size_t)cols, x + (ptrdiff_t)i * cols, pairs + (ptrdiff_t)i * bf16_pairs(cols));
}

static void stack(int n, int cols, const float *x, float *pairs)
{
    for (int i = 0; i < n; i += 2, x += 2 * (ptrdiff_t)cols, pairs += cols) {
        int j = 0, last = i + 1 == n;
        for (; j + VL <= cols; j += VL)
            v_store(pairs + j, v_pair(v_load(x + j), last ? v_zero() : v_load(x + cols + j)));
        if (j < cols)
            v_store_n(pairs + j, cols - j,
                      v_pair(v_load_n(x + j, cols - j), last ? v_zero() : v_load_n(x + cols + j, cols - j)));
    }
}

static void pair_gemm(int ta, int tb, int M, int N, int K, const float *A, const float *B, int accumulate,
                      float *C)
{
    gemm(ta, tb, M, N, K, A, ta ? M : K, B, tb ? K : N, accumulate, C, N);
}
