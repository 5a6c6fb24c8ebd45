#ifndef GRPOLAB_APP_DESK_GROUP_H
#define GRPOLAB_APP_DESK_GROUP_H

#include "app/desk/desk_screen.h"
#include "engine/rl/objective.h"
#include "views/group_state.h"

/* What the group and the what-if screen share on the desk. */
struct group_desk {
    struct group_state shown; /* first: what view.group_screen points to */

    /* The texts of a step that is on record, read when something is searched. */
    int64_t texts_run, texts_step; /* 0: none are read */
    struct str texts;
    size_t text_at[SNAP_TRACES]; /* of [group, index], 1 more than where it begins; 0: none */
    int64_t scrolled_step;       /* where `scroll` belongs */
    int scrolled_group, scrolled_index;

    /* What the background was asked: the side, and whether the edited one comes next. */
    int asked_side, wants_edited;
    double asked_reward[WHAT_IF_GROUP];
    struct what_if_objective asked;
    uint64_t answer_seen;
    struct objective own;               /* what the run's settings say of the rest of the objective */
    double baseline[WHAT_IF_SIDES];     /* what reinforce compares the group's rewards with */
};

struct group_desk *group_desk(const struct desk *d);

/* group_refresh: what both screens show of the group, before a frame. */
void group_refresh(struct desk *d);
/* group_move: chooses the completion `by` rows further down the list, and follows it. */
void group_move(struct desk *d, int by);
/* group_turn: to the group `by` further on; a completion that passes the filter is chosen. */
void group_turn(struct desk *d, int by);

/* group_find: searches all completions of the step for a text ("": ends it) and goes to the first one from
 * here on that has it. Errors: ST_NOTFOUND. group_find_next: to the next one that has it, or the one before.
 * Errors: ST_NOTFOUND, ST_USAGE (nothing is searched). */
enum status group_find(struct desk *d, const char *text, struct err *e);
enum status group_find_next(struct desk *d, int by, struct err *e);

/* what_if_enter: shows the what-if screen on the group that is on screen; of a run that goes on, on its last
 * step. Errors: ST_NOTFOUND, ST_USAGE. what_if_leave: back to the group; the edits are kept until another
 * group is edited. */
enum status what_if_enter(struct desk *d, struct err *e);
void what_if_leave(struct desk *d);
/* what_if_set: a setting by its name, as it is typed. what_if_reward: of completion i, from 0. what_if_reset:
 * all as the run has it. Errors: ST_USAGE. */
enum status what_if_set(struct desk *d, const char *key, const char *value, struct err *e);
enum status what_if_reward(struct desk *d, int i, double value, struct err *e);
void what_if_reset(struct desk *d);
/* what_if_run: asks the background what one update would bring, with the run's values first. Errors:
 * ST_USAGE, those of probe_ask. */
enum status what_if_run(struct desk *d, struct err *e);
/* what_if_name: the names of an objective's kinds. what_if_refresh: takes the group on screen and works out
 * everything anew. */
void what_if_name(struct what_if_objective *o);
void what_if_refresh(struct desk *d);

#endif
