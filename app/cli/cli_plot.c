/* `plot`: curves of metrics over steps, one for each run and metric, as a PNG file. */
#include <stdio.h>

#include "app/cli/cli.h"
#include "app/desk/plotting.h"

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

static enum status add_runs(struct cli *c, struct plotting *p, struct err *e)
{
    const struct words *runs = &c->args.operand;
    enum status st = ST_OK;
    for (int i = 0; i < runs->n && !st; i++) {
        struct record_run run = {0};
        struct query *q = NULL;
        int64_t step = -1;
        st = cli_find(c, runs->word[i], &run, &step, e);
        if (!st)
            st = cli_query(c, &q, e);
        if (!st)
            st = plotting_run(p, q, &run, step < 0 ? run.step : step, e);
    }
    return st;
}

enum status cli_plot(struct cli *c, struct err *e)
{
    struct plotting_options options = {.smoothing = c->args.smooth, .log_y = args_has(&c->args, OPT_LOG)};
    struct plotting *p = NULL;
    int metric[WORDS_MAX] = {0};
    enum status st;
    if (!args_has(&c->args, OPT_METRIC))
        return err_set(e, ST_USAGE, "plot", "which metrics: --metric NAME...; `grpolab settings` lists them");
    if (!args_has(&c->args, OPT_OUTPUT))
        return err_set(e, ST_USAGE, "plot", "where to: -o FILE.png");
    st = find_metrics(&c->args.metric, metric, e);
    if (!st)
        st = plotting_init(&p, metric, c->args.metric.n, e);
    if (!st)
        st = add_runs(c, p, e);
    if (!st)
        st = plotting_write(p, c->args.output, &options, e);
    if (!st && args_has(&c->args, OPT_JSON))
        printf("{\"curves\":%d}\n", plotting_curves(p));
    else if (!st)
        cli_note(c, "%s is written", c->args.output);
    plotting_free(p);
    return st;
}
