/* From the record to a trainer: its settings, its weights out of keyframes, what it learns from.
 *
 * A trainer that is built here belongs to nobody yet: which run is open, its lock and its sink are
 * session.c's. Invariant: what fails leaves no trainer behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/session/session_chain.h"
#include "app/session/session_teacher.h"
#include "scenarios/registry.h"

enum status session_settings(struct query *q, int64_t run, struct settings *out, struct err *e)
{
    struct str text = {0};
    enum status st = query_settings(q, run, &text, e);
    if (!st)
        st = settings_restore(out, str_c(&text), scenario_find, e);
    str_free(&text);
    return st;
}

static enum status put_tensor(void *ctx, const char *kind, const char *name, const void *data, size_t bytes,
                              struct err *e)
{
    return trainer_restore_tensor(ctx, kind, name, data, bytes, e);
}

/* The reference, and what is kept with it, from the keyframe of the step at which it was taken. */
static enum status put_reference(void *ctx, const char *kind, const char *name, const void *data,
                                 size_t bytes, struct err *e)
{
    if (strcmp(kind, "reference") && strcmp(name, "reference") && strcmp(kind, "reward_model") &&
        strcmp(name, "reward_model"))
        return ST_OK;
    return trainer_restore_tensor(ctx, kind, name, data, bytes, e);
}

enum status session_restore(struct session *s, int64_t run, int64_t step, struct trainer *t, struct err *e)
{
    int64_t at;
    enum status st = query_keyframe_before(s->query, run, step, &at, e);
    if (!st)
        st = query_keyframe(s->query, run, at, put_tensor, t, e);
    if (!st && t->learner.ref_w && t->reference_step != at)
        st = query_keyframe(s->query, run, t->reference_step, put_reference, t, e);
    if (!st)
        trainer_restored(t, at);
    return st;
}

enum status session_trainer(struct session *s, const struct settings *set, enum stage stage, uint64_t seed,
                            struct trainer **out, struct err *e)
{
    struct trainer *t = calloc(1, sizeof *t);
    enum status st;
    *out = NULL;
    if (!t)
        return err_set(e, ST_NOMEM, "session", "no memory for a run");
    st = trainer_init(t, set, stage, seed, s->kernels, s->pool, e);
    if (!st) {
        st = session_teacher(s, t, e);
        if (st)
            trainer_release(t);
    }
    if (st) {
        free(t);
        return st;
    }
    *out = t;
    return ST_OK;
}

enum status session_teach(struct trainer *t, const struct examples *taught, struct err *e)
{
    struct corpus c = {0};
    enum status st = taught->n ? examples_corpus(taught, &c, e) : ST_OK;
    if (!st && taught->n)
        st = trainer_corpus(t, &c, e);
    corpus_release(&c);
    return st;
}

/* What a run on record learns from. */
static enum status teach_again(struct session *s, int64_t run, struct trainer *t, struct err *e)
{
    struct examples taught = {0};
    enum status st = examples_read(s->query, run, &taught, e);
    if (!st)
        st = session_teach(t, &taught, e);
    examples_release(&taught);
    return st;
}

enum status session_load(struct session *s, const struct record_run *run, int64_t step, struct trainer **out,
                         struct err *e)
{
    struct settings set;
    int stage = stage_find(run->stage);
    enum status st = session_settings(s->query, run->id, &set, e);
    *out = NULL;
    if (!st && stage < 0)
        st = err_set(e, ST_CORRUPT, "session", "run %s has an unknown stage %s", run->name, run->stage);
    if (st)
        return st;
    snprintf(set.preset, sizeof set.preset, "%s", run->preset);
    st = session_trainer(s, &set, (enum stage)stage, run->seed, out, e);
    if (st)
        return st;
    st = session_restore(s, run->id, step, *out, e);
    if (!st)
        st = teach_again(s, run->id, *out, e);
    if (st) {
        trainer_release(*out);
        free(*out);
        *out = NULL;
        return st;
    }
    (*out)->head = run->step;
    (*out)->seconds = run->seconds;
    (*out)->rl_seconds = run->rl_seconds;
    return ST_OK;
}
