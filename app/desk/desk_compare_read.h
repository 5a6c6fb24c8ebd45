#ifndef GRPOLAB_APP_DESK_COMPARE_READ_H
#define GRPOLAB_APP_DESK_COMPARE_READ_H

#include "app/desk/desk_compare.h"
#include "views/compare_state.h"

/* What the compare screen reads from the store and keeps between frames. For desk_compare*.c. */

/* A run's step with all its tokens, as it was read last. */
struct both {
    int64_t run, step; /* step -1: none is read */
    int64_t vocab_of;
    struct vocab vocab;
    struct query_step read;
};

/* What the panes do not see. The state is the first member: the view's pointer to it is one to this. */
struct compare_desk {
    struct compare_state state;
    struct history history[COMPARE_RUNS];
    int has_history[COMPARE_RUNS];
    struct str settings[COMPARE_RUNS];
    int64_t settings_of[COMPARE_RUNS], compared[COMPARE_RUNS];
    int compared_n;
    uint64_t seed[COMPARE_RUNS];
    int64_t pair[2]; /* of which equal_to and parts_at are known */
    struct both both[2];
    int64_t shown_run[2], shown_step; /* of which the texts are made */
    int shown_group, shown_index;
};

/* compare_settings: the settings that are not the same in all runs, when the runs are others than before. */
void compare_settings(struct desk *d, struct compare_desk *k);

/* compare_digests: up to where A and `other` are equal, and where they part. */
void compare_digests(struct desk *d, struct compare_desk *k);

/* compare_texts: the completion on the screen, where it is another one than before. Until a step is chosen by
 * hand it is the one after that at which the states part, for its completions are the first that differ;
 * while they are equal, the last that both have. */
void compare_texts(struct desk *d, struct compare_desk *k);

/* compare_read: the texts of the state's step, group and index, which are brought into range; returns whether
 * both runs have that step. compare_differs: whether the two texts do. */
int compare_read(struct desk *d, struct compare_desk *k);
int compare_differs(const struct compare_state *s);

/* compare_forget: gives back the steps and vocabularies that are kept. */
void compare_forget(struct compare_desk *k);

#endif
