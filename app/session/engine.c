/* The engine's thread: steps while the control is open, requests between steps. */
#include "app/session/engine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "app/session/engine_turns.h"
#include "app/session/session_judge.h"
#include "app/session/session_recipe.h"
#include "engine/run/experts.h"
#include "scenarios/registry.h"

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
    uint64_t seed = 1; /* as `grpolab train` has it, so that each finds the other's finished stages */
    const char *argument[ENGINE_ARGUMENTS];
    enum status st;
    for (int i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    st = presets_load(m->text, argument, m->arguments_n, &set, &seed, e);
    if (!st)
        st = session_new(s, &set, seed, m->as, e);
    s->stop_at_end = 1;
    if (!st)
        control_resume(&s->control);
    return st;
}

/* A run that is on record as the new one would be; 0 where it cannot be had. */
static int use_again(struct session *s, const struct engine_message *m)
{
    struct err e;
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)m->run_id);
    if (!m->run_id || session_open(s, id, -1, 1, &e))
        return 0;
    control_pause(&s->control);
    s->stop_at_end = 1;
    session_say(s, 0, "%s is on record up to step %lld and is used again", s->run.name,
                (long long)s->trainer->step);
    return 1;
}

/* A stage whose texts wait for a hand holds; so does a recipe that is done. */
static enum status start_recipe(struct session *s, const struct engine_message *m, struct err *e)
{
    const char *argument[ENGINE_ARGUMENTS];
    enum status st;
    int is_done;
    for (int i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    control_pause(&s->control);
    st = course_start(s, m->text, argument, m->arguments_n, 1, m->reviews, e);
    is_done = session_is_done(s);
    s->stop_at_end = !is_done;
    if (!st && !is_done && !course_holds(s))
        control_resume(&s->control);
    return st;
}

/* What `:new` takes to start such a run again. */
static const char *preset_of(const struct session *s)
{
    return preset_find(s->run.preset) ? s->run.preset : "PRESET";
}

static enum status fork_run(struct session *s, const struct engine_message *m, struct err *e)
{
    const char *argument[ENGINE_ARGUMENTS];
    char id[24];
    if (!s->trainer && !m->run_id)
        return err_set(e, ST_USAGE, "fork", "no run is open");
    for (int i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    snprintf(id, sizeof id, "%lld", (long long)(m->run_id ? m->run_id : s->run.id));
    return session_fork(s, id, m->step < 0 && !m->run_id ? s->trainer->step : m->step, argument,
                        m->arguments_n, m->text, e);
}

static void show_course(struct engine *en)
{
    const struct session *s = en->session;
    const struct course *c = s->course;
    pthread_mutex_lock(&en->lock);
    if (c) {
        en->course.recipe = c->recipe;
        memcpy(en->course.run, c->run, sizeof c->run);
        en->course.at = c->at;
        en->course.is_open = course_open(s);
        en->course.holds = course_holds(s);
    }
    pthread_mutex_unlock(&en->lock);
}

void engine_course(struct engine *e, struct engine_course *out)
{
    pthread_mutex_lock(&e->lock);
    *out = e->course;
    pthread_mutex_unlock(&e->lock);
}

/* The whole model and what is left without the experts that `what` names, told in one line. */
static enum status evaluate_without(struct session *s, const char *what, struct evaluation *o, struct err *e)
{
    struct trainer *t = s->trainer;
    struct evaluation whole = *o;
    struct knock_out_effect effect;
    struct knock_out off;
    uint8_t *right = calloc(2 * ((size_t)t->held_out_n + 1), 1);
    enum status st = right ? knock_out_parse(&off, what, e)
                           : err_set(e, ST_NOMEM, "knock-out", "no memory for %d problems", t->held_out_n);
    if (!st) {
        o->right = right;
        whole.right = right + t->held_out_n + 1;
        st = knock_out_evaluate(t, &off, o, NULL, e);
    }
    if (!st)
        st = trainer_evaluate(t, &whole, NULL, e);
    if (!st) {
        effect = knock_out_effect(o->right, whole.right, o->problems, o->k);
        session_say(s, 0,
                    "step %lld, %d held-out problems x %d: without expert %s pass@1 %.3f, with it %.3f: "
                    "%+.3f +- %.3f",
                    (long long)t->step, o->problems, o->k, what, o->pass_1, whole.pass_1, effect.change,
                    effect.error);
    }
    free(right);
    return st;
}

static enum status evaluate(struct session *s, const char *without, struct err *e)
{
    const struct eval_stage *v;
    struct evaluation o = {0};
    enum status st;
    if (!s->trainer)
        return err_set(e, ST_USAGE, "evaluate", "no run is open");
    v = &s->trainer->set.eval;
    o = (struct evaluation){.k = v->k,
                            .problems = v->final_problems,
                            .temperature = v->temperature,
                            .top_p = v->top_p,
                            .seed = s->trainer->seed,
                            .step = (uint32_t)s->trainer->step};
    if (without[0])
        return evaluate_without(s, without, &o, e);
    st = trainer_evaluate(s->trainer, &o, NULL, e);
    if (!st)
        session_say(
            s, 0, "step %lld, %d held-out problems x %d: pass@1 %.3f  pass@%d %.3f  maj@%d %.3f  length %.1f",
            (long long)s->trainer->step, o.problems, o.k, o.pass_1, o.k, o.pass_k, o.k, o.maj_k,
            o.mean_length);
    return st;
}

/* The youngest first, for a run with forks is not deleted. */
static enum status tidy(struct engine *en, struct err *e)
{
    struct session *s = en->session;
    struct record_run *run = NULL;
    struct err why;
    int n = 0, deleted = 0, kept = 0;
    enum status st = query_runs(s->query, &run, &n, e);
    while (!st && n-- > 0) {
        int is_open = (s->trainer && s->run.id == run[n].id) ||
                      turns_find(&en->turns, run[n].id);
        if (!session_is_lesson(&run[n]))
            continue;
        if (is_open || store_run_delete(s->store, run[n].id, &why))
            kept++;
        else
            deleted++;
    }
    free(run);
    if (!st && kept)
        session_say(s, 0, "%d runs of lessons deleted; %d stay: open ones, and those that they began from",
                    deleted, kept);
    else if (!st)
        session_say(s, 0, "%d runs of lessons deleted", deleted);
    return st;
}

/* Where it stands and what goes on from there. One that has done its steps is not stopped at their end
 * again. */
static void say_opened(struct session *s)
{
    int is_done = session_is_done(s);
    s->stop_at_end = !is_done;
    session_say(s, 0, "%s%s at step %lld: space goes on, :new %s starts another", s->run.name,
                is_done ? " is done" : "", (long long)s->trainer->step, preset_of(s));
}

static enum status carry_out(struct engine *en, const struct engine_message *m, struct err *e)
{
    struct session *s = en->session;
    struct session *other;
    enum status st = ST_OK;
    switch (m->what) {
    case ENGINE_NEW:
        if (!use_again(s, m))
            st = new_run(s, m, e);
        break;
    case ENGINE_OPEN:
        control_pause(&s->control);
        turns_end(&en->turns); /* its lock may be the one that is wanted */
        st = session_open(s, m->text, -1, 1, e);
        if (!st)
            say_opened(s);
        break;
    case ENGINE_FORK:
        st = fork_run(s, m, e);
        s->stop_at_end = s->trainer && !session_is_done(s);
        break;
    case ENGINE_REWIND:
        st = session_rewind(s, m->step, e);
        break;
    case ENGINE_RENAME:
        st = store_run_rename(s->store, m->run_id, m->text, e);
        if (!st && s->run.id == m->run_id)
            snprintf(s->run.name, sizeof s->run.name, "%.*s", NAME_BYTES - 1, m->text);
        if (!st && (other = turns_find(&en->turns, m->run_id)) != NULL)
            snprintf(other->run.name, NAME_BYTES, "%.*s", NAME_BYTES - 1, m->text);
        break;
    case ENGINE_NOTE:
        st = store_run_note(s->store, m->run_id, m->text, e);
        break;
    case ENGINE_DELETE:
        st = s->trainer && s->run.id == m->run_id
                 ? err_set(e, ST_USAGE, "delete", "%s is open: open another run first", s->run.name)
             : (other = turns_find(&en->turns, m->run_id)) != NULL
                 ? err_set(e, ST_USAGE, "delete", "%s has turns with the open run: :turns off first",
                           other->run.name)
                 : store_run_delete(s->store, m->run_id, e);
        break;
    case ENGINE_TIDY:
        st = tidy(en, e);
        break;
    case ENGINE_EVALUATE:
        st = evaluate(s, m->text, e);
        break;
    case ENGINE_TURNS:
        st = engine_begin_turns(en, m, e);
        break;
    case ENGINE_RACE:
        st = engine_begin_race(en, m, e);
        break;
    case ENGINE_KEEP:
        st = store_findings(s->store, m->run_id, m->finding, m->findings_n, e);
        free(m->finding);
        break;
    case ENGINE_RECIPE:
        st = start_recipe(s, m, e);
        break;
    case ENGINE_JUDGE:
        st = session_judge(s, m->run_id, (int)m->step, m->verdict, m->words, e);
        free(m->words);
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

static void one_step(struct engine *en)
{
    struct session *s = en->session, *next = turns_next(&en->turns, s);
    struct err e = {0};
    enum status st;
    if (next != s) {
        st = turns_step(&en->turns, s, next, &e);
        session_publish(s, 0);
    } else if (session_is_done(s) && s->trainer->step == s->trainer->head && s->stop_at_end) {
        session_say(s, 0, "%s is done at step %lld: space goes on, :fork or :new %s starts another",
                    s->run.name, (long long)s->trainer->step, preset_of(s));
        s->stop_at_end = 0;
        for (int i = 0; i < en->turns.n; i++)
            en->turns.with[i]->stop_at_end = 0;
        control_pause(&s->control);
        return;
    } else {
        st = session_step(s, &e);
        engine_leave_turns(en);
    }
    engine_show_turns(en);
    show_course(en);
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
            if (m.what != ENGINE_KEEP) /* what was said last stays */
                session_say(s, 0, "%s", "");
            st = carry_out(en, &m, &e);
            engine_leave_turns(en);
            engine_show_turns(en);
            show_course(en);
            if (st)
                session_say(s, 1, "%s: %s", e.where, e.msg);
            if (st && engine_opens(m.what))
                s->refused = m.number;
            s->command = m.number;
            if (m.what == ENGINE_QUIT) {
                note_pause(s);
                turns_end(&en->turns);
                return NULL;
            }
            session_publish(s, 1);
        }
        control_clear_cancel(&s->control);
        if (s->trainer && !s->failed && control_is_open(&s->control)) {
            one_step(en);
            continue;
        }
        note_pause(s);
        turns_pause(&en->turns);
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
    if (number && m->what == ENGINE_KEEP)
        control_kick(&e->session->control);
    else if (number)
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
