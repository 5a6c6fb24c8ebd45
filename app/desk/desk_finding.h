#ifndef GRPOLAB_APP_DESK_FINDING_H
#define GRPOLAB_APP_DESK_FINDING_H

#include "engine/run/facts.h"
#include "engine/run/record.h"

struct desk;

/* Findings between the probe, the screen and the record. What the probe has found out about a trace is
 * handed to the engine's thread, which writes it, once the trace's step is on record; of a trace that is
 * looked at, what is on record is added to what is known of it. */
enum { FINDINGS_PENDING = 512, FINDINGS_OF_TRACE = FACT_VALUES + FACT_TESTS };

struct desk_findings {
    int pending_n;
    int64_t pending_run[FINDINGS_PENDING];
    struct record_finding pending[FINDINGS_PENDING];
    uint64_t posted;             /* number of the request under way, 0: none */
    uint64_t seen;               /* version of the facts that was looked through last */
    /* Of the trace with these marks: what is on record, or on its way there. */
    int64_t run, step;
    int group, index, known_n;
    struct record_finding known[FINDINGS_OF_TRACE];
};

/* desk_keep_findings: takes what is new among the desk's facts and posts what can be written.
 * desk_read_findings: brings the facts of the trace in view up to what is on record. Both cost nothing when
 * nothing has changed. */
void desk_keep_findings(struct desk *d);
void desk_read_findings(struct desk *d);

/* findings_merge: adds what facts lack; of the same trace. findings_missing: whether facts' finding is not
 * among known [n], or rests on more continuations. */
void findings_merge(struct trace_facts *facts, const struct record_finding *known, int n);
int findings_missing(const struct record_finding *known, int n, const struct record_finding *f);

#endif
