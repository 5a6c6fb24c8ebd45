#ifndef GRPOLAB_RUN_FP8_STATS_H
#define GRPOLAB_RUN_FP8_STATS_H

#include "engine/nn/linear_fp8.h"
#include "engine/run/trainer.h"

/* What FP8 does to the tensors of a run: one forward and backward on demonstrations that are drawn with the
 * run's seed for its present step. A run that is not in FP8 is asked what it would be under its settings. */
struct fp8_tensor {
    char name[48];            /* row of the parameter table; stacked experts are one tensor */
    enum fp8_role role;       /* the weight, the activation that meets it, the gradient that comes back */
    uint64_t n;               /* values */
    double error;             /* mean |quantised - x| / |x| over those that are not 0; E4M3 keeps 2 to 3 % */
    double saturated;         /* share beyond the largest code */
    double flushed;           /* share of those that are not 0 which became 0 */
};

/* Bytes of something in three formats; fp8 counts its scales, 4 bytes each. */
struct fp8_bytes {
    uint64_t fp32, bf16, fp8;
};

struct fp8_stats {
    struct fp8_config config; /* with `on` as the run has it */
    int tokens;
    int tensors_n;
    struct fp8_tensor *tensor;/* [tensors_n] in the order of the table; by role within a row */
    struct fp8_bytes weights; /* of the linear maps alone */
    struct fp8_bytes activations; /* inputs of the linear maps that the backward keeps, of this batch */
    uint64_t high;            /* bytes of the weights that stay in FP32 */
    double loss, loss_fp32;   /* nats a token of the responses, with FP8 and without */
    double cosine;            /* between the gradients of the linear maps with FP8 and without */
};

/* fp8_stats_run: on at most run.shard_tokens tokens (one demonstration at least). The trainer is not changed.
 * Errors: ST_NOMEM, ST_NONFINITE, ST_USAGE. Memory: *out by fp8_stats_free, after an error too. */
enum status fp8_stats_run(const struct trainer *t, struct fp8_stats *out, struct err *e);
void fp8_stats_free(struct fp8_stats *s);

#endif
