#ifndef GRPOLAB_RUN_SNAPSHOT_H
#define GRPOLAB_RUN_SNAPSHOT_H

#include <pthread.h>
#include <stdint.h>

#include "engine/rl/scenario.h"
#include "engine/run/record.h"

/* What the panes draw: one moment of a run, live or read back from the store.
 * Plain data with stated maxima; a copy is cheap because only the used part is copied. */

enum {
    SNAP_TRACES = 1024, SNAP_TOKENS = 1024, SNAP_TEXT = 8192, SNAP_LAYERS = 16, SNAP_EXPERTS = 64,
    SNAP_STAGES = 8
};

enum run_state { RUN_IDLE, RUN_RUNNING, RUN_PAUSED, RUN_REPLAYING, RUN_DONE, RUN_FAILED };
enum phase {
    PHASE_DRAW, PHASE_ROLLOUT, PHASE_SCORE, PHASE_ADVANTAGE, PHASE_UPDATE, PHASE_BALANCE, PHASE_COMMIT,
    PHASE_EVALUATE, PHASE_N
};
enum quantum { QUANTUM_TOKEN, QUANTUM_PHASE, QUANTUM_STEP };
enum follow { FOLLOW_BEST, FOLLOW_PINNED, FOLLOW_AHA };

const char *run_state_name(enum run_state s);
const char *phase_name(enum phase p);
const char *quantum_name(enum quantum q);

struct snap_trace {
    int n;                     /* tokens so far */
    int done, cut_off, scored; /* scored: reward and the rest are valid */
    float reward, advantage, accuracy, format;
    int at, aha, waits;
    char why[WHY_BYTES];
    char answer[ANSWER_BYTES]; /* text between <answer> and </answer>, shortened */
};

struct snap_group {
    char prompt[64];           /* "11 8 7 -> 26" */
    float mean, std;
    int flat;
};

/* The trace that the pane follows. Token i is text[begin[i] .. begin[i+1]-1] (a blank between). */
struct snap_follow {
    int group, index;          /* -1 when there is none */
    enum follow why;
    int prompt_n;              /* bytes of text that are prompt; marks count from there */
    int text_n, tokens_n;
    char text[SNAP_TEXT];
    int begin[SNAP_TOKENS + 1];           /* of completion tokens, bytes from the completion's start */
    float logp[SNAP_TOKENS], entropy[SNAP_TOKENS];
    int has_critic;            /* while the step is at hand, of ppo: the next two, of each token */
    float advantage[SNAP_TOKENS], value[SNAP_TOKENS];
    int marks_n;
    struct mark mark[MARKS_MAX];
    int target_ok;             /* accuracy 1 */
};

struct snap_stage {            /* the chain of runs of a preset */
    char stage[STAGE_BYTES];
    int64_t step, steps;       /* done, planned (0: open end) */
    int state;                 /* 0 to come, 1 now, 2 finished, 3 reused */
    double value;              /* last loss, or pass@1 */
};

struct snapshot {
    uint64_t version;          /* grows by one with each publication */
    uint64_t command;          /* number of the last command that the engine has carried out */
    uint64_t refused;          /* the last of those that were to open a run and could not */
    int64_t way_at, way_to;    /* a replay that leads to a step that was asked for: where it is, to
                                * where; way_to 0: none is under way */
    int64_t run_id;
    char run[NAME_BYTES], preset[NAME_BYTES], stage[STAGE_BYTES];
    enum run_state state;
    enum phase phase;
    double progress;           /* of the phase, 0..1 */
    enum quantum quantum;
    int64_t step;              /* the step under way, or just committed when idle */
    int64_t committed;         /* the last committed one */
    int64_t head;              /* the last step on record: committed < head while replaying */
    double seconds, rl_seconds, tokens_per_second;
    int is_live;               /* 0: read back from the store */
    int stages_n;
    struct snap_stage stages[SNAP_STAGES];
    double metric[METRIC_N];   /* of the step under way as far as known, else of the last committed */
    char message[256];         /* what the engine last had to say: "fork equals its parent: digest ..." */
    int message_is_error;
    double pace;               /* tokens a second of the followed trace; 0 full speed; < 0
                                * holds after each step */
    int partners_n;            /* runs that take steps in turns with this one */
    int64_t partner;           /* the one of them that is in a step, 0: none, and where: */
    enum phase partner_phase;
    int groups_n, group_size;  /* P, G; traces are [groups_n * group_size] */
    int layers_n, experts_n;
    float load[SNAP_LAYERS * SNAP_EXPERTS], load_average[SNAP_LAYERS * SNAP_EXPERTS];
    float bias[SNAP_LAYERS * SNAP_EXPERTS];
    struct snap_follow follow;
    struct snap_group group[SNAP_TRACES];
    struct snap_trace trace[SNAP_TRACES];
};

/* snapshot_last: the last step on record, whether committed here or still to be replayed. */
static inline int64_t snapshot_last(const struct snapshot *s)
{
    return s->head > s->committed ? s->head : s->committed;
}

/* snapshot_copy: only the used parts. */
void snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* A box that holds the latest snapshot: the engine's thread puts, the UI's thread takes; the eventfd wakes
 * the UI's ppoll. Memory: the box owns two snapshots. */
struct snapshot_box {
    pthread_mutex_t lock;
    struct snapshot *latest;
    uint64_t version;
    int wake;                  /* eventfd, readable after a put until a take */
};

enum status snapshot_box_init(struct snapshot_box *b, struct err *e);
void snapshot_box_release(struct snapshot_box *b);
void snapshot_put(struct snapshot_box *b, const struct snapshot *s);
/* snapshot_take: copies the latest when it is newer than *out; returns whether it was. */
int snapshot_take(struct snapshot_box *b, struct snapshot *out);

#endif
