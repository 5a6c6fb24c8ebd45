/* The measurements of `attention`.
 *
 * First every way is fed random tokens, one after the other, from an empty cache: its changed bytes are
 * counted, and the logits of the three ways of MLA are held against each other. Then, for speed, caches are
 * filled with random numbers: a step of STREAMS sequences at the last position of a context, again and again.
 * The ways take turns, round by round, by the thread's own processor time, and the best round counts: what
 * else the machine does touches all alike. */
#include "app/cli/attention_lab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/rng.h"

enum { VOCAB = 64, FED_MOST = 1024, NOISE = 8191, ARENA_MB = 6144 };

/* A way at work. */
struct way_work {
    struct model m;
    struct decoder d;
    struct paged pages;
    real *w;
};

struct lab_work {
    struct attention_lab *l;
    struct arena arena;
    struct way_work way[WAY_N];
    real *bias, *noise;
    uint16_t token[FED_MOST];
};

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The largest divisor of the heads that is at most their root: 2 of 4, 4 of 16, 8 of 64 or 128. */
static int grouped(int heads)
{
    int most = 1;
    for (int i = 1; i * i <= heads; i++)
        if (heads % i == 0)
            most = i;
    return most;
}

static void name_ways(struct way_facts *way, const struct model_config *c)
{
    static const char *const name[WAY_N] = {"mha", "gqa", "mqa", "mla", "mla plain", "mla paged"};
    for (int i = 0; i < WAY_N; i++) {
        int layers = c->layers_n;
        way[i] = (struct way_facts){.name = name[i], .config = *c, .apart = NAN, .measured = NAN};
        if (i < WAY_MLA)
            way[i].config = config_plain(c, i == WAY_MHA ? 0 : i == WAY_GQA ? grouped(c->heads_n) : 1);
        way[i].every_head = i == WAY_MLA_PLAIN;
        way[i].parameters = (int64_t)layers * config_attention_n(&way[i].config);
        way[i].bytes = (int64_t)layers * config_cached(&way[i].config, way[i].every_head) * (int)sizeof(real);
    }
}

enum status attention_lab_init(struct attention_lab *l, const struct model_config *c, const int *context,
                               int contexts_n, struct err *e)
{
    struct model_config model = *c;
    memset(l, 0, sizeof *l);
    if (c->attention != ATTENTION_MLA)
        return err_set(e, ST_USAGE, "attention", "the size must be that of a model with latent attention: "
                       "model.attention = mla");
    l->contexts_n = contexts_n;
    memcpy(l->context, context, (size_t)contexts_n * sizeof *context);
    model.vocab_n = VOCAB;
    model.positions_n = context[contexts_n - 1];
    model.mtp_depth = model.value_head = 0;
    l->fed = model.positions_n < FED_MOST ? model.positions_n : FED_MOST;
    name_ways(l->way, &model);
    return ST_OK;
}

void attention_lab_v3(struct way_facts way[WAY_N])
{
    const struct model_config c = {.width = 7168, .layers_n = 61, .heads_n = 128, .attention = ATTENTION_MLA,
                                   .q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64,
                                   .v_dim = 128, .head_dim = 128};
    name_ways(way, &c);
    for (int i = 0; i < WAY_N; i++) {
        if (i < WAY_MLA)
            way[i].config.head_dim = c.head_dim;
        way[i].bytes = 2 * (int64_t)c.layers_n * config_cached(&way[i].config, way[i].every_head);
    }
}

static enum status way_init(struct lab_work *b, int i, uint64_t seed, struct err *e)
{
    struct way_work *w = &b->way[i];
    const struct model_config *c = &b->l->way[i].config;
    int pages = STREAMS * ((c->positions_n + PAGE_POSITIONS - 1) / PAGE_POSITIONS);
    enum status st = model_init(&w->m, c, kernels_best(), e);
    if (st)
        return st;
    /* Weights of one model: the three ways of MLA draw the same. */
    w->w = arena_alloc(&b->arena, w->m.params.total * sizeof(real));
    if (!w->w)
        return err_set(e, ST_NOMEM, "attention", "no room for %zu parameters", w->m.params.total);
    params_fill(&w->m.params, seed, w->w);
    if (i == WAY_MLA_PAGED) {
        st = paged_init(&w->pages, c, pages, STREAMS, c->positions_n, &b->arena, e);
        if (!st)
            st = decoder_init_paged(&w->d, &w->m, &w->pages, STREAMS, &b->arena, e);
    } else {
        st = decoder_init(&w->d, &w->m, i == WAY_MLA_PLAIN ? DECODE_PLAIN : DECODE_ABSORBED, STREAMS,
                          c->positions_n, STREAMS, &b->arena, e);
    }
    if (!st)
        decoder_load(&w->d, w->w, b->bias);
    return st;
}

static enum status work_init(struct lab_work *b, uint64_t seed, struct err *e)
{
    struct rng r = rng_at(seed, RNG_TEST, 0, 0, 0);
    enum status st = arena_init(&b->arena, "attention", (size_t)ARENA_MB << 20, e);
    if (st)
        return st;
    b->bias = arena_alloc(&b->arena, LAYERS_MAX * 64 * sizeof(real));
    b->noise = arena_alloc(&b->arena, 2 * NOISE * sizeof(real));
    if (!b->bias || !b->noise)
        return err_set(e, ST_NOMEM, "attention", "no room for random numbers");
    memset(b->bias, 0, LAYERS_MAX * 64 * sizeof(real));
    for (int i = 0; i < 2 * NOISE; i++)
        b->noise[i] = (real)rng_normal(&r);
    for (int i = 0; i < FED_MOST; i++)
        b->token[i] = (uint16_t)rng_below(&r, VOCAB);
    for (int i = 0; i < WAY_N && !st; i++)
        st = way_init(b, i, seed, e);
    return st;
}

static void work_release(struct lab_work *b)
{
    for (int i = 0; i < WAY_N; i++)
        if (b->way[i].m.params.row)
            model_release(&b->way[i].m);
    arena_release(&b->arena);
}

static enum status claim(struct way_work *w, int n, const int *slot, const int *position, struct err *e)
{
    return w->d.pages ? paged_claim(w->d.pages, n, slot, position, e) : ST_OK;
}

/* Bytes of a contiguous cache in numbers that are no longer as `feed` set them. */
static double touched(const struct decoder *d)
{
    size_t n = (size_t)d->m->config.layers_n * (size_t)d->slots_n * d->slot_reals, changed = 0;
    const unsigned char *at = (const unsigned char *)d->cache;
    for (size_t i = 0; i < n; i++, at += sizeof(real)) {
        int is_changed = 0;
        for (size_t j = 0; j < sizeof(real); j++)
            is_changed |= at[j] != 0xff;
        changed += (size_t)is_changed;
    }
    return (double)(changed * sizeof(real));
}

static void compare(struct way_facts *f, const real *got, const real *want, int at)
{
    for (int v = 0; v < VOCAB; v++) {
        double apart = fabs((double)got[v] - (double)want[v]);
        if (isnan(f->apart) || apart > f->apart) {
            f->apart = apart;
            f->apart_at = at;
        }
    }
}

/* The first `fed` positions of one sequence, in every way. */
static enum status feed(struct lab_work *b, struct err *e)
{
    struct attention_lab *l = b->l;
    enum status st = ST_OK;
    int slot = 0;
    for (int i = 0; i < WAY_N; i++) {
        const struct decoder *d = &b->way[i].d;
        size_t n = (size_t)d->m->config.layers_n * (size_t)d->slots_n * d->slot_reals;
        /* NaN in every number: what is read without having been written is seen in the logits. */
        if (d->cache)
            memset(d->cache, 0xff, n * sizeof(real));
    }
    for (int at = 0; at < l->fed && !st; at++) {
        const real *mla = NULL;
        for (int i = 0; i < WAY_N && !st; i++) {
            const real *logits;
            st = claim(&b->way[i], 1, &slot, &at, e);
            if (st)
                return st;
            logits = decoder_step(&b->way[i].d, 1, &slot, &b->token[at], &at);
            if (i == WAY_MLA)
                mla = logits;
            else if (mla)
                compare(&l->way[i], logits, mla, at);
        }
        for (int v = 0; v < VOCAB && mla; v++)
            l->largest = fmax(l->largest, fabs((double)mla[v]));
    }
    for (int i = 0; i < WAY_N; i++) {
        const struct way_work *w = &b->way[i];
        double bytes = w->d.pages ? (double)paged_used(&w->pages) * (double)paged_page_bytes(&w->pages)
                                  : touched(&w->d);
        l->way[i].measured = bytes / l->fed;
    }
    return st;
}

/* Random numbers in all positions of all sequences. */
static enum status fill(struct lab_work *b, struct way_work *w, struct err *e)
{
    const struct model_config *c = &w->m.config;
    struct decoder *d = &w->d;
    enum status st = ST_OK;
    size_t next = 0;
    if (d->Hk * d->dk > NOISE || d->Hk * d->dv > NOISE)
        return err_set(e, ST_USAGE, "attention", "a token's keys are wider than %d", NOISE);
    for (int s = 0; s < STREAMS; s++)
        for (int at = 0; at < c->positions_n; at++) {
            st = claim(w, 1, &s, &at, e);
            if (st)
                return st;
            for (int l = 0; l < c->layers_n; l++, next = (next + 101) % NOISE) {
                const real *key = b->noise + next, *value = b->noise + (next + 4099) % NOISE;
                size_t slot = (size_t)l * (size_t)d->slots_n + (size_t)s;
                if (d->pages)
                    paged_put(d->pages, w->m.k, l, s, at, key);
                else
                    w->m.k->cache_put(at, d->Hk, d->dk, d->dv, d->value_in_key,
                                      d->cache + slot * d->slot_reals, key, value);
            }
        }
    return st;
}

/* Tokens a second at a context: steps for `seconds`, at least two. */
static double rate(struct way_work *w, const uint16_t *token, int context, double seconds)
{
    int slot[STREAMS], position[STREAMS], steps = 0;
    double begin, spent;
    for (int s = 0; s < STREAMS; s++) {
        slot[s] = s;
        position[s] = context - 1;
    }
    decoder_step(&w->d, STREAMS, slot, token, position);
    begin = processor_seconds();
    do {
        decoder_step(&w->d, STREAMS, slot, token + STREAMS * (steps % 8), position);
        steps++;
        spent = processor_seconds() - begin;
    } while (spent < seconds || steps < 2);
    return (double)steps * STREAMS / spent;
}

/* A prompt of a quarter of the longest context in the first sequence, shared by all; they end evenly spread
 * over the rest. The pages are claimed as decoding would, token by token in turns. */
static enum status group(struct lab_work *b, struct err *e)
{
    struct attention_lab *l = b->l;
    struct group_facts *g = &l->group;
    struct paged *p = &b->way[WAY_MLA_PAGED].pages;
    int64_t bytes = l->way[WAY_MLA].bytes;
    enum status st = ST_OK;
    g->longest = l->context[l->contexts_n - 1];
    g->prompt = g->longest / 4;
    for (int s = 0; s < STREAMS; s++)
        paged_drop(p, s);
    p->copied_n = 0;
    for (int at = 0, s = 0; at < g->prompt && !st; at++)
        st = paged_claim(p, 1, &s, &at, e);
    for (int s = 1; s < STREAMS; s++)
        paged_share(p, 0, s, g->prompt);
    for (int at = g->prompt; at < g->longest && !st; at++)
        for (int s = 0; s < STREAMS && !st; s++)
            if (at < g->prompt + (int)((int64_t)(g->longest - g->prompt) * (s + 1) / STREAMS))
                st = paged_claim(p, 1, &s, &at, e);
    for (int s = 0; s < STREAMS; s++)
        g->positions += g->prompt + (int64_t)(g->longest - g->prompt) * (s + 1) / STREAMS;
    g->reserved = (int64_t)STREAMS * g->longest * bytes;
    g->filled = g->positions * bytes;
    g->pages = paged_used(p);
    g->paged = (int64_t)g->pages * (int64_t)paged_page_bytes(p);
    g->copied = (int)p->copied_n;
    return st;
}

enum status attention_lab_run(struct attention_lab *l, uint64_t seed, int rounds, double seconds,
                              void (*told)(void *ctx, int done, int all), void *ctx, struct err *e)
{
    struct lab_work *b = calloc(1, sizeof *b);
    int done = 0, all = rounds * l->contexts_n * WAY_N;
    enum status st;
    if (!b)
        return err_set(e, ST_NOMEM, "attention", "no memory");
    b->l = l;
    st = work_init(b, seed, e);
    if (!st)
        st = feed(b, e);
    for (int i = 0; i < WAY_N && !st; i++)
        st = fill(b, &b->way[i], e);
    for (int round = 0; round < rounds && !st; round++)
        for (int n = 0; n < l->contexts_n; n++)
            for (int i = 0; i < WAY_N; i++) {
                double now = rate(&b->way[i], b->token, l->context[n], seconds);
                if (told)
                    told(ctx, ++done, all);
                if (now > l->way[i].rate[n])
                    l->way[i].rate[n] = now;
            }
    if (!st)
        st = group(b, e);
    work_release(b);
    free(b);
    return st;
}
