#ifndef GRPOLAB_TESTS_TINY_RUN_H
#define GRPOLAB_TESTS_TINY_RUN_H

#include "engine/run/trainer.h"

/* Countdown runs so small that a step takes milliseconds, and what tests of whole runs need around them. */

/* tiny_settings: a chain of 3 base, 3 cold and 3 GRPO steps of a two-layer model with experts; then `more`,
 * keys and values in turn and NULL at the end. */
void tiny_settings(struct settings *s, const char *const *more);

/* A trainer with a pool of its own. */
struct tiny_run {
    struct trainer t;
    struct pool *pool;
};

/* tiny_run_init: at step 0 of the stage with fresh weights. */
void tiny_run_init(struct tiny_run *r, const struct settings *s, enum stage stage, uint64_t seed,
                   int threads);
void tiny_run_release(struct tiny_run *r);
/* tiny_run_step: one step that must succeed. */
void tiny_run_step(struct tiny_run *r, const struct trainer_hooks *h);

/* tiny_run_pairs: what a stage of pairs learns from: 24 of them, told apart by one word. */
void tiny_run_pairs(struct tiny_run *r);

/* A sink in memory: digests by step, and a digest of all that was committed but for measured times. */
enum { TINY_STEPS = 16 };
struct tiny_sink {
    struct sink sink;
    struct digest digest[TINY_STEPS], content[TINY_STEPS];
    int64_t last;
    int keyframes, evaluations;
};
void tiny_sink_init(struct tiny_sink *s);

/* A copy of a trainer's tensors. */
struct tiny_state {
    struct record_tensor *tensor;
    int n;
    int64_t step;
};
void tiny_state_save(struct tiny_state *s, const struct trainer *t);
void tiny_state_restore(const struct tiny_state *s, struct trainer *t);
void tiny_state_free(struct tiny_state *s);

/* tiny_same: whether two digests are equal, with both in the failure's message. */
void tiny_same(const struct digest *a, const struct digest *b, const char *what);

#endif
