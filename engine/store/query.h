#ifndef GRPOLAB_STORE_QUERY_H
#define GRPOLAB_STORE_QUERY_H

#include "engine/base/status.h"
#include "engine/base/str.h"
#include "engine/run/record.h"

/* The read side of the store, for views and commands: its own read-only
 * connection, one short transaction a call. Used by one thread at a time. */
struct query;

/* query_open: errors ST_NOTFOUND (no file), ST_CORRUPT (foreign or damaged), ST_NEWER, ST_IO. */
enum status query_open(struct query **q, const char *path, struct err *e);
void query_close(struct query *q);

/* query_runs: all runs in order of id; *run is malloc'ed, the caller frees it. */
enum status query_runs(struct query *q, struct record_run **run, int *n, struct err *e);
/* query_run: by name or decimal id. ST_NOTFOUND says which names there are that look like it. */
enum status query_run(struct query *q, const char *name_or_id, struct record_run *out, struct err *e);
enum status query_last_run(struct query *q, struct record_run *out, struct err *e);  /* the one used last */

/* query_settings: key and value lines "key = value\n" in the order in which they were stored;
 * environment likewise. */
enum status query_settings(struct query *q, int64_t run, struct str *out, struct err *e);
enum status query_environment(struct query *q, int64_t run, struct str *out, struct err *e);
/* query_vocabulary: tokens separated by blanks. */
enum status query_vocabulary(struct query *q, int64_t run, struct str *out, struct err *e);

/* query_metrics: rows of METRIC_N doubles (NaN where not measured) of steps first..last that are on record,
 * ascending; *step [n] and *value [n*METRIC_N] are malloc'ed, the caller frees them. */
enum status query_metrics(struct query *q, int64_t run, int64_t first, int64_t last, int64_t **step,
                          double **value, int *n, struct err *e);

struct query_step {
    int64_t step;
    struct digest digest;
    double seconds;
    double metric[METRIC_N];
    int layers_n, experts_n;
    float *load, *bias;            /* [layers_n*experts_n] or NULL */
    int groups_n, traces_n;
    struct record_group *group;    /* texts owned */
    struct record_trace *trace;    /* tokens only where asked for, else n and NULL */
};

/* query_step: one step whole. with_tokens: 1 also unpacks each trace's tokens, log-probabilities, entropies.
 * Errors: ST_NOTFOUND names the steps there are. Freed by query_step_free. */
enum status query_step(struct query *q, int64_t run, int64_t step, int with_tokens, struct query_step *out,
                       struct err *e);
void query_step_free(struct query_step *s);

/* What the experts of a run got, step after step: rows of layers_n * experts_n cells. */
struct query_loads {
    int n, layers_n, experts_n;    /* n: steps; layers_n 0: none has a load */
    int64_t *step;                 /* [n] ascending */
    float *load, *bias;            /* [n, layers_n, experts_n]: shares that sum to 1 a layer;
                                    * b_i after the step */
    int64_t next;                  /* where reading goes on; above `last`: all was read */
};

/* query_loads: of the steps first..last that are on record and divisible by stride >= 1, at most `most` of
 * them; no other step is read. Errors: ST_CORRUPT, ST_NOMEM. Freed by query_loads_free. */
enum status query_loads(struct query *q, int64_t run, int64_t first, int64_t last, int64_t stride, int most,
                        struct query_loads *out, struct err *e);
void query_loads_free(struct query_loads *l);

/* query_digest: of a committed step (0: the start). ST_NOTFOUND. */
enum status query_digest(struct query *q, int64_t run, int64_t step, struct digest *out, struct err *e);

/* query_keyframe_before: the newest step <= step that has a keyframe. ST_NOTFOUND. */
enum status query_keyframe_before(struct query *q, int64_t run, int64_t step, int64_t *found, struct err *e);
/* query_keyframe: calls each(ctx, kind, name, data, bytes) for every tensor; stops at its first failure. */
enum status query_keyframe(struct query *q, int64_t run, int64_t step,
                           enum status (*each)(void *ctx, const char *kind, const char *name,
                                               const void *data, size_t bytes, struct err *e),
                           void *ctx, struct err *e);
/* query_keyframes: the steps that have one, ascending; malloc'ed. */
enum status query_keyframes(struct query *q, int64_t run, int64_t **step, int *n, struct err *e);

/* query_evaluations: rows of a run, ascending by step; `right` owned by the caller via
 * query_evaluations_free. */
struct query_evaluation {
    int64_t step;
    struct record_evaluation e;
};
enum status query_evaluations(struct query *q, int64_t run, struct query_evaluation **row, int *n,
                              struct err *e);
void query_evaluations_free(struct query_evaluation *row, int n);

/* query_findings: what resampling found out, ascending by step, group, index, kind and token. step, group,
 * index: -1 for all of them. *finding is malloc'ed, the caller frees it. */
enum status query_findings(struct query *q, int64_t run, int64_t step, int group, int index,
                           struct record_finding **finding, int *n, struct err *e);
/* finding_name: the kind as it stands in the store: "aha", "value". */
const char *finding_name(enum finding_kind kind);

/* query_examples: what a run learns from, ascending by place: calls each(ctx, place, example) for those from
 * `first` on, at most `most` (-1: all); stops at its first failure. Texts are borrowed for the call.
 * query_examples_n: how many there are, and of them kept. */
enum status query_examples(struct query *q, int64_t run, int first, int most, int only_kept,
                           enum status (*each)(void *ctx, int place, const struct record_example *x,
                                               struct err *e),
                           void *ctx, struct err *e);
enum status query_examples_n(struct query *q, int64_t run, int *n, int *kept_n, struct err *e);
/* verdict_name: "" (the rules'), "accepted", "rejected", "edited". */
const char *verdict_name(enum example_verdict v);

/* query_log: the last `most` lines of a run's log (run 0: of all), oldest first, as text lines. */
enum status query_log(struct query *q, int64_t run, int most, struct str *out, struct err *e);

/* query_find_stage: a finished run whose key is `key`; query_find_begun: the latest one, finished or not.
 * Errors: ST_NOTFOUND. */
enum status query_find_stage(struct query *q, const char *key, struct record_run *out, struct err *e);
enum status query_find_begun(struct query *q, const char *key, struct record_run *out, struct err *e);

#endif
