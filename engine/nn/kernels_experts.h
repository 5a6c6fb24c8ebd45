/* Kernels of a mixture of experts: rows on their way to the experts and back. A body for the kernels_*.c
 * files, written once against vecmath.h. Shapes: kernels.h. */

static void sigmoid(size_t n, real *x)
{
    for (size_t j = 0; j < n; j += VL) {
        int left = (int)(n - j < VL ? n - j : VL);
        v_store_n(x + j, left, v_sigmoid(v_load_n(x + j, left)));
    }
}

static void gather(int N, int D, int K, const int *order, const real *x, real *y)
{
    for (int i = 0; i < N; i++, y += D)
        memcpy(y, x + (ptrdiff_t)(order[i] / K) * D, (size_t)D * sizeof *y);
}

static void gather_backward(int N, int D, int K, const int *order, const real *dy, real *dx)
{
    for (int i = 0; i < N; i++, dy += D) {
        real *to = dx + (ptrdiff_t)(order[i] / K) * D;
        for (int j = 0; j < D; j += VL)
            v_store_n(to + j, D - j, v_add(v_load_n(to + j, D - j), v_load_n(dy + j, D - j)));
    }
}

static void combine(int N, int D, int K, const int *order, const real *gate, const real *x, real *y)
{
    for (int i = 0; i < N; i++, x += D) {
        real *to = y + (ptrdiff_t)(order[i] / K) * D;
        vec g = v_set1(gate[order[i]]);
        for (int j = 0; j < D; j += VL)
            v_store_n(to + j, D - j, v_fma(g, v_load_n(x + j, D - j), v_load_n(to + j, D - j)));
    }
}

static void combine_backward(int N, int D, int K, const int *order, const real *gate, const real *x,
                             const real *dy, real *dx, real *dgate)
{
    for (int i = 0; i < N; i++, x += D, dx += D) {
        const real *from = dy + (ptrdiff_t)(order[i] / K) * D;
        vec g = v_set1(gate[order[i]]), dot = v_zero();
        for (int j = 0; j < D; j += VL) {
            vec d = v_load_n(from + j, D - j);
            dot = v_fma(d, v_load_n(x + j, D - j), dot);
            v_store_n(dx + j, D - j, v_mul(g, d));
        }
        dgate[order[i]] = v_sum(dot);
    }
}
