/* Matrix multiplication by register tiles: the body that kernels_avx512.c and kernels_avx2.c include after
 * vecmath.h.
 *
 * A tile of MR rows by NV vectors of C stays in registers while k runs; each step loads NV vectors of B and
 * broadcasts MR numbers of A. B is walked in panels of NV vectors: in place when few rows use it, else copied
 * (for tb transposed) GEMM_DEPTH rows at a time to a buffer on the stack that stays in the first-level cache.
 * A is read in place, by rows or (ta) by columns.
 *
 * In place the rows of B lie far apart, and no hardware fetches them ahead; the arithmetic in flight covers a
 * few k only. So a tile asks for B's row GEMM_AHEAD steps before it comes, in the next panel where this one
 * ends: weights that are read once a token come two to four times as fast. In a packed panel it costs nothing.
 *
 * Invariant: each number of C is one chain of fused multiply-adds over k = 0..K-1 in order, starting from 0
 * or from C. Tile shapes, panels and depth only choose when the chain pauses in memory, which rounds nothing.
 * So the bits of a row depend neither on M nor on the other rows, and packing never shows. */

/* What a step of the chain is: bf16 has pairs of products in the place of numbers (bf16_avx512.c). */
#ifndef GEMM_MULTIPLY
#define GEMM_MULTIPLY v_fma
#endif

#if defined(VECMATH_AVX512)
enum {
    GEMM_NV = 2,         /* vectors in a panel */
    GEMM_MR = 14,        /* rows of a tile with up to GEMM_NV vectors */
    GEMM_FLAT_NV = 4,    /* the same for the flat tiles that few rows take */
    GEMM_FLAT_MR = 7
};
#else
enum { GEMM_NV = 2, GEMM_MR = 6, GEMM_FLAT_NV = 3, GEMM_FLAT_MR = 4 };
#endif
/* B is worth copying from so many rows of A and of B on. */
enum { GEMM_DEPTH = 256, GEMM_PACK_ROWS = 48, GEMM_PACK_DEPTH = 48, GEMM_AHEAD = 24 };

/* One tile. by_column: A(i,k) is a[k*lda + i], else a[i*lda + k]. `last` masks the last vector's columns. */
V_INLINE void gemm_tile(const int by_column, const int nv, const int mr, int K, const real *a, ptrdiff_t lda,
                        const real *b, ptrdiff_t ldb, int accumulate, real *c, ptrdiff_t ldc, vmask last)
{
    vec sum[GEMM_MR][GEMM_FLAT_NV];
    V_UNROLL
    for (int i = 0; i < mr; i++) {
        V_UNROLL
        for (int j = 0; j < nv; j++) {
            sum[i][j] = v_zero();
            if (accumulate)
                sum[i][j] = j < nv - 1 ? v_load(c + i * ldc + j * VL) : v_load_m(c + i * ldc + j * VL, last);
        }
    }
    const real *next = b + nv * VL, *ahead = K > GEMM_AHEAD ? b + GEMM_AHEAD * ldb : next;
    for (int k = 0; k < K; k++) {
        vec row[GEMM_FLAT_NV];
        V_UNROLL
        for (int j = 0; j < nv; j++)
            v_prefetch(ahead + j * VL);
        ahead = k + GEMM_AHEAD + 1 == K ? next : ahead + ldb;
        V_UNROLL
        for (int j = 0; j < nv; j++)
            row[j] = j < nv - 1 ? v_load(b + j * VL) : v_load_m(b + j * VL, last);
        V_UNROLL
        for (int i = 0; i < mr; i++) {
            vec x = v_set1(by_column ? a[i] : a[i * lda]);
            V_UNROLL
            for (int j = 0; j < nv; j++)
                sum[i][j] = GEMM_MULTIPLY(x, row[j], sum[i][j]);
        }
        a += by_column ? lda : 1;
        b += ldb;
    }
    V_UNROLL
    for (int i = 0; i < mr; i++) {
        V_UNROLL
        for (int j = 0; j < nv; j++) {
            if (j < nv - 1)
                v_store(c + i * ldc + j * VL, sum[i][j]);
            else
                v_store_m(c + i * ldc + j * VL, last, sum[i][j]);
        }
    }
}

typedef void gemm_tile_fn(int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb, int accumulate,
                          real *c, ptrdiff_t ldc, vmask last);

#define GEMM_TILE(nv, mr)                                                                               \
    static void gemm_row_##nv##_##mr(int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb, \
                                     int accumulate, real *c, ptrdiff_t ldc, vmask last)                \
    {                                                                                                   \
        gemm_tile(0, nv, mr, K, a, lda, b, ldb, accumulate, c, ldc, last);                              \
    }                                                                                                   \
    static void gemm_col_##nv##_##mr(int K, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb, \
                                     int accumulate, real *c, ptrdiff_t ldc, vmask last)                \
    {                                                                                                   \
        gemm_tile(1, nv, mr, K, a, lda, b, ldb, accumulate, c, ldc, last);                              \
    }

GEMM_TILE(1, 1) GEMM_TILE(1, 2) GEMM_TILE(1, 3) GEMM_TILE(1, 4) GEMM_TILE(1, 5) GEMM_TILE(1, 6)
GEMM_TILE(2, 1) GEMM_TILE(2, 2) GEMM_TILE(2, 3) GEMM_TILE(2, 4) GEMM_TILE(2, 5) GEMM_TILE(2, 6)
GEMM_TILE(3, 1) GEMM_TILE(3, 2) GEMM_TILE(3, 3) GEMM_TILE(3, 4)
#if defined(VECMATH_AVX512)
GEMM_TILE(1, 7) GEMM_TILE(1, 8) GEMM_TILE(1, 9) GEMM_TILE(1, 10)
GEMM_TILE(1, 11) GEMM_TILE(1, 12) GEMM_TILE(1, 13) GEMM_TILE(1, 14)
GEMM_TILE(2, 7) GEMM_TILE(2, 8) GEMM_TILE(2, 9) GEMM_TILE(2, 10)
GEMM_TILE(2, 11) GEMM_TILE(2, 12) GEMM_TILE(2, 13) GEMM_TILE(2, 14)
GEMM_TILE(3, 5) GEMM_TILE(3, 6) GEMM_TILE(3, 7)
GEMM_TILE(4, 1) GEMM_TILE(4, 2) GEMM_TILE(4, 3) GEMM_TILE(4, 4)
GEMM_TILE(4, 5) GEMM_TILE(4, 6) GEMM_TILE(4, 7)
#endif

/* The tile functions by [by_column][vectors - 1][rows - 1]. */
#if defined(VECMATH_AVX512)
#define GEMM_TALL(form, nv) \
    gemm_##form##_##nv##_1, gemm_##form##_##nv##_2, gemm_##form##_##nv##_3, gemm_##form##_##nv##_4, \
    gemm_##form##_##nv##_5, gemm_##form##_##nv##_6, gemm_##form##_##nv##_7, gemm_##form##_##nv##_8, \
    gemm_##form##_##nv##_9, gemm_##form##_##nv##_10, gemm_##form##_##nv##_11, gemm_##form##_##nv##_12, \
    gemm_##form##_##nv##_13, gemm_##form##_##nv##_14
#define GEMM_FLAT(form, nv) \
    gemm_##form##_##nv##_1, gemm_##form##_##nv##_2, gemm_##form##_##nv##_3, gemm_##form##_##nv##_4, \
    gemm_##form##_##nv##_5, gemm_##form##_##nv##_6, gemm_##form##_##nv##_7
#define GEMM_FORM(form) \
    {{GEMM_TALL(form, 1)}, {GEMM_TALL(form, 2)}, {GEMM_FLAT(form, 3)}, {GEMM_FLAT(form, 4)}}
#else
#define GEMM_TALL(form, nv) \
    gemm_##form##_##nv##_1, gemm_##form##_##nv##_2, gemm_##form##_##nv##_3, gemm_##form##_##nv##_4, \
    gemm_##form##_##nv##_5, gemm_##form##_##nv##_6
#define GEMM_FLAT(form, nv) \
    gemm_##form##_##nv##_1, gemm_##form##_##nv##_2, gemm_##form##_##nv##_3, gemm_##form##_##nv##_4
#define GEMM_FORM(form) {{GEMM_TALL(form, 1)}, {GEMM_TALL(form, 2)}, {GEMM_FLAT(form, 3)}}
#endif
static gemm_tile_fn *const gemm_tiles[2][GEMM_FLAT_NV][GEMM_MR] = {GEMM_FORM(row), GEMM_FORM(col)};

/* transpose_strip: up to VL rows of src become columns: to[c*ldt + r] = src[r*ld + c], r < rows, c < cols. */
static void transpose_strip(const real *src, ptrdiff_t ld, int rows, int cols, real *to, ptrdiff_t ldt)
{
    const real *row[VL];
    vmask live = v_mask(rows);
    int c = 0;
    for (int r = 0; r < VL; r++)
        row[r] = src + (r < rows ? r : 0) * ld;
    for (; c + 4 <= cols; c += 4, to += 4 * ldt) {
        vec a = v_load_quads(row, 4, c), b = v_load_quads(row + 1, 4, c);
        vec d = v_load_quads(row + 2, 4, c), e = v_load_quads(row + 3, 4, c);
        vec ab_low = v_unpack_low(a, b), ab_high = v_unpack_high(a, b);
        vec de_low = v_unpack_low(d, e), de_high = v_unpack_high(d, e);
        v_store_m(to, live, v_pairs_low(ab_low, de_low));
        v_store_m(to + ldt, live, v_pairs_high(ab_low, de_low));
        v_store_m(to + 2 * ldt, live, v_pairs_low(ab_high, de_high));
        v_store_m(to + 3 * ldt, live, v_pairs_high(ab_high, de_high));
    }
    for (; c < cols; c++, to += ldt)
        for (int r = 0; r < rows; r++)
            to[r] = row[r][c];
}

/* transpose: src [rows, cols] to `to` [cols, rows]. */
static void transpose(const real *src, ptrdiff_t ld, int rows, int cols, real *to, ptrdiff_t ldt)
{
    for (int r = 0; r < rows; r += VL)
        transpose_strip(src + r * ld, ld, rows - r < VL ? rows - r : VL, cols, to + r, ldt);
}

static void gemm_copy_panel(const real *b, ptrdiff_t ldb, int depth, int width, real *to, ptrdiff_t ldt)
{
    for (int k = 0; k < depth; k++)
        for (int j = 0; j < width; j += VL)
            v_store(to + k * ldt + j, v_load_n(b + k * ldb + j, width - j));
}

/* All rows against one panel; the tiles' heights differ by at most 1. */
static void gemm_panel(int ta, int nv, int most, int M, int depth, const real *a, ptrdiff_t lda,
                       const real *b, ptrdiff_t ldb, int accumulate, real *c, ptrdiff_t ldc, vmask last)
{
    int tiles = (M + most - 1) / most, low = M / tiles, taller = M % tiles;
    for (int t = 0; t < tiles; t++) {
        int mr = low + (t < taller);
        gemm_tiles[ta][nv - 1][mr - 1](depth, a, lda, b, ldb, accumulate, c, ldc, last);
        a += ta ? mr : mr * lda;
        c += mr * ldc;
    }
}

static void gemm(int ta, int tb, int M, int N, int K, const real *A, int lda, const real *B, int ldb,
                 int accumulate, real *C, int ldc)
{
    _Alignas(64) real panel[GEMM_DEPTH * GEMM_FLAT_NV * VL];
    int flat = M <= GEMM_FLAT_MR, pack = tb || (M >= GEMM_PACK_ROWS && K >= GEMM_PACK_DEPTH);
    int wide = (flat ? GEMM_FLAT_NV : GEMM_NV) * VL, most = flat ? GEMM_FLAT_MR : GEMM_MR;
    for (int j = 0; j < N && M > 0; j += wide) {
        int width = N - j < wide ? N - j : wide, nv = (width + VL - 1) / VL, k = 0;
        vmask last = v_mask(width - (nv - 1) * VL);
        do {
            int depth = pack && K - k > GEMM_DEPTH ? GEMM_DEPTH : K - k;
            const real *b = tb ? B + (ptrdiff_t)j * ldb + k : B + (ptrdiff_t)k * ldb + j;
            ptrdiff_t ldp = pack ? nv * VL : ldb;
            if (tb)
                transpose(b, ldb, width, depth, panel, ldp);
            else if (pack)
                gemm_copy_panel(b, ldb, depth, width, panel, ldp);
            gemm_panel(ta, nv, most, M, depth, A + (ta ? (ptrdiff_t)k * lda : k), lda, pack ? panel : b, ldp,
                       accumulate || k > 0, C + j, ldc, last);
            k += depth;
        } while (k < K);
    }
}
