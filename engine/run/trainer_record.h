#ifndef GRPOLAB_RUN_TRAINER_RECORD_H
#define GRPOLAB_RUN_TRAINER_RECORD_H

#include "engine/run/trainer.h"

/* From what a stage computed to metrics and records. For trainer.c. */
void record_traces(struct trainer *t);
void record_grpo(struct trainer *t, const struct grpo_stats *s);
void record_reward(struct trainer *t, const struct reward_stats *stats);
void record_dpo(struct trainer *t, const struct dpo_corpus_stats *stats);
void record_sft(struct trainer *t, const struct sft_stats *s);
void record_balance(struct trainer *t, const double *average);
void record_evaluation(struct trainer *t);
void record_times(struct trainer *t, double seconds);

/* record_commit: hands the step, and its keyframe where one is due, to the sink. */
enum status record_commit(struct trainer *t, const struct sink *sink, const struct digest *d, double seconds,
                          struct err *e);

#endif
