/* Commands that write what is seen to a file: the screen, a chart, a recording. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk.h"
#include "app/desk/plotting.h"
#include "app/desk/record.h"
#include "app/desk/save.h"
#include "app/theme.h"
#include "views/pane.h"

enum { PATH_BYTES = 2048, METRICS = 16 };

/* A path as it was typed, with ~/ for the home. */
static void expand(const char *typed, char out[PATH_BYTES])
{
    const char *home = getenv("HOME");

    if (typed[0] == '~' && typed[1] == '/' && home)
        snprintf(out, PATH_BYTES, "%s%s", home, typed + 1);
    else
        snprintf(out, PATH_BYTES, "%s", typed);
}

static int ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n > m && !strcmp(s + n - m, end);
}

/* The metrics of the curve that has the focus; without one, those that tell how it goes. What was never
 * measured is left out. */
static int metrics_on_screen(const struct desk *d, int metric[METRICS])
{
    enum pane_id p = d->view.zoom != PANE_NONE ? d->view.zoom : d->view.focus;
    int n = pane_curve_metrics(&d->history, p, metric), i, kept = 0;

    if (p == PANE_EXPERTS) {
        metric[n++] = M_MAX_VIO;
        metric[n++] = M_MAX_VIO_AVERAGE;
    }
    if (!n)
        n = pane_curve_metrics(&d->history,
                               view_screen(&d->view) == SCREEN_LEARNING ? PANE_LOSS : PANE_REWARD, metric);
    for (i = 0; i < n; i++)
        if (!i || isfinite(history_last(&d->history, (enum metric)metric[i], -1)))
            metric[kept++] = metric[i];
    return kept;
}

/* Words are metrics or runs; without a run it is the one on screen. */
static enum status read_words(struct desk *d, const struct command_line *l, int metric[METRICS],
                              int *metrics_n, const struct record_run *run[COMMAND_ARGUMENTS], int *runs_n,
                              struct err *e)
{
    int i;

    *metrics_n = *runs_n = 0;
    for (i = 0; i < l->argc - 1; i++) {
        int m = metric_find(l->argv[i]);
        const struct record_run *r = m < 0 ? desk_find_run(d, l->argv[i]) : NULL;
        if (r)
            run[(*runs_n)++] = r;
        else if (m < 0)
            return err_set(e, ST_USAGE, "plot",
                           "there is no metric and no run '%s'; :help plot lists the metrics", l->argv[i]);
        else if (*metrics_n == METRICS)
            return err_set(e, ST_USAGE, "plot", "at most %d metrics in one chart", METRICS);
        else
            metric[(*metrics_n)++] = m;
    }
    return ST_OK;
}

enum status command_plot(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct record_run *run[COMMAND_ARGUMENTS];
    const struct snapshot *s = desk_shown(d);
    struct plotting_options options = {.smoothing = d->view.smoothing, .log_y = d->view.log_y};
    struct plotting *p = NULL;
    int metric[METRICS], metrics_n, runs_n, i;
    char path[PATH_BYTES];
    enum status st;

    if (!ends_in(l->argv[l->argc - 1], ".png"))
        return err_set(e, ST_USAGE, "plot", "it is :plot METRIC ... FILE.png; '%s' does not end in .png",
                       l->argv[l->argc - 1]);
    d->stale |= STALE_RUNS; /* the open run has gone on since */
    desk_find_run(d, "");
    st = read_words(d, l, metric, &metrics_n, run, &runs_n, e);
    if (st)
        return st;
    for (i = 0; !runs_n && s && i < d->runs_n; i++)
        if (d->runs[i].id == s->run_id)
            run[runs_n++] = &d->runs[i];
    if (!runs_n || (runs_n == 1 && run[0]->step < 1))
        return err_set(e, ST_NOTFOUND, "plot", "there is no step to plot yet");
    if (!metrics_n)
        metrics_n = metrics_on_screen(d, metric);
    st = plotting_init(&p, metric, metrics_n, e);
    for (i = 0; i < runs_n && !st; i++)
        st = plotting_run(p, d->query, run[i], run[i]->step, e);
    expand(l->argv[l->argc - 1], path);
    if (!st)
        st = plotting_write(p, path, &options, e);
    plotting_free(p);
    if (!st)
        desk_say(d, "written: %s", path);
    return st;
}

/* The screen without the command that asks for it. */
enum status command_save_screen(struct desk *d, const struct command_line *l, struct err *e)
{
    char path[PATH_BYTES];
    int row, col;
    enum status st;

    d->view.command = d->view.command_hint = NULL;
    desk_frame(d, d->canvas.w, d->canvas.h, &row, &col);
    expand(l->argv[0], path);
    st = save_screen(&d->canvas, d->term ? term_theme_now(d->term) : theme_at(0), path, e);
    if (!st)
        desk_say(d, "written: %s", path);
    return st;
}

enum status command_record(struct desk *d, const struct command_line *l, struct err *e)
{
    struct err ignored;
    char path[PATH_BYTES];
    enum status st;

    if (!strcmp(l->argv[0], "off")) {
        if (!d->recording)
            return err_set(e, ST_NOTFOUND, "record", "nothing is being recorded");
        st = recording_close(d->recording, e);
        d->recording = NULL;
        if (!st)
            desk_say(d, "the recording is complete");
        return st;
    }
    if (!ends_in(l->argv[0], ".cast"))
        return err_set(e, ST_USAGE, "record",
                       "it is :record FILE.cast, or :record off; '%s' does not end in .cast", l->argv[0]);
    expand(l->argv[0], path);
    if (d->recording)
        recording_close(d->recording, &ignored);
    d->recording = NULL;
    st = recording_open(&d->recording, path, d->canvas.w, d->canvas.h, e);
    if (!st)
        desk_say(d, "recording to %s; :record off ends it", path);
    return st;
}
