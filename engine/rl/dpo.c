/* DPO's loss. Written so that neither tail of the sigmoid overflows or loses its digits. */
#include "engine/rl/dpo.h"

#include <math.h>

/* log(1 + exp(x)), which is -log sigmoid(-x). */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double sigmoid(double x)
{
    return x > 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

int dpo_pairs(enum pair_rule rule, int first, int G, const double *reward, const int *left_out,
              struct dpo_match *out)
{
    int best = -1, worst = -1, n = 0;
    for (int i = first; i < first + G; i++) {
        if (left_out[i])
            continue;
        if (best < 0 || reward[i] > reward[best])
            best = i;
        if (worst < 0 || reward[i] < reward[worst])
            worst = i;
        for (int j = first; j < first + G && rule == PAIRS_ALL; j++)
            if (!left_out[j] && reward[i] > reward[j])
                out[n++] = (struct dpo_match){i, j};
    }
    if (rule == PAIRS_BEST_WORST && best >= 0 && reward[best] > reward[worst])
        out[n++] = (struct dpo_match){best, worst};
    return n;
}

struct dpo_terms dpo_terms(const struct dpo_pair *p, double beta)
{
    double margin = beta * ((p->chosen_logp - p->chosen_ref) - (p->rejected_logp - p->rejected_ref));
    double push = beta * sigmoid(-margin);
    return (struct dpo_terms){margin, softplus(-margin), -push, push};
}
