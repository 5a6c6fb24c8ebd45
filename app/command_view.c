/* Commands that change what is seen, or write it to a file. The run does not notice. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command_act.h"
#include "app/desk.h"
#include "app/theme.h"
#include "views/png.h"

enum { PATH_BYTES = 2048, SERIES = 8 };

enum status command_goto(struct desk *d, const struct command_line *l, struct err *e)
{
    long long step;

    if (!strcmp(l->argv[0], "live"))
        return command_live(d, l, e);
    if (command_integer(l->argv[0], "a step", 0, &step, e))
        return ST_USAGE;
    return desk_look(d, step, e);
}

enum status command_live(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    (void)e;
    desk_look_live(d);
    return ST_OK;
}

enum status command_back(struct desk *d, const struct command_line *l, struct err *e)
{
    long long n = 1;
    int64_t from = d->at >= 0 ? d->at : d->live->committed;

    if (l->argc && command_integer(l->argv[0], "the number of steps", 1, &n, e))
        return ST_USAGE;
    if (n > from)
        return err_set(e, ST_USAGE, "back", "from step %lld one can go back %lld steps at most",
                       (long long)from, (long long)from);
    return desk_look(d, from - n, e);
}

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

/* The metrics of the curve that has the focus; without one, those that tell how it goes. */
static int metrics_on_screen(const struct desk *d, int metric[SERIES])
{
    enum pane_id p = d->view.zoom != PANE_NONE ? d->view.zoom : d->view.focus;
    static const struct {
        enum pane_id pane;
        int first, second;
    } row[] = {{PANE_REWARD, M_REWARD, M_PASS_1},
               {PANE_LENGTH, M_LENGTH, -1},
               {PANE_KL, M_KL, -1},
               {PANE_ENTROPY, M_ENTROPY, -1},
               {PANE_LOSS, M_LOSS, M_MTP_LOSS},
               {PANE_GRADIENT, M_GRAD_NORM, -1},
               {PANE_EXPERTS, M_MAX_VIO, M_MAX_VIO_AVERAGE}};
    size_t i, at = view_screen(&d->view) == SCREEN_LEARNING ? 4 : 0;

    for (i = 0; i < sizeof row / sizeof *row; i++)
        if (row[i].pane == p)
            at = i;
    metric[0] = row[at].first;
    metric[1] = row[at].second;
    return 1 + (row[at].second >= 0);
}

static int is_sparse(const double *y, int n)
{
    int i, known = 0;

    for (i = 0; i < n; i++)
        known += isfinite(y[i]) != 0;
    return known * 2 < n;
}

enum status command_plot(struct desk *d, const struct command_line *l, struct err *e)
{
    static const enum style style[] = {STYLE_CURVE_A, STYLE_CURVE_B, STYLE_CURVE_C, STYLE_CURVE_D};
    struct series series[SERIES];
    struct png_chart chart = {.series = series,
                              .x_label = "step",
                              .smoothing = d->view.smoothing,
                              .log_y = d->view.log_y,
                              .with_zero = 0};
    const struct snapshot *s = desk_shown(d);
    const struct history *h = &d->history;
    int metric[SERIES], n = l->argc - 1, i, shown = 0;
    char path[PATH_BYTES], title[160];
    enum status st;

    if (!ends_in(l->argv[n], ".png"))
        return err_set(e, ST_USAGE, "plot", "it is :plot METRIC ... FILE.png; '%s' does not end in .png",
                       l->argv[n]);
    if (n > SERIES)
        return err_set(e, ST_USAGE, "plot", "at most %d metrics in one chart", SERIES);
    if (!s || h->run != s->run_id || !h->n)
        return err_set(e, ST_NOTFOUND, "plot", "there is no step to plot yet");
    for (i = 0; i < n; i++) {
        metric[i] = metric_find(l->argv[i]);
        if (metric[i] < 0)
            return err_set(e, ST_USAGE, "plot", "there is no metric '%s'; :help plot lists them", l->argv[i]);
    }
    if (!n)
        n = metrics_on_screen(d, metric);
    for (i = 0; i < n; i++) {
        const double *y = history_metric(h, (enum metric)metric[i]);
        if (!isfinite(history_last(h, (enum metric)metric[i], -1)) && l->argc == 1)
            continue; /* asked for by nobody, and not measured */
        series[shown] = (struct series){is_sparse(y, h->n) ? SERIES_MARKS : SERIES_LINE,
                                        style[shown % 4],
                                        metric_row(metric[i])->name,
                                        h->n,
                                        h->step,
                                        y,
                                        NULL};
        shown++;
    }
    chart.series_n = shown;
    snprintf(title, sizeof title, "%s (%s, %s)", s->run, s->preset, s->stage);
    chart.title = title;
    if (shown == 1)
        chart.y_label =
            *metric_row(metric[0])->unit ? metric_row(metric[0])->unit : metric_row(metric[0])->name;
    expand(l->argv[l->argc - 1], path);
    st = png_plot(path, &chart, e);
    if (!st)
        desk_say(d, "written: %s", path);
    return st;
}

static enum status write_text(const char *path, const struct str *text, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t at = 0;

    if (fd < 0)
        return err_set(e, ST_IO, "save-screen", "cannot write %s: %s", path, strerror(errno));
    while (at < text->n) {
        ssize_t n = write(fd, text->s + at, text->n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (close(fd) || at < text->n)
        return err_set(e, errno == ENOSPC ? ST_FULL : ST_IO, "save-screen", "cannot write %s: %s", path,
                       strerror(errno));
    return ST_OK;
}

/* The screen without the command that asks for it. */
enum status command_save_screen(struct desk *d, const struct command_line *l, struct err *e)
{
    char path[PATH_BYTES];
    struct str text = {0};
    int row, col;
    enum status st;

    if (!ends_in(l->argv[0], ".txt"))
        return err_set(e, ST_USAGE, "save-screen", "it is :save-screen FILE.txt; '%s' does not end in .txt",
                       l->argv[0]);
    d->view.command = d->view.command_hint = NULL;
    desk_frame(d, d->canvas.w, d->canvas.h, &row, &col);
    canvas_dump(&d->canvas, &text);
    expand(l->argv[0], path);
    st = text.failed ? err_set(e, ST_NOMEM, "save-screen", "no memory") : write_text(path, &text, e);
    str_free(&text);
    if (!st)
        desk_say(d, "written: %s", path);
    return st;
}

enum status command_theme(struct desk *d, const struct command_line *l, struct err *e)
{
    struct str names = {0};
    int i;

    if (theme_find(l->argv[0])) {
        if (d->term)
            term_theme(d->term, l->argv[0]);
        return ST_OK;
    }
    for (i = 0; theme_at(i); i++)
        str_word(&names, theme_at(i)->name);
    err_set(e, ST_USAGE, "theme", "there is no theme '%s', but: %s", l->argv[0], str_c(&names));
    str_free(&names);
    return ST_USAGE;
}

enum status command_mouse(struct desk *d, const struct command_line *l, struct err *e)
{
    int on = !strcmp(l->argv[0], "on");

    if (!on && strcmp(l->argv[0], "off"))
        return err_set(e, ST_USAGE, "mouse", "it is on or off, not '%s'", l->argv[0]);
    d->mouse = on;
    if (d->term)
        term_mouse(d->term, on);
    return ST_OK;
}

enum status command_smooth(struct desk *d, const struct command_line *l, struct err *e)
{
    char *end;
    double v = strtod(l->argv[0], &end);

    if (end == l->argv[0] || *end || !(v >= 0) || v > 0.99)
        return err_set(e, ST_USAGE, "smooth", "it is a number from 0 to 0.99, not '%s'", l->argv[0]);
    d->view.smoothing = v;
    return ST_OK;
}

enum status command_screen(struct desk *d, const struct command_line *l, struct err *e)
{
    int s;

    for (s = 0; s < SCREEN_N; s++)
        if (!strcmp(screen_row((enum screen_id)s)->name, l->row->name)) {
            desk_show_screen(d, (enum screen_id)s);
            return ST_OK;
        }
    return err_set(e, ST_NOTFOUND, l->row->name, "there is no such screen");
}

enum status command_settings(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    return desk_show_settings(d, e);
}

enum status command_help(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct command_row *row;
    const char *near;

    if (!l->argc) {
        desk_show_help(d);
        return ST_OK;
    }
    row = command_by_name(l->argv[0] + (l->argv[0][0] == ':'));
    if (row) {
        desk_show_command(d, row);
        return ST_OK;
    }
    near = command_nearest(l->argv[0]);
    return near ? err_set(e, ST_USAGE, "help", "there is no command '%s'; did you mean '%s'?", l->argv[0],
                          near)
                : err_set(e, ST_USAGE, "help", "there is no command '%s'", l->argv[0]);
}

enum status command_quit(struct desk *d, const struct command_line *l, struct err *e)
{
    (void)l;
    (void)e;
    request_do(d, REQUEST_QUIT, 0);
    return ST_OK;
}
