/* Turns and races, as the engine's thread carries them out and tells of them. */
#include "app/session/engine_turns.h"

#include <stdio.h>
#include <string.h>

#include "app/session/session_chain.h"

/* "a, b and c": the open run and those that have turns with it. */
static void name_all(const struct engine *en, struct str *out)
{
    str_add(out, en->session->run.name);
    for (int i = 0; i < en->turns.n; i++)
        str_printf(out, "%s%s", i + 1 < en->turns.n ? ", " : " and ", en->turns.with[i]->run.name);
}

static void say_turns(struct engine *en)
{
    struct str names = {0};
    name_all(en, &names);
    session_say(en->session, 0, "%s take steps in turns, the one behind first; :turns off ends it",
                str_c(&names));
    str_free(&names);
}

enum status engine_begin_turns(struct engine *en, const struct engine_message *m, struct err *e)
{
    struct session *s = en->session;
    const char *run[ENGINE_ARGUMENTS];
    enum status st;
    if (!m->arguments_n) {
        session_say(s, 0, en->turns.n ? "no more turns" : "no run has turns with this one");
        turns_end(&en->turns);
        return ST_OK;
    }
    for (int i = 0; i < m->arguments_n; i++)
        run[i] = m->argument[i];
    st = turns_begin(&en->turns, s, run, m->arguments_n, e);
    if (!st)
        say_turns(en);
    return st;
}

/* What a contender is called: after what was changed, or the parent, with a number where that is taken. */
static void contender_name(const char *parent, const char *assignment, char out[NAME_BYTES])
{
    const char *value = strchr(assignment, '=');
    snprintf(out, NAME_BYTES, "%.*s-%.*s", NAME_BYTES / 2, parent, NAME_BYTES / 2 - 2,
             value ? value + 1 : assignment);
    for (char *p = out; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
            *p = '-';
}

enum status engine_begin_race(struct engine *en, const struct engine_message *m, struct err *e)
{
    struct session *s = en->session;
    struct record_run parent = s->run;
    char from[24], name[NAME_BYTES], id[TURNS_MAX + 1][24];
    const char *argument, *run[TURNS_MAX];
    int64_t start;
    int n = m->arguments_n;
    enum status st = ST_OK;
    if (!s->trainer)
        return err_set(e, ST_USAGE, "race", "no run is open");
    if (n < 2 || n > TURNS_MAX + 1)
        return err_set(e, ST_USAGE, "race", "%d contenders; a race has 2 to %d", n, TURNS_MAX + 1);
    start = m->step < 0 ? chain_start(s) : m->step;
    control_pause(&s->control);
    turns_end(&en->turns);
    snprintf(from, sizeof from, "%lld", (long long)parent.id);
    for (int i = 0; i < n && !st; i++) {
        argument = m->argument[i];
        contender_name(parent.name, argument, name);
        st = session_fork(s, from, start, &argument, 1, name, e);
        snprintf(id[i], sizeof id[i], "%lld", (long long)s->run.id);
    }
    if (st)
        return st;
    for (int i = 0; i + 1 < n; i++)
        run[i] = id[i];
    st = turns_begin(&en->turns, s, run, n - 1, e);
    if (st)
        return st;
    s->stop_at_end = 1;
    say_turns(en);
    control_resume(&s->control);
    return ST_OK;
}

void engine_leave_turns(struct engine *en)
{
    struct session *s = en->session;
    char said[160];
    if (!en->turns.n || s->run.id == en->turns.open)
        return;
    snprintf(said, sizeof said, "%.*s", (int)sizeof said - 1, s->message);
    session_say(s, s->message_is_error, "%s; the turns with %s%s end", said, en->turns.with[0]->run.name,
                en->turns.n > 1 ? " and others" : "");
    turns_end(&en->turns);
}

void engine_show_turns(struct engine *en)
{
    struct engine_turns now = {.n = en->turns.n};
    for (int i = 0; i < now.n; i++) {
        now.run[i] = en->turns.with[i]->run.id;
        now.step[i] = en->turns.with[i]->trainer->step;
    }
    pthread_mutex_lock(&en->lock);
    en->shown = now;
    pthread_mutex_unlock(&en->lock);
}

void engine_turns(struct engine *e, struct engine_turns *out)
{
    pthread_mutex_lock(&e->lock);
    *out = e->shown;
    pthread_mutex_unlock(&e->lock);
}
