#ifndef GRPOLAB_VIEWS_COMPARE_STATE_H
#define GRPOLAB_VIEWS_COMPARE_STATE_H

#include "engine/run/record.h"
#include "engine/run/snapshot.h"
#include "views/history.h"
#include "views/list.h"

/* What the compare screen shows and how it is looked at, beyond what every screen has. Run i is called by the
 * letter 'A' + i wherever it is drawn. */
enum { COMPARE_RUNS = 6, COMPARE_KEY = 64, COMPARE_VALUE = 24, COMPARE_SETTINGS = 160 };

struct compare_run {
    int64_t id, step, parent, parent_step;
    int64_t first; /* its first own step that is on record */
    char name[NAME_BYTES], stage[STAGE_BYTES], state[STATE_BYTES];
    const struct history *history;
    int is_open, is_in_turns; /* the open run; one of the two that run in turns */
    char doing[40];           /* in turns: "rollout of step 81", "waits its turn"; "": between steps */
};

/* A setting that is not the same in all runs; "-" where a run does not have it. */
struct compare_setting {
    char key[COMPARE_KEY];
    char value[COMPARE_RUNS][COMPARE_VALUE];
};

/* One completion as text. Token i is text[begin[i] .. begin[i+1]-1], a blank between; begin[n] is one past
 * the blank that would follow. */
struct compare_text {
    int is_there;
    char prompt[64], why[WHY_BYTES];
    int n, cut_off;
    char text[SNAP_TEXT];
    int begin[SNAP_TOKENS + 1];
    float logp[SNAP_TOKENS]; /* of the sampler, nats */
    double reward, advantage;
};

struct compare_state {
    int64_t marked[COMPARE_RUNS]; /* runs that were chosen, in that order; fewer than two: the open run and
                                   * the one that it is nearest to */
    int marked_n;

    struct compare_run run[COMPARE_RUNS];
    int n;
    int large; /* which curve has the pane for itself, -1: as many as fit */

    struct compare_setting setting[COMPARE_SETTINGS];
    struct list settings; /* how it is looked at; n: how many differ */

    /* A against `other`: their states by digest. */
    int other;               /* 1 .. n-1; 0: there is none */
    int64_t first, last;     /* steps that both have on record; last < first: none */
    int64_t equal_to;        /* the last step up to which the digests are equal, < first: none */
    int64_t parts_at;        /* the first at which they differ, -1: none so far */
    char digest[DIGEST_HEX]; /* at equal_to, or "" */

    /* The same completion of A and of `other`. */
    int64_t step; /* that is shown, -1: none */
    int group, index, groups_n, group_size;
    int is_chosen; /* the step was chosen by hand, and stays */
    struct compare_text text[2];
    int same; /* leading tokens that are the same in both */
};

/* compare_letter: where a run stands among those that are marked: 'A', 'B', ..., or 0. */
char compare_letter(const struct compare_state *s, int64_t run);

/* compare_curves: the curves that there is something to draw of, as metrics in the order in which they are
 * shown, at most `most`; returns how many. */
int compare_curves(const struct compare_state *s, enum metric *out, int most);

#endif
