/* The GRPO update. A trace becomes one sequence: prompt and completion but for the last token as input, the
 * completion as targets. Sums are kept by lane and added in lane order, so that no thread count changes
 * them. */
#include "engine/rl/grpo.h"

#include <math.h>
#include <string.h>

enum { LENGTH_MAX = 4096 };

struct sums {
    double loss, policy, balance, kl, kl_n, entropy, tokens, clip_low, clip_high, ratio_n, difference,
        difference_max;
    double capped, off_policy, sequences, value_loss;
    int64_t routed, moved;
};

/* One pass's context for the shard callback. */
struct pass_context {
    struct grpo *g;
    struct batch *b;
    const struct grpo_settings *s;
    struct loss_scope scope;
    int is_first;              /* this forward defines logp_old */
    int learn;                 /* a gradient is wanted */
    struct sums lane[LANES_MAX];
};

enum status grpo_init(struct grpo *g, int P, int G, int cap, struct arena *a, struct err *e)
{
    size_t N = (size_t)P * (size_t)G;
    g->row = PROMPT_MAX + cap;
    g->sequence = arena_alloc(a, N * sizeof *g->sequence);
    g->id = arena_alloc(a, N * (size_t)g->row * sizeof *g->id);
    g->target = arena_alloc(a, N * (size_t)g->row * sizeof *g->target);
    g->order = arena_alloc(a, (size_t)P * sizeof *g->order);
    g->micro_tokens = arena_alloc(a, (size_t)P * sizeof *g->micro_tokens);
    if (!g->sequence || !g->id || !g->target || !g->order || !g->micro_tokens || g->row > LENGTH_MAX)
        return err_set(e, ST_NOMEM, a->name, "%d x %d sequences of %d tokens do not fit", P, G, g->row);
    return ST_OK;
}

int grpo_add_trace(struct grpo *g, const struct batch *b, int trace, int count)
{
    int p = trace / b->G, prompt_n = b->prompt_n[p], n = b->n[trace];
    uint16_t *id = g->id + (size_t)trace * g->row;
    int *target = g->target + (size_t)trace * g->row;
    memcpy(id, b->prompt[p], (size_t)prompt_n * sizeof *id);
    memcpy(id + prompt_n, b->token + (size_t)trace * b->cap, (size_t)(n - 1) * sizeof *id);
    for (int t = 0; t < prompt_n - 1; t++)
        target[t] = -1;
    for (int t = 0; t < n; t++)
        target[prompt_n - 1 + t] = b->token[(size_t)trace * b->cap + t];
    g->sequence[count++] = (struct sequence){prompt_n - 1 + n, trace, id, target};
    return count;
}

/* Appends the sequences of group p that the loss looks at; returns the new count. */
static int add_group(struct grpo *g, const struct batch *b, int p, int count)
{
    for (int i = p * b->G; i < (p + 1) * b->G; i++)
        if (!b->masked[i] && b->n[i] > 0)
            count = grpo_add_trace(g, b, i, count);
    return count;
}

/* The rows of one trace within a shard: keeps what the forward said, and puts the objective's gradient into
 * dlogp. */
static void one_trace(struct pass_context *c, struct sums *sum, const struct shard *s, int trace, int at)
{
    struct batch *b = c->b;
    int n = b->n[trace], is_ppo = c->s->ppo.is_on;
    float *old = b->logp_old + (size_t)trace * b->cap, *ref = b->logp_ref + (size_t)trace * b->cap,
          *now = b->logp_new + (size_t)trace * b->cap;
    const float *sampled = b->logp + (size_t)trace * b->cap;
    double logp[LENGTH_MAX], before[LENGTH_MAX], reference[LENGTH_MAX], ratio[LENGTH_MAX], kl[LENGTH_MAX],
        grad[LENGTH_MAX];
    unsigned char clipped[LENGTH_MAX];
    struct sequence_terms out = {.ratio = ratio, .clipped = clipped, .kl = kl, .grad = grad};
    struct loss_scope scope = c->scope;
    scope.micro_tokens = scope.micro_batches > 0 ? c->g->micro_tokens[trace / b->G] : 0;
    for (int t = 0; t < n; t++) {
        now[t] = (float)s->logp[at + t];
        if (s->ref_logp)
            ref[t] = (float)s->ref_logp[at + t];
        if (c->is_first) {
            double gap = fabs((double)now[t] - (double)sampled[t]);
            old[t] = now[t];
            sum->difference += gap;
            sum->difference_max = fmax(sum->difference_max, gap);
            sum->entropy += (double)s->entropy[at + t];
            sum->tokens++;
        }
        logp[t] = now[t];
        before[t] = old[t];
        reference[t] = ref[t];
    }
    if (is_ppo && c->is_first)
        ppo_keep(&c->g->ppo, b, trace, s->value + at);
    if (is_ppo && c->is_first && c->learn)
        ppo_advantage(&c->g->ppo, b, &c->s->ppo, trace);
    if (is_ppo)
        ppo_policy(&c->s->objective, scope.tokens, n, logp, before, reference,
                   b->token_advantage + (size_t)trace * b->cap, &out);
    else
        objective_sequence(&c->s->objective, &scope, n, logp, before, reference, b->advantage[trace], &out);
    if (c->is_first) {
        sum->kl += out.kl_sum;
        sum->kl_n += out.kl_n;
    }
    if (!c->learn)
        return;
    for (int t = 0; t < n; t++)
        s->dlogp[at + t] = (real)grad[t];
    for (int t = 0; t < n && s->dentropy; t++) {
        s->dentropy[at + t] = (real)out.entropy_weight;
        sum->loss += out.entropy_weight * (double)s->entropy[at + t];
    }
    sum->capped += out.capped;
    sum->off_policy += out.is_off_policy;
    sum->sequences++;
    if (is_ppo) {
        double part = ppo_value(&c->g->ppo, b, &c->s->ppo, trace, scope.tokens, s->value + at,
                                s->dvalue + at);
        sum->value_loss += part;
        sum->loss += c->s->ppo.value_weight * part;
    }
    sum->loss += c->s->ppo.is_warming ? 0 : out.loss;
    sum->policy += out.policy_loss;
    sum->clip_low += out.clip_low;
    sum->clip_high += out.clip_high;
    sum->ratio_n += out.ratio_n;
}

static enum status on_shard(void *ctx, struct shard *s)
{
    struct pass_context *c = ctx;
    struct sums *sum = &c->lane[s->lane];
    memset(s->dlogp, 0, (size_t)s->t->T * sizeof *s->dlogp);
    for (int q = 0; q < s->t->seq.n; q++) {
        int trace = c->g->sequence[s->first + q].index;
        one_trace(c, sum, s, trace, s->t->seq.begin[q] + c->b->prompt_n[trace / c->b->G] - 1);
    }
    if (c->learn) {
        sum->balance += (double)s->balance * (double)s->balance_weight;
        sum->routed += s->routed;
        sum->moved += s->moved;
    }
    return ST_OK;
}

/* What the sampler chose for the rows of a trace's sequence: the prompt's but for its last, then one a
 * token. */
static void give_route(void *ctx, int trace, uint8_t *out)
{
    const struct batch *b = ((struct pass_context *)ctx)->b;
    int p = trace / b->G;
    size_t width = (size_t)b->route_n, rows = (size_t)b->prompt_n[p] - 1;
    memcpy(out, b->prompt_route + (size_t)p * PROMPT_MAX * width, rows * width);
    memcpy(out + rows * width, b->route + (size_t)trace * (size_t)b->cap * width,
           (size_t)b->n[trace] * width);
}

/* One pass over count sequences; adds its sums to *total in lane order. */
static enum status run_pass(struct pass_context *c, struct learner *l, int count, int with_reference,
                            int is_first, int learn, const struct gate *gate, struct sums *total,
                            struct err *e)
{
    struct pass p = {.sequence = c->g->sequence, .sequences_n = count,
                     .inv_temperature = (real)(1 / c->s->temperature), .with_reference = with_reference,
                     .with_entropy = learn && c->s->objective.entropy != 0 && !c->s->ppo.is_warming,
                     .backward = learn, .value_only = c->s->ppo.is_warming,
                     .route = c->s->routes ? give_route : NULL, .replays = c->s->routes == ROUTES_REPLAY,
                     .shard = on_shard, .ctx = c, .gate = gate};
    enum status st;
    c->is_first = is_first;
    c->learn = learn;
    memset(c->lane, 0, sizeof c->lane);
    st = learner_pass(l, &p, e);
    for (int i = 0; i < l->lanes_n && !st; i++) {
        const struct sums *x = &c->lane[i];
        total->loss += x->loss;
        total->policy += x->policy;
        total->balance += x->balance;
        total->kl += x->kl;
        total->kl_n += x->kl_n;
        total->entropy += x->entropy;
        total->tokens += x->tokens;
        total->clip_low += x->clip_low;
        total->clip_high += x->clip_high;
        total->ratio_n += x->ratio_n;
        total->capped += x->capped;
        total->off_policy += x->off_policy;
        total->sequences += x->sequences;
        total->value_loss += x->value_loss;
        total->routed += x->routed;
        total->moved += x->moved;
        total->difference += x->difference;
        total->difference_max = fmax(total->difference_max, x->difference_max);
    }
    return st;
}

void grpo_shuffle(struct grpo *g, int P, const struct grpo_settings *s, int epoch)
{
    struct rng r = rng_at(s->seed, RNG_SHUFFLE, s->step, (uint32_t)epoch, 0);
    for (int i = 0; i < P; i++)
        g->order[i] = i;
    for (int i = P - 1; i > 0 && s->mini_batches > 1; i--) {
        int j = rng_below(&r, i + 1), swap = g->order[i];
        g->order[i] = g->order[j];
        g->order[j] = swap;
    }
}

/* The tokens of each micro-batch of groups order[from..to-1], for bnpo; empty ones do not count. */
static void cut_micro(struct grpo *g, const struct batch *b, int from, int to, int size,
                      struct loss_scope *scope)
{
    scope->micro_batches = 0;
    for (int at = from; size > 0 && at < to; at += size) {
        int end = at + size < to ? at + size : to;
        double tokens = 0;
        for (int i = at; i < end; i++)
            for (int t = g->order[i] * b->G; t < (g->order[i] + 1) * b->G; t++)
                tokens += b->masked[t] ? 0 : b->n[t];
        for (int i = at; i < end; i++)
            g->micro_tokens[g->order[i]] = tokens;
        scope->micro_batches += tokens > 0;
    }
}

static int collect(struct grpo *g, const struct batch *b, int from, int to, int micro_prompts,
                   struct loss_scope *scope)
{
    int count = 0;
    for (int i = from; i < to; i++)
        count = add_group(g, b, g->order[i], count);
    scope->sequences = count;
    scope->tokens = 0;
    for (int i = 0; i < count; i++)
        scope->tokens += b->n[g->sequence[i].index];
    cut_micro(g, b, from, to, micro_prompts, scope);
    return count;
}

static void finish(const struct sums *t, int updates, double norms, struct grpo_stats *out)
{
    double one = updates > 0 ? updates : 1;
    *out = (struct grpo_stats){
        .loss = t->loss / one,
        .policy_loss = t->policy / one,
        .balance_loss = t->balance / one,
        .value_loss = t->value_loss / one,
        .grad_norm = norms / one,
        .kl = t->kl_n > 0 ? t->kl / t->kl_n : 0,
        .entropy = t->tokens > 0 ? t->entropy / t->tokens : 0,
        .clip_low = t->ratio_n > 0 ? t->clip_low / t->ratio_n : 0,
        .clip_high = t->ratio_n > 0 ? t->clip_high / t->ratio_n : 0,
        .capped = t->ratio_n > 0 ? t->capped / t->ratio_n : 0,
        .off_policy = t->sequences > 0 ? t->off_policy / t->sequences : 0,
        .logp_difference = t->tokens > 0 ? t->difference / t->tokens : 0,
        .logp_difference_max = t->difference_max,
        .route_difference = t->routed > 0 ? (double)t->moved / (double)t->routed : NAN,
        .tokens = t->tokens,
        .updates = updates,
    };
}

enum status grpo_update(struct grpo *g, struct learner *l, struct batch *b, const struct grpo_settings *s,
                        const struct gate *gate, struct grpo_stats *stats, struct err *e)
{
    struct pass_context c = {.g = g, .b = b, .s = s};
    struct sums total = {0};
    int looks_first = s->ppo.is_on && s->ppo.normalise;
    int single = s->inner_epochs * s->mini_batches == 1 && !looks_first, updates = 0;
    double norm, norms = 0;
    enum status st = ST_OK;
    learner_clear_load(l);
    if (!single) {
        grpo_shuffle(g, b->P, s, 0);
        st = run_pass(&c, l, collect(g, b, 0, b->P, 0, &c.scope), 1, 1, 0, gate, &total, e);
        learner_clear_load(l);
        if (!st && s->ppo.is_on)
            ppo_weigh(&g->ppo, b, &s->ppo);
    }
    for (int epoch = 0; epoch < s->inner_epochs && !st; epoch++) {
        grpo_shuffle(g, b->P, s, epoch);
        for (int i = 0; i < s->mini_batches && !st; i++) {
            int from = (int)((int64_t)b->P * i / s->mini_batches),
                to = (int)((int64_t)b->P * (i + 1) / s->mini_batches);
            int count = collect(g, b, from, to, s->micro_prompts, &c.scope);
            if (count == 0)
                continue;
            st = run_pass(&c, l, count, single, single, 1, gate, &total, e);
            if (!st)
                st = learner_apply(l, &s->adamw, &norm, e);
            if (st)
                break;
            norms += norm;
            updates++;
        }
    }
    finish(&total, updates, norms, stats);
    if (!st && s->ppo.is_on && single)
        ppo_weigh(&g->ppo, b, &s->ppo);     /* the same numbers again, and 0 for the traces that are left out */
    if (!st && s->ppo.is_on)
        stats->ppo = ppo_measure(&g->ppo, b);
    return st;
}
