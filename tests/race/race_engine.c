/* Races between the engine's thread, its workers and the user interface's thread: a small chain is paused, stepped,
 * paced, rewound and forked by random orders while snapshots are taken; then it is run to its end and must have the
 * digest of a run that was left alone. Built with ThreadSanitizer by `make tsan`; plain main, because Criterion
 * does not run under it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine.h"
#include "app/presets.h"
#include "engine/base/rng.h"

static const char *const tiny[] = {
    "model.width=16", "base.steps=2", "cold.steps=40", "base.documents=2", "cold.documents=4", "rl.steps=12",
    "rl.prompts=4", "rl.group=4", "rl.max_tokens=24", "eval.every=5", "eval.problems=4", "eval.final_problems=4",
    "eval.k=2", "run.slots=8", "rl.drop_flat=0",
};
enum { TINY = sizeof tiny / sizeof *tiny, ORDERS = 120 };

static struct err e;

static int fail(const char *what)
{
    fprintf(stderr, "race: %s: %s: %s\n", what, e.where, e.msg);
    return 1;
}

static void post(struct engine *en, enum engine_request what, int64_t step, const char *text)
{
    struct engine_message m = {.what = what, .step = step};
    snprintf(m.text, sizeof m.text, "%s", text);
    for (int i = 0; what == ENGINE_NEW && i < TINY && i < ENGINE_ARGUMENTS; i++)
        snprintf(m.argument[m.arguments_n++], ENGINE_TEXT, "%s", tiny[i]);
    engine_post(en, &m);
}

/* Waits for a snapshot that the condition likes; the box's eventfd wakes it. */
static void wait_for(struct session *s, struct snapshot *x, int (*done)(const struct snapshot *))
{
    struct pollfd p = {s->box.wake, POLLIN, 0};
    while (!done(x)) {
        poll(&p, 1, 1000);
        snapshot_take(&s->box, x);
    }
}

static int in_grpo(const struct snapshot *x)
{
    return strcmp(x->stage, "grpo") == 0;
}

static int is_done(const struct snapshot *x)
{
    return in_grpo(x) && x->committed >= 12 && x->committed == x->head;
}

static void random_order(struct session *s, struct engine *en, struct snapshot *x, struct rng *r)
{
    switch (rng_below(r, 9)) {
    case 0: control_pause(&s->control); break;
    case 1: control_resume(&s->control); break;
    case 2: control_step(&s->control, QUANTUM_TOKEN, 3); break;
    case 3: control_step(&s->control, QUANTUM_PHASE, 1); break;
    case 4: control_step(&s->control, QUANTUM_STEP, 1); break;
    case 5: control_follow(&s->control, FOLLOW_BEST, rng_below(r, 4), rng_below(r, 4)); break;
    case 6: control_pace(&s->control, rng_below(r, 2) ? 500 : 0, 0); break;
    case 7: control_quantum(&s->control, (enum quantum)rng_below(r, 3)); break;
    default:
        if (in_grpo(x) && x->head > 2)
            post(en, ENGINE_REWIND, rng_below(r, (int)x->head), "");
        break;
    }
}

/* The digest of step 12 of the chain, with or without being disturbed. */
static int run(const char *path, int disturbed, struct digest *out)
{
    struct session s;
    struct engine en;
    struct snapshot *x = calloc(1, sizeof *x);
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    if (!x || session_init(&s, path, 3, &e))
        return fail("init");
    if (engine_start(&en, &s, &e))
        return fail("start");
    post(&en, ENGINE_NEW, 0, "quick");
    wait_for(&s, x, in_grpo);
    for (int i = 0; i < ORDERS && disturbed; i++) {
        struct pollfd p = {s.box.wake, POLLIN, 0};
        random_order(&s, &en, x, &r);
        poll(&p, 1, rng_below(&r, 10));
        snapshot_take(&s.box, x);
    }
    control_pace(&s.control, 0, 0);
    control_resume(&s.control);
    wait_for(&s, x, is_done);
    engine_stop(&en);
    if (query_digest(s.query, s.run.id, 12, out, &e))
        return fail("digest");
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
        fprintf(stderr, "race: the disturbed run has another digest\n");
        return 1;
    }
    puts("race_engine: ok");
    return 0;
}
