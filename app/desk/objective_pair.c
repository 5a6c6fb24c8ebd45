/* DPO's part of the objective screen: the pairs that the step's rewards make, and the numbers of one of them.
 *
 * Pairs come from rewards alone (dpo_pairs, the trainer's rule); log-probabilities are sums over whole
 * completions, which the probe finds out for the group that is looked at. A trace's gradient is the sum over
 * all its pairs, the figures are those of one. */
#include <math.h>

#include "app/desk/objective_work.h"
#include "engine/rl/dpo.h"

/* The pairs of group g: indices within the group, at most SNAP_TRACES of them. */
static int pairs_of(const struct snapshot *s, const struct settings *set, int g, struct dpo_match *out)
{
    double reward[SNAP_TRACES];
    int masked[SNAP_TRACES], i, G = s->group_size;

    if (set->rl.pairs == PAIRS_ALL && G * (G - 1) / 2 > SNAP_TRACES)
        return 0;
    for (i = 0; i < G; i++) {
        reward[i] = s->trace[g * G + i].reward;
        masked[i] = objective_is_masked(s, set, g * G + i);
    }
    return dpo_pairs((enum pair_rule)set->rl.pairs, 0, G, reward, masked, out);
}

static struct dpo_terms terms_of(const struct trace_facts *f, const struct objective_state *x, int chosen,
                                 int rejected, struct dpo_pair *pair)
{
    const double *now = x->is_after ? f->group_new : f->group_logp;

    *pair = (struct dpo_pair){now[chosen], f->group_ref[chosen], now[rejected], f->group_ref[rejected]};
    return dpo_terms(pair, x->dpo_beta);
}

static void fill(struct objective_state *x, const struct dpo_pair *pair, const struct dpo_terms *t)
{
    x->value[TERM_CHOSEN] = pair->chosen_logp;
    x->value[TERM_CHOSEN_REF] = pair->chosen_ref;
    x->value[TERM_REJECTED] = pair->rejected_logp;
    x->value[TERM_REJECTED_REF] = pair->rejected_ref;
    x->value[TERM_MARGIN] = t->margin;
    x->value[TERM_SIGMA] = 1 / (1 + exp(t->margin));
    x->value[TERM_PAIR] = t->loss;
}

/* The pairs of the step, and those of the trace's own update. */
static void count(const struct snapshot *s, const struct settings *set, struct objective_state *x,
                  const struct objective_parts *p)
{
    struct dpo_match match[SNAP_TRACES];
    int i, n;

    x->pairs_n = x->part_pairs_n = 0;
    for (i = 0; i < p->groups_n; i++) {
        n = pairs_of(s, set, p->order[i], match);
        x->pairs_n += n;
        x->part_pairs_n += i >= p->from && i < p->to ? n : 0;
    }
}

static float apart(const struct snap_trace *trace, struct dpo_match m)
{
    return trace[m.chosen].reward - trace[m.rejected].reward;
}

/* Those of the group's n pairs that have the trace, the greatest difference in reward first; how many. */
static int own_pairs(const struct snapshot *s, const struct objective_state *x, struct dpo_match *match,
                     int n)
{
    const struct snap_trace *trace = &s->trace[x->group * x->G];
    int i, k, own = 0;

    for (k = 0; k < n; k++) {
        struct dpo_match m = match[k];
        if (m.chosen != x->index && m.rejected != x->index)
            continue;
        for (i = own++; i > 0 && apart(trace, match[i - 1]) < apart(trace, m); i--)
            match[i] = match[i - 1];
        match[i] = m;
    }
    return own;
}

void objective_pair(const struct snapshot *s, const struct settings *set, const struct trace_facts *facts,
                    struct objective_state *x, const struct objective_parts *p)
{
    struct dpo_match match[SNAP_TRACES] = {{0}};
    int k, n, is_known = x->is_found && facts->group_n == x->G;
    double gradient = 0;

    count(s, set, x, p);
    x->value[TERM_BATCH] = x->policy_loss;
    n = pairs_of(s, set, x->group, match);
    x->own_pairs_n = own_pairs(s, x, match, n);
    x->pair = x->own_pairs_n ? (x->wants_pair % x->own_pairs_n + x->own_pairs_n) % x->own_pairs_n : 0;
    for (k = 0; k < x->own_pairs_n; k++) {
        int is_chosen = match[k].chosen == x->index;
        struct dpo_pair pair;
        struct dpo_terms t =
            is_known ? terms_of(facts, x, match[k].chosen, match[k].rejected, &pair) : (struct dpo_terms){0};
        gradient += (is_chosen ? t.chosen_grad : t.rejected_grad) / x->part_pairs_n;
        if (k != x->pair)
            continue;
        x->is_chosen = is_chosen;
        x->other_index = is_chosen ? match[k].rejected : match[k].chosen;
        if (is_known)
            fill(x, &pair, &t);
    }
    x->value[TERM_WEIGHT] = x->own_pairs_n ? 1.0 / x->part_pairs_n : 0;
    if (is_known || !x->own_pairs_n)
        x->value[TERM_GRADIENT] = gradient;
}
