/* The session. A run is brought into memory by building its trainer from the settings on record, restoring
 * the nearest keyframe and replaying to the wanted step; whatever fails inside a step is answered the same
 * way, so that the trainer always stands at a commit between steps. */
#include "app/session/session.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/base/environment.h"
#include "app/session/session_chain.h"
#include "engine/run/publish.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void session_say(struct session *s, int is_error, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->message, sizeof s->message, fmt, ap);
    va_end(ap);
    s->message_is_error = is_error;
}

/* The last of the settings' steps is taken and no further one has begun: a run that was led beyond them is
 * paused like any other. */
static int is_at_end(const struct session *s)
{
    const struct trainer *t = s->trainer;
    return session_is_done(s) && t->step == settings_steps(&t->set, t->stage) && t->phase == PHASE_COMMIT;
}

static void fill_run(struct session *s, const struct control_view *c)
{
    struct snapshot *x = s->scratch;
    x->command = s->command;
    x->refused = s->refused;
    x->way_at = s->way_at;
    x->way_to = s->way_to;
    x->run_id = s->run.id;
    snprintf(x->run, sizeof x->run, "%s", s->run.name);
    snprintf(x->message, sizeof x->message, "%s", s->message);
    x->message_is_error = s->message_is_error;
    x->state = !s->trainer                           ? RUN_IDLE
               : s->failed                           ? RUN_FAILED
               : s->is_replaying                     ? RUN_REPLAYING
               : c->mode == CONTROL_HOLD             ? RUN_PAUSED
               : s->trainer->step < s->trainer->head ? RUN_REPLAYING
                                                     : RUN_RUNNING;
    if (s->trainer && is_at_end(s) && c->mode == CONTROL_HOLD && !s->failed)
        x->state = RUN_DONE;
    x->partners_n = s->partners_n;
    x->partner = s->partner && s->partner->trainer ? s->partner->run.id : 0;
    x->partner_phase = x->partner ? s->partner->trainer->phase : PHASE_COMMIT;
    x->stages_n = 0;
    if (s->trainer)
        chain_stages(s, x);
}

void session_publish(struct session *s, int urgent)
{
    struct control_view c;
    double t = now();
    if (!s->is_interactive)
        return;
    if (pthread_mutex_trylock(&s->publishing)) {
        if (!urgent)
            return;
        pthread_mutex_lock(&s->publishing);
    }
    if (urgent || t - s->published >= 1.0 / 60) {
        s->published = t;
        s->scratch->version++;
        c = control_look(&s->control);
        if (s->trainer)
            publish_fill(s->scratch, s->trainer, &c);
        fill_run(s, &c);
        snapshot_put(&s->box, s->scratch);
    }
    pthread_mutex_unlock(&s->publishing);
}

void session_way(struct session *s, int64_t at, int64_t to)
{
    int is_over = at >= to, is_first = !s->way_to;
    s->way_at = is_over ? 0 : at;
    s->way_to = is_over ? 0 : to;
    if (!is_over)
        session_publish(s, is_first);
}

static void publish_from_gate(void *ctx, int urgent)
{
    session_publish(ctx, urgent);
}

enum status session_init(struct session *s, const char *store_path, int threads, struct err *e)
{
    enum status st;
    memset(s, 0, sizeof *s);
    snprintf(s->store_path, sizeof s->store_path, "%s", store_path);
    s->kernels = kernels_best();
    s->scratch = calloc(1, sizeof *s->scratch);
    if (!s->scratch)
        return err_set(e, ST_NOMEM, "session", "no memory for a snapshot");
    pthread_mutex_init(&s->publishing, NULL);
    breakpoints_init(&s->breakpoints);
    if (threads < 1)
        threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    threads = threads > POOL_MAX ? POOL_MAX : threads;
    st = control_init(&s->control, e);
    if (!st)
        st = snapshot_box_init(&s->box, e);
    if (!st)
        st = pool_init(&s->pool, threads, e);
    if (!st)
        st = store_open(&s->store, store_path, NULL, e);
    if (!st)
        st = query_open(&s->query, store_path, e);
    s->gate = control_gate(&s->control);
    s->control.publish = publish_from_gate;
    s->control.publish_ctx = s;
    s->control.mode = CONTROL_FREE;
    if (st)
        session_release(s);
    return st;
}

void session_state(struct session *s, const char *state)
{
    struct err e;
    if (!s->trainer || !s->is_locked || s->failed || strcmp(s->run.state, state) == 0)
        return;
    if (s->sink.state(s->sink.self, state, &e) == ST_OK)
        snprintf(s->run.state, sizeof s->run.state, "%s", state);
}

/* Closes the open run; its lock goes with it. */
static void close_run(struct session *s)
{
    if (!s->trainer)
        return;
    if (strcmp(s->run.state, "running") == 0)
        session_state(s, "paused");
    trainer_release(s->trainer);
    free(s->trainer);
    s->trainer = NULL;
    if (s->is_locked)
        store_run_unlock(s->store, s->run.id);
    s->is_locked = 0;
    memset(&s->run, 0, sizeof s->run);
}

void session_release(struct session *s)
{
    close_run(s);
    free(s->course);
    if (s->query)
        query_close(s->query);
    if (s->store)
        store_close(s->store);
    pool_release(s->pool);
    snapshot_box_release(&s->box);
    control_release(&s->control);
    pthread_mutex_destroy(&s->publishing);
    breakpoints_release(&s->breakpoints);
    free(s->scratch);
    memset(s, 0, sizeof *s);
}

/* Replays to step; each replayed step is compared with the record. */
static enum status replay_to(struct session *s, int64_t step, int with_gate, struct err *e)
{
    struct trainer_hooks h = {with_gate ? &s->gate : NULL, &s->sink};
    enum status st = ST_OK;
    s->is_replaying = s->trainer->step < step;
    while (s->trainer->step < step && !st) {
        session_way(s, s->trainer->step, step);
        st = trainer_step(s->trainer, &h, e);
    }
    s->is_replaying = 0;
    session_way(s, step, step);
    return st;
}

/* Puts the trainer back to `step`, which is on record. */
static enum status go_back(struct session *s, int64_t step, int with_gate, struct err *e)
{
    enum status st = session_restore(s, s->run.id, step, s->trainer, e);
    return st ? st : replay_to(s, step, with_gate, e);
}

enum status session_adopt(struct session *s, const struct record_run *run, struct trainer *t, int lock,
                          struct err *e)
{
    enum status st = lock ? store_run_lock(s->store, run->id, e) : ST_OK;
    if (st)
        return st;
    pthread_mutex_lock(&s->publishing);
    close_run(s);
    s->run = *run;
    s->trainer = t;
    s->is_fork = chain_is_fork(s);
    s->is_locked = lock;
    s->failed = 0;
    pthread_mutex_unlock(&s->publishing);
    s->control.groups_per_batch = rollout_groups(&t->rollout, t->set.rl.group);
    if (s->control.groups_per_batch < 1)
        s->control.groups_per_batch = 1;
    st = store_sink(s->store, run->id, &s->sink, e);
    if (!st && lock)
        st = store_run_touch(s->store, run->id, e);
    return st;
}

enum status session_open(struct session *s, const char *name, int64_t step, int lock, struct err *e)
{
    struct record_run run;
    struct trainer *t = NULL;
    enum status st = query_run(s->query, name, &run, e);
    if (!st && step > run.step)
        st = err_set(e, ST_NOTFOUND, "session", "run %s has steps up to %lld, not %lld", run.name,
                     (long long)run.step, (long long)step);
    if (st)
        return st;
    if (lock && (!s->trainer || s->run.id != run.id || !s->is_locked)) {
        /* Refused before anything is loaded when another process trains it. */
        st = store_run_lock(s->store, run.id, e);
        if (st)
            return st;
        store_run_unlock(s->store, run.id);
    }
    st = session_load(s, &run, step < 0 ? run.step : step, &t, e);
    if (st)
        return st;
    if (s->trainer && s->run.id == run.id)
        close_run(s);
    st = session_adopt(s, &run, t, lock, e);
    if (st) {
        if (s->trainer != t) {
            trainer_release(t);
            free(t);
        }
        return st;
    }
    snprintf(s->base_name, sizeof s->base_name, "%s", run.name);
    chain_base_name(s->base_name, run.stage);
    s->is_fork_equal = chain_fork_is_equal(s);
    s->reused = 0;
    return replay_to(s, step < 0 ? run.step : step, 0, e);
}

enum status session_rewind(struct session *s, int64_t step, struct err *e)
{
    enum status st;
    if (!s->trainer)
        return err_set(e, ST_USAGE, "rewind", "no run is open");
    if (step < chain_start(s) || step > s->trainer->head)
        return err_set(e, ST_USAGE, "rewind", "steps %lld to %lld are on record", (long long)chain_start(s),
                       (long long)s->trainer->head);
    st = go_back(s, step, 0, e);
    if (!st) {
        s->failed = 0;
        session_say(s, 0,
                    step < s->trainer->head ? "rewound to step %lld: going on replays up to %lld, to the bit"
                                            : "at step %lld of %lld",
                    (long long)step, (long long)s->trainer->head);
    }
    return st;
}

int session_is_done(const struct session *s)
{
    return s->trainer && !chain_next(s) &&
           s->trainer->step >= settings_steps(&s->trainer->set, s->trainer->stage);
}

/* After a step that did not commit: back to the last commit, and what it means for the run. */
static void recover(struct session *s, enum status st, const struct err *why)
{
    struct err e = {0};
    if (s->trainer->torn && go_back(s, s->trainer->step, 0, &e))
        session_say(s, 1, "%s: %s (and %s: %s)", why->where, why->msg, e.where, e.msg);
    else if (st != ST_CANCELLED)
        session_say(s, 1, "step %lld: %s: %s", (long long)s->trainer->step + 1, why->where, why->msg);
    if (st == ST_CANCELLED)
        return;
    s->failed = 1;
    if (st == ST_NONFINITE && s->is_locked)
        s->sink.state(s->sink.self, "failed", &e);
    if (s->sink.log)
        s->sink.log(s->sink.self, s->trainer->step, 2, s->message);
}

/* One line in the run's log, where it is ours to write. */
void session_log(struct session *s, const char *fmt, ...)
{
    char line[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (s->is_locked && s->sink.log)
        s->sink.log(s->sink.self, s->trainer->step, 0, line);
}

static void log_step(struct session *s, int stage_ends)
{
    const double *m = s->trainer->metric;
    if (!isnan(m[M_PASS_1]))
        session_log(s, "held out: pass@1 %.3f  pass@%d %.3f  maj@%d %.3f  length %.1f  waits %.2f",
                    m[M_PASS_1], s->trainer->set.eval.k, m[M_PASS_K], s->trainer->set.eval.k, m[M_MAJ_K],
                    m[M_EVAL_LENGTH], m[M_EVAL_WAITS]);
    if (stage_ends)
        session_log(s, "%s ends after %.1f s of its own", s->run.stage, s->trainer->seconds);
}

static void compare_with_parent(struct session *s)
{
    struct digest own = trainer_digest(s->trainer), parent;
    struct err e;
    char hex[DIGEST_HEX];
    if (query_digest(s->query, s->run.parent, s->trainer->step, &parent, &e))
        return;
    digest_hex(&own, hex);
    if (digest_equal(&own, &parent))
        session_say(s, 0, "equals its parent at step %lld: digest %.12s", (long long)s->trainer->step, hex);
    else
        session_say(s, 1, "differs from its parent at step %lld: digest %.12s", (long long)s->trainer->step,
                    hex);
}

enum status session_step(struct session *s, struct err *e)
{
    struct gate gate;
    struct trainer_hooks h = {&gate, &s->sink};
    struct trainer *t = s->trainer;
    int replaying, stage_ends;
    enum status st;
    if (!t)
        return err_set(e, ST_USAGE, "session", "no run is open");
    if (s->failed)
        return err_set(e, ST_FAILED, "session", "the run has failed: rewind or fork it");
    /* A stage that was finished before, when the program ended between it and the next one. */
    if (s->follow_chain && t->step == t->head && t->step >= settings_steps(&t->set, t->stage) &&
        chain_next(s))
        return chain_advance(s, e);
    session_state(s, "running");
    replaying = t->step < t->head;
    session_round_gate(s, &gate);
    st = trainer_step(t, &h, e);
    if (st) {
        recover(s, st, e);
        if (st == ST_NONFINITE)
            session_break_failed(s);
        return st;
    }
    if (replaying && t->step == t->head)
        session_say(s, 0, "replayed to step %lld: every digest equal; from here on it is new",
                    (long long)t->head);
    if (!replaying) {
        s->run.step = t->step;
        s->run.seconds = t->seconds;
        s->run.rl_seconds = t->rl_seconds;
    }
    if (s->is_fork_equal)
        compare_with_parent(s);
    control_committed(&s->control);
    stage_ends = t->step >= settings_steps(&t->set, t->stage);
    if (!replaying)
        log_step(s, stage_ends);
    session_break(s);
    if (stage_ends && t->step == t->head) {
        session_state(s, "done");
        if (s->follow_chain && chain_next(s))
            st = chain_advance(s, e);
    }
    session_publish(s, 0);
    return st;
}

int session_is_lesson(const struct record_run *run)
{
    return !strncmp(run->name, LESSON_RUNS, strlen(LESSON_RUNS)) &&
           !strcmp(run->stage, stage_name(STAGE_GRPO));
}
