#ifndef GRPOLAB_NN_CONFIG_H
#define GRPOLAB_NN_CONFIG_H

#include "engine/base/status.h"

enum attention_kind { ATTENTION_MLA, ATTENTION_MHA };

/* FP8 training (V3 section 3.3; engine/nn/linear_fp8.h). */
enum fp8_accumulator { FP8_ACCUMULATE_FP32, FP8_ACCUMULATE_14 };
enum fp8_scale_kind { FP8_SCALE_TILE, FP8_SCALE_TENSOR, FP8_SCALE_NONE };
struct fp8_config {
    int on;
    int tile, block;    /* activations and gradients 1 x tile, weights block x block; V3: 128 */
    int promote;        /* products between promotions, V3 128; 0: never. Of the 14-bit accumulator alone */
    int accumulator;    /* enum fp8_accumulator */
    int scale;          /* enum fp8_scale_kind */
    double outlier;     /* factor on channel 0 of what is quantised, undone after; a power of two; 1: none */
    double gradient_floor; /* amax of a tile of gradients, at least; > 0 */
};

/* Every size of the model. DeepSeek-V3's block (V3 section 2.1); plain attention (multi-head, grouped-query,
 * multi-query) and dense layers are settings of the same model. */
struct model_config {
    int vocab_n;        /* V */
    int width;          /* D, of the residual stream */
    int layers_n;       /* L */
    int heads_n;        /* H */
    int positions_n;    /* longest sequence */
    int attention;      /* enum attention_kind */
    int q_rank;         /* query latent; 0: queries straight from the residual stream */
    int kv_rank;        /* key-value latent (MLA) */
    int nope_dim;       /* d_h: per-head query/key part without position (MLA) */
    int rope_dim;       /* d_R: decoupled RoPE part (MLA), shared by the heads on the key side */
    int v_dim;          /* per-head value (MLA) */
    int head_dim;       /* per-head query, key and value (MHA) */
    int kv_heads_n;     /* Hk key and value heads (MHA), each shared by H/Hk heads; 0: H; 1: multi-query */
    int ffn_width;      /* hidden width of a dense SwiGLU */
    int dense_layers;   /* the first k layers are dense; layers_n: no MoE at all */
    int experts_n;      /* E routed experts */
    int shared_n;       /* shared experts (one SwiGLU of shared_n * expert_width) */
    int top_k;          /* K experts a token */
    int expert_width;   /* hidden width of one expert */
    int groups_n;       /* expert groups (group-limited routing); 1: off */
    int top_groups;     /* groups a token may use */
    double route_scale; /* routed_scaling_factor */
    double balance_alpha; /* sequence-wise balance loss (V3 eq. 17-20); 0: off */
    int tied;           /* head shares the embedding */
    int mtp_depth;      /* D of V3 eq. 21-25; 0: no module */
    double mtp_lambda;
    int value_head;     /* a scalar of each position: a critic's value, a reward model's score */
    int value_detach;   /* its gradient stops at the head; 0: it flows into the trunk */
    double rope_theta, norm_eps;
    double embed_std;   /* initial standard deviation of the embedding */
    double init_gain;   /* linear weights start at init_gain / sqrt(fan_in) */
    struct fp8_config fp8;
    int bf16;           /* the linear maps of the blocks in bf16 (engine/nn/linear_bf16.h); not with fp8 */
};

/* model_config_check: ST_USAGE names the first size that cannot be. */
enum status model_config_check(const struct model_config *c, struct err *e);

/* Derived sizes. */
int config_key_dim(const struct model_config *c);    /* per-head query/key: nope+rope, or head_dim */
int config_value_dim(const struct model_config *c);  /* per-head value */
int config_kv_heads(const struct model_config *c);   /* heads of keys and values in training's form; MLA: H */
int config_qkv_dim(const struct model_config *c);    /* MHA: columns of [q | k | v], (H + 2 Hk) head_dim */
/* config_cached: numbers that decoding keeps of a token in a layer: kv_rank + rope_dim of MLA (V2 table 1;
 * V3: 512 + 64), 2 Hk head_dim of plain attention, H (key + value) of MLA in plain form (every_head). */
int config_cached(const struct model_config *c, int every_head);
/* config_attention_n: parameters of one layer's attention, its norms of latents included. */
int config_attention_n(const struct model_config *c);
/* config_plain: *c with plain attention of kv_heads heads of keys and values (0: as many as heads) in the
 * place of its own, of the nearest number of parameters: the width of a head, even, follows from it. */
struct model_config config_plain(const struct model_config *c, int kv_heads);
int config_is_moe(const struct model_config *c, int layer);
int config_moe_layers(const struct model_config *c); /* MoE layers, MTP blocks included */
int config_route(const struct model_config *c);      /* experts that a token uses in all layers, MTP blocks left out */

#endif
