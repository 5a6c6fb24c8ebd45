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

/* Compare, with the runs that take turns. */
static enum status show_turns(struct desk *d, const struct engine_message *m, const char *what, struct err *e)
{
    enum status st = desk_post(d, m, e);

    if (st)
        return st;
    desk_compare_set(d, NULL, 0);
    desk_show_screen(d, SCREEN_COMPARE);
    desk_say(d, "%s ...", what);
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
    for (int i = 0; i < l->argc && !st && !off; i++) {
        st = query_run(d->query, l->argv[i], &run, e);
        if (!st && run.id == desk_run_id(d))
            st = err_set(e, ST_USAGE, "turns", "%s is the open run; name others, such as its parent",
                         run.name);
        if (!st)
            snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%lld", (long long)run.id);
    }
    if (st)
        return st;
    return off ? desk_post(d, &m, e) : show_turns(d, &m, "taking them in for turns", e);
}

/* `key=a,b,c` as a contender each: key=a, key=b, key=c. */
static enum status contenders(const char *word, struct engine_message *m, struct err *e)
{
    const char *value = strchr(word, '=');

    if (!value)
        return err_set(e, ST_USAGE, "race", "'%.40s' is no key=VALUE,VALUE; an example: loss=grpo,reinforce,rloo",
                       word);
    for (const char *at = value + 1, *end; at; at = *end ? end + 1 : NULL) {
        end = at + strcspn(at, ",");
        if (m->arguments_n > TURNS_MAX)
            return err_set(e, ST_USAGE, "race", "at most %d runs can race", TURNS_MAX + 1);
        if (snprintf(m->argument[m->arguments_n++], ENGINE_TEXT, "%.*s=%.*s", (int)(value - word), word,
                     (int)(end - at), at) >= ENGINE_TEXT)
            return err_set(e, ST_USAGE, "race", "'%.20s...' is too long", at);
    }
    return ST_OK;
}

enum status command_race(struct desk *d, const struct command_line *l, struct err *e)
{
    struct engine_message m = {.what = ENGINE_RACE};
    long long step = -1;
    int i = 0;
    enum status st = ST_OK;

    if (!desk_run_id(d))
        return err_set(e, ST_USAGE, "race", "no run is open; :new PRESET starts one");
    if (!strchr(l->argv[0], '='))
        st = command_integer(l->argv[i++], "a step", 0, &step, e);
    for (; i < l->argc && !st; i++)
        st = contenders(l->argv[i], &m, e);
    if (!st && m.arguments_n < 2)
        st = err_set(e, ST_USAGE, "race", "it takes two runs to race: key=VALUE,VALUE");
    for (i = 0; i < m.arguments_n && !st; i++) {
        struct settings set = *desk_settings(d);
        const char *assignment = m.argument[i];
        uint64_t seed = 0;
        st = settings_assign(&set, (enum stage)stage_find(d->live->stage), &assignment, 1, &seed, e);
    }
    m.step = step;
    return st ? st : show_turns(d, &m, "making the forks that race", e);
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
