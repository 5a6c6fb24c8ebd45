/* Sampling completions. The batch is cut into sub-batches of whole groups; each is decoded to completion by
 * one worker, so that its cache stays in that core's cache and a group moves together when it is stepped by
 * token. A group's prompt is fed once and its cache shared. Finished sequences leave the rows of the next
 * call. */
#include "engine/rl/rollout.h"

#include <math.h>
#include <string.h>

enum { ROWS_MAX = 512 };

/* Keeps the smallest set of most likely tokens with mass >= top_p (and at most top_k), renormalised; among
 * equally likely ones the lower id goes first. */
static void truncate_tail(int V, real *p, double top_p, int top_k)
{
    double mass = 0;
    real cut = 0;
    int last = -1, kept = 0;
    /* Selection from the top: V is small, and only a few tokens are kept. */
    while (kept == 0 || (kept < V && mass < top_p && (top_k == 0 || kept < top_k))) {
        int best = -1;
        for (int v = 0; v < V; v++)
            if ((last < 0 || p[v] < cut || (p[v] == cut && v > last)) && (best < 0 || p[v] > p[best]))
                best = v;
        if (best < 0)
            break;
        mass += (double)p[best];
        cut = p[best];
        last = best;
        kept++;
    }
    for (int v = 0; v < V; v++)
        p[v] = p[v] > cut || (p[v] == cut && v <= last) ? (real)((double)p[v] / mass) : 0;
}

static int most_likely(int V, const real *p)
{
    int best = 0;
    for (int v = 1; v < V; v++)
        if (p[v] > p[best])
            best = v;
    return best;
}

int sample_token(int V, real *p, const struct sampling *s, uint32_t prompt, uint32_t index, uint32_t position,
                 float *logp, float *entropy)
{
    struct rng place = rng_at(s->seed, s->stream, s->step, prompt, index);
    int chosen = -1;
    double u, sum = 0;
    if (s->temperature <= 0) {
        chosen = most_likely(V, p);
        *logp = logf((float)p[chosen]);
        return chosen;
    }
    if (s->top_p < 1 || s->top_k > 0) {
        double left = 0;
        truncate_tail(V, p, s->top_p, s->top_k);
        for (int v = 0; v < V; v++)
            if (p[v] > 0)
                left -= (double)p[v] * log((double)p[v]);
        *entropy = (float)left;
    }
    place.position = position;
    u = rng_unit(&place);
    for (int v = 0; v < V; v++) {
        if (!(p[v] > 0))
            continue;
        sum += (double)p[v];
        chosen = v;
        if (u < sum)
            break;
    }
    *logp = chosen < 0 ? NAN : logf((float)p[chosen]);   /* all NaN: the caller stops */
    return chosen < 0 ? 0 : chosen;
}

struct task {
    struct rollout *r;
    const struct sampling *s;
    struct batch *b;
    const struct gate *gate;
    int first, groups;
    atomic_int status;
};

/* Row lists of one decoder call. */
struct rows {
    int n;
    int slot[ROWS_MAX], position[ROWS_MAX], trace[ROWS_MAX], none[ROWS_MAX];   /* none: no target, all -1 */
    uint16_t token[ROWS_MAX];
};

/* Feeds the prompts of the groups, but for each prompt's last token, which every sequence feeds itself. */
static void feed_prompts(struct task *t, struct decoder *d, int group, int groups, struct rows *rows)
{
    struct batch *b = t->b;
    rows->n = 0;
    for (int g = 0; g < groups; g++)
        for (int i = 0; i + 1 < b->prompt_n[group + g]; i++) {
            rows->slot[rows->n] = g * b->G;
            rows->position[rows->n] = i;
            rows->token[rows->n++] = b->prompt[group + g][i];
        }
    if (rows->n)
        decoder_step(d, rows->n, rows->slot, rows->token, rows->position);
    for (int r = 0; r < rows->n && b->route; r++)
        memcpy(b->prompt_route +
                   ((size_t)(group + rows->slot[r] / b->G) * PROMPT_MAX + (size_t)rows->position[r]) *
                       (size_t)b->route_n,
               d->route + (size_t)r * (size_t)b->route_n, (size_t)b->route_n);
    for (int g = 0; g < groups; g++)
        for (int i = 1; i < b->G; i++)
            decoder_share(d, g * b->G, g * b->G + i, b->prompt_n[group + g] - 1);
}

static void start_rows(const struct task *t, int group, int groups, struct rows *rows)
{
    struct batch *b = t->b;
    rows->n = 0;
    for (int g = 0; g < groups; g++)
        for (int i = 0; i < b->G; i++) {
            int trace = (group + g) * b->G + i;
            if (atomic_load(&b->done[trace]))
                continue;
            rows->slot[rows->n] = g * b->G + i;
            rows->trace[rows->n] = trace;
            rows->position[rows->n] = b->prompt_n[group + g] - 1;
            rows->token[rows->n++] = b->prompt[group + g][b->prompt_n[group + g] - 1];
        }
}

/* One token for every row; finished sequences leave. */
static enum status next_tokens(struct task *t, struct decoder *d, struct rows *rows)
{
    struct batch *b = t->b;
    int V = d->m->config.vocab_n, kept = 0;
    real *p = (real *)decoder_step(d, rows->n, rows->slot, rows->token, rows->position), skip[ROWS_MAX],
         h[ROWS_MAX];
    d->m->k->softmax(rows->n, V, p, t->s->temperature > 0 ? (real)(1 / t->s->temperature) : 1, rows->none,
                     skip, h);
    for (int r = 0; r < rows->n; r++) {
        int trace = rows->trace[r], n = atomic_load_explicit(&b->n[trace], memory_order_relaxed), token;
        size_t at = (size_t)trace * (size_t)b->cap + (size_t)n;
        b->entropy[at] = (float)h[r];
        if (b->route)
            memcpy(b->route + at * (size_t)b->route_n, d->route + (size_t)r * (size_t)b->route_n,
                   (size_t)b->route_n);
        token = sample_token(V, p + (size_t)r * V, t->s, b->draw[trace / b->G], (uint32_t)(trace % b->G),
                             (uint32_t)n, &b->logp[at], &b->entropy[at]);
        if (!isfinite(b->logp[at]))
            return ST_NONFINITE;
        b->token[at] = (uint16_t)token;
        n++;
        b->cut_off[trace] = token != t->s->end_token && n >= t->s->max_tokens;
        atomic_store_explicit(&b->n[trace], n, memory_order_release);
        if (token == t->s->end_token || n >= t->s->max_tokens) {
            atomic_store_explicit(&b->done[trace], 1, memory_order_release);
            continue;
        }
        rows->slot[kept] = rows->slot[r];
        rows->trace[kept] = trace;
        rows->position[kept] = rows->position[r] + 1;
        rows->token[kept++] = (uint16_t)token;
    }
    rows->n = kept;
    return ST_OK;
}

static void decode_groups(void *ctx, int index, int worker)
{
    struct task *t = ctx;
    struct decoder *d = &t->r->decoder[worker];
    int per = rollout_groups(t->r, t->b->G), group = t->first + index * per,
        groups = t->first + t->groups - group;
    struct rows rows;
    enum status st = (enum status)atomic_load(&t->status), last;
    if (st)
        return;
    if (groups > per)
        groups = per;
    memset(rows.none, 0xff, sizeof rows.none);
    start_rows(t, group, groups, &rows);
    if (rows.n == 0)
        return;
    st = gate_point(t->gate, GATE_BEGIN, group, worker);
    feed_prompts(t, d, group, groups, &rows);
    start_rows(t, group, groups, &rows);
    while (rows.n && !st) {
        st = gate_point(t->gate, GATE_TOKEN, group, worker);
        if (!st)
            st = next_tokens(t, d, &rows);
        if (!st)
            st = (enum status)atomic_load(&t->status);
    }
    last = gate_point(t->gate, GATE_END, group, worker);
    st = st ? st : last;
    if (st)
        atomic_store(&t->status, (int)st);
}

int rollout_groups(const struct rollout *r, int G)
{
    int by_slots = r->slots_n / G, by_prompts = r->rows_n / PROMPT_MAX;
    return by_slots < by_prompts ? by_slots : by_prompts;
}

enum status rollout_init(struct rollout *r, const struct model *m, enum decode_form form, struct pool *pool,
                         int slots_n, int positions_n, struct arena *a, struct err *e)
{
    int threads = pool_threads(pool);
    enum status st = ST_OK;
    memset(r, 0, sizeof *r);
    if (slots_n < 1 || slots_n > ROWS_MAX)
        return err_set(e, ST_USAGE, "rollout", "%d sequences in a sub-batch: 1..%d are possible", slots_n,
                       ROWS_MAX);
    r->pool = pool;
    r->slots_n = slots_n;
    r->rows_n = slots_n > 8 * PROMPT_MAX ? slots_n : 8 * PROMPT_MAX;
    r->decoder = arena_alloc(a, (size_t)threads * sizeof *r->decoder);
    if (!r->decoder)
        return err_set(e, ST_NOMEM, a->name, "no room for %d decoders", threads);
    for (int i = 0; i < threads && !st; i++)
        st = decoder_init(&r->decoder[i], m, form, slots_n, positions_n, r->rows_n, a, e);
    return st;
}

enum status rollout_keep_routes(struct rollout *r, struct arena *a, struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < pool_threads(r->pool) && !st; i++)
        st = decoder_keep_routes(&r->decoder[i], a, e);
    return st;
}

enum status rollout_run(struct rollout *r, const real *w, const real *bias, const struct sampling *s,
                        struct batch *b, int first, int groups, const struct gate *gate, struct err *e)
{
    struct task t = {r, s, b, gate, first, groups, ST_OK};
    enum status st;
    int per = rollout_groups(r, b->G);
    if (per < 1)
        return err_set(e, ST_USAGE, "rollout", "a group of %d does not fit a sub-batch of %d sequences", b->G,
                       r->slots_n);
    for (int i = 0; i < pool_threads(r->pool); i++)
        decoder_load(&r->decoder[i], w, bias);
    pool_run(r->pool, (groups + per - 1) / per, decode_groups, &t);
    st = (enum status)atomic_load(&t.status);
    if (st == ST_NONFINITE)
        return err_set(e, st, "rollout", "a sampling distribution is not finite");
    if (st == ST_CANCELLED)
        return err_set(e, st, "rollout", "cancelled");
    return st;
}
