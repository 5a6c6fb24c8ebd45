#ifndef GRPOLAB_NN_DECODE_H
#define GRPOLAB_NN_DECODE_H

#include "engine/nn/block.h"
#include "engine/nn/paged.h"

/* Autoregressive decoding with a cache: a batch of slots, one sequence each. MLA caches the latent c_KV and
 * k_R only and attends in absorbed form (V2 section 2.1.2: q~ = W_UK^T q_C, out = W_UV sum p c), or, plain,
 * caches every head's keys and values. Multi-head attention has the plain form only; where groups of heads
 * share keys and values (grouped-query, multi-query) it caches what they share. */
enum decode_form { DECODE_ABSORBED, DECODE_PLAIN };

struct decoder {
    const struct model *m;
    enum decode_form form;
    int slots_n, positions_n, rows_n;   /* rows_n: most rows of one call */
    int Hk, dk, dv, value_in_key;       /* what one cached position is */
    size_t slot_reals;                  /* of one slot in one layer */
    real *cache;                        /* [layers_n][slots_n][slot_reals]; NULL: in pages */
    struct paged *pages;                /* borrowed; NULL: one contiguous cache a slot */
    real *absorb;                       /* [layers_n][H][nope, kv_rank]: W_UK transposed per head */
    struct block_state state;           /* activations of the rows of one call; s.x is the residual stream */
    real *q, *context;                  /* [rows, H*dk] absorbed queries, [rows,
                                         * H*kv_rank] attended latents */
    real *key;                          /* [rows, Hk*dk] to be cached */
    real *y, *normed, *rstd, *logits, *load, *scratch;
    const real *w, *bias;               /* since decoder_load: borrowed, but w is `prepared` in FP8 */
    const real *attend_w;               /* what the absorbed form attends with: w, or `prepared` */
    real *prepared;                     /* [params.total] in FP8, and in bf16 for the absorbed form: the
                                         * weights as the maps see them */
    struct bf16_weights *bf16;          /* in bf16: the maps' weights; NULL: not in bf16 */
    uint8_t *route;                     /* [rows][MoE layers, K] experts of the last decoder_step's rows; or NULL */
    /* Since decoder_add_modules: the MTP modules, each a layer of its own behind the model's. */
    int modules_n;
    real *module_cache, *module_absorb; /* as cache and absorb, [modules_n] */
    real *joined;                       /* [rows, 2D] both normed halves of a module's input */
    size_t row_reals;                   /* of what a row caches in a layer */
    real *row_kv;                       /* [layers_n][rows][row_reals] of the last call */
};

/* decoder_init: memory from the arena. Errors: ST_NOMEM. */
enum status decoder_init(struct decoder *d, const struct model *m, enum decode_form form, int slots_n,
                         int positions_n, int rows_n, struct arena *a, struct err *e);

/* decoder_init_paged: a decoder in absorbed form whose slots are the sequences of `pages`, borrowed. The
 * caller claims the positions of the rows (paged_claim) before each step; decoder_share is paged_share; there
 * are no MTP modules. For inspection and measurement: the bits are not those of the contiguous cache.
 * Errors: ST_NOMEM. */
enum status decoder_init_paged(struct decoder *d, const struct model *m, struct paged *pages, int rows_n,
                               struct arena *a, struct err *e);

/* decoder_load: weights and expert biases to decode with, borrowed until the next load. */
void decoder_load(struct decoder *d, const real *w, const real *bias);

/* decoder_add_modules: after decoder_init, memory for the model's MTP modules (V3 eq. 21-25) and for
 * decoder_keep. Errors: ST_NOMEM; ST_USAGE: the model has no module, or the cache is in pages. */
enum status decoder_add_modules(struct decoder *d, struct arena *a, struct err *e);

/* decoder_keep_routes: after decoder_init, memory for the experts of each row (config_route of them), which
 * are kept from then on. Errors: ST_NOMEM. */
enum status decoder_keep_routes(struct decoder *d, struct arena *a, struct err *e);

/* decoder_step: feeds n tokens, row r to slot[r] at position[r], and returns logits [n, V] (owned by d,
 * valid until the next call). A slot may have several rows in one call, by ascending position: a prompt is
 * one call, and drafts are verified in one. Attention is causal: a row sees what its slot has cached before
 * its position, the call's earlier rows included. A cache has no length, so positions are taken back by
 * feeding others in their place. Rows of a slot may also be alternatives at one position: each sees itself
 * there, later rows the last of them, which is what stays cached; decoder_keep puts another in its place. */
const real *decoder_step(struct decoder *d, int n, const int *slot, const uint16_t *token,
                         const int *position);

/* decoder_hidden: h [n, D], the residual stream of the last call's rows after the last layer, before the
 * final norm (after decoder_module: after the module's block). Borrowed until the next call. */
const real *decoder_hidden(const struct decoder *d);

/* decoder_module: MTP module `module` (from 0) on n rows: h' = M [RMSNorm(h) ; RMSNorm(Emb(next))], one
 * block over the module's own cache, the shared head (V3 eq. 21-23). h [n, D] is the residual stream at
 * position[r] of slot[r], the model's or that of the module before; next[r] is the token module + 1 places
 * further. Returns logits [heads_n, V] of the rows head_row[0..heads_n-1] alone, for the token module + 2
 * places further. */
const real *decoder_module(struct decoder *d, int module, int n, const int *slot, const uint16_t *next,
                           const int *position, const real *h, int heads_n, const int *head_row);

/* decoder_keep: what row `row` of the last decoder_step cached becomes what its slot holds at that
 * position, in every layer. Needs decoder_add_modules. */
void decoder_keep(struct decoder *d, int row, int slot, int position);

/* decoder_share: slot `to` starts with the first n cached positions of slot `from` (a group's prompt), the
 * modules' caches included. */
void decoder_share(struct decoder *d, int from, int to, int n);

/* decoder_bytes_per_token: over all layers of the model, for the figures on screen. */
size_t decoder_bytes_per_token(const struct decoder *d);

#endif
