/* Commands about several runs: which are compared, and which take steps in turns. And the run that a command
 * is about, where it need not be the open one. */
#include <stdio.h>
#include <string.h>

#include "app/command/command_act.h"
#include "app/desk/desk_compare.h"
#include "app/desk/desk_scenarios.h"
#include "views/compare_state.h"

enum status command_compare(struct desk *d, const struct command_line *l, struct err *e)
{
    int64_t run[COMPARE_RUNS];
    struct record_run found;
    int i, k, n = 0;

    for (i = 0; i < l->argc; i++) {
        if (query_run(d->query, l->argv[i], &found, e))
            return e->code;
        for (k = 0; k < n && run[k] != found.id; k++)
            ;
        if (k < n)
            continue;
        if (n == COMPARE_RUNS)
            return err_set(e, ST_USAGE, "compare", "at most %d runs can be compared", COMPARE_RUNS);
        run[n++] = found.id;
    }
    desk_compare_set(d, run, n);
    desk_show_screen(d, SCREEN_COMPARE);
    return ST_OK;
}

enum status command_turns(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_TURNS};
    struct record_run run;
    enum status st = ST_OK;
    int off = !strcmp(l->argv[0], "off");

    if (!desk_run_id(d))
        return err_set(e, ST_USAGE, "turns", "no run is open; :new PRESET starts one");
    if (!off)
        st = query_run(d->query, l->argv[0], &run, e);
    if (!st && !off && run.id == desk_run_id(d))
        st = err_set(e, ST_USAGE, "turns", "%s is the open run; name another one, such as its parent",
                     run.name);
    if (st)
        return st;
    if (!off)
        snprintf(m.text, sizeof m.text, "%lld", (long long)run.id);
    st = desk_post(d, &m, e);
    if (st || off)
        return st;
    desk_compare_set(d, NULL, 0);
    desk_show_screen(d, SCREEN_COMPARE);
    desk_say(d, "taking %s in for turns ...", run.name);
    return ST_OK;
}

enum status command_about(struct desk *d, const struct command_line *l, int64_t *run, int *used,
                          struct err *e)
{
    struct record_run found;
    enum status st;

    *run = desk_run_id(d);
    *used = 0;
    if (!l->argc || l->argv[0][0] != '@') {
        if (*run)
            return ST_OK;
        return err_set(e, ST_USAGE, l->row->name, "no run is open; @RUN names one, :new PRESET starts one");
    }
    st = query_run(d->query, l->argv[0] + 1, &found, e);
    if (!st) {
        *run = found.id;
        *used = 1;
    }
    return st;
}
