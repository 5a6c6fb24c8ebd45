/* `bench step`: a GRPO step of the countdown preset, by phase, and what of it is outside the kernels; then
 * the step with the preset's own length limit, in turn with PyTorch's. There the lengths of the completions
 * are a fresh model's, spread from 1 to the limit, and PyTorch is told the same ones: the work depends on
 * nothing else. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/base/json_write.h"
#include "app/base/presets.h"
#include "app/bench/bench.h"

enum { STEPS_MAX = 32, ROUNDS_MAX = 3 };

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

static void write_model(struct json_writer *w, const struct model_config *c)
{
    const struct {
        const char *key;
        double value;
    } size[] = {
        {"vocab_n", c->vocab_n},         {"width", c->width},           {"layers_n", c->layers_n},
        {"heads_n", c->heads_n},         {"attention", c->attention},   {"q_rank", c->q_rank},
        {"kv_rank", c->kv_rank},         {"nope_dim", c->nope_dim},     {"rope_dim", c->rope_dim},
        {"v_dim", c->v_dim},             {"head_dim", c->head_dim},     {"ffn_width", c->ffn_width},
        {"dense_layers", c->dense_layers}, {"experts_n", c->experts_n}, {"shared_n", c->shared_n},
        {"top_k", c->top_k},             {"expert_width", c->expert_width}, {"groups_n", c->groups_n},
        {"route_scale", c->route_scale}, {"tied", c->tied},             {"mtp_depth", c->mtp_depth},
        {"rope_theta", c->rope_theta},   {"norm_eps", c->norm_eps},
    };
    write_begin(w, '{');
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        write_key(w, size[i].key);
        write_number(w, size[i].value);
    }
    write_end(w, '}');
}

static void write_lengths(struct json_writer *w, const struct batch *b)
{
    write_begin(w, '{');
    write_key(w, "prompts");
    write_begin(w, '[');
    for (int p = 0; p < b->P; p++)
        write_whole(w, b->prompt_n[p]);
    write_end(w, ']');
    write_key(w, "lengths");
    write_begin(w, '[');
    for (int i = 0; i < b->N; i++)
        write_whole(w, atomic_load(&b->n[i]));
    write_end(w, ']');
    write_end(w, '}');
}

static int64_t parameters_of(const struct params *p)
{
    int64_t n = 0;
    for (int i = 0; i < p->n; i++)
        n += (int64_t)p->row[i].count * p->row[i].rows * p->row[i].cols;
    return n;
}

/* What a round of ours tells, and what PyTorch is asked for with it. */
struct round {
    struct bench_rates rate; /* medians of the steps */
    double length;           /* mean of the completions */
    int64_t parameters;
    struct str request;
};

/* Each step is timed by itself; its lengths are written down between two of them. */
static enum status take_steps(struct trainer *t, int steps, struct round *r, struct err *e)
{
    struct trainer_hooks none = {NULL, NULL};
    struct json_writer w = {.out = &r->request};
    double step[STEPS_MAX], rollout[STEPS_MAX], update[STEPS_MAX], tokens = 0;
    enum status st = trainer_step(t, &none, e);
    write_begin(&w, '{');
    write_key(&w, "model");
    write_model(&w, &t->model.config);
    write_key(&w, "steps");
    write_begin(&w, '[');
    for (int i = 0; i < steps && !st; i++) {
        double begin = bench_now(), n;
        st = trainer_step(t, &none, e);
        n = t->metric[M_TOKENS];
        step[i] = n / (bench_now() - begin);
        rollout[i] = n / t->metric[M_TIME_ROLLOUT];
        update[i] = n / t->metric[M_TIME_UPDATE];
        tokens += n;
        write_lengths(&w, &t->batch);
    }
    write_end(&w, ']');
    write_end(&w, '}');
    if (st)
        return st;
    r->rate = (struct bench_rates){bench_median(step, steps), bench_median(rollout, steps),
                                   bench_median(update, steps)};
    r->length = tokens / steps / t->batch.N;
    r->parameters = parameters_of(&t->model.params);
    return ST_OK;
}

static enum status own_round(const struct settings *set, int threads, int steps, struct round *r,
                             struct err *e)
{
    struct trainer t;
    struct pool *pool;
    enum status st = pool_init(&pool, threads, e);
    if (st)
        return st;
    st = trainer_init(&t, set, STAGE_GRPO, 1, kernels_best(), pool, e);
    if (!st) {
        trainer_start(&t);
        st = take_steps(&t, steps, r, e);
        trainer_release(&t);
    }
    pool_release(pool);
    return st;
}

static double median_of(const struct bench_rates *r, int n, int which)
{
    double x[ROUNDS_MAX];
    for (int i = 0; i < n; i++)
        x[i] = which == 0 ? r[i].step : which == 1 ? r[i].rollout : r[i].update;
    return bench_median(x, n);
}

/* Rounds of ours and PyTorch's, in turn; of the rounds the median counts. */
static enum status beside_peer(struct bench *b, const struct settings *set, int threads, struct err *e)
{
    static const char *const part[] = {"", ", rollout", ", update"};
    int n = b->quick ? 1 : ROUNDS_MAX;
    struct bench_rates own[ROUNDS_MAX], peer[ROUNDS_MAX];
    struct round r = {.length = NAN};
    const char *why = NULL;
    enum status st = ST_OK;
    for (int i = 0; i < n && !st; i++) {
        str_clear(&r.request);
        st = own_round(set, threads, b->quick ? 3 : 5, &r, e);
        own[i] = r.rate;
        if (!st && !why)
            bench_peer_step(str_c(&r.request), threads, r.parameters, &peer[i], &why);
    }
    str_free(&r.request);
    if (st)
        return st;
    if (why)
        cli_note(b->c, "whole step, %d thread%s, no comparison: %s", threads, threads > 1 ? "s" : "", why);
    if (threads == 1)
        bench_add(b, r.length, "tokens", NAN, "whole step, mean completion");
    for (int i = 0; i < 3; i++)
        bench_add(b, median_of(own, n, i), "tokens/s", why ? NAN : median_of(peer, n, i),
                  "whole step, %d thread%s%s", threads, threads > 1 ? "s" : "", part[i]);
    return ST_OK;
}

/* The preset as it is, on a fresh model; no flat group is left out (a fresh model has no other). */
static enum status whole_settings(struct settings *s, struct err *e)
{
    static const char *const change[] = {
        "base.steps=0", "cold.steps=0", "rl.steps=10000000", "rl.drop_flat=0", "eval.every=0",
    };
    uint64_t seed = 0;
    return presets_load("countdown", change, sizeof change / sizeof *change, s, &seed, e);
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
    if (!st)
        st = whole_settings(&set, e);
    for (int threads = 1; threads <= b->cores && !st; threads++)
        st = beside_peer(b, &set, threads, e);
    return st;
}
