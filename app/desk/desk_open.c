/* What a name stands for. A run on record comes before the preset that it was made of: whoever has trained
 * one and names it wants to see it, and a second run is started on purpose, by :new. */
#include "app/desk/desk_open.h"

#include <stdio.h>
#include <string.h>

#include "app/base/args.h"
#include "scenarios/registry.h"

static const char *preset_name(int i)
{
    return i < preset_n() ? preset_at(i)->name : NULL;
}

static int is_startable(const char *target)
{
    return preset_find(target) || scenario_find(target) || strchr(target, '/') || strstr(target, ".ini");
}

enum status desk_open_request(struct desk *d, const char *target, struct engine_message *m, struct err *e)
{
    struct record_run run;
    char hint[64];
    enum status st = query_run(d->query, target, &run, e);

    memset(m, 0, sizeof *m);
    if (!st) {
        m->what = ENGINE_OPEN;
        snprintf(m->text, sizeof m->text, "%lld", (long long)run.id);
        return ST_OK;
    }
    if (st != ST_NOTFOUND)
        return st;
    if (is_startable(target)) {
        m->what = ENGINE_NEW;
        if (strlen(target) >= sizeof m->text)
            return err_set(e, ST_USAGE, "open", "a path of at most %zu bytes, not '%s'", sizeof m->text - 1,
                           target);
        snprintf(m->text, sizeof m->text, "%s", target);
        return ST_OK;
    }
    near_hint(target, preset_name, hint, sizeof hint);
    if (hint[0])
        return err_set(e, ST_NOTFOUND, "open", "there is no run, preset or scenario '%.60s'%s", target, hint);
    return st; /* which runs there are that look like it */
}
