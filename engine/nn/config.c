/* Sizes of a model: what is allowed, and what follows from them. */
#include "engine/nn/config.h"

#include <math.h>
#include <stddef.h>

#include "engine/nn/params.h"

/* Keeps every product of sizes within an int. */
enum { SIZE_MOST = 16384 };

static enum status fp8_check(const struct fp8_config *c, struct err *e)
{
    int exponent;
    if (!c->on)
        return ST_OK;
    if (c->tile < 1 || c->block < 1 || c->promote < 0)
        return err_set(e, ST_USAGE, "model",
                       "fp8_tile and fp8_block must be at least 1, fp8_promote not negative");
    if (!(c->gradient_floor > 0))
        return err_set(e, ST_USAGE, "model", "fp8_gradient_floor = %g must be positive", c->gradient_floor);
    if (!(c->outlier > 0) || !isfinite(c->outlier) || frexp(c->outlier, &exponent) != 0.5)
        return err_set(e, ST_USAGE, "model", "fp8_outlier = %g: a power of two is wanted", c->outlier);
    return ST_OK;
}

enum status model_config_check(const struct model_config *c, struct err *e)
{
    const struct {
        const char *key;
        int value, low, high;
    } bound[] = {
        {"vocab", c->vocab_n, 2, 65535},
        {"width", c->width, 2, 4096},
        {"layers", c->layers_n, 1, LAYERS_MAX},
        {"heads", c->heads_n, 1, 64},
        {"positions", c->positions_n, 2, 65536},
        {"dense_layers", c->dense_layers, 0, c->layers_n},
        {"mtp_depth", c->mtp_depth, 0, MTP_MAX},
        {"q_rank", c->q_rank, 0, SIZE_MOST},
        {"kv_rank", c->kv_rank, 0, SIZE_MOST},
        {"nope_dim", c->nope_dim, 0, SIZE_MOST},
        {"rope_dim", c->rope_dim, 0, SIZE_MOST},
        {"v_dim", c->v_dim, 0, SIZE_MOST},
        {"head_dim", c->head_dim, 0, SIZE_MOST},
        {"kv_heads", c->kv_heads_n, 0, c->heads_n},
        {"ffn_width", c->ffn_width, 0, SIZE_MOST},
        {"expert_width", c->expert_width, 0, SIZE_MOST},
        {"shared", c->shared_n, 0, 64},
    };
    for (size_t i = 0; i < sizeof bound / sizeof *bound; i++)
        if (bound[i].value < bound[i].low || bound[i].value > bound[i].high)
            return err_set(e, ST_USAGE, "model", "%s = %d is outside %d..%d", bound[i].key, bound[i].value,
                           bound[i].low, bound[i].high);
    if (!(c->rope_theta > 0) || !(c->norm_eps >= 0) || !(c->balance_alpha >= 0))
        return err_set(e, ST_USAGE, "model",
                       "rope_theta must be positive, norm_eps and balance_alpha not negative");
    if (c->attention == ATTENTION_MLA) {
        if (c->kv_rank < 1 || c->nope_dim < 1 || c->v_dim < 1 || c->q_rank < 0)
            return err_set(e, ST_USAGE, "model", "MLA needs kv_rank, nope_dim and v_dim of at least 1");
        if (c->rope_dim < 2 || c->rope_dim % 2)
            return err_set(e, ST_USAGE, "model",
                           "rope_dim = %d: RoPE turns pairs, so it must be even and at least 2", c->rope_dim);
        if (c->kv_heads_n)
            return err_set(e, ST_USAGE, "model",
                           "kv_heads = %d is of plain attention (mha): the heads of MLA share one latent",
                           c->kv_heads_n);
    } else if (c->head_dim < 2 || c->head_dim % 2) {
        return err_set(e, ST_USAGE, "model",
                       "head_dim = %d: RoPE turns pairs, so it must be even and at least 2", c->head_dim);
    } else if (c->kv_heads_n && c->heads_n % c->kv_heads_n) {
        return err_set(e, ST_USAGE, "model",
                       "kv_heads = %d: %d heads cannot share so many heads of keys and values evenly",
                       c->kv_heads_n, c->heads_n);
    }
    if (c->dense_layers > 0 && c->ffn_width < 1)
        return err_set(e, ST_USAGE, "model", "ffn_width = %d: a dense layer needs at least 1", c->ffn_width);
    if (config_moe_layers(c) > 0) {
        if (c->experts_n < 1 || c->experts_n > 64 || c->expert_width < 1 || c->shared_n < 0)
            return err_set(e, ST_USAGE, "model", "MoE needs 1..64 experts of expert_width at least 1");
        if (c->groups_n < 1 || c->experts_n % c->groups_n || c->top_groups < 1 || c->top_groups > c->groups_n)
            return err_set(e, ST_USAGE, "model", "%d experts do not fall into %d groups of which %d are used",
                           c->experts_n, c->groups_n, c->top_groups);
        if (c->top_k < 1 || c->top_k > c->experts_n / c->groups_n * c->top_groups || c->top_k > 16)
            return err_set(e, ST_USAGE, "model", "top_k = %d is outside 1..%d (and at most 16)", c->top_k,
                           c->experts_n / c->groups_n * c->top_groups);
    }
    if (c->bf16 && c->fp8.on)
        return err_set(e, ST_USAGE, "model", "bf16 and fp8 are both on: a linear map is computed in one of them");
    return fp8_check(&c->fp8, e);
}

int config_key_dim(const struct model_config *c)
{
    return c->attention == ATTENTION_MLA ? c->nope_dim + c->rope_dim : c->head_dim;
}

int config_value_dim(const struct model_config *c)
{
    return c->attention == ATTENTION_MLA ? c->v_dim : c->head_dim;
}

int config_kv_heads(const struct model_config *c)
{
    return c->attention == ATTENTION_MHA && c->kv_heads_n ? c->kv_heads_n : c->heads_n;
}

int config_qkv_dim(const struct model_config *c)
{
    return (c->heads_n + 2 * config_kv_heads(c)) * c->head_dim;
}

int config_cached(const struct model_config *c, int every_head)
{
    if (c->attention == ATTENTION_MLA && !every_head)
        return c->kv_rank + c->rope_dim;
    return config_kv_heads(c) * (config_key_dim(c) + config_value_dim(c));
}

int config_attention_n(const struct model_config *c)
{
    int H = c->heads_n, dk = config_key_dim(c), dv = config_value_dim(c), out = H * dv * c->width;
    if (c->attention == ATTENTION_MHA)
        return c->width * config_qkv_dim(c) + out;
    return c->width * ((c->q_rank ? c->q_rank : H * dk) + c->kv_rank + c->rope_dim) +
           c->q_rank * (1 + H * dk) + c->kv_rank * (1 + H * (c->nope_dim + dv)) + out;
}

struct model_config config_plain(const struct model_config *c, int kv_heads)
{
    struct model_config out = *c;
    int pair;
    out.attention = ATTENTION_MHA;
    out.kv_heads_n = kv_heads;
    out.head_dim = 2;
    pair = config_attention_n(&out);
    out.head_dim = 2 * (int)lround((double)config_attention_n(c) / (double)pair);
    out.head_dim = out.head_dim < 2 ? 2 : out.head_dim;
    return out;
}

int config_is_moe(const struct model_config *c, int layer)
{
    return layer >= c->dense_layers;
}

int config_moe_layers(const struct model_config *c)
{
    int n = c->layers_n - c->dense_layers;
    /* An MTP module's block is of the kind of the last layer. */
    return n > 0 ? n + c->mtp_depth : 0;
}

int config_route(const struct model_config *c)
{
    int n = c->layers_n - c->dense_layers;
    return n > 0 ? n * c->top_k : 0;
}
