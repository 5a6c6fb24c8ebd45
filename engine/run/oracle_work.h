#ifndef GRPOLAB_RUN_ORACLE_WORK_H
#define GRPOLAB_RUN_ORACLE_WORK_H

#include "engine/run/oracle.h"

/* What the oracle's files share; nobody else includes this. */
enum { ORACLE_TOKENS = 64, ORACLE_TYPES = 24, ORACLE_LOSSES = ORACLE_STDS * LOSS_KIND_N };
enum { TRUE_REWARD, TRUE_LENGTH, TRUE_KL, TRUE_N };

/* Completions of the same reward and length are alike to every loss. */
struct oracle_type {
    double reward, probability;
    int n;
};

struct oracle_work {
    struct trainer *t;
    const struct oracle_settings *s;
    const struct gate *gate;
    struct arena arena;
    struct batch b;            /* one group of all completions of the problem under way */
    struct grpo g;
    int outcomes, cap, types_n;
    double *logp, *ref;        /* [outcomes, cap] */
    double *p, *log_ratio;     /* [outcomes] probability; log p - log ref */
    int *type_of;              /* [outcomes] */
    struct oracle_type type[ORACLE_TYPES];
    size_t total;              /* weights */
    /* [total] expected gradients; kl: by token, by sequence */
    double *exact[TRUE_N], *kl[2][KL_KIND_N], *loss[ORACLE_LOSSES];
    double *drawn[ORACLE_LOSSES];           /* [total] mean gradients of what was drawn */
    double *push[ORACLE_LOSSES];            /* [outcomes] mean pushes of the problem's groups */
    double squares[ORACLE_LOSSES];          /* their gradients' mean squared norm */
    double spread[ORACLE_LOSSES];           /* mean over the problems of a group's squared distance from its mean */
    real *score;               /* [scores_cap, total] grad log p(o) of what was drawn */
    int *score_of;             /* [outcomes] its row, -1 none yet */
    int scores_n, scores_cap;
    /* The pass under way: which completions, a coefficient for each token, the gradient that came of it. */
    int *member;               /* [outcomes] */
    int count, is_forward;
    double *coef, *one;        /* [outcomes, cap]; [total] */
};

/* oracle_open: memory, and how many completions there are. Errors: as oracle_run. */
enum status oracle_open(struct oracle_work *w, struct trainer *t, const struct oracle_settings *s,
                        const struct gate *gate, struct err *e);
/* oracle_problem: all completions of the problem of draw p, their rewards, log-probabilities and
 * probabilities; all are members then. */
enum status oracle_problem(struct oracle_work *w, int p, struct err *e);
/* oracle_types: sorts the completions. Errors: ST_USAGE (too many types). */
enum status oracle_types(struct oracle_work *w, struct err *e);
/* oracle_pass: over the members: the forward fills logp and ref; the backward, w->one = sum of coef * grad
 * log pi. */
enum status oracle_pass(struct oracle_work *w, int is_forward, struct err *e);
/* oracle_coef: the same coefficient for every token of completion o. */
void oracle_coef(struct oracle_work *w, int o, double c);
/* oracle_add: a backward; `share` of its gradient is added to sum [total]. */
enum status oracle_add(struct oracle_work *w, double share, double *sum, struct err *e);
/* oracle_estimate: of KL by completion o, as a sample of pi or (is_stale) of the reference; slope [cap]: its
 * derivative by each token's log pi. */
double oracle_estimate(const struct oracle_work *w, enum kl_kind kind, int by_sequence, int is_stale, int o,
                       double *slope);
/* oracle_expect: the exact expected gradient of row's loss over groups of the problem, added to
 * w->loss[row]. All completions must be members. */
enum status oracle_expect(struct oracle_work *w, int row, struct err *e);
/* oracle_sample: draws the batches of problem p; adds to w->drawn, w->spread and what `out` has of samples.
 * Changes the members. */
enum status oracle_sample(struct oracle_work *w, int p, struct oracle *out, struct err *e);

double oracle_dot(size_t n, const double *x, const double *y);

#endif
