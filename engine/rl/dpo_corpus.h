#ifndef GRPOLAB_RL_DPO_CORPUS_H
#define GRPOLAB_RL_DPO_CORPUS_H

#include "engine/rl/corpus.h"
#include "engine/rl/learner.h"
#include "engine/rl/score.h"

/* DPO as it was published (Rafailov et al. 2023): on a corpus of pairs that an annotator has ordered, without
 * sampling and without a reward model. dpo_update.h has it on the policy's own samples. */
struct dpo_corpus {
    int row;                    /* most tokens of a text that are read */
    struct sequence *sequence;  /* [2 pairs] the texts of pair p at 2 p (preferred) and 2 p + 1 */
    uint16_t *id;               /* [2 pairs, row] */
    int *target;                /* [2 pairs, row] */
    double *now, *ref, *pull;   /* [2 pairs] sums over a completion, nats; d loss / d now */
};

struct dpo_corpus_stats {
    double loss;                /* mean of dpo_terms over the pairs, nats */
    double margin, accuracy;    /* mean margin; share of the pairs ranked right */
    double chosen, rejected;    /* mean implicit rewards, beta (log pi - log ref) of a whole text */
    double grad_norm, tokens;   /* tokens of the completions */
};

/* dpo_corpus_init: for `pairs` pairs of texts of at most `longest` tokens with the prompt. Errors: ST_NOMEM. */
enum status dpo_corpus_init(struct dpo_corpus *d, int pairs, int longest, struct arena *a, struct err *e);

/* dpo_corpus_step: one optimizer step on pairs first..first+pairs-1 of the corpus' reading, whose texts count
 * whole: thoughts, summary and end, whatever they were compared in. A forward of policy and reference gives
 * each pair's margin, a second pass at the same weights its gradient. What does not fit into a row is cut.
 * Errors: ST_CANCELLED (nothing changed), ST_NONFINITE, ST_USAGE (no pairs, an unknown token). */
enum status dpo_corpus_step(struct dpo_corpus *d, struct learner *l, const struct task *k, struct corpus *c,
                            const struct adamw_settings *adamw, double beta, uint64_t seed, int64_t first,
                            int pairs, const struct gate *gate, struct dpo_corpus_stats *stats, struct err *e);

#endif
