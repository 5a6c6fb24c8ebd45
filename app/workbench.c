/* The workbench: sets up the desk, the terminal, the command line and the engine's thread, and takes them
 * down in the opposite order, whatever happened. */
#include "app/workbench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/crash.h"
#include "app/desk/desk_open.h"
#include "app/desk/record.h"
#include "app/desk/save.h"
#include "app/loop.h"
#include "app/prompt.h"

static void offer(void *ctx, const char *line, int begin, int end, struct str *out, int *files)
{
    struct desk *d = ctx;
    struct command_source s = {.set = desk_settings(d)};

    desk_find_run(d, ""); /* reads the runs when they are stale */
    s.runs = d->runs;
    s.runs_n = d->runs_n;
    command_complete(&s, line, begin, end, out, files);
}

/* The first request: what to open or to start. */
static enum status first_request(struct desk *d, const char *target, struct engine_message *m, struct err *e)
{
    struct record_run run;
    enum status st;

    if (target)
        return desk_open_request(d, target, m, e);
    memset(m, 0, sizeof *m);
    st = query_last_run(d->query, &run, e);
    if (st == ST_NOTFOUND) {
        m->what = ENGINE_NEW;
        snprintf(m->text, sizeof m->text, "quick");
        return ST_OK;
    }
    if (st)
        return st;
    m->what = ENGINE_OPEN;
    snprintf(m->text, sizeof m->text, "%lld", (long long)run.id);
    return ST_OK;
}

/* What the config file says, where the command line and the environment do not. */
static void apply_config(struct desk *d, struct term_options *options)
{
    const struct config *c = d->config;

    if (c->theme[0] && !getenv("NO_COLOR"))
        options->theme = c->theme;
    if (c->chars[0] && !getenv("GRPOLAB_CHARS"))
        options->chars = c->chars;
    if (c->mouse >= 0)
        d->mouse = options->mouse = c->mouse;
    if (!isnan(c->smoothing))
        d->view.smoothing = c->smoothing;
    if (!isnan(c->slow))
        d->slow = c->slow;
}

/* What a script or a lesson adds to a desk. */
static enum status take_guide(struct desk *d, const struct guide *guide, struct err *e)
{
    enum status st = ST_OK;

    if (!guide)
        return ST_OK;
    d->script = guide->script;
    if (guide->lesson)
        st = lesson_open(d, guide->lesson, e);
    if (!st && d->lesson)
        d->lesson->is_auto = guide->is_auto;
    return st;
}

enum status workbench_guide(struct session *s, const char *target, const struct guide *guide, int w, int h,
                            int with_screens, void (*print)(const char *text), struct str *last,
                            struct err *e)
{
    struct desk *d = calloc(1, sizeof *d);
    struct engine_message first;
    int row, col;
    enum status st = d ? desk_init(d, s, e) : err_set(e, ST_NOMEM, "workbench", "no memory");

    if (st) {
        free(d);
        return st;
    }
    if (target)
        st = first_request(d, target, &first, e);
    if (!st)
        st = take_guide(d, guide, e);
    if (!st) {
        st = engine_start(&d->engine, s, e);
        d->has_engine = !st;
    }
    if (!st && target)
        st = desk_post(d, &first, e);
    if (!st)
        st = guide_run(d, w, h, print, with_screens, e);
    if (!st && last) {
        desk_take(d);
        while (desk_frame(d, w, h, &row, &col))
            ;
        canvas_dump(&d->canvas, last);
    }
    if (d->has_engine)
        engine_stop(&d->engine);
    desk_release(d);
    free(d);
    return st;
}

enum status workbench_run(struct session *s, const char *target, const char *record,
                          const struct guide *guide, struct err *e)
{
    struct config config;
    struct term_options options = {.mouse = 1};
    struct prompt_completer completer = {NULL, offer};
    struct engine_message first;
    struct desk *d = calloc(1, sizeof *d);
    char history[4096];
    sigset_t waiting;
    int has_prompt = 0, has_signals = 0, ended;
    enum status st = d ? desk_init(d, s, e) : err_set(e, ST_NOMEM, "workbench", "no memory");

    if (st) {
        free(d);
        return st;
    }
    completer.ctx = d;
    st = config_load(&config, e);
    d->config = &config;
    if (!st) {
        apply_config(d, &options);
        st = take_guide(d, guide, e);
    }
    if (!st && (target || !guide))
        st = first_request(d, target, &first, e);
    if (!st) {
        st = prompt_init(prompt_history_path(history, sizeof history) ? history : NULL, &completer, e);
        has_prompt = !st;
    }
    if (!st)
        st = term_open(&d->term, &options, e);
    if (!st && record) {
        int w, h;
        term_size(d->term, &w, &h);
        st = recording_open(&d->recording, record, w, h, e);
    }
    if (!st) {
        crash_arm(&waiting);
        has_signals = 1;
        st = engine_start(&d->engine, s, e);
        d->has_engine = !st;
    }
    if (!st && (target || !guide)) {
        st = desk_post(d, &first, e);
        desk_say(d, first.what == ENGINE_NEW ? "starting %s ..." : "opening the run ...", first.text);
    }
    if (!st) {
        ended = loop_run(d, &waiting);
        if (ended)
            st = err_set(e, ST_CANCELLED, "workbench", "ended by signal %d (%s); what is committed is kept",
                         ended, strsignal(ended));
        else if (guide && guide->script && guide->script->failure.code) {
            *e = guide->script->failure;
            st = e->code;
        }
    }
    if (d->has_engine)
        engine_stop(&d->engine);
    if (d->term)
        term_close(d->term);
    if (d->recording && recording_close(d->recording, st ? NULL : e))
        st = st ? st : e->code;
    if (has_signals)
        crash_disarm();
    if (has_prompt)
        prompt_release();
    desk_release(d);
    free(d);
    return st;
}

static enum status find_screen(const char *name, enum screen_id *out, struct err *e)
{
    struct str names = {0};
    int i;

    *out = SCREEN_DASHBOARD;
    if (!name)
        return ST_OK;
    for (i = 0; i < SCREEN_N; i++) {
        if (i == SCREEN_LEARNING) /* the dashboard of a base or a cold start */
            continue;
        if (!strcmp(screen_row((enum screen_id)i)->name, name)) {
            *out = (enum screen_id)i;
            return ST_OK;
        }
        str_word(&names, screen_row((enum screen_id)i)->name);
    }
    err_set(e, ST_USAGE, "snapshot", "there is no screen '%.40s', but: %s", name, str_c(&names));
    str_free(&names);
    return ST_USAGE;
}

/* RUN or RUN@STEP; *step is -1 for the latest. */
static enum status find_moment(struct desk *d, const char *target, struct record_run *run, long long *step,
                               struct err *e)
{
    const char *at = target ? strrchr(target, '@') : NULL;
    char name[NAME_BYTES];

    *step = -1;
    if (!target)
        return query_last_run(d->query, run, e);
    if (!at || (size_t)(at - target) >= sizeof name)
        return query_run(d->query, target, run, e);
    if (command_integer(at + 1, "a step", 0, step, e))
        return ST_USAGE;
    snprintf(name, sizeof name, "%.*s", (int)(at - target), target);
    return query_run(d->query, name, run, e);
}

enum status workbench_snapshot(struct session *s, const char *target, const struct workbench_picture *p,
                               struct str *out, struct err *e)
{
    const struct theme *theme = p->theme ? theme_find(p->theme) : theme_at(0);
    struct desk *d = calloc(1, sizeof *d);
    enum screen_id screen = SCREEN_DASHBOARD;
    struct record_run run;
    long long step;
    int row, col;
    enum status st = d ? desk_init(d, s, e) : err_set(e, ST_NOMEM, "workbench", "no memory");

    if (st) {
        free(d);
        return st;
    }
    st = theme ? find_screen(p->screen, &screen, e)
               : err_set(e, ST_USAGE, "snapshot", "there is no theme '%.40s'", p->theme);
    if (!st)
        st = find_moment(d, target, &run, &step, e);
    if (!st)
        st = moment_read(&d->moment, d->query, &run, step, FOLLOW_BEST, -1, -1, d->live, e);
    if (!st) {
        d->live->version = 1;
        d->view.cursor = step;
        desk_show_screen(d, screen);
        while (desk_frame(d, p->w, p->h, &row, &col))
            ;
        if (p->path)
            st = save_screen(&d->canvas, theme, p->path, e);
        else
            canvas_dump(&d->canvas, out);
        if (!st && out->failed)
            st = err_set(e, ST_NOMEM, "workbench", "no memory");
    }
    desk_release(d);
    free(d);
    return st;
}
