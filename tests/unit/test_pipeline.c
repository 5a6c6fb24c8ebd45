/* Pipeline schedules: what must hold of every timeline, the published formulas where they are exact, and
 * what is refused. Numbers of an independent script go through `calc schedule` in test_calc.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/pipeline.h"

static struct pipeline_timeline played(const struct pipeline *p)
{
    struct pipeline_timeline t;
    struct err e;
    cr_assert_eq(pipeline_check(p, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(pipeline_simulate(p, &t, &e), ST_OK, "%s", e.msg);
    return t;
}

static struct pipeline equal_times(enum pipeline_kind kind, int ranks, int micro_batches)
{
    return (struct pipeline){kind, ranks, micro_batches, 1, 2, 1, 3};
}

/* Ends of forwards, input parts and weight parts by rank, way and micro-batch; NaN: not done. */
struct ends {
    double at[3][8][2][24];
};

static void note(struct ends *x, int what, const struct pipeline_interval *p, int way, int micro_batch)
{
    double *at = &x->at[what][p->rank][way][micro_batch];
    cr_assert(isnan(*at), "rank %d does %d of micro-batch %d twice", p->rank, what, micro_batch);
    *at = p->end;
}

static struct ends note_all(const struct pipeline_timeline *t)
{
    struct ends x;
    double *at = &x.at[0][0][0][0];
    for (size_t i = 0; i < sizeof x / sizeof *at; i++)
        at[i] = NAN;
    for (int i = 0; i < t->n; i++) {
        const struct pipeline_interval *p = &t->interval[i];
        int is_pair = p->work == PIPELINE_PAIR, way = is_pair ? !p->way : p->way,
            back = is_pair ? p->other_batch : p->micro_batch;
        if (p->work == PIPELINE_FORWARD || is_pair)
            note(&x, 0, p, p->way, p->micro_batch);
        if (p->work == PIPELINE_BACKWARD || p->work == PIPELINE_INPUT || is_pair)
            note(&x, 1, p, way, back);
        if (p->work == PIPELINE_BACKWARD || p->work == PIPELINE_WEIGHT || is_pair)
            note(&x, 2, p, way, back);
    }
    return x;
}

static void check_needs(const struct pipeline *p, const struct pipeline_timeline *t, const struct ends *x)
{
    for (int i = 0; i < t->n; i++) {
        const struct pipeline_interval *q = &t->interval[i];
        int is_pair = q->work == PIPELINE_PAIR, way = is_pair ? !q->way : q->way,
            k = is_pair ? q->other_batch : q->micro_batch, before = q->rank + (q->way ? 1 : -1),
            after = q->rank + (way ? -1 : 1);
        if ((q->work == PIPELINE_FORWARD || is_pair) && before >= 0 && before < p->ranks)
            cr_assert(x->at[0][before][q->way][q->micro_batch] <= q->begin, "a forward without its input");
        if (q->work == PIPELINE_WEIGHT)
            cr_assert(x->at[1][q->rank][way][k] <= q->begin);
        else if (q->work != PIPELINE_FORWARD)
            cr_assert((after >= 0 && after < p->ranks ? x->at[1][after][way][k]
                                                      : x->at[0][q->rank][way][k]) <= q->begin,
                      "a backward without its gradient");
    }
}

static void check_timeline(const struct pipeline *p)
{
    struct pipeline_timeline t = played(p);
    struct ends x = note_all(&t);
    int ways = p->kind == PIPELINE_DUALPIPE ? 2 : 1, each = p->micro_batches / ways;
    for (int r = 0; r < p->ranks; r++) {
        for (int i = t.first[r]; i < t.first[r + 1]; i++) {
            const struct pipeline_interval *q = &t.interval[i];
            cr_assert(q->rank == r && q->end >= q->begin && q->begin >= 0 && q->end <= t.figures.makespan);
            cr_assert(i == t.first[r] || q->begin >= q[-1].end, "rank %d does two things at once", r);
        }
        for (int way = 0; way < ways; way++)
            for (int k = 0; k < each; k++)
                for (int what = 0; what < 3; what++)
                    cr_assert(!isnan(x.at[what][r][way][k]), "rank %d leaves out %d of %d", r, what, k);
    }
    check_needs(p, &t, &x);
    pipeline_timeline_release(&t);
}

Test(pipeline, every_timeline_is_possible_and_whole)
{
    static const double time[][4] = {{1, 2, 1, 3}, {1.5, 2, 0.5, 2.5}, {0, 1, 1, 1}, {3, 1, 0, 4}};
    int n = 0;
    for (int kind = 0; kind < 3; kind++)
        for (int ranks = 1; ranks <= 8; ranks++)
            for (int m = 1; m <= 20; m++)
                for (size_t i = 0; i < sizeof time / sizeof *time; i++) {
                    struct pipeline p = {(enum pipeline_kind)kind, ranks, m, time[i][0],
                                         time[i][1], time[i][2], time[i][3]};
                    struct err e;
                    if (pipeline_check(&p, &e) || (kind == PIPELINE_DUALPIPE && m % 2))
                        continue;
                    check_timeline(&p);
                    n++;
                }
    cr_assert_gt(n, 1300);
}

/* F = B-W = W: the formulas are the schedule, on every rank. */
Test(pipeline, formulas_are_exact_for_equal_times)
{
    for (int kind = 0; kind < 3; kind++)
        for (int ranks = 2; ranks <= 16; ranks += 2)
            for (int more = 0; more < 12; more += 2) {
                struct pipeline p = equal_times((enum pipeline_kind)kind, ranks, 2 * ranks + more);
                struct pipeline_figures x = pipeline_formula(&p);
                struct pipeline_timeline t = played(&p);
                cr_assert_eq(t.figures.bubble, x.bubble, "kind %d, %d ranks", kind, ranks);
                cr_assert_eq(t.least_bubble, x.bubble);
                cr_assert_eq(t.figures.makespan, x.makespan);
                cr_assert_eq(t.figures.activations, x.activations);
                cr_assert_eq(t.figures.parameters, x.parameters);
                pipeline_timeline_release(&t);
            }
}

Test(pipeline, one_forward_one_backward_is_exact_for_all_times)
{
    struct pipeline p = {PIPELINE_1F1B, 5, 9, 1.25, 3.5, 0.75, 0};
    struct pipeline_figures x = pipeline_formula(&p);
    struct pipeline_timeline t = played(&p);
    cr_assert_eq(x.bubble, 4 * 4.75);
    cr_assert_eq(t.figures.bubble, x.bubble);
    cr_assert_eq(t.figures.makespan, 9 * 4.75 + 4 * 4.75);
    pipeline_timeline_release(&t);
}

Test(pipeline, overlapping_saves_what_the_formula_says)
{
    struct pipeline p = {PIPELINE_DUALPIPE, 8, 20, 1, 2, 1, 2.5};
    struct pipeline_figures x = pipeline_formula(&p);
    struct pipeline_timeline t = played(&p);
    cr_assert_eq(x.bubble, 4.5);
    cr_assert_eq(x.makespan, 59);
    cr_assert_eq(t.figures.bubble, 4.5);
    cr_assert_eq(t.figures.makespan, 59);
    cr_assert_eq(t.least_bubble, 3.5);
    pipeline_timeline_release(&t);
}

Test(pipeline, too_few_micro_batches_leave_the_formulas)
{
    struct pipeline p = equal_times(PIPELINE_ZB1P, 4, 2);
    struct pipeline_timeline t = played(&p);
    cr_assert_eq(pipeline_formula(&p).bubble, 3);
    cr_assert_eq(t.figures.bubble, 5);
    cr_assert_eq(t.figures.activations, 2);
    pipeline_timeline_release(&t);
}

static void refuses(struct pipeline p, const char *key)
{
    struct err e;
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    cr_assert_eq(pipeline_check(&p, &e), ST_USAGE, "%s is taken", key);
    cr_assert(strncmp(e.msg, quoted, strlen(quoted)) == 0, "%s is not named: %s", key, e.msg);
}

Test(pipeline, what_is_wrong_is_named)
{
    struct pipeline good = equal_times(PIPELINE_DUALPIPE, 4, 8), p;
    struct err e;
    cr_assert_eq(pipeline_check(&good, &e), ST_OK);
    refuses((p = good, p.ranks = 3, p), "pp");
    refuses((p = good, p.ranks = 0, p), "pp");
    refuses((p = good, p.ranks = 2000, p), "pp");
    refuses((p = good, p.micro_batches = 7, p), "micro_batches");
    refuses((p = good, p.micro_batches = 0, p), "micro_batches");
    refuses((p = good, p.ranks = 1024, p.micro_batches = 65536, p), "micro_batches");
    refuses((p = good, p.f = -1, p), "f");
    refuses((p = good, p.b = NAN, p), "b");
    refuses((p = good, p.w = 2.5, p), "w");
    refuses((p = good, p.fb = INFINITY, p), "fb");
}

Test(pipeline, dualpipe_cannot_halve_an_odd_number)
{
    struct pipeline p = equal_times(PIPELINE_DUALPIPE, 4, 9);
    struct pipeline_timeline t;
    struct err e;
    cr_assert_eq(pipeline_check(&p, &e), ST_OK);
    cr_assert_eq(pipeline_simulate(&p, &t, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "micro_batches"));
    pipeline_timeline_release(&t);
}
