#ifndef GRPOLAB_VIEWS_FP8_STATE_H
#define GRPOLAB_VIEWS_FP8_STATE_H

#include <stdint.h>

#include "views/list.h"

/* What the FP8 screen shows: one forward and backward of a run's weights on its own demonstrations, in FP8
 * and in FP32. Plain numbers. */

enum { FP8_TENSORS = 256, FP8_NAME = 48 };
enum fp8_kind { FP8_KIND_WEIGHT, FP8_KIND_ACTIVATION, FP8_KIND_GRADIENT, FP8_KINDS };
enum fp8_format { FP8_FORMAT_FP32, FP8_FORMAT_BF16, FP8_FORMAT_FP8, FP8_FORMATS };

struct fp8_cell {
    double n;                    /* values; 0: this map has none of the kind, what follows means nothing */
    double error;                /* mean |quantised - x| / |x| */
    double overflow, underflow;  /* shares: beyond the largest code; not 0 before and 0 after */
};

struct fp8_row {
    char name[FP8_NAME];
    struct fp8_cell kind[FP8_KINDS];
};

struct fp8_measure {
    int64_t run, step;           /* run 0: nothing is known */
    int is_on;                   /* the run itself is in FP8; else what it would be under its settings */
    char scale[64];              /* "tiles 1x16, blocks 16x16 (toy width; V3: 128)" */
    double outlier;              /* factor on channel 0; 1: none */
    int tokens;
    double loss, loss_fp32, cosine;
    double weights[FP8_FORMATS], activations[FP8_FORMATS]; /* bytes; those of FP8 with its scales */
    double high;                 /* bytes of the weights that stay in FP32 */
    int n;                       /* rows, in the order of the model */
    struct fp8_row row[FP8_TENSORS];
};

struct fp8_state {
    const struct fp8_measure *known;   /* NULL: nothing was asked */
    const char *doing;                 /* what is under way, NULL: nothing */
    double part;
    enum fp8_kind kind;          /* that is shown where there is room for one, and sorted by */
    int is_sorted;               /* the largest error first */
    struct list list;
};

/* fp8_order: the rows as they are shown, order [known->n]. Of equal errors the model's first. Pure. */
void fp8_order(const struct fp8_measure *m, enum fp8_kind kind, int is_sorted, int order[FP8_TENSORS]);

/* fp8_is_off: a cell that is more than the rounding of three bits: an error over 5 % (E4M3 keeps 2 to 3), any
 * overflow, more than 1 % underflow. */
int fp8_is_off(const struct fp8_cell *c);

#endif
