/* Questions that are answered aside.
 *
 * One thread a question, of low priority, so that training is not slowed where cores are scarce; it ends with
 * its answer, and its trainer's memory goes with it. Invariant: the thread is joined before the question
 * changes, so that it may read it without the lock. */
#include "app/session/aside.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/session/probe_past.h"

enum { LOW_PRIORITY = 10 };

struct aside {
    const struct aside_kind *kind;
    char store_path[1024];
    int wake;
    pthread_t thread;
    int is_started;
    int64_t run, step;           /* the question */
    size_t question_n;
    _Alignas(max_align_t) unsigned char question[ASIDE_QUESTION];
    atomic_int cancel;
    struct gate gate;
    void *shown;                 /* the asker's copies */
    char shown_doing[96];

    pthread_mutex_t lock;        /* guards what follows */
    void *answer;
    int64_t answer_run, answer_step;   /* run 0: no answer */
    char doing[96];
    double part;
    int is_busy;
    struct err error;
};

static void ring(struct aside *a)
{
    uint64_t one = 1;
    /* A full counter means that the reader is awake already. */
    if (a->wake >= 0 && write(a->wake, &one, sizeof one) < 0)
        return;
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct aside *a = ctx;
    (void)kind, (void)unit, (void)worker;
    return atomic_load(&a->cancel) ? ST_CANCELLED : ST_OK;
}

const struct gate *aside_gate(const struct aside *a)
{
    return &a->gate;
}

void aside_tell(struct aside *a, const char *doing, double part)
{
    pthread_mutex_lock(&a->lock);
    snprintf(a->doing, sizeof a->doing, "%s", doing);
    a->part = part;
    pthread_mutex_unlock(&a->lock);
    ring(a);
}

static void tell(void *ctx, const char *doing, double part)
{
    aside_tell(ctx, doing, part);
}

void aside_put(struct aside *a, const void *answer, double part)
{
    pthread_mutex_lock(&a->lock);
    memcpy(a->answer, answer, a->kind->answer_bytes);
    a->answer_run = a->run;
    a->answer_step = a->step;
    a->part = part;
    pthread_mutex_unlock(&a->lock);
    ring(a);
}

static enum status find_out(struct aside *a, struct past *p, void *answer, struct err *e)
{
    struct past_hooks hooks = {.gate = &a->gate, .tell = tell, .ctx = a};
    enum status st = past_init(p, a->store_path, 1, e);
    if (st)
        return st;
    st = past_go(p, a->run, a->step, &hooks, e);
    if (!st)
        st = a->kind->answer(a, p->trainer, a->question, answer, e);
    if (!st)
        aside_put(a, answer, 1);
    past_release(p);
    return st;
}

static void *work(void *arg)
{
    struct aside *a = arg;
    struct past *p = calloc(1, sizeof *p);
    void *answer = calloc(1, a->kind->answer_bytes);
    struct err e = {0};
    enum status st;
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread alone */
    st = p && answer ? find_out(a, p, answer, &e) : err_set(&e, ST_NOMEM, a->kind->name, "no memory");
    free(p);
    free(answer);
    pthread_mutex_lock(&a->lock);
    a->is_busy = 0;
    if (st && st != ST_CANCELLED)
        a->error = e;
    pthread_mutex_unlock(&a->lock);
    ring(a);
    return NULL;
}

enum status aside_init(struct aside **out, const struct aside_kind *kind, const char *store_path, int wake,
                       struct err *e)
{
    struct aside *a = *out = calloc(1, sizeof *a);
    if (!a)
        return err_set(e, ST_NOMEM, kind->name, "no memory");
    a->kind = kind;
    a->gate = (struct gate){.ctx = a, .point = point};
    snprintf(a->store_path, sizeof a->store_path, "%s", store_path);
    a->wake = wake;
    pthread_mutex_init(&a->lock, NULL);
    a->shown = calloc(1, kind->answer_bytes);
    a->answer = calloc(1, kind->answer_bytes);
    if (a->shown && a->answer)
        return ST_OK;
    aside_release(a);
    *out = NULL;
    return err_set(e, ST_NOMEM, kind->name, "no memory");
}

void aside_stop(struct aside *a)
{
    if (a->is_started) {
        atomic_store(&a->cancel, 1);
        pthread_join(a->thread, NULL);
    }
    a->is_started = 0;
    a->is_busy = 0;
    a->error.code = ST_OK;
}

void aside_forget(struct aside *a)
{
    aside_stop(a);
    a->answer_run = a->answer_step = 0;
    a->run = a->step = 0;
}

void aside_release(struct aside *a)
{
    if (!a)
        return;
    aside_stop(a);
    pthread_mutex_destroy(&a->lock);
    free(a->shown);
    free(a->answer);
    free(a);
}

enum status aside_ask(struct aside *a, int64_t run, int64_t step, const void *question, size_t bytes,
                      struct err *e)
{
    sigset_t all, old;
    int failed;
    if (a->is_started && a->run == run && a->step == step && a->question_n == bytes &&
        (!bytes || !memcmp(a->question, question, bytes)))
        return ST_OK;
    aside_stop(a);
    if (!a->kind->keeps || a->answer_run != run)
        aside_forget(a);
    a->run = run;
    a->step = step;
    a->question_n = bytes;
    if (bytes)
        memcpy(a->question, question, bytes);
    a->is_busy = 1;
    a->part = 0;
    snprintf(a->doing, sizeof a->doing, "going to step %lld", (long long)step);
    atomic_store(&a->cancel, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&a->thread, NULL, work, a);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    a->is_started = !failed;
    if (!failed)
        return ST_OK;
    aside_stop(a);
    return err_set(e, ST_FAILED, a->kind->name, "no thread to be had");
}

void aside_look(struct aside *a, struct aside_look *out)
{
    pthread_mutex_lock(&a->lock);
    if (a->answer_run)
        memcpy(a->shown, a->answer, a->kind->answer_bytes);
    snprintf(a->shown_doing, sizeof a->shown_doing, "%s", a->doing);
    *out = (struct aside_look){.answer = a->answer_run ? a->shown : NULL,
                               .run = a->answer_run,
                               .step = a->answer_step,
                               .doing = a->is_busy ? a->shown_doing : NULL,
                               .part = a->part,
                               .error = a->error};
    if (a->error.code)
        a->step = -1;   /* asked again, it is another question */
    a->error.code = ST_OK;
    pthread_mutex_unlock(&a->lock);
}
