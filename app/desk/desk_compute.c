/* What `:compute` asks aside, and the command. */
#include "app/desk/desk_compute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/compute_chart.h"
#include "app/desk/desk.h"
#include "app/session/aside.h"
#include "engine/run/compute.h"
#include "views/evaluation_state.h"

struct desk_compute {
    struct aside *ask;
    struct compute_facts shown;   /* run 0: nothing was asked */
};

struct telling {
    struct aside *to;
    uint64_t version;
};

static void told(void *ctx, const struct compute_facts *f)
{
    struct telling *t = ctx;
    struct compute_facts *now = malloc(sizeof *now);
    if (!now)
        return;   /* the next one tells as much and more */
    *now = *f;
    now->version = ++t->version;
    aside_put(t->to, now, (double)f->done / f->problems);
    free(now);
}

static enum status sample(struct aside *a, struct trainer *t, const void *question, void *answer, struct err *e)
{
    struct telling telling = {.to = a};
    struct compute_hooks hooks = {.gate = aside_gate(a), .told = told, .ctx = &telling};
    struct compute_facts *f = answer;
    enum status st;
    aside_tell(a, "sampling held-out problems", 0);
    st = compute_run(t, question, &hooks, f, e);
    f->version = telling.version + 1;
    return st;
}

static const struct aside_kind compute_ask = {
    .name = "compute", .answer_bytes = sizeof(struct compute_facts), .answer = sample};

enum status desk_compute_init(struct desk_compute **out, const char *store_path, int wake, struct err *e)
{
    struct desk_compute *c = *out = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ST_NOMEM, "compute", "no memory");
    return aside_init(&c->ask, &compute_ask, store_path, wake, e);
}

void desk_compute_stop(struct desk_compute *c)
{
    aside_forget(c->ask);
    memset(&c->shown, 0, sizeof c->shown);
}

void desk_compute_release(struct desk_compute *c)
{
    if (!c)
        return;
    aside_release(c->ask);
    free(c);
}

enum status desk_compute_ask(struct desk_compute *c, int64_t run, int64_t step, int k, int problems,
                             struct err *e)
{
    struct compute_question q = {k, problems, COMPUTE_WORDS_USUAL, COMPUTE_FORCED_USUAL};
    _Static_assert(sizeof q <= ASIDE_QUESTION, "the question fits");
    memset(&c->shown, 0, sizeof c->shown);
    c->shown.run = run;
    c->shown.step = step;
    return aside_ask(c->ask, run, step, &q, sizeof q, e);
}

void desk_compute_look(struct desk_compute *c, struct compute_look *out)
{
    struct aside_look look;
    int64_t run = c->shown.run;
    aside_look(c->ask, &look);
    if (look.answer)
        c->shown = *(const struct compute_facts *)look.answer;
    c->shown.run = run;
    *out = (struct compute_look){&c->shown, look.doing, look.part, look.error};
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
    st = desk_compute_ask(d->compute, s->run_id, d->at >= 0 ? s->step : snapshot_last(s), (int)k, (int)problems, e);
    if (st)
        return st;
    desk_show_screen(d, SCREEN_EVALUATION);
    d->view.focus = PANE_COMPUTE;
    return ST_OK;
}
