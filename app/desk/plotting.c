/* Metrics of runs as the panels of a chart. */
#include "app/desk/plotting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MAX = 16, RUNS_MAX = 16, CURVES_MAX = 64 };
#define LIKE_SIZE 20.0 /* curves that differ by more would make a flat line of the smaller one */

/* One metric of one run: the steps where it was measured. */
struct points {
    double *x; /* [2n] x, then y; for the reward [4n]: then low and high */
    int n, is_sparse;
};

struct plotting {
    int metric[METRICS_MAX], metrics_n;
    char run[RUNS_MAX][NAME_BYTES], of[RUNS_MAX][STAGE_BYTES];
    int runs_n;
    struct points points[METRICS_MAX][RUNS_MAX];
};

enum status plotting_init(struct plotting **out, const int *metric, int n, struct err *e)
{
    struct plotting *p;

    *out = NULL;
    if (n < 1 || n > METRICS_MAX)
        return err_set(e, ST_USAGE, "plot", "1 to %d metrics, not %d", METRICS_MAX, n);
    p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ST_NOMEM, "plot", "no memory for curves");
    memcpy(p->metric, metric, (size_t)n * sizeof *metric);
    p->metrics_n = n;
    *out = p;
    return ST_OK;
}

void plotting_free(struct plotting *p)
{
    int i, k;

    for (i = 0; p && i < p->metrics_n; i++)
        for (k = 0; k < p->runs_n; k++)
            free(p->points[i][k].x);
    free(p);
}

int plotting_curves(const struct plotting *p)
{
    return p->metrics_n * p->runs_n;
}

/* What is measured at fewer than half of the steps is shown as points on a line. */
static enum status keep(struct points *to, int metric, const int64_t *step, const double *value, int n,
                        struct err *e)
{
    double *x = calloc((size_t)n + 1, 4 * sizeof *x);
    int i, kept = 0;

    if (!x)
        return err_set(e, ST_NOMEM, "plot", "no memory for %d steps", n);
    for (i = 0; i < n; i++) {
        const double *row = value + (size_t)i * METRIC_N;
        if (!isfinite(row[metric]))
            continue;
        x[kept] = (double)step[i];
        x[n + kept] = row[metric];
        x[2 * n + kept] = row[metric] - row[M_REWARD_STD];
        x[3 * n + kept] = row[metric] + row[M_REWARD_STD];
        kept++;
    }
    memmove(x + kept, x + n, (size_t)kept * sizeof *x);
    memmove(x + 2 * kept, x + 2 * n, (size_t)kept * sizeof *x);
    memmove(x + 3 * kept, x + 3 * n, (size_t)kept * sizeof *x);
    *to = (struct points){x, kept, kept * 2 < n};
    return ST_OK;
}

enum status plotting_run(struct plotting *p, struct query *q, const struct record_run *run, int64_t last,
                         struct err *e)
{
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0, i;
    enum status st;

    if (p->runs_n == RUNS_MAX || (p->runs_n + 1) * p->metrics_n > CURVES_MAX)
        return err_set(e, ST_USAGE, "plot", "%d runs by %d metrics are more than %d curves", p->runs_n + 1,
                       p->metrics_n, CURVES_MAX);
    st = query_metrics(q, run->id, 1, last, &step, &value, &n, e);
    if (st)
        return st;
    p->runs_n++;
    for (i = 0; i < p->metrics_n && !st; i++)
        st = keep(&p->points[i][p->runs_n - 1], p->metric[i], step, value, n, e);
    snprintf(p->run[p->runs_n - 1], NAME_BYTES, "%s", run->name);
    snprintf(p->of[p->runs_n - 1], STAGE_BYTES, "%s", run->stage);
    free(step);
    free(value);
    return st;
}

/* Metrics without a unit belong together when their names begin alike: reward and reward_std. */
static int is_alike(const struct plotting *p, int a, int b, const double *size)
{
    const struct metric_row *x = metric_row(p->metric[a]), *y = metric_row(p->metric[b]);
    size_t n = strcspn(x->name, "/_");

    if (strcmp(x->unit, y->unit))
        return 0;
    if (!*x->unit && (n != strcspn(y->name, "/_") || strncmp(x->name, y->name, n)))
        return 0;
    return !(size[a] > 0 && size[b] > 0) || (size[a] < LIKE_SIZE * size[b] && size[b] < LIKE_SIZE * size[a]);
}

static double size_of(const struct plotting *p, int metric)
{
    double most = 0;
    int k, i;

    for (k = 0; k < p->runs_n; k++)
        for (i = 0; i < p->points[metric][k].n; i++)
            most = fmax(most, fabs(p->points[metric][k].x[p->points[metric][k].n + i]));
    return most;
}

/* The series of all metrics that share a panel, run by run. */
struct panels {
    struct chart_panel panel[CHART_PANELS];
    struct chart_series series[CURVES_MAX];
    char label[CURVES_MAX][NAME_BYTES + 64], name[CHART_PANELS][128];
    int n, series_n;
};

static void add_series(struct panels *to, const struct plotting *p, int metric, int run, int nth)
{
    const struct points *s = &p->points[metric][run];
    const char *name = metric_row(p->metric[metric])->name;
    int has_band = p->runs_n == 1 && p->metric[metric] == M_REWARD;
    char *label = to->label[to->series_n];

    if (p->runs_n == 1)
        snprintf(label, sizeof to->label[0], "%s", name);
    else if (nth < 0)
        snprintf(label, sizeof to->label[0], "%s", p->run[run]);
    else
        snprintf(label, sizeof to->label[0], "%s %s", p->run[run], name);
    to->series[to->series_n++] =
        (struct chart_series){.label = label, .n = s->n, .x = s->x, .y = s->x + s->n,
                              .low = has_band ? s->x + 2 * s->n : NULL,
                              .high = has_band ? s->x + 3 * s->n : NULL,
                              .color = p->runs_n == 1 ? nth : nth < 0 ? run : run + nth * p->runs_n,
                              .points = s->is_sparse};
}

static enum status make_panels(const struct plotting *p, struct panels *to, int *same, struct err *e)
{
    double size[METRICS_MAX];
    int i, j, k, done[METRICS_MAX] = {0};

    for (i = 0; i < p->metrics_n; i++)
        size[i] = size_of(p, i);
    *same = p->runs_n > 1;
    for (i = 0; i < p->metrics_n; i++) {
        struct chart_panel *panel = &to->panel[to->n];
        int members = 0, nth = 0;
        if (done[i])
            continue;
        if (to->n == CHART_PANELS)
            return err_set(e, ST_USAGE, "plot", "these metrics need more than %d panels", CHART_PANELS);
        for (j = i; j < p->metrics_n; j++)
            members += !done[j] && is_alike(p, i, j, size);
        panel->series = &to->series[to->series_n];
        for (j = i; j < p->metrics_n; j++) {
            if (done[j] || !is_alike(p, i, j, size))
                continue;
            done[j] = 1;
            snprintf(to->name[to->n] + strlen(to->name[to->n]), sizeof to->name[0] - strlen(to->name[to->n]),
                     "%s%.60s", nth ? ", " : "", metric_row(p->metric[j])->name);
            for (k = 0; k < p->runs_n; k++, panel->series_n++)
                add_series(to, p, j, k, p->runs_n > 1 && members == 1 ? -1 : nth);
            nth++;
        }
        *same &= members == 1;
        panel->label = to->name[to->n];
        panel->unit = panel->series[0].low ? "band: std in a group" : metric_row(p->metric[i])->unit;
        to->n++;
    }
    return ST_OK;
}

enum status plotting_write(struct plotting *p, const char *path, const struct plotting_options *o,
                           struct err *e)
{
    struct panels *to = calloc(1, sizeof *to);
    struct chart chart = {.x_label = "step", .smoothing = o->smoothing, .log_y = o->log_y};
    char subtitle[64] = "";
    enum status st;

    if (!to)
        return err_set(e, ST_NOMEM, "plot", "no memory for curves");
    st = make_panels(p, to, &chart.same_series, e);
    if (!st) {
        chart.title = o->title ? o->title : p->runs_n == 1 ? p->run[0] : metric_row(p->metric[0])->name;
        if (!o->title && p->runs_n > 1 && p->metrics_n > 1)
            chart.title = "runs compared";
        if (o->smoothing > 0)
            snprintf(subtitle, sizeof subtitle, "smoothed, %g of the past", o->smoothing);
        chart.subtitle = subtitle;
        chart.panel = to->panel;
        chart.panels_n = to->n;
        st = chart_write(path, &chart, e);
    }
    free(to);
    return st;
}
