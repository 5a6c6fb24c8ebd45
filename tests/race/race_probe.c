/* Races between the probe's thread, the engine's and the user interface's: while a small chain trains, random
 * questions about its steps are asked, given up for newer ones and looked at. The run must have the digest of
 * one that was left alone, and the last question its answer. Built with ThreadSanitizer by `make tsan`. */
#include <math.h>

#include "app/session/probe.h"
#include "engine/base/rng.h"
#include "tests/race/race.h"

static struct trace_facts facts;
static struct routing_facts routing;
static struct what_if_facts what_if;

static int is_done(const struct snapshot *x)
{
    return race_in_grpo(x) && x->committed >= RACE_STEPS;
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
    probe_ask(p, &q, &race_err);
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
    if (probe_ask(p, &q, &race_err))
        return race_fail("ask");
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
    if (!x || session_init(&s, path, 2, &race_err) || probe_init(&p, path, s.box.wake, &race_err))
        return race_fail("init");
    if (!race_begin(&en, &s))
        return race_fail("start");
    while (!is_done(x)) {
        race_look(&s, x, 1000);
        look(&p);
        if (asked && race_in_grpo(x) && x->committed > 0)
            ask(&p, x, &r);
    }
    if (asked && last_answer(&p, x->run_id))
        return 1;
    engine_stop(&en);
    if (query_digest(s.query, s.run.id, RACE_STEPS, out, &race_err))
        return race_fail("digest");
    if (asked)
        ask(&p, x, &r);
    probe_release(&p);
    session_release(&s);
    free(x);
    return 0;
}

int main(void)
{
    return race_compare("race_probe", run);
}
