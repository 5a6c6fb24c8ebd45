/* When what a line of a script waits for or expects holds; how it is written: script_demand.c.
 *
 * Clauses about the run are tested after every committed step, read from the store in order, so that a run
 * at full speed cannot pass a step unseen. "Idle" must not be told from an old snapshot: the control is
 * kicked, which makes whoever stands at a gate publish again, and only a snapshot that came after it
 * counts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/script/script.h"
#include "app/script/script_demand.h"

static int compare(double x, enum condition_op op, double y)
{
    switch (op) {
    case OP_LESS: return x < y;
    case OP_LESS_EQUAL: return x <= y;
    case OP_MORE: return x > y;
    case OP_MORE_EQUAL: return x >= y;
    default: return x == y;
    }
}

/* A number of the followed trace; NaN where it is not known. */
static double trait(const struct desk *d, int which)
{
    const struct snapshot *s = desk_shown(d);
    const struct snap_trace *t;
    const struct trace_facts *f = d->facts;
    int i, verified = 0, known;

    if (!s || s->follow.group < 0 || s->follow.index < 0 || s->follow.group >= s->groups_n)
        return NAN;
    t = &s->trace[s->follow.group * s->group_size + s->follow.index];
    known = f->version && f->run == s->run_id && f->step == s->step && f->group == s->follow.group &&
            f->index == s->follow.index;
    for (i = 0; known && i < f->tests_n; i++)
        verified += f->test[i].verified;
    switch (which) {
    case TRAIT_LENGTH: return t->n;
    case TRAIT_AHA: return t->aha;
    case TRAIT_WAITS: return t->waits;
    case TRAIT_TESTED: return known ? f->tests_n : 0;
    case TRAIT_VERIFIED: return verified;
    case TRAIT_ALONG: return known ? f->values_n : 0;
    default: break;
    }
    if (!t->scored)
        return NAN;
    return which == TRAIT_REWARD      ? (double)t->reward
           : which == TRAIT_ADVANTAGE ? (double)t->advantage
           : which == TRAIT_ACCURACY  ? (double)t->accuracy
                                      : (double)t->format;
}

/* The value of a setting of the open run; 0 when there is no such key. */
static int setting_of(struct desk *d, const char *key, char *out, size_t bytes)
{
    const struct settings *set = desk_settings(d);
    char whole[96];
    int i;

    for (i = 0; set && i < settings_rows(set); i++) {
        const char *section;
        const struct setting *row = settings_row(set, i, &section);
        snprintf(whole, sizeof whole, "%s.%s", section, row->key);
        if (!strcmp(whole, key) || !strcmp(row->key, key)) {
            settings_value(set, i, out, bytes);
            return 1;
        }
    }
    return 0;
}

static int is_on_screen(const struct desk *d, const char *text)
{
    struct str all = {0};
    int found;

    canvas_dump(&d->canvas, &all);
    found = strstr(str_c(&all), text) != NULL;
    str_free(&all);
    return found;
}

static int clause_holds(const struct clause *c, struct watch *x, struct desk *d)
{
    const struct snapshot *s = d->live;
    char value[64];

    switch (c->kind) {
    case CLAUSE_CONDITION: return condition_holds(&c->condition, &x->measured);
    case CLAUSE_TEXT: return is_on_screen(d, c->text);
    case CLAUSE_IDLE: return watch_settled(x, d);
    case CLAUSE_STAGE: return s->version && s->run_id && !strcmp(s->stage, c->text);
    case CLAUSE_STATE: return !strcmp(run_state_name(s->version ? s->state : RUN_IDLE), c->text);
    case CLAUSE_SCREEN:
        return !strcmp(screen_row(view_screen(&d->view))->name, c->text) ||
               !strcmp(screen_row(d->view.screen)->name, c->text);
    case CLAUSE_PRESET: return s->version && s->run_id && !strcmp(s->preset, c->text);
    case CLAUSE_TRACE: return compare(trait(d, c->quantity), c->op, c->number);
    case CLAUSE_SETTING:
        if (!setting_of(d, c->text, value, sizeof value))
            return 0;
        return isnan(c->number) ? !strcmp(value, c->value) : compare(strtod(value, NULL), c->op, c->number);
    }
    return 0;
}

static int demand_holds(const struct demand *w, struct watch *x, struct desk *d)
{
    int i;

    for (i = 0; i < w->n; i++)
        if (clause_holds(&w->clause[i], x, d) == w->clause[i].is_not)
            return 0;
    return 1;
}

/* The run's own steps first .. last, one after the other; whether *w held after one of them. */
static int add_steps(struct watch *x, struct desk *d, int64_t first, int64_t last, const struct demand *w)
{
    int64_t *step = NULL;
    double *value = NULL;
    int n = 0, i, met = 0;
    struct err e;

    if (query_metrics(d->query, x->run, first, last, &step, &value, &n, &e))
        return 0;
    for (i = 0; i < n; i++) {
        measured_add(&x->measured, step[i], value + (size_t)i * METRIC_N);
        met = met || (w && demand_holds(w, x, d));
    }
    x->step = last;
    free(step);
    free(value);
    return met;
}

/* What a run measured before its own first step, in its parents; returns that step. */
static int64_t read_parents(struct watch *x, struct desk *d, int64_t last)
{
    int64_t *step = NULL, first = last + 1;
    double *value = NULL;
    struct record_run row;
    struct err e;
    char id[24];
    int n = 0;

    snprintf(id, sizeof id, "%lld", (long long)x->run);
    if (query_run(d->query, id, &row, &e))
        return first;
    if (!query_metrics(d->query, x->run, 1, last, &step, &value, &n, &e) && n > 0)
        first = step[0];
    free(step);
    free(value);
    if (first > 1)
        measured_read(&x->measured, d->query, &row, first - 1, &e);
    return first;
}

int watch_met(struct watch *x, struct desk *d, const struct demand *w)
{
    int64_t run = desk_run_id(d), committed = run ? d->live->committed : 0;
    int is_other = run != x->run, met = 0;

    if (is_other || committed < x->step) {
        measured_init(&x->measured);
        x->run = run;
        x->step = committed;
        /* Of a run that was rewound, steps that are past count as known, not as new. */
        if (run && committed > 0)
            met = add_steps(x, d, read_parents(x, d, committed), committed, is_other ? w : NULL);
    } else if (committed > x->step) {
        met = add_steps(x, d, x->step + 1, committed, w);
    }
    if (run && d->live->state == RUN_FAILED && !(x->measured.latest[Q_NONFINITE] > 0))
        measured_nonfinite(&x->measured);
    return met || (w && demand_holds(w, x, d));
}

/* Whether the probe has something to do. */
static int is_probing(struct desk *d)
{
    int busy;

    if (!d->probe.is_started)
        return 0;
    pthread_mutex_lock(&d->probe.lock);
    busy = d->probe.waits != 0 || d->probe.is_busy;
    pthread_mutex_unlock(&d->probe.lock);
    return busy;
}

int watch_fresh(struct watch *x, struct desk *d)
{
    struct control *c = &d->session->control;

    if (!d->has_engine)
        return 1;
    if (!x->kick || control_orders(c) != x->kick) {
        pthread_mutex_lock(&d->session->box.lock);
        x->kick_version = d->session->box.latest[d->session->box.version & 1].version;
        pthread_mutex_unlock(&d->session->box.lock);
        x->kick = control_kick(c);
        return 0;
    }
    return d->live->version > x->kick_version;
}

int watch_settled(struct watch *x, struct desk *d)
{
    if (!d->has_engine)
        return 1;
    if (d->awaited || is_probing(d) || control_look(&d->session->control).mode != CONTROL_HOLD)
        return 0;
    return watch_fresh(x, d) && d->live->state != RUN_RUNNING && d->live->state != RUN_REPLAYING;
}

void watch_say(struct watch *x, struct desk *d, const struct demand *w, char *out, size_t bytes)
{
    char value[64];
    int i;

    out[0] = 0;
    for (i = 0; i < w->n; i++) {
        const struct clause *c = &w->clause[i];
        int q = c->condition.term[0].quantity;
        if (clause_holds(c, x, d) != c->is_not)
            continue;
        if (c->kind == CLAUSE_CONDITION && q < METRIC_N && !isnan(x->measured.latest[q]))
            snprintf(out, bytes, "%s is %.4g at step %lld", metric_row(q)->name, x->measured.latest[q],
                     (long long)x->step);
        else if (c->kind == CLAUSE_CONDITION && q < METRIC_N)
            snprintf(out, bytes, "%s was not measured up to step %lld", metric_row(q)->name,
                     (long long)x->step);
        else if (c->kind == CLAUSE_TEXT)
            snprintf(out, bytes, "the screen %s \"%s\"", c->is_not ? "shows" : "does not show", c->text);
        else if (c->kind == CLAUSE_SCREEN)
            snprintf(out, bytes, "the screen is %s", screen_row(view_screen(&d->view))->name);
        else if (c->kind == CLAUSE_TRACE)
            snprintf(out, bytes, "the followed trace's %s is %.4g", c->text, trait(d, c->quantity));
        else if (c->kind == CLAUSE_SETTING && setting_of(d, c->text, value, sizeof value))
            snprintf(out, bytes, "%s is %s", c->text, value);
        else
            snprintf(out, bytes, "%s %s, %s, step %lld", d->live->stage, d->live->run,
                     run_state_name(d->live->version ? d->live->state : RUN_IDLE), (long long)x->step);
        return;
    }
}
