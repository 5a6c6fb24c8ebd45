/* The worker pool: a generation number tells the workers that there is work; tasks are taken from an atomic
 * counter. Waiting spins briefly, then sleeps on a condition: at ~1 ms of work a call the wake-up would
 * otherwise be a large part of it, and endless spinning would steal the core from others. */
#include "engine/base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SPINS = 4000 };

struct worker {
    struct pool *pool;
    pthread_t thread;
    int index;
};

struct pool {
    int threads;
    struct worker worker[POOL_MAX];
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    atomic_uint generation;     /* grows with each pool_run */
    atomic_int next, busy;      /* next task; workers still inside this generation */
    atomic_int stop;
    int n;
    void (*fn)(void *, int, int);
    void *ctx;
};

static void take_tasks(struct pool *p, int worker)
{
    int task;
    while ((task = atomic_fetch_add(&p->next, 1)) < p->n)
        p->fn(p->ctx, task, worker);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    unsigned seen = 0;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load(&p->generation) == seen; i++)
            relax();
        if (atomic_load(&p->generation) == seen) {
            pthread_mutex_lock(&p->lock);
            while (atomic_load(&p->generation) == seen)
                pthread_cond_wait(&p->work, &p->lock);
            pthread_mutex_unlock(&p->lock);
        }
        seen++;
        if (atomic_load(&p->stop))
            return NULL;
        take_tasks(p, w->index);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static void wake_workers(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->generation, 1);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

enum status pool_init(struct pool **out, int threads, struct err *e)
{
    struct pool *p = calloc(1, sizeof *p);
    sigset_t all, old;
    *out = NULL;
    if (!p)
        return err_set(e, ST_NOMEM, "pool", "no memory");
    if (threads < 1 || threads > POOL_MAX) {
        free(p);
        return err_set(e, ST_USAGE, "pool", "threads = %d is outside 1..%d", threads, POOL_MAX);
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    p->threads = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 1; i < threads; i++) {
        p->worker[i] = (struct worker){p, 0, i};
        if (pthread_create(&p->worker[i].thread, NULL, work, &p->worker[i]))
            break;
        p->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (p->threads < threads) {
        int had = p->threads;
        pool_release(p);
        return err_set(e, ST_FAILED, "pool", "only %d of %d threads could be started", had, threads);
    }
    *out = p;
    return ST_OK;
}

void pool_release(struct pool *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, 1);
    wake_workers(p);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

void pool_run(struct pool *p, int n, void (*fn)(void *ctx, int task, int worker), void *ctx)
{
    p->n = n;
    p->fn = fn;
    p->ctx = ctx;
    atomic_store(&p->next, 0);
    if (p->threads > 1) {
        atomic_store(&p->busy, p->threads - 1);
        wake_workers(p);
    }
    take_tasks(p, 0);
    if (p->threads > 1) {
        for (int i = 0; i < SPINS && atomic_load(&p->busy) > 0; i++)
            relax();
        pthread_mutex_lock(&p->lock);
        while (atomic_load(&p->busy) > 0)
            pthread_cond_wait(&p->done, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
}
