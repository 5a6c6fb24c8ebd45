/* The loss of one trace taken apart. All kinds of loss go through the trainer's own functions,
 * objective_sequence, ppo_policy, value_loss; what is done here is only to ask them about parts of what they
 * add up: without a clip, without the KL, of one token. */
#include <math.h>

#include "app/desk/objective_work.h"
#include "engine/rl/gae.h"
#include "engine/rl/ppo.h"

void objective_critic(const struct snap_follow *f, const struct trace_facts *facts, int n,
                      struct objective_state *x, struct objective_work *w)
{
    int t, k = x->token, is_found = x->is_found && facts->has_critic;
    double was, now;

    for (t = 0; t < n; t++)
        w->critic[t] = x->is_masked                       ? 0
                       : is_found                         ? (double)facts->advantage[t]
                       : f->has_critic && t < f->tokens_n ? (double)f->advantage[t]
                                                          : NAN;
    x->value[TERM_ADVANTAGE] = w->critic[k];
    if (!is_found) {
        x->value[TERM_VALUE] = x->value_now = f->has_critic ? (double)f->value[k] : NAN;
        return;
    }
    x->advantage_mean = facts->advantage_mean;
    x->advantage_std = facts->advantage_std;
    x->value[TERM_VALUE] = was = facts->expected[k];
    x->value[TERM_RETURN] = facts->came[k];
    x->value[TERM_GAE] = (double)facts->came[k] - was;
    x->value_now = now = x->is_after ? facts->new_expected[k] : was;
    x->next_value = k + 1 < n ? facts->expected[k + 1] : 0;
    x->next_gae = k + 1 < n ? (double)facts->came[k + 1] - (double)facts->expected[k + 1] : 0;
    x->token_reward = (k + 1 < n ? 0 : x->value[TERM_REWARD]);
    if (x->kl_reward != 0)
        x->token_reward -= x->kl_reward * (w->old[k] - w->ref[k]);
    if (!x->is_masked) {
        double ret = x->value[TERM_RETURN], slope, tokens = x->tokens;
        double loss = value_loss(1, &now, &was, &ret, x->value_clip > 0 ? x->value_clip : INFINITY, &slope);
        x->value_clipped = slope == 0 && now != ret;
        x->value[TERM_VALUE_LOSS] = x->value_weight * loss / tokens;
    } else {
        x->value[TERM_VALUE_LOSS] = 0;
    }
}

static double sum_of(const struct objective *o, const struct loss_scope *scope, int n, const double *ref,
                     double A, struct objective_work *w, double *grad, struct sequence_terms *out)
{
    *out = (struct sequence_terms){.ratio = w->ratio, .clipped = w->clipped, .kl = w->kl, .grad = grad};
    if ((int)o->loss == LOSS_PPO)
        ppo_policy(o, scope->tokens, n, w->logp, w->old, ref, w->critic, out);
    else
        objective_sequence(o, scope, n, w->logp, w->old, ref, A, out);
    return out->loss;
}

/* What is gained by one token, unweighted and without KL; of a sequence's ratio, by the sequence. */
static double gain_of(const struct objective *o, const struct sequence_terms *whole, double weight, int t,
                      double A, const struct objective_work *w)
{
    static const struct loss_scope one = {1, 1, 1, 1};
    double ratio, kl, grad;
    unsigned char clipped;
    struct sequence_terms out = {.ratio = &ratio, .clipped = &clipped, .kl = &kl, .grad = &grad};
    struct objective single = *o;

    if (o->loss == LOSS_R1 || o->loss == LOSS_GSPO)
        return -whole->policy_loss / weight;
    single.max_length = 1;
    single.off_policy_delta = 0;
    if ((int)o->loss == LOSS_PPO)
        single.loss = LOSS_DAPO;
    objective_sequence(&single, &one, 1, &w->logp[t], &w->old[t], NULL, A, &out);
    return -out.policy_loss;
}

/* How the loss divides: by 1 / weight of a token's term. */
static double weight_scale(const struct objective_state *x, const struct loss_scope *scope, int n)
{
    double S = scope->sequences;

    switch (x->loss) {
    case SHOWN_GRPO: return S * n;
    case SHOWN_DAPO:
    case SHOWN_PPO:
    case SHOWN_CISPO: return scope->tokens;
    case SHOWN_BNPO: return scope->micro_tokens * scope->micro_batches;
    case SHOWN_DR_GRPO: return S * x->max_length;
    default: return S;
    }
}

static void fill_nothing(struct objective_state *x)
{
    static const enum objective_term term[] = {TERM_WEIGHT,  TERM_TOKEN, TERM_GRADIENT,
                                               TERM_NO_CLIP, TERM_PULL,  TERM_TRACE};
    size_t i;

    for (i = 0; i < sizeof term / sizeof *term; i++)
        x->value[term[i]] = 0;
}

/* H of the token, or of the trace where the loss has but one term of it; returns what it adds to the trace.
 */
static double read_entropy(struct objective_state *x, const struct objective_work *w, int n, double weight)
{
    double sum = 0;
    int t;

    if (x->entropy == 0)
        return 0;
    for (t = 0; t < n; t++)
        sum += w->entropy[t];
    x->value[TERM_ENTROPY] = x->loss == SHOWN_R1 ? sum : w->entropy[x->token];
    x->value[TERM_BONUS] = x->entropy * x->value[TERM_ENTROPY];
    return weight * sum;
}

/* The ratio, and what bounds it. */
static void read_ratio(struct objective_state *x, const struct objective_work *w,
                       const struct sequence_terms *out, double A)
{
    int at = out->ratio_n == 1 ? 0 : x->token, is_log = shown_is_log(x->loss);
    double ratio = w->ratio[at], weight = ratio;

    x->value[TERM_RATIO] = ratio;
    x->value[TERM_CLIP] = fmin(fmax(ratio, 1 - x->eps_low), 1 + x->eps_high);
    x->unclipped = ratio * A;
    x->clipped = x->value[TERM_CLIP] * A;
    x->clip = !w->clipped[at] ? 0 : A > 0 ? 1 : -1;
    if (is_log) /* nothing is held back: a bounded ratio is a weight, or there is none */
        x->clip = 0;
    if (x->loss == SHOWN_CISPO)
        weight = x->value[TERM_CLIP];
    else if (is_log)
        x->value[TERM_CLIP] = NAN;
    x->is_capped = x->ratio_cap > 0 && weight > x->ratio_cap && !x->clip;
}

void objective_apart(struct objective_state *x, struct objective_work *w, int n)
{
    struct objective o = objective_of(x), unclipped = o, policy = o;
    struct sequence_terms out, bare;
    struct loss_scope scope = {.sequences = x->sequences,
                               .tokens = x->tokens,
                               .micro_tokens = x->micro_tokens,
                               .micro_batches = x->micro_batches};
    const double *ref = x->is_found ? w->ref : NULL;
    double A = x->value[TERM_ADVANTAGE], kl = 0, bonus, trace;
    int t = x->token;

    scope.sequences += scope.sequences < 1;
    unclipped.eps_low = unclipped.eps_high = INFINITY;
    policy.beta = 0;
    sum_of(&unclipped, &scope, n, ref, A, w, w->free_grad, &out);
    sum_of(&policy, &scope, n, ref, A, w, w->policy_grad, &bare);
    trace = sum_of(&o, &scope, n, ref, A, w, w->grad, &out);
    x->scale = weight_scale(x, &scope, n);
    x->is_off_policy = out.is_off_policy;
    read_ratio(x, w, &out, A);
    x->value[TERM_MIN] = gain_of(&o, &bare, 1 / x->scale, t, x->is_off_policy ? 0 : A, w);
    if (ref) {
        x->value[TERM_K3] = kl = w->kl[out.kl_n == 1 ? 0 : t];
        x->value[TERM_PENALTY] = x->beta * kl;
    } else if (x->beta == 0) {
        x->value[TERM_PENALTY] = 0;
    }
    trace += read_entropy(x, w, n, out.entropy_weight);
    if (x->is_masked || x->is_warming) {
        fill_nothing(x);
        return;
    }
    bonus = x->entropy == 0 ? 0 : x->value[TERM_BONUS];
    x->value[TERM_TRACE] = trace;
    x->value[TERM_WEIGHT] = 1 / x->scale;
    x->value[TERM_TOKEN] =
        -(x->value[TERM_MIN] - x->beta * kl + bonus) / x->scale / (x->loss == SHOWN_GSPO ? n : 1);
    x->value[TERM_GRADIENT] = w->grad[t];
    x->value[TERM_NO_CLIP] = w->free_grad[t];
    if (ref || x->beta == 0)
        x->value[TERM_PULL] = x->beta == 0 ? 0 : w->grad[t] - w->policy_grad[t];
}
