#ifndef GRPOLAB_BASE_RNG_H
#define GRPOLAB_BASE_RNG_H

#include <stdint.h>

/* Counter-based randomness (Philox4x32-10, Salmon et al. 2011, by Random123).
 * A number is a pure function of where it is used, so that no order of work,
 * no pause and no thread count can change it. */
enum rng_stream {
    RNG_INIT = 1,     /* weights at initialisation: step = parameter row */
    RNG_BASE,         /* base documents */
    RNG_COLD,         /* cold-start demonstrations */
    RNG_PROBLEM,      /* prompts drawn for RL */
    RNG_SAMPLE,       /* sampling of tokens */
    RNG_EVAL,         /* sampling in evaluation */
    RNG_SHUFFLE,      /* order of data, mini-batches */
    RNG_RESAMPLE,     /* tests of ahas, what-ifs */
    RNG_TEST,
    RNG_COLLECT,      /* problems and samples of rejection sampling */
    RNG_COMPUTE,      /* samples and sub-samples of test-time compute */
    RNG_DRAFT         /* which drafts of a trace stand, where drafting is replayed along it */
};

/* The place a number belongs to. position advances with each draw. */
struct rng {
    uint64_t seed;
    uint32_t stream, step, prompt, sample, position;
};

/* rng_at: a generator at position 0 of a place. step < 2^24. */
struct rng rng_at(uint64_t seed, enum rng_stream stream, uint32_t step, uint32_t prompt, uint32_t sample);

/* rng_block: the four 32-bit words of one place; pure. */
void rng_block(const struct rng *place, uint32_t out[4]);

/* Each draw uses one position. */
uint32_t rng_u32(struct rng *r);
double rng_unit(struct rng *r);                 /* uniform in [0,1), 53 bits */
int rng_below(struct rng *r, int n);            /* uniform in 0..n-1, n >= 1, unbiased to 2^-32 */
int rng_range(struct rng *r, int lo, int hi);   /* uniform in lo..hi, both included */
int rng_chance(struct rng *r, double p);        /* 1 with probability p */
double rng_normal(struct rng *r);               /* standard normal, Box-Muller */

#endif
