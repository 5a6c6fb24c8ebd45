/* Resampling. Samples are cut into chunks of a fixed size; a chunk is decoded to its end by one of the pool's
 * threads: its prefix is fed once, shared by the chunk's slots, and each sample goes on with random numbers
 * of its own. What is counted at the end is whole numbers, so that neither chunks nor threads can change it.
 * */
#include "engine/run/resample.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16, FEED = 128 }; /* samples decoded together; rows of the prefix a call */

struct job {
    struct trainer *t;
    const struct resample_place *p;
    const struct gate *gate;
    int chunk, chunks_n;
    int is_done; /* the prefix is a whole completion */
    atomic_int status, right;
};

/* The completions of a chunk; `row` lists those under way. */
struct chunk {
    int count, rows_n;
    int n[CHUNK], slot[CHUNK], position[CHUNK], none[CHUNK];
    uint16_t input[CHUNK];
    uint16_t *token; /* [CHUNK, SNAP_TOKENS] */
};

/* Feeds prompt and prefix but for the last token, and gives every slot its share. */
static void feed(struct decoder *d, const struct inspect_trace *x, int at, int count)
{
    int n = x->prompt_n + at - 1, fed = 0, slot[FEED] = {0}, position[FEED];
    uint16_t token[FEED];
    while (fed < n) {
        int rows = n - fed < FEED ? n - fed : FEED;
        rows = rows < d->rows_n ? rows : d->rows_n;
        for (int i = 0; i < rows; i++) {
            position[i] = fed + i;
            token[i] = fed + i < x->prompt_n ? x->prompt[fed + i] : x->token[fed + i - x->prompt_n];
        }
        decoder_step(d, rows, slot, token, position);
        fed += rows;
    }
    for (int i = 1; i < count; i++)
        decoder_share(d, 0, i, n);
}

static uint32_t key_of(const struct resample_place *p, int sample)
{
    return (uint32_t)p->at << 12 | (uint32_t)(p->banned >= 0) << 11 | (uint32_t)sample;
}

/* One token for every row; finished completions leave. */
static enum status next_tokens(struct job *j, struct decoder *d, struct chunk *c, int first, int is_first)
{
    const struct trainer *t = j->t;
    const struct resample_place *p = j->p;
    struct sampling how = {.temperature = t->set.rl.temperature,
                           .top_p = 1,
                           .seed = t->seed,
                           .stream = RNG_RESAMPLE,
                           .step = (uint32_t)(t->step + 1)};
    int V = t->model.config.vocab_n, kept = 0;
    real *logits = (real *)decoder_step(d, c->rows_n, c->slot, c->input, c->position), skip[CHUNK], h[CHUNK];
    for (int r = 0; r < c->rows_n && is_first && p->banned >= 0; r++)
        logits[(size_t)r * V + p->banned] = -INFINITY;
    d->m->k->softmax(c->rows_n, V, logits, (real)(1 / how.temperature), c->none, skip, h);
    for (int r = 0; r < c->rows_n; r++) {
        int s = c->slot[r], id;
        float logp, entropy;
        id = sample_token(V, logits + (size_t)r * V, &how, (uint32_t)p->group << 16 | (uint32_t)p->index,
                          key_of(p, first + s), (uint32_t)c->n[s], &logp, &entropy);
        if (!isfinite(logp))
            return ST_NONFINITE;
        c->token[(size_t)s * SNAP_TOKENS + c->n[s]++] = (uint16_t)id;
        if (id == t->task.end_token || c->n[s] >= t->set.rl.max_tokens)
            continue;
        c->slot[kept] = s;
        c->position[kept] = c->position[r] + 1;
        c->input[kept++] = (uint16_t)id;
    }
    if (p->sampled)
        atomic_fetch_add(p->sampled, c->rows_n);
    c->rows_n = kept;
    return ST_OK;
}

static int is_right(const struct job *j, const uint16_t *token, int n)
{
    const struct task *k = &j->t->task;
    struct str text = {0};
    struct score score;
    vocab_decode(k->vocab, token, n, &text);
    k->scenario->score(k->self, j->p->problem, str_c(&text), text.n, &score);
    str_free(&text);
    return score.accuracy >= 1;
}

static void run_chunk(void *ctx, int index, int worker)
{
    struct job *j = ctx;
    const struct resample_place *p = j->p;
    const struct inspect_trace *x = p->trace;
    struct decoder *d = &j->t->rollout.decoder[worker];
    int first = index * j->chunk, left = p->samples - first, right = 0, is_first = 1;
    struct chunk c = {.count = left < j->chunk ? left : j->chunk};
    enum status st = (enum status)atomic_load(&j->status);
    if (!st && !(c.token = malloc((size_t)CHUNK * SNAP_TOKENS * sizeof *c.token)))
        st = ST_NOMEM;
    if (st)
        goto out;
    memset(c.none, 0xff, sizeof c.none);
    for (int i = 0; i < c.count; i++) {
        memcpy(c.token + (size_t)i * SNAP_TOKENS, x->token, (size_t)p->at * sizeof *c.token);
        c.n[i] = p->at;
        c.slot[i] = i;
        c.position[i] = x->prompt_n + p->at - 1;
        c.input[i] = p->at ? x->token[p->at - 1] : x->prompt[x->prompt_n - 1];
    }
    c.rows_n = c.count;
    feed(d, x, p->at, c.count);
    while (c.rows_n && !st) {
        st = gate_point(j->gate, GATE_TOKEN, index, worker);
        if (!st)
            st = next_tokens(j, d, &c, first, is_first);
        is_first = 0;
        if (!st)
            st = (enum status)atomic_load(&j->status);
    }
    for (int i = 0; i < c.count && !st; i++)
        right += is_right(j, c.token + (size_t)i * SNAP_TOKENS, c.n[i]);
    atomic_fetch_add(&j->right, right);
out:
    free(c.token);
    if (st)
        atomic_store(&j->status, (int)st);
}

static enum status check(const struct trainer *t, const struct resample_place *p, struct err *e)
{
    const struct inspect_trace *x = p->trace;
    if (p->at < 0 || p->at > x->n || x->n > t->set.rl.max_tokens || x->prompt_n < 1 ||
        x->prompt_n > PROMPT_MAX)
        return err_set(e, ST_USAGE, "resample", "token %d: the trace has tokens 0 to %d", p->at, x->n);
    if (p->samples < 1 || p->samples > RESAMPLE_MOST || p->group < 0 || p->group > 1023 || p->index < 0 ||
        p->index > 1023 || p->banned >= t->vocab.n)
        return err_set(e, ST_USAGE, "resample", "%d samples: 1 to %d are possible", p->samples,
                       RESAMPLE_MOST);
    return ST_OK;
}

enum status resample_run(struct trainer *t, const struct resample_place *p, const struct gate *gate,
                         int *right, struct err *e)
{
    struct job j = {.t = t, .p = p, .gate = gate};
    const struct inspect_trace *x = p->trace;
    enum status st = check(t, p, e);
    *right = 0;
    if (st)
        return st;
    if ((p->at > 0 && x->token[p->at - 1] == t->task.end_token) || p->at >= t->set.rl.max_tokens) {
        *right = is_right(&j, x->token, p->at) ? p->samples : 0;
        return ST_OK;
    }
    j.chunk = t->rollout.slots_n < CHUNK ? t->rollout.slots_n : CHUNK;
    j.chunks_n = (p->samples + j.chunk - 1) / j.chunk;
    for (int i = 0; i < pool_threads(t->pool); i++)
        decoder_load(&t->rollout.decoder[i], t->learner.w, t->learner.bias);
    pool_run(t->pool, j.chunks_n, run_chunk, &j);
    *right = atomic_load(&j.right);
    st = (enum status)atomic_load(&j.status);
    if (st == ST_NONFINITE)
        return err_set(e, st, "resample", "a sampling distribution is not finite");
    if (st == ST_NOMEM)
        return err_set(e, st, "resample", "no memory for %d completions", j.chunk);
    return st ? err_set(e, st, "resample", "cancelled") : ST_OK;
}

/* log of n choose k. */
static double log_choose(int n, int k)
{
    double sum = 0;
    for (int i = 1; i <= k; i++)
        sum += log((double)(n - k + i) / i);
    return sum;
}

double fisher_exact(int a, int an, int b, int bn)
{
    int right = a + b, low = right > bn ? right - bn : 0, high = right < an ? right : an;
    double all = log_choose(an + bn, right), seen = log_choose(an, a) + log_choose(bn, b) - all, p = 0;
    for (int i = low; i <= high; i++) {
        double one = log_choose(an, i) + log_choose(bn, right - i) - all;
        /* Tables that are equally likely may differ in the last bits. */
        if (one <= seen + 1e-9)
            p += exp(one);
    }
    return p < 1 ? p : 1;
}

int aha_is_verified(const struct aha_test *a)
{
    return a->with_n > 0 && a->without_n > 0 &&
           (double)a->with_right / a->with_n - (double)a->without_right / a->without_n > 0.2 && a->p < 0.05;
}

enum status resample_aha(struct trainer *t, const struct resample_place *p, const struct gate *gate,
                         struct aha_test *out, struct err *e)
{
    struct resample_place with = *p, without = *p;
    enum status st;
    if (p->at < 0 || p->at >= p->trace->n)
        return err_set(e, ST_USAGE, "resample", "token %d: the trace has tokens 0 to %d", p->at,
                       p->trace->n - 1);
    with.at = p->at + 1;
    with.banned = -1;
    without.banned = p->trace->token[p->at];
    *out = (struct aha_test){.token = p->at, .with_n = p->samples, .without_n = p->samples};
    st = resample_run(t, &with, gate, &out->with_right, e);
    if (!st)
        st = resample_run(t, &without, gate, &out->without_right, e);
    if (st)
        return st;
    out->p = fisher_exact(out->with_right, out->with_n, out->without_right, out->without_n);
    out->verified = aha_is_verified(out);
    return ST_OK;
}
