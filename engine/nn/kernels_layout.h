#ifndef GRPOLAB_NN_KERNELS_LAYOUT_H
#define GRPOLAB_NN_KERNELS_LAYOUT_H

#include <stddef.h>

/* Sizes that all tables agree on, private to the kernels.
 *
 * A sequence's cache is a row of blocks of CACHE_BLOCK positions, the same for every table. A block holds,
 * key head after key head, the keys by dimension [dk][CACHE_BLOCK] (a score needs no horizontal sum) and
 * then, key head after key head, the values by position [CACHE_BLOCK][dv]; where the value is the head of the
 * key, the keys alone. So a cache of n positions is a prefix of a longer one. Memory past the last position
 * never counts: lanes are masked. */
enum { CACHE_BLOCK = 16 };
enum { ATTEND_PAGES = 4 };      /* whose scores attend_pages holds at once */

/* Attention takes up to ATTENTION_ROWS queries at a time against the keys that they may see: fewer in a short
 * sequence, where the blocks on the diagonal, half of them wasted, are a larger share. Both are
 * multiples of the 14 rows of a gemm tile. */
enum { ATTENTION_ROWS = 28, ATTENTION_SHORT = 100 };

static inline int attention_rows(int n)
{
    return n <= ATTENTION_SHORT ? ATTENTION_ROWS / 2 : ATTENTION_ROWS;
}

static inline size_t padded(int n)  /* n rounded up to whole blocks */
{
    return ((size_t)n + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK;
}

/* attention_ld: the length of a row of scores for n keys: whole blocks, an odd number of them, so that the
 * rows of a tile do not meet in the same sets of the first-level cache. */
static inline size_t attention_ld(int n)
{
    return padded(n) | CACHE_BLOCK;
}

static inline size_t cache_block_reals(int Hk, int dk, int dv, int value_in_key)
{
    return (size_t)Hk * CACHE_BLOCK * (size_t)(value_in_key ? dk : dk + dv);
}

#endif
