/* A start for the embeddings of numbers (cf. the Fourier features that trained models come to use for
 * addition). */
#include "engine/rl/numbers.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/rng.h"

static const double period[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 25, 33, 50, 100, 200, 400};
enum { PERIODS = sizeof period / sizeof *period };

void numbers_fourier(const struct model *m, const struct vocab *v, uint64_t seed, real *w)
{
    const struct param *embed = &m->params.row[m->params.embed];
    int D = m->config.width;
    /* PERIODS cos/sin pairs of mean square 1 each. */
    double scale = m->config.embed_std / sqrt((double)PERIODS);
    for (int id = 0; id < v->n; id++) {
        char *end;
        long n = strtol(v->token[id], &end, 10);
        if (*end || end == v->token[id])
            continue;
        for (int d = 0; d < D; d++) {
            /* One projection for all numbers: column d has its own stream. */
            struct rng r = rng_at(seed, RNG_INIT, (uint32_t)m->params.n, (uint32_t)d, 0);
            double sum = 0;
            for (int k = 0; k < PERIODS; k++) {
                double angle = 6.283185307179586 * (double)n / period[k], a = rng_normal(&r),
                       b = rng_normal(&r);
                sum += a * cos(angle) + b * sin(angle);
            }
            w[embed->offset + (size_t)id * D + d] = (real)(scale * sum);
        }
    }
}
