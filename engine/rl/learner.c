/* The learner: state, sharding, passes. See learner.h for how work is cut. */
#include "engine/rl/learner.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/nn/linear_bf16.h"
#include "engine/rl/objective.h"

static int packed_alloc(struct packed *k, int capacity, int depth, int with_value, struct arena *a)
{
    size_t n = (size_t)capacity;
    memset(k, 0, sizeof *k);
    k->begin = arena_alloc(a, (n + 1) * sizeof *k->begin);
    k->target = arena_alloc(a, n * sizeof *k->target);
    k->position = arena_alloc(a, n * sizeof *k->position);
    k->id = arena_alloc(a, n * sizeof *k->id);
    k->dlogp = arena_alloc(a, n * sizeof(real));
    k->ref_logp = arena_alloc(a, n * sizeof(real));
    k->mtp_dlogp = arena_alloc(a, n * (size_t)depth * sizeof(real));
    k->dentropy = arena_alloc(a, n * sizeof(real));
    if (with_value && !(k->dvalue = arena_alloc(a, n * sizeof(real))))
        return 0;
    return k->begin && k->target && k->position && k->id && k->dlogp && k->ref_logp && k->mtp_dlogp &&
           k->dentropy;
}

enum status learner_init(struct learner *l, const struct model *m, struct pool *pool, int lanes_n,
                         int shard_tokens, int longest, int with_reference, struct arena *a, struct err *e)
{
    size_t block = m->params.total * sizeof(real), biases;
    int ok = 1, capacity = shard_tokens > longest ? shard_tokens : longest;
    memset(l, 0, sizeof *l);
    l->m = m;
    l->pool = pool;
    l->lanes_n = lanes_n;
    l->shard_tokens = shard_tokens;
    l->longest = longest;
    l->bias_n = m->params.moe_layers * m->config.experts_n;
    biases = (size_t)(l->bias_n ? l->bias_n : 1);
    real **blocks[] = {&l->w, &l->adam_m, &l->adam_v};
    for (int i = 0; i < 3; i++)
        ok &= (*blocks[i] = arena_alloc(a, block)) != NULL;
    if (with_reference)
        ok &= (l->ref_w = arena_alloc(a, block)) != NULL &&
              (l->ref_bias = arena_alloc(a, biases * sizeof(real))) != NULL;
    for (int i = 0; i < lanes_n; i++)
        ok &= (l->lane[i] = arena_alloc(a, block)) != NULL;
    l->bias = arena_alloc(a, biases * sizeof(real));
    l->load_average = arena_alloc(a, biases * sizeof(double));
    l->load = arena_alloc(a, biases * (size_t)lanes_n * sizeof(real));
    l->ws = arena_alloc(a, (size_t)pool_threads(pool) * sizeof *l->ws);
    l->packed = arena_alloc(a, (size_t)pool_threads(pool) * sizeof *l->packed);
    l->shard_begin = arena_alloc(a, (SHARDS_MAX + 1) * sizeof *l->shard_begin);
    for (int i = 0; l->packed && i < pool_threads(pool); i++)
        ok &= packed_alloc(&l->packed[i], capacity, m->config.mtp_depth, m->config.value_head, a);
    if (!ok || !l->packed || !l->shard_begin || !l->bias || !l->load_average || !l->load || !l->ws)
        return err_set(e, ST_NOMEM, a->name,
                       "a model of %zu parameters with %d gradient lanes does not fit in %zu MB",
                       m->params.total, lanes_n, a->cap >> 20);
    for (int i = 0; i < pool_threads(pool); i++) {
        enum status st = workspace_init(&l->ws[i], m, capacity, longest, a, e);
        if (st)
            return st;
    }
    if (m->config.bf16 && !(l->bf16 = linear_bf16_weights_alloc(m, 1, a)))
        return err_set(e, ST_NOMEM, a->name, "no room for the weights in bf16");
    for (int i = 0; i < pool_threads(pool) && l->bf16; i++)
        l->ws[i].linear->bf16->weights = l->bf16;
    memset(l->lane[0], 0, block);
    return ST_OK;
}

enum status learner_keep_routes(struct learner *l, struct arena *a, struct err *e)
{
    size_t capacity = (size_t)(l->shard_tokens > l->longest ? l->shard_tokens : l->longest);
    for (int i = 0; i < pool_threads(l->pool); i++)
        if (!(l->packed[i].route = arena_alloc(a, capacity * (size_t)config_route(&l->m->config))))
            return err_set(e, ST_NOMEM, a->name, "no room for the experts of %zu tokens", capacity);
    return ST_OK;
}

void learner_start(struct learner *l, uint64_t seed)
{
    size_t n = l->m->params.total;
    params_fill(&l->m->params, seed, l->w);
    memset(l->adam_m, 0, n * sizeof(real));
    memset(l->adam_v, 0, n * sizeof(real));
    memset(l->bias, 0, (size_t)l->bias_n * sizeof(real));
    for (int i = 0; i < l->bias_n; i++)
        l->load_average[i] = 1.0 / l->m->config.experts_n;
    l->updates = 0;
    l->running_mean[0] = l->running_mean[1] = 0;
    if (l->ref_w)
        learner_reference(l);
}

void learner_reference(struct learner *l)
{
    memcpy(l->ref_w, l->w, l->m->params.total * sizeof(real));
    memcpy(l->ref_bias, l->bias, (size_t)l->bias_n * sizeof(real));
}

struct digest learner_digest(const struct learner *l, int64_t step)
{
    size_t block = l->m->params.total * sizeof(real), bias = (size_t)l->bias_n * sizeof(real);
    struct hash h;
    hash_init(&h);
    if (l->m->config.bf16)   /* a class of its own: no digest of bf16 is one of FP32 */
        hash_add(&h, "bf16", 4);
    hash_add(&h, &step, sizeof step);
    hash_add(&h, &l->updates, sizeof l->updates);
    hash_add(&h, l->w, block);
    hash_add(&h, l->adam_m, block);
    hash_add(&h, l->adam_v, block);
    hash_add(&h, l->bias, bias);
    hash_add(&h, l->load_average, (size_t)l->bias_n * sizeof(double));
    if (l->running_mean[1] > 0)
        hash_add(&h, l->running_mean, sizeof l->running_mean);
    if (l->ref_w) {
        hash_add(&h, l->ref_w, block);
        hash_add(&h, l->ref_bias, bias);
    }
    return hash_end(&h);
}

/* One pass over a batch: where each shard begins, and what the lanes share. */
struct pass_run {
    struct learner *l;
    const struct pass *p;
    int shards_n;
    int *begin;                     /* first sequence of each shard */
    double total_tokens;
    atomic_int status;
    struct err err[LANES_MAX];
};

static enum status cut_shards(struct pass_run *r, struct err *e)
{
    int used = 0, limit = r->l->shard_tokens;
    r->shards_n = 0;
    for (int i = 0; i < r->p->sequences_n; i++) {
        int n = r->p->sequence[i].n;
        if (n > r->l->longest)
            return err_set(e, ST_USAGE, "learner", "a sequence of %d tokens is longer than %d", n,
                           r->l->longest);
        r->total_tokens += n;
        if (r->shards_n == 0 || used + n > limit) {
            if (r->shards_n == SHARDS_MAX)
                return err_set(e, ST_USAGE, "learner", "the batch has more than %d shards", SHARDS_MAX);
            r->begin[r->shards_n++] = i;
            used = 0;
        }
        used += n;
    }
    r->begin[r->shards_n] = r->p->sequences_n;
    return ST_OK;
}

static void pack(const struct pass_run *r, int first, int count, struct packed *k)
{
    int T = 0;
    for (int q = 0; q < count; q++) {
        const struct sequence *s = &r->p->sequence[first + q];
        k->begin[q] = T;
        for (int i = 0; i < s->n; i++, T++) {
            k->id[T] = s->id[i];
            k->target[T] = s->target[i];
            k->position[T] = i;
        }
    }
    k->begin[count] = T;
    k->t = (struct tokens){T, {count, k->begin}, k->id, k->target, k->position};
}

/* The policy's forward, by the routes that the pass gives where it gives any; what differs is counted. */
static enum status routed_forward(struct pass_run *r, const real *w, const real *bias, struct packed *k,
                                  struct workspace *ws, struct shard *s, struct err *e)
{
    const struct pass *p = r->p;
    const struct model *m = r->l->m;
    int width = config_route(&m->config);
    enum status st;
    for (int q = 0; q < k->t.seq.n && p->route; q++)
        p->route(p->ctx, p->sequence[s->first + q].index, k->route + (size_t)k->begin[q] * (size_t)width);
    for (int i = 0; i < m->config.layers_n && p->route; i++) {
        struct block_state *b = &ws->block[i];
        if (m->params.layer[i].moe_index < 0)
            continue;
        b->route = k->route + m->params.layer[i].moe_index * m->config.top_k;
        b->route_stride = width;
        b->replays = p->replays;
        b->moved = 0;
    }
    st = model_forward(m, w, bias, &k->t, p->inv_temperature, p->with_mtp, ws, e);
    for (int i = 0; i < m->config.layers_n && p->route; i++) {
        s->moved += ws->block[i].route ? ws->block[i].moved : 0;
        ws->block[i].route = NULL;
    }
    s->routed = p->route ? (int64_t)k->t.T * width : 0;
    return st;
}

static enum status run_shard(struct pass_run *r, int index, int lane, int worker, struct packed *k,
                             struct err *e)
{
    struct learner *l = r->l;
    const struct pass *p = r->p;
    struct workspace *ws = &l->ws[worker];
    const real *w = p->w ? p->w : l->w, *bias = p->w ? p->bias : l->bias;
    int first = r->begin[index], count = r->begin[index + 1] - first, moe = l->m->params.moe_layers;
    struct shard s = {.first = first, .index = index, .lane = lane, .t = &k->t, .dlogp = k->dlogp};
    enum status st;
    pack(r, first, count, k);
    if (p->with_reference) {
        st = model_forward(l->m, l->ref_w, l->ref_bias, &k->t, p->inv_temperature, 0, ws, e);
        if (st)
            return st;
        memcpy(k->ref_logp, ws->logp, (size_t)k->t.T * sizeof(real));
        s.ref_logp = k->ref_logp;
    }
    memset(ws->load, 0, (size_t)l->bias_n * sizeof(real));
    st = routed_forward(r, w, bias, k, ws, &s, e);
    if (st)
        return st;
    for (int i = 0; i < l->bias_n; i++)
        l->load[(size_t)lane * l->bias_n + i] += ws->load[i];
    s.logp = ws->logp;
    s.entropy = ws->entropy;
    s.probs = ws->probs;
    s.value = ws->value;
    if ((s.dvalue = k->dvalue))
        memset(s.dvalue, 0, (size_t)k->t.T * sizeof *s.dvalue);
    if (p->with_entropy)
        s.dentropy = memset(k->dentropy, 0, (size_t)k->t.T * sizeof *k->dentropy);
    s.balance_weight = (real)(k->t.T / r->total_tokens);
    for (int i = 0; moe && i < l->m->config.layers_n; i++)
        s.balance += l->m->params.layer[i].moe_index >= 0 ? ws->block[i].balance : 0;
    for (int i = 0; moe && p->with_mtp && i < l->m->config.mtp_depth; i++)
        s.balance += ws->block[l->m->config.layers_n + i].balance;
    if (p->with_mtp) {
        s.mtp_dlogp = k->mtp_dlogp;
        for (int d = 0; d < l->m->config.mtp_depth; d++) {
            s.mtp_logp[d] = ws->mtp[d].logp;
            s.mtp_target[d] = ws->mtp[d].target;
        }
    }
    st = p->shard(p->ctx, &s);
    ws->dentropy = s.dentropy;
    ws->soft = s.soft;
    if (!st && p->backward)
        model_backward(l->m, w, &k->t, p->inv_temperature, p->value_only ? NULL : k->dlogp, s.mtp_dlogp,
                       s.dvalue, s.balance_weight, ws, l->lane[lane]);
    return st;
}

static void run_lane(void *ctx, int lane, int worker)
{
    struct pass_run *r = ctx;
    enum status st = ST_OK;
    if (r->p->backward)
        memset(r->l->lane[lane], 0, r->l->m->params.total * sizeof(real));
    for (int i = lane; i < r->shards_n && !st; i += r->l->lanes_n) {
        if (atomic_load(&r->status))
            break;
        st = gate_point(r->p->gate, GATE_SHARD, i, worker);
        if (st)
            err_set(&r->err[lane], st, "update", "cancelled");
        else
            st = run_shard(r, i, lane, worker, &r->l->packed[worker], &r->err[lane]);
        atomic_fetch_add(&r->l->shards_done, 1);
    }
    if (st) {
        r->err[lane].code = st;
        atomic_store(&r->status, (int)st);
    }
}

enum status learner_pass(struct learner *l, const struct pass *p, struct err *e)
{
    struct pass_run r = {.l = l, .p = p, .begin = l->shard_begin};
    enum status st = cut_shards(&r, e);
    if (st)
        return st;
    l->shards_n = r.shards_n;
    atomic_store(&l->shards_done, 0);
    if (l->bf16)
        linear_bf16_prepare(l->m, l->bf16, p->w ? p->w : l->w);
    pool_run(l->pool, l->lanes_n, run_lane, &r);
    if (l->bf16)
        l->bf16->of = NULL;
    st = (enum status)atomic_load(&r.status);
    for (int i = 0; st && i < l->lanes_n; i++)
        if (r.err[i].code) {
            if (e)
                *e = r.err[i];
            return r.err[i].code;
        }
    return st;
}

enum status learner_apply(struct learner *l, const struct adamw_settings *s, double *norm, struct err *e)
{
    enum status st = optimizer_reduce(l->pool, l->m->k, &l->m->params, l->lane, l->lanes_n, norm, e);
    if (st)
        return st;
    l->updates++;
    optimizer_step(l->pool, l->m->k, &l->m->params, s, l->updates, *norm, l->lane[0], l->w, l->adam_m,
                   l->adam_v);
    return ST_OK;
}

void learner_clear_load(struct learner *l)
{
    memset(l->load, 0, (size_t)l->bias_n * (size_t)l->lanes_n * sizeof(real));
}

void learner_balance(struct learner *l, double gamma, double decay, double *max_vio, double *max_vio_average,
                     float *share)
{
    int E = l->m->config.experts_n;
    for (int layer = 0; layer < l->m->params.moe_layers; layer++) {
        double load[64], bias[64], sum = 0, most = 0;
        for (int i = 0; i < E; i++) {
            load[i] = 0;
            for (int lane = 0; lane < l->lanes_n; lane++)
                load[i] += (double)l->load[(size_t)lane * l->bias_n + layer * E + i];
            bias[i] = (double)l->bias[layer * E + i];
            sum += load[i];
        }
        max_vio[layer] = balance_update(E, load, bias, gamma);
        for (int i = 0; i < E; i++) {
            double part = sum > 0 ? load[i] / sum : 1.0 / E, *average = &l->load_average[layer * E + i];
            l->bias[layer * E + i] = (real)bias[i];
            share[layer * E + i] = (float)part;
            *average = decay * *average + (1 - decay) * part;
            most = fmax(most, *average);
        }
        max_vio_average[layer] = most * E - 1;
    }
}
