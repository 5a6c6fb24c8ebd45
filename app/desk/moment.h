#ifndef GRPOLAB_APP_MOMENT_H
#define GRPOLAB_APP_MOMENT_H

#include "engine/nn/vocab.h"
#include "engine/run/settings.h"
#include "engine/run/snapshot.h"
#include "engine/store/query.h"

/* A step of a run as it is on record, in the form that panes draw: a snapshot with is_live 0. What belongs to
 * the run (its settings, its vocabulary, its opened task) is read once and kept until another run is asked
 * for. Used by one thread. */
struct moment {
    struct record_run run; /* id 0: none is read */
    struct settings set;
    struct vocab vocab;
    void *task;             /* of set.scenario */
    struct query_step step; /* the last one that was read */
    int has_step;
};

/* moment_init: nothing is read. moment_release gives all memory back. */
void moment_init(struct moment *m);
void moment_release(struct moment *m);

/* moment_read: step `step` (-1: the last committed one) of a run into *out: metrics, groups, traces, expert
 * load, the chain of stages; the followed trace as moment_follow. Step 0 is the start: it has metrics of no
 * step. What a step does not keep is left out: answers are read from the text, the load's moving average is
 * NaN. Errors: ST_NOTFOUND names the steps there are, ST_CORRUPT, ST_NOMEM; *out untouched. */
enum status moment_read(struct moment *m, struct query *q, const struct record_run *run, int64_t step,
                        enum follow why, int group, int index, struct snapshot *out, struct err *e);

/* moment_follow: changes the trace that is shown of the step that was read last: the one with the best
 * advantage, the first aha candidate (where there is none, the best), or that of group and index. Its text is
 * decoded and analysed. */
void moment_follow(const struct moment *m, enum follow why, int group, int index, struct snapshot *out);

/* moment_prompt: a prompt in few columns: what the user says, "11 8 7 -> 26". */
void moment_prompt(const char *prompt, char *out, size_t bytes);

#endif
