#ifndef GRPOLAB_RL_DISTILL_H
#define GRPOLAB_RL_DISTILL_H

#include "engine/nn/soft.h"
#include "engine/rl/learner.h"

/* Distillation on logits: the supervised loss of a token is
 *
 *   (1 - w) * -log p_student(token) + w * tau^2 * KL(teacher_tau || student_tau)
 *
 * (Hinton, Vinyals and Dean 2015, section 2; the forward KL, so the student covers what the teacher may
 * write.) R1 itself taught its students by the tokens alone: w = 0 (R1 v1 section 2.4).
 *
 * The teacher is another model of the same vocabulary, frozen; it reads each shard in the lane that learns
 * from it, with a workspace of the lane, so that its numbers depend on the cut of the batch alone. */
struct distill {
    const struct model *m;    /* the teacher's shape, weights and expert biases, borrowed */
    const real *w, *bias;
    double weight, temperature;   /* w in 0..1, tau */
    struct workspace *ws;     /* [lanes_n] */
    real **share;             /* [lanes_n][capacity] weights of the divergences */
    struct soft_targets *soft;/* [lanes_n] of the shard under way */
};

/* distill_init: room for the shards of learner l, from an arena; weight and temperature are the caller's to
 * set. Errors: ST_NOMEM. */
enum status distill_init(struct distill *d, const struct learner *l, const struct model *m, const real *w,
                         const real *bias, struct arena *a, struct err *e);

/* distill_shard: the teacher reads the shard; s->soft is set and its weights are zeroed, for the caller to
 * fill in share[s->lane] [T] before it returns to the pass. Errors: ST_NONFINITE. Threads: one a lane. */
enum status distill_shard(struct distill *d, struct shard *s, struct err *e);

/* distill_divergence: KL of row t of the shard, after distill_shard, nats. */
double distill_divergence(const struct distill *d, const struct shard *s, int t);

#endif
