#ifndef GRPOLAB_RUN_EXCHANGE_H
#define GRPOLAB_RUN_EXCHANGE_H

#include <stdint.h>

#include "engine/nn/model.h"

/* The same weights under two tables: ours (params.h: linear maps [in, out], queries and keys side by side,
 * gate and up side by side, all experts in one row) and Hugging Face's DeepseekV3ForCausalLM (one tensor a
 * map, [out, in]; MTP module k is layer num_hidden_layers + k). Elements are copied, never computed, so a way
 * there and back is the same to the bit. Both turn adjacent pairs in RoPE: the published code sorts even and
 * odd places apart before it turns halves, queries and keys alike, so that its weights stand in the order of
 * ours. */
enum { EXCHANGE_NAME = 80 };

/* How an element (o, i) of [out, in] is found in ours. */
enum exchange_kind {
    EXCHANGE_SAME,   /* in the same order: embedding, norms */
    EXCHANGE_LINEAR, /* our row i, column + o */
    EXCHANGE_KEYS,   /* kv_b_proj: by head [k_C | v] there; all heads' k_C, then all heads' v here */
    EXCHANGE_JOINED, /* eh_proj: [enorm(emb); hnorm(h)] there; [h; emb] here, as V3 eq. 21 has it */
    EXCHANGE_BIAS    /* e_score_correction_bias, in the table of expert biases */
};

struct exchange_tensor {
    char name[EXCHANGE_NAME];
    int rank;
    int64_t shape[2]; /* a vector: shape[0]; else [out, in] */
    enum exchange_kind kind;
    int is_copy;    /* repeats a tensor that the MTP module shares: written as the published weights have
                     * it, may be absent when read, and must then be equal when it is there */
    size_t at;      /* first element of ours */
    int ld, column; /* of ours */
};

struct exchange {
    const struct model *m; /* borrowed */
    int n;
    struct exchange_tensor *tensor; /* [n] in the order of the layers */
};

/* exchange_init: the tensors of m under their published names. Memory: exchange_release. Errors: ST_USAGE
 * when that layout has no such model (attention that is not latent), ST_NOMEM. */
enum status exchange_init(struct exchange *x, const struct model *m, struct err *e);
void exchange_release(struct exchange *x);
/* exchange_possible: the first of these errors alone. */
enum status exchange_possible(const struct model_config *c, struct err *e);

int64_t exchange_elements(const struct exchange_tensor *t);

/* exchange_get: tensor t out of w [params.total] and bias [moe_layers, E] into value [exchange_elements].
 * exchange_put: the other way round. exchange_equal: whether value holds what exchange_get would give. */
void exchange_get(const struct exchange *x, const struct exchange_tensor *t, const real *w, const real *bias,
                  float *value);
void exchange_put(const struct exchange *x, const struct exchange_tensor *t, const float *value, real *w,
                  real *bias);
int exchange_equal(const struct exchange *x, const struct exchange_tensor *t, const real *w, const real *bias,
                   const float *value);

/* exchange_scale: takes a weight that is kept as E4M3 out of its blocks (V3 section 3.3.2), in place:
 * value[o,i] *= scale[o / block_out, i / block_in]; scale is [ceil(out/block_out), ceil(in/block_in)]. */
void exchange_scale(float *value, int64_t out, int64_t in, const float *scale, int block_out, int block_in);

#endif
