#ifndef GRPOLAB_VIEWS_TEXTS_STATE_H
#define GRPOLAB_VIEWS_TEXTS_STATE_H

#include "engine/run/record.h"
#include "engine/run/snapshot.h"
#include "views/list.h"

/* What the texts screen shows: the texts that a run learns from, one of them chosen. The application reads
 * them from the store and judges; the panes draw from this alone. */

enum texts_filter { TEXTS_ALL, TEXTS_KEPT, TEXTS_DROPPED, TEXTS_BY_HAND, TEXTS_FILTERS };

enum { TEXTS_LABEL = 48 };

struct texts_state {
    int64_t run;                         /* 0: none */
    char name[NAME_BYTES];
    int64_t step;                        /* of the run: verdicts are taken at 0 only */
    int n, kept_n, by_hand_n;
    const struct record_example *row;    /* [n] in the order in which they are on record */
    char (*label)[TEXTS_LABEL];          /* [n] what the prompt asks, short */
    int *order;                          /* [n] places that pass the filter, list.n of them */
    struct list list;
    enum texts_filter filter;
    char find[64];                       /* what was searched last, "" */
    int scroll;                          /* lines of the chosen text above the pane */
    char note[160];                      /* why there is nothing */
    struct snap_follow *chosen;          /* the chosen text as a trace is drawn, of place chosen_at */
    struct snap_follow *other;           /* of a pair: the one that is not preferred; text_n 0: none */
    int chosen_at;                       /* -1: none */
};

const char *texts_filter_name(enum texts_filter f);
/* texts_passes: whether a row is seen under a filter. */
int texts_passes(const struct record_example *x, enum texts_filter f);
/* texts_order: fills order and list.n; the chosen place stays chosen where it is still seen, else the one
 * after. */
void texts_order(struct texts_state *s);
/* texts_place: the chosen place, -1: none. */
int texts_place(const struct texts_state *s);
/* texts_find: the next row of the list (step 1; -1: the one before) that has `find`, round the end; -1:
 * none has. */
int texts_find(const struct texts_state *s, int step);
/* texts_kept_word: what has become of a text, and by whom: "kept", "dropped", "accepted", "edited" ... */
const char *texts_kept_word(const struct record_example *x);

#endif
