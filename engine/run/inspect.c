/* Facts of tokens, by the training forward on one trace.
 *
 * The forward is the one that training runs: same kernels, same temperature, a sequence of prompt and
 * completion but for the last token. It borrows the workspace and the packed rows of the learner's first
 * thread, which hold nothing between steps. Invariant: no call changes weights, moments, biases or counts of
 * loads. */
#include "engine/run/inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lays the trace out as the update does, and runs the forward; the first row of the completion is *at. */
static enum status forward(struct trainer *t, const real *w, const real *bias, const struct inspect_trace *x,
                           int *at, struct err *e)
{
    struct learner *l = &t->learner;
    struct packed *k = &l->packed[0];
    int rows = x->prompt_n - 1 + x->n;
    if (x->prompt_n < 1 || x->n < 0 || x->n > SNAP_TOKENS || rows > l->longest || rows < 1)
        return err_set(e, ST_USAGE, "inspect",
                       "a prompt of %d and a completion of %d tokens: %d in all are possible", x->prompt_n,
                       x->n, l->longest);
    memcpy(k->id, x->prompt, (size_t)x->prompt_n * sizeof *k->id);
    if (x->n > 1)
        memcpy(k->id + x->prompt_n, x->token, (size_t)(x->n - 1) * sizeof *k->id);
    for (int i = 0; i < rows; i++) {
        k->target[i] = i < x->prompt_n - 1 ? -1 : x->token[i - x->prompt_n + 1];
        k->position[i] = i;
    }
    k->begin[0] = 0;
    k->begin[1] = rows;
    k->t = (struct tokens){rows, {1, k->begin}, k->id, k->target, k->position};
    *at = x->prompt_n - 1;
    return model_forward(l->m, w, bias, &k->t, (real)(1 / t->set.rl.temperature), 0, &l->ws[0], e);
}

void inspect_spell(const struct vocab *v, int id, char out[FACT_WORD])
{
    const char *word = id < v->n ? v->token[id] : "<?>";
    size_t n = strlen(word);
    if (n >= FACT_WORD)
        for (n = FACT_WORD - 1; n > 0 && ((unsigned char)word[n] & 0xc0) == 0x80;)
            n--;
    memcpy(out, word, n);
    out[n] = 0;
}

/* The likeliest tokens of one row of probabilities; of equally likely ones the lower id goes first. */
static void alternatives(const struct trainer *t, const real *p, int n, char word[][FACT_WORD], float *logp)
{
    int V = t->model.config.vocab_n, taken[FACT_ALTERNATIVES];
    for (int k = 0; k < n; k++) {
        int best = -1;
        for (int v = 0; v < V; v++) {
            int is_free = 1;
            for (int j = 0; j < k && is_free; j++)
                is_free = taken[j] != v;
            if (is_free && (best < 0 || p[v] > p[best]))
                best = v;
        }
        taken[k] = best;
        inspect_spell(&t->vocab, best, word[k]);
        logp[k] = logf((float)p[best]);
    }
}

static void experts(const struct trainer *t, int at, int n, struct trace_facts *out)
{
    const struct model *m = &t->model;
    int K = m->config.top_k, kept = K < FACT_TOP_K ? K : FACT_TOP_K;
    out->layers_n = 0;
    out->experts_n = m->config.experts_n;
    out->top_k = kept;
    for (int l = 0; l < m->config.layers_n && out->layers_n < SNAP_LAYERS; l++) {
        const struct block_state *s = &t->learner.ws[0].block[l];
        if (m->params.layer[l].moe_index < 0)
            continue;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < kept; j++) {
                out->expert[out->layers_n][i][j] = (uint8_t)s->chosen[(size_t)(at + i) * K + j];
                out->gate[out->layers_n][i][j] = (float)s->gate[(size_t)(at + i) * K + j];
            }
        out->layers_n++;
    }
    if (out->layers_n == 0)
        out->experts_n = out->top_k = 0;
}

enum status inspect_tokens(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                           struct err *e)
{
    struct learner *l = &t->learner;
    const struct workspace *ws = &l->ws[0];
    int at = 0, V = t->model.config.vocab_n;
    enum status st = ST_OK;
    out->has_tokens = 0;
    out->n = x->n;
    out->alternatives_n = V < FACT_ALTERNATIVES ? V : FACT_ALTERNATIVES;
    for (int i = 0; i < x->n && i < SNAP_TOKENS; i++)
        out->ref_logp[i] = out->new_logp[i] = out->new_entropy[i] = NAN;
    if (l->ref_w && x->n > 0) {
        st = forward(t, l->ref_w, l->ref_bias, x, &at, e);
        for (int i = 0; i < x->n && !st; i++)
            out->ref_logp[i] = (float)ws->logp[at + i];
    }
    if (!st && x->n > 0)
        st = forward(t, l->w, l->bias, x, &at, e);
    if (st)
        return st;
    for (int i = 0; i < x->n; i++) {
        out->logp[i] = (float)ws->logp[at + i];
        out->entropy[i] = (float)ws->entropy[at + i];
        alternatives(t, ws->probs + (size_t)(at + i) * (size_t)V, out->alternatives_n, out->word[i],
                     out->word_logp[i]);
    }
    experts(t, at, x->n, out);
    out->has_tokens = 1;
    return ST_OK;
}

enum status inspect_logp(struct trainer *t, const struct inspect_trace *x, float *logp, struct err *e)
{
    int at;
    enum status st = forward(t, t->learner.w, t->learner.bias, x, &at, e);
    for (int i = 0; i < x->n && !st; i++)
        logp[i] = (float)t->learner.ws[0].logp[at + i];
    return st;
}

enum status inspect_after(struct trainer *t, const struct inspect_trace *x, struct trace_facts *out,
                          struct err *e)
{
    const struct workspace *ws = &t->learner.ws[0];
    int at = 0;
    enum status st = forward(t, t->learner.w, t->learner.bias, x, &at, e);
    for (int i = 0; i < x->n && !st; i++) {
        out->new_logp[i] = (float)ws->logp[at + i];
        out->new_entropy[i] = (float)ws->entropy[at + i];
        out->new_expected[i] = t->model.config.value_head ? (float)ws->value[at + i] : NAN;
    }
    return st;
}

enum status inspect_sum(struct trainer *t, const struct inspect_trace *x, int of_reference, double *sum,
                        struct err *e)
{
    const struct learner *l = &t->learner;
    int at = 0;
    enum status st = ST_OK;
    *sum = 0;
    if (of_reference && !l->ref_w)
        return err_set(e, ST_USAGE, "inspect", "this stage has no reference");
    if (x->n > 0)
        st = forward(t, of_reference ? l->ref_w : l->w, of_reference ? l->ref_bias : l->bias, x, &at, e);
    for (int i = 0; i < x->n && !st; i++)
        *sum += (double)(float)l->ws[0].logp[at + i];
    return st;
}

/* The blocks of a learner that a copy holds, in one order. */
static int blocks_of(const struct learner *l, real *block[6], size_t n[6])
{
    size_t total = l->m->params.total, bias = (size_t)l->bias_n;
    real *all[6] = {l->w, l->adam_m, l->adam_v, l->bias, l->ref_w, l->ref_bias};
    size_t size[6] = {total, total, total, bias, total, bias};
    int count = l->ref_w ? 6 : 4;
    memcpy(block, all, sizeof all);
    memcpy(n, size, sizeof size);
    return count;
}

void inspect_state_free(struct inspect_state *s)
{
    free(s->block);
    free(s->load_average);
    memset(s, 0, sizeof *s);
}

enum status inspect_save(struct inspect_state *s, const struct trainer *t, struct err *e)
{
    const struct learner *l = &t->learner;
    real *block[6], *to;
    size_t n[6], reals = 0, averages = (size_t)l->bias_n;
    int count = blocks_of(l, block, n);
    for (int i = 0; i < count; i++)
        reals += n[i];
    if (s->block && (s->reals != reals || s->averages != averages))
        inspect_state_free(s);
    if (!s->block) {
        s->block = malloc(reals * sizeof *s->block);
        s->load_average = malloc((averages + 1) * sizeof *s->load_average);
        if (!s->block || !s->load_average) {
            inspect_state_free(s);
            return err_set(e, ST_NOMEM, "inspect", "no memory for a copy of %zu numbers", reals);
        }
        s->reals = reals;
        s->averages = averages;
    }
    to = s->block;
    for (int i = 0; i < count; i++) {
        memcpy(to, block[i], n[i] * sizeof *to);
        to += n[i];
    }
    memcpy(s->load_average, l->load_average, averages * sizeof *s->load_average);
    memcpy(s->running_mean, l->running_mean, sizeof s->running_mean);
    s->updates = l->updates;
    s->step = t->step;
    s->reference_step = t->reference_step;
    return ST_OK;
}

void inspect_restore(const struct inspect_state *s, struct trainer *t)
{
    struct learner *l = &t->learner;
    const real *from = s->block;
    real *block[6];
    size_t n[6];
    int count = blocks_of(l, block, n);
    for (int i = 0; i < count; i++) {
        memcpy(block[i], from, n[i] * sizeof *from);
        from += n[i];
    }
    memcpy(l->load_average, s->load_average, s->averages * sizeof *s->load_average);
    memcpy(l->running_mean, s->running_mean, sizeof l->running_mean);
    l->updates = s->updates;
    t->reference_step = s->reference_step;
    trainer_restored(t, s->step);
}
