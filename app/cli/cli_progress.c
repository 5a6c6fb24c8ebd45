/* Progress lines: where the run stands, its rate, and how long it will take at that rate. */
#include "app/cli/cli_progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double PERIOD_TERMINAL = 0.1, PERIOD_PLAIN = 2;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void status_line_init(struct status_line *l, int is_quiet)
{
    *l = (struct status_line){.is_quiet = is_quiet, .is_terminal = isatty(STDERR_FILENO)};
}

static int is_time(const struct status_line *l, double t)
{
    return !l->is_quiet && t - l->last >= (l->is_terminal ? PERIOD_TERMINAL : PERIOD_PLAIN);
}

/* No longer than the terminal is wide: a second line could not be taken back. */
static void put(struct status_line *l, double t, const char *text)
{
    struct winsize size;
    int width = 80;
    l->last = t;
    l->shown = l->is_terminal;
    if (!l->is_terminal) {
        fprintf(stderr, "%s\n", text);
        return;
    }
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        width = size.ws_col;
    fprintf(stderr, "\r\033[K%.*s", width - 1, text);
    fflush(stderr);
}

void status_line_show(struct status_line *l, const char *fmt, ...)
{
    double t = now();
    char text[256];
    va_list ap;
    if (!is_time(l, t))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put(l, t, text);
}

void status_line_clear(struct status_line *l)
{
    if (l->shown)
        fputs("\r\033[K", stderr);
    l->shown = 0;
}

void progress_init(struct progress *p)
{
    memset(p, 0, sizeof *p);
    status_line_init(&p->line, 0);
    p->run = -1;
}

static void duration(double seconds, struct str *out)
{
    if (seconds < 100)
        str_printf(out, "%.0f s", seconds);
    else if (seconds < 6000)
        str_printf(out, "%.0f min", seconds / 60);
    else
        str_printf(out, "%.1f h", seconds / 3600);
}

static void add_metric(struct str *out, const char *label, int digits, double v)
{
    if (!isnan(v))
        str_printf(out, "  %s %.*f", label, digits, v);
}

static void line(const struct progress *p, const struct session *s, int64_t end, double t, struct str *out)
{
    const struct trainer *r = s->trainer;
    const double *m = r->metric;
    double elapsed = t - p->begin, rate = elapsed > 0 ? (double)(r->step - p->first) / elapsed : 0;
    str_printf(out, "%s  step %lld/%lld", s->run.name, (long long)r->step, (long long)end);
    if (r->step < r->head)
        str_add(out, "  replayed");
    add_metric(out, "reward", 3, m[M_REWARD]);
    add_metric(out, r->stage == STAGE_GRPO ? "kl" : "loss", 4, m[r->stage == STAGE_GRPO ? M_KL : M_LOSS]);
    add_metric(out, "length", 1, m[M_LENGTH]);
    add_metric(out, "pass@1", 3, m[M_PASS_1]);
    if (m[M_TOKENS_PER_SECOND] > 0)
        str_printf(out, "  %.1fk tokens/s", m[M_TOKENS_PER_SECOND] / 1000);
    if (rate > 0) {
        str_printf(out, "  %.3g steps/s", rate);
        if (end > r->step) {
            str_add(out, "  ");
            duration((double)(end - r->step) / rate, out);
            str_add(out, " left");
        }
    }
}

void progress_show(struct progress *p, const struct session *s, int64_t target)
{
    double t = now();
    int64_t end = target >= 0 ? target : settings_steps(&s->trainer->set, s->trainer->stage);
    struct str text = {0};
    if (p->run != s->run.id) {
        p->run = s->run.id;
        p->first = s->trainer->step > 0 ? s->trainer->step - 1 : 0;
        p->begin =
            t - (s->trainer->step > 0 && s->trainer->metric[M_STEP_TIME] > 0 ? s->trainer->metric[M_STEP_TIME]
                                                                             : 0);
        if (s->trainer->step == 0)
            return;
    }
    if (!is_time(&p->line, t) && s->trainer->step < end)
        return;
    line(p, s, end, t, &text);
    put(&p->line, t, str_c(&text));
    if (s->trainer->step >= end)
        progress_end(p);
    str_free(&text);
}

void progress_end(struct progress *p)
{
    if (p->line.shown)
        fputc('\n', stderr);
    p->line.shown = 0;
}
