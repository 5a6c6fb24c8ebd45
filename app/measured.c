/* What a run has measured, step after step. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/condition.h"

enum { FORKS_MAX = 64 };

void measured_init(struct measured *m)
{
    for (int i = 0; i < QUANTITY_N; i++)
        m->latest[i] = m->before[i] = NAN;
}

static void measure(struct measured *m, int quantity, double value)
{
    if (isnan(value))
        return;
    m->before[quantity] = m->latest[quantity];
    m->latest[quantity] = value;
}

void measured_add(struct measured *m, int64_t step, const double *metric)
{
    for (int i = 0; i < METRIC_N; i++)
        measure(m, i, metric[i]);
    measure(m, Q_STEP, (double)step);
}

void measured_nonfinite(struct measured *m)
{
    measure(m, Q_NONFINITE, 1);
}

/* The fork's parent in the same stage; 0 when the run began a stage. */
static int forked_from(struct query *q, const struct record_run *run, struct record_run *parent)
{
    char id[24];
    struct err none;
    snprintf(id, sizeof id, "%lld", (long long)run->parent);
    return run->parent && query_run(q, id, parent, &none) == ST_OK && strcmp(parent->stage, run->stage) == 0;
}

enum status measured_read(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          struct err *e)
{
    struct record_run line[FORKS_MAX];
    int64_t until[FORKS_MAX];
    int depth = 1;
    enum status st = ST_OK;
    line[0] = *run;
    until[0] = last;
    while (depth < FORKS_MAX && forked_from(q, &line[depth - 1], &line[depth])) {
        int64_t begin = line[depth - 1].parent_step;
        until[depth] = begin < until[depth - 1] ? begin : until[depth - 1];
        depth++;
    }
    while (!st && depth-- > 0) {
        int64_t *step;
        double *value;
        int n;
        st = query_metrics(q, line[depth].id, 1, until[depth], &step, &value, &n, e);
        if (st)
            break;
        for (int i = 0; i < n; i++)
            measured_add(m, step[i], value + (size_t)i * METRIC_N);
        free(step);
        free(value);
    }
    return st;
}
