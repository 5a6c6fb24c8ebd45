/* `bench train` and `bench generate`: the engine on the two shapes, in turn with PyTorch in the same run, so
 * that what else the machine does touches both. A round's figure is the best of several timings, as the
 * peer's is; of the rounds the median counts. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "app/bench/bench.h"
#include "engine/rl/learner.h"
#include "engine/rl/rollout.h"
#include "scenarios/registry.h"

enum {
    TRAIN_TOKENS = 2048,
    SHARD_TOKENS = 512,
    LANES = 4,
    GROUP = 4,
    GROUPS = 32,
    BATCHES = 4,
    ROUNDS_MAX = 3
};

/* Everything that a measurement needs, and how to give it back. */
struct rig {
    struct pool *pool;
    struct model model;
    struct arena arena;
    struct learner learner;
    int has_model;
};

static void rig_release(struct rig *g)
{
    arena_release(&g->arena);
    if (g->has_model)
        model_release(&g->model);
    pool_release(g->pool);
}

static enum status rig_init(struct rig *g, const struct bench_shape *s, int threads, struct err *e)
{
    struct settings set;
    struct model_config c;
    enum status st;
    memset(g, 0, sizeof *g);
    settings_init(&set, scenario_at(0));
    c = set.model;
    c.vocab_n = s->vocab;
    c.width = s->width;
    c.layers_n = c.dense_layers = s->layers;
    c.heads_n = s->heads;
    c.attention = ATTENTION_MHA;
    c.head_dim = s->width / s->heads;
    c.ffn_width = s->ffn;
    c.positions_n = s->length;
    c.tied = 0;
    c.mtp_depth = 0;
    c.bf16 = s->bf16;
    st = pool_init(&g->pool, threads, e);
    if (!st)
        st = model_init(&g->model, &c, kernels_best(), e);
    g->has_model = !st;
    if (!st)
        st = arena_init(&g->arena, "bench", (size_t)2048 << 20, e);
    if (!st)
        st = learner_init(&g->learner, &g->model, g->pool, LANES, SHARD_TOKENS, s->length, 0, &g->arena, e);
    if (!st)
        learner_start(&g->learner, 1);
    return st;
}

static enum status mean_loss(void *ctx, struct shard *s)
{
    (void)ctx;
    for (int t = 0; t < s->t->T; t++)
        s->dlogp[t] = s->t->target[t] >= 0 ? (real)(-1.0 / TRAIN_TOKENS) : 0;
    return ST_OK;
}

/* One optimizer step on random tokens. */
static enum status train_step(struct rig *g, const struct sequence *q, int n, struct err *e)
{
    struct pass p = {
        .sequence = q, .sequences_n = n, .inv_temperature = 1, .backward = 1, .shard = mean_loss};
    struct adamw_settings a = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01, .clip = 1};
    double norm;
    enum status st;
    learner_clear_load(&g->learner);
    st = learner_pass(&g->learner, &p, e);
    return st ? st : learner_apply(&g->learner, &a, &norm, e);
}

enum status bench_own_train(const struct bench_shape *s, int threads, double seconds, double *rate,
                            struct err *e)
{
    struct rig g;
    struct sequence q[TRAIN_TOKENS / 128];
    uint16_t *id = NULL;
    int *target = NULL, n = TRAIN_TOKENS / s->length;
    struct rng r = rng_at(1, RNG_TEST, 0, 0, 0);
    double end, best = 0;
    enum status st = rig_init(&g, s, threads, e);
    if (!st) {
        id = arena_alloc(&g.arena, TRAIN_TOKENS * sizeof *id);
        target = arena_alloc(&g.arena, TRAIN_TOKENS * sizeof *target);
        st = id && target ? ST_OK : err_set(e, ST_NOMEM, "bench", "no room for tokens");
    }
    for (int i = 0; i < TRAIN_TOKENS && !st; i++) {
        id[i] = (uint16_t)rng_below(&r, s->vocab);
        target[i] = rng_below(&r, s->vocab);
    }
    for (int i = 0; i < n && !st; i++)
        q[i] = (struct sequence){s->length, i, id + (size_t)i * (size_t)s->length,
                                 target + (size_t)i * (size_t)s->length};
    if (!st)
        st = train_step(&g, q, n, e);
    end = bench_now() + seconds;
    for (int i = 0; !st && (i < 3 || bench_now() < end); i++) {
        double begin = bench_now();
        st = train_step(&g, q, n, e);
        best = fmax(best, TRAIN_TOKENS / (bench_now() - begin));
    }
    *rate = best;
    rig_release(&g);
    return st;
}

static enum status generate(struct rig *g, struct rollout *r, struct batch *b, const struct bench_shape *s,
                            struct err *e)
{
    /* No token ends a completion: all have the whole length, as the peer's. */
    struct sampling how = {.temperature = 1,
                           .top_p = 1,
                           .max_tokens = s->length,
                           .end_token = -1,
                           .seed = 1,
                           .stream = RNG_TEST};
    for (int p = 0; p < b->P; p++) {
        b->prompt[p][0] = 0;
        b->prompt_n[p] = 1;
        b->draw[p] = (uint32_t)p;
    }
    for (int i = 0; i < b->N; i++) {
        atomic_store(&b->n[i], 0);
        atomic_store(&b->done[i], 0);
    }
    return rollout_run(r, g->learner.w, g->learner.bias, &how, b, 0, b->P, NULL, e);
}

enum status bench_own_generate(const struct bench_shape *s, int threads, double seconds, double *rate,
                               struct err *e)
{
    /* Sequences decoded together: the peer's batch is the best of several too. Few of them leave room for the
     * weights in the cache that cores share, many read each weight once for more tokens. */
    static const int slots[BATCHES] = {4, 8, 16, 32};
    struct rig g;
    struct rollout r[BATCHES];
    struct batch b;
    double best[BATCHES] = {0};
    int fastest = 0;
    enum status st = rig_init(&g, s, threads, e);
    if (!st)
        st = batch_init(&b, GROUPS, GROUP, s->length, &g.arena, e);
    for (int i = 0; i < BATCHES && !st; i++) {
        double begin;
        st = rollout_init(&r[i], &g.model, DECODE_PLAIN, g.pool, slots[i], s->length, &g.arena, e);
        begin = bench_now();
        if (!st)
            st = generate(&g, &r[i], &b, s, e);
        best[i] = b.N * s->length / (bench_now() - begin);
        fastest = best[i] > best[fastest] ? i : fastest;
    }
    for (double end = bench_now() + seconds; !st && bench_now() < end;) {
        double begin = bench_now();
        st = generate(&g, &r[fastest], &b, s, e);
        best[fastest] = fmax(best[fastest], b.N * s->length / (bench_now() - begin));
    }
    *rate = best[fastest];
    rig_release(&g);
    return st;
}

/* Rounds of ours and the peer's, in turn; medians in own and peer. */
static enum status rounds(struct bench *b, const char *what, int threads, double own[BENCH_SHAPES],
                          double peer[BENCH_SHAPES], struct err *e)
{
    int n = b->quick ? 1 : ROUNDS_MAX;
    double seconds = b->quick ? 1.5 : 2, mine[BENCH_SHAPES][ROUNDS_MAX], theirs[BENCH_SHAPES][ROUNDS_MAX];
    const char *why = NULL;
    enum status st = ST_OK;
    for (int k = 0; k < n && !st; k++) {
        double rate[BENCH_SHAPES];
        for (int i = 0; i < BENCH_SHAPES && !st; i++)
            st = (strcmp(what, "train") == 0 ? bench_own_train : bench_own_generate)(&bench_shape[i], threads,
                                                                                     seconds, &mine[i][k], e);
        if (st)
            return st;
        bench_peer(what, threads, rate, &why);
        for (int i = 0; i < BENCH_SHAPES; i++)
            theirs[i][k] = rate[i];
    }
    if (why)
        cli_note(b->c, "%s, no comparison: %s", what, why);
    for (int i = 0; i < BENCH_SHAPES; i++) {
        own[i] = bench_median(mine[i], n);
        peer[i] = why ? NAN : bench_median(theirs[i], n);
    }
    return st;
}

double bench_flops(const struct bench_shape *s)
{
    double D = s->width, matrices = s->layers * (4 * D * D + 3 * D * s->ffn) + D * s->vocab;
    return 3 * (2 * matrices + 2.0 * s->layers * s->length * D);
}

static enum status measure(struct bench *b, const char *what, int with_flops, struct err *e)
{
    double own[2][BENCH_SHAPES], peer[2][BENCH_SHAPES], peak = with_flops ? bench_peak() : NAN;
    enum status st = ST_OK;
    for (int threads = 1; threads <= b->cores && !st; threads++) {
        double *mine = own[threads - 1], *theirs = peer[threads - 1];
        st = rounds(b, what, threads, mine, theirs, e);
        for (int i = 0; i < BENCH_SHAPES && !st; i++) {
            const char *shape = bench_shape[i].name, *s = threads > 1 ? "s" : "";
            double speed = mine[i] * bench_flops(&bench_shape[i]) / 1e9;
            bench_add(b, mine[i], "tokens/s", theirs[i], "%s %s, %d thread%s", what, shape, threads, s);
            if (!with_flops)
                continue;
            bench_add(b, speed, "GF/s", NAN, "%s %s, %d thread%s, arithmetic", what, shape, threads, s);
            bench_add(b, speed / (peak * threads), "of peak", NAN, "%s %s, %d thread%s, share", what, shape,
                      threads, s);
        }
    }
    for (int i = 0; i < BENCH_SHAPES && !st && b->cores > 1; i++)
        bench_add(b, own[1][i] / own[0][i], "x", isfinite(peer[0][i]) ? peer[1][i] / peer[0][i] : NAN,
                  "%s %s, two threads against one", what, bench_shape[i].name);
    return st;
}

enum status bench_train(struct bench *b, struct err *e)
{
    double peak = bench_peak();
    bench_add(b, peak, "GF/s", NAN, "peak of a core, fused multiply-add");
    return measure(b, "train", 1, e);
}

enum status bench_generate(struct bench *b, struct err *e)
{
    return measure(b, "generate", 0, e);
}
