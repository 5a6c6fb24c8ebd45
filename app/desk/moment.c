/* Moments: from rows of the store to a snapshot.
 *
 * Texts are not on record, tokens are: a completion is decoded with the run's own vocabulary and then
 * analysed by the run's own scenario, so that an old step shows what it showed when it was new. Counts in the
 * store are brought into the snapshot's arrays before anything is written.
 * Invariant: has_step says that `step` belongs to `run`. */
#include "app/desk/moment.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/publish.h"
#include "scenarios/registry.h"

void moment_init(struct moment *m)
{
    memset(m, 0, sizeof *m);
}

static void forget_step(struct moment *m)
{
    if (m->has_step)
        query_step_free(&m->step);
    m->has_step = 0;
}

void moment_release(struct moment *m)
{
    forget_step(m);
    if (m->task)
        m->set.scenario->close(m->task);
    vocab_release(&m->vocab);
    moment_init(m);
}

static enum status read_run(struct moment *m, struct query *q, const struct record_run *run, struct err *e)
{
    struct str text = {0};
    enum status st;

    if (m->run.id == run->id) {
        m->run = *run;
        return ST_OK;
    }
    moment_release(m);
    st = query_settings(q, run->id, &text, e);
    if (st == ST_OK)
        st = settings_restore(&m->set, str_c(&text), scenario_find, e);
    str_clear(&text);
    if (st == ST_OK)
        st = query_vocabulary(q, run->id, &text, e);
    if (st == ST_OK)
        st = vocab_parse(&m->vocab, str_c(&text), e);
    if (st == ST_OK)
        st = m->set.scenario->open(m->set.task, &m->task, e);
    str_free(&text);
    if (st == ST_OK)
        m->run = *run;
    else
        moment_release(m);
    return st;
}

void moment_prompt(const char *prompt, char *out, size_t bytes)
{
    const char *begin = strstr(prompt, "User : "), *end = NULL;
    size_t n;

    begin = begin ? begin + 7 : prompt;
    end = strstr(begin, " Assistant :");
    n = end ? (size_t)(end - begin) : strlen(begin);
    snprintf(out, bytes, "%.*s", n < bytes ? (int)n : (int)bytes - 1, begin);
}

/* The problem of a group; 0 when its record cannot be read. */
static int read_problem(const struct moment *m, int group, struct problem *out)
{
    return m->step.group[group].problem &&
           m->set.scenario->parse(m->task, m->step.group[group].problem, out, NULL) == ST_OK;
}

static void fill_trace(const struct moment *m, const struct record_trace *t, const struct problem *problem,
                       struct snap_trace *out)
{
    struct str text = {0};
    struct marks *marks = malloc(sizeof *marks);

    memset(out, 0, sizeof *out);
    out->n = t->n;
    out->done = out->scored = 1;
    out->cut_off = t->cut_off;
    out->reward = (float)t->reward;
    out->advantage = (float)t->advantage;
    out->accuracy = (float)t->accuracy;
    out->format = (float)t->format;
    out->at = t->at;
    out->aha = t->aha;
    snprintf(out->why, sizeof out->why, "%s", t->why ? t->why : "");
    if (t->token) {
        vocab_decode(&m->vocab, t->token, t->n, &text);
        publish_answer(&m->vocab, t->token, t->n, out->answer);
    }
    if (problem && marks) {
        m->set.scenario->analyse(m->task, problem, str_c(&text), text.n, t->accuracy, marks);
        out->waits = marks->waits;
    }
    free(marks);
    str_free(&text);
}

/* Groups and traces; traces stand at [group, index], whatever their order in the store. */
static void fill_groups(const struct moment *m, struct snapshot *out)
{
    const struct query_step *s = &m->step;
    struct problem problem;
    int i, g, size = 0;

    for (i = 0; i < s->traces_n; i++)
        if (s->trace[i].index >= size)
            size = s->trace[i].index + 1;
    out->groups_n = s->groups_n;
    out->group_size = size;
    while (out->groups_n > 0 && (long long)out->groups_n * size > SNAP_TRACES)
        out->groups_n--;
    if (size < 1)
        out->groups_n = 0;
    memset(out->trace, 0, (size_t)(out->groups_n * size) * sizeof *out->trace);
    for (g = 0; g < out->groups_n; g++) {
        moment_prompt(s->group[g].prompt ? s->group[g].prompt : "", out->group[g].prompt,
                      sizeof out->group[g].prompt);
        out->group[g].mean = (float)s->group[g].mean;
        out->group[g].std = (float)s->group[g].std;
        out->group[g].flat = s->group[g].flat;
    }
    for (i = 0; i < s->traces_n; i++) {
        const struct record_trace *t = &s->trace[i];
        if (t->group >= 0 && t->group < out->groups_n && t->index >= 0)
            fill_trace(m, t, read_problem(m, t->group, &problem) ? &problem : NULL,
                       &out->trace[t->group * size + t->index]);
    }
}

static void fill_experts(const struct query_step *s, struct snapshot *out)
{
    int i, n;

    out->layers_n = out->experts_n = 0;
    if (!s->load || s->layers_n < 1 || s->layers_n > SNAP_LAYERS || s->experts_n < 1 ||
        s->experts_n > SNAP_EXPERTS)
        return;
    out->layers_n = s->layers_n;
    out->experts_n = s->experts_n;
    n = s->layers_n * s->experts_n;
    for (i = 0; i < n; i++) {
        out->load[i] = s->load[i];
        out->load_average[i] = NAN;
        out->bias[i] = s->bias ? s->bias[i] : 0;
    }
}

static void fill_stages(const struct moment *m, int64_t step, struct snapshot *out)
{
    enum stage stage[STAGE_N], own = (enum stage)stage_find(m->run.stage);
    int i;

    out->stages_n = settings_stages(&m->set, stage);
    for (i = 0; i < out->stages_n; i++) {
        struct snap_stage *s = &out->stages[i];
        memset(s, 0, sizeof *s);
        snprintf(s->stage, sizeof s->stage, "%s", stage_name(stage[i]));
        s->steps = settings_steps(&m->set, stage[i]);
        s->state = stage[i] < own ? 2 : stage[i] == own ? 1 : 0;
        s->step = stage[i] < own ? s->steps : stage[i] == own ? step : 0;
        s->value = stage[i] == own ? out->metric[own == STAGE_GRPO ? M_PASS_1 : M_LOSS] : NAN;
    }
}

static enum run_state state_of(const char *state)
{
    return !strcmp(state, "done") ? RUN_DONE : !strcmp(state, "failed") ? RUN_FAILED : RUN_PAUSED;
}

static void fill(const struct moment *m, int64_t step, struct snapshot *out)
{
    const struct query_step *s = &m->step;
    uint64_t version = out->version;
    int i;

    memset(out, 0, offsetof(struct snapshot, load));
    out->version = version + 1;
    out->run_id = m->run.id;
    snprintf(out->run, sizeof out->run, "%s", m->run.name);
    snprintf(out->preset, sizeof out->preset, "%s", m->run.preset);
    snprintf(out->stage, sizeof out->stage, "%s", m->run.stage);
    out->state = state_of(m->run.state);
    out->phase = PHASE_COMMIT;
    out->progress = 1;
    out->step = out->committed = step;
    out->head = m->run.step;
    for (i = 0; i < METRIC_N; i++)
        out->metric[i] = m->has_step ? s->metric[i] : NAN;
    out->seconds = isfinite(out->metric[M_SECONDS]) ? out->metric[M_SECONDS] : 0;
    out->rl_seconds = isfinite(out->metric[M_RL_SECONDS]) ? out->metric[M_RL_SECONDS] : 0;
    out->tokens_per_second =
        isfinite(out->metric[M_TOKENS_PER_SECOND]) ? out->metric[M_TOKENS_PER_SECOND] : 0;
    if (m->has_step) {
        fill_groups(m, out);
        fill_experts(s, out);
    }
    fill_stages(m, step, out);
}

enum status moment_read(struct moment *m, struct query *q, const struct record_run *run, int64_t step,
                        enum follow why, int group, int index, struct snapshot *out, struct err *e)
{
    struct query_step read;
    enum status st;

    if (step < 0)
        step = run->step;
    st = read_run(m, q, run, e);
    if (st)
        return st;
    if (step > 0) {
        st = query_step(q, run->id, step, 1, &read, e);
        if (st)
            return st;
        forget_step(m);
        m->step = read;
        m->has_step = 1;
    } else {
        forget_step(m);
    }
    fill(m, step, out);
    moment_follow(m, why, group, index, out);
    return ST_OK;
}

/* The trace to show: its place in the snapshot's array, -1 when there is none. */
static int choose(const struct snapshot *s, enum follow why, int group, int index)
{
    int i, n = s->groups_n * s->group_size, best = -1;

    if (why == FOLLOW_PINNED && group >= 0 && group < s->groups_n && index >= 0 && index < s->group_size)
        return group * s->group_size + index;
    for (i = 0; i < n; i++) {
        if (why == FOLLOW_AHA && s->trace[i].aha > 0)
            return i;
        if (s->trace[i].scored && (best < 0 || s->trace[i].advantage > s->trace[best].advantage))
            best = i;
    }
    return best;
}

static const struct record_trace *find_trace(const struct moment *m, int group, int index)
{
    int i;

    for (i = 0; i < m->step.traces_n; i++)
        if (m->step.trace[i].group == group && m->step.trace[i].index == index)
            return &m->step.trace[i];
    return NULL;
}

void moment_follow(const struct moment *m, enum follow why, int group, int index, struct snapshot *out)
{
    struct snap_follow *f = &out->follow;
    struct task task = {m->set.scenario, m->task, &m->vocab, 0};
    const struct record_trace *t = NULL;
    struct problem problem;
    int at = m->has_step ? choose(out, why, group, index) : -1;

    memset(f, 0, sizeof *f);
    f->group = f->index = -1;
    f->why = why;
    if (at >= 0)
        t = find_trace(m, at / out->group_size, at % out->group_size);
    if (!t || !t->token || !read_problem(m, t->group, &problem))
        return;
    f->group = t->group;
    f->index = t->index;
    publish_follow(f, &task, &problem, t->token, t->logp, t->entropy, t->n, t->accuracy);
}
