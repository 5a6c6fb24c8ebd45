/* Decoding: one query of one sequence against its cache, and the writing of the cache. A body for the kernels_*.c
 * files; the layout of a cache is in kernels_layout.h.
 *
 * Scores come 16 positions at a time, one lane a position, for up to four heads that share their keys; then the
 * softmax of each head; then the values, one row a position, summed in four interleaved chains whose lengths
 * depend on n alone. Memory past position n is loaded where whole blocks are, and masked before it counts. */

enum { ATTEND_HEADS = 4, ATTEND_CHAINS = 4, ATTEND_LANES = CACHE_BLOCK / VL };

/* Scores of `heads` heads (queries dk apart) over blocks*16 positions; keys of block b at key + b*step. */
V_INLINE void attend_scores(const int heads, int blocks, int dk, const real *key, ptrdiff_t step, const real *q,
                            real *scores, ptrdiff_t ld)
{
    for (int b = 0; b < blocks; b++, key += step) {
        vec sum[ATTEND_HEADS][ATTEND_LANES];
        V_UNROLL
        for (int h = 0; h < heads; h++) {
            V_UNROLL
            for (int l = 0; l < ATTEND_LANES; l++)
                sum[h][l] = v_zero();
        }
        for (int d = 0; d < dk; d++) {
            V_UNROLL
            for (int l = 0; l < ATTEND_LANES; l++) {
                vec x = v_load(key + d * CACHE_BLOCK + l * VL);
                V_UNROLL
                for (int h = 0; h < heads; h++)
                    sum[h][l] = v_fma(v_set1(q[h * dk + d]), x, sum[h][l]);
            }
        }
        V_UNROLL
        for (int h = 0; h < heads; h++) {
            V_UNROLL
            for (int l = 0; l < ATTEND_LANES; l++)
                v_store(scores + h * ld + b * CACHE_BLOCK + l * VL, sum[h][l]);
        }
    }
}

/* One vector of columns of the output of one head: sum over n positions of p * value. */
V_INLINE vec attend_values(int n, int dv, const real *value, ptrdiff_t step, const real *p, int left)
{
    vec sum[ATTEND_CHAINS];
    V_UNROLL
    for (int c = 0; c < ATTEND_CHAINS; c++)
        sum[c] = v_zero();
    for (int b = 0; b < n; b += CACHE_BLOCK, value += step, p += CACHE_BLOCK) {
        int here = n - b < CACHE_BLOCK ? n - b : CACHE_BLOCK, i = 0;
        for (; i + ATTEND_CHAINS <= here; i += ATTEND_CHAINS) {
            V_UNROLL
            for (int c = 0; c < ATTEND_CHAINS; c++)
                sum[c] = v_fma(v_set1(p[i + c]), v_load_n(value + (i + c) * dv, left), sum[c]);
        }
        for (; i < here; i++)
            sum[0] = v_fma(v_set1(p[i]), v_load_n(value + i * dv, left), sum[0]);
    }
    return v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]));
}

static void attend_group(int heads, int n, int dk, int dv, const real *key, const real *value, ptrdiff_t step,
                         const real *q, real scale, real *out, real *scores)
{
    int blocks = (int)(padded(n) / CACHE_BLOCK);
    ptrdiff_t ld = (ptrdiff_t)padded(n);
    if (heads == 4)
        attend_scores(4, blocks, dk, key, step, q, scores, ld);
    else if (heads == 3)
        attend_scores(3, blocks, dk, key, step, q, scores, ld);
    else if (heads == 2)
        attend_scores(2, blocks, dk, key, step, q, scores, ld);
    else
        attend_scores(1, blocks, dk, key, step, q, scores, ld);
    for (int h = 0; h < heads; h++) {
        real max, sum = attention_exp(n, n, scores + h * ld, scale, &max);
        for (int j = 0; j < dv; j += VL) {
            vec x = attend_values(n, dv, value + j, step, scores + h * ld, dv - j);
            v_store_n(out + h * dv + j, dv - j, v_mul(x, v_set1(1 / sum)));
        }
    }
}

static void attend(int n, int H, int Hk, int dk, int dv, int value_in_key, const real *cache, const real *q,
                   real scale, real *out, real *scratch)
{
    int group = H / Hk;
    ptrdiff_t step = (ptrdiff_t)cache_block_reals(Hk, dk, dv);
    (void)value_in_key;
    for (int hk = 0; hk < Hk; hk++) {
        const real *key = cache + (ptrdiff_t)hk * dk * CACHE_BLOCK;
        const real *value = cache + ((ptrdiff_t)Hk * dk + (ptrdiff_t)hk * dv) * CACHE_BLOCK;
        for (int h = 0; h < group; h += ATTEND_HEADS)
            attend_group(group - h < ATTEND_HEADS ? group - h : ATTEND_HEADS, n, dk, dv, key, value, step,
                         q + (ptrdiff_t)(hk * group + h) * dk, scale, out + (ptrdiff_t)(hk * group + h) * dv,
                         scratch);
    }
}

static void cache_put(int position, int Hk, int dk, int dv, int value_in_key, real *cache, const real *k,
                      const real *v)
{
    int lane = position % CACHE_BLOCK;
    real *block = cache + (size_t)(position / CACHE_BLOCK) * cache_block_reals(Hk, dk, dv);
    for (int i = 0; i < Hk * dk; i++)
        block[i * CACHE_BLOCK + lane] = k[i];
    for (int h = 0; h < Hk; h++) {
        real *to = block + ((ptrdiff_t)Hk * dk + (ptrdiff_t)h * dv) * CACHE_BLOCK + (ptrdiff_t)lane * dv;
        memcpy(to, value_in_key ? k + h * dk : v + h * dv, (size_t)dv * sizeof *to);
    }
}
