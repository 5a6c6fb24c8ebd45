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

struct dpo_terms dpo_terms(const struct dpo_pair *p, double beta)
{
    double margin = beta * ((p->chosen_logp - p->chosen_ref) - (p->rejected_logp - p->rejected_ref));
    double push = beta * sigmoid(-margin);
    return (struct dpo_terms){margin, softplus(-margin), -push, push};
}
