/* A forward and a backward of one block on two lanes.
 *
 * Both orders are tables. A piece names the one piece that it waits for; the lane's own order does the rest.
 * Invariants: pieces of a lane never overlap; every piece begins after what it waits for has ended. */
#include "engine/run/overlap.h"

#include <math.h>

/* needs: the row that must have ended, -1: what the pair before has left. */
struct order {
    enum overlap_part part;
    enum overlap_of of;
    int needs;
};

/* In the order in which the lanes take them; a row stands behind the one that it needs. */
static const struct order overlapped[OVERLAP_PIECES] = {
    {OVERLAP_MLP, OVERLAP_B, -1},
    {OVERLAP_DISPATCH, OVERLAP_F, -1},
    {OVERLAP_MLP, OVERLAP_W, 0},
    {OVERLAP_MLP, OVERLAP_F, 1},
    {OVERLAP_DISPATCH, OVERLAP_B, 0},
    {OVERLAP_ATTENTION, OVERLAP_B, 4},
    {OVERLAP_COMBINE, OVERLAP_F, 3},
    {OVERLAP_ATTENTION, OVERLAP_W, 5},
    {OVERLAP_SEND, OVERLAP_F, 6},
    {OVERLAP_ATTENTION, OVERLAP_F, 6},
    {OVERLAP_COMBINE, OVERLAP_B, 5},
};

static const struct order apart[OVERLAP_PIECES] = {
    {OVERLAP_ATTENTION, OVERLAP_F, -1}, {OVERLAP_DISPATCH, OVERLAP_F, 0}, {OVERLAP_MLP, OVERLAP_F, 1},
    {OVERLAP_COMBINE, OVERLAP_F, 2},    {OVERLAP_SEND, OVERLAP_F, 3},     {OVERLAP_COMBINE, OVERLAP_B, 4},
    {OVERLAP_MLP, OVERLAP_B, 5},        {OVERLAP_MLP, OVERLAP_W, 6},      {OVERLAP_DISPATCH, OVERLAP_B, 7},
    {OVERLAP_ATTENTION, OVERLAP_B, 8},  {OVERLAP_ATTENTION, OVERLAP_W, 9},
};

enum status overlap_check(const struct overlap *x, struct err *e)
{
    const char *const name[] = {"f", "b", "w", "dispatch", "combine", "send"};
    const double time[] = {x->f, x->b, x->w, x->dispatch, x->combine, x->send};
    for (int i = 0; i < 6; i++)
        if (!(time[i] >= 0 && time[i] <= 1e12))
            return err_set(e, ST_USAGE, "overlap", "\"%s\" must be a time from 0 to 1e12", name[i]);
    if (x->w > x->b)
        return err_set(e, ST_USAGE, "overlap", "\"w\" is part of b and cannot be longer: %g of %g", x->w,
                       x->b);
    if (!(x->attention >= 0 && x->attention <= 1))
        return err_set(e, ST_USAGE, "overlap", "\"attention\" is a share from 0 to 1");
    return ST_OK;
}

static double time_of(const struct overlap *x, enum overlap_part part, enum overlap_of of)
{
    double whole = of == OVERLAP_F ? x->f : of == OVERLAP_B ? x->b - x->w : x->w;
    switch (part) {
    case OVERLAP_ATTENTION: return x->attention * whole;
    case OVERLAP_MLP: return (1 - x->attention) * whole;
    case OVERLAP_DISPATCH: return x->all_to_all ? x->dispatch : 0;
    case OVERLAP_COMBINE: return x->all_to_all ? x->combine : 0;
    default: return x->send;
    }
}

void overlap_play(const struct overlap *x, int is_overlapped, struct overlap_timeline *out)
{
    const struct order *order = is_overlapped ? overlapped : apart;
    double is_free[2] = {0, 0};
    out->compute = out->communication = out->length = 0;
    for (int i = 0; i < OVERLAP_PIECES; i++) {
        struct overlap_piece *p = &out->piece[i];
        double takes = time_of(x, order[i].part, order[i].of);
        p->part = order[i].part;
        p->of = order[i].of;
        p->lane = p->part >= OVERLAP_DISPATCH ? OVERLAP_COMMUNICATION : OVERLAP_COMPUTE;
        p->begin = is_free[p->lane];
        if (order[i].needs >= 0)
            p->begin = fmax(p->begin, out->piece[order[i].needs].end);
        p->end = is_free[p->lane] = p->begin + takes;
        *(p->lane == OVERLAP_COMPUTE ? &out->compute : &out->communication) += takes;
        out->length = fmax(out->length, p->end);
    }
    out->exposed = out->length - out->compute;
}
