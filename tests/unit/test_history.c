/* A run's history, read from a store while the run goes on. */
#include "views/history.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/store_data.h"

TestSuite(history_store, .fini = data_remove);

static struct store *open_both(struct query **q)
{
    struct store *s;

    cr_assert_eq(store_open(&s, data_path("lab.db"), NULL, NULL), ST_OK);
    cr_assert_eq(query_open(q, data_path("lab.db"), NULL), ST_OK);
    return s;
}

/* Every step that the store has, with the store's numbers. */
static void same(const struct history *h, struct query *q, int64_t run, int64_t head)
{
    int64_t *step;
    double *value;
    int n, i, m;

    cr_assert_eq(query_metrics(q, run, 0, head, &step, &value, &n, NULL), ST_OK);
    cr_assert_eq(h->n, n);
    for (i = 0; i < n; i++) {
        cr_assert_eq((int64_t)h->step[i], step[i]);
        for (m = 0; m < METRIC_N; m++) {
            double mine = history_metric(h, (enum metric)m)[i], theirs = value[i * METRIC_N + m];
            cr_assert(isnan(theirs) ? isnan(mine) : mine == theirs);
        }
    }
    free(step);
    free(value);
}

Test(history_store, new_steps_are_read_and_old_ones_are_not_read_again)
{
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "a", &data_small, 1), other;
    struct history h;
    int more;

    cr_assert_eq(history_init(&h, NULL), ST_OK);
    cr_assert_eq(history_update(&h, q, run.id, 0, &more, NULL), ST_OK);
    cr_assert(h.n <= 1 && !more);
    data_run_commit(s, run.id, &data_small, 1, 1, 20);
    cr_assert_eq(history_update(&h, q, run.id, 20, &more, NULL), ST_OK);
    same(&h, q, run.id, 20);
    /* Told of steps that are not committed yet, it finds them once they are. */
    cr_assert_eq(history_update(&h, q, run.id, 25, &more, NULL), ST_OK);
    cr_assert(h.last == 20 && !more);
    data_run_commit(s, run.id, &data_small, 1, 21, 25);
    cr_assert_eq(history_update(&h, q, run.id, 25, &more, NULL), ST_OK);
    same(&h, q, run.id, 25);
    other = data_run_make(s, "b", &data_small, 2);
    data_run_commit(s, other.id, &data_small, 2, 1, 3);
    cr_assert_eq(history_update(&h, q, other.id, 3, &more, NULL), ST_OK);
    cr_assert_eq(h.run, other.id);
    same(&h, q, other.id, 3);
    history_release(&h);
    query_close(q);
    store_close(s);
}

/* A long run comes in pieces, so that no frame waits for all of it. */
Test(history_store, a_long_run_comes_in_pieces)
{
    static const struct data_shape thin = {.groups_n = 1, .per_group = 1, .longest = 1, .vocabulary = 4,
                                           .tensors_n = 1, .floats = 1, .layers_n = 0, .experts_n = 0};
    enum { STEPS = 2500 };
    struct query *q;
    struct store *s = open_both(&q);
    struct record_run run = data_run_make(s, "long", &thin, 1);
    struct history h;
    int more = 1, calls = 0;

    data_run_commit(s, run.id, &thin, 1, 1, STEPS);
    cr_assert_eq(history_init(&h, NULL), ST_OK);
    for (; more; calls++)
        cr_assert_eq(history_update(&h, q, run.id, STEPS, &more, NULL), ST_OK);
    cr_assert_eq(calls, 3);
    cr_assert_eq(h.last, STEPS);
    same(&h, q, run.id, STEPS);
    history_release(&h);
    query_close(q);
    store_close(s);
}
