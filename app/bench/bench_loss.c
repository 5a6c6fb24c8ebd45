/* What training loses to the screen. A run and its twin, forks of one state without a change, go through the
 * same steps with the same bits, one without a terminal and one with the workbench on one; the time between
 * two commits is compared. Pairs follow each other, in turns of order, and their median counts: what else the
 * machine does meets both alike. Where it does much else, two further figures are steadier: the sum over the
 * steps of the median of each one's recorded time (commits left out), and what the processors spent.
 *
 * The steps that are counted begin after a few that are not: a program that has just begun touches its memory
 * for the first time. This process must not work meanwhile, for it shares the cores: it wakes every few
 * milliseconds, throws away what the terminal was sent and looks whether the step is there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/bench/bench_worker.h"

enum { WARM_STEPS = 5, PAIRS_MAX = 9, STEPS_MAX = 40, LOOK_MS = 5 };

/* Processor seconds of a process, or of its first thread only, which has the screen. */
static double processor_time(pid_t pid, int only_screen)
{
    char path[64], line[1024], *p;
    unsigned long user = 0, kernel = 0;
    FILE *f;
    if (only_screen)
        snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    else
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    f = fopen(path, "re");
    if (!f)
        return NAN;
    p = fgets(line, sizeof line, f);
    fclose(f);
    p = p ? strrchr(line, ')') : NULL;
    if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        return NAN;
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* Until the run has committed `step`. */
static enum status wait_for(const struct worker *w, struct bench_store *s, const char *name, int64_t step,
                            struct err *e)
{
    struct record_run run = {0};
    double end = bench_now() + 120;
    enum status st = ST_OK;
    while (!st && bench_now() < end) {
        st = query_run(s->session.query, name, &run, e);
        if (!st && run.step >= step)
            return ST_OK;
        if (worker_is_gone(w))
            return err_set(e, ST_FAILED, "bench", "the program that trains %s has ended", name);
        if (w->terminal >= 0)
            worker_drain(w);
        usleep(1000 * LOOK_MS);
    }
    return st ? st
              : err_set(e, ST_FAILED, "bench", "step %lld was not committed within two minutes",
                        (long long)step);
}

/* What one side, with a screen or without, needed for the steps. */
struct side {
    double seconds[PAIRS_MAX], processor[PAIRS_MAX];
    double screen[PAIRS_MAX];               /* processor seconds of the thread that has the screen */
    double step[STEPS_MAX][PAIRS_MAX];      /* recorded seconds of each */
};

static enum status recorded(struct bench_store *s, const char *name, int64_t first, int steps, int pair,
                            struct side *out, struct err *e)
{
    struct record_run run;
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0;
    enum status st = query_run(s->session.query, name, &run, e);
    if (!st)
        st = query_metrics(s->session.query, run.id, first, first + steps - 1, &step, &value, &n, e);
    for (int i = 0; i < steps && i < n && !st; i++)
        out->step[i][pair] = value[(size_t)i * METRIC_N + M_STEP_TIME];
    free(step);
    free(value);
    return st;
}

/* A twin of the run, its steps, and the end of the worker. */
static enum status measure(struct bench_store *s, int64_t from, int steps, int with_screen, int pair,
                           struct side *out, struct err *e)
{
    char name[NAME_BYTES];
    const char *const argv[] = {"grpolab", "resume", name, "--quiet", "--steps", "10000000", NULL};
    struct worker w;
    double begin, all, screen;
    enum status st;
    snprintf(name, sizeof name, "%s-%d", with_screen ? "screen" : "plain", pair);
    st = session_fork(&s->session, "bench", from, NULL, 0, name, e);
    bench_store_give(s);
    if (!st)
        st = with_screen ? worker_open(&w, s, name, e) : worker_start(&w, s, argv, 0, e);
    if (st)
        return st;
    st = wait_for(&w, s, name, from + WARM_STEPS, e);
    begin = bench_now();
    all = processor_time(w.pid, 0);
    screen = processor_time(w.pid, 1);
    if (!st)
        st = wait_for(&w, s, name, from + WARM_STEPS + steps, e);
    out->seconds[pair] = bench_now() - begin;
    out->processor[pair] = processor_time(w.pid, 0) - all;
    out->screen[pair] = processor_time(w.pid, 1) - screen;
    worker_stop(&w);
    return st ? st : recorded(s, name, from + WARM_STEPS + 1, steps, pair, out, e);
}

static void report(struct bench *b, struct side *plain, struct side *with, int pairs, int steps)
{
    double loss[PAIRS_MAX], more[PAIRS_MAX], share[PAIRS_MAX], sum_plain = 0, sum_with = 0;
    for (int i = 0; i < pairs; i++) {
        loss[i] = 100 * (1 - plain->seconds[i] / with->seconds[i]);
        more[i] = 100 * (with->processor[i] / plain->processor[i] - 1);
        share[i] = 100 * with->screen[i] / with->seconds[i] / b->cores;
    }
    for (int i = 0; i < steps; i++) {
        sum_plain += bench_median(plain->step[i], pairs);
        sum_with += bench_median(with->step[i], pairs);
    }
    bench_add(b, steps / bench_median(plain->seconds, pairs), "steps/s", NAN,
              "ui, training without a screen");
    bench_add(b, steps / bench_median(with->seconds, pairs), "steps/s", NAN, "ui, training with one");
    bench_add(b, bench_median(loss, pairs), "%", NAN, "ui, lost to the screen, median");
    bench_add(b, loss[pairs / 4], "%", NAN, "ui, lost to the screen, 1st quartile");
    bench_add(b, loss[pairs - 1 - pairs / 4], "%", NAN, "ui, lost to the screen, 3rd quartile");
    bench_add(b, 100 * (1 - sum_plain / sum_with), "%", NAN, "ui, lost to the screen, step by step");
    bench_add(b, bench_median(more, pairs), "%", NAN, "ui, more processor time with one");
    bench_add(b, bench_median(share, pairs), "%", NAN, "ui, processor time of the screen");
}

enum status bench_loss(struct bench *b, struct bench_store *s, struct err *e)
{
    int pairs = b->quick ? 3 : PAIRS_MAX, steps = b->quick ? 15 : STEPS_MAX;
    struct side side[2]; /* without a screen, with one */
    enum status st = session_step(&s->session, e);
    int64_t from = s->session.run.step;
    bench_store_give(s);
    for (int i = 0; i < pairs && !st; i++)
        for (int k = 0; k < 2 && !st; k++)
            st = measure(s, from, steps, (i + k) % 2, i, &side[(i + k) % 2], e);
    if (!st)
        report(b, &side[0], &side[1], pairs, steps);
    return st;
}
