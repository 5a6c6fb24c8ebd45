/* The thread behind the FP8 screen.
 *
 * One thread a question, of low priority, so that training is not slowed where cores are scarce; it ends with
 * its answer, and its trainer's memory goes with it. Invariant: the thread is joined before run and step
 * change. */
#include "app/desk/fp8_ask.h"

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

struct fp8_ask {
    char store_path[1024];
    int wake;
    pthread_t thread;
    int is_started;
    int64_t run, step;           /* the question */
    atomic_int cancel;
    struct fp8_measure shown;    /* the user interface's copies */
    char shown_doing[96];

    pthread_mutex_t lock;        /* guards what follows */
    struct fp8_measure measure;
    char doing[96];
    double part;
    int is_busy;
    struct err error;
};

void fp8_measure_of(const struct fp8_stats *s, struct fp8_measure *out)
{
    const struct fp8_config *c = &s->config;

    memset(out, 0, sizeof *out);
    out->is_on = c->on;
    if (c->scale == FP8_SCALE_TILE)
        snprintf(out->scale, sizeof out->scale, "tiles 1x%d, blocks %dx%d%s", c->tile, c->block, c->block,
                 c->tile == 128 && c->block == 128 ? "" : " (toy width; V3: 128)");
    else
        snprintf(out->scale, sizeof out->scale,
                 c->scale == FP8_SCALE_TENSOR ? "one scale a tensor" : "no scales");
    out->outlier = c->outlier;
    out->tokens = s->tokens;
    out->loss = s->loss;
    out->loss_fp32 = s->loss_fp32;
    out->cosine = s->cosine;
    out->high = (double)s->high;
    for (int k = 0; k < 2; k++) {
        const struct fp8_bytes *b = k ? &s->activations : &s->weights;
        double *to = k ? out->activations : out->weights;
        to[FP8_FORMAT_FP32] = (double)b->fp32;
        to[FP8_FORMAT_BF16] = (double)b->bf16;
        to[FP8_FORMAT_FP8] = (double)b->fp8;
    }
    for (int i = 0; i < s->tensors_n && i / FP8_ROLE_N < FP8_TENSORS; i++) {
        const struct fp8_tensor *t = &s->tensor[i];
        struct fp8_row *row = &out->row[i / FP8_ROLE_N];
        snprintf(row->name, sizeof row->name, "%s", t->name);
        row->kind[t->role] = (struct fp8_cell){(double)t->n, t->error, t->saturated, t->flushed};
        out->n = i / FP8_ROLE_N + 1;
    }
}

static void ring(struct fp8_ask *a)
{
    uint64_t one = 1;

    /* A full counter means that the reader is awake already. */
    if (a->wake >= 0 && write(a->wake, &one, sizeof one) < 0)
        return;
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct fp8_ask *a = ctx;

    (void)kind, (void)unit, (void)worker;
    return atomic_load(&a->cancel) ? ST_CANCELLED : ST_OK;
}

static void tell(void *ctx, const char *doing, double part)
{
    struct fp8_ask *a = ctx;

    pthread_mutex_lock(&a->lock);
    snprintf(a->doing, sizeof a->doing, "%s", doing);
    a->part = part;
    pthread_mutex_unlock(&a->lock);
    ring(a);
}

static enum status measure(struct fp8_ask *a, struct past *p, struct err *e)
{
    struct gate gate = {.ctx = a, .point = point};
    struct past_hooks hooks = {.gate = &gate, .tell = tell, .ctx = a};
    struct fp8_measure *m = malloc(sizeof *m);
    struct fp8_stats stats = {0};
    enum status st = m ? past_go(p, a->run, a->step, &hooks, e)
                       : err_set(e, ST_NOMEM, "fp8", "no memory for the answer");

    if (!st) {
        tell(a, "a forward and a backward in FP8", 0);
        st = fp8_stats_run(p->trainer, &stats, e);
    }
    if (!st) {
        fp8_measure_of(&stats, m);
        m->run = a->run;
        m->step = a->step;
        pthread_mutex_lock(&a->lock);
        a->measure = *m;
        pthread_mutex_unlock(&a->lock);
    }
    fp8_stats_free(&stats);
    free(m);
    return st;
}

static void *work(void *arg)
{
    struct fp8_ask *a = arg;
    struct past *p = calloc(1, sizeof *p);
    struct err e = {0};
    enum status st = p ? ST_OK : err_set(&e, ST_NOMEM, "fp8", "no memory");

    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread alone */
    if (!st)
        st = past_init(p, a->store_path, 1, &e);
    if (!st) {
        st = measure(a, p, &e);
        past_release(p);
    }
    free(p);
    pthread_mutex_lock(&a->lock);
    a->is_busy = 0;
    if (st && st != ST_CANCELLED)
        a->error = e;
    pthread_mutex_unlock(&a->lock);
    ring(a);
    return NULL;
}

enum status fp8_ask_init(struct fp8_ask **out, const char *store_path, int wake, struct err *e)
{
    struct fp8_ask *a = *out = calloc(1, sizeof *a);

    if (!a)
        return err_set(e, ST_NOMEM, "fp8", "no memory");
    snprintf(a->store_path, sizeof a->store_path, "%s", store_path);
    a->wake = wake;
    pthread_mutex_init(&a->lock, NULL);
    return ST_OK;
}

static void stop(struct fp8_ask *a)
{
    if (a->is_started) {
        atomic_store(&a->cancel, 1);
        pthread_join(a->thread, NULL);
    }
    a->is_started = 0;
    a->is_busy = 0;
    a->error.code = ST_OK;
}

void fp8_ask_release(struct fp8_ask *a)
{
    if (!a)
        return;
    stop(a);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

enum status fp8_ask_begin(struct fp8_ask *a, int64_t run, int64_t step, struct err *e)
{
    sigset_t all, old;
    int failed;

    if (a->is_started && a->run == run && a->step == step)
        return ST_OK;
    stop(a);
    if (a->measure.run != run)
        memset(&a->measure, 0, sizeof a->measure);
    a->run = run;
    a->step = step;
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
    stop(a);
    return err_set(e, ST_FAILED, "fp8", "no thread to be had");
}

int fp8_ask_look(struct fp8_ask *a, const struct fp8_measure **known, const char **doing, double *part,
                 struct err *error)
{
    int busy;

    pthread_mutex_lock(&a->lock);
    busy = a->is_busy;
    a->shown = a->measure;
    snprintf(a->shown_doing, sizeof a->shown_doing, "%s", a->doing);
    *part = a->part;
    *error = a->error;
    a->error.code = ST_OK;
    pthread_mutex_unlock(&a->lock);
    *known = a->shown.run ? &a->shown : NULL;
    *doing = busy ? a->shown_doing : NULL;
    return busy;
}
