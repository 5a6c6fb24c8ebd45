/* Driving a run. A signal's handler only writes to an eventfd (which thread it runs in is not ours to say:
 * libraries have threads too); a thread that waits there sets a flag, which is looked at between steps, and
 * cancels the step under way, which then leaves at a safe point. */
#include "app/cli/cli_drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/cli/cli_progress.h"
#include "app/session/session_chain.h"

static const int watched[WATCHED_N] = {SIGINT, SIGTERM, SIGHUP};

/* Where the handler writes; one drive at a time. */
static volatile sig_atomic_t wake = -1;

static void on_signal(int number)
{
    uint64_t one = 1;
    int kept = errno;
    ssize_t written = write(wake, &one, sizeof one);
    (void)number;
    (void)written;
    errno = kept;
}

static void *watch(void *ctx)
{
    struct drive *d = ctx;
    uint64_t count;
    for (;;) {
        if (read(d->event, &count, sizeof count) != sizeof count)
            continue;
        if (atomic_load(&d->is_over))
            return NULL;
        atomic_store(&d->interrupted, 1);
        control_cancel(d->control);
    }
}

void drive_watch(struct drive *d, struct session *s)
{
    /* Asked twice, the program ends at once, by the signal itself. */
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_RESTART};
    d->control = &s->control;
    d->event = eventfd(0, EFD_CLOEXEC);
    if (d->event < 0)
        return;
    if (pthread_create(&d->watcher, NULL, watch, d)) {
        close(d->event);
        return;
    }
    d->is_watching = 1;
    wake = d->event;
    for (int i = 0; i < WATCHED_N; i++) {
        sigaction(watched[i], NULL, &d->old[i]);
        /* Under nohup, HUP stays ignored. A shell starts what runs in the background with INT ignored, but
         * who sends one means it. */
        if (watched[i] != SIGHUP || d->old[i].sa_handler != SIG_IGN)
            sigaction(watched[i], &a, NULL);
    }
}

void drive_unwatch(struct drive *d)
{
    uint64_t one = 1;
    if (!d->is_watching)
        return;
    for (int i = 0; i < WATCHED_N; i++)
        sigaction(watched[i], &d->old[i], NULL);
    atomic_store(&d->is_over, 1);
    while (write(d->event, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(d->watcher, NULL);
    wake = -1;
    close(d->event);
    d->is_watching = 0;
}

/* Whether the open run is the one whose steps and metrics count. */
static int is_last(const struct session *s)
{
    return !s->follow_chain || !chain_next(s);
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
    if (s->run.id == run && is_last(s)) {
        measured_add(&d->measured, s->trainer->step, s->trainer->metric);
        if (s->round.is_tested)
            measured_verified(&d->measured, s->round.verified);
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
    enum status st;
    s->wants_aha = condition_uses(&d->until, Q_AHA_VERIFIED) || condition_uses(&d->expect, Q_AHA_VERIFIED);
    progress_init(&p);
    control_resume(&s->control);
    st = steps(d, s, &p, e);
    progress_end(&p);
    control_clear_cancel(&s->control);
    session_state(s, session_is_done(s) ? "done" : "paused");
    return st;
}
