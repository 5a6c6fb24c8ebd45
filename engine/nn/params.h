#ifndef GRPOLAB_NN_PARAMS_H
#define GRPOLAB_NN_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/nn/config.h"
#include "engine/nn/real.h"

/* All parameters of a model live in one block of reals that one table describes: allocation, optimiser,
 * checkpoint, export, inspector and gradient tests all read it. A linear map is stored [in, out]: y = x W. */
enum param_init { INIT_NORMAL, INIT_ONES, INIT_ZEROS };

struct param {
    char name[48];       /* e.g. "layers.2.moe.experts.down" */
    int count;           /* matrices stacked (experts), else 1 */
    int rows, cols;      /* of one matrix: [in, out]; a vector has rows 1 */
    size_t offset;       /* first element in the block */
    enum param_init init;
    double std;          /* INIT_NORMAL */
    int decay;           /* weight decay applies (matrices, not norms or embeddings) */
    int is_value;        /* of the value head: has a learning rate of its own */
};

/* Where a block (a layer, or an MTP module's) finds its rows; -1 where it has none. */
struct block_params {
    int attn_norm, down, q_norm, kv_norm, q_up, kv_up, qkv, out;
    int ffn_norm, ffn_gate_up, ffn_down;
    int router, experts_gate_up, experts_down, shared_gate_up, shared_down;
    int moe_index;       /* row of the expert-bias table, -1 when dense */
};

enum { LAYERS_MAX = 32, MTP_MAX = 2 };

struct params {
    struct param *row;
    int n;
    size_t total;        /* reals in the block */
    int embed, head, final_norm;                 /* head == embed when tied */
    int value_weight, value_bias;                /* -1: no value head */
    struct block_params layer[LAYERS_MAX];
    struct { int h_norm, e_norm, project, final_norm; struct block_params block; } mtp[MTP_MAX];
    int moe_layers;      /* rows of the expert-bias table */
};

/* params_init: the table for c. Memory: row is malloc'ed; params_release frees it. Errors:
 * ST_USAGE, ST_NOMEM. */
enum status params_init(struct params *p, const struct model_config *c, struct err *e);
void params_release(struct params *p);

/* params_fill: initial values of w [total] from (seed, RNG_INIT, row): the same whatever the order. */
void params_fill(const struct params *p, uint64_t seed, real *w);

#endif
