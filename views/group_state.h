#ifndef GRPOLAB_VIEWS_GROUP_STATE_H
#define GRPOLAB_VIEWS_GROUP_STATE_H

#include "engine/run/facts.h"
#include "views/list.h"
#include "views/what_if_state.h"

/* What the group screen shows and how it is looked at, beyond what every screen has. The application fills
 * it; the panes read it. */

enum group_sort { SORT_INDEX, SORT_ADVANTAGE, SORT_REWARD, SORT_LENGTH, SORT_N };
enum group_filter { FILTER_ALL, FILTER_RIGHT, FILTER_WRONG, FILTER_AHA, FILTER_N };
enum { GROUP_FIND = 64 };

struct group_state {
    enum group_sort sort;
    enum group_filter filter;
    int pinned; /* the completion that was asked for, plus 1; 0: the followed one */
    int scroll; /* lines of the completion's text, from where it begins by itself */
    double accuracy_weight, format_weight; /* of the reward, NaN: not known */
    char std[12];                          /* "sample", "population", "none", "": not known */
    int has_critic;                        /* ppo: advantages are a critic's */

    char find[GROUP_FIND]; /* "": nothing is searched */
    int hits_n, hit_at;    /* completions of the step that have it; which of them is followed, -1: none */
    int has_texts;         /* all texts of the step were searched, not just what the screen shows */
    unsigned char hit[SNAP_TRACES]; /* [groups_n * group_size] */

    struct what_if what_if;
};

struct view;

const char *group_sort_name(enum group_sort s);
const char *group_filter_name(enum group_filter f);

/* group_order: the completions of a group as they are listed, best or longest first; equal ones by their
 * place. out [group_size] gets places within the group. Returns how many pass the filter. Before there are
 * rewards all pass, by place, but for the order by length. Pure. */
int group_order(const struct snapshot *s, int group, enum group_sort sort, enum group_filter filter,
                int out[SNAP_TRACES]);

/* group_rank: 1 for the best advantage of the group; equal ones share it. 0 before there are rewards. */
int group_rank(const struct snapshot *s, int group, int index);

/* group_is_right: what the sign before a completion says: right and well formed. */
int group_is_right(const struct snap_trace *t);

/* group_list: the list of the completions pane, as it is drawn in `rows` rows: order [SNAP_TRACES] as
 * group_order has it; the chosen completion is selected and about the middle. selected -1: it is not among
 * them. group_chosen: that completion, -1 when there is none. */
int group_chosen(const struct view *v);
struct list group_list(const struct view *v, int rows, int order[SNAP_TRACES]);

/* group_row_at: the completion in row `at` of those, -1 when there is none. */
int group_row_at(const struct view *v, int rows, int at);

/* group_head: the rows of its heading, when it has `rows` rows inside its border. */
int group_head(int rows);

#endif
