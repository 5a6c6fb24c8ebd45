/* PPO's critic: from values to advantages by token, and the value loss. Sums over traces run in the batch's
 * order, so that neither shards nor threads change a bit; what is of one trace is touched by the thread
 * that has it alone. */
#include "engine/rl/ppo.h"

#include <math.h>
#include <string.h>

#include "engine/rl/gae.h"

enum { LENGTH_MAX = 4096 };

static const double NORMAL_EPS = 1e-8;

enum status ppo_init(struct ppo *p, struct batch *b, struct arena *a, struct err *e)
{
    size_t n = (size_t)b->N * (size_t)b->cap;
    double **want[] = {&p->value, &p->ret, &p->seen, &p->came, &b->token_advantage};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        if (!(*want[i] = arena_alloc(a, n * sizeof **want[i])))
            return err_set(e, ST_NOMEM, a->name, "the values of %d traces of %d tokens do not fit", b->N,
                           b->cap);
        memset(*want[i], 0, n * sizeof **want[i]);
    }
    return b->cap <= LENGTH_MAX
               ? ST_OK
               : err_set(e, ST_USAGE, "ppo", "%d tokens are more than %d", b->cap, LENGTH_MAX);
}

static int counts(const struct batch *b, int trace)
{
    return !b->masked[trace] && b->n[trace] > 0;
}

static size_t row(const struct batch *b, int trace)
{
    return (size_t)trace * (size_t)b->cap;
}

void ppo_keep(struct ppo *p, const struct batch *b, int trace, const real *value)
{
    for (int t = 0; t < b->n[trace]; t++)
        p->value[row(b, trace) + (size_t)t] = (double)value[t];
}

static void keep_mean(struct batch *b, int trace)
{
    const double *A = b->token_advantage + row(b, trace);
    double sum = 0;
    for (int t = 0; t < b->n[trace]; t++)
        sum += A[t];
    b->advantage[trace] = b->n[trace] > 0 ? sum / b->n[trace] : 0;
}

void ppo_advantage(struct ppo *p, struct batch *b, const struct ppo_settings *s, int trace)
{
    size_t at = row(b, trace);
    int n = b->n[trace];
    double reward[LENGTH_MAX];
    for (int t = 0; t < n; t++)
        reward[t] = -s->kl_reward *
                    ((double)b->logp_old[at + (size_t)t] - (double)b->logp_ref[at + (size_t)t]);
    reward[n - 1] += b->reward[trace];
    gae(n, reward, p->value + at, s->gamma, s->lambda, b->token_advantage + at, p->ret + at);
    keep_mean(b, trace);
}

static void normalise(struct batch *b)
{
    double n = 0, mean = 0, squares = 0, scale;
    for (int i = 0; i < b->N; i++)
        for (int t = 0; counts(b, i) && t < b->n[i]; t++) {
            mean += b->token_advantage[row(b, i) + (size_t)t];
            n++;
        }
    mean /= n > 0 ? n : 1;
    for (int i = 0; i < b->N; i++)
        for (int t = 0; counts(b, i) && t < b->n[i]; t++) {
            double d = b->token_advantage[row(b, i) + (size_t)t] - mean;
            squares += d * d;
        }
    scale = 1 / (sqrt(squares / (n > 0 ? n : 1)) + NORMAL_EPS);
    for (int i = 0; i < b->N; i++) {
        for (int t = 0; counts(b, i) && t < b->n[i]; t++) {
            double *A = &b->token_advantage[row(b, i) + (size_t)t];
            *A = (*A - mean) * scale;
        }
        keep_mean(b, i);
    }
}

void ppo_weigh(struct ppo *p, struct batch *b, const struct ppo_settings *s)
{
    for (int i = 0; i < b->N; i++) {
        if (counts(b, i)) {
            ppo_advantage(p, b, s, i);
        } else {
            memset(b->token_advantage + row(b, i), 0, (size_t)b->cap * sizeof *b->token_advantage);
            b->advantage[i] = 0;
        }
    }
    if (s->normalise)
        normalise(b);
}

void ppo_policy(const struct objective *o, double tokens, int n, const double *logp, const double *old,
                const double *ref, const double *advantage, struct sequence_terms *out)
{
    struct objective by_token = *o;
    struct loss_scope scope = {.sequences = 1, .tokens = tokens};
    struct sequence_terms total = *out;
    by_token.loss = LOSS_DAPO;
    by_token.off_policy_delta = 0;
    total.loss = total.policy_loss = total.kl_sum = total.entropy_weight = 0;
    total.clip_low = total.clip_high = total.capped = total.is_off_policy = 0;
    total.ratio_n = n;
    total.kl_n = ref ? n : 0;
    for (int t = 0; t < n; t++) {
        struct sequence_terms one = {out->ratio + t, out->clipped + t, out->kl + t, out->grad + t};
        objective_sequence(&by_token, &scope, 1, logp + t, old + t, ref ? ref + t : NULL, advantage[t], &one);
        total.loss += one.loss;
        total.policy_loss += one.policy_loss;
        total.kl_sum += one.kl_sum;
        total.clip_low += one.clip_low;
        total.clip_high += one.clip_high;
        total.capped += one.capped;
        total.entropy_weight = one.entropy_weight;
    }
    *out = total;
}

double ppo_value(const struct ppo *p, const struct batch *b, const struct ppo_settings *s, int trace,
                 double tokens, const real *value, real *dvalue)
{
    size_t at = row(b, trace);
    int n = b->n[trace];
    double now[LENGTH_MAX] = {0}, grad[LENGTH_MAX], share = n / tokens, loss;
    for (int t = 0; t < n; t++)
        now[t] = (double)value[t];
    loss = value_loss(n, now, p->value + at, p->ret + at, s->value_clip > 0 ? s->value_clip : INFINITY, grad);
    for (int t = 0; t < n; t++)
        dvalue[t] = (real)(s->value_weight * share * grad[t]);
    return share * loss;
}

struct ppo_stats ppo_measure(struct ppo *p, const struct batch *b)
{
    struct ppo_stats out = {0, NAN};
    int n = 0;
    for (int i = 0; i < b->N; i++)
        for (int t = 0; counts(b, i) && t < b->n[i]; t++) {
            p->seen[n] = p->value[row(b, i) + (size_t)t];
            p->came[n++] = p->ret[row(b, i) + (size_t)t];
        }
    for (int k = 0; k < n; k++)
        out.value_mean += p->seen[k] / n;
    if (n > 0)
        out.explained_variance = explained_variance(n, p->seen, p->came);
    return out;
}
