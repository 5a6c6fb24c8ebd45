/* The workbench: sets up the desk, the terminal, the command line and the engine's thread, and takes them
 * down in the opposite order, whatever happened. */
#include "app/workbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/crash.h"
#include "app/desk.h"
#include "app/loop.h"
#include "app/prompt.h"
#include "scenarios/registry.h"

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

    memset(m, 0, sizeof *m);
    m->what = ENGINE_NEW;
    if (target && (preset_find(target) || scenario_find(target) || strchr(target, '/'))) {
        if (strlen(target) >= sizeof m->text)
            return err_set(e, ST_USAGE, "workbench", "a path of at most %zu bytes, not '%s'",
                           sizeof m->text - 1, target);
        snprintf(m->text, sizeof m->text, "%s", target); /* a path is a preset of one's own */
        return ST_OK;
    }
    st = target ? query_run(d->query, target, &run, e) : query_last_run(d->query, &run, e);
    if (st == ST_NOTFOUND && !target) {
        snprintf(m->text, sizeof m->text, "quick");
        return ST_OK;
    }
    if (st)
        return st;
    m->what = ENGINE_OPEN;
    snprintf(m->text, sizeof m->text, "%lld", (long long)run.id);
    return ST_OK;
}

enum status workbench_run(struct session *s, const char *target, struct err *e)
{
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
    st = first_request(d, target, &first, e);
    if (!st) {
        st = prompt_init(prompt_history_path(history, sizeof history) ? history : NULL, &completer, e);
        has_prompt = !st;
    }
    if (!st)
        st = term_open(&d->term, &options, e);
    if (!st) {
        crash_arm(&waiting);
        has_signals = 1;
        st = engine_start(&d->engine, s, e);
        d->has_engine = !st;
    }
    if (!st)
        st = desk_post(d, &first, e);
    if (!st) {
        desk_say(d, first.what == ENGINE_NEW ? "starting %s ..." : "opening the run ...", first.text);
        ended = loop_run(d, &waiting);
        if (ended)
            st = err_set(e, ST_CANCELLED, "workbench", "ended by signal %d (%s); what is committed is kept",
                         ended, strsignal(ended));
    }
    if (d->has_engine)
        engine_stop(&d->engine);
    if (d->term)
        term_close(d->term);
    if (has_signals)
        crash_disarm();
    if (has_prompt)
        prompt_release();
    desk_release(d);
    free(d);
    return st;
}

enum status workbench_snapshot(struct session *s, const char *target, int w, int h, struct str *out,
                               struct err *e)
{
    struct desk *d = calloc(1, sizeof *d);
    struct record_run run;
    int row, col;
    enum status st = d ? desk_init(d, s, e) : err_set(e, ST_NOMEM, "workbench", "no memory");

    if (st) {
        free(d);
        return st;
    }
    st = target ? query_run(d->query, target, &run, e) : query_last_run(d->query, &run, e);
    if (!st)
        st = moment_read(&d->moment, d->query, &run, -1, FOLLOW_BEST, -1, -1, d->live, e);
    if (!st) {
        d->live->version = 1;
        while (desk_frame(d, w, h, &row, &col))
            ;
        canvas_dump(&d->canvas, out);
        st = out->failed ? err_set(e, ST_NOMEM, "workbench", "no memory") : ST_OK;
    }
    desk_release(d);
    free(d);
    return st;
}
