/* The thread behind `:compute`, and the command.
 *
 * One thread a question, of low priority, so that training is not slowed where cores are scarce; it ends with
 * its answer, and its trainer's memory goes with it. What it finds is copied under the lock after every few
 * problems. Invariant: the thread is joined before `question` changes. */
#include "app/desk/desk_compute.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/command/command_act.h"
#include "app/desk/compute_chart.h"
#include "app/desk/desk.h"
#include "app/session/probe_past.h"
#include "engine/run/compute.h"
#include "views/evaluation_state.h"

enum { LOW_PRIORITY = 10 };

struct desk_compute {
    char store_path[1024];
    int wake;                    /* eventfd of the UI's loop, borrowed */
    pthread_t thread;
    int is_started;
    int64_t run, step;           /* the question */
    struct compute_question question;
    atomic_int cancel;
    struct compute_facts shown;  /* the user interface's copies */
    char shown_doing[96];

    pthread_mutex_t lock;        /* guards what follows */
    struct compute_facts facts;
    char doing[96];
    double part;
    int is_busy;
    struct err error;
};

static void ring(struct desk_compute *c)
{
    uint64_t one = 1;
    /* A full counter means that the reader is awake already. */
    if (c->wake >= 0 && write(c->wake, &one, sizeof one) < 0)
        return;
}

static enum status point(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct desk_compute *c = ctx;
    (void)kind, (void)unit, (void)worker;
    return atomic_load(&c->cancel) ? ST_CANCELLED : ST_OK;
}

static void tell(void *ctx, const char *doing, double part)
{
    struct desk_compute *c = ctx;
    pthread_mutex_lock(&c->lock);
    snprintf(c->doing, sizeof c->doing, "%s", doing);
    c->part = part;
    pthread_mutex_unlock(&c->lock);
    ring(c);
}

static void told(void *ctx, const struct compute_facts *f)
{
    struct desk_compute *c = ctx;
    pthread_mutex_lock(&c->lock);
    uint64_t version = c->facts.version;
    c->facts = *f;
    c->facts.run = c->run;
    c->facts.version = version + 1;
    c->part = (double)f->done / f->problems;
    pthread_mutex_unlock(&c->lock);
    ring(c);
}

static void *work(void *arg)
{
    struct desk_compute *c = arg;
    struct gate gate = {.ctx = c, .point = point};
    struct past_hooks past_hooks = {.gate = &gate, .tell = tell, .ctx = c};
    struct compute_hooks hooks = {.gate = &gate, .told = told, .ctx = c};
    struct compute_facts *f = calloc(1, sizeof *f);
    struct past *p = calloc(1, sizeof *p);
    struct err e = {0};
    enum status st = p && f ? ST_OK : err_set(&e, ST_NOMEM, "compute", "no memory");
    setpriority(PRIO_PROCESS, (id_t)gettid(), LOW_PRIORITY); /* of this thread alone */
    if (!st)
        st = past_init(p, c->store_path, 1, &e);
    if (!st) {
        st = past_go(p, c->run, c->step, &past_hooks, &e);
        tell(c, "sampling held-out problems", 0);
        if (!st)
            st = compute_run(p->trainer, &c->question, &hooks, f, &e);
        past_release(p);
    }
    free(p);
    free(f);
    pthread_mutex_lock(&c->lock);
    c->is_busy = 0;
    if (st && st != ST_CANCELLED)
        c->error = e;
    pthread_mutex_unlock(&c->lock);
    ring(c);
    return NULL;
}

enum status desk_compute_init(struct desk_compute **out, const char *store_path, int wake, struct err *e)
{
    struct desk_compute *c = *out = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ST_NOMEM, "compute", "no memory");
    snprintf(c->store_path, sizeof c->store_path, "%s", store_path);
    c->wake = wake;
    pthread_mutex_init(&c->lock, NULL);
    return ST_OK;
}

void desk_compute_stop(struct desk_compute *c)
{
    if (c->is_started) {
        atomic_store(&c->cancel, 1);
        pthread_join(c->thread, NULL);
    }
    c->is_started = 0;
    c->run = c->step = 0;
    memset(&c->facts, 0, sizeof c->facts);
    c->doing[0] = 0;
    c->part = 0;
    c->error.code = ST_OK;
}

void desk_compute_release(struct desk_compute *c)
{
    if (!c)
        return;
    desk_compute_stop(c);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

enum status desk_compute_ask(struct desk_compute *c, int64_t run, int64_t step, int k, int problems,
                             struct err *e)
{
    struct compute_question q = {k, problems, COMPUTE_WORDS_USUAL, COMPUTE_FORCED_USUAL};
    sigset_t all, old;
    int failed;
    if (c->is_started && c->run == run && c->step == step && c->question.k == k &&
        c->question.problems == problems)
        return ST_OK;
    desk_compute_stop(c);
    c->run = run;
    c->step = step;
    c->question = q;
    c->facts.run = run;
    c->facts.step = step;
    c->is_busy = 1;
    snprintf(c->doing, sizeof c->doing, "going to step %lld", (long long)step);
    atomic_store(&c->cancel, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&c->thread, NULL, work, c);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    c->is_started = !failed;
    if (!failed)
        return ST_OK;
    c->is_busy = 0;
    desk_compute_stop(c);
    return err_set(e, ST_FAILED, "compute", "no thread to be had");
}

void desk_compute_look(struct desk_compute *c, struct compute_look *out)
{
    pthread_mutex_lock(&c->lock);
    c->shown = c->facts;
    snprintf(c->shown_doing, sizeof c->shown_doing, "%s", c->doing);
    *out = (struct compute_look){&c->shown, c->is_busy ? c->shown_doing : NULL, c->part, c->error};
    c->error.code = ST_OK;
    pthread_mutex_unlock(&c->lock);
}

/* Writes what is known as a picture. */
static enum status write_chart(struct desk *d, const char *path, struct err *e)
{
    struct compute_look look;
    char title[NAME_BYTES + 64];
    enum status st;
    desk_compute_look(d->compute, &look);
    if (!look.facts->done)
        return err_set(e, ST_NOTFOUND, "compute",
                       "there is nothing to draw yet: :compute samples the problems");
    snprintf(title, sizeof title, "%s@%lld: accuracy over tokens", d->live->run, (long long)look.facts->step);
    st = compute_chart_write(path, title, look.facts, e);
    if (!st)
        desk_say(d, "%s is written, of %d problems", path, look.facts->done);
    return st;
}

enum status command_compute(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    const char *first = l->argc ? l->argv[0] : "";
    long long problems = COMPUTE_PROBLEMS_USUAL, k = COMPUTE_K_MAX;
    int64_t head;
    enum status st = ST_OK;
    if (!strcmp(first, "off")) {
        desk_compute_stop(d->compute);
        d->view.focus = d->view.focus == PANE_COMPUTE ? PANE_NONE : d->view.focus;
        d->view.zoom = d->view.zoom == PANE_COMPUTE ? PANE_NONE : d->view.zoom;
        return ST_OK;
    }
    if (strlen(first) > 4 && !strcmp(first + strlen(first) - 4, ".png"))
        return write_chart(d, first, e);
    if (l->argc > 0)
        st = command_integer(first, "problems", 1, &problems, e);
    if (!st && l->argc > 1)
        st = command_integer(l->argv[1], "samples", 1, &k, e);
    if (!st && (k > COMPUTE_K_MAX || problems > 1000000))
        st = err_set(e, ST_USAGE, "compute", "at most %d samples a problem", COMPUTE_K_MAX);
    if (!st && (!s || !s->run_id || strcmp(s->stage, "grpo")))
        st = err_set(e, ST_NOTFOUND, "compute",
                     "only a GRPO run is sampled here; `grpolab compute` takes any run");
    if (st)
        return st;
    head = s->head > s->committed ? s->head : s->committed;
    st = desk_compute_ask(d->compute, s->run_id, d->at >= 0 ? s->step : head, (int)k, (int)problems, e);
    if (st)
        return st;
    desk_show_screen(d, SCREEN_EVALUATION);
    d->view.focus = PANE_COMPUTE;
    return ST_OK;
}
