#ifndef GRPOLAB_TESTS_TINY_DECODE_H
#define GRPOLAB_TESTS_TINY_DECODE_H

/* Decoding a tiny model beside its training forward. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/nn/decode.h"
#include "tests/unit/tiny_model.h"

/* The training forward's log-probabilities against the decoder's, token by token: the largest difference. */
static inline double tiny_decode_difference(const struct model_config *config, enum decode_form form)
{
    struct tiny t;
    struct arena a;
    struct decoder d;
    struct err e;
    double most = 0;
    int slot = 0, n = 11;
    tiny_init(&t, config, kernels_best());
    tiny_forward(&t);
    cr_assert_eq(arena_init(&a, "decode", (size_t)16 << 20, &e), ST_OK);
    cr_assert_eq(decoder_init(&d, &t.m, form, 1, config->positions_n, 4, &a, &e), ST_OK, "%s", e.msg);
    decoder_load(&d, t.w, t.bias);
    for (int i = 0; i < n; i++) {
        real logits[16], logp;
        int target = t.target[i];
        memcpy(logits, decoder_step(&d, 1, &slot, &t.id[i], &i), (size_t)config->vocab_n * sizeof(real));
        t.m.k->softmax(1, config->vocab_n, logits, t.inv_temperature, &target, &logp, NULL);
        if (target >= 0)
            most = fmax(most, fabs((double)logp - (double)t.ws.logp[i]));
    }
    arena_release(&a);
    tiny_release(&t);
    return most;
}

#endif
