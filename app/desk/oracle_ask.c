/* The thread behind the oracle screen.
 *
 * One thread a question, of low priority, so that training is not slowed where cores are scarce; it ends with
 * its answer, and its trainer's memory goes with it. Invariant: the thread is joined before run and step
 * change. */
#include "app/desk/oracle_ask.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/session/probe_past.h"

enum { LOW_PRIORITY = 10, BATCHES_USUAL = 64 };

struct oracle_ask {
    char store_path[1024];
    int wake;
    pthread_t thread;
    int is_started;
    int64_t run, step;           /* the question */
    atomic_int cancel;
    struct oracle_known shown;   /* the user interface's copies */
    char shown_doing[96];

    pthread_mutex_t lock;        /* guards what follows */
    struct oracle_known known;
    char doing[96];
    double part;
    int is_busy;
    struct err error;
};

struct oracle_settings oracle_usual(const struct trainer *t)
{
    const struct rl_stage *rl = &t->set.rl;

    return (struct oracle_settings){
        .problems = rl->prompts,
        .group = rl->group > ORACLE_GROUP ? ORACLE_GROUP : rl->group < 2 ? 2 : rl->group,
        .batches = BATCHES_USUAL,
        .seed = t->seed,
    };
}

/* The n-th word of a blank-separated list. */
static void word(const char *list, int n, char out[ORACLE_NAME])
{
    while (n-- > 0)
        list += strcspn(list, " ") + 1;
    snprintf(out, ORACLE_NAME, "%.*s", (int)strcspn(list, " "), list);
}

static void known_kl(const struct oracle_kl *x, int kind, struct oracle_kl_row *out)
{
    *out = (struct oracle_kl_row){.mean = x->mean, .bias = x->bias, .deviation = x->deviation,
                                  .sampled = x->sampled, .error = x->error, .stale_bias = x->stale_bias,
                                  .cosine = x->cosine, .scale = x->scale};
    word(KL_CHOICES, kind, out->name);
}

_Static_assert((int)KL_KIND_N <= (int)ORACLE_KL_ROWS, "the screen has room for every estimator");
_Static_assert((int)ORACLE_STDS * (int)LOSS_KIND_N <= (int)ORACLE_LOSS_ROWS, "and for every loss");

void oracle_known_of(const struct oracle *o, struct oracle_known *out)
{
    int stds = o->std == (int)STD_NONE ? 1 : ORACLE_STDS;

    memset(out, 0, sizeof *out);
    out->problems = o->problems;
    out->outcomes = o->outcomes;
    out->group = o->group;
    out->batches = o->batches;
    out->probability = o->probability;
    out->reward = o->reward;
    out->reward_sampled = o->reward_sampled;
    out->reward_error = o->reward_error;
    out->accuracy = o->accuracy;
    out->mean_length = o->mean_length;
    out->kl = o->kl;
    out->gradient = o->gradient;
    out->length = o->length;
    for (int i = 0; i < KL_KIND_N; i++) {
        known_kl(&o->token[i], i, &out->token[i]);
        known_kl(&o->sequence[i], i, &out->sequence[i]);
    }
    out->kls_n = KL_KIND_N;
    for (int s = 0; s < stds; s++)
        for (int i = 0; i < LOSS_KIND_N; i++) {
            const struct oracle_loss *x = &o->loss[s][i];
            struct oracle_loss_row *row = &out->loss[out->losses_n++];
            *row = (struct oracle_loss_row){.cosine = x->cosine, .scale = x->scale, .length = x->length,
                                            .noise = x->noise, .sampled_cosine = x->sampled_cosine,
                                            .sampled_distance = x->sampled_distance};
            word(LOSS_CHOICES, i, row->name);
            word(STD_CHOICES, s == ORACLE_STD_RUN ? o->std : (int)STD_NONE, row->std);
        }
}

static void ring(struct oracle_ask *a)
{
    uint64_t one = 1;

    /* A full counter means that the reader is awake already. */
    if (a->wake >= 0 && write(a->wake, &one, sizeof one) < 0)
        return;
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct oracle_ask *a = ctx;

    (void)kind, (void)unit, (void)worker;
    return atomic_load(&a->cancel) ? ST_CANCELLED : ST_OK;
}

static void tell(void *ctx, const char *doing, double part)
{
    struct oracle_ask *a = ctx;

    pthread_mutex_lock(&a->lock);
    snprintf(a->doing, sizeof a->doing, "%s", doing);
    a->part = part;
    pthread_mutex_unlock(&a->lock);
    ring(a);
}

static void told(void *ctx, double part)
{
    tell(ctx, "summing over all completions", part);
}

static enum status sum(struct oracle_ask *a, struct past *p, struct err *e)
{
    struct gate gate = {.ctx = a, .point = point};
    struct past_hooks hooks = {.gate = &gate, .tell = tell, .ctx = a};
    struct oracle_known *k = malloc(sizeof *k);
    struct oracle *o = calloc(1, sizeof *o);
    enum status st = k && o ? past_go(p, a->run, a->step, &hooks, e)
                            : err_set(e, ST_NOMEM, "oracle", "no memory for the answer");

    if (!st) {
        struct oracle_settings s = oracle_usual(p->trainer);
        s.told = told;
        s.ctx = a;
        told(a, 0);
        st = oracle_run(p->trainer, &s, &gate, NULL, o, e);
    }
    if (!st) {
        oracle_known_of(o, k);
        k->run = a->run;
        k->step = a->step;
        pthread_mutex_lock(&a->lock);
        a->known = *k;
        pthread_mutex_unlock(&a->lock);
    }
    free(k);
    free(o);
    return st;
}

static void *work(void *arg)
{
    struct oracle_ask *a = arg;
    struct past *p = calloc(1, sizeof *p);
    struct err e = {0};
    enum status st = p ? ST_OK : err_set(&e, ST_NOMEM, "oracle", "no memory");

    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread alone */
    if (!st)
        st = past_init(p, a->store_path, 1, &e);
    if (!st) {
        st = sum(a, p, &e);
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

enum status oracle_ask_init(struct oracle_ask **out, const char *store_path, int wake, struct err *e)
{
    struct oracle_ask *a = *out = calloc(1, sizeof *a);

    if (!a)
        return err_set(e, ST_NOMEM, "oracle", "no memory");
    snprintf(a->store_path, sizeof a->store_path, "%s", store_path);
    a->wake = wake;
    pthread_mutex_init(&a->lock, NULL);
    return ST_OK;
}

void oracle_ask_stop(struct oracle_ask *a)
{
    if (a->is_started) {
        atomic_store(&a->cancel, 1);
        pthread_join(a->thread, NULL);
    }
    a->is_started = 0;
    a->is_busy = 0;
    a->error.code = ST_OK;
}

void oracle_ask_release(struct oracle_ask *a)
{
    if (!a)
        return;
    oracle_ask_stop(a);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

enum status oracle_ask_begin(struct oracle_ask *a, int64_t run, int64_t step, struct err *e)
{
    sigset_t all, old;
    int failed;

    if (a->is_started && a->run == run && a->step == step)
        return ST_OK;
    oracle_ask_stop(a);
    if (a->known.run != run)
        memset(&a->known, 0, sizeof a->known);
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
    oracle_ask_stop(a);
    return err_set(e, ST_FAILED, "oracle", "no thread to be had");
}

int oracle_ask_look(struct oracle_ask *a, const struct oracle_known **known, const char **doing, double *part,
                    struct err *error)
{
    int busy;

    pthread_mutex_lock(&a->lock);
    busy = a->is_busy;
    a->shown = a->known;
    snprintf(a->shown_doing, sizeof a->shown_doing, "%s", a->doing);
    *part = a->part;
    *error = a->error;
    a->error.code = ST_OK;
    pthread_mutex_unlock(&a->lock);
    *known = a->shown.run ? &a->shown : NULL;
    *doing = busy ? a->shown_doing : NULL;
    return busy;
}
