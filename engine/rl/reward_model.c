/* A preference model on pairs. The two texts of a pair may fall into different shards, and the gradient of
 * each depends on both scores: so all scores come first, from a forward of their own. */
#include "engine/rl/reward_model.h"

#include <math.h>
#include <string.h>

#include "engine/rl/values.h"

enum status reward_init(struct reward_model *r, int sequences, int longest, struct arena *a, struct err *e)
{
    size_t n = (size_t)sequences * (size_t)longest;
    memset(r, 0, sizeof *r);
    r->row = longest;
    r->sequences_cap = sequences;
    r->sequence = arena_alloc(a, (size_t)sequences * sizeof *r->sequence);
    r->id = arena_alloc(a, n * sizeof *r->id);
    r->target = arena_alloc(a, (size_t)longest * sizeof *r->target);
    r->value = arena_alloc(a, n * sizeof *r->value);
    r->slope = arena_alloc(a, (size_t)sequences * sizeof *r->slope);
    if (!r->sequence || !r->id || !r->target || !r->value || !r->slope)
        return err_set(e, ST_NOMEM, a->name, "%d texts of %d tokens do not fit", sequences, longest);
    for (int t = 0; t < longest; t++)
        r->target[t] = -1;
    return ST_OK;
}

/* Sequence i: the prompt, then the response, or what follows `</think>` of it; too long a text is cut. */
static void place(struct reward_model *r, int i, enum preference respect, int close_token,
                  const uint16_t *prompt, int prompt_n, const uint16_t *text, int n)
{
    uint16_t *id = r->id + (size_t)i * (size_t)r->row;
    int at = 0, from = 0;
    for (int t = 0; t < n && respect == PREFER_HELPFUL; t++)
        if (text[t] == close_token)
            from = t;
    for (int t = 0; t < prompt_n && at < r->row; t++)
        id[at++] = prompt[t];
    for (int t = from; t < n && at < r->row; t++)
        id[at++] = text[t];
    r->sequence[i] = (struct sequence){at, i, id, r->target};
}

static double score_of(const struct reward_model *r, int i)
{
    return (double)r->value[(size_t)i * (size_t)r->row + (size_t)r->sequence[i].n - 1];
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static enum status place_pair(struct reward_model *r, const struct task *k, int p, const struct example *x,
                              struct err *e)
{
    uint16_t prompt[PROMPT_MAX], text[4096];
    int prompt_n, n, close_token = vocab_find(k->vocab, "</think>", 8);
    const char *both[2] = {x->text, x->other};
    enum status st = vocab_encode(k->vocab, x->prompt, prompt, PROMPT_MAX, &prompt_n, e);
    for (int i = 0; i < 2 && !st; i++) {
        st = vocab_encode(k->vocab, both[i], text, 4096, &n, e);
        if (!st)
            place(r, 2 * p + i, (enum preference)x->respect, close_token, prompt, prompt_n, text, n);
    }
    return st;
}

static enum status on_shard(void *ctx, struct shard *s)
{
    const struct reward_model *r = ctx;
    for (int t = 0; t < s->t->T; t++)
        s->dlogp[t] = 0;
    for (int q = 0; q < s->t->seq.n; q++)
        s->dvalue[s->t->seq.begin[q + 1] - 1] = (real)r->slope[s->first + q];
    return ST_OK;
}

enum status reward_step(struct reward_model *r, struct learner *l, const struct task *k, struct corpus *c,
                        const struct adamw_settings *adamw, uint64_t seed, int64_t first, int pairs,
                        const struct gate *gate, struct reward_stats *stats, struct err *e)
{
    struct pass p = {.sequence = r->sequence, .sequences_n = 2 * pairs, .inv_temperature = 1, .backward = 1,
                     .shard = on_shard, .ctx = r, .gate = gate};
    enum status st = ST_OK;
    memset(stats, 0, sizeof *stats);
    if (c->n < 1 || !c->example[0].other)
        return err_set(e, ST_USAGE, "reward",
                       "a preference model learns from pairs: a recipe's stage collects them");
    for (int i = 0; i < pairs && !st; i++)
        st = place_pair(r, k, i, corpus_pick(c, seed, first + i), e);
    if (!st)
        st = values_of(l, NULL, NULL, r->sequence, 2 * pairs, r->row, r->value, gate, e);
    for (int i = 0; i < pairs && !st; i++) {
        double margin = score_of(r, 2 * i) - score_of(r, 2 * i + 1), p_right = sigmoid(margin);
        stats->loss += (margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin) / pairs;
        stats->accuracy += (margin > 0) / (double)pairs;
        stats->margin += margin / pairs;
        stats->tokens += r->sequence[2 * i].n + r->sequence[2 * i + 1].n;
        r->slope[2 * i] = -(1 - p_right) / pairs;
        r->slope[2 * i + 1] = (1 - p_right) / pairs;
    }
    if (!st)
        st = learner_pass(l, &p, e);
    return st ? st : learner_apply(l, adamw, &stats->grad_norm, e);
}

enum status reward_batch(struct reward_model *r, struct learner *l, const real *w, const real *bias,
                         const struct task *k, const struct batch *b, double *preference,
                         const struct gate *gate, struct err *e)
{
    int close_token = vocab_find(k->vocab, "</think>", 8), n = 0;
    enum status st = ST_OK;
    for (int i = 0; i < b->N; i++) {
        int g = i / b->G;
        preference[i] = NAN;
        if (!k->scenario->is_open || !k->scenario->is_open(k->self, &b->problem[g]))
            continue;
        for (int respect = 0; respect < PREFERENCES_N; respect++)
            place(r, n++, (enum preference)respect, close_token, b->prompt[g], b->prompt_n[g],
                  b->token + (size_t)i * (size_t)b->cap, atomic_load(&b->n[i]));
    }
    if (n)
        st = values_of(l, w, bias, r->sequence, n, r->row, r->value, gate, e);
    n = 0;
    for (int i = 0; i < b->N && !st; i++) {
        int g = i / b->G;
        if (!k->scenario->is_open || !k->scenario->is_open(k->self, &b->problem[g]))
            continue;
        preference[i] = sigmoid(0.5 * (score_of(r, n) + score_of(r, n + 1)));
        n += 2;
    }
    return st;
}
