/* YaRN's frequencies and scales, as DeepSeek-V3's published code computes them.
 *
 *   theta_i' = theta_i (1 - r_i) + theta_i / factor * r_i,   r_i rises from 0 to 1 between the pair that
 * turns beta_fast times within the original length and the one that turns beta_slow times; cos and sin times
 * g(mscale) / g(mscale_all_dim), scores times g(mscale_all_dim)^2,  g(m) = 0.1 m ln(factor) + 1. */
#include <math.h>

#include "app/session/exchange_files.h"

static double gain(const struct exchange_yarn *y, double m)
{
    return y->factor <= 1 ? 1 : 0.1 * m * log(y->factor) + 1;
}

/* The pair that turns so often within the original length. */
static double pair_of(const struct exchange_yarn *y, double turns, int d, double theta)
{
    return d * log(y->original / (turns * 2 * M_PI)) / (2 * log(theta));
}

/* The columns of a linear map that make queries, times x. */
static void scale_queries(const struct model *m, const struct block_params *b, double x, real *w)
{
    const struct param *r = &m->params.row[b->q_up >= 0 ? b->q_up : b->down];
    int queries = m->config.heads_n * config_key_dim(&m->config);
    for (int i = 0; i < r->rows; i++)
        for (int o = 0; o < queries; o++) {
            real *at = &w[r->offset + (size_t)i * (size_t)r->cols + (size_t)o];
            *at = (real)((double)*at * x);
        }
}

void exchange_yarn_apply(const struct exchange_yarn *y, struct model *m, real *w)
{
    const struct model_config *c = &m->config;
    double low, high, all = y->mscale_all_dim > 0 ? gain(y, y->mscale_all_dim) : 1, size;
    int d = c->rope_dim;
    if (!y->is_on)
        return;
    low = fmax(floor(pair_of(y, y->beta_fast, d, c->rope_theta)), 0);
    high = fmin(ceil(pair_of(y, y->beta_slow, d, c->rope_theta)), d - 1);
    high = high == low ? low + 1e-3 : high;
    size = gain(y, y->mscale) / gain(y, y->mscale_all_dim);
    for (int i = 0; i < d / 2; i++) {
        double ramp = fmin(fmax((i - low) / (high - low), 0), 1), plain = pow(c->rope_theta, -2.0 * i / d);
        double turn = plain * (1 - ramp) + plain / y->factor * ramp;
        for (int t = 0; t < c->positions_n; t++) {
            m->rope[(size_t)t * (size_t)d + 2 * (size_t)i] = (real)(size * cos(t * turn));
            m->rope[(size_t)t * (size_t)d + 2 * (size_t)i + 1] = (real)(size * sin(t * turn));
        }
    }
    for (int l = 0; l < c->layers_n; l++)
        scale_queries(m, &m->params.layer[l], all * all, w);
}
