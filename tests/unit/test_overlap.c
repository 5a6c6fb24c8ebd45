/* An overlapped forward and backward: what must hold of every pair, and V3's claim. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/run/overlap.h"

static const struct overlap usual = {1, 2, 1, 0.5, 0.6, 0.6, 0.3, 1};

static const struct overlap_piece *find(const struct overlap_timeline *t, enum overlap_part part,
                                        enum overlap_of of)
{
    const struct overlap_piece *found = NULL;
    for (int i = 0; i < OVERLAP_PIECES; i++)
        if (t->piece[i].part == part && t->piece[i].of == of) {
            cr_assert_null(found, "part %d of %d stands twice", (int)part, (int)of);
            found = &t->piece[i];
        }
    cr_assert_not_null(found);
    return found;
}

static void after(const struct overlap_timeline *t, enum overlap_part a, enum overlap_part b,
                  enum overlap_of of)
{
    cr_assert(find(t, b, of)->begin >= find(t, a, of)->end - 1e-12, "part %d of %d before part %d", (int)b,
              (int)of, (int)a);
}

static void check(const struct overlap *x)
{
    struct overlap_timeline apart, pair;
    overlap_play(x, 0, &apart);
    overlap_play(x, 1, &pair);
    cr_assert_float_eq(apart.length,
                       x->f + x->b + x->send + (x->all_to_all ? 2 * (x->dispatch + x->combine) : 0), 1e-9);
    cr_assert_float_eq(pair.compute, x->f + x->b, 1e-9);
    cr_assert(pair.length <= apart.length + 1e-9 &&
              pair.length >= fmax(pair.compute, pair.communication) - 1e-9);
    for (int i = 0; i < OVERLAP_PIECES; i++)
        for (int j = 0; j < i; j++)
            cr_assert(pair.piece[i].lane != pair.piece[j].lane ||
                          pair.piece[i].begin >= pair.piece[j].end - 1e-12,
                      "a lane does two things at once");
    after(&pair, OVERLAP_DISPATCH, OVERLAP_MLP, OVERLAP_F);
    after(&pair, OVERLAP_MLP, OVERLAP_COMBINE, OVERLAP_F);
    after(&pair, OVERLAP_COMBINE, OVERLAP_ATTENTION, OVERLAP_F);
    after(&pair, OVERLAP_COMBINE, OVERLAP_SEND, OVERLAP_F);
    after(&pair, OVERLAP_MLP, OVERLAP_DISPATCH, OVERLAP_B);
    after(&pair, OVERLAP_DISPATCH, OVERLAP_ATTENTION, OVERLAP_B);
    after(&pair, OVERLAP_ATTENTION, OVERLAP_COMBINE, OVERLAP_B);
    after(&apart, OVERLAP_ATTENTION, OVERLAP_DISPATCH, OVERLAP_F);
    after(&apart, OVERLAP_COMBINE, OVERLAP_MLP, OVERLAP_B);
}

Test(overlap, every_pair_is_possible)
{
    static const double share[] = {0, 0.25, 0.5, 1}, sends[] = {0, 0.2, 0.6, 3};
    for (int a = 0; a < 4; a++)
        for (int d = 0; d < 4; d++)
            for (int c = 0; c < 4; c++)
                for (int on = 0; on < 2; on++)
                    check(&(struct overlap){1, 2.5, 0.75, share[a], sends[d], sends[c], sends[(a + d) % 4],
                                            on});
}

/* V3 3.2.1: both all-to-all and the pipeline's communication are fully hidden. */
Test(overlap, communication_is_hidden_where_it_takes_no_longer_than_computing)
{
    struct overlap off = usual;
    struct overlap_timeline t;
    overlap_play(&usual, 1, &t);
    cr_assert_float_eq(t.length, 3, 1e-9);
    cr_assert_float_eq(t.communication, 2.7, 1e-9);
    cr_assert_float_eq(t.exposed, 0, 1e-9);
    overlap_play(&usual, 0, &t);
    cr_assert_float_eq(t.length, 5.7, 1e-9);
    off.all_to_all = 0;
    overlap_play(&off, 0, &t);
    cr_assert_float_eq(t.length, 3.3, 1e-9);
}

Test(overlap, what_is_wrong_is_named)
{
    struct overlap x;
    struct err e;
    cr_assert_eq(overlap_check(&usual, &e), ST_OK);
    cr_assert(overlap_check((x = usual, x.send = -1, &x), &e) == ST_USAGE && strstr(e.msg, "\"send\""));
    cr_assert(overlap_check((x = usual, x.w = 3, &x), &e) == ST_USAGE && strstr(e.msg, "\"w\""));
    cr_assert(overlap_check((x = usual, x.dispatch = NAN, &x), &e) == ST_USAGE &&
              strstr(e.msg, "\"dispatch\""));
    cr_assert(overlap_check((x = usual, x.attention = 1.5, &x), &e) == ST_USAGE &&
              strstr(e.msg, "\"attention\""));
}
