/* DPO on the groups of a rollout. Every update has two passes at the same weights: one that only looks,
 * which gives each pair its margin, and one that learns, where every token of a trace gets the sum of its
 * pairs' pulls on that trace. The reference never moves within a step, so its sums are taken once. Sums are
 * kept by lane and added in lane order; a trace belongs to one lane, so what is kept by trace needs no
 * order. */
#include "engine/rl/dpo_update.h"

#include <math.h>
#include <string.h>

/* The weighting of a sequence's tokens in `kl`, and the difference of decode and forward, as in grpo.c. */
struct sums {
    double kl, entropy, tokens, balance, difference, difference_max;
};

struct pass_context {
    struct dpo *d;
    struct grpo *g;
    struct batch *b;
    int is_first, learn;
    struct sums lane[LANES_MAX];
};

enum status dpo_init(struct dpo *d, int P, int G, enum pair_rule rule, struct arena *a, struct err *e)
{
    size_t n = (size_t)P * (size_t)G;
    d->pairs_cap = P * (rule == PAIRS_ALL ? G * (G - 1) / 2 : 1) + 1;
    d->pair = arena_alloc(a, (size_t)d->pairs_cap * sizeof *d->pair);
    d->now = arena_alloc(a, n * sizeof *d->now);
    d->ref = arena_alloc(a, n * sizeof *d->ref);
    d->pull = arena_alloc(a, n * sizeof *d->pull);
    d->is_paired = arena_alloc(a, n);
    if (!d->pair || !d->now || !d->ref || !d->pull || !d->is_paired)
        return err_set(e, ST_NOMEM, a->name, "the pairs of %d groups of %d do not fit", P, G);
    return ST_OK;
}

/* What the first forward over a trace says of it: the policy that sampled, and the reference. */
static void keep_first(struct pass_context *c, struct sums *sum, const struct shard *s, int trace, int at)
{
    struct batch *b = c->b;
    size_t row = (size_t)trace * (size_t)b->cap;
    c->d->ref[trace] = 0;
    for (int t = 0; t < b->n[trace]; t++) {
        double now = (double)s->logp[at + t], ref = (double)s->ref_logp[at + t], slope;
        double gap = fabs(now - (double)b->logp[row + (size_t)t]);
        b->logp_old[row + (size_t)t] = (float)now;
        b->logp_ref[row + (size_t)t] = (float)ref;
        c->d->ref[trace] += ref;
        sum->kl += kl_term(KL_K3, 0, now - ref, 1, &slope);
        sum->entropy += (double)s->entropy[at + t];
        sum->difference += gap;
        sum->difference_max = fmax(sum->difference_max, gap);
        sum->tokens++;
    }
}

static enum status on_shard(void *ctx, struct shard *s)
{
    struct pass_context *c = ctx;
    struct sums *sum = &c->lane[s->lane];
    memset(s->dlogp, 0, (size_t)s->t->T * sizeof *s->dlogp);
    for (int q = 0; q < s->t->seq.n; q++) {
        int trace = c->g->sequence[s->first + q].index, n = c->b->n[trace];
        int at = s->t->seq.begin[q] + c->b->prompt_n[trace / c->b->G] - 1;
        if (c->is_first)
            keep_first(c, sum, s, trace, at);
        if (!c->learn)
            c->d->now[trace] = 0;
        for (int t = 0; t < n; t++) {
            c->b->logp_new[(size_t)trace * (size_t)c->b->cap + (size_t)t] = (float)s->logp[at + t];
            if (c->learn)
                s->dlogp[at + t] = (real)c->d->pull[trace];
            else
                c->d->now[trace] += (double)s->logp[at + t];
        }
    }
    if (c->learn)
        sum->balance += (double)s->balance * (double)s->balance_weight;
    return ST_OK;
}

static enum status run_pass(struct pass_context *c, struct learner *l, int count, double temperature,
                            int is_first, int learn, const struct gate *gate, struct sums *total,
                            struct err *e)
{
    struct pass p = {.sequence = c->g->sequence,
                     .sequences_n = count,
                     .inv_temperature = (real)(1 / temperature),
                     .with_reference = is_first,
                     .backward = learn,
                     .shard = on_shard,
                     .ctx = c,
                     .gate = gate};
    enum status st;
    c->is_first = is_first;
    c->learn = learn;
    memset(c->lane, 0, sizeof c->lane);
    learner_clear_load(l);
    st = learner_pass(l, &p, e);
    for (int i = 0; i < l->lanes_n && !st; i++) {
        total->kl += c->lane[i].kl;
        total->entropy += c->lane[i].entropy;
        total->tokens += c->lane[i].tokens;
        total->balance += c->lane[i].balance;
        total->difference += c->lane[i].difference;
        total->difference_max = fmax(total->difference_max, c->lane[i].difference_max);
    }
    return st;
}

/* The pairs of groups order[from..to-1], and the sequences of the traces that they name. */
static int collect(struct pass_context *c, const struct dpo_settings *set, int from, int to, int *pairs)
{
    const struct batch *b = c->b;
    int count = 0;
    *pairs = 0;
    memset(c->d->is_paired, 0, (size_t)b->P * (size_t)b->G);
    for (int i = from; i < to; i++) {
        int first = c->g->order[i] * b->G, begin = *pairs;
        *pairs += dpo_pairs(set->pairs, first, b->G, b->reward, b->masked, c->d->pair + begin);
        for (int k = begin; k < *pairs; k++)
            c->d->is_paired[c->d->pair[k].chosen] = c->d->is_paired[c->d->pair[k].rejected] = 1;
        for (int t = first; t < first + b->G; t++)
            if (c->d->is_paired[t] && b->n[t] > 0)
                count = grpo_add_trace(c->g, b, t, count);
    }
    return count;
}

/* Margins and pulls from the sums; adds to the statistics what this update's pairs say. */
static void weigh(struct pass_context *c, double beta, int pairs, struct grpo_stats *stats)
{
    struct dpo *d = c->d;
    memset(d->pull, 0, (size_t)c->b->P * (size_t)c->b->G * sizeof *d->pull);
    for (int k = 0; k < pairs; k++) {
        int win = d->pair[k].chosen, lose = d->pair[k].rejected;
        struct dpo_pair p = {d->now[win], d->ref[win], d->now[lose], d->ref[lose]};
        struct dpo_terms x = dpo_terms(&p, beta);
        d->pull[win] += x.chosen_grad / pairs;
        d->pull[lose] += x.rejected_grad / pairs;
        stats->loss += x.loss / pairs;
        stats->margin += x.margin / pairs;
        stats->pair_accuracy += (x.margin > 0) / (double)pairs;
        stats->chosen += beta * (p.chosen_logp - p.chosen_ref) / pairs;
        stats->rejected += beta * (p.rejected_logp - p.rejected_ref) / pairs;
    }
}

static void finish(const struct sums *t, double norms, struct grpo_stats *stats)
{
    double one = stats->updates > 0 ? stats->updates : 1, tokens = t->tokens > 0 ? t->tokens : 1;
    stats->loss /= one;
    stats->policy_loss = stats->loss;
    stats->margin /= one;
    stats->pair_accuracy /= one;
    stats->chosen /= one;
    stats->rejected /= one;
    stats->balance_loss = t->balance / one;
    stats->grad_norm = norms / one;
    stats->kl = t->kl / tokens;
    stats->entropy = t->entropy / tokens;
    stats->logp_difference = t->difference / tokens;
    stats->logp_difference_max = t->difference_max;
    stats->tokens = t->tokens;
}

enum status dpo_update(struct dpo *d, struct grpo *g, struct learner *l, struct batch *b,
                       const struct grpo_settings *s, const struct dpo_settings *set, const struct gate *gate,
                       struct grpo_stats *stats, struct err *e)
{
    struct pass_context c = {.d = d, .g = g, .b = b};
    struct sums total = {0};
    double norm, norms = 0;
    int pairs, count, single = s->inner_epochs * s->mini_batches == 1;
    enum status st = ST_OK;
    memset(stats, 0, sizeof *stats);
    learner_clear_load(l);
    grpo_shuffle(g, b->P, s, 0);
    count = collect(&c, set, 0, b->P, &pairs);
    stats->pairs = pairs;
    if (count > 0)
        st = run_pass(&c, l, count, s->temperature, 1, 0, gate, &total, e);
    for (int epoch = 0; epoch < s->inner_epochs && !st && count > 0; epoch++) {
        grpo_shuffle(g, b->P, s, epoch);
        for (int i = 0; i < s->mini_batches && !st; i++) {
            int from = (int)((int64_t)b->P * i / s->mini_batches),
                to = (int)((int64_t)b->P * (i + 1) / s->mini_batches);
            int n = collect(&c, set, from, to, &pairs);
            if (pairs == 0)
                continue;
            if (!single)
                st = run_pass(&c, l, n, s->temperature, 0, 0, gate, &total, e);
            if (st)
                break;
            weigh(&c, set->beta, pairs, stats);
            st = run_pass(&c, l, n, s->temperature, 0, 1, gate, &total, e);
            if (!st)
                st = learner_apply(l, &s->adamw, &norm, e);
            if (st)
                break;
            norms += norm;
            stats->updates++;
        }
    }
    finish(&total, norms, stats);
    return st;
}
