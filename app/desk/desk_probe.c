/* From what is looked at to a question for the probe. A trace on record is named by its place; one that is
 * being sampled goes along as text, for it is nowhere else. */
#include <stdio.h>
#include <string.h>

#include "app/desk/desk.h"
#include "app/session/probe_answer.h"

/* Where a run at full speed is shown, its groups are held while steps go by: they are of a step that nobody
 * knows. */
static int is_racing(const struct desk *d)
{
    const struct snapshot *s = d->live;

    return d->at < 0 && (s->state == RUN_RUNNING || s->state == RUN_REPLAYING) && d->held->groups_n > 0;
}

static enum status add_text(struct probe_question *q, const struct snap_follow *f, struct err *e)
{
    if (f->prompt_n < 1 || f->prompt_n >= (int)sizeof q->prompt || f->text_n < f->prompt_n)
        return err_set(e, ST_NOTFOUND, "probe", "there is no trace here yet");
    memcpy(q->prompt, f->text, (size_t)f->prompt_n);
    q->prompt[f->prompt_n] = 0;
    memcpy(q->text, f->text + f->prompt_n, (size_t)(f->text_n - f->prompt_n));
    q->text[f->text_n - f->prompt_n] = 0;
    return ST_OK;
}

enum status desk_question(const struct desk *d, enum probe_what what, struct probe_question *q, struct err *e)
{
    const struct snapshot *s = desk_shown(d);

    memset(q, 0, sizeof *q);
    if (!s || !s->run_id || strcmp(s->stage, "grpo"))
        return err_set(e, ST_NOTFOUND, "probe", "only the steps of a GRPO run have traces to ask about");
    if (is_racing(d))
        return err_set(e, ST_BUSY, "probe", "steps go by too fast to ask about one: pause first (space)");
    q->what = what;
    q->run = s->run_id;
    q->step = s->step;
    q->is_finished = s->step <= snapshot_last(s);
    q->at = -1;
    if (what == PROBE_ROUTING &&
        !q->is_finished) { /* its traces are not all there yet: those of the step before */
        q->step = snapshot_last(s);
        q->is_finished = 1;
    }
    if (q->step < 1)
        return err_set(e, ST_NOTFOUND, "probe", "no step has been taken yet");
    if (what == PROBE_ROUTING)
        return ST_OK;
    q->group = s->follow.group;
    q->index = s->follow.index;
    q->n = s->follow.tokens_n;
    if (q->group < 0 || q->index < 0)
        return err_set(e, ST_NOTFOUND, "probe", "there is no trace here yet");
    return q->is_finished ? ST_OK : add_text(q, &s->follow, e);
}

enum status desk_probe(struct desk *d, enum probe_what what, int at, int samples, struct err *e)
{
    struct probe_question q;
    enum status st = desk_question(d, what, &q, e);

    if (st)
        return st;
    if (what == PROBE_WHAT_IF)
        return err_set(e, ST_USAGE, "probe", "rewards and an objective are wanted: see desk_question");
    q.at = at;
    q.samples = samples;
    if (what == PROBE_ROUTING ? d->routing->run == q.run && d->routing->step == q.step && d->routing->version
                              : d->facts->version && probe_is_known(&q, d->facts))
        return ST_OK;
    return probe_ask(&d->probe, &q, e);
}
