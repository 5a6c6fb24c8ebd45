/* The worker pool: each task once, in ascending order of handing out, all done on return. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/base/pool.h"

enum { TASKS = 500 };

struct tally {
    atomic_int count[TASKS], inside[POOL_MAX], wrong, sum;
    int threads;
    sigset_t blocked[POOL_MAX];
};

static void work(void *ctx, int task, int worker)
{
    struct tally *t = ctx;
    if (worker < 0 || worker >= t->threads || atomic_fetch_add(&t->inside[worker], 1) != 0)
        atomic_fetch_add(&t->wrong, 1);
    atomic_fetch_add(&t->count[task], 1);
    atomic_fetch_add(&t->sum, task);
    for (volatile int i = 0; i < task % 50 * 20; i++)
        ;
    pthread_sigmask(SIG_SETMASK, NULL, &t->blocked[worker]);
    atomic_fetch_sub(&t->inside[worker], 1);
}

static void many_calls(int threads)
{
    struct pool *p;
    struct err e;
    cr_assert_eq(pool_init(&p, threads, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(pool_threads(p), threads);
    for (int call = 0; call < 300; call++) {
        struct tally t;
        int n = call % 7 == 0 ? call % 3 : call % TASKS;
        memset(&t, 0, sizeof t);
        t.threads = threads;
        pool_run(p, n, work, &t);
        for (int i = 0; i < TASKS; i++)
            cr_assert_eq(atomic_load(&t.count[i]), i < n, "call %d: task %d of %d ran %d times", call, i, n,
                         atomic_load(&t.count[i]));
        cr_assert_eq(atomic_load(&t.wrong), 0, "a worker's number is wrong or was used twice at once");
    }
    pool_release(p);
}

Test(pool, each_task_once_alone) { many_calls(1); }
Test(pool, each_task_once_with_two) { many_calls(2); }
Test(pool, each_task_once_with_more_than_there_are_cores) { many_calls(7); }

/* Two pools side by side, called in turn. */
Test(pool, pools_do_not_disturb_each_other)
{
    struct pool *a, *b;
    struct err e;
    cr_assert_eq(pool_init(&a, 2, &e), ST_OK);
    cr_assert_eq(pool_init(&b, 3, &e), ST_OK);
    for (int i = 0; i < 100; i++) {
        struct tally t;
        memset(&t, 0, sizeof t);
        t.threads = i % 2 ? 2 : 3;
        pool_run(i % 2 ? a : b, 100, work, &t);
        cr_assert_eq(atomic_load(&t.sum), 4950);
        cr_assert_eq(atomic_load(&t.wrong), 0);
    }
    pool_release(b);
    pool_release(a);
}

/* Signals go to the program's own thread: each worker blocks them all. */
Test(pool, workers_block_signals)
{
    struct pool *p;
    struct tally t;
    struct err e;
    int seen = 0;
    memset(&t, 0, sizeof t);
    t.threads = 3;
    cr_assert_eq(pool_init(&p, 3, &e), ST_OK);
    for (int i = 0; i < 200; i++)
        pool_run(p, TASKS, work, &t);
    for (int w = 1; w < 3; w++)
        if (sigismember(&t.blocked[w], SIGINT)) {
            cr_assert(sigismember(&t.blocked[w], SIGTERM) && sigismember(&t.blocked[w], SIGWINCH));
            seen++;
        }
    cr_assert_gt(seen, 0, "no worker took a task, or none blocks signals");
    cr_assert_not(sigismember(&t.blocked[0], SIGINT), "the caller's own mask stays");
    pool_release(p);
}

Test(pool, odd_numbers_of_threads_are_refused)
{
    struct pool *p;
    struct err e;
    cr_assert_eq(pool_init(&p, 0, &e), ST_USAGE);
    cr_assert_null(p);
    cr_assert_eq(pool_init(&p, POOL_MAX + 1, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "65"), "%s", e.msg);
    pool_release(NULL);
}
