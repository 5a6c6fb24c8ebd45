/* Races between the probe's thread, the engine's and the user interface's: while a small chain trains, random
 * questions about its steps are asked, given up for newer ones and looked at. The run must have the digest of
 * one that was left alone, and the last question its answer. Built with ThreadSanitizer by `make tsan`. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine.h"
#include "app/presets.h"
#include "app/probe.h"
#include "engine/base/rng.h"

static const char *const tiny[] = {
    "model.width=16",  "base.steps=2",          "cold.steps=40", "base.documents=2", "cold.documents=4",
    "rl.steps=12",     "rl.prompts=4",          "rl.group=4",    "rl.max_tokens=24", "eval.every=5",
    "eval.problems=4", "eval.final_problems=4", "eval.k=2",      "run.slots=8",      "rl.drop_flat=0",
};
enum { TINY = sizeof tiny / sizeof *tiny, STEPS = 12 };

static struct err e;
static struct trace_facts facts;
static struct routing_facts routing;
static struct what_if_facts what_if;

static int fail(const char *what)
{
    fprintf(stderr, "race: %s: %s: %s\n", what, e.where, e.msg);
    return 1;
}

static int is_done(const struct snapshot *x)
{
    return strcmp(x->stage, "grpo") == 0 && x->committed >= STEPS;
}

static void ask(struct probe *p, const struct snapshot *x, struct rng *r)
{
    static struct probe_question q;
    q = (struct probe_question){.what = (enum probe_what)rng_below(r, 5),
                                .run = x->run_id,
                                .is_finished = 1,
                                .step = rng_range(r, 1, (int)x->committed),
                                .group = rng_below(r, 4),
                                .index = rng_below(r, 4),
                                .at = rng_below(r, 3) - 1,
                                .samples = 8};
    q.objective = (struct objective){LOSS_GRPO, STD_SAMPLE, 0.2, 0.2, 0, 24};
    q.reward[0] = 1;
    probe_ask(p, &q, &e);
}

static void look(struct probe *p)
{
    char doing[96];
    double progress;
    struct err news;
    probe_look(p, &facts, &routing, &what_if, doing, &progress, &news);
}

/* The last question: it has to be answered whatever was asked before. */
static int last_answer(struct probe *p, int64_t run)
{
    static struct probe_question q;
    q = (struct probe_question){
        .what = PROBE_TOKENS, .run = run, .is_finished = 1, .step = 3, .group = 1, .index = 2};
    if (probe_ask(p, &q, &e))
        return fail("ask");
    while (probe_is_busy(p)) {
        poll(NULL, 0, 1);
        look(p);
    }
    look(p);
    if (facts.run == run && facts.step == 3 && facts.group == 1 && facts.index == 2 && facts.has_tokens &&
        isfinite(facts.new_logp[0]))
        return 0;
    fprintf(stderr, "race: the last question has no answer\n");
    return 1;
}

/* The digest of the chain's end, with or without questions. */
static int run(const char *path, int asked, struct digest *out)
{
    struct session s;
    struct engine en;
    struct probe p;
    struct snapshot *x = calloc(1, sizeof *x);
    struct rng r = rng_at(2, RNG_TEST, 0, 0, 0);
    struct engine_message m = {.what = ENGINE_NEW, .text = "quick"};
    if (!x || session_init(&s, path, 2, &e) || probe_init(&p, path, s.box.wake, &e))
        return fail("init");
    for (int i = 0; i < TINY; i++)
        snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s", tiny[i]);
    if (engine_start(&en, &s, &e) || !engine_post(&en, &m))
        return fail("start");
    while (!is_done(x)) {
        struct pollfd f = {s.box.wake, POLLIN, 0};
        poll(&f, 1, 1000);
        snapshot_take(&s.box, x);
        look(&p);
        if (asked && strcmp(x->stage, "grpo") == 0 && x->committed > 0)
            ask(&p, x, &r);
    }
    if (asked && last_answer(&p, x->run_id))
        return 1;
    engine_stop(&en);
    if (query_digest(s.query, s.run.id, STEPS, out, &e))
        return fail("digest");
    if (asked)
        ask(&p, x, &r);
    probe_release(&p);
    session_release(&s);
    free(x);
    return 0;
}

int main(void)
{
    const char *dir = getenv("TMPDIR");
    char base[512], path[2][600];
    struct digest a, b;
    snprintf(base, sizeof base, "%s/race-XXXXXX", dir ? dir : "/tmp");
    if (!mkdtemp(base))
        return fail("no folder");
    snprintf(path[0], sizeof path[0], "%s/a.db", base);
    snprintf(path[1], sizeof path[1], "%s/b.db", base);
    if (run(path[0], 0, &a) || run(path[1], 1, &b))
        return 1;
    if (!digest_equal(&a, &b)) {
        fprintf(stderr, "race: the run that was asked about has another digest\n");
        return 1;
    }
    puts("race_probe: ok");
    return 0;
}
