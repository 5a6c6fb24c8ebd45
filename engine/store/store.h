#ifndef GRPOLAB_STORE_STORE_H
#define GRPOLAB_STORE_STORE_H

#include "engine/base/status.h"
#include "engine/run/record.h"
#include "engine/run/sink.h"

/* The write side: one SQLite database in WAL mode, STRICT tables, one writing
 * connection used by the engine's thread only. A commit is one transaction. */
struct store;

/* store_open: creates the file and its folder where missing, migrates an older one.
 * Errors: ST_READONLY, ST_FULL, ST_IO, ST_CORRUPT (not a grpolab store, or damaged), ST_NEWER; the file is
 * left as it was. vfs: NULL, or the name of an SQLite VFS (fault injection in tests). */
enum status store_open(struct store **s, const char *path, const char *vfs, struct err *e);
void store_close(struct store *s);

/* store_run_create: a new run; id is filled in, an empty or taken name is made unique ("countdown",
 * "countdown-2"). settings, environment: "key = value\n" lines; vocabulary: blank-separated tokens.
 * run->step: where it starts, 0 or the step of its parent at which a fork begins. start: digest and keyframe
 * of that step, committed with it. */
enum status store_run_create(struct store *s, struct record_run *run, const char *settings,
                             const char *environment, const char *vocabulary, const struct digest *start,
                             const struct record_keyframe *keyframe, struct err *e);

/* store_run_create_taught: the same for a run that learns from texts collected elsewhere: example
 * [examples_n] is committed with it. */
enum status store_run_create_taught(struct store *s, struct record_run *run, const char *settings,
                                    const char *environment, const char *vocabulary,
                                    const struct digest *start, const struct record_keyframe *keyframe,
                                    const struct record_example *example, int examples_n, struct err *e);

/* store_example_judge: a hand's verdict on text `place` of a run that has taken no step yet; of a pair
 * ACCEPTED keeps it, REJECTED drops it, EDITED turns it round. text: EDITED: what a trace becomes; else NULL.
 * VERDICT_RULE puts back what the rules said, but not an edited text. Errors: ST_NOTFOUND, ST_USAGE (the run
 * has begun; no text). */
enum status store_example_judge(struct store *s, int64_t run, int place, enum example_verdict verdict,
                                const char *text, struct err *e);

/* store_run_lock: takes the run for this process until store_run_unlock, store_close or death (an OFD lock on
 * a byte of FILE-lock beside the store). ST_BUSY when another process (or another store handle) has it. */
enum status store_run_lock(struct store *s, int64_t run, struct err *e);
void store_run_unlock(struct store *s, int64_t run);

/* store_sink: commits for one run; self stays valid while the store is open and the run exists. */
enum status store_sink(struct store *s, int64_t run, struct sink *out, struct err *e);

enum status store_run_rename(struct store *s, int64_t run, const char *name, struct err *e);
enum status store_run_note(struct store *s, int64_t run, const char *note, struct err *e);
/* store_run_delete: a run with all it has; ST_USAGE while children refer to it, ST_BUSY while another process
 * has it. */
enum status store_run_delete(struct store *s, int64_t run, struct err *e);
/* store_findings: what resampling found out about traces that are on record, in one transaction. A place that
 * was looked at before keeps the finding of more continuations, the newer one of as many. Errors: ST_USAGE
 * (malformed), ST_NOTFOUND (a trace is not on record); nothing was written then. */
enum status store_findings(struct store *s, int64_t run, const struct record_finding *finding, int n,
                           struct err *e);
/* store_run_thin: of a finished run only the keyframes of its start, its end and about every quarter stay. */
enum status store_run_thin(struct store *s, int64_t run, struct err *e);
/* store_run_touch: marks the run as the one used last. */
enum status store_run_touch(struct store *s, int64_t run, struct err *e);

/* store_check: SQLite's integrity check and the store's own rules (steps without gaps, keyframe
 * of step 0, sizes). */
enum status store_check(struct store *s, struct err *e);

/* keyframe_keep: whether the keyframe of `step` stays when the newest step is `head`: a pure rule, spacing
 * grows geometrically with age. */
int keyframe_keep(int64_t step, int64_t head);
/* keyframe_due: whether a step gets a keyframe when it is committed. */
int keyframe_due(int64_t step);

#endif
