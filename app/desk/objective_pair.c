/* DPO's part of the objective screen: the pairs that the step's rewards make, and the numbers of one of them.
 *
 * Pairs come from rewards alone (dpo_pairs, the trainer's rule); log-probabilities are sums over whole
 * completions, which the probe finds out for the group that is looked at. A trace's gradient is the sum over
 * all its pairs, the figures are those of one. */
#include <math.h>

#include "app/desk/objective_numbers.h"
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

void objective_pair(const struct snapshot *s, const struct settings *set, const struct trace_facts *facts,
                    struct objective_state *x)
{
    struct dpo_match match[SNAP_TRACES];
    int g, k, n, is_known = x->is_found && facts->group_n == x->G;
    double gradient = 0, most = -1, scale;

    x->pairs_n = 0;
    for (g = 0; g < s->groups_n; g++)
        x->pairs_n += pairs_of(s, set, g, match);
    scale = (double)x->pairs_n / x->mini_batches;
    x->value[TERM_BATCH] = x->policy_loss;
    n = pairs_of(s, set, x->group, match);
    for (k = 0; k < n; k++) {
        int chosen = match[k].chosen, rejected = match[k].rejected, is_chosen = chosen == x->index;
        double apart = (double)s->trace[x->group * x->G + chosen].reward -
                       (double)s->trace[x->group * x->G + rejected].reward;
        struct dpo_pair pair;
        struct dpo_terms t;
        if (!is_chosen && rejected != x->index)
            continue;
        x->own_pairs_n++;
        t = is_known ? terms_of(facts, x, chosen, rejected, &pair) : (struct dpo_terms){0};
        gradient += (is_chosen ? t.chosen_grad : t.rejected_grad) / scale;
        if (apart <= most)
            continue;
        most = apart;
        x->is_chosen = is_chosen;
        x->other_index = is_chosen ? rejected : chosen;
        if (is_known)
            fill(x, &pair, &t);
    }
    x->value[TERM_WEIGHT] = x->own_pairs_n ? 1 / scale : 0;
    if (is_known || !x->own_pairs_n)
        x->value[TERM_GRADIENT] = gradient;
}
