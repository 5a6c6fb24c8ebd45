/* What the desk reads from the store: runs, settings, log, history, and the last step of a run that was
 * opened. Each call is one short transaction. */
#include "app/desk/desk_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/desk/desk_screen.h"
#include "views/tree.h"

const struct record_run *desk_run_of_id(const struct desk *d, int64_t id)
{
    int i;

    for (i = 0; i < d->runs_n; i++)
        if (d->runs[i].id == id)
            return &d->runs[i];
    return NULL;
}

/* The last reward of each run; those that have not moved keep theirs. */
static double *read_rewards(struct desk *d, const struct record_run *run, int n)
{
    double *reward = calloc((size_t)n + 1, sizeof *reward);
    int i;

    for (i = 0; reward && i < n; i++) {
        const struct record_run *old = desk_run_of_id(d, run[i].id);
        int64_t *step = NULL;
        double *value = NULL;
        int rows = 0;
        struct err e;
        reward[i] = NAN;
        if (old && d->runs_reward && old->step == run[i].step) {
            reward[i] = d->runs_reward[old - d->runs];
            continue;
        }
        if (!strcmp(run[i].stage, "grpo") && run[i].step > 0 &&
            !query_metrics(d->query, run[i].id, run[i].step, run[i].step, &step, &value, &rows, &e)) {
            if (rows)
                reward[i] = value[M_REWARD];
            free(step);
            free(value);
        }
    }
    return reward;
}

/* The list keeps its chosen run where it can; a list that is new chooses the open one. */
void desk_read_runs(struct desk *d)
{
    struct tree_line line[TREE_MAX];
    const struct record_run *chosen = desk_selected_run(d);
    int64_t id = chosen ? chosen->id : desk_run_id(d);
    struct record_run *run = NULL;
    double *reward;
    struct err e;
    int n = 0, at;

    if (query_runs(d->query, &run, &n, &e)) {
        desk_fail(d, &e);
        return;
    }
    reward = read_rewards(d, run, n);
    free(d->runs);
    free(d->runs_reward);
    d->runs = run;
    d->runs_n = n;
    d->runs_reward = reward;
    d->view.runs_list.n = n < TREE_MAX ? n : TREE_MAX;
    at = tree_find(run, line, tree_order(run, n, line), id);
    if (at >= 0)
        d->view.runs_list.selected = at;
    d->run_settings_of = 0;
    d->stale &= ~(unsigned)STALE_RUNS;
}

const struct record_run *desk_selected_run(const struct desk *d)
{
    struct tree_line line[TREE_MAX];
    int n = d->runs ? tree_order(d->runs, d->runs_n, line) : 0, at = d->view.runs_list.selected;

    return at >= 0 && at < n ? &d->runs[line[at].run] : NULL;
}

const struct record_run *desk_find_run(struct desk *d, const char *name)
{
    char id[24];
    int i;

    if (d->stale & STALE_RUNS)
        desk_read_runs(d);
    for (i = 0; i < d->runs_n; i++) {
        snprintf(id, sizeof id, "%lld", (long long)d->runs[i].id);
        if (!strcmp(d->runs[i].name, name) || !strcmp(id, name))
            return &d->runs[i];
    }
    return NULL;
}

const struct settings *desk_settings(struct desk *d)
{
    int64_t id = desk_run_id(d);
    struct record_run run;
    char name[24];
    struct err e;

    if (!id)
        return NULL;
    snprintf(name, sizeof name, "%lld", (long long)id);
    if (d->set_of != id && query_run(d->query, name, &run, &e) == ST_OK &&
        session_settings(d->query, id, &d->set, &e) == ST_OK) {
        d->seed = run.seed;
        d->set_of = id;
    }
    return d->set_of == id ? &d->set : NULL;
}

void desk_copy_groups(struct snapshot *to, const struct snapshot *from)
{
    to->groups_n = from->groups_n;
    to->group_size = from->group_size;
    memcpy(to->group, from->group, (size_t)from->groups_n * sizeof *to->group);
    memcpy(to->trace, from->trace, (size_t)(from->groups_n * from->group_size) * sizeof *to->trace);
    to->follow = from->follow;
}

/* A run that was opened has no group in memory: its last step is shown as it is on record. */
static void fill_live(struct desk *d)
{
    struct snapshot *s = d->live;
    const struct record_run *run;
    struct err e;

    if (!s->run_id || s->groups_n > 0 || s->committed < 1 || strcmp(s->stage, "grpo") ||
        (s->state != RUN_PAUSED && s->state != RUN_DONE && s->state != RUN_FAILED))
        return;
    if (d->filled_run == s->run_id && d->filled_step == s->committed)
        return;
    d->filled_run = s->run_id;
    d->filled_step = s->committed;
    if (d->stale & STALE_RUNS)
        desk_read_runs(d);
    run = desk_run_of_id(d, s->run_id);
    d->at = -1;
    if (!run || moment_read(&d->moment, d->query, run, s->committed, d->follow, d->follow_group,
                            d->follow_index, d->stored, &e))
        return;
    desk_copy_groups(s, d->stored);
    s->step = s->committed;
}

/* The log of all runs; of today's lines the time is enough. */
static void read_log(struct desk *d)
{
    struct str text = {0};
    char today[16] = "";
    time_t now = time(NULL);
    const char *s;
    struct tm tm;
    struct err e;
    size_t n;

    str_clear(&d->log);
    if (query_log(d->query, 0, DESK_LOG_LINES, &text, &e))
        desk_fail(d, &e);
    if (gmtime_r(&now, &tm)) /* as the store writes it */
        strftime(today, sizeof today, "%Y-%m-%d ", &tm);
    for (s = str_c(&text); *s; s += n) {
        s += *today && !strncmp(s, today, strlen(today)) ? strlen(today) : 0;
        n = strcspn(s, "\n");
        n += s[n] == '\n';
        str_add_n(&d->log, s, n);
    }
    str_free(&text);
    d->stale &= ~(unsigned)STALE_LOG;
}

static void read_run_settings(struct desk *d)
{
    const struct record_run *run = desk_selected_run(d);
    struct err e;

    if (!run || run->id == d->run_settings_of)
        return;
    d->run_settings_of = run->id;
    str_clear(&d->run_settings);
    if (query_settings(d->query, run->id, &d->run_settings, &e))
        desk_fail(d, &e);
}

/* Reads what is stale and on the screen; returns whether the history goes on. */
int desk_refresh(struct desk *d)
{
    const struct snapshot *s = desk_shown(d);
    enum screen_id screen = view_screen(&d->view);
    int more = 0;
    struct err e;

    if (d->at < 0)
        fill_live(d);
    if (screen == SCREEN_RUNS) {
        if (d->stale & STALE_RUNS)
            desk_read_runs(d);
        read_run_settings(d);
    }
    if ((screen == SCREEN_LOG || screen == SCREEN_LEARNING) && d->stale & STALE_LOG)
        read_log(d);
    if (s && s->run_id && (d->stale & STALE_HISTORY || d->history.run != s->run_id)) {
        if (history_update(&d->history, d->query, s->run_id, snapshot_last(s), &more, &e))
            desk_fail(d, &e);
        if (!more)
            d->stale &= ~(unsigned)STALE_HISTORY;
    }
    if (desk_screen(screen)->refresh)
        more |= desk_screen(screen)->refresh(d);
    return more;
}
