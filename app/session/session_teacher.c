/* A student's teacher. It is not kept with the student: run and step stand in the student's settings, and
 * weights that are replayed to the bit are the same whenever the student is opened, resumed or replayed. */
#include "app/session/session_teacher.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/session/session_chain.h"

/* What a replay compares with. */
struct record {
    struct query *query;
    int64_t run;
};

static enum status digest_of(void *self, int64_t step, struct digest *out, struct err *e)
{
    const struct record *r = self;
    return query_digest(r->query, r->run, step, out, e);
}

static enum status replay(struct session *s, const struct record_run *run, int64_t step, struct trainer *t,
                          struct err *e)
{
    struct record record = {s->query, run->id};
    struct sink sink = {.self = &record, .digest = digest_of};
    struct trainer_hooks h = {NULL, &sink};
    enum status st = ST_OK;
    if (run->step < step)
        return err_set(e, ST_USAGE, "teacher", "%s has %lld steps, cold.teacher_step is %lld", run->name,
                       (long long)run->step, (long long)step);
    while (!st && t->step < step)
        st = trainer_step(t, &h, e);
    return st;
}

enum status session_teacher(struct session *s, struct trainer *t, struct err *e)
{
    const struct sft_stage *c = &t->set.cold;
    struct trainer *teacher = NULL;
    struct record_run run;
    char id[24];
    enum status st;
    if (t->stage != STAGE_COLD || c->distill <= 0 || !c->teacher)
        return ST_OK;
    snprintf(id, sizeof id, "%d", c->teacher);
    st = query_run(s->query, id, &run, e);
    if (st == ST_NOTFOUND)
        return ST_OK;
    if (!st)
        st = session_load(s, &run, c->teacher_step, &teacher, e);
    if (!st)
        st = replay(s, &run, c->teacher_step, teacher, e);
    if (!st)
        st = trainer_teacher(t, teacher, e);
    if (teacher) {
        trainer_release(teacher);
        free(teacher);
    }
    return st;
}
