#ifndef GRPOLAB_RUN_EXPERTS_H
#define GRPOLAB_RUN_EXPERTS_H

#include "engine/run/facts.h"
#include "engine/run/trainer.h"

/* What the routed experts of a model do: evaluation with some of them knocked out, and a table of all. */

/* Experts that no token may use, counted over the MoE layers of the model (its MTP modules are left out),
 * from 0. */
enum { KNOCK_OUT_MAX = 64 };
struct knock_out {
    int n;
    struct {
        int layer, expert;
    } off[KNOCK_OUT_MAX];
};

/* knock_out_parse: "LAYER:EXPERT[,LAYER:EXPERT..]", both from 1 as on the experts screen. Errors: ST_USAGE. */
enum status knock_out_parse(struct knock_out *k, const char *text, struct err *e);

/* knock_out_bias: the policy's expert biases [moe_layers, E] with -infinity where an expert is off: its
 * score s + b (V3 eq. 16) is then never among the top K, and no gate depends on b. Weights and the
 * learner's biases are untouched. Errors: ST_USAGE: there is no such expert, or fewer than K would be left
 * to choose from. */
enum status knock_out_bias(const struct trainer *t, const struct knock_out *k, real *bias, struct err *e);

/* knock_out_evaluate: trainer_evaluate without those experts. Errors: those of both, ST_NOMEM. */
enum status knock_out_evaluate(struct trainer *t, const struct knock_out *k, struct evaluation *o,
                               const struct gate *gate, struct err *e);

/* What leaving something out changes. change = pass@1 without less pass@1 with it; error: its standard
 * error, from the differences problem by problem (the same problems and random numbers); 0 for a single
 * problem. */
struct knock_out_effect {
    double pass_1, change, error;
};
/* knock_out_effect: of right answers a problem, without and with, [problems] of k. Pure. */
struct knock_out_effect knock_out_effect(const uint8_t *without, const uint8_t *with, int problems, int k);

/* experts_parameters: all parameters of the main model, and those that one token uses: the experts that it
 * is not sent to left out, of E each 3 D F in every MoE layer. MTP modules count in neither. 0 and 0 when
 * the sizes cannot be. */
void experts_parameters(const struct model_config *c, double *total, double *active);

enum { EXPERTS_CELLS = SNAP_LAYERS * SNAP_EXPERTS, EXPERTS_TRACES = 256 };
struct experts_facts {
    int64_t step;                /* weights after that step */
    int layers_n, experts_n, top_k, shared_n, groups_n, top_groups;
    double total, active;        /* parameters */
    int problems, k;             /* of each evaluation */
    double pass_1;               /* of the whole model */
    double max_vio[SNAP_LAYERS]; /* of the load below */
    struct routing_facts routing;/* load (share), affinity and tokens by expert, of `traces` sampled completions */
    int traces;
    struct expert_facts {
        double average, bias;    /* the run's moving average of the load; b */
        struct knock_out_effect off;
    } expert[EXPERTS_CELLS];     /* [layers_n, experts_n] */
};

struct experts_hooks {
    const struct gate *gate;
    void (*told)(void *ctx, int done, int all);   /* evaluations; may be NULL */
    void *ctx;
};

/* experts_run: fills f. One evaluation of the whole model, then one without each expert in turn; the
 * routing is that of the first one's completions (at most EXPERTS_TRACES). Deterministic, whatever the
 * threads. Errors: ST_USAGE (a dense model), ST_CANCELLED, ST_NONFINITE, ST_NOMEM. Memory: none is kept.
 * Threads: as trainer_evaluate. */
enum status experts_run(struct trainer *t, int problems, int k, const struct experts_hooks *h,
                        struct experts_facts *f, struct err *e);

#endif
