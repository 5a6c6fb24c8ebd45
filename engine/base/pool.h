#ifndef GRPOLAB_BASE_POOL_H
#define GRPOLAB_BASE_POOL_H

#include "engine/base/status.h"

/* A few worker threads that share numbered tasks. The calling thread works too, as worker 0. Which worker
 * takes which task is not fixed; results must not depend on it. Workers block all signals. */
struct pool;

enum { POOL_MAX = 64 };

/* pool_init: threads in 1..POOL_MAX, the caller included. Errors: ST_NOMEM, ST_FAILED (no
 * thread to be had). */
enum status pool_init(struct pool **p, int threads, struct err *e);
void pool_release(struct pool *p);
int pool_threads(const struct pool *p);

/* pool_run: calls fn(ctx, task, worker) for task 0..n-1, each once, and returns when all are done. Tasks are
 * handed out in ascending order. */
void pool_run(struct pool *p, int n, void (*fn)(void *ctx, int task, int worker), void *ctx);

#endif
