#ifndef GRPOLAB_APP_PROBE_TRACE_H
#define GRPOLAB_APP_PROBE_TRACE_H

#include "app/session/probe_answer.h"

/* A trace as the probe works on it. */
struct probe_trace {
    struct problem problem;
    uint16_t prompt[PROMPT_MAX], token[SNAP_TOKENS];
    int prompt_n, n, cut_off;
};

static inline struct inspect_trace probe_inspect(const struct probe_trace *x)
{
    return (struct inspect_trace){x->prompt, x->token, x->prompt_n, x->n};
}

/* probe_trace_of: the trace of a step that was read with its tokens. probe_read_trace: the one that a
 * question is about, from the store or from the question's own text. The past stands before the step. Errors:
 * ST_NOTFOUND, ST_CORRUPT. */
enum status probe_trace_of(const struct trainer *t, const struct query_step *s, int group, int index,
                           struct probe_trace *x, struct err *e);
enum status probe_read_trace(struct past *p, const struct probe_question *q, struct probe_trace *x,
                             struct err *e);
/* probe_read_group: all completions of the question's group, x [G]; those of a step that is not on record are
 * sampled again, with the run's own randomness, so that they are the same. */
enum status probe_read_group(struct past *p, const struct probe_question *q, const struct gate *gate,
                             struct probe_trace *x, struct err *e);

/* probe_value_places: the tokens from before which the value is worth knowing: the first, the begin of each
 * equation, and the end; ascending, at most cap. probe_candidates: the tokens of the aha candidates. Both
 * return how many. */
int probe_value_places(const struct trainer *t, const struct probe_trace *x, int *out, int cap);
int probe_candidates(const struct trainer *t, const struct probe_trace *x, int *out, int cap);

#endif
