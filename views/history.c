/* History of a run: columns of metrics, thinned out as the run grows.
 *
 * When the rows are full, the stride doubles and what it no longer divides is dropped, but for the steps
 * with an evaluation: marks on a curve are few and each of them counts. Should the evaluations
 * alone fill the rows, they are thinned like the others.
 * Invariant: step[] ascends strictly; no row's step is greater than last. */
#include "views/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status history_init(struct history *h, struct err *e)
{
    memset(h, 0, sizeof *h);
    h->step = malloc(HISTORY_ROWS * sizeof *h->step);
    h->column = malloc((size_t)METRIC_N * HISTORY_ROWS * sizeof *h->column);
    h->keep = malloc(HISTORY_ROWS);
    if (!h->step || !h->column || !h->keep) {
        history_release(h);
        return err_set(e, ST_NOMEM, "history", "no memory for %d steps of metrics", HISTORY_ROWS);
    }
    history_reset(h, 0);
    return ST_OK;
}

void history_release(struct history *h)
{
    free(h->step);
    free(h->column);
    free(h->keep);
    memset(h, 0, sizeof *h);
}

void history_reset(struct history *h, int64_t run)
{
    h->run = run;
    h->last = -1;
    h->stride = 1;
    h->n = 0;
}

static void thin(struct history *h)
{
    int i, m, n, spare_evaluations = 1;

    while (h->n >= HISTORY_ROWS) {
        h->stride *= 2;
        for (i = 0, n = 0; i < h->n; i++) {
            int stays = (int64_t)h->step[i] % h->stride == 0 || (spare_evaluations && h->keep[i]);
            if (!stays)
                continue;
            if (n != i) {
                h->step[n] = h->step[i];
                h->keep[n] = h->keep[i];
                for (m = 0; m < METRIC_N; m++)
                    h->column[(size_t)m * HISTORY_ROWS + (size_t)n] =
                        h->column[(size_t)m * HISTORY_ROWS + (size_t)i];
            }
            n++;
        }
        spare_evaluations = n < HISTORY_ROWS / 2;
        h->n = n;
    }
}

void history_add(struct history *h, int64_t step, const double *metric)
{
    int m, evaluated = isfinite(metric[M_PASS_1]);

    if (step <= h->last)
        return;
    h->last = step;
    if (step % h->stride && !evaluated)
        return;
    if (h->n >= HISTORY_ROWS)
        thin(h);
    for (m = 0; m < METRIC_N; m++)
        h->column[(size_t)m * HISTORY_ROWS + (size_t)h->n] = metric[m];
    h->step[h->n] = (double)step;
    h->keep[h->n] = (unsigned char)evaluated;
    h->n++;
}

enum status history_update(struct history *h, struct query *q, int64_t run, int64_t head, int *more,
                           struct err *e)
{
    int64_t *step = NULL, end;
    double *value = NULL;
    int n = 0, i;
    enum status st;

    *more = 0;
    if (run != h->run)
        history_reset(h, run);
    if (run <= 0 || head <= h->last)
        return ST_OK;
    end = h->last + HISTORY_CHUNK < head ? h->last + HISTORY_CHUNK : head;
    st = query_metrics(q, run, h->last + 1, end, &step, &value, &n, e);
    if (st)
        return st;
    for (i = 0; i < n; i++)
        history_add(h, step[i], value + (size_t)i * METRIC_N);
    /* Steps that the store does not have (a child starts after its parent's step) are passed over, but never
     * those at the end: they may be committed later. */
    if (end < head && h->last < end)
        h->last = end;
    *more = end < head;
    free(step);
    free(value);
    return ST_OK;
}

const double *history_metric(const struct history *h, enum metric m)
{
    return h->column + (size_t)m * HISTORY_ROWS;
}

double history_last(const struct history *h, enum metric m, int64_t step)
{
    const double *v = history_metric(h, m);
    int i;

    for (i = h->n - 1; i >= 0; i--)
        if ((step < 0 || h->step[i] <= (double)step) && isfinite(v[i]))
            return v[i];
    return NAN;
}
