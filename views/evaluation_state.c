/* What can be told from the evaluations on record: what each problem has become,
 * how hard ones do, what to list.
 *
 * A problem is compared between two evaluations only where both sampled it; rates of a
 * bucket are over the problems that an evaluation sampled. Invariant: order[0 .. list.n-1] are
 * places of problems, each once. */
#include "views/evaluation_state.h"

#include <math.h>
#include <stdlib.h>

const char *problem_sort_name(enum problem_sort s)
{
    static const char *const name[BY_N] = {"change", "difficulty", "right now", "number"};

    return s < BY_N ? name[s] : "?";
}

const char *problem_filter_name(enum problem_filter f)
{
    static const char *const name[SHOW_N] = {"all", "newly solved", "newly lost", "never solved"};

    return f < SHOW_N ? name[f] : "?";
}

static int right_of(const struct evaluation_state *e, int at, int problem)
{
    int right = at >= 0 ? e->right[(size_t)at * (size_t)e->problems_n + (size_t)problem] : NOT_SAMPLED;

    return right == NOT_SAMPLED ? -1 : right;
}

void evaluation_look(struct evaluation_state *e, int at)
{
    int i, j;

    e->at = at < e->n ? at : e->n - 1;
    e->before = e->at - 1;
    for (i = 0; i < BUCKETS_KEPT; i++)
        e->bucket_problems[i] = 0;
    for (i = 0; i < e->problems_n; i++) {
        struct held_problem *p = &e->problem[i];
        p->now = right_of(e, e->at, i);
        p->before = right_of(e, e->before, i);
        p->solved_ever = 0;
        for (j = 0; j <= e->at && !p->solved_ever; j++)
            p->solved_ever = right_of(e, j, i) > 0;
        if (p->bucket >= 0 && p->now >= 0)
            e->bucket_problems[p->bucket]++;
    }
}

double problem_change(const struct evaluation_state *e, const struct held_problem *p)
{
    if (p->now < 0 || p->before < 0 || e->at < 0 || e->before < 0)
        return 0;
    return (double)p->now / e->k[e->at] - (double)p->before / e->k[e->before];
}

static int passes(const struct held_problem *p, enum problem_filter f)
{
    switch (f) {
    case SHOW_SOLVED_NOW: return p->now > 0 && p->before == 0;
    case SHOW_LOST_NOW: return p->now == 0 && p->before > 0;
    case SHOW_NEVER_SOLVED: return p->now >= 0 && !p->solved_ever;
    default: return p->now >= 0;
    }
}

int evaluation_count(const struct evaluation_state *e, enum problem_filter f)
{
    int i, n = 0;

    for (i = 0; i < e->problems_n; i++)
        n += passes(&e->problem[i], f);
    return n;
}

/* Less than 0: a before b. Equal ones stay in the order in which they are held out. */
static double compare(const struct evaluation_state *e, int a, int b)
{
    const struct held_problem *p = &e->problem[a], *q = &e->problem[b];
    double by = 0;

    if (e->sort == BY_CHANGE) /* the largest either way first, losses before gains */
        by = fabs(problem_change(e, q)) - fabs(problem_change(e, p));
    if (e->sort == BY_CHANGE && by == 0)
        by = problem_change(e, p) - problem_change(e, q);
    if (e->sort == BY_DIFFICULTY)
        by = q->bucket - p->bucket;
    if (e->sort == BY_RIGHT)
        by = p->now - q->now;
    if (by == 0 && e->sort == BY_DIFFICULTY)
        by = p->now - q->now;
    return by != 0 ? by : a - b;
}

static void sink(const struct evaluation_state *e, int *order, int n, int i)
{
    int child, swap;

    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && compare(e, order[child], order[child + 1]) < 0)
            child++;
        if (compare(e, order[i], order[child]) >= 0)
            return;
        swap = order[i];
        order[i] = order[child];
        order[child] = swap;
        i = child;
    }
}

/* A heap sort: qsort has no place for what the comparison needs. */
static void sort(const struct evaluation_state *e, int *order, int n)
{
    int i, swap;

    for (i = n / 2 - 1; i >= 0; i--)
        sink(e, order, n, i);
    for (i = n - 1; i > 0; i--) {
        swap = order[0];
        order[0] = order[i];
        order[i] = swap;
        sink(e, order, i, 0);
    }
}

void evaluation_order(struct evaluation_state *e)
{
    int has_choice = e->list.selected >= 0 && e->list.selected < e->list.n;
    int i, n = 0, chosen = has_choice ? e->order[e->list.selected] : -1;

    for (i = 0; i < e->problems_n; i++)
        if (passes(&e->problem[i], e->filter))
            e->order[n++] = i;
    sort(e, e->order, n);
    e->list.n = n;
    for (i = 0; i < n; i++)
        if (e->order[i] == chosen) {
            e->list.selected = i;
            return;
        }
    e->list.selected = e->list.top = 0;
}

void evaluation_buckets(struct evaluation_state *e)
{
    int i, j, b;

    for (j = 0; j < e->n; j++) {
        double sum[BUCKETS_KEPT] = {0};
        int count[BUCKETS_KEPT] = {0}, solved[BUCKETS_KEPT] = {0};
        for (i = 0; i < e->problems_n; i++) {
            int right = right_of(e, j, i), bucket = e->problem[i].bucket;
            if (right < 0 || bucket < 0)
                continue;
            sum[bucket] += (double)right / e->k[j];
            solved[bucket] += right > 0;
            count[bucket]++;
        }
        for (b = 0; b < BUCKETS_KEPT; b++) {
            e->bucket_pass_1[b * EVALUATIONS_KEPT + j] = count[b] ? sum[b] / count[b] : (double)NAN;
            e->bucket_pass_k[b * EVALUATIONS_KEPT + j] = count[b] ? (double)solved[b] / count[b]
                                                                  : (double)NAN;
        }
    }
}
