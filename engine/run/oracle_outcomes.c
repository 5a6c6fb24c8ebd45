/* The oracle's completions: listed, scored, weighed by a forward, sorted by what the losses see of them. */
#include <math.h>
#include <string.h>

#include "engine/run/oracle_work.h"

enum { ARENA_MB = 4096 };

int oracle_completions(int V, int cap)
{
    double open = 1, all = 0;
    for (int k = 1; k < cap && all <= ORACLE_OUTCOMES; k++) {
        all += open;           /* ends here */
        open *= V - 1;
    }
    all += open * V;           /* at the limit */
    return cap <= ORACLE_TOKENS && all <= ORACLE_OUTCOMES ? (int)all : 0;
}

/* All completions, depth first. prefix [n]: none of it the end token. */
static void list(struct oracle_work *w, uint16_t *prefix, int n, int *at)
{
    for (int v = 0; v < w->t->vocab.n; v++) {
        int is_end = v == w->t->task.end_token;
        prefix[n] = (uint16_t)v;
        if (!is_end && n + 1 < w->cap) {
            list(w, prefix, n + 1, at);
            continue;
        }
        memcpy(w->b.token + (size_t)*at * (size_t)w->cap, prefix, (size_t)(n + 1) * sizeof *prefix);
        atomic_store(&w->b.n[*at], n + 1);
        w->b.cut_off[*at] = !is_end;
        (*at)++;
    }
}

static int allocate(struct oracle_work *w)
{
    size_t o = (size_t)w->outcomes, row = o * (size_t)w->cap,
           drawn = (size_t)w->s->batches * (size_t)w->s->group;
    double **vector[TRUE_N + 2 * KL_KIND_N + 2 * ORACLE_LOSSES + 1];
    int n = 0, ok = 1;
    for (int i = 0; i < TRUE_N; i++)
        vector[n++] = &w->exact[i];
    for (int i = 0; i < 2 * KL_KIND_N; i++)
        vector[n++] = &w->kl[i / KL_KIND_N][i % KL_KIND_N];
    for (int i = 0; i < ORACLE_LOSSES; i++) {
        vector[n++] = &w->loss[i];
        vector[n++] = &w->drawn[i];
        ok &= (w->push[i] = arena_alloc(&w->arena, o * sizeof(double))) != NULL;
    }
    vector[n++] = &w->one;
    for (int i = 0; i < n; i++) {
        ok &= (*vector[i] = arena_alloc(&w->arena, w->total * sizeof(double))) != NULL;
        if (*vector[i])
            memset(*vector[i], 0, w->total * sizeof(double));
    }
    w->scores_cap = (int)(drawn < o ? drawn : o);
    w->score = arena_alloc(&w->arena, (size_t)w->scores_cap * w->total * sizeof(real));
    w->score_of = arena_alloc(&w->arena, o * sizeof(int));
    w->logp = arena_alloc(&w->arena, row * sizeof(double));
    w->ref = arena_alloc(&w->arena, row * sizeof(double));
    w->coef = arena_alloc(&w->arena, row * sizeof(double));
    w->p = arena_alloc(&w->arena, o * sizeof(double));
    w->log_ratio = arena_alloc(&w->arena, o * sizeof(double));
    w->type_of = arena_alloc(&w->arena, o * sizeof(int));
    w->member = arena_alloc(&w->arena, o * sizeof(int));
    return ok && w->score && w->score_of && w->logp && w->ref && w->coef && w->p && w->log_ratio &&
           w->type_of && w->member;
}

enum status oracle_open(struct oracle_work *w, struct trainer *t, const struct oracle_settings *s,
                             const struct gate *gate, struct err *e)
{
    int cap = t->set.rl.max_tokens;
    enum status st;
    memset(w, 0, sizeof *w);
    if (t->stage != STAGE_GRPO)
        return err_set(e, ST_USAGE, "oracle", "a base or a cold start has no rewards: name a GRPO run");
    if (s->problems < 1 || s->problems > t->set.rl.prompts || s->group < 2 || s->group > ORACLE_GROUP ||
        s->batches < 1 || s->batches > ORACLE_BATCHES)
        return err_set(e, ST_USAGE, "oracle",
                       "1..%d problems, groups of 2..%d and 1..%d batches are possible", t->set.rl.prompts,
                       ORACLE_GROUP, ORACLE_BATCHES);
    *w = (struct oracle_work){.t = t,
                              .s = s,
                              .gate = gate,
                              .cap = cap,
                              .outcomes = oracle_completions(t->vocab.n, cap),
                              .total = t->model.params.total};
    if (!w->outcomes)
        return err_set(
            e, ST_USAGE, "oracle",
            "%d tokens at up to %d positions are more than %d completions: only a task like `tiny` can "
            "be summed over",
            t->vocab.n, cap, ORACLE_OUTCOMES);
    st = arena_init(&w->arena, "oracle", (size_t)ARENA_MB << 20, e);
    if (!st)
        st = batch_init(&w->b, 1, w->outcomes, cap, &w->arena, e);
    if (!st)
        st = grpo_init(&w->g, 1, w->outcomes, cap, &w->arena, e);
    if (!st && !allocate(w))
        st = err_set(e, ST_NOMEM, w->arena.name, "the gradients of %zu weights do not fit", w->total);
    return st;
}

static enum status on_shard(void *ctx, struct shard *s)
{
    struct oracle_work *w = ctx;
    memset(s->dlogp, 0, (size_t)s->t->T * sizeof *s->dlogp);
    s->balance_weight = 0;     /* the policy's gradient alone */
    for (int q = 0; q < s->t->seq.n; q++) {
        int o = w->g.sequence[s->first + q].index, at = s->t->seq.begin[q] + w->b.prompt_n[0] - 1;
        size_t row = (size_t)o * (size_t)w->cap;
        for (int k = 0; k < w->b.n[o]; k++) {
            if (w->is_forward) {
                w->logp[row + (size_t)k] = (double)s->logp[at + k];
                w->ref[row + (size_t)k] = (double)s->ref_logp[at + k];
            } else {
                s->dlogp[at + k] = (real)w->coef[row + (size_t)k];
            }
        }
    }
    return ST_OK;
}

enum status oracle_pass(struct oracle_work *w, int is_forward, struct err *e)
{
    struct learner *l = &w->t->learner;
    struct pass p = {.sequence = w->g.sequence, .inv_temperature = (real)(1 / w->t->set.rl.temperature),
                     .with_reference = is_forward, .backward = !is_forward, .shard = on_shard, .ctx = w,
                     .gate = w->gate};
    double norm;
    enum status st;
    for (int i = 0; i < w->count; i++)
        p.sequences_n = grpo_add_trace(&w->g, &w->b, w->member[i], i);
    w->is_forward = is_forward;
    st = learner_pass(l, &p, e);
    if (!st && !is_forward)
        st = optimizer_reduce(l->pool, l->m->k, &l->m->params, l->lane, l->lanes_n, &norm, e);
    for (size_t j = 0; j < w->total && !st && !is_forward; j++)
        w->one[j] = (double)l->lane[0][j];
    return st;
}

enum status oracle_problem(struct oracle_work *w, int p, struct err *e)
{
    struct trainer *t = w->t;
    const struct rl_stage *rl = &t->set.rl;
    struct reward_weights weights = {.accuracy = rl->accuracy,
                                     .format = rl->format,
                                     .language = rl->language,
                                     .process = rl->process,
                                     .process_rule = (enum process_rule)rl->process_rule};
    uint16_t prefix[ORACLE_TOKENS];
    int at = 0;
    enum status st = batch_draw(&w->b, &t->task, t->seed, (uint32_t)(t->step + 1), 0, (uint32_t)p, e);
    if (st)
        return st;
    list(w, prefix, 0, &at);
    score_group(&w->b, &t->task, &weights, rl->cut_off == CUT_OFF_OVERLONG ? rl->overlong_cache : 0, 0);
    w->count = w->outcomes;
    for (int o = 0; o < w->outcomes; o++)
        w->member[o] = o;
    st = oracle_pass(w, 1, e);
    for (int o = 0; o < w->outcomes && !st; o++) {
        double logp = 0, ref = 0;
        for (int k = 0; k < w->b.n[o]; k++) {
            logp += w->logp[o * w->cap + k];
            ref += w->ref[o * w->cap + k];
        }
        w->p[o] = exp(logp);
        w->log_ratio[o] = logp - ref;
    }
    return st;
}

enum status oracle_types(struct oracle_work *w, struct err *e)
{
    w->types_n = 0;
    for (int o = 0; o < w->outcomes; o++) {
        int i = 0, n = w->b.n[o];
        while (i < w->types_n && (w->type[i].reward != w->b.reward[o] || w->type[i].n != n))
            i++;
        if (i == ORACLE_TYPES)
            return err_set(e, ST_USAGE, "oracle", "more than %d kinds of completions by reward and length",
                           ORACLE_TYPES);
        if (i == w->types_n)
            w->type[w->types_n++] = (struct oracle_type){w->b.reward[o], 0, n};
        w->type[i].probability += w->p[o];
        w->type_of[o] = i;
    }
    return ST_OK;
}

enum status oracle_add(struct oracle_work *w, double share, double *sum, struct err *e)
{
    enum status st = oracle_pass(w, 0, e);
    for (size_t j = 0; j < w->total && !st; j++)
        sum[j] += share * w->one[j];
    return st;
}

void oracle_coef(struct oracle_work *w, int o, double c)
{
    for (int k = 0; k < w->b.n[o]; k++)
        w->coef[o * w->cap + k] = c;
}

