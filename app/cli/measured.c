/* What a run has measured, step after step. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/condition.h"

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
    /* Of this step nothing has been tested yet. */
    if (!isnan(m->latest[Q_AHA_VERIFIED]))
        measure(m, Q_AHA_VERIFIED, 0);
}

void measured_verified(struct measured *m, int verified)
{
    m->latest[Q_AHA_VERIFIED] = verified;
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

int measured_line(struct query *q, const struct record_run *run, int64_t last, struct record_run *line,
                  int64_t *until, int cap)
{
    int depth = 1;
    line[0] = *run;
    until[0] = last;
    while (depth < cap && forked_from(q, &line[depth - 1], &line[depth])) {
        int64_t begin = line[depth - 1].parent_step;
        until[depth] = begin < until[depth - 1] ? begin : until[depth - 1];
        depth++;
    }
    return depth;
}

/* What a walk calls after every step. */
struct walk {
    struct measured *m;
    void (*each)(void *ctx, const struct record_run *run, int64_t step, const double *metric,
                 const struct measured *m);
    void *ctx;
};

static enum status walk_run(const struct walk *w, struct query *q, const struct record_run *run, int64_t last,
                            struct err *e)
{
    struct record_finding *finding = NULL;
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0, findings_n = 0, f = 0;
    enum status st = query_metrics(q, run->id, 1, last, &step, &value, &n, e);
    if (!st)
        st = query_findings(q, run->id, -1, -1, -1, &finding, &findings_n, e);
    for (int i = 0; !st && i < n; i++) {
        int verified = 0, tested = 0;
        measured_add(w->m, step[i], value + (size_t)i * METRIC_N);
        for (; f < findings_n && finding[f].step <= step[i]; f++)
            if (finding[f].step == step[i] && finding[f].kind == FINDING_AHA) {
                verified += finding[f].verified;
                tested = 1;
            }
        if (tested)
            measured_verified(w->m, verified);
        if (w->each)
            w->each(w->ctx, run, step[i], value + (size_t)i * METRIC_N, w->m);
    }
    free(finding);
    free(step);
    free(value);
    return st;
}

enum status measured_walk(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          void (*each)(void *ctx, const struct record_run *run, int64_t step,
                                       const double *metric, const struct measured *m),
                          void *ctx, struct err *e)
{
    struct record_run line[FORKS_MAX];
    struct walk walk = {m, each, ctx};
    int64_t until[FORKS_MAX];
    int depth = measured_line(q, run, last, line, until, FORKS_MAX);
    enum status st = ST_OK;
    while (!st && depth-- > 0)
        st = walk_run(&walk, q, &line[depth], until[depth], e);
    return st;
}

enum status measured_read(struct measured *m, struct query *q, const struct record_run *run, int64_t last,
                          struct err *e)
{
    return measured_walk(m, q, run, last, NULL, NULL, e);
}
