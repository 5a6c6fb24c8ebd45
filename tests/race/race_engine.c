/* Races between the engine's thread, its workers and the user interface's thread: a small chain is paused,
 * stepped, paced and rewound by random orders while snapshots are taken; then it is run to its end and must
 * have the digest of a run that was left alone. Built with ThreadSanitizer by `make tsan`; plain main,
 * because Criterion does not run under it. */
#include "engine/base/rng.h"
#include "tests/race/race.h"

enum { ORDERS = 120 };

static void wait_for(struct session *s, struct snapshot *x, int (*done)(const struct snapshot *))
{
    while (!done(x))
        race_look(s, x, 1000);
}

static int is_done(const struct snapshot *x)
{
    return race_in_grpo(x) && x->committed >= RACE_STEPS && x->committed == x->head;
}

static void random_order(struct session *s, struct engine *en, struct snapshot *x, struct rng *r)
{
    struct engine_message back = {.what = ENGINE_REWIND};
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
        if (race_in_grpo(x) && x->head > 2) {
            back.step = rng_below(r, (int)x->head);
            engine_post(en, &back);
        }
        break;
    }
}

static int run(const char *path, int disturbed, struct digest *out)
{
    struct session s;
    struct engine en;
    struct snapshot *x = calloc(1, sizeof *x);
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    if (!x || session_init(&s, path, 3, &race_err))
        return race_fail("init");
    if (!race_begin(&en, &s))
        return race_fail("start");
    wait_for(&s, x, race_in_grpo);
    for (int i = 0; i < ORDERS && disturbed; i++) {
        random_order(&s, &en, x, &r);
        race_look(&s, x, rng_below(&r, 10));
    }
    control_pace(&s.control, 0, 0);
    control_resume(&s.control);
    wait_for(&s, x, is_done);
    engine_stop(&en);
    if (query_digest(s.query, s.run.id, RACE_STEPS, out, &race_err))
        return race_fail("digest");
    session_release(&s);
    free(x);
    return 0;
}

int main(void)
{
    return race_compare("race_engine", run);
}
