/* What the losses of training make of samples: the exact expectation of each one's gradient over groups,
 * and the gradients of groups that are drawn. Without a clip, at ratio 1, every loss pushes all tokens of a
 * completion alike, so a group's gradient is a sum of its members' scores grad log p(o), each times one
 * number. */
#include <math.h>
#include <string.h>

#include "engine/run/oracle_work.h"

enum { COMPOSITIONS = 400000 };

/* Row of the table: the run's std first, then none. */
static struct objective plain(const struct oracle_work *w, int row)
{
    const struct rl_stage *rl = &w->t->set.rl;
    return (struct objective){.loss = (enum loss_kind)(row % LOSS_KIND_N),
                              .std = row / LOSS_KIND_N == ORACLE_STD_NONE ? STD_NONE : (enum std_kind)rl->std,
                              .eps_low = 1, .eps_high = 1e9, .max_length = rl->max_tokens,
                              .baseline = (enum baseline_kind)rl->baseline};
}

static double baseline_of(const struct oracle_work *w, int G, const double *reward)
{
    const double *running = w->t->learner.running_mean;
    double mean = 0;
    for (int i = 0; i < G; i++)
        mean += reward[i] / G;
    return w->t->set.rl.baseline == BASELINE_BATCH     ? mean
           : w->t->set.rl.baseline == BASELINE_RUNNING ? running[1] > 0 ? running[0] / running[1] : 0
                                                       : 0;
}

/* The loss' push on each token of member i of a group that is the whole batch: minus objective_sequence's
 * gradient. */
static void pushes(const struct oracle_work *w, const struct objective *o, int G, const double *reward,
                   const int *n, int member, double *push)
{
    double adv[ORACLE_GROUP], zero[ORACLE_TOKENS] = {0}, ratio[ORACLE_TOKENS], kl[ORACLE_TOKENS];
    unsigned char clipped[ORACLE_TOKENS];
    struct sequence_terms out = {.ratio = ratio, .clipped = clipped, .kl = kl, .grad = push};
    struct loss_scope scope = {.sequences = G};
    for (int i = 0; i < G; i++)
        scope.tokens += n[i];
    advantage_objective(o, G, reward, baseline_of(w, G, reward), adv, NULL, NULL);
    objective_sequence(o, &scope, n[member], zero, zero, NULL, adv[member], &out);
    for (int k = 0; k < n[member]; k++)
        push[k] = -push[k];
}

/* An expectation over the other members of a group, whose first is of a given type. */
struct others {
    const struct oracle_work *w;
    struct objective o;
    double reward[ORACLE_GROUP], sum;
    int n[ORACLE_GROUP];
    int left;                  /* compositions that may still be looked at */
};

/* Members from..G-1 are of types from `type` on, in all ways; chance: of those before, as an ordered
 * choice, and `ways` the orders that they have. All tokens of a completion are pushed alike, so the first
 * stands for them. */
static void expect(struct others *x, int from, int type, double chance)
{
    const struct oracle_work *w = x->w;
    int G = w->s->group;
    if (from == G) {
        double push[ORACLE_TOKENS];
        x->left--;
        pushes(w, &x->o, G, x->reward, x->n, 0, push);
        x->sum += chance * push[0];
        return;
    }
    if (type == w->types_n || x->left <= 0)
        return;
    /* k of the G - from open places go to this type: chance C(open, k) q^k. */
    for (int k = 0; k <= G - from; k++) {
        if (k > 0) {
            chance *= w->type[type].probability * (G - from - k + 1) / k;
            x->reward[from + k - 1] = w->type[type].reward;
            x->n[from + k - 1] = w->type[type].n;
        }
        if (type + 1 < w->types_n || k == G - from)
            expect(x, from + k, type + 1, chance);
    }
}

enum status oracle_expect(struct oracle_work *w, int row, struct err *e)
{
    struct others x = {.w = w, .o = plain(w, row), .left = COMPOSITIONS};
    double push[ORACLE_TYPES];
    for (int i = 0; i < w->types_n; i++) {
        x.sum = 0;
        x.reward[0] = w->type[i].reward;
        x.n[0] = w->type[i].n;
        expect(&x, 1, 0, 1);
        push[i] = x.sum * w->s->group;
    }
    if (x.left <= 0)
        return err_set(e, ST_USAGE, "oracle",
                       "%d kinds of completions in groups of %d have too many compositions", w->types_n,
                       w->s->group);
    for (int o = 0; o < w->outcomes; o++)
        oracle_coef(w, o, w->p[o] * push[w->type_of[o]]);
    return oracle_add(w, 1.0 / w->s->problems, w->loss[row], e);
}

static int draw(const struct oracle_work *w, struct rng *r)
{
    double at = rng_unit(r), sum = 0;
    for (int o = 0; o < w->outcomes; o++) {
        sum += w->p[o];
        if (at < sum)
            return o;
    }
    return w->outcomes - 1;
}

/* grad log p of a completion, kept for the problem under way. */
static enum status find_score(struct oracle_work *w, int o, struct err *e)
{
    real *score;
    enum status st;
    if (w->score_of[o] >= 0)
        return ST_OK;
    w->count = 1;
    w->member[0] = o;
    oracle_coef(w, o, 1);
    st = oracle_pass(w, 0, e);
    w->score_of[o] = w->scores_n++;
    score = w->score + (size_t)w->score_of[o] * w->total;
    for (size_t j = 0; j < w->total && !st; j++)
        score[j] = (real)w->one[j];
    return st;
}

/* A group that was drawn: the pushes that each loss gives its members, and the square of its gradient's
 * norm. */
static enum status weigh_group(struct oracle_work *w, const int *drawn, struct err *e)
{
    double reward[ORACLE_GROUP], gram[ORACLE_GROUP][ORACLE_GROUP], one[ORACLE_GROUP], push[ORACLE_TOKENS];
    int n[ORACLE_GROUP], G = w->s->group;
    enum status st = ST_OK;
    for (int i = 0; i < G && !st; i++) {
        reward[i] = w->b.reward[drawn[i]];
        n[i] = w->b.n[drawn[i]];
        st = find_score(w, drawn[i], e);
        for (int k = 0; k <= i && !st; k++) {
            const real *x = w->score + (size_t)w->score_of[drawn[i]] * w->total,
                       *y = w->score + (size_t)w->score_of[drawn[k]] * w->total;
            double sum = 0;
            for (size_t j = 0; j < w->total; j++)
                sum += (double)x[j] * (double)y[j];
            gram[i][k] = gram[k][i] = sum;
        }
    }
    for (int row = 0; row < ORACLE_LOSSES && !st; row++) {
        struct objective o = plain(w, row);
        for (int i = 0; i < G; i++) {
            pushes(w, &o, G, reward, n, i, push);
            one[i] = push[0];
            w->push[row][drawn[i]] += push[0] / w->s->batches;
        }
        for (int i = 0; i < G; i++)
            for (int k = 0; k < G; k++)
                w->squares[row] += one[i] * one[k] * gram[i][k] / w->s->batches;
    }
    return st;
}

/* The mean gradient of the groups that were drawn for this problem, and how far a group lies from it. */
static enum status finish_groups(struct oracle_work *w, struct err *e)
{
    double share = 1.0 / w->s->problems, batches = w->s->batches;
    enum status st = ST_OK;
    w->count = 0;
    for (int o = 0; o < w->outcomes; o++)
        if (w->score_of[o] >= 0)
            w->member[w->count++] = o;
    for (int row = 0; row < ORACLE_LOSSES && !st; row++) {
        for (int i = 0; i < w->count; i++)
            oracle_coef(w, w->member[i], w->push[row][w->member[i]]);
        st = oracle_add(w, share, w->drawn[row], e);
        /* The sample variance of the groups' gradients, summed over the weights. */
        w->spread[row] += share * (w->squares[row] - oracle_dot(w->total, w->one, w->one)) * batches /
                          fmax(1, batches - 1);
    }
    return st;
}

/* Sums of what samples say of one number. */
struct sampled {
    double sum, squares;
};

static void add_sample(struct sampled *x, double v)
{
    x->sum += v;
    x->squares += v * v;
}

/* Mean and its variance, as shares of a mean over problems. */
static void add_mean(const struct sampled *x, double n, double share, double *mean, double *variance)
{
    double m = x->sum / n;
    *mean += share * m;
    *variance += share * share * fmax(0, x->squares / n - m * m) / (n - 1);
}

enum status oracle_sample(struct oracle_work *w, int p, struct oracle *out, struct err *e)
{
    double share = 1.0 / w->s->problems, N = (double)w->s->batches * w->s->group, slope[ORACLE_TOKENS];
    struct sampled reward = {0}, kl[2][KL_KIND_N] = {{{0}}};
    enum status st = ST_OK;
    w->scores_n = 0;
    for (int o = 0; o < w->outcomes; o++)
        w->score_of[o] = -1;
    for (int row = 0; row < ORACLE_LOSSES; row++) {
        memset(w->push[row], 0, (size_t)w->outcomes * sizeof(double));
        w->squares[row] = 0;
    }
    for (int k = 0; k < w->s->batches && !st; k++) {
        struct rng r = rng_at(w->s->seed, RNG_RESAMPLE, (uint32_t)w->t->step, (uint32_t)p, (uint32_t)k);
        int drawn[ORACLE_GROUP];
        for (int i = 0; i < w->s->group; i++) {
            int o = drawn[i] = draw(w, &r);
            add_sample(&reward, w->b.reward[o]);
            for (int j = 0; j < 2 * KL_KIND_N; j++)
                add_sample(&kl[j / KL_KIND_N][j % KL_KIND_N],
                           oracle_estimate(w, (enum kl_kind)(j % KL_KIND_N), j / KL_KIND_N, 0, o, slope));
        }
        st = weigh_group(w, drawn, e);
    }
    add_mean(&reward, N, share, &out->reward_sampled, &out->reward_error);
    for (int j = 0; j < KL_KIND_N; j++) {
        add_mean(&kl[0][j], N, share, &out->token[j].sampled, &out->token[j].error);
        add_mean(&kl[1][j], N, share, &out->sequence[j].sampled, &out->sequence[j].error);
    }
    return st ? st : finish_groups(w, e);
}
