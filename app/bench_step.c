/* `bench step`: a GRPO step of the countdown preset, by phase, and what of it is outside the kernels. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/bench.h"
#include "app/presets.h"

enum { STEPS_MAX = 32 };

enum status bench_settings(struct settings *s, struct err *e)
{
    static const char *const change[] = {
        /* A fresh model hardly ever ends a completion; a trained one does, after some 60 tokens. */
        "base.steps=0",     "cold.steps=0",   "rl.steps=10000000",
        "rl.max_tokens=64", "rl.drop_flat=0", "eval.every=0",
    };
    uint64_t seed = 0;
    return presets_load("countdown", change, sizeof change / sizeof *change, s, &seed, e);
}

/* Medians over the steps of one measurement. */
struct times {
    double step, rollout, update, rest, tokens_per_second, outside; /* seconds; outside: a share */
};

static enum status measure(const struct settings *set, int threads, int steps, int profile, struct times *out,
                           struct err *e)
{
    struct trainer_hooks none = {NULL, NULL};
    struct trainer t;
    struct pool *pool;
    double step[STEPS_MAX], rollout[STEPS_MAX], update[STEPS_MAX], rest[STEPS_MAX], rate[STEPS_MAX],
        outside[STEPS_MAX];
    const struct kernels *k = profile ? bench_profile(kernels_best()) : kernels_best();
    enum status st = pool_init(&pool, threads, e);
    if (st)
        return st;
    st = trainer_init(&t, set, STAGE_GRPO, 1, k, pool, e);
    if (!st) {
        trainer_start(&t);
        /* The first step touches memory for the first time. */
        st = trainer_step(&t, &none, e);
        for (int i = 0; i < steps && !st; i++) {
            double begin;
            struct profiled p;
            bench_profile_take();
            begin = bench_now();
            st = trainer_step(&t, &none, e);
            step[i] = bench_now() - begin;
            p = bench_profile_take();
            rollout[i] = t.metric[M_TIME_ROLLOUT];
            update[i] = t.metric[M_TIME_UPDATE];
            rest[i] = step[i] - rollout[i] - update[i];
            rate[i] = t.metric[M_TOKENS] / step[i];
            outside[i] = 1 - p.inside / (step[i] - p.clock);
        }
        trainer_release(&t);
    }
    pool_release(pool);
    if (!st)
        *out = (struct times){bench_median(step, steps),   bench_median(rollout, steps),
                              bench_median(update, steps), bench_median(rest, steps),
                              bench_median(rate, steps),   profile ? bench_median(outside, steps) : NAN};
    return st;
}

enum status bench_step(struct bench *b, struct err *e)
{
    struct settings set;
    struct times t[2], profiled;
    int steps = b->quick ? 7 : 25;
    enum status st = bench_settings(&set, e);
    for (int threads = 1; threads <= b->cores && !st; threads++) {
        struct times *x = &t[threads - 1];
        char name[32];
        st = measure(&set, threads, steps, 0, x, e);
        if (st)
            break;
        snprintf(name, sizeof name, "step, %d thread%s", threads, threads > 1 ? "s" : "");
        bench_add(b, x->step, "s", NAN, "%s", name);
        bench_add(b, x->rollout, "s", NAN, "%s, rollout", name);
        bench_add(b, x->update, "s", NAN, "%s, update", name);
        bench_add(b, x->rest, "s", NAN, "%s, the rest", name);
        bench_add(b, x->tokens_per_second, "tokens/s", NAN, "%s, completion tokens", name);
    }
    if (!st && b->cores > 1)
        bench_add(b, t[0].step / t[1].step, "x", NAN, "step, two threads against one");
    if (!st)
        st = measure(&set, 1, steps, 1, &profiled, e);
    if (!st)
        bench_add(b, profiled.outside, "share", NAN, "step, outside the kernels");
    return st;
}
