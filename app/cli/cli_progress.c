/* Progress lines: where the run stands, its rate, and how long it will take at that rate. */
#include "app/cli/cli_progress.h"

#include <math.h>
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

void progress_init(struct progress *p)
{
    memset(p, 0, sizeof *p);
    p->is_terminal = isatty(STDERR_FILENO);
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
    struct winsize size;
    int width = 80;
    if (p->run != s->run.id) {
        p->run = s->run.id;
        p->first = s->trainer->step > 0 ? s->trainer->step - 1 : 0;
        p->begin =
            t - (s->trainer->step > 0 && s->trainer->metric[M_STEP_TIME] > 0 ? s->trainer->metric[M_STEP_TIME]
                                                                             : 0);
        if (s->trainer->step == 0)
            return;
    }
    if (t - p->last < (p->is_terminal ? PERIOD_TERMINAL : PERIOD_PLAIN) && s->trainer->step < end)
        return;
    p->last = t;
    line(p, s, end, t, &text);
    if (p->is_terminal) {
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
            width = size.ws_col;
        fprintf(stderr, "\r\033[K%.*s", width - 1, str_c(&text));
        p->shown = 1;
        if (s->trainer->step >= end)
            progress_end(p);
        fflush(stderr);
    } else {
        fprintf(stderr, "%s\n", str_c(&text));
    }
    str_free(&text);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputc('\n', stderr);
    p->shown = 0;
}
