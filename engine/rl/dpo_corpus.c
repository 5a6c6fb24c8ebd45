/* DPO on a corpus. The two texts of a pair may fall into different shards and each one's gradient depends on
 * both sums: so one pass only looks, and another one learns. What is kept by text needs no order. */
#include "engine/rl/dpo_corpus.h"

#include <math.h>
#include <string.h>

#include "engine/rl/dpo.h"

struct pass_context {
    struct dpo_corpus *d;
    int learns;
    double tokens[LANES_MAX];   /* by lane */
};

enum status dpo_corpus_init(struct dpo_corpus *d, int pairs, int longest, struct arena *a, struct err *e)
{
    size_t texts = 2 * (size_t)pairs, n = texts * (size_t)longest;
    memset(d, 0, sizeof *d);
    d->row = longest;
    d->sequence = arena_alloc(a, texts * sizeof *d->sequence);
    d->id = arena_alloc(a, n * sizeof *d->id);
    d->target = arena_alloc(a, n * sizeof *d->target);
    d->now = arena_alloc(a, texts * sizeof *d->now);
    d->ref = arena_alloc(a, texts * sizeof *d->ref);
    d->pull = arena_alloc(a, texts * sizeof *d->pull);
    if (!d->sequence || !d->id || !d->target || !d->now || !d->ref || !d->pull)
        return err_set(e, ST_NOMEM, a->name, "%d pairs of %d tokens do not fit", pairs, longest);
    return ST_OK;
}

/* Sequence i: token t is read at row t and scores token t + 1 where that belongs to the completion. */
static enum status place(struct dpo_corpus *d, int i, const struct task *k, const char *prompt,
                         const char *text, struct err *e)
{
    uint16_t token[4096], *id = d->id + (size_t)i * (size_t)d->row;
    int *target = d->target + (size_t)i * (size_t)d->row, prompt_n, n;
    enum status st = vocab_encode(k->vocab, prompt, token, PROMPT_MAX, &prompt_n, e);
    if (!st)
        st = vocab_encode(k->vocab, text, token + prompt_n, 4096 - PROMPT_MAX, &n, e);
    if (st)
        return st;
    n += prompt_n;
    if (n > d->row + 1)
        n = d->row + 1;
    for (int t = 0; t + 1 < n; t++) {
        id[t] = token[t];
        target[t] = t + 1 < prompt_n ? -1 : token[t + 1];
    }
    d->sequence[i] = (struct sequence){n - 1, i, id, target};
    return ST_OK;
}

static enum status on_shard(void *ctx, struct shard *s)
{
    struct pass_context *c = ctx;
    memset(s->dlogp, 0, (size_t)s->t->T * sizeof *s->dlogp);
    for (int q = 0; q < s->t->seq.n; q++) {
        const struct sequence *x = &c->d->sequence[s->first + q];
        int begin = s->t->seq.begin[q];
        double now = 0, ref = 0;
        for (int t = 0; t < x->n; t++) {
            if (x->target[t] < 0)
                continue;
            if (c->learns) {
                s->dlogp[begin + t] = (real)c->d->pull[x->index];
                continue;
            }
            now += (double)s->logp[begin + t];
            ref += (double)s->ref_logp[begin + t];
            c->tokens[s->lane]++;
        }
        if (!c->learns)
            c->d->now[x->index] = now, c->d->ref[x->index] = ref;
    }
    return ST_OK;
}

static enum status run_pass(struct pass_context *c, struct learner *l, int pairs, int learns,
                            const struct gate *gate, struct err *e)
{
    struct pass p = {.sequence = c->d->sequence, .sequences_n = 2 * pairs, .inv_temperature = 1,
                     .with_reference = !learns, .backward = learns, .shard = on_shard, .ctx = c, .gate = gate};
    c->learns = learns;
    learner_clear_load(l);
    return learner_pass(l, &p, e);
}

static void weigh(struct pass_context *c, double beta, int pairs, struct dpo_corpus_stats *stats)
{
    struct dpo_corpus *d = c->d;
    for (int i = 0; i < 2 * pairs; i += 2) {
        struct dpo_pair p = {d->now[i], d->ref[i], d->now[i + 1], d->ref[i + 1]};
        struct dpo_terms x = dpo_terms(&p, beta);
        d->pull[i] = x.chosen_grad / pairs;
        d->pull[i + 1] = x.rejected_grad / pairs;
        stats->loss += x.loss / pairs;
        stats->margin += x.margin / pairs;
        stats->accuracy += (x.margin > 0) / (double)pairs;
        stats->chosen += beta * (p.chosen_logp - p.chosen_ref) / pairs;
        stats->rejected += beta * (p.rejected_logp - p.rejected_ref) / pairs;
    }
    for (int i = 0; i < LANES_MAX; i++)
        stats->tokens += c->tokens[i];
}

enum status dpo_corpus_step(struct dpo_corpus *d, struct learner *l, const struct task *k, struct corpus *c,
                            const struct adamw_settings *adamw, double beta, uint64_t seed, int64_t first,
                            int pairs, const struct gate *gate, struct dpo_corpus_stats *stats, struct err *e)
{
    struct pass_context pass = {.d = d};
    enum status st = ST_OK;
    memset(stats, 0, sizeof *stats);
    if (c->n < 1 || !c->example[0].other)
        return err_set(e, ST_USAGE, "dpo", "DPO learns from pairs: a recipe's stage collects them");
    for (int i = 0; i < pairs && !st; i++) {
        const struct example *x = corpus_pick(c, seed, first + i);
        st = place(d, 2 * i, k, x->prompt, x->text, e);
        if (!st)
            st = place(d, 2 * i + 1, k, x->prompt, x->other, e);
    }
    if (!st)
        st = run_pass(&pass, l, pairs, 0, gate, e);
    if (!st)
        weigh(&pass, beta, pairs, stats);
    if (!st)
        st = run_pass(&pass, l, pairs, 1, gate, e);
    return st ? st : learner_apply(l, adamw, &stats->grad_norm, e);
}
