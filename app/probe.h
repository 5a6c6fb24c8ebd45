#ifndef GRPOLAB_APP_PROBE_H
#define GRPOLAB_APP_PROBE_H

#include <pthread.h>

#include "engine/rl/objective.h"
#include "engine/run/facts.h"

/* Questions about a run's past that need its weights: a thread of its own with a trainer of its own, restored from
 * the store and replayed to the step that is asked about. It writes nothing and takes no run's lock, so that it works
 * beside the engine; no bit of any run depends on it. */

enum probe_what {
    PROBE_TOKENS,     /* log-probabilities, alternatives, experts of every token */
    PROBE_AHA,        /* tests the trace's aha candidates by resampling */
    PROBE_VALUES,     /* success rates along the trace: before every equation and at its end, or at one token */
    PROBE_ROUTING,    /* which tokens of the step's traces each expert serves */
    PROBE_WHAT_IF     /* one update on a group with edited rewards and settings */
};

struct probe_question {
    enum probe_what what;
    int64_t run, step;           /* the step that sampled the trace: weights are those after step - 1 */
    int is_finished;             /* the step is on record: it can be replayed for what came after it */
    int group, index;            /* of the step's batch */
    int n;                       /* tokens; the text is taken from the batch on record, or from here: */
    char prompt[256];            /* the whole prompt, as the model saw it; "": read the trace from the store */
    char text[SNAP_TEXT];        /* the completion so far */
    int at;                      /* PROBE_VALUES: token, -1: along the whole trace */
    int samples;                 /* continuations a place, 0: 32 */
    double reward[WHAT_IF_GROUP];        /* WHAT_IF: of the group's completions */
    struct objective objective;  /* WHAT_IF */
};

struct probe {
    struct session *session;     /* of the probe's own; NULL until the first question */
    char store_path[1024];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    int wake;                    /* eventfd of the UI's loop, borrowed */
    int is_started, stop, cancel;
    int has_question, is_busy;
    struct probe_question question;
    double progress;
    char doing[96];              /* "replaying to step 118", "" when idle */
    struct err error;            /* of the last question; ST_OK */
    struct trace_facts *facts;
    struct routing_facts *routing;
    struct what_if_facts *what_if;
};

/* probe_init: no thread yet; it starts with the first question. Errors: ST_NOMEM. */
enum status probe_init(struct probe *p, const char *store_path, int wake, struct err *e);
/* probe_release: gives up the question under way and waits for the thread. */
void probe_release(struct probe *p);

/* probe_ask: the newest question is answered; one under way about another trace is given up. */
enum status probe_ask(struct probe *p, const struct probe_question *q, struct err *e);

/* probe_look: copies what is newer than *facts, *routing, *what_if (any may be NULL); returns whether something was.
 * doing [96], progress, error: of the question under way or the last one, may be NULL. */
int probe_look(struct probe *p, struct trace_facts *facts, struct routing_facts *routing,
               struct what_if_facts *what_if, char *doing, double *progress, struct err *error);

#endif
