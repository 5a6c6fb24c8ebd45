/* The runs of lessons: their names, using one again, and what is left of them.
 *
 * Runs are deterministic, so a run with the same settings, seed, program and machine is the one that would
 * be made; only its `used` differs. A second evening with the same lesson then begins at once and adds no
 * run but its forks. */
#include "app/script/lesson_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/environment.h"
#include "app/base/presets.h"
#include "app/session/session.h"

/* Where the page under way leads the run that it is about to start; -1: it does not say. */
static int64_t goal(const struct lesson *l)
{
    const struct script *drive = &l->page[l->at].drive;
    int i;

    for (i = drive->at + 1; l->state.phase == LESSON_WORKING && i < drive->n; i++)
        if (drive->line[i].verb == VERB_TO)
            return strtoll(drive->line[i].rest, NULL, 10);
    return -1;
}

/* Whether it would come out as the run that m asks for. */
static int is_same(struct desk *d, const struct record_run *run, const struct settings *set, uint64_t seed)
{
    struct settings theirs;
    struct str a = {0}, b = {0}, here = {0}, there = {0};
    struct err none;
    int same = run->seed == seed && !session_settings(d->query, run->id, &theirs, &none) &&
               !query_environment(d->query, run->id, &there, &none);

    if (same) {
        settings_print(set, &a);
        settings_print(&theirs, &b);
        environment_print(&here);
        same = !strcmp(str_c(&a), str_c(&b)) && !strcmp(str_c(&here), str_c(&there));
    }
    str_free(&a);
    str_free(&b);
    str_free(&here);
    str_free(&there);
    return same;
}

/* The run of an earlier evening; 0: there is none. */
static int64_t earlier(struct desk *d, const struct engine_message *m)
{
    const char *argument[ENGINE_ARGUMENTS];
    struct record_run *run = NULL;
    struct settings set;
    uint64_t seed = 1;
    int64_t step = goal(d->lesson), found = 0;
    size_t stem = strlen(m->as);
    struct err none;
    int i, n = 0;

    for (i = 0; i < m->arguments_n; i++)
        argument[i] = m->argument[i];
    if (step < 1 || presets_load(m->text, argument, m->arguments_n, &set, &seed, &none) ||
        query_runs(d->query, &run, &n, &none))
        return 0;
    while (!found && n-- > 0)
        if (session_is_lesson(&run[n]) && run[n].step == step && strcmp(run[n].state, "failed") &&
            !strncmp(run[n].name, m->as, stem) &&
            !run[n].name[stem + strspn(run[n].name + stem, "-0123456789")] && is_same(d, &run[n], &set, seed))
            found = run[n].id;
    free(run);
    return found;
}

void lesson_run(struct desk *d, struct engine_message *m)
{
    if (!d->lesson || m->as[0])
        return;
    snprintf(m->as, sizeof m->as, LESSON_RUNS "%s", d->lesson->name);
    m->run_id = earlier(d, m);
}

int lesson_runs_n(struct desk *d)
{
    struct record_run *run = NULL;
    struct err none;
    int i, n = 0, count = 0;

    if (query_runs(d->query, &run, &n, &none))
        return 0;
    for (i = 0; i < n; i++)
        count += session_is_lesson(&run[i]);
    free(run);
    return count;
}

void lesson_leave(struct desk *d)
{
    int n = d->lesson ? lesson_runs_n(d) : 0;

    if (!d->lesson)
        return;
    if (n)
        desk_say(d, "the lesson is closed; %d run%s of lessons stay%s on record, :lesson tidy deletes them",
                 n, n > 1 ? "s" : "", n > 1 ? "" : "s");
    lesson_close(d);
}
