/* The probe: answers about old steps are what training saw, whenever and beside whatever they are asked, and
 * no run notices. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/desk/desk.h"
#include "app/session/probe_answer.h"
#include "app/session/session.h"
#include "engine/run/publish.h"

static const char *const tiny[] = {
    "model.width=32",
    "base.steps=2",
    "cold.steps=60",
    "base.documents=4",
    "cold.documents=8",
    "rl.steps=6",
    "rl.prompts=4",
    "rl.group=4",
    "rl.max_tokens=48",
    "eval.every=3",
    "eval.problems=4",
    "eval.final_problems=6",
    "eval.k=2",
    "rl.reference_every=3",
    "rl.beta=0.01",
    "rl.cut_off=overlong",
    "rl.overlong_cache=16",
    "rl.drop_flat=0",
};
enum { TINY = sizeof tiny / sizeof *tiny };

static struct err e;
static char path[512];
static struct session s;
static struct past past;
static struct trace_facts *facts;
static struct query_step step;

static void must(enum status st)
{
    cr_assert_eq(st, ST_OK, "%s: %s", e.where, e.msg);
}

static void open_run(void)
{
    const char *dir = getenv("TMPDIR");
    static struct settings set;
    uint64_t seed = 1;
    snprintf(path, sizeof path, "%s/probe-XXXXXX", dir ? dir : "/tmp");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/lab.db");
    must(presets_load("quick", tiny, TINY, &set, &seed, &e));
    must(session_init(&s, path, 1, &e));
    s.follow_chain = 1;
    must(session_new(&s, &set, seed, "", &e));
}

static void run_to(int64_t last)
{
    while (s.trainer->stage != STAGE_GRPO || s.trainer->step < last)
        must(session_step(&s, &e));
}

/* A run of six GRPO steps on record, and a past to ask about it. */
static void set_up(void)
{
    open_run();
    run_to(6);
    must(past_init(&past, path, 1, &e));
    facts = calloc(1, sizeof *facts);
}

static struct probe_question *question(enum probe_what what, int64_t at, int group, int index)
{
    static struct probe_question q[8];
    static int next;
    struct probe_question *x = &q[next++ % 8];
    *x = (struct probe_question){.what = what,
                                 .run = s.run.id,
                                 .step = at,
                                 .is_finished = 1,
                                 .group = group,
                                 .index = index,
                                 .at = -1};
    return x;
}

static enum status answer(const struct probe_question *q)
{
    return probe_answer(&past, q, &(struct probe_facts){.trace = facts}, NULL, &e);
}

static const struct record_trace *on_record(int64_t at, int group, int index)
{
    must(query_step(s.query, s.run.id, at, 1, &step, &e));
    for (int i = 0; i < step.traces_n; i++)
        if (step.trace[i].group == group && step.trace[i].index == index)
            return &step.trace[i];
    cr_assert_fail("no trace %d/%d in step %d", group, index, (int)at);
    return NULL;
}

/* What a run that takes the step anew computes of it. */
static void compare_with_training(int64_t at, int group, int index)
{
    struct session other;
    const struct batch *b;
    size_t trace;
    must(session_init(&other, path, 1, &e));
    must(session_open(&other, s.run.name, at - 1, 0, &e));
    must(session_step(&other, &e));
    b = &other.trainer->batch;
    trace = (size_t)(group * b->G + index);
    cr_assert_eq(facts->n, atomic_load(&b->n[trace]));
    for (int i = 0; i < facts->n; i++) {
        size_t k = trace * (size_t)b->cap + (size_t)i;
        cr_assert_eq(facts->logp[i], b->logp_old[k], "step %d, token %d: %.9g, %.9g", (int)at, i,
                     (double)facts->logp[i], (double)b->logp_old[k]);
        cr_assert_eq(facts->ref_logp[i], b->logp_ref[k], "reference, token %d", i);
        cr_assert(isfinite(facts->new_logp[i]) && facts->new_logp[i] != facts->logp[i]);
    }
    session_release(&other);
}

Test(probe, tokens_of_any_step_are_those_that_training_saw)
{
    /* Back and forth: by replay, from a copy, from a keyframe, past a replaced reference. */
    static const int64_t at[] = {5, 2, 6, 4, 5, 1};
    set_up();
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        const struct record_trace *t = on_record(at[i], (int)i % 4, 1);
        must(answer(question(PROBE_TOKENS, at[i], (int)i % 4, 1)));
        cr_assert(facts->has_tokens && facts->run == s.run.id && facts->step == at[i] && facts->n == t->n);
        for (int k = 0; k < t->n; k++)
            cr_assert_float_eq(facts->logp[k], t->logp[k], 2e-3, "near what the sampler had");
        compare_with_training(at[i], (int)i % 4, 1);
        query_step_free(&step);
    }
    past_release(&past);
    session_release(&s);
}

/* The same trace, once from the record and once as text while its step was under way. */
Test(probe, a_step_under_way_is_asked_about_by_its_text)
{
    struct probe_question *q;
    struct trace_facts *live = calloc(1, sizeof *live);
    struct str text = {0};
    const struct record_trace *t;
    set_up();
    t = on_record(6, 2, 3);
    must(answer(question(PROBE_TOKENS, 6, 2, 3)));
    must(answer(question(PROBE_VALUES, 6, 2, 3)));
    q = question(PROBE_TOKENS, 6, 2, 3);
    q->is_finished = 0;
    q->n = t->n;
    vocab_decode(&past.trainer->vocab, t->token, t->n, &text);
    snprintf(q->prompt, sizeof q->prompt, "%s ", step.group[2].prompt);
    snprintf(q->text, sizeof q->text, "%s", str_c(&text));
    must(probe_answer(&past, q, &(struct probe_facts){.trace = live}, NULL, &e));
    for (int i = 0; i < t->n; i++) {
        cr_assert_eq(live->logp[i], facts->logp[i]);
        cr_assert_str_eq(live->word[i][0], facts->word[i][0]);
        cr_assert(isnan(live->new_logp[i]), "nothing comes after it yet");
    }
    q->what = PROBE_VALUES;
    must(probe_answer(&past, q, &(struct probe_facts){.trace = live}, NULL, &e));
    cr_assert(live->values_n == facts->values_n && live->values_n > 0);
    for (int i = 0; i < live->values_n; i++)
        cr_assert(live->value[i].right == facts->value[i].right &&
                  live->value[i].token == facts->value[i].token);
    /* On record by now: what it lacks is added. */
    q = question(PROBE_TOKENS, 6, 2, 3);
    cr_assert(!probe_is_known(q, live));
    must(probe_answer(&past, q, &(struct probe_facts){.trace = live}, NULL, &e));
    cr_assert(probe_is_known(q, live) && live->values_n == facts->values_n);
    q->prompt[0] = 'X';
    q->is_finished = 0;
    cr_assert_eq(probe_answer(&past, q, &(struct probe_facts){.trace = live}, NULL, &e), ST_NOTFOUND);
    str_free(&text);
    query_step_free(&step);
    past_release(&past);
    session_release(&s);
}

static void count(void *ctx)
{
    ++*(int *)ctx;
}

Test(probe, values_stand_in_order_and_are_kept)
{
    struct probe_question *q;
    int n, changes = 0;
    struct past_hooks h = {.changed = count, .ctx = &changes};
    set_up();
    must(answer(question(PROBE_VALUES, 3, 1, 0)));
    n = facts->values_n;
    cr_assert(n >= 2 && facts->value[0].token == 0 && facts->value[n - 1].token == facts->n);
    must(probe_answer(&past, question(PROBE_VALUES, 3, 1, 0), &(struct probe_facts){.trace = facts}, &h, &e));
    cr_assert_eq(changes, 0, "what is known is not found out again");
    must(probe_answer(&past, question(PROBE_VALUES, 3, 1, 1), &(struct probe_facts){.trace = facts}, &h, &e));
    cr_assert_eq(changes, facts->values_n, "every place is told");
    must(answer(question(PROBE_VALUES, 3, 1, 0)));
    for (int i = 0; i < n; i++)
        cr_assert(facts->value[i].n == 32 && facts->value[i].right >= 0 && facts->value[i].right <= 32);
    q = question(PROBE_VALUES, 3, 1, 0);
    q->at = 1;
    q->samples = 7;
    must(answer(q));
    cr_assert(facts->values_n == n + 1 && facts->value[1].token == 1 && facts->value[1].n == 7);
    q->samples = 9;
    must(answer(q));
    cr_assert(facts->values_n == n + 1 && facts->value[1].n == 9, "more samples take the place of fewer");
    for (int i = 1; i <= facts->n; i++) {
        q->at = i;
        q->samples = 1;
        must(answer(q));
    }
    for (int i = 1; i < facts->values_n; i++)
        cr_assert_gt(facts->value[i].token, facts->value[i - 1].token);
    cr_assert_eq(facts->value[1].n, 9, "what is known better is not found out again");
    q->at = facts->n + 1;
    cr_assert_eq(answer(q), ST_USAGE);
    must(answer(question(PROBE_TOKENS, 3, 1, 1)));
    cr_assert_eq(facts->values_n, 0, "another trace");
    past_release(&past);
    session_release(&s);
}

Test(probe, any_token_can_be_tested_and_a_trace_may_have_no_candidate)
{
    struct record_finding finding[FACT_TESTS];
    struct probe_question *q;
    set_up();
    cr_assert_eq(answer(question(PROBE_AHA, 3, 1, 0)), ST_NOTFOUND);
    q = question(PROBE_AHA, 3, 1, 0);
    q->at = 2;
    must(answer(q));
    cr_assert(facts->tests_n == 1 && facts->test[0].token == 2 && facts->test[0].with_n == 32);
    cr_assert(probe_is_known(q, facts));
    cr_assert_eq(probe_findings(facts, finding, FACT_TESTS), 1);
    cr_assert(finding[0].kind == FINDING_AHA && finding[0].token == 2 && finding[0].step == 3 &&
              finding[0].group == 1);
    must(store_findings(s.store, s.run.id, finding, 1, &e));
    past_release(&past);
    session_release(&s);
}

/* A group that is not on record yet is sampled again, to the token. */
Test(probe, what_if_needs_no_record)
{
    static struct what_if_facts a, b;
    struct str text = {0};
    struct probe_question *q;
    struct problem problem;
    struct rng r;
    open_run();
    run_to(3);
    must(past_init(&past, path, 1, &e));
    must(past_go(&past, s.run.id, 3, NULL, &e));
    r = rng_at(s.run.seed, RNG_PROBLEM, 4, 2, 0);
    past.trainer->set.scenario->draw(past.trainer->task_self, &r, &problem);
    past.trainer->set.scenario->prompt(past.trainer->task_self, &problem, &text);
    q = question(PROBE_WHAT_IF, 4, 2, 0);
    q->objective = (struct objective){LOSS_GRPO, STD_SAMPLE, 0.2, 0.2, 0, 48};
    q->reward[1] = 1;
    q->is_finished = 0;
    snprintf(q->prompt, sizeof q->prompt, "%s ", str_c(&text));
    must(probe_answer(&past, q, &(struct probe_facts){.what_if = &a}, NULL, &e));
    cr_assert(a.run == s.run.id && a.step == 4 && a.n == 4 && a.group == 2 && a.change[1] > 0 &&
              a.grad_norm > 0);
    run_to(4);
    q->is_finished = 1;
    q->prompt[0] = 0;
    must(probe_answer(&past, q, &(struct probe_facts){.what_if = &b}, NULL, &e));
    cr_assert_eq(a.grad_norm, b.grad_norm, "the same gradient: %.9g, %.9g", a.grad_norm, b.grad_norm);
    cr_assert_eq(a.kl, b.kl);
    cr_assert(a.lr == s.trainer->metric[M_LR] && b.lr == a.lr, "the step's own rate, on record or not: %g",
              a.lr);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(a.advantage[i], b.advantage[i]);
        cr_assert_eq(a.change[i], b.change[i], "completion %d: %g, %g", i, a.change[i], b.change[i]);
    }
    str_free(&text);
    past_release(&past);
    session_release(&s);
}

Test(probe, routing_covers_the_whole_step)
{
    struct routing_facts *r = calloc(1, sizeof *r);
    long tokens = 0;
    set_up();
    must(
        probe_answer(&past, question(PROBE_ROUTING, 2, 0, 0), &(struct probe_facts){.routing = r}, NULL, &e));
    on_record(2, 0, 0);
    for (int i = 0; i < step.traces_n; i++)
        tokens += step.trace[i].n - 1;
    cr_assert(r->step == 2 && r->tokens == tokens && r->layers_n == step.layers_n &&
              r->experts_n == step.experts_n);
    query_step_free(&step);
    past_release(&past);
    session_release(&s);
    free(r);
}

Test(probe, what_there_is_not_is_told)
{
    set_up();
    cr_assert_eq(answer(question(PROBE_TOKENS, 9, 0, 0)), ST_NOTFOUND);
    cr_assert_eq(answer(question(PROBE_TOKENS, 3, 9, 0)), ST_NOTFOUND);
    cr_assert_eq(answer(question(PROBE_TOKENS, 3, 0, 4)), ST_NOTFOUND);
    cr_assert_eq(answer(question(PROBE_TOKENS, 0, 0, 0)), ST_NOTFOUND);
    question(PROBE_TOKENS, 2, 0, 0)->run = 1;
    cr_assert_eq(answer(&(struct probe_question){.what = PROBE_TOKENS, .run = 1, .step = 1}), ST_USAGE,
                 "a base run");
    must(answer(question(PROBE_TOKENS, 3, 0, 0)));
    past_release(&past);
    session_release(&s);
}

/* Threads. The loop below only waits for what has to come. */
static struct probe probe;
static char doing[96];

static void wait_until_idle(struct err *failed)
{
    failed->code = ST_OK;
    do {
        struct err news;
        usleep(1000);
        probe_look(&probe, facts, NULL, NULL, doing, NULL, &news);
        if (news.code)
            *failed = news;
    } while (probe_is_busy(&probe));
    probe_look(&probe, facts, NULL, NULL, doing, NULL, NULL);
}

Test(probe, beside_a_run_that_trains_nothing_changes)
{
    struct digest with, without;
    struct err failed;
    static float logp[SNAP_TOKENS];
    int64_t id;
    open_run();
    run_to(6);
    without = trainer_digest(s.trainer);
    session_release(&s);
    open_run();
    run_to(2);
    id = s.run.id;
    facts = calloc(1, sizeof *facts);
    must(probe_init(&probe, path, s.box.wake, &e));
    for (int i = 0; i < 4; i++) {
        must(probe_ask(&probe, question(PROBE_TOKENS, 2, i, 0), &e));
        must(probe_ask(&probe, question(PROBE_VALUES, 2, i, 0), &e));
        run_to(3 + i);
    }
    with = trainer_digest(s.trainer);
    cr_assert(digest_equal(&with, &without), "the run has other bits");
    wait_until_idle(&failed);
    cr_assert_eq(failed.code, ST_OK, "%s: %s", failed.where, failed.msg);
    cr_assert(facts->run == id && facts->step == 2 && facts->group == 3 && facts->has_tokens &&
                  facts->values_n > 1,
              "the newest question is answered");
    cr_assert_str_empty(doing);
    memcpy(logp, facts->logp, sizeof logp);
    compare_with_training(2, 3, 0);
    probe_release(&probe);
    session_release(&s);
}

Test(probe, a_failed_question_is_told_once_and_fails_again)
{
    struct err failed;
    set_up();
    past_release(&past);
    must(probe_init(&probe, path, -1, &e));
    must(probe_ask(&probe, question(PROBE_TOKENS, 40, 0, 0), &e));
    wait_until_idle(&failed);
    cr_assert_eq(failed.code, ST_NOTFOUND);
    wait_until_idle(&failed);
    cr_assert_eq(failed.code, ST_OK, "told once");
    cr_assert_eq(probe_ask(&probe, question(PROBE_TOKENS, 40, 0, 0), &e), ST_NOTFOUND);
    must(probe_ask(&probe, question(PROBE_TOKENS, 4, 0, 0), &e));
    wait_until_idle(&failed);
    cr_assert(failed.code == ST_OK && facts->has_tokens && facts->step == 4);
    probe_release(&probe);
    session_release(&s);
}

/* A short question interrupts a long one, which is answered to its end after it. */
Test(probe, long_answers_give_way_and_go_on)
{
    struct trace_facts *alone;
    struct probe_question *q;
    struct err failed;
    int known = 0;
    set_up();
    q = question(PROBE_VALUES, 5, 0, 2);
    q->samples = 1000;
    must(answer(q));
    alone = facts;
    past_release(&past);
    facts = calloc(1, sizeof *facts);
    must(probe_init(&probe, path, -1, &e));
    q = question(PROBE_VALUES, 5, 0, 2);
    q->samples = 1000;
    must(probe_ask(&probe, q, &e));
    usleep(20000);
    must(probe_ask(&probe, question(PROBE_TOKENS, 5, 0, 2), &e));
    while (!facts->has_tokens) {
        usleep(1000);
        probe_look(&probe, facts, NULL, NULL, NULL, NULL, NULL);
    }
    for (int i = 0; i < facts->values_n; i++)
        known += facts->value[i].n == 1000;
    cr_assert_lt(known, alone->values_n, "the long answer went first");
    wait_until_idle(&failed);
    cr_assert_eq(failed.code, ST_OK);
    cr_assert(facts->has_tokens && facts->values_n == alone->values_n);
    for (int i = 0; i < alone->values_n; i++)
        cr_assert(facts->value[i].token == alone->value[i].token && facts->value[i].n == 1000 &&
                      facts->value[i].right == alone->value[i].right,
                  "place %d", alone->value[i].token);
    probe_release(&probe);
    session_release(&s);
}

/* The probe's thread rings after whatever it tells. An eventfd that is full holds it there until it is read
 * once, so that what lies between two of its steps can be seen. */
static int full_wake(void)
{
    uint64_t most = UINT64_MAX - 1;
    int wake = eventfd(0, EFD_SEMAPHORE);
    cr_assert(wake >= 0 && write(wake, &most, sizeof most) == sizeof most);
    return wake;
}

/* Lets the thread go on from what it told to the next thing; returns when *f is newer, still holding it
 * there. */
static void next_answer(int wake, struct what_if_facts *f)
{
    uint64_t was = f->version, one;
    for (int waited = 0; f->version <= was; waited++) {
        cr_assert(waited < 30000, "no answer comes");
        if (probe_look(&probe, NULL, NULL, f, NULL, NULL, NULL) && f->version <= was)
            cr_assert_eq(read(wake, &one, sizeof one), (ssize_t)sizeof one);
        else
            usleep(1000);
    }
}

/* A question may be put again by somebody who has its answer and forgot it, in the very moment in which it
 * ends. */
Test(probe, what_is_asked_again_is_told_again)
{
    static struct what_if_facts f;
    struct probe_question *q;
    uint64_t one;
    int wake = full_wake();
    set_up();
    past_release(&past);
    must(probe_init(&probe, path, wake, &e));
    q = question(PROBE_WHAT_IF, 4, 2, 0);
    q->objective = (struct objective){LOSS_GRPO, STD_SAMPLE, 0.2, 0.2, 0, 48};
    q->reward[1] = 1;
    must(probe_ask(&probe, q, &e));
    next_answer(wake, &f);
    cr_assert(probe_is_busy(&probe), "told, and not yet at its end");
    must(probe_ask(&probe, q, &e));
    cr_assert_eq(read(wake, &one, sizeof one), (ssize_t)sizeof one);
    next_answer(wake, &f);
    for (int i = 0; i < 100; i++) /* nobody holds it any more */
        cr_assert_eq(read(wake, &one, sizeof one), (ssize_t)sizeof one);
    probe_release(&probe);
    session_release(&s);
    close(wake);
}

/* A question about another trace ends the one under way; leaving does not wait for an answer. */
Test(probe, a_long_answer_is_given_up)
{
    struct probe_question *q;
    struct err failed;
    set_up();
    past_release(&past);
    must(probe_init(&probe, path, -1, &e));
    q = question(PROBE_VALUES, 5, 0, 2);
    q->samples = 1024;
    must(probe_ask(&probe, q, &e));
    usleep(20000);
    must(probe_ask(&probe, question(PROBE_TOKENS, 4, 1, 1), &e));
    wait_until_idle(&failed);
    cr_assert(failed.code == ST_OK && facts->step == 4 && facts->group == 1 && facts->has_tokens);
    must(probe_ask(&probe, q, &e));
    usleep(20000);
    probe_release(&probe);
    session_release(&s);
}

/* The desk: from what is on the screen to the question. */
static struct desk desk;

/* The live snapshot as the engine's thread would publish it. */
static void publish(enum run_state state, int64_t head)
{
    struct control_view view = {.follow = FOLLOW_PINNED, .follow_group = 1, .follow_index = 2};
    publish_fill(desk.live, s.trainer, &view);
    desk.live->version++;
    desk.live->run_id = s.run.id;
    desk.live->state = state;
    desk.live->head = head;
}

static enum status stop_at_update(void *ctx, enum gate_kind kind, int unit, int worker)
{
    (void)ctx, (void)worker;
    return kind == GATE_PHASE && unit == PHASE_UPDATE ? ST_CANCELLED : ST_OK;
}

static void answer_of_desk(void)
{
    do {
        usleep(1000);
        desk_take(&desk);
    } while (probe_is_busy(&desk.probe));
    desk_take(&desk);
}

Test(probe, the_desk_asks_about_what_it_shows)
{
    struct gate gate = {.point = stop_at_update};
    struct trainer_hooks hooks = {.gate = &gate};
    static struct probe_question q;
    set_up();
    past_release(&past);
    must(desk_init(&desk, &s, &e));
    cr_assert_eq(desk_probe(&desk, PROBE_TOKENS, -1, 0, &e), ST_NOTFOUND, "nothing is shown yet");
    /* Just committed: the batch in memory is that of a step on record. */
    publish(RUN_PAUSED, 6);
    must(desk_question(&desk, PROBE_TOKENS, &q, &e));
    cr_assert(q.run == s.run.id && q.step == 6 && q.is_finished && q.group == 1 && q.index == 2 &&
              !q.prompt[0]);
    must(desk_probe(&desk, PROBE_TOKENS, -1, 0, &e));
    answer_of_desk();
    cr_assert(desk.facts->has_tokens && desk.facts->step == desk.live->step && desk.facts->run == s.run.id);
    cr_assert_eq(desk.facts->n, desk.live->follow.tokens_n);
    must(desk_probe(&desk, PROBE_TOKENS, -1, 0, &e));
    cr_assert(!probe_is_busy(&desk.probe), "what is known is not asked again");
    /* In the middle of the next one. */
    cr_assert_eq(trainer_step(s.trainer, &hooks, &e), ST_CANCELLED);
    publish(RUN_PAUSED, 6);
    cr_assert_eq(desk.live->step, 7);
    must(desk_question(&desk, PROBE_TOKENS, &q, &e));
    cr_assert(q.step == 7 && !q.is_finished && q.n == desk.live->follow.tokens_n);
    must(desk_probe(&desk, PROBE_TOKENS, -1, 0, &e));
    answer_of_desk();
    cr_assert(desk.facts->has_tokens && desk.facts->step == 7 && desk.facts->n == desk.live->follow.tokens_n);
    for (int i = 0; i < desk.facts->n; i++)
        cr_assert_float_eq(desk.facts->logp[i], desk.live->follow.logp[i], 2e-3, "token %d", i);
    /* Its routing is asked of the step before, which is whole. */
    must(desk_question(&desk, PROBE_ROUTING, &q, &e));
    cr_assert(q.step == 6 && q.is_finished);
    must(desk_probe(&desk, PROBE_ROUTING, -1, 0, &e));
    answer_of_desk();
    cr_assert(desk.routing->step == 6 && desk.routing->tokens > 0);
    /* The same step once more after a rewind: it is on record, so what came after it is known, too. */
    publish(RUN_PAUSED, 7);
    must(desk_question(&desk, PROBE_TOKENS, &q, &e));
    cr_assert(q.step == 7 && q.is_finished);
    /* At full speed the groups on the screen are of some step or other. */
    publish(RUN_RUNNING, 6);
    desk.held->groups_n = 4;
    cr_assert_eq(desk_probe(&desk, PROBE_TOKENS, -1, 0, &e), ST_BUSY);
    must(desk_look(&desk, 2, &e));
    must(desk_probe(&desk, PROBE_VALUES, 3, 5, &e));
    answer_of_desk();
    cr_assert(desk.facts->step == 2 && desk.facts->values_n == 1 && desk.facts->value[0].n == 5);
    desk_release(&desk);
    session_release(&s);
}
