/* Supervised fine-tuning and base training: the same step on other documents. */
#include "engine/rl/sft.h"

#include <stdio.h>
#include <string.h>

enum status sft_init(struct sft *s, int documents, int longest, struct arena *a, struct err *e)
{
    size_t n = (size_t)documents * (size_t)longest;
    memset(s, 0, sizeof *s);
    s->documents = documents;
    s->row = longest;
    s->sequence = arena_alloc(a, (size_t)documents * sizeof *s->sequence);
    s->id = arena_alloc(a, n * sizeof *s->id);
    s->target = arena_alloc(a, n * sizeof *s->target);
    s->weight = arena_alloc(a, n * sizeof *s->weight);
    if (!s->sequence || !s->id || !s->target || !s->weight)
        return err_set(e, ST_NOMEM, a->name, "%d documents of %d tokens do not fit", documents, longest);
    return ST_OK;
}

void sft_release(struct sft *s)
{
    document_free(&s->document);
    memset(s, 0, sizeof *s);
}

/* A collected trace as a document: the loss is on the completion. */
static void read_example(const struct example *x, struct document *d)
{
    const char *part[2] = {x->prompt, x->text};
    char word[64];
    for (int k = 0; k < 2; k++) {
        if (k)
            d->response_at = d->token_n;
        for (const char *at = part[k] + strspn(part[k], " "); *at; at += strspn(at, " ")) {
            size_t n = strcspn(at, " ");
            snprintf(word, sizeof word, "%.*s", (int)n, at);
            document_word(d, word, k);
            at += n;
        }
    }
}

/* Document i of the step becomes a sequence: row t is fed token t and scored on token t+1. */
static enum status draw(struct sft *s, const struct task *k, const struct sft_settings *set, int i,
                        struct err *e)
{
    struct rng r = rng_at(set->seed, set->stream, set->step, (uint32_t)i, 0);
    struct document *d = &s->document;
    uint16_t *id = s->id + (size_t)i * s->row, token[4096];
    int *target = s->target + (size_t)i * s->row, n;
    float *weight = s->weight + (size_t)i * s->row;
    enum status st;
    document_clear(d);
    if (set->corpus)
        read_example(corpus_pick(set->corpus, set->seed, (int64_t)(set->step - 1) * set->documents + i), d);
    else if (set->stream == RNG_BASE)
        k->scenario->base(k->self, &r, d);
    else
        k->scenario->demonstrate(k->self, &r, d);
    st = vocab_encode(k->vocab, str_c(&d->text), token, 4096, &n, e);
    if (st)
        return st;
    if (n > s->row + 1)
        n = s->row + 1;
    for (int t = 0; t + 1 < n; t++) {
        id[t] = token[t];
        weight[t] = t + 1 < d->response_at ? 0
                    : d->strong[t + 1]     ? d->strong[t + 1]
                                           : (float)set->context_weight;
        target[t] = weight[t] > 0 ? token[t + 1] : -1;
    }
    s->sequence[i] = (struct sequence){n - 1, i, id, target};
    return ST_OK;
}

struct context {
    struct sft *s;
    double total, lambda;     /* sum of the weights; of the MTP loss, by depth */
    int depth;
    struct distill *teacher;  /* NULL: none */
    struct {
        double loss, mtp, balance, entropy, tokens, divergence;
    } lane[LANES_MAX];
    struct err err[LANES_MAX];/* of the teacher's forward */
};

/* What the teacher adds at row t, whose share of all weights is `share`. */
static void add_soft(struct context *c, const struct shard *s, int t, double share)
{
    const struct distill *d = c->teacher;
    double scale = d->weight * d->temperature * d->temperature, kl;
    if (share == 0)
        return;
    kl = distill_divergence(d, s, t);
    d->share[s->lane][t] = (real)(scale * share);
    c->lane[s->lane].loss += scale * share * kl;
    c->lane[s->lane].divergence += share * kl;
}

static enum status on_shard(void *ctx, struct shard *s)
{
    struct context *c = ctx;
    int T = s->t->T;
    double hard = c->teacher ? 1 - c->teacher->weight : 1;
    enum status st = c->teacher ? distill_shard(c->teacher, s, &c->err[s->lane]) : ST_OK;
    if (st)
        return st;
    for (int q = 0; q < s->t->seq.n; q++) {
        const float *weight = c->s->weight + (size_t)c->s->sequence[s->first + q].index * c->s->row;
        int begin = s->t->seq.begin[q], end = s->t->seq.begin[q + 1];
        for (int t = begin; t < end; t++) {
            double share = weight[t - begin] / c->total;
            s->dlogp[t] = (real)(-hard * share);
            c->lane[s->lane].loss -= hard * share * (double)s->logp[t];
            if (c->teacher)
                add_soft(c, s, t, share);
            c->lane[s->lane].entropy += share * (double)s->entropy[t];
            for (int d = 0; s->mtp_dlogp && d < c->depth; d++) {
                int has = s->mtp_target[d][t] >= 0;
                double part = has ? weight[t - begin + d + 1] / c->total : 0;
                s->mtp_dlogp[(size_t)d * T + t] = (real)(-part * c->lambda / c->depth);
                c->lane[s->lane].mtp -= has ? part * (double)s->mtp_logp[d][t] / c->depth : 0;
            }
        }
    }
    c->lane[s->lane].balance += (double)s->balance * (double)s->balance_weight;
    c->lane[s->lane].tokens += T;
    return ST_OK;
}

enum status sft_step(struct sft *s, struct learner *l, const struct task *k, const struct sft_settings *set,
                     const struct gate *gate, struct sft_stats *stats, struct err *e)
{
    struct context c = {.s = s, .lambda = set->mtp_lambda, .depth = l->m->config.mtp_depth,
                        .teacher = set->teacher};
    struct pass p = {.sequence = s->sequence,
                     .sequences_n = set->documents,
                     .inv_temperature = 1,
                     .with_mtp = c.depth > 0 && set->mtp_lambda > 0,
                     .backward = 1,
                     .shard = on_shard,
                     .ctx = &c,
                     .gate = gate};
    enum status st = ST_OK;
    memset(stats, 0, sizeof *stats);
    for (int i = 0; i < set->documents && !st; i++)
        st = draw(s, k, set, i, e);
    for (int i = 0; i < set->documents && !st; i++)
        for (int t = 0; t < s->sequence[i].n; t++)
            c.total += s->weight[(size_t)i * s->row + t];
    learner_clear_load(l);
    if (!st)
        st = learner_pass(l, &p, e);
    for (int i = 0; i < l->lanes_n && st; i++)
        if (c.err[i].code)
            st = err_set(e, c.err[i].code, "teacher", "%s: %s", c.err[i].where, c.err[i].msg);
    if (!st)
        st = learner_apply(l, &set->adamw, &stats->grad_norm, e);
    for (int i = 0; i < l->lanes_n && !st; i++) {
        stats->loss += c.lane[i].loss;
        stats->mtp_loss += c.lane[i].mtp;
        stats->balance_loss += c.lane[i].balance;
        stats->entropy += c.lane[i].entropy;
        stats->tokens += c.lane[i].tokens;
        stats->divergence += c.lane[i].divergence;
    }
    return st;
}
