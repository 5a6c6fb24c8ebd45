#ifndef GRPOLAB_RL_REWARD_MODEL_H
#define GRPOLAB_RL_REWARD_MODEL_H

#include "engine/rl/corpus.h"
#include "engine/rl/learner.h"
#include "engine/rl/score.h"

/* A learned preference reward (R1 v1 section 2.3.4): a model whose value head says, at the end of an
 * answer, how good it is; trained on pairs by Bradley and Terry's likelihood P(a before b) = sigmoid(s_a -
 * s_b). One model for both respects: it reads the prompt and the final summary alone for helpfulness, the
 * prompt and the whole response for harmlessness. */
struct reward_model {
    int row, sequences_cap;
    struct sequence *sequence;  /* [sequences_cap] */
    uint16_t *id;               /* [sequences_cap, row] */
    int *target;                /* [row] none of them */
    float *value;               /* [sequences_cap, row] */
    double *slope;              /* [sequences_cap] d loss / d score */
};

struct reward_stats {
    double loss;                /* mean -log sigmoid(margin), nats */
    double accuracy;            /* share of the pairs whose preferred text scores higher */
    double margin;              /* mean s_preferred - s_other */
    double grad_norm, tokens;
};

/* reward_init: for at most `sequences` texts of at most `longest` tokens with the prompt. Errors: ST_NOMEM. */
enum status reward_init(struct reward_model *r, int sequences, int longest, struct arena *a, struct err *e);

/* reward_step: one optimizer step on pairs first..first+pairs-1 of the corpus' reading. The scores are
 * computed in a pass of their own, then the gradient of each text: d loss / d s = -+ (1 - sigmoid(margin))
 * / pairs. Errors: ST_CANCELLED (nothing changed), ST_NONFINITE, ST_USAGE (no value head, an unknown
 * token). */
enum status reward_step(struct reward_model *r, struct learner *l, const struct task *k, struct corpus *c,
                        const struct adamw_settings *adamw, uint64_t seed, int64_t first, int pairs,
                        const struct gate *gate, struct reward_stats *stats, struct err *e);

/* reward_batch: batch preference [N] out: sigmoid of the two scores' mean (help, harm), 0..1, under weights
 * w, bias of the learner's shapes; NAN for traces of problems that rules decide. Errors as values_of's. */
enum status reward_batch(struct reward_model *r, struct learner *l, const real *w, const real *bias,
                         const struct task *k, const struct batch *b, double *preference,
                         const struct gate *gate, struct err *e);

#endif
