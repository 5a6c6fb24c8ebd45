/* What a pipeline does at a moment, told from its pieces. */
#include "views/schedule_state.h"

#include <stddef.h>

#define SLACK 1e-9 /* sums of times that should be equal */

static double part_until(const struct schedule_piece *p, double at)
{
    return at <= p->begin ? 0 : at >= p->end ? p->end - p->begin : at - p->begin;
}

struct schedule_moment schedule_moment(const struct schedule_kind *k, double at)
{
    struct schedule_moment m = {0, 0, 0, 0};
    double until = at < k->played.makespan ? at : k->played.makespan;
    int d, i;

    for (d = 0; k->is_played && d < k->devices; d++) {
        double busy = 0;
        int held = 0;
        for (i = k->first[d]; i < k->first[d + 1] && k->piece[i].begin <= at + SLACK; i++) {
            const struct schedule_piece *p = &k->piece[i];
            int has_ended = p->end <= at + SLACK;
            busy += part_until(p, until);
            held += p->work == SCHEDULE_FORWARD || p->work == SCHEDULE_PAIR;
            held -= has_ended && p->work != SCHEDULE_FORWARD && p->work != SCHEDULE_INPUT;
        }
        m.busy += schedule_doing(k, d, at) != NULL;
        m.idle += until - busy;
        if (held > m.held) {
            m.held = held;
            m.held_by = d;
        }
    }
    return m;
}

const struct schedule_piece *schedule_doing(const struct schedule_kind *k, int device, double at)
{
    int i;

    for (i = k->first[device]; i < k->first[device + 1] && k->piece[i].begin <= at + SLACK; i++)
        if (at < k->piece[i].end - SLACK)
            return &k->piece[i];
    return NULL;
}

static void nearer(double x, double at, int by, double *best, int *found)
{
    if (by > 0 ? x <= at + SLACK : x >= at - SLACK)
        return;
    if (!*found || (by > 0 ? x < *best : x > *best))
        *best = x;
    *found = 1;
}

double schedule_event(const struct schedule_state *s, double at, int by)
{
    double best = at;
    int i, j, found = 0;

    for (i = 0; i < SCHEDULE_KINDS; i++)
        for (j = 0; s->kind[i].is_played && j < s->kind[i].n; j++) {
            nearer(s->kind[i].piece[j].begin, at, by, &best, &found);
            nearer(s->kind[i].piece[j].end, at, by, &best, &found);
        }
    return best;
}
