#ifndef GRPOLAB_APP_ASIDE_H
#define GRPOLAB_APP_ASIDE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/rl/gate.h"

/* A long question about a step on record, answered aside: by a thread of its own with a trainer of its own,
 * restored from the store and replayed to the step, as the probe does. It is none of the probe's questions:
 * it takes a minute, is about no trace, and is still wanted when another step is looked at. The thread writes
 * nothing and takes no lock. All functions but aside_tell and aside_put are for the thread that asks. */
struct aside;
struct trainer;

enum { ASIDE_QUESTION = 64 };

struct aside_kind {
    const char *name;     /* in errors */
    size_t answer_bytes;
    int keeps;            /* an answer is shown on while another step of the same run is asked about */
    /* answer: t has the state after the step. answer [answer_bytes] is zeros, and is put when it returns ST_OK;
     * what is put earlier is shown while it works. Pass aside_gate to the engine, so that it can be given
     * up. */
    enum status (*answer)(struct aside *a, struct trainer *t, const void *question, void *answer, struct err *e);
};

/* aside_init: nothing is asked yet. wake: eventfd of the one who asks, borrowed; rung when there is something
 * new; -1: none. aside_release: gives up what is under way and waits for the thread; NULL is allowed.
 * Errors: ST_NOMEM. */
enum status aside_init(struct aside **a, const struct aside_kind *kind, const char *store_path, int wake,
                       struct err *e);
void aside_release(struct aside *a);

/* aside_ask: the question before is given up, unless it is the same. question [bytes <= ASIDE_QUESTION] is
 * copied. Errors: ST_FAILED (no thread). aside_stop: gives it up; aside_forget: and its answer. */
enum status aside_ask(struct aside *a, int64_t run, int64_t step, const void *question, size_t bytes,
                      struct err *e);
void aside_stop(struct aside *a);
void aside_forget(struct aside *a);

/* What is known and what is under way. The pointers hold until the next look. */
struct aside_look {
    const void *answer;    /* NULL: none yet */
    int64_t run, step;     /* of the answer */
    const char *doing;     /* NULL: it is not at work */
    double part;           /* 0..1 */
    struct err error;      /* of a question that has failed, told once; else its code is ST_OK */
};
void aside_look(struct aside *a, struct aside_look *out);

/* For answer(), on the thread. aside_put: shows an answer while it works; part: of the whole. */
const struct gate *aside_gate(const struct aside *a);
void aside_tell(struct aside *a, const char *doing, double part);
void aside_put(struct aside *a, const void *answer, double part);

#endif
