#ifndef GRPOLAB_APP_ENGINE_H
#define GRPOLAB_APP_ENGINE_H

#include <pthread.h>

#include "app/session/session.h"
#include "app/session/turns.h"
#include "engine/run/recipe.h"

/* The engine's thread: it owns the session, takes steps while the control lets it, and carries out requests
 * between steps. A request that needs the step under way out of the way cancels it; what was not committed
 * is replayed. */
enum engine_request {
    ENGINE_NEW,        /* text: preset name; arguments: key=value; as: the run's name; starts its chain. run_id: a run
                        * that is opened instead, paused, where nobody else has it (0: none) */
    ENGINE_OPEN,       /* text: run name or id; opens it, paused, at its latest commit */
    ENGINE_FORK,       /* of run_id (0: of the open run); step (-1: latest), arguments, text: name; the child
                        * becomes the open run */
    ENGINE_REWIND,     /* step */
    ENGINE_RENAME,     /* run_id, text */
    ENGINE_NOTE,       /* run_id, text */
    ENGINE_DELETE,     /* run_id */
    ENGINE_TIDY,       /* the runs of lessons are deleted, but for those that are open or that kept runs began from */
    ENGINE_EVALUATE,   /* the open run, now: result as a message; text: with and without experts, "1:3" */
    ENGINE_TURNS,      /* arguments: runs that take steps in turns with the open one; none: no more */
    ENGINE_RACE,       /* arguments: key=value, of each a fork of the open run at step (-1: its first); these take
                        * turns */
    ENGINE_KEEP,       /* of run_id: finding, findings_n go on record; the step under way is not disturbed */
    ENGINE_RECIPE,     /* text: recipe's name or path; arguments: key=value; reviews; starts it, or goes on with it */
    ENGINE_JUDGE,      /* of run_id: verdict on the text at place `step`; words: EDITED: what a trace becomes */
    ENGINE_QUIT
};

/* engine_opens: whether it leaves another run open, or the open one at another step. */
static inline int engine_opens(enum engine_request what)
{
    return what == ENGINE_NEW || what == ENGINE_OPEN || what == ENGINE_FORK || what == ENGINE_REWIND ||
           what == ENGINE_RACE || what == ENGINE_RECIPE;
}

enum { ENGINE_ARGUMENTS = 64, ENGINE_TEXT = 256, ENGINE_QUEUE = 16 };

struct engine_message {
    enum engine_request what;
    int64_t step, run_id;
    int arguments_n;
    char text[ENGINE_TEXT];
    char argument[ENGINE_ARGUMENTS][ENGINE_TEXT];
    char as[NAME_BYTES];            /* NEW: the run's name, "": its preset's */
    struct record_finding *finding; /* malloc'ed; the engine's once it is posted */
    int findings_n;
    int reviews;                    /* RECIPE */
    enum example_verdict verdict;   /* JUDGE */
    char *words;                    /* malloc'ed or NULL; the engine's once it is posted */
    uint64_t number;
};

/* The n runs that have turns with the open one, for the user interface. */
struct engine_turns {
    int n;
    int64_t run[TURNS_MAX], step[TURNS_MAX];
};

/* The recipe that the session has, for the user interface; recipe.stages_n 0: none. */
struct engine_course {
    struct recipe recipe;
    int64_t run[RECIPE_STAGES];  /* 0: not yet */
    int at, is_open, holds;      /* the stage that was entered last; its run is the open one, and waits for verdicts */
};

struct engine {
    struct session *session;
    struct turns turns;          /* of the engine's thread */
    struct engine_turns shown;   /* guarded by lock, as course is */
    struct engine_course course;
    pthread_t thread;
    pthread_mutex_t lock;
    struct engine_message queue[ENGINE_QUEUE];
    int first, n;
    uint64_t posted;
    int run_at_start;            /* a new or opened run goes on at once */
};

/* engine_start: the thread takes the session over until engine_stop has returned. Errors: ST_FAILED. */
enum status engine_start(struct engine *e, struct session *s, struct err *err);
/* engine_post: queues a request; 0 when the queue is full. A snapshot with command >= the number acknowledges
 * it, and its message says how it went. */
uint64_t engine_post(struct engine *e, const struct engine_message *m);
/* engine_turns: who has turns with the open run. Any thread. */
void engine_turns(struct engine *e, struct engine_turns *out);
/* engine_course: the recipe, and which runs its stages are. Any thread. */
void engine_course(struct engine *e, struct engine_course *out);
/* engine_stop: cancels the step under way, waits for the thread. The run's state on record becomes
 * "paused". */
void engine_stop(struct engine *e);

#endif
