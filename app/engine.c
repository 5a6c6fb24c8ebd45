/* The engine's thread: steps while the control is open, requests between steps. */
#include "app/engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/presets.h"

static int take(struct engine *e, struct engine_message *m)
{
    int got;
    pthread_mutex_lock(&e->lock);
    got = e->n > 0;
    if (got) {
        *m = e->queue[e->first];
        e->first = (e->first + 1) % ENGINE_QUEUE;
        e->n--;
    }
    pthread_mutex_unlock(&e->lock);
    return got;
}

static int has_request(struct engine *e)
{
    int n;
    pthread_mutex_lock(&e->lock);
    n = e->n;
    pthread_mutex_unlock(&e->lock);
    return n > 0;
}

static enum status new_run(struct session *s, const struct engine_message *m, struct err *e)
{
    struct settings set;
    uint64_t seed = 0;
    const char *argument[ENGINE_ARGUMENTS];
    enum status st;
    for (int i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    st = presets_load(m->text, argument, m->arguments_n, &set, &seed, e);
    return st ? st : session_new(s, &set, seed, "", e);
}

static enum status fork_run(struct session *s, const struct engine_message *m, struct err *e)
{
    const char *argument[ENGINE_ARGUMENTS];
    char id[24];
    if (!s->trainer)
        return err_set(e, ST_USAGE, "fork", "no run is open");
    for (int i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    snprintf(id, sizeof id, "%lld", (long long)s->run.id);
    return session_fork(s, id, m->step < 0 ? s->trainer->step : m->step, argument, m->arguments_n, m->text, e);
}

static enum status evaluate(struct session *s, struct err *e)
{
    const struct eval_stage *v;
    struct evaluation o = {0};
    enum status st;
    if (!s->trainer)
        return err_set(e, ST_USAGE, "evaluate", "no run is open");
    v = &s->trainer->set.eval;
    o = (struct evaluation){.k = v->k, .problems = v->final_problems, .temperature = v->temperature, .top_p = v->top_p,
                            .seed = s->trainer->seed, .step = (uint32_t)s->trainer->step};
    st = trainer_evaluate(s->trainer, &o, NULL, e);
    if (!st)
        session_say(s, 0, "step %lld, %d held-out problems x %d: pass@1 %.3f  pass@%d %.3f  maj@%d %.3f  length %.1f",
                    (long long)s->trainer->step, o.problems, o.k, o.pass_1, o.k, o.pass_k, o.k, o.maj_k, o.mean_length);
    return st;
}

static enum status carry_out(struct engine *en, const struct engine_message *m, struct err *e)
{
    struct session *s = en->session;
    enum status st = ST_OK;
    switch (m->what) {
    case ENGINE_NEW:
        st = new_run(s, m, e);
        if (!st)
            control_resume(&s->control);
        break;
    case ENGINE_OPEN:
        control_pause(&s->control);
        st = session_open(s, m->text, -1, 1, e);
        if (!st)
            session_say(s, 0, "%s at step %lld: space goes on, :new PRESET starts another", s->run.name,
                        (long long)s->trainer->step);
        break;
    case ENGINE_FORK:
        st = fork_run(s, m, e);
        break;
    case ENGINE_REWIND:
        st = session_rewind(s, m->step, e);
        break;
    case ENGINE_RENAME:
        st = store_run_rename(s->store, m->run_id, m->text, e);
        if (!st && s->run.id == m->run_id)
            snprintf(s->run.name, sizeof s->run.name, "%.*s", NAME_BYTES - 1, m->text);
        break;
    case ENGINE_NOTE:
        st = store_run_note(s->store, m->run_id, m->text, e);
        break;
    case ENGINE_DELETE:
        st = s->trainer && s->run.id == m->run_id
                 ? err_set(e, ST_USAGE, "delete", "%s is open: open another run first", s->run.name)
                 : store_run_delete(s->store, m->run_id, e);
        break;
    case ENGINE_EVALUATE:
        st = evaluate(s, e);
        break;
    case ENGINE_QUIT:
        break;
    }
    return st;
}

/* A run that stands still is paused, unless it has come to its end. */
static void note_pause(struct session *s)
{
    if (s->trainer && strcmp(s->run.state, "done"))
        session_state(s, "paused");
}

static void one_step(struct session *s)
{
    struct err e = {0};
    enum status st;
    if (session_is_done(s) && s->trainer->step == s->trainer->head && s->stop_at_end) {
        session_say(s, 0, "%s is done at step %lld: space goes on, :fork or :new PRESET starts another", s->run.name,
                    (long long)s->trainer->step);
        s->stop_at_end = 0;
        control_pause(&s->control);
        return;
    }
    st = session_step(s, &e);
    if (st == ST_CANCELLED)
        control_clear_cancel(&s->control);
    else if (st)
        control_pause(&s->control);
}

static void *run(void *arg)
{
    struct engine *en = arg;
    struct session *s = en->session;
    struct engine_message m;
    for (;;) {
        uint64_t seen = control_orders(&s->control);
        while (take(en, &m)) {
            struct err e = {0};
            enum status st;
            control_clear_cancel(&s->control);
            session_say(s, 0, "%s", "");
            st = carry_out(en, &m, &e);
            if (st)
                session_say(s, 1, "%s: %s", e.where, e.msg);
            s->command = m.number;
            if (m.what == ENGINE_QUIT) {
                note_pause(s);
                return NULL;
            }
            session_publish(s, 1);
        }
        control_clear_cancel(&s->control);
        if (s->trainer && !s->failed && control_is_open(&s->control)) {
            one_step(s);
            continue;
        }
        note_pause(s);
        session_publish(s, 1);
        if (!has_request(en))
            control_wait(&s->control, seen);
        if (s->failed && control_is_open(&s->control))
            control_pause(&s->control);
    }
}

enum status engine_start(struct engine *e, struct session *s, struct err *err)
{
    sigset_t all, old;
    int failed;
    memset(e, 0, sizeof *e);
    e->session = s;
    s->is_interactive = 1;
    s->follow_chain = 1;
    s->stop_at_end = 1;
    control_pause(&s->control);
    pthread_mutex_init(&e->lock, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    failed = pthread_create(&e->thread, NULL, run, e);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed ? err_set(err, ST_FAILED, "engine", "no thread to be had") : ST_OK;
}

uint64_t engine_post(struct engine *e, const struct engine_message *m)
{
    uint64_t number = 0;
    pthread_mutex_lock(&e->lock);
    if (e->n < ENGINE_QUEUE) {
        struct engine_message *slot = &e->queue[(e->first + e->n++) % ENGINE_QUEUE];
        *slot = *m;
        number = slot->number = ++e->posted;
    }
    pthread_mutex_unlock(&e->lock);
    if (number)
        control_cancel(&e->session->control);
    return number;
}

void engine_stop(struct engine *e)
{
    struct engine_message quit = {.what = ENGINE_QUIT};
    while (!engine_post(e, &quit))
        control_cancel(&e->session->control);
    pthread_join(e->thread, NULL);
    pthread_mutex_destroy(&e->lock);
}
