#ifndef GRPOLAB_VIEWS_ATTENTION_STATE_H
#define GRPOLAB_VIEWS_ATTENTION_STATE_H

#include "engine/run/facts.h"

/* The attention pane of the trace screen: which head is looked at, and what is known of it. */
struct attention_state {
    int layer, head;                     /* from 0 */
    int layers_n, heads_n;               /* of the run's model, 0: not known */
    const struct attention_facts *facts; /* of the trace on screen, this layer and head; NULL: not known */
    char refused[256];                   /* why it could not be asked for; "" */
    int64_t asked_run, asked_step;       /* of which trace and head */
    int asked_group, asked_index, asked_n, asked_layer, asked_head;
};

/* A link from the row that wrote a token to what it read. */
struct attention_link {
    int at; /* position in prompt and completion */
    float weight, content, place;
};

/* attention_links: the strongest of a row, most first, at most `most` and none below `least`; returns how
 * many. attention_shares: how much of the spread of the row's scores each term makes, as variances; 0, 0
 * where they are all the same. attention_row: the row that wrote completion token `token`, -1: there is none.
 * Pure. */
int attention_links(const struct attention_facts *f, int row, int most, float least,
                    struct attention_link *out);
void attention_shares(const struct attention_facts *f, int row, double *content, double *place);
int attention_row(const struct attention_facts *f, int token);

#endif
