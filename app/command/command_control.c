/* Commands that act on the run: at once through the control where nothing has to be computed, else as a
 * request to the engine's thread, whose answer comes with a snapshot. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_open.h"
#include "app/desk/desk_scenarios.h"
#include "app/script/lesson_runs.h"
#include "scenarios/registry.h"
#include "views/experts_state.h"

static enum status need_run(const struct desk *d, const struct command_line *l, struct err *e)
{
    if (desk_run_id(d))
        return ST_OK;
    return err_set(e, ST_USAGE, l->row->name,
                   "no run is open; :new PRESET starts one, :runs lists those that there are");
}

/* A run that can take no step says why. */
static enum status need_steps(const struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = need_run(d, l, e);

    if (!st && d->live->state == RUN_FAILED)
        return err_set(e, ST_USAGE, l->row->name,
                       "the run has failed; :rewind STEP or :fork STEP key=value goes on");
    return st;
}

/* A step by token has to be seen: where the group on screen is written to its end, the screen turns to one
 * that is being written. What is followed once there are scores stays. */
static void turn_to_writing(struct desk *d)
{
    const struct snapshot *s = d->live;
    int traces = s->groups_n * s->group_size, here = view_group(&d->view), i, found = -1;

    if (s->phase != PHASE_ROLLOUT || s->state != RUN_PAUSED || here < 0 || here >= s->groups_n)
        return;
    for (i = 0; i < traces; i++) {
        if (s->trace[i].done)
            continue;
        if (i / s->group_size == here)
            return;
        if (found < 0 || (!s->trace[found].n && s->trace[i].n))
            found = i;
    }
    if (found >= 0)
        desk_follow(d, d->follow, found / s->group_size, found % s->group_size);
}

enum status command_step(struct desk *d, const struct command_line *l, struct err *e)
{
    enum quantum q = d->live->quantum;
    long long n = 1;
    int i, k;
    enum status st = need_steps(d, l, e);

    for (i = 0; !st && i < l->argc; i++) {
        for (k = QUANTUM_TOKEN; k <= QUANTUM_STEP && strcmp(l->argv[i], quantum_name((enum quantum)k)); k++)
            ;
        if (k <= QUANTUM_STEP)
            q = (enum quantum)k;
        else
            st = command_integer(l->argv[i], "the number of steps", 1, &n, e);
    }
    if (st)
        return st;
    desk_look_live(d);
    if (q == QUANTUM_TOKEN)
        turn_to_writing(d);
    control_step(&d->session->control, q, n > 1000000000 ? 1000000000L : (long)n);
    return ST_OK;
}

enum status command_pause(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = need_run(d, l, e);

    if (!st)
        control_pause(&d->session->control);
    return st;
}

enum status command_resume(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = need_steps(d, l, e);

    if (!st)
        control_resume(&d->session->control);
    return st;
}

/* Unknown keys and bad values are told at once, not after the step under way has been given up for them. */
static enum status check_settings(const char *stage_of, const struct settings *set,
                                  const struct engine_message *m, struct err *e)
{
    struct settings changed;
    int stage = stage_find(stage_of), i;
    enum status st = ST_OK;

    if (!set)
        return ST_OK;
    changed = *set;
    for (i = 0; !st && i < m->arguments_n; i++) {
        char key[ENGINE_TEXT];
        const char *equals = strchr(m->argument[i], '=');
        snprintf(key, sizeof key, "%.*s", (int)(equals - m->argument[i]), m->argument[i]);
        if (strcmp(key, "seed"))
            st = settings_set(&changed, stage < 0 ? STAGE_GRPO : (enum stage)stage, key, equals + 1, NULL, e);
    }
    return st;
}

/* A fork of a run that is not the open one. */
static enum status fork_other(struct desk *d, int64_t id, struct engine_message *m, struct err *e)
{
    struct record_run run;
    struct settings set;
    char name[24];
    enum status st;

    snprintf(name, sizeof name, "%lld", (long long)id);
    st = query_run(d->query, name, &run, e);
    if (!st && m->step > run.step)
        st = err_set(e, ST_USAGE, "fork", "%s has steps 0 to %lld, not %lld", run.name, (long long)run.step,
                     (long long)m->step);
    if (!st)
        st = session_settings(d->query, id, &set, e);
    if (!st)
        st = check_settings(run.stage, &set, m, e);
    m->run_id = id;
    if (!st)
        st = desk_post(d, m, e);
    if (!st)
        desk_say(d, "forking %s ...", run.name);
    return st;
}

enum status command_fork_run(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_FORK};
    int64_t run;
    int used;
    enum status st = command_about(d, l, &run, &used, e);

    if (!st)
        st = command_fork(l, used, &m, e);
    if (!st && run != desk_run_id(d))
        return fork_other(d, run, &m, e);
    if (!st && m.step < 0)
        m.step = d->at;
    if (!st && m.step > d->live->head)
        st = err_set(e, ST_USAGE, "fork", "%s has steps 0 to %lld, not %lld", d->live->run,
                     (long long)d->live->head, (long long)m.step);
    if (!st)
        st = check_settings(d->live->stage, desk_settings(d), &m, e);
    if (!st)
        st = desk_post(d, &m, e);
    if (!st)
        desk_say(d, "forking %s ...", d->live->run);
    return st;
}

enum status command_set(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_FORK};
    enum status st = need_run(d, l, e);

    if (!st && l->argc == 2 && !strchr(l->argv[0], '=') && !strchr(l->argv[1], '=')) {
        m.arguments_n = 1; /* `set key value` */
        m.step = -1;
        if (snprintf(m.argument[0], ENGINE_TEXT, "%s=%s", l->argv[0], l->argv[1]) >= ENGINE_TEXT)
            st = err_set(e, ST_USAGE, "set", "'%.20s...' is too long", l->argv[1]);
    } else if (!st) {
        st = command_fork(l, 0, &m, e);
    }
    if (!st && (m.step >= 0 || m.text[0] || !m.arguments_n))
        st = err_set(e, ST_USAGE, "set",
                     "it is :set key value, or :set key=value ...; :fork also takes a step and a name");
    m.step = d->at;
    if (!st)
        st = check_settings(d->live->stage, desk_settings(d), &m, e);
    if (!st)
        st = desk_post(d, &m, e);
    if (!st)
        desk_say(d, "settings belong to a run: forking %s ...", d->live->run);
    return st;
}

enum status command_rewind(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_REWIND};
    long long step = -1;
    enum status st = need_run(d, l, e);

    if (!st)
        st = command_integer(l->argv[0], "a step", 0, &step, e);
    if (st)
        return st;
    m.step = step;
    desk_look_live(d);
    control_pause(&d->session->control);
    st = desk_post(d, &m, e);
    if (!st)
        desk_say(d, "rewinding to step %lld ...", step);
    return st;
}

enum status command_pace(struct desk *d, const struct command_line *l, struct err *e)
{
    const char *a = l->argv[0];
    char *end;
    double v = d->slow;

    if (!strcmp(a, "full"))
        v = 0;
    else if (!strcmp(a, "step")) {
        control_pace(&d->session->control, 0, 1);
        desk_say(d, "holds after each step; :pace full goes on");
        return ST_OK;
    } else if (strcmp(a, "slow")) {
        v = strtod(a, &end);
        if (end == a || *end || !(v > 0) || v > 1e6)
            return err_set(e, ST_USAGE, "pace",
                           "it is :pace N (tokens a second), slow, step or full, not '%s'", a);
        d->slow = v;
    }
    control_pace(&d->session->control, v, 0);
    if (v > 0)
        desk_say(d, "slow motion: %g tokens a second of the followed trace; p for full speed", v);
    else
        desk_say(d, "full speed");
    return ST_OK;
}

enum status command_follow(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct snapshot *s = desk_shown(d);
    int group, index, used = 0;

    if (!strcmp(l->argv[0], "best") || !strcmp(l->argv[0], "aha")) {
        desk_follow(d, l->argv[0][0] == 'b' ? FOLLOW_BEST : FOLLOW_AHA, -1, -1);
        return ST_OK;
    }
    if (sscanf(l->argv[0], "%d/%d%n", &group, &index, &used) != 2 || l->argv[0][used] || !s || group < 1 ||
        index < 1 || group > s->groups_n || index > s->group_size)
        return err_set(e, ST_USAGE, "follow", "it is best, aha or GROUP/INDEX, here 1/1 to %d/%d, not '%s'",
                       s ? s->groups_n : 0, s ? s->group_size : 0, l->argv[0]);
    desk_follow(d, FOLLOW_PINNED, group - 1, index - 1);
    return ST_OK;
}

enum status command_open(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m;
    enum status st = desk_open_request(d, l->argv[0], &m, e);

    if (!st)
        st = desk_post(d, &m, e);
    if (!st)
        desk_say(d, m.what == ENGINE_NEW ? "starting %s ..." : "opening %s ...", l->argv[0]);
    return st;
}

enum status command_new(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_NEW};
    enum status st = command_fork(l, 1, &m, e);

    if (!l->argc)
        return desk_scenarios_start(d, e);
    if (!st && (m.step >= 0 || strlen(m.text) >= sizeof m.as))
        st = err_set(e, ST_USAGE, "new",
                     "it is :new PRESET key=value ... NAME, the name no number and under %zu bytes",
                     sizeof m.as);
    if (!st && !preset_find(l->argv[0]) && !scenario_find(l->argv[0]) && !strchr(l->argv[0], '/'))
        st = err_set(e, ST_NOTFOUND, "new", "there is no preset '%s'; after `:new ` the tab key lists them",
                     l->argv[0]);
    if (st)
        return st;
    snprintf(m.as, sizeof m.as, "%.*s", NAME_BYTES - 1, m.text);
    snprintf(m.text, sizeof m.text, "%.*s", ENGINE_TEXT - 1, l->argv[0]);
    lesson_run(d, &m);
    st = desk_post(d, &m, e);
    if (!st)
        desk_say(d, "starting %s ...", l->argv[0]);
    return st;
}

/* Requests that change what is on record of a run. */
static enum status post_text(struct desk *d, const struct command_line *l, enum engine_request what,
                             int64_t run, const char *text, struct err *e)
{
    struct engine_message m = {.what = what, .run_id = run};
    enum status st = run ? ST_OK : need_run(d, l, e);

    if (!st && strlen(text) >= ENGINE_TEXT)
        st = err_set(e, ST_USAGE, l->row->name, "at most %d bytes", ENGINE_TEXT - 1);
    if (st)
        return st;
    snprintf(m.text, sizeof m.text, "%s", text);
    return desk_post(d, &m, e);
}

enum status command_rename(struct desk *d, const struct command_line *l, struct err *e)
{
    int64_t run;
    int used;
    enum status st = command_about(d, l, &run, &used, e);

    if (!st && l->argc != used + 1)
        st = err_set(e, ST_USAGE, "rename", "it is :rename NAME, or :rename @RUN NAME");
    return st ? st : post_text(d, l, ENGINE_RENAME, run, l->argv[used], e);
}

enum status command_note(struct desk *d, const struct command_line *l, struct err *e)
{
    const char *text = l->rest;
    int64_t run;
    int used;
    enum status st = command_about(d, l, &run, &used, e);

    if (used) {
        text += strcspn(text, " \t");
        text += strspn(text, " \t");
    }
    return st ? st : post_text(d, l, ENGINE_NOTE, run, text, e);
}

enum status command_delete(struct desk *d, const struct command_line *l, struct err *e)
{
    struct record_run run;
    enum status st = query_run(d->query, l->argv[0], &run, e);

    if (!st && run.id == desk_run_id(d))
        st = err_set(e, ST_USAGE, "delete", "%s is open; open another run first", run.name);
    if (!st)
        desk_ask(d, QUESTION_DELETE, run.id, "delete %s with its %lld steps? y/n", run.name,
                 (long long)run.step);
    return st;
}

/* Without arguments: the expert that is chosen on the experts screen. */
enum status command_knock_out(struct desk *d, const struct command_line *l, struct err *e)
{
    const struct experts_state *x = d->view.experts;
    long long layer = 0, expert = 0;
    char text[32];
    enum status st = ST_OK;

    if (l->argc == 1)
        return err_set(e, ST_USAGE, "knock-out", "it is :knock-out LAYER EXPERT, both from 1");
    if (l->argc == 2 && (command_integer(l->argv[0], "the MoE layer", 1, &layer, e) ||
                         command_integer(l->argv[1], "the expert", 1, &expert, e)))
        return ST_USAGE;
    if (l->argc == 0 && x && x->experts_n > 0) {
        layer = x->list.selected / x->experts_n + 1;
        expert = x->list.selected % x->experts_n + 1;
    }
    if (layer < 1 || layer > SNAP_LAYERS || expert < 1 || expert > SNAP_EXPERTS)
        return err_set(e, ST_USAGE, "knock-out", "there is no such expert");
    if (d->live->state == RUN_RUNNING || d->live->state == RUN_REPLAYING)
        return err_set(e, ST_BUSY, "knock-out", "pause the run first (space)");
    snprintf(text, sizeof text, "%lld:%lld", layer, expert);
    st = post_text(d, l, ENGINE_EVALUATE, desk_run_id(d), text, e);
    if (!st)
        desk_say(d, "evaluating %s with and without expert %s ...", d->live->run, text);
    return st;
}

enum status command_eval(struct desk *d, const struct command_line *l, struct err *e)
{
    enum status st = post_text(d, l, ENGINE_EVALUATE, desk_run_id(d), "", e);

    if (!st)
        desk_say(d, "evaluating %s on held-out problems ...", d->live->run);
    return st;
}
