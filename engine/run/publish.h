#ifndef GRPOLAB_RUN_PUBLISH_H
#define GRPOLAB_RUN_PUBLISH_H

#include "engine/run/control.h"
#include "engine/run/trainer.h"

/* publish_fill: what the panes need of a trainer at this moment, into *s; run name, stages and message are
 * the caller's. Safe from any thread that is at a gate of the step under way: token counts are atomic, and
 * what a later phase writes is read only once that phase is over. */
void publish_fill(struct snapshot *s, const struct trainer *t, const struct control_view *c);

/* publish_follow: text, token places and marks of one trace, given its tokens. is_scored:
 * accuracy is known. */
void publish_follow(struct snap_follow *f, const struct task *task, const struct problem *p,
                    const uint16_t *token, const float *logp, const float *entropy, int n, double accuracy);

/* publish_answer: the text between <answer> and </answer>, shortened to fit. */
void publish_answer(const struct vocab *v, const uint16_t *token, int n, char out[ANSWER_BYTES]);

#endif
