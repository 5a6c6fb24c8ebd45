/* Breakpoints and the session.
 *
 * A candidate has to be tested under the weights that sampled it. They are there as long as the step's
 * update has not begun, which is a gate: the tests are made in front of it, on the decoders that the
 * rollout is done with. They use a random stream of their own and change nothing, so no bit of the run
 * depends on them; their time counts as held, not as the step's.
 *
 * Invariant: the round is that of the step under way or of the last one taken. */
#include "app/session/session_break.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/session/session.h"
#include "engine/run/resample.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The gate of the tests: a pause holds, a cancel lets out; steps by token or phase are not used up by it. */
static enum status wait_while_paused(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct session *s = ctx;
    struct control *c = &s->control;
    enum status st;
    (void)kind;
    (void)unit;
    (void)worker;
    pthread_mutex_lock(&c->lock);
    if (c->mode == CONTROL_HOLD && !c->cancel) { /* that it stands is to be seen */
        pthread_mutex_unlock(&c->lock);
        session_publish(s, 1);
        pthread_mutex_lock(&c->lock);
    }
    while (c->mode == CONTROL_HOLD && !c->cancel)
        pthread_cond_wait(&c->changed, &c->lock);
    st = c->cancel ? ST_CANCELLED : ST_OK;
    pthread_mutex_unlock(&c->lock);
    return st;
}

static void keep(struct aha_round *r, int64_t step, int group, int index, const struct aha_test *t)
{
    if (r->findings_n < ROUND_FINDINGS)
        r->finding[r->findings_n++] = (struct record_finding){.step = step,
                                                              .group = group,
                                                              .index = index,
                                                              .kind = FINDING_AHA,
                                                              .token = t->token,
                                                              .right = t->with_right,
                                                              .n = t->with_n,
                                                              .without_right = t->without_right,
                                                              .without_n = t->without_n,
                                                              .p = t->p,
                                                              .verified = t->verified};
}

/* The candidates of trace i, until one is verified. */
static enum status test_trace(struct session *s, int i, struct marks *marks, struct str *text, struct err *e)
{
    struct aha_round *r = &s->round;
    struct trainer *t = s->trainer;
    const struct batch *b = &t->batch;
    struct gate gate = {s, wait_while_paused, NULL};
    atomic_long tokens = 0;
    int group = i / b->G;
    struct inspect_trace trace = {b->prompt[group], b->token + (size_t)i * b->cap, b->prompt_n[group],
                                  atomic_load(&b->n[i])};
    struct resample_place place = {.problem = &b->problem[group],
                                   .trace = &trace,
                                   .group = group,
                                   .index = i % b->G,
                                   .banned = -1,
                                   .samples = RESAMPLE_USUAL,
                                   .sampled = &tokens};
    enum status st = ST_OK;
    str_clear(text);
    vocab_decode(&t->vocab, trace.token, trace.n, text);
    t->task.scenario->analyse(t->task.self, place.problem, str_c(text), text->n, b->score[i].accuracy, marks);
    for (int m = 0; !st && !r->verified && m < marks->n && m < MARKS_MAX; m++) {
        const struct mark *mark = &marks->mark[m];
        struct aha_test test;
        if (mark->kind != MARK_AHA)
            continue;
        place.at = 0;
        for (int c = 0; c < mark->begin; c++) /* tokens are divided by single blanks */
            place.at += str_c(text)[c] == ' ';
        st = resample_aha(t, &place, &gate, &test, e);
        if (st)
            break;
        r->tested++;
        r->verified = test.verified;
        keep(r, t->step + 1, group, place.index, &test);
        if (test.verified)
            snprintf(
                r->note, sizeof r->note,
                "right %d of %d with `%.*s`, %d of %d without (p %.1g), token %d of completion %d of group %d",
                test.with_right, test.with_n, mark->end - mark->begin < 16 ? mark->end - mark->begin : 16,
                str_c(text) + mark->begin, test.without_right, test.without_n, test.p, test.token,
                place.index + 1, group + 1);
    }
    r->tokens += atomic_load(&tokens);
    return st;
}

static enum status test_step(struct session *s, struct err *e)
{
    const struct batch *b = &s->trainer->batch;
    struct marks *marks = malloc(sizeof *marks);
    struct str text = {0};
    enum status st = marks ? ST_OK : err_set(e, ST_NOMEM, "break", "no memory for the marks of a trace");
    for (int i = 0; !st && i < b->N && !s->round.verified; i++)
        if (b->counts[i].ahas > 0)
            st = test_trace(s, i, marks, &text, e);
    str_free(&text);
    free(marks);
    return st;
}

/* The step's gate. What goes wrong with the tests is said and is no reason to stop a run. */
static enum status at_gate(void *ctx, enum gate_kind kind, int unit, int worker)
{
    struct session *s = ctx;
    struct aha_round *r = &s->round;
    if (kind == GATE_PHASE && unit == PHASE_UPDATE && s->trainer->stage == STAGE_GRPO && !r->is_tested &&
        (s->wants_aha || breakpoints_use(&s->breakpoints, Q_AHA_VERIFIED))) {
        struct err e = {0};
        double start = now();
        enum status st = test_step(s, &e);
        r->seconds = now() - start;
        r->all_seconds += r->seconds;
        if (st == ST_CANCELLED)
            return st;
        if (st)
            session_say(s, 1, "aha.verified: %s: %s", e.where, e.msg);
        r->is_tested = !st;
    }
    return gate_point(&r->control, kind, unit, worker);
}

static double held(void *ctx)
{
    struct aha_round *r = &((struct session *)ctx)->round;
    return gate_held(&r->control) + r->all_seconds;
}

void session_round_gate(struct session *s, struct gate *out)
{
    struct aha_round *r = &s->round;
    double all = r->all_seconds;
    memset(r, 0, sizeof *r);
    r->session = s;
    r->control = s->gate;
    r->all_seconds = all;
    *out = (struct gate){s, at_gate, held};
}

static void stop(struct session *s, int number, const char *why)
{
    control_pause(&s->control);
    session_say(s, 0, "breakpoint %d: %s", number, why);
    session_log(s, "breakpoint %d: %s", number, why);
}

void session_break(struct session *s)
{
    struct trainer *t = s->trainer;
    struct aha_round *r = &s->round;
    struct break_step now = {.run = &s->run,
                             .step = t->step,
                             .metric = t->metric,
                             .verified = r->is_tested ? r->verified : -1,
                             .tested = r->tested,
                             .tokens = r->tokens,
                             .seconds = r->seconds,
                             .note = r->note};
    char why[BREAK_WHY], cost[80];
    struct err e = {0};
    int number;
    if (r->findings_n && s->is_locked && store_findings(s->store, s->run.id, r->finding, r->findings_n, &e))
        session_say(s, 1, "%s: %s", e.where, e.msg);
    if (r->tested && r->verified) {
        size_t n = strlen(r->note);
        snprintf(cost, sizeof cost, "; %ld tested in %.2f s, %ld tokens", r->tested, r->seconds, r->tokens);
        snprintf(r->note + n, sizeof r->note - n, "%s", cost);
    }
    number = breakpoints_test(&s->breakpoints, s->query, &now, why);
    if (number)
        stop(s, number, why);
}

void session_break_failed(struct session *s)
{
    char why[BREAK_WHY], said[sizeof s->message];
    int number = breakpoints_failed(&s->breakpoints, &s->run, s->trainer->step + 1, why);
    if (!number)
        return;
    snprintf(said, sizeof said, "%s", s->message);
    session_say(s, 1, "breakpoint %d: %.200s", number, said);
    session_log(s, "breakpoint %d: %s", number, why);
}
