#ifndef GRPOLAB_VIEWS_EXPERTS_STATE_H
#define GRPOLAB_VIEWS_EXPERTS_STATE_H

#include <stdint.h>

#include "views/list.h"
#include "views/view.h"

enum { EXPERT_LABEL_BYTES = 32 };
enum { LOADS_MAX = 256 };   /* steps whose load is kept: as many as a wide pane has columns */

/* What the experts screen shows and how it is looked at, beyond what every screen has. Experts are counted
 * over all MoE layers: cell = layer * experts_n + expert. */
struct experts_state {
    struct list list;            /* of the cells; the selected one is explained */
    int64_t run;                 /* whose loads are here, 0: none */
    int64_t stride, next;        /* steps below `next` that are divisible by stride have been read */
    int layers_n, experts_n;     /* as on record; 0: none */
    int n;                       /* steps */
    int is_whole;                /* no step that is on record is still to be read */
    double step[LOADS_MAX];      /* ascending */
    float *load, *bias;          /* [LOADS_MAX, layers_n, experts_n], or NULL */
    double total, active;        /* parameters, and those that one token uses; 0: not known */
    int top_k, shared_n, dense_layers, blocks_n;   /* of the run's settings; blocks_n 0: not known */
    double gamma;                /* speed of the bias in the run's stage */
    int64_t asked_run, asked_step;   /* about whose routing the probe was asked unbidden */
};

/* The load of one moment: borrowed from the snapshot, or from the newest step on
 * record where the snapshot has none yet. */
struct experts_now {
    int layers_n, experts_n;
    const float *load, *bias;    /* [layers_n, experts_n] */
    const float *average;        /* NULL where it is not known */
    double step;                 /* NaN: the one under way */
};

/* experts_now: 0 when there are no experts, or no load yet. experts_note: the sentence for that. */
int experts_now(const struct view *v, struct experts_now *out);
const char *experts_note(const struct view *v);

/* experts_selected: the cell that is explained, 0 <= it < layers_n * experts_n. */
int experts_selected(const struct view *v, const struct experts_now *now);

/* experts_span: by how much a load deviates from its fair share at the ends of all scales: 0.1, 0.2, 0.5 or 1
 * of it, so that the greatest deviation that is shown fits where it can. */
double experts_span(const struct view *v, const struct experts_now *now);

/* experts_max_vio: of one layer's load, max_i(load_i E / sum load) - 1. */
double experts_max_vio(const float *load, int experts_n);

/* experts_label: "2·3": the third expert of the second MoE layer. */
const char *experts_label(char out[EXPERT_LABEL_BYTES], int cell, int experts_n);

#endif
