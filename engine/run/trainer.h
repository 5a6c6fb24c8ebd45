#ifndef GRPOLAB_RUN_TRAINER_H
#define GRPOLAB_RUN_TRAINER_H

#include "engine/rl/dpo_corpus.h"
#include "engine/rl/dpo_update.h"
#include "engine/rl/grpo.h"
#include "engine/rl/reward_model.h"
#include "engine/rl/rollout.h"
#include "engine/rl/score.h"
#include "engine/rl/sft.h"
#include "engine/run/evaluate.h"
#include "engine/run/settings.h"
#include "engine/run/sink.h"
#include "engine/run/snapshot.h"

/* One run in memory: a stage of a preset with everything it needs to take steps. Two trainers live side by
 * side in one process. Used by one thread at a time (the engine's); its pool's workers are inside its calls
 * only. */
enum { EVALUATIONS_MAX = 2 };

struct trainer {
    struct settings set;
    enum stage stage;
    uint64_t seed;
    void *task_self;
    struct vocab vocab;
    struct task task;
    struct model model;
    struct pool *pool;            /* borrowed */
    struct arena arena;
    struct learner learner;
    struct rollout rollout;
    struct batch batch;           /* GRPO */
    struct grpo grpo;
    struct dpo dpo;               /* where the loss is dpo */
    struct sft sft;               /* base, cold start */
    struct dpo_corpus pairs;      /* a dpo stage */
    struct reward_model reward;   /* a reward stage; GRPO with a preference reward */
    real *reward_w, *reward_bias; /* the preference model of a GRPO stage, frozen; NULL: none is asked */
    int has_reward;               /* it is there */
    struct model teacher;         /* cold start with cold.distill: whose distributions it learns from */
    real *teacher_w, *teacher_bias;
    struct distill distill;
    int has_teacher;
    struct corpus corpus;         /* reward, dpo: pairs; cold start: what it reads in place of demonstrations; empty: nothing */
    struct evaluator evaluator;
    real *backup[3];              /* weights and moments at the step's beginning, where an update has several parts */

    int64_t step, head;           /* last step taken; last on record (a replay while step < head) */
    int64_t reference_step;       /* after which step the reference was taken; its keyframe holds it */
    double seconds, rl_seconds;   /* of recorded steps, up to max(step, head) */
    enum phase phase;
    double progress;              /* of an evaluation */
    double metric[METRIC_N];      /* of the step under way or just taken */
    double max_vio[LAYERS_MAX];
    float share[SNAP_LAYERS * SNAP_EXPERTS];
    int evaluations_n;
    struct evaluation evaluation[EVALUATIONS_MAX];
    uint8_t *right[EVALUATIONS_MAX];
    int held_out_n;
    int torn;                     /* the weights have moved past the last commit: after a failed step the state
                                   * must be restored before the next one */
};

/* What a step talks to while it runs. All may be NULL. */
struct trainer_hooks {
    const struct gate *gate;
    const struct sink *sink;
};

/* trainer_init: opens the scenario, builds model and memory. Nothing is learned yet: trainer_start or
 * trainer_restore follows. Errors: ST_USAGE (settings), ST_NOMEM. */
enum status trainer_init(struct trainer *t, const struct settings *s, enum stage stage, uint64_t seed,
                         const struct kernels *k, struct pool *pool, struct err *e);
void trainer_release(struct trainer *t);

/* trainer_start: fresh weights, step 0. */
void trainer_start(struct trainer *t);
/* trainer_follow: step 0 of this stage from the end of an earlier one: its weights and biases, new moments;
 * the reference of a GRPO stage is that policy. */
void trainer_follow(struct trainer *t, const struct trainer *before);

/* trainer_take: the whole state of another trainer of the same stage and shapes: a fork's beginning. Its
 * time starts anew: seconds are those of a run's own steps. */
void trainer_take(struct trainer *t, const struct trainer *from);

/* trainer_reward: the weights of a finished reward stage of the same shapes become the preference model. */
void trainer_reward(struct trainer *t, const struct trainer *reward);

/* trainer_teacher: a copy of another run's model, of any shapes, becomes what this cold start learns from by
 * cold.distill. Before its first step and after each trainer_init, once. Errors: ST_USAGE (another
 * vocabulary: the first difference is named; fewer positions), ST_NOMEM. */
enum status trainer_teacher(struct trainer *t, const struct trainer *from, struct err *e);

/* trainer_corpus: takes the texts that a cold start reads (c is empty then), before its first step and
 * after each trainer_init. Errors: ST_NOMEM. */
enum status trainer_corpus(struct trainer *t, struct corpus *c, struct err *e);

/* trainer_step: takes one step and commits it. A step that is on record already (step <= head) is compared by
 * digest and not written. Errors: ST_CANCELLED: the step can be taken again, after a restore where t->torn
 * says so; ST_NONFINITE: stage and tensor named, the state is that of the last commit; ST_CORRUPT: the
 * replay's digest differs from the record. */
enum status trainer_step(struct trainer *t, const struct trainer_hooks *h, struct err *e);

/* trainer_rate: the learning rate that the schedule of the trainer's stage has for `step` (from 1),
 * dimensionless; what that step's update uses. Pure. */
double trainer_rate(const struct trainer *t, int64_t step);

/* trainer_evaluate: on demand, with the present weights; results in *o (o->right may be NULL). */
enum status trainer_evaluate(struct trainer *t, struct evaluation *o, const struct gate *gate, struct err *e);

struct digest trainer_digest(const struct trainer *t);

/* trainer_tensors: the state after `step` as rows for its keyframe, at most cap; returns how many. Borrowed
 * from t. The reference is among them only where it was taken at that step: it is kept once per
 * replacement. */
enum { TENSORS_MAX = 5 * (LAYERS_MAX * 16 + MTP_MAX * 20 + 8) + 8 };
int trainer_tensors(const struct trainer *t, int64_t step, struct record_tensor *out, int cap);
/* trainer_restore_tensor: puts one back. Errors: ST_CORRUPT (unknown name or other size). */
enum status trainer_restore_tensor(struct trainer *t, const char *kind, const char *name, const void *data,
                                   size_t bytes, struct err *e);
/* trainer_keeps_baseline: whether the running mean of the rewards is part of its state (reinforce,
 * running). */
int trainer_keeps_baseline(const struct trainer *t);
/* trainer_restored: after all tensors; step is where they were taken. */
void trainer_restored(struct trainer *t, int64_t step);

/* trainer_peak_bytes: of its arena. */
size_t trainer_peak_bytes(const struct trainer *t);

#endif
