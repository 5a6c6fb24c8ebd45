#ifndef GRPOLAB_APP_PROBE_ANSWER_H
#define GRPOLAB_APP_PROBE_ANSWER_H

#include "app/session/probe.h"
#include "app/session/probe_past.h"

/* Answers to questions about the past, in the caller's thread. The background probe calls it, and so can a
 * command. */
struct probe_facts {
    struct trace_facts *trace;       /* TOKENS, AHA, VALUES */
    struct routing_facts *routing;   /* ROUTING */
    struct what_if_facts *what_if;   /* WHAT_IF */
    struct attention_facts *attention;   /* ATTENTION */
};

/* probe_answer: fills the facts that the question is about; the others may be NULL. Facts of the same trace
 * (step, group) are added to and what is known already is not found out again; facts of another one are
 * emptied first. h->changed is called whenever something was added; h->gate is asked at least every few ms of
 * work. The numbers depend on the question alone. Errors: ST_USAGE, ST_NOTFOUND (no such step or trace; no
 * candidate to test), ST_CANCELLED (what was found stays), ST_CORRUPT (the replay differs from the record),
 * ST_NONFINITE, ST_NOMEM. */
enum status probe_answer(struct past *p, const struct probe_question *q, const struct probe_facts *f,
                         const struct past_hooks *h, struct err *e);

/* probe_is_known: the facts answer the question already. The step must be known to be on record where the
 * question says so. */
int probe_is_known(const struct probe_question *q, const struct trace_facts *f);

/* probe_findings: what resampling found out about the trace, tests and values, as rows for the record; at
 * most cap, returns how many. */
int probe_findings(const struct trace_facts *f, struct record_finding *out, int cap);

#endif
