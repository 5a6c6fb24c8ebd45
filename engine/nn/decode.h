#ifndef GRPOLAB_NN_DECODE_H
#define GRPOLAB_NN_DECODE_H

#include "engine/nn/block.h"

/* Autoregressive decoding with a cache: a batch of slots, one sequence each. MLA caches the latent c_KV and k_R
 * only and attends in absorbed form (V2 section 2.1.2: q~ = W_UK^T q_C, out = W_UV sum p c), or, plain, caches
 * every head's keys and values. Multi-head attention has the plain form only. */
enum decode_form { DECODE_ABSORBED, DECODE_PLAIN };

struct decoder {
    const struct model *m;
    enum decode_form form;
    int slots_n, positions_n, rows_n;   /* rows_n: most rows of one call */
    int Hk, dk, dv, value_in_key;       /* what one cached position is */
    size_t slot_reals;                  /* of one slot in one layer */
    real *cache;                        /* [layers_n][slots_n][slot_reals] */
    real *absorb;                       /* [layers_n][H][nope, kv_rank]: W_UK transposed per head */
    struct block_state state;           /* activations of the rows of one call; s.x is the residual stream */
    real *q, *context;                  /* [rows, H*dk] absorbed queries, [rows, H*kv_rank] attended latents */
    real *key;                          /* [rows, Hk*dk] to be cached */
    real *y, *normed, *rstd, *logits, *load, *scratch;
    const real *w, *bias;               /* borrowed since decoder_load */
};

/* decoder_init: memory from the arena. Errors: ST_NOMEM. */
enum status decoder_init(struct decoder *d, const struct model *m, enum decode_form form, int slots_n,
                         int positions_n, int rows_n, struct arena *a, struct err *e);

/* decoder_load: weights and expert biases to decode with, borrowed until the next load. */
void decoder_load(struct decoder *d, const real *w, const real *bias);

/* decoder_step: feeds n tokens, row r to slot[r] at position[r], and returns logits [n, V] (owned by d, valid until the
 * next call). A slot may have several rows in one call when they are consecutive positions: a prompt is one call. */
const real *decoder_step(struct decoder *d, int n, const int *slot, const uint16_t *token, const int *position);

/* decoder_share: slot `to` starts with the first n cached positions of slot `from` (a group's prompt). */
void decoder_share(struct decoder *d, int from, int to, int n);

/* cache_bytes_per_token: over all layers, for the figures on screen. */
size_t decoder_bytes_per_token(const struct decoder *d);

#endif
