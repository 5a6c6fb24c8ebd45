/* Going back in a run without touching it. A step is reached from the nearest state that is known: the
 * trainer's own, one of a few copies of states that were asked for lately, or a keyframe of the store. What
 * was asked for is copied, because a question often needs both ends of a step, and the next one the same
 * again. */
#include "app/session/probe_past.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/session/session_chain.h"

void past_tell(const struct past_hooks *h, double part, const char *fmt, ...)
{
    char text[96];
    va_list ap;
    if (!h || !h->tell)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    h->tell(h->ctx, text, part);
}

static enum status digest_of(void *self, int64_t step, struct digest *out, struct err *e)
{
    struct past *p = self;
    return query_digest(p->session.query, p->run.id, step, out, e);
}

enum status past_init(struct past *p, const char *store_path, int threads, struct err *e)
{
    enum status st;
    memset(p, 0, sizeof *p);
    if (threads < 1)
        threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    threads = threads < 1 ? 1 : threads > POOL_MAX ? POOL_MAX : threads;
    p->session.kernels = kernels_best();
    p->sink = (struct sink){.self = p, .digest = digest_of};
    st = pool_init(&p->session.pool, threads, e);
    if (!st)
        st = query_open(&p->session.query, store_path, e);
    if (st)
        past_release(p);
    return st;
}

static void drop_trainer(struct past *p)
{
    if (!p->trainer)
        return;
    trainer_release(p->trainer);
    free(p->trainer);
    p->trainer = NULL;
}

static void forget(struct past *p)
{
    drop_trainer(p);
    for (int i = 0; i < PAST_KEPT; i++)
        inspect_state_free(&p->kept[i]);
    memset(&p->run, 0, sizeof p->run);
}

void past_release(struct past *p)
{
    forget(p);
    if (p->session.query)
        query_close(p->session.query);
    pool_release(p->session.pool);
    memset(p, 0, sizeof *p);
}

enum status past_find(struct past *p, int64_t run, struct record_run *out, struct err *e)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)run);
    return query_run(p->session.query, id, out, e);
}

/* The copy of the latest state at or before `step`; -1. */
static int nearest(const struct past *p, int64_t step)
{
    int best = -1;
    for (int i = 0; i < PAST_KEPT; i++)
        if (p->kept[i].block && p->kept[i].step <= step && (best < 0 || p->kept[i].step > p->kept[best].step))
            best = i;
    return best;
}

static enum status keep(struct past *p, struct err *e)
{
    int at = nearest(p, p->trainer->step);
    enum status st = ST_OK;
    if (at < 0 || p->kept[at].step != p->trainer->step) {
        at = 0;
        for (int i = 1; i < PAST_KEPT; i++)
            if (p->used[i] < p->used[at])
                at = i;
        st = inspect_save(&p->kept[at], p->trainer, e);
    }
    p->used[at] = ++p->clock;
    return st;
}

const struct inspect_state *past_state(const struct past *p)
{
    int at = p->trainer ? nearest(p, p->trainer->step) : -1;
    return at >= 0 && p->kept[at].step == p->trainer->step ? &p->kept[at] : NULL;
}

static enum status load(struct past *p, const struct record_run *run, int64_t step, struct err *e)
{
    enum status st;
    drop_trainer(p);
    st = session_load(&p->session, run, step, &p->trainer, e);
    if (st)
        return st;
    /* An evaluation changes nothing that counts, and the last one of a run is long. */
    p->trainer->set.eval.every = 0;
    p->trainer->set.rl.steps = 0;
    return ST_OK;
}

/* Brings the trainer to the known state that is nearest before `step`. */
static enum status start_from(struct past *p, const struct record_run *run, int64_t step,
                              const struct past_hooks *h, struct err *e)
{
    struct trainer *t = p->trainer;
    int copy = t ? nearest(p, step) : -1;
    int64_t here = t && !t->torn && t->step <= step ? t->step : -1,
            there = copy >= 0 ? p->kept[copy].step : -1, stored;
    enum status st = ST_OK;
    if (here < step && there < step) {
        st = query_keyframe_before(p->session.query, run->id, step, &stored, e);
        if (!st && stored > here && stored > there) {
            past_tell(h, 0, "reading step %lld", (long long)stored);
            return load(p, run, step, e);
        }
        if (st && here < 0 && there < 0)
            return st;
    }
    if (there > here)
        inspect_restore(&p->kept[copy], t);
    return ST_OK;
}

enum status past_go(struct past *p, int64_t id, int64_t step, const struct past_hooks *h, struct err *e)
{
    struct trainer_hooks hooks = {h ? h->gate : NULL, &p->sink};
    struct record_run run;
    int64_t from;
    enum status st = past_find(p, id, &run, e);
    if (st)
        return st;
    if (strcmp(run.stage, "grpo"))
        return err_set(e, ST_USAGE, "probe", "%s is a run of stage %s: only GRPO steps sample traces",
                       run.name, run.stage);
    if (step < 0 || step > run.step)
        return err_set(e, ST_NOTFOUND, "probe", "%s has steps up to %lld, not %lld", run.name,
                       (long long)run.step, (long long)step);
    if (p->run.id != run.id || p->run.created != run.created)
        forget(p);
    p->run = run;
    st = start_from(p, &run, step, h, e);
    if (st)
        return st;
    p->trainer->head = run.step;
    from = p->trainer->step;
    while (p->trainer->step < step && !st) {
        past_tell(h, (double)(p->trainer->step - from) / (double)(step - from), "replaying to step %lld",
                  (long long)step);
        st = trainer_step(p->trainer, &hooks, e);
    }
    if (!st)
        return keep(p, e);
    if (p->trainer->torn)
        drop_trainer(p);
    return st;
}

enum status past_take(struct past *p, int64_t step, const struct past_hooks *h, struct err *e)
{
    struct trainer_hooks hooks = {h ? h->gate : NULL, &p->sink};
    enum status st;
    if (!p->trainer || p->trainer->step != step - 1)
        return err_set(e, ST_USAGE, "probe", "step %lld is not the next one", (long long)step);
    past_tell(h, 0.5, "taking step %lld once more", (long long)step);
    st = trainer_step(p->trainer, &hooks, e);
    if (!st)
        return keep(p, e);
    if (p->trainer->torn)
        drop_trainer(p);
    return st;
}
