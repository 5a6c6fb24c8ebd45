#ifndef GRPOLAB_RL_SCORE_H
#define GRPOLAB_RL_SCORE_H

#include "engine/nn/vocab.h"
#include "engine/rl/batch.h"
#include "engine/rl/objective.h"
#include "engine/rl/process.h"

/* The stages between rollout and update: draw, score, advantage. */

/* A task as a run uses it: the scenario, opened, with the run's vocabulary. */
struct task {
    const struct scenario *scenario;
    void *self;
    const struct vocab *vocab;
    int end_token;
};

struct reward_weights {
    double accuracy, format, language;
    double preference;        /* above 0: open problems are rewarded by b->preference in place of accuracy */
    double process;           /* of the step-wise reward (process.h); 0: none */
    enum process_rule process_rule;
};

enum cut_off_rule { CUT_OFF_SCORE, CUT_OFF_MASK, CUT_OFF_OVERLONG };
#define CUT_OFF_CHOICES "score mask overlong"

/* task_prompt: encodes a problem's prompt. Errors: ST_USAGE (too long, unknown token). */
enum status task_prompt(const struct task *k, const struct problem *p, uint16_t *id, int *n, struct err *e);

/* batch_draw: group p of the batch gets the problem of draw number `draw` of this step, and empty traces. */
enum status batch_draw(struct batch *b, const struct task *k, uint64_t seed, uint32_t step, int p,
                       uint32_t draw, struct err *e);

/* score_group: text, verifier and analysis for the G traces of group p. overlong_cache: tokens before the
 * length limit over which CUT_OFF_OVERLONG's penalty grows from 0 to 1 (DAPO eq. 13; 0: no penalty). */
void score_group(struct batch *b, const struct task *k, const struct reward_weights *w, int overlong_cache,
                 int p);

/* score_preference: rewards of the open problems of group p, where w->preference is above 0: a preference
 * model's word (b->preference [N], NaN: none was asked) takes the place of accuracy. */
void score_preference(struct batch *b, const struct task *k, const struct reward_weights *w, int p);

/* readability: how well a trace can be followed, 0..1: well-formed, in the target language, no attempt
 * twice, equations right, not cut off: format * language * distinct attempts / attempts * right equations /
 * equations, and 0 where it is cut off (a part that a trace does not have counts as 1). R1's own readers
 * judged by eye (R1 v1 2.3.1). */
double readability(const struct score *s, const struct trace_counts *c, int cut_off);

/* advantage_batch: means, deviations, flat groups, advantages as the loss has them, and which traces it
 * leaves out. A baseline is the mean reward of this batch, none, or o->running_mean, which the caller
 * keeps. */
void advantage_batch(struct batch *b, const struct objective *o, int drop_flat, enum cut_off_rule cut_off);

#endif
