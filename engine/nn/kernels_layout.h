#ifndef GRPOLAB_NN_KERNELS_LAYOUT_H
#define GRPOLAB_NN_KERNELS_LAYOUT_H

#include <stddef.h>

/* Sizes that all tables agree on, private to the kernels.
 *
 * A sequence's cache is a row of blocks of CACHE_BLOCK positions, the same for every table. A block holds, key head
 * after key head, the keys by dimension [dk][CACHE_BLOCK] (a score needs no horizontal sum) and then, key head after
 * key head, the values by position [CACHE_BLOCK][dv]. Where the value is the head of the key it is stored twice, once
 * in each order. Memory past the last position is never interpreted: its lanes are masked. */
enum { CACHE_BLOCK = 16 };

/* Attention takes ATTENTION_ROWS queries at a time, against the keys that they may see. */
enum { ATTENTION_ROWS = 28 };

static inline size_t padded(int n)  /* n rounded up to whole blocks */
{
    return ((size_t)n + CACHE_BLOCK - 1) / CACHE_BLOCK * CACHE_BLOCK;
}

static inline size_t cache_block_reals(int Hk, int dk, int dv)
{
    return (size_t)Hk * CACHE_BLOCK * (size_t)(dk + dv);
}

#endif
