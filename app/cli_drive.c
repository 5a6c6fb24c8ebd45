/* Driving a run. Signals are waited for by a thread of their own, so that no handler runs: it sets a flag, which is
 * looked at between steps, and cancels the step under way, which then leaves at a safe point. */
#include "app/cli_drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli_progress.h"

static void *watch(void *ctx)
{
    struct drive *d = ctx;
    int signal_number;
    for (;;) {
        if (sigwait(&d->waited, &signal_number))
            continue;
        if (atomic_exchange(&d->interrupted, 1)) {
            /* Asked twice: at once, by the signal itself. What is committed stays. */
            sigset_t one;
            signal(signal_number, SIG_DFL);
            sigemptyset(&one);
            sigaddset(&one, signal_number);
            pthread_sigmask(SIG_UNBLOCK, &one, NULL);
            raise(signal_number);
        }
        control_cancel(d->control);
    }
    return NULL;
}

void drive_watch(struct drive *d, struct session *s)
{
    d->control = &s->control;
    sigemptyset(&d->waited);
    sigaddset(&d->waited, SIGINT);
    sigaddset(&d->waited, SIGTERM);
    /* Under nohup it stays ignored. */
    if (signal(SIGHUP, SIG_DFL) == SIG_IGN)
        signal(SIGHUP, SIG_IGN);
    else
        sigaddset(&d->waited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &d->waited, &d->old);
    d->is_watching = pthread_create(&d->watcher, NULL, watch, d) == 0;
    if (!d->is_watching)
        pthread_sigmask(SIG_SETMASK, &d->old, NULL);
}

void drive_unwatch(struct drive *d)
{
    if (!d->is_watching)
        return;
    pthread_cancel(d->watcher);
    pthread_join(d->watcher, NULL);
    pthread_sigmask(SIG_SETMASK, &d->old, NULL);
    d->is_watching = 0;
}

/* Whether the open run is the one whose steps and metrics count. */
static int is_last(const struct session *s)
{
    enum stage chain[STAGE_N];
    int n = settings_stages(&s->trainer->set, chain);
    return !s->follow_chain || n == 0 || chain[n - 1] <= s->trainer->stage;
}

static enum status interrupted(struct drive *d, struct session *s, struct err *e)
{
    d->stop = STOP_INTERRUPT;
    return err_set(e, ST_CANCELLED, s->run.name, "interrupted at step %lld; `grpolab resume %s` goes on",
                   (long long)s->trainer->step, s->run.name);
}

/* One step. A failure that is the user's wish, or what --until waits for, is none. */
static enum status one_step(struct drive *d, struct session *s, int *stopped, struct err *e)
{
    int64_t run = s->run.id;
    enum status st = session_step(s, e);
    if (st == ST_CANCELLED && atomic_load(&d->interrupted))
        return interrupted(d, s, e);
    if (st) {
        d->stop = STOP_FAILED;
        if (st != ST_NONFINITE)
            return st;
        measured_nonfinite(&d->measured);
        *stopped = d->until.n && condition_holds(&d->until, &d->measured);
        if (*stopped)
            d->stop = STOP_UNTIL;
        return *stopped ? ST_OK : st;
    }
    if (s->run.id != run)
        return s->sink.state(s->sink.self, "running", e);
    if (is_last(s)) {
        measured_add(&d->measured, s->trainer->step, s->trainer->metric);
        *stopped = d->until.n && condition_holds(&d->until, &d->measured);
        if (*stopped)
            d->stop = STOP_UNTIL;
    }
    return ST_OK;
}

static enum status steps(struct drive *d, struct session *s, struct progress *p, struct err *e)
{
    int stopped = 0;
    enum status st = ST_OK;
    while (!st && !stopped) {
        int64_t end = settings_steps(&s->trainer->set, s->trainer->stage);
        int counts = is_last(s);
        if (atomic_load(&d->interrupted))
            return interrupted(d, s, e);
        if (counts && s->trainer->step >= (d->target < 0 ? end : d->target)) {
            d->stop = d->target < 0 ? STOP_END : STOP_STEPS;
            return ST_OK;
        }
        st = one_step(d, s, &stopped, e);
        if (!d->quiet && !st)
            progress_show(p, s, counts && d->target >= 0 ? d->target : -1);
    }
    return st;
}

enum status drive_run(struct drive *d, struct session *s, struct err *e)
{
    struct progress p;
    struct err late;
    enum status st;
    progress_init(&p);
    control_resume(&s->control);
    st = s->sink.state(s->sink.self, "running", e);
    if (!st)
        st = steps(d, s, &p, e);
    else
        d->stop = STOP_FAILED;
    progress_end(&p);
    control_clear_cancel(&s->control);
    if (!s->failed)
        s->sink.state(s->sink.self, session_is_done(s) ? "done" : "paused", &late);
    return st;
}
