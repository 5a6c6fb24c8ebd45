/* `plot`: curves of metrics over steps, one for each run and metric, as a PNG file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "views/png.h"

enum { CURVES_MAX = 64 };

/* The curves, and the points that they own. */
struct curves {
    struct series series[CURVES_MAX];
    char label[CURVES_MAX][NAME_BYTES + 64];
    double *points[CURVES_MAX]; /* x, then y */
    int n;
};

static enum status find_metrics(const struct words *names, int *metric, struct err *e)
{
    for (int i = 0; i < names->n; i++) {
        char hint[64];
        metric[i] = metric_find(names->word[i]);
        if (metric[i] >= 0)
            continue;
        cli_near_metric(names->word[i], hint, sizeof hint);
        return err_set(e, ST_USAGE, "plot", "there is no metric '%.40s'%s", names->word[i], hint);
    }
    return ST_OK;
}

/* The steps where the metric was measured; what is measured now and then is a line through its points all the
 * same. */
static enum status add_curve(struct curves *v, const char *label, const int64_t *step, const double *value,
                             int n, int metric, struct err *e)
{
    double *x = malloc(2 * ((size_t)n + 1) * sizeof *x), *y;
    int kept = 0;
    if (!x)
        return err_set(e, ST_NOMEM, "plot", "no memory for %d steps", n);
    y = x + n;
    for (int i = 0; i < n; i++) {
        double at = value[(size_t)i * METRIC_N + (size_t)metric];
        if (!isfinite(at))
            continue;
        x[kept] = (double)step[i];
        y[kept++] = at;
    }
    snprintf(v->label[v->n], sizeof v->label[0], "%s", label);
    v->points[v->n] = x;
    v->series[v->n] = (struct series){.label = v->label[v->n], .n = kept, .x = x, .y = y};
    v->n++;
    return ST_OK;
}

static enum status add_run(struct curves *v, struct query *q, const struct record_run *run, int64_t last,
                           const int *metric, int metrics_n, int is_alone, struct err *e)
{
    char label[NAME_BYTES + 64];
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0;
    enum status st = query_metrics(q, run->id, 1, last, &step, &value, &n, e);
    if (st)
        return st;
    for (int k = 0; k < metrics_n && !st; k++) {
        const char *name = metric_row(metric[k])->name;
        if (is_alone)
            snprintf(label, sizeof label, "%s", name);
        else if (metrics_n == 1)
            snprintf(label, sizeof label, "%s", run->name);
        else
            snprintf(label, sizeof label, "%s %.60s", run->name, name);
        st = add_curve(v, label, step, value, n, metric[k], e);
    }
    free(step);
    free(value);
    return st;
}

static enum status draw(struct cli *c, struct curves *v, const int *metric, struct err *e)
{
    const struct words *runs = &c->args.operand, *names = &c->args.metric;
    const struct metric_row *first = metric_row(metric[0]);
    struct png_chart chart = {.x_label = "step", .series = v->series};
    struct record_run run = {0};
    struct query *q = NULL;
    char title[NAME_BYTES] = "", y_label[128];
    int64_t step = -1;
    enum status st = ST_OK;
    for (int i = 0; i < runs->n && !st; i++) {
        st = cli_find(c, runs->word[i], &run, &step, e);
        if (!st)
            st = cli_query(c, &q, e);
        if (!st)
            st = add_run(v, q, &run, step < 0 ? run.step : step, metric, names->n, runs->n == 1, e);
    }
    if (st)
        return st;
    if (runs->n == 1)
        snprintf(title, sizeof title, "%s", run.name);
    else if (names->n == 1)
        snprintf(title, sizeof title, "%s", first->name);
    snprintf(y_label, sizeof y_label, first->unit[0] ? "%s (%s)" : "%s", first->name, first->unit);
    chart.title = title[0] ? title : NULL;
    chart.y_label = names->n == 1 ? y_label : NULL;
    chart.series_n = v->n;
    return png_plot(c->args.output, &chart, e);
}

enum status cli_plot(struct cli *c, struct err *e)
{
    struct curves *v;
    int metric[WORDS_MAX] = {0};
    enum status st;
    if (!args_has(&c->args, OPT_METRIC))
        return err_set(e, ST_USAGE, "plot", "which metrics: --metric NAME...; `grpolab settings` lists them");
    if (!args_has(&c->args, OPT_OUTPUT))
        return err_set(e, ST_USAGE, "plot", "where to: -o FILE.png");
    if (c->args.operand.n * c->args.metric.n > CURVES_MAX)
        return err_set(e, ST_USAGE, "plot", "%d runs by %d metrics are more than %d curves",
                       c->args.operand.n, c->args.metric.n, CURVES_MAX);
    st = find_metrics(&c->args.metric, metric, e);
    if (st)
        return st;
    v = calloc(1, sizeof *v);
    if (!v)
        return err_set(e, ST_NOMEM, "plot", "no memory for curves");
    st = draw(c, v, metric, e);
    if (!st && args_has(&c->args, OPT_JSON))
        printf("{\"curves\":%d}\n", v->n);
    else if (!st)
        cli_note(c, "%s is written", c->args.output);
    for (int i = 0; i < v->n; i++)
        free(v->points[i]);
    free(v);
    return st;
}
