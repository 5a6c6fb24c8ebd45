#ifndef GRPOLAB_APP_SESSION_H
#define GRPOLAB_APP_SESSION_H

#include <pthread.h>

#include "app/session/breakpoint.h"
#include "app/session/session_break.h"
#include "engine/run/control.h"
#include "engine/run/trainer.h"
#include "engine/store/query.h"
#include "engine/store/store.h"

/* A session wires one run at a time to the store: it starts the chain of a preset, reuses finished stages,
 * takes steps, replays, rewinds and forks. The command line uses it on the main thread; the workbench on
 * the engine's thread. Everything but the control and the box is for that one thread. */
struct session {
    char store_path[1024];
    struct store *store;
    struct query *query;             /* read side, for keyframes, settings, digests */
    struct pool *pool;
    const struct kernels *kernels;
    struct trainer *trainer;         /* NULL while no run is open */
    struct record_run run;           /* the open one */
    struct sink sink;
    struct gate gate;
    struct control control;
    struct snapshot_box box;
    struct snapshot *scratch;        /* being filled; guarded by publishing */
    pthread_mutex_t publishing;
    double published;                /* when, seconds */
    int is_interactive;              /* snapshots are wanted */
    int follow_chain;                /* a finished stage is followed by the next one */
    int is_fork;                     /* the open run began at its parent's step, in the same stage */
    int reused;                      /* stages of the chain that were found finished */
    int is_fork_equal;               /* the run is a fork whose settings equal its parent's */
    char base_name[NAME_BYTES];      /* of the chain's last run; earlier stages get -base, -cold */
    char message[256];
    int message_is_error;
    uint64_t command;                /* last one carried out */
    uint64_t refused;                /* the last of those that open a run that could not be carried out */
    int is_locked;                   /* the open run is ours to write */
    int is_replaying;                /* on the way to a step that was asked for */
    int64_t way_at, way_to;          /* that way, also of a fork's parent; way_to 0: none */
    int partners_n;                  /* runs that take steps in turns with this one; see turns.h */
    const struct session *partner;   /* the one of them that is in a step, NULL: none */
    int stop_at_end;                 /* the workbench pauses once when the preset's steps are done */
    struct breakpoints breakpoints;  /* shared with the user interface's thread */
    struct aha_round round;          /* of the step under way */
    int wants_aha;                   /* aha candidates are tested although no breakpoint asks for it */
    struct course *course;           /* the recipe under way, NULL: none */
    int failed;                      /* the open run stands still until it is rewound, forked or left */
};

/* session_init: opens (or creates) the store and starts `threads` workers (0: one a core). Errors as
 * store_open's. */
enum status session_init(struct session *s, const char *store_path, int threads, struct err *e);
void session_release(struct session *s);

/* session_new: begins the chain of `set` at its first stage that is not on record as finished; the open run
 * is the first that has something to do. name: of the last run ("" : the preset's); */
enum status session_new(struct session *s, const struct settings *set, uint64_t seed, const char *name,
                        struct err *e);

/* session_open: an existing run (name or id) at `step` (-1: its latest commit), taken for this process
 * where lock is 1. Going on replays what is on record. Errors: ST_NOTFOUND, ST_BUSY, ST_CORRUPT. */
enum status session_open(struct session *s, const char *run, int64_t step, int lock, struct err *e);

/* session_fork: a child of the run at `step` (-1: latest) with changed settings; it becomes the open run.
 * assignment: n texts "key=value" (seed=N among them changes the seed). name "" : the parent's with a number.
 * Errors: ST_USAGE names the key. */
enum status session_fork(struct session *s, const char *run, int64_t step, const char *const *assignment,
                         int n, const char *name, struct err *e);

/* session_rewind: the open run goes back to `step`; nothing on record changes. */
enum status session_rewind(struct session *s, int64_t step, struct err *e);

/* session_step: one step of the open run (a replay where it is on record), and at the end of a stage the next
 * run of the chain. Errors: ST_CANCELLED (state is that of the last commit), ST_NONFINITE, ST_CORRUPT,
 * ST_FULL, ...: the run is put back to its last commit and, but for ST_CANCELLED, failed is set. */
enum status session_step(struct session *s, struct err *e);
/* session_is_done: the chain's last run has reached its settings' steps. */
int session_is_done(const struct session *s);

/* session_say: the line that the next snapshot shows. */
void session_say(struct session *s, int is_error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* session_state: what the lineage says of the open run ("running", "paused", "done"); one that failed keeps
 * that. */
void session_state(struct session *s, const char *state);
/* session_log: a line in the open run's log on record. */
void session_log(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* session_publish: puts a snapshot into the box; now: 0 only when one is due (60 a second). Any thread inside
 * a step. */
void session_publish(struct session *s, int now);

/* session_way: a replay to step `to` has come to step `at`; told by snapshots. Over when at is to. */
void session_way(struct session *s, int64_t at, int64_t to);

/* session_settings: of a run on record. */
enum status session_settings(struct query *q, int64_t run, struct settings *out, struct err *e);

/* session_key: of a reusable stage: what its end depends on. */
void session_key(const struct settings *set, enum stage stage, uint64_t seed, char out[KEY_HEX]);

/* What the runs that lessons make are called begins so. session_is_lesson: whether a run on record is one of
 * them; the base and the cold start, which every lesson uses again, do not count. */
#define LESSON_RUNS "lesson-"
int session_is_lesson(const struct record_run *run);

#endif
