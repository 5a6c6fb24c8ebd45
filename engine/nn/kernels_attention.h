/* Causal attention over packed sequences, forward and backward: a body for the kernels_*.c files.
 *
 * Per sequence and head, ATTENTION_ROWS queries at a time see the keys before them: scores by gemm against
 * the keys transposed once, exponentials in place, then gemm again. So only the blocks on or below the
 * diagonal are computed, and the only large temporary is a strip of scores. Nothing depends on the other
 * sequences.
 *
 * Forward, row i of a head, over j <= i:
 *   s_j = scale q_i.k_j,  lse_i = log sum e^s_j,  out_i = sum e^(s_j - lse_i) v_j.
 * Backward (FlashAttention, Dao et al. 2022, appendix B.2):
 *   p_j = e^(s_j - lse_i),  D = dout_i.out_i,  g_j = p_j (dout_i.v_j - D) scale;
 *   dq_i = sum g_j k_j,  dk_j += g_j q_i,  dv_j += p_j dout_i. */

/* e = exp(scale (s - max)) over s[0..n-1] in place, zeros up to `width`; returns their sum, *max scaled. */
static real attention_exp(int n, int width, real *s, real scale, real *max)
{
    vec top = v_set1(-INFINITY), sum = v_zero(), by = v_set1(scale);
    int whole = n - n % VL, j;
    for (j = 0; j < whole; j += VL)
        top = v_max(v_mul(v_load(s + j), by), top);
    if (j < n)
        top = v_max(v_keep_n(v_mul(v_load_n(s + j, n - j), by), n - j, top), top);
    *max = v_top(top);
    vec minus = v_set1(-*max);
    for (j = 0; j < whole; j += VL) {
        vec e = v_exp(v_fma(v_load(s + j), by, minus));
        sum = v_add(sum, e);
        v_store(s + j, e);
    }
    if (j < n) {
        vec e = v_keep_n(v_exp(v_fma(v_load_n(s + j, n - j), by, minus)), n - j, v_zero());
        sum = v_add(sum, e);
        v_store(s + j, e);
        j += VL;
    }
    for (; j < width; j += VL)
        v_store(s + j, v_zero());
    return v_sum(sum);
}

static void row_scale(int n, real *x, real by)
{
    for (int j = 0; j < n; j += VL)
        v_store_n(x + j, n - j, v_mul(v_load_n(x + j, n - j), v_set1(by)));
}

static real row_dot(int n, const real *x, const real *y)
{
    vec sum = v_zero();
    for (int j = 0; j < n; j += VL)
        sum = v_fma(v_load_n(x + j, n - j), v_load_n(y + j, n - j), sum);
    return v_sum(sum);
}

/* rows_copy: x [n, width] to rows of padded(width). Gathers one head's keys or values, which lie far apart,
 * often by a power of 2 that would put them all in the same few sets of the cache. */
static void rows_copy(int n, int width, const real *x, int ld, real *to)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < width; j += VL)
            v_store_n(to + (size_t)i * padded(width) + j, width - j,
                      v_load_n(x + (ptrdiff_t)i * ld + j, width - j));
}

/* One head of one sequence of n tokens; kt [dk, attention_ld(n)]. lse has a stride of H. */
static void attention_head(int n, int H, int dk, int dv, const real *q, int ldq, const real *kt,
                           const real *v, int ldv, real scale, real *out, int ldo, real *lse, real *scores)
{
    int ld = (int)attention_ld(n), most = attention_rows(n);
    for (int r = 0; r < n; r += most) {
        int rows = n - r < most ? n - r : most, seen = r + rows;
        real sum[ATTENTION_ROWS], max[ATTENTION_ROWS], log_sum[ATTENTION_ROWS];
        gemm(0, 0, rows, seen, dk, q + (ptrdiff_t)r * ldq, ldq, kt, ld, 0, scores, ld);
        for (int i = 0; i < rows; i++)
            sum[i] = attention_exp(r + i + 1, seen, scores + (ptrdiff_t)i * ld, scale, &max[i]);
        for (int i = 0; i < rows; i += VL)
            v_store_n(log_sum + i, rows - i, v_log(v_load_n(sum + i, rows - i)));
        for (int i = 0; i < rows; i++)
            lse[(ptrdiff_t)(r + i) * H] = max[i] + log_sum[i];
        gemm(0, 0, rows, dv, seen, scores, ld, v, ldv, 0, out + (ptrdiff_t)r * ldo, ldo);
        for (int i = 0; i < rows; i++)
            row_scale(dv, out + (ptrdiff_t)(r + i) * ldo, 1 / sum[i]);
    }
}

static void attention(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q, int ldq,
                      const real *k, int ldk, const real *v, int ldv, real scale, real *out, int ldo,
                      real *lse, real *scratch)
{
    int group = H / Hk;
    for (int s = 0; s < seq->n; s++) {
        ptrdiff_t at = seq->begin[s];
        int n = seq->begin[s + 1] - seq->begin[s];
        size_t ld = attention_ld(n);
        real *kt = scratch, *scores = kt + (size_t)dk * ld, *values = scores + ATTENTION_ROWS * ld;
        for (int h = 0; h < H; h++) {
            int hk = h / group;
            if (h % group == 0) {
                transpose(k + at * ldk + hk * dk, ldk, n, dk, kt, (ptrdiff_t)ld);
                rows_copy(n, dv, v + at * ldv + hk * dv, ldv, values);
            }
            attention_head(n, H, dk, dv, q + at * ldq + h * dk, ldq, kt, values, (int)padded(dv), scale,
                           out + at * ldo + h * dv, ldo, lse + at * H + h, scores);
        }
    }
}

/* scores -> p and dp -> g of one row, zeros from n up to `width`. */
static void attention_row_backward(int n, int width, real *p, real *g, real scale, real lse, real dot)
{
    vec by = v_set1(scale), minus = v_set1(-lse), d = v_set1(dot);
    int j = 0;
    for (; j < n; j += VL) {
        vec e = v_keep_n(v_exp(v_fma(v_load_n(p + j, n - j), by, minus)), n - j, v_zero());
        vec slope = v_mul(v_mul(e, v_sub(v_load_n(g + j, n - j), d)), by);
        v_store(p + j, e);
        v_store(g + j, v_keep_n(slope, n - j, v_zero()));
    }
    for (; j < width; j += VL) {
        v_store(p + j, v_zero());
        v_store(g + j, v_zero());
    }
}

/* The tensors of one head of one sequence, for the backward. */
struct attention_view {
    int n, H, dk, dv, ldq, ldk, ldv, ldo;
    const real *q, *keys, *kt, *vt, *out, *dout, *lse;
    real *dq, *dk_, *dv_, *p, *g;
};

static void attention_head_backward(const struct attention_view *a, real scale)
{
    int ld = (int)attention_ld(a->n), n = a->n, most = attention_rows(n);
    for (int r = 0; r < n; r += most) {
        int rows = n - r < most ? n - r : most, seen = r + rows;
        const real *q = a->q + (ptrdiff_t)r * a->ldq, *dout = a->dout + (ptrdiff_t)r * a->ldo;
        real dot[ATTENTION_ROWS];
        gemm(0, 0, rows, seen, a->dk, q, a->ldq, a->kt, ld, 0, a->p, ld);
        gemm(0, 0, rows, seen, a->dv, dout, a->ldo, a->vt, ld, 0, a->g, ld);
        /* In a loop of their own, so that the rows of out come from far memory side by side. */
        for (int i = 0; i < rows; i++)
            dot[i] = row_dot(a->dv, dout + (ptrdiff_t)i * a->ldo, a->out + (ptrdiff_t)(r + i) * a->ldo);
        for (int i = 0; i < rows; i++)
            attention_row_backward(r + i + 1, seen, a->p + (ptrdiff_t)i * ld, a->g + (ptrdiff_t)i * ld, scale,
                                   a->lse[(ptrdiff_t)(r + i) * a->H], dot[i]);
        gemm(0, 0, rows, a->dk, seen, a->g, ld, a->keys, (int)padded(a->dk), 0, a->dq + (ptrdiff_t)r * a->ldq,
             a->ldq);
        gemm(1, 0, seen, a->dk, rows, a->g, ld, q, a->ldq, 1, a->dk_, a->ldk);
        gemm(1, 0, seen, a->dv, rows, a->p, ld, dout, a->ldo, 1, a->dv_, a->ldv);
    }
}

static void rows_clear(int n, int width, real *x, int ld)
{
    for (int i = 0; i < n; i++)
        memset(x + (ptrdiff_t)i * ld, 0, (size_t)width * sizeof *x);
}

static void attention_backward(const struct packing *seq, int H, int Hk, int dk, int dv, const real *q,
                               int ldq, const real *k, int ldk, const real *v, int ldv, real scale,
                               const real *out, const real *dout, int ldo, const real *lse, real *dq,
                               real *dk_, real *dv_, real *scratch)
{
    int group = H / Hk;
    for (int s = 0; s < seq->n; s++) {
        ptrdiff_t at = seq->begin[s];
        int n = seq->begin[s + 1] - seq->begin[s];
        size_t ld = attention_ld(n);
        real *kt = scratch, *vt = kt + (size_t)dk * ld, *p = vt + (size_t)dv * ld;
        real *g = p + ATTENTION_ROWS * ld, *keys = g + ATTENTION_ROWS * ld;
        for (int h = 0; h < H; h++) {
            ptrdiff_t hk = h / group, key = at * ldk + hk * dk, value = at * ldv + hk * dv;
            ptrdiff_t query = at * ldq + (ptrdiff_t)h * dk, result = at * ldo + (ptrdiff_t)h * dv;
            if (h % group == 0) {
                transpose(k + key, ldk, n, dk, kt, (ptrdiff_t)ld);
                transpose(v + value, ldv, n, dv, vt, (ptrdiff_t)ld);
                rows_copy(n, dk, k + key, ldk, keys);
                rows_clear(n, dk, dk_ + key, ldk);
                rows_clear(n, dv, dv_ + value, ldv);
            }
            struct attention_view a = {n, H, dk, dv, ldq, ldk, ldv, ldo, q + query, keys, kt, vt,
                                       out + result, dout + result, lse + at * H + h, dq + query, dk_ + key,
                                       dv_ + value, p, g};
            attention_head_backward(&a, scale);
        }
    }
}
