/* Decoding: one query of one sequence against its cache, and the writing of the cache. A body for the
 * kernels_*.c files; the layout of a cache is in kernels_layout.h.
 *
 * Up to four heads that share their keys go together. Scores come with one lane a position, several blocks at
 * once so that enough sums are under way; then the softmax of each head; then the values. Where values lie by
 * position they are summed in four interleaved chains; where the key is the value, by dimension with one lane
 * a position, and the lanes are added at the end. How a number is summed depends on n alone.
 *
 * Over pages, the scores of four pages at a time; running maxima, sums and values (by lanes, added at the end
 * as well) carry the softmax from one four to the next. */

enum {
    ATTEND_HEADS = 4,
    ATTEND_CHAINS = 4,
    ATTEND_LANES = CACHE_BLOCK / VL,            /* vectors in a row of a block */
    ATTEND_DIMENSIONS = 4,                      /* of a value by dimension, taken together */
    ATTEND_SHARED_BLOCKS = VL == 16 ? 2 : 1,    /* blocks at once for three or four heads */
    ATTEND_SINGLE_BLOCKS = VL == 16 ? 8 : VL == 8 ? 4 : 1
};

/* One group: queries are dk apart, outputs dv apart, rows of p ld apart. */
struct attend_group {
    int heads, n, dk, dv;
    const real *key, *value;  /* of the group's key head in the first block */
    ptrdiff_t step, ld;       /* from block to block; padded(n) */
    const real *q;
    real *p;                  /* scores, then their exponentials */
};

/* Scores over `wide` blocks from block b on. */
V_INLINE void attend_blocks(const int heads, const int wide, const struct attend_group *g, int b)
{
    vec sum[ATTEND_HEADS][ATTEND_SINGLE_BLOCKS * ATTEND_LANES];
    const real *key = g->key + b * g->step, *q = g->q;
    real *p = g->p + b * CACHE_BLOCK;
    V_UNROLL
    for (int h = 0; h < heads; h++) {
        V_UNROLL
        for (int l = 0; l < wide * ATTEND_LANES; l++)
            sum[h][l] = v_zero();
    }
    for (int d = 0; d < g->dk; d++, q++, key += CACHE_BLOCK) {
        V_UNROLL
        for (int l = 0; l < wide * ATTEND_LANES; l++) {
            vec x = v_load(key + l / ATTEND_LANES * g->step + l % ATTEND_LANES * VL);
            V_UNROLL
            for (int h = 0; h < heads; h++)
                sum[h][l] = v_fma(v_set1(q[h * g->dk]), x, sum[h][l]);
        }
    }
    V_UNROLL
    for (int h = 0; h < heads; h++) {
        V_UNROLL
        for (int l = 0; l < wide * ATTEND_LANES; l++)
            v_store(p + h * g->ld + l * VL, sum[h][l]);
    }
}

V_INLINE void attend_scores(const int heads, const struct attend_group *g)
{
    const int wide = heads > 1 ? ATTEND_SHARED_BLOCKS : ATTEND_SINGLE_BLOCKS;
    int blocks = (int)(padded(g->n) / CACHE_BLOCK), b = 0;
    for (; b + wide <= blocks; b += wide)
        attend_blocks(heads, wide, g, b);
    for (; b < blocks; b++)
        attend_blocks(heads, 1, g, b);
}

/* One vector of columns from j on of head h: sum over positions of p * value, values by position. */
static vec attend_value(const struct attend_group *g, int h, int j)
{
    vec sum[ATTEND_CHAINS];
    const real *value = g->value + j, *p = g->p + h * g->ld;
    int dv = g->dv, left = dv - j;
    V_UNROLL
    for (int c = 0; c < ATTEND_CHAINS; c++)
        sum[c] = v_zero();
    for (int b = 0; b < g->n; b += CACHE_BLOCK, value += g->step, p += CACHE_BLOCK) {
        int here = g->n - b < CACHE_BLOCK ? g->n - b : CACHE_BLOCK, i = 0;
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

/* Dimensions j..j+3 of all heads, values by dimension: the first dv rows of the key, added to sum with one
 * lane a position. Rows past dv-1 are read as dv-1 and dropped. Lanes past n hold p = 0, but their keys may
 * be anything, NaN too, and are masked. */
V_INLINE void attend_latent_sum(const int heads, const struct attend_group *g, int j,
                                vec sum[ATTEND_HEADS][ATTEND_DIMENSIONS])
{
    ptrdiff_t row[ATTEND_DIMENSIONS];
    V_UNROLL
    for (int d = 0; d < ATTEND_DIMENSIONS; d++)
        row[d] = (ptrdiff_t)(j + d < g->dv ? j + d : g->dv - 1) * CACHE_BLOCK;
    const real *key = g->key, *p = g->p;
    for (int left = g->n; left > 0; left -= CACHE_BLOCK, key += g->step, p += CACHE_BLOCK)
        for (int l = 0; l < CACHE_BLOCK && l < left; l += VL) {
            vec weight[ATTEND_HEADS];
            V_UNROLL
            for (int h = 0; h < heads; h++)
                weight[h] = v_load(p + h * g->ld + l);
            V_UNROLL
            for (int d = 0; d < ATTEND_DIMENSIONS; d++) {
                vec x = v_load_n(key + row[d] + l, left - l);
                V_UNROLL
                for (int h = 0; h < heads; h++)
                    sum[h][d] = v_fma(weight[h], x, sum[h][d]);
            }
        }
}

V_INLINE void attend_latent_out(const int heads, int dv, int j, vec sum[ATTEND_HEADS][ATTEND_DIMENSIONS],
                                const real *scale, real *out)
{
    V_UNROLL
    for (int h = 0; h < heads; h++) {
        real four[ATTEND_DIMENSIONS];
        v_sums(four, sum[h][0], sum[h][1], sum[h][2], sum[h][3]);
        for (int d = 0; d < ATTEND_DIMENSIONS && j + d < dv; d++)
            out[h * dv + j + d] = four[d] * scale[h];
    }
}

V_INLINE void attend_latent(const int heads, const struct attend_group *g, int j, const real *scale,
                            real *out)
{
    vec sum[ATTEND_HEADS][ATTEND_DIMENSIONS];
    V_UNROLL
    for (int h = 0; h < heads; h++) {
        V_UNROLL
        for (int d = 0; d < ATTEND_DIMENSIONS; d++)
            sum[h][d] = v_zero();
    }
    attend_latent_sum(heads, g, j, sum);
    attend_latent_out(heads, g->dv, j, sum, scale, out);
}

V_INLINE void attend_heads(const int heads, const struct attend_group *g, int value_in_key, real scale,
                           real *out)
{
    real inverse[ATTEND_HEADS];
    attend_scores(heads, g);
    for (int h = 0; h < heads; h++) {
        real max;
        inverse[h] = 1 / attention_exp(g->n, (int)g->ld, g->p + h * g->ld, scale, &max);
    }
    if (value_in_key) {
        for (int j = 0; j < g->dv; j += ATTEND_DIMENSIONS)
            attend_latent(heads, g, j, inverse, out);
        return;
    }
    for (int h = 0; h < heads; h++)
        for (int j = 0; j < g->dv; j += VL)
            v_store_n(out + h * g->dv + j, g->dv - j, v_mul(attend_value(g, h, j), v_set1(inverse[h])));
}

static void attend(int n, int H, int Hk, int dk, int dv, int value_in_key, const real *cache, const real *q,
                   real scale, real *out, real *scratch)
{
    int group = H / Hk;
    ptrdiff_t step = (ptrdiff_t)cache_block_reals(Hk, dk, dv, value_in_key);
    for (int hk = 0; hk < Hk; hk++)
        for (int h = 0; h < group; h += ATTEND_HEADS) {
            ptrdiff_t first = (ptrdiff_t)hk * group + h;
            int heads = group - h < ATTEND_HEADS ? group - h : ATTEND_HEADS;
            struct attend_group g = {heads, n, dk, dv, cache + (ptrdiff_t)hk * dk * CACHE_BLOCK,
                                     cache + ((ptrdiff_t)Hk * dk + (ptrdiff_t)hk * dv) * CACHE_BLOCK, step,
                                     (ptrdiff_t)padded(n), q + first * dk, scratch};
            if (heads == 4)
                attend_heads(4, &g, value_in_key, scale, out + first * dv);
            else if (heads == 3)
                attend_heads(3, &g, value_in_key, scale, out + first * dv);
            else if (heads == 2)
                attend_heads(2, &g, value_in_key, scale, out + first * dv);
            else
                attend_heads(1, &g, value_in_key, scale, out + first * dv);
        }
}

static void attend_exp(int n, const real *x, real *y)
{
    for (int i = 0; i < n; i += VL)
        v_store_n(y + i, n - i, v_exp(v_load_n(x + i, n - i)));
}

/* Running maximum and sum of a group, and its values so far: four dimensions of all heads after the other, a
 * vector of lanes each. */
struct attend_state {
    real max[ATTEND_HEADS], sum[ATTEND_HEADS];
    real *value;    /* [dv / 4, heads, 4, VL] */
};

/* Where positions lie: pages of `page` of them, anywhere in one pool. */
struct attend_pool {
    int page;
    const real *memory;
    ptrdiff_t stride;         /* from page to page */
};

/* What of a group lies in the page after `at` positions of the n that begin with table's first page. */
V_INLINE struct attend_group attend_of_page(const struct attend_group *g, const struct attend_pool *m,
                                            const int *table, int n, int at)
{
    struct attend_group one = *g;
    one.n = n - at < m->page ? n - at : m->page;
    one.key = m->memory + table[at / m->page] * m->stride;
    one.p = g->p + at;
    return one;
}

/* The next n positions, a few pages: their exponentials have a maximum of their own; they and what came
 * before are brought to the larger of both. */
V_INLINE void attend_part(const int heads, const struct attend_group *g, const struct attend_pool *m,
                          const int *table, int n, real scale, struct attend_state *s)
{
    real part[ATTEND_HEADS], keep[ATTEND_HEADS], gain[ATTEND_HEADS], *value = s->value;
    struct attend_group one[ATTEND_PAGES];
    int pages = 0;
    for (int at = 0; at < n; at += m->page) {
        one[pages] = attend_of_page(g, m, table, n, at);
        attend_scores(heads, &one[pages++]);
    }
    for (int h = 0; h < heads; h++) {
        real top, now;
        part[h] = attention_exp(n, (int)g->ld, g->p + h * g->ld, scale, &top);
        now = top > s->max[h] ? top : s->max[h];
        keep[h] = s->max[h] - now;
        gain[h] = top - now;
        s->max[h] = now;
    }
    attend_exp(heads, keep, keep);
    attend_exp(heads, gain, gain);
    for (int h = 0; h < heads; h++) {
        s->sum[h] = s->sum[h] * keep[h] + part[h] * gain[h];
        row_scale((int)g->ld, g->p + h * g->ld, gain[h]);
    }
    for (int j = 0; j < g->dv; j += ATTEND_DIMENSIONS, value += heads * ATTEND_DIMENSIONS * VL) {
        vec sum[ATTEND_HEADS][ATTEND_DIMENSIONS];
        V_UNROLL
        for (int h = 0; h < heads; h++) {
            V_UNROLL
            for (int d = 0; d < ATTEND_DIMENSIONS; d++)
                sum[h][d] = v_mul(v_load(value + (h * ATTEND_DIMENSIONS + d) * VL), v_set1(keep[h]));
        }
        for (int i = 0; i < pages; i++)
            attend_latent_sum(heads, &one[i], j, sum);
        V_UNROLL
        for (int h = 0; h < heads; h++) {
            V_UNROLL
            for (int d = 0; d < ATTEND_DIMENSIONS; d++)
                v_store(value + (h * ATTEND_DIMENSIONS + d) * VL, sum[h][d]);
        }
    }
}

V_INLINE void attend_pages_heads(const int heads, struct attend_group *g, const struct attend_pool *m, int n,
                                 const int *table, real scale, real *out, real *scratch)
{
    struct attend_state s = {.value = scratch};
    real inverse[ATTEND_HEADS];
    int groups = (g->dv + ATTEND_DIMENSIONS - 1) / ATTEND_DIMENSIONS;
    for (int h = 0; h < heads; h++)
        s.max[h] = -INFINITY;
    memset(s.value, 0, (size_t)(groups * heads * ATTEND_DIMENSIONS * VL) * sizeof *s.value);
    for (int at = 0; at < n; at += ATTEND_PAGES * m->page) {
        int here = n - at < ATTEND_PAGES * m->page ? n - at : ATTEND_PAGES * m->page;
        g->ld = (ptrdiff_t)padded(here);
        attend_part(heads, g, m, table + at / m->page, here, scale, &s);
    }
    for (int h = 0; h < heads; h++)
        inverse[h] = 1 / s.sum[h];
    for (int j = 0; j < g->dv; j += ATTEND_DIMENSIONS, s.value += heads * ATTEND_DIMENSIONS * VL) {
        vec sum[ATTEND_HEADS][ATTEND_DIMENSIONS];
        V_UNROLL
        for (int h = 0; h < heads; h++) {
            V_UNROLL
            for (int d = 0; d < ATTEND_DIMENSIONS; d++)
                sum[h][d] = v_load(s.value + (h * ATTEND_DIMENSIONS + d) * VL);
        }
        attend_latent_out(heads, g->dv, j, sum, inverse, out);
    }
}

static void attend_pages(int n, int page, const int *table, const real *memory, ptrdiff_t stride, int H,
                         int dk, int dv, const real *q, real scale, real *out, real *scratch)
{
    real *values = scratch + ATTEND_HEADS * padded(ATTEND_PAGES * page);
    const struct attend_pool m = {page, memory, stride};
    for (ptrdiff_t h = 0; h < H; h += ATTEND_HEADS) {
        int heads = H - h < ATTEND_HEADS ? (int)(H - h) : ATTEND_HEADS;
        struct attend_group g = {.heads = heads, .dk = dk, .dv = dv, .q = q + h * dk, .p = scratch,
                                 .step = (ptrdiff_t)cache_block_reals(1, dk, dv, 1)};
        if (heads == 4)
            attend_pages_heads(4, &g, &m, n, table, scale, out + h * dv, values);
        else if (heads == 3)
            attend_pages_heads(3, &g, &m, n, table, scale, out + h * dv, values);
        else if (heads == 2)
            attend_pages_heads(2, &g, &m, n, table, scale, out + h * dv, values);
        else
            attend_pages_heads(1, &g, &m, n, table, scale, out + h * dv, values);
    }
}

static void cache_put(int position, int Hk, int dk, int dv, int value_in_key, real *cache, const real *k,
                      const real *v)
{
    int lane = position % CACHE_BLOCK;
    real *block = cache + (size_t)(position / CACHE_BLOCK) * cache_block_reals(Hk, dk, dv, value_in_key);
    for (int i = 0; i < Hk * dk; i++)
        block[i * CACHE_BLOCK + lane] = k[i];
    for (int h = 0; h < Hk && !value_in_key; h++) {
        real *to = block + ((ptrdiff_t)Hk * dk + (ptrdiff_t)h * dv) * CACHE_BLOCK + (ptrdiff_t)lane * dv;
        memcpy(to, v + h * dv, (size_t)dv * sizeof *to);
    }
}
