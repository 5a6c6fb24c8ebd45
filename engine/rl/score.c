/* From sampled tokens to advantages: each trace is turned into text once, scored by the scenario's rules and
 * analysed; then groups are compared within themselves. */
#include "engine/rl/score.h"

#include <math.h>
#include <string.h>

enum status task_prompt(const struct task *k, const struct problem *p, uint16_t *id, int *n, struct err *e)
{
    struct str text = {0};
    enum status st;
    k->scenario->prompt(k->self, p, &text);
    st = vocab_encode(k->vocab, str_c(&text), id, PROMPT_MAX, n, e);
    str_free(&text);
    return st;
}

enum status batch_draw(struct batch *b, const struct task *k, uint64_t seed, uint32_t step, int p,
                       uint32_t draw, struct err *e)
{
    struct rng r = rng_at(seed, RNG_PROBLEM, step, draw, 0);
    b->draw[p] = draw;
    k->scenario->draw(k->self, &r, &b->problem[p]);
    for (int i = p * b->G; i < (p + 1) * b->G; i++) {
        atomic_store(&b->done[i], 0);
        atomic_store(&b->n[i], 0);
        b->cut_off[i] = 0;
        b->masked[i] = 0;
    }
    return task_prompt(k, &b->problem[p], b->prompt[p], &b->prompt_n[p], e);
}

static void keep_counts(struct trace_counts *c, const struct marks *m)
{
    *c = (struct trace_counts){
        m->equations,  m->equations_right, m->reflections, m->verifications,     m->verifications_right,
        m->backtracks, m->waits,           m->attempts,    m->attempts_distinct, m->ahas,
        m->false_yes};
}

/* DAPO's soft overlong penalty, 0..-1. */
static double overlong(int n, int cut_off, int limit, int cache)
{
    if (cut_off)
        return -1;
    return cache > 0 && n > limit - cache ? (double)(limit - cache - n) / cache : 0;
}

void score_group(struct batch *b, const struct task *k, const struct reward_weights *w, int overlong_cache,
                 int p)
{
    struct str text = {0};
    struct marks marks;
    for (int i = p * b->G; i < (p + 1) * b->G; i++) {
        int n = atomic_load(&b->n[i]);
        str_clear(&text);
        vocab_decode(k->vocab, b->token + (size_t)i * b->cap, n, &text);
        b->score[i].language = 1;
        k->scenario->score(k->self, &b->problem[p], str_c(&text), text.n, &b->score[i]);
        k->scenario->analyse(k->self, &b->problem[p], str_c(&text), text.n, b->score[i].accuracy, &marks);
        keep_counts(&b->counts[i], &marks);
        b->reward[i] = w->accuracy * b->score[i].accuracy + w->format * b->score[i].format +
                       w->language * b->score[i].language;
        if (w->process != 0)
            b->reward[i] += w->process * process_reward(&b->counts[i], w->process_rule);
        if (overlong_cache > 0)
            b->reward[i] += overlong(n, b->cut_off[i], b->cap, overlong_cache);
    }
    str_free(&text);
}

void score_preference(struct batch *b, const struct task *k, const struct reward_weights *w, int p)
{
    if (w->preference <= 0 || !k->scenario->is_open || !k->scenario->is_open(k->self, &b->problem[p]))
        return;
    for (int i = p * b->G; i < (p + 1) * b->G; i++) {
        b->reward[i] -= w->accuracy * b->score[i].accuracy;
        if (!isnan(b->preference[i]))
            b->reward[i] += w->preference * b->preference[i];
    }
}

double readability(const struct score *s, const struct trace_counts *c, int cut_off)
{
    double distinct = c->attempts > 0 ? (double)c->attempts_distinct / c->attempts : 1;
    double right = c->equations > 0 ? (double)c->equations_right / c->equations : 1;
    return cut_off ? 0 : s->format * s->language * distinct * right;
}

void advantage_batch(struct batch *b, const struct objective *o, int drop_flat, enum cut_off_rule cut_off)
{
    double sum = 0, baseline;
    for (int i = 0; i < b->P * b->G; i++)
        sum += b->reward[i];
    baseline = o->baseline == BASELINE_BATCH     ? sum / (b->P * b->G)
               : o->baseline == BASELINE_RUNNING ? o->running_mean
                                                 : 0;
    for (int p = 0; p < b->P; p++) {
        int at = p * b->G;
        b->flat[p] =
            advantage_objective(o, b->G, b->reward + at, baseline, b->advantage + at, &b->mean[p],
                                &b->std[p]);
        for (int i = at; i < at + b->G; i++)
            b->masked[i] = (drop_flat && b->flat[p]) || (cut_off == CUT_OFF_MASK && b->cut_off[i]);
    }
}
