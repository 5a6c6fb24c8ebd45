/* Philox through Random123: key = run seed, counter = the place. */
#include "engine/base/rng.h"

#include <math.h>

#include <Random123/philox.h>

struct rng rng_at(uint64_t seed, enum rng_stream stream, uint32_t step, uint32_t prompt, uint32_t sample)
{
    struct rng r = {seed, (uint32_t)stream, step, prompt, sample, 0};
    return r;
}

void rng_block(const struct rng *place, uint32_t out[4])
{
    philox4x32_key_t key = {{(uint32_t)place->seed, (uint32_t)(place->seed >> 32)}};
    philox4x32_ctr_t ctr = {{place->position, place->sample, place->prompt,
                             (place->stream << 24) | (place->step & 0xffffffu)}};
    philox4x32_ctr_t v = philox4x32(ctr, key);
    for (int i = 0; i < 4; i++)
        out[i] = v.v[i];
}

uint32_t rng_u32(struct rng *r)
{
    uint32_t v[4];
    rng_block(r, v);
    r->position++;
    return v[0];
}

double rng_unit(struct rng *r)
{
    uint32_t v[4];
    rng_block(r, v);
    r->position++;
    return (double)((((uint64_t)v[0] << 32) | v[1]) >> 11) * 0x1p-53;
}

int rng_below(struct rng *r, int n)
{
    return (int)(((uint64_t)rng_u32(r) * (uint64_t)(uint32_t)n) >> 32);
}

int rng_range(struct rng *r, int lo, int hi)
{
    return lo + rng_below(r, hi - lo + 1);
}

int rng_chance(struct rng *r, double p)
{
    return rng_unit(r) < p;
}

double rng_normal(struct rng *r)
{
    uint32_t v[4];
    double u, w;
    rng_block(r, v);
    r->position++;
    u = ((double)v[0] + 1.0) * 0x1p-32;
    w = (double)v[1] * 0x1p-32;
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * w);
}
