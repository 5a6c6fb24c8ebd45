#ifndef GRPOLAB_NN_PAGED_H
#define GRPOLAB_NN_PAGED_H

#include <stdint.h>

#include "engine/nn/model.h"

/* A paged latent cache: what FlashMLA decodes from. A page is PAGE_POSITIONS consecutive positions of one
 * sequence in all layers; a sequence has a table of its pages, which lie anywhere in one pool. So a sequence
 * takes memory as it grows, in whole pages, and the completions of a group hold the pages of their prompt
 * together. Attention goes over the pages with the softmax's running maximum and sum.
 *
 * It is for models with latent attention, decoded in absorbed form (decode.h, decoder_init_paged). Rollout
 * and evaluation keep the contiguous cache, whose bits are part of a run's digest: the softmax over pages is
 * the same mathematically, not to the bit. */
enum { PAGE_POSITIONS = 64 };   /* FlashMLA's block */

struct paged {
    int layers_n, dk, dv;         /* a cached position of a layer: dk reals, the first dv of them the value */
    int pages_n, sequences_n;
    int table_n;                  /* most pages of a sequence */
    size_t page_reals;            /* of a page in one layer */
    real *memory;                 /* [pages_n][layers_n][page_reals] */
    int *references;              /* [pages_n] sequences whose tables have the page; 0: free */
    int *vacant, vacant_n;        /* [pages_n] a stack of the free pages */
    int *table;                   /* [sequences_n][table_n] */
    int *held;                    /* [sequences_n] pages in the table */
    int peak_n;                   /* most pages in use at once */
    int64_t copied_n;             /* pages copied because one of their holders wrote */
};

/* paged_init: an empty pool for sequences of at most positions_n positions of a model c. Memory: the arena's.
 * Errors: ST_USAGE, the model has no latent attention; ST_NOMEM. */
enum status paged_init(struct paged *p, const struct model_config *c, int pages_n, int sequences_n,
                       int positions_n, struct arena *a, struct err *e);

/* paged_claim: makes position[i] of sequence[i], i < n, writable: the page is there and held by that sequence
 * alone, else taken from the pool or copied. A sequence grows without holes. Needed before each step that
 * writes there. Errors: ST_NOMEM, no page is left (what was claimed stays with its sequence); ST_USAGE names
 * a position that would leave a hole or is beyond the table. */
enum status paged_claim(struct paged *p, int n, const int *sequence, const int *position, struct err *e);

/* paged_share: `to` gives its pages back and begins with the first n positions of `from`: it holds the same
 * pages; the last, if it is not full, until one of them writes. */
void paged_share(struct paged *p, int from, int to, int n);

/* paged_drop: the sequence gives its pages back; those that others hold stay theirs. */
void paged_drop(struct paged *p, int sequence);

/* paged_put: the key [dk] of a claimed position. */
void paged_put(struct paged *p, const struct kernels *k, int layer, int sequence, int position,
               const real *key);

/* paged_attend: out [H,dv] = softmax(scale q.key) value over the first n positions, page by page with the
 * running maximum and sum of kernels.h, attend_pages.
 *   q [H,dk] in;  scratch: attend_pages_scratch(PAGE_POSITIONS, dv) reals
 * Threads: pure but for out and scratch. */
void paged_attend(const struct paged *p, const struct kernels *k, int layer, int sequence, int n, int H,
                  const real *q, real scale, real *out, real *scratch);

/* Bytes of a page in all layers, and pages in use. */
size_t paged_page_bytes(const struct paged *p);
int paged_used(const struct paged *p);

#endif
