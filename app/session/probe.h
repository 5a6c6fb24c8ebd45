#ifndef GRPOLAB_APP_PROBE_H
#define GRPOLAB_APP_PROBE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/rl/objective.h"
#include "engine/run/facts.h"

/* Questions about a run's past that need its weights: a thread of its own with a trainer of its own, restored
 * from the store and replayed to the step that is asked about. It writes nothing and takes no run's lock, so
 * that it works beside the engine; no bit of any run depends on it. */

enum probe_what {
    PROBE_TOKENS,     /* log-probabilities, alternatives, experts of every token */
    PROBE_AHA,        /* tests the trace's aha candidates by resampling, or one token, whatever it is */
    PROBE_VALUES,     /* success rates: before every equation of the trace and at its end, or at one token */
    PROBE_ROUTING,    /* which tokens of the step's traces each expert serves */
    PROBE_WHAT_IF,    /* one update on a group with edited rewards and settings */
    PROBE_ATTENTION   /* what a head of a layer looked at along the trace */
};

struct probe_question {
    enum probe_what what;
    int64_t run, step;           /* the step that sampled the trace: weights are those after step - 1 */
    int is_finished;             /* the step is on record: it can be replayed for what came after it */
    int group, index;            /* of the step's batch */
    int n;                       /* tokens; the text is taken from the batch on record, or from here: */
    char prompt[256];            /* whole, as the model saw it; "": the trace is read from the store */
    char text[SNAP_TEXT];        /* the completion so far */
    int at;                      /* AHA, VALUES: token, -1: along the whole trace */
    int samples;                 /* continuations a place, 0: 32 */
    int layer, head;             /* ATTENTION */
    double reward[WHAT_IF_GROUP];        /* WHAT_IF: of the group's completions */
    struct objective objective;  /* WHAT_IF */
};

/* Questions of one kind wait in one place, where a newer one takes the older one's. */
enum { PROBE_PLACES = 7, PROBE_TRACES = 8 };

struct probe {
    char store_path[1024];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    int wake;                    /* eventfd of the UI's loop, borrowed */
    int is_started, stop, is_initialised;

    /* Guarded by lock. */
    struct probe_question waiting[PROBE_PLACES], question;   /* question: under way, or the last one */
    unsigned waits;       /* bits: which of waiting are asked */
    int is_busy, is_dropped;     /* dropped: the one under way is not wanted any more */
    int is_told, is_asked_again; /* something of its answer has been shown; it was asked once more after that */
    double progress;
    char doing[96];              /* "replaying to step 118", "" when idle */
    struct err error;            /* of the last question; ST_OK */
    int has_news;                /* doing, progress or error have changed since they were looked at */
    int error_is_new;
    uint64_t version;
    struct trace_facts *facts;
    struct routing_facts *routing;
    struct what_if_facts *what_if;
    struct attention_facts *attention;

    /* The thread's own. */
    atomic_int cancel;           /* the question under way is to be given up */
    struct past *past;           /* NULL until the first question */
    struct trace_facts *known[PROBE_TRACES];                 /* of the traces asked about lately */
    struct trace_facts *trace;   /* one of them, under way */
    uint64_t known_used[PROBE_TRACES];
    struct routing_facts *own_routing;
    struct what_if_facts *own_what_if;
    struct attention_facts *own_attention;
};

/* probe_init: no thread yet; it starts with the first question. Errors: ST_NOMEM. */
enum status probe_init(struct probe *p, const char *store_path, int wake, struct err *e);
/* probe_release: gives up the question under way and waits for the thread. */
void probe_release(struct probe *p);

/* probe_ask: the newest question is answered; those about another trace are given up, those about the same
 * trace or step are answered one after the other, short ones first. One that is under way already is not
 * begun anew, yet facts with a new version always follow: where it was told before this call, it is told
 * again when it has ended. One that has just failed fails again with the same error. Errors: ST_USAGE,
 * ST_NOMEM, ST_FAILED (no thread). */
enum status probe_ask(struct probe *p, const struct probe_question *q, struct err *e);

/* probe_is_busy: whether a question is under way or waits. Any thread. */
int probe_is_busy(struct probe *p);

/* probe_look: copies what is newer than *facts, *routing, *what_if (any may be NULL); returns whether
 * anything was, what is being done included. doing [96] and progress: of the question under way, "" when
 * there is none; error: of a question that has failed since the last look, else its code is ST_OK; each may
 * be NULL. */
int probe_look(struct probe *p, struct trace_facts *facts, struct routing_facts *routing,
               struct what_if_facts *what_if, char *doing, double *progress, struct err *error);
/* probe_look_attention: the same for the attention of a head; returns whether it was newer. */
int probe_look_attention(struct probe *p, struct attention_facts *attention);

#endif
