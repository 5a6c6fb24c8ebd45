/* GRPO's update through the engine: what must hold exactly with one update a rollout, what the statistics
 * say, and which traces the loss looks at. The arithmetic of each loss is compared with golden vectors
 * elsewhere. */
#include <math.h>
#include <stdatomic.h>

#include "engine/rl/grpo.h"
#include "engine/rl/rollout.h"
#include "engine/rl/score.h"
#include "tests/unit/tiny_model.h"

enum { P = 4, G = 4, N = P * G, CAP = 12, END = 3, LANES = 3 };

struct update_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct rollout r;
    struct batch b;
    struct grpo g;
    struct grpo_settings s;
    struct grpo_stats stats;
};

static void sample(struct update_case *c)
{
    struct sampling how = {.temperature = c->s.temperature, .top_p = 1, .max_tokens = CAP, .end_token = END,
                           .seed = 9,
                           .stream = RNG_SAMPLE, .step = 2};
    struct rng r = rng_at(4, RNG_TEST, 1, 0, 0);
    struct err e;
    for (int p = 0; p < P; p++) {
        c->b.prompt_n[p] = 2 + p;
        c->b.draw[p] = (uint32_t)p;
        for (int i = 0; i < c->b.prompt_n[p]; i++)
            c->b.prompt[p][i] = (uint16_t)rng_below(&r, c->x.m.config.vocab_n);
    }
    cr_assert_eq(rollout_run(&c->r, c->l.w, c->l.bias, &how, &c->b, 0, P, NULL, &e), ST_OK, "%s", e.msg);
    for (int i = 0; i < N; i++)
        c->b.reward[i] = i / G == 2 ? 0.5 : rng_below(&r, 3) * 0.5;   /* group 2 is flat */
    advantage_batch(&c->b, &c->s.objective, 0, CUT_OFF_SCORE);
    cr_assert(c->b.flat[2] && !c->b.flat[0] && !c->b.flat[1] && !c->b.flat[3]);
}

static void case_init(struct update_case *c, enum tiny_kind kind, enum loss_kind loss)
{
    struct model_config config = tiny_config(kind);
    struct err e;
    memset(c, 0, sizeof *c);
    config.positions_n = PROMPT_MAX + CAP;
    tiny_init(&c->x, &config, kernels_best());
    cr_assert_eq(pool_init(&c->pool, 2, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, LANES, 40, config.positions_n, 1, &c->x.arena, &e),
                 ST_OK);
    cr_assert_eq(rollout_init(&c->r, &c->x.m, DECODE_ABSORBED, c->pool, 8, config.positions_n, &c->x.arena,
                              &e), ST_OK);
    cr_assert_eq(batch_init(&c->b, P, G, CAP, &c->x.arena, &e), ST_OK);
    cr_assert_eq(grpo_init(&c->g, P, G, CAP, &c->x.arena, &e), ST_OK);
    learner_start(&c->l, 5);
    c->s = (struct grpo_settings){
        .objective = {.loss = loss, .std = STD_SAMPLE, .eps_low = 0.1, .eps_high = 0.15, .beta = 0.04,
                      .max_length = CAP},
        .adamw = {.lr = 0.02, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .clip = 1}, .inner_epochs = 1,
            .mini_batches = 1,
        .temperature = 0.8, .seed = 9, .step = 2,
    };
    sample(c);
}

static void case_release(struct update_case *c)
{
    pool_release(c->pool);
    tiny_release(&c->x);
}

static void update(struct update_case *c)
{
    struct err e;
    cr_assert_eq(grpo_update(&c->g, &c->l, &c->b, &c->s, NULL, &c->stats, &e), ST_OK, "%s", e.msg);
}

/* What a token of trace t adds to the policy loss at ratio 1, times -1. */
static double share(const struct update_case *c, enum loss_kind loss, int t, int token, double tokens)
{
    double A = c->b.advantage[t], logp = (double)c->b.logp_old[t * CAP + token];
    switch (loss) {
    case LOSS_DAPO:
    case LOSS_BNPO: return A / tokens;
    case LOSS_CISPO: return A * logp / tokens;
    case LOSS_REINFORCE:
    case LOSS_RLOO: return A * logp / N;
    case LOSS_DR_GRPO: return A / (N * CAP);
    default: return A / N / c->b.n[t];
    }
}

/* One update: logp_old is the training forward itself; the ratio is 1 and nothing is clipped, exactly. At a
 * fresh reference KL is exactly 0. So the policy loss is -mean of A over what the loss averages. */
Test(grpo, first_update_is_exact)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_MLA, TINY_GROUPS};
    for (int i = 0; i < 3 * LOSS_KIND_N; i++) {
        enum loss_kind loss = (enum loss_kind)(i % LOSS_KIND_N);
        struct update_case c;
        double want = 0, tokens = 0;
        case_init(&c, kind[i / LOSS_KIND_N], loss);
        update(&c);
        cr_assert_eq(c.stats.kl, 0, "loss %d: KL %g", loss, c.stats.kl);
        cr_assert(c.stats.clip_low == 0 && c.stats.clip_high == 0, "loss %d: clipped", loss);
        cr_assert_eq(c.stats.updates, 1);
        for (int t = 0; t < N; t++) {
            size_t at = (size_t)t * CAP, n = (size_t)atomic_load(&c.b.n[t]);
            cr_assert_arr_eq(c.b.logp_old + at, c.b.logp_new + at, n * sizeof(float),
                             "the ratio is not 1 to the bit");
            cr_assert_arr_eq(c.b.logp_old + at, c.b.logp_ref + at, n * sizeof(float));
            tokens += (double)n;
        }
        for (int t = 0; t < N; t++)
            for (int k = 0; k < c.b.n[t]; k++)
                want -= share(&c, loss, t, k, tokens);
        cr_assert_float_eq(c.stats.policy_loss, want, 1e-12, "loss %d: %g, not %g", loss, c.stats.policy_loss,
                           want);
        cr_assert_eq(c.stats.loss, c.stats.policy_loss);
        cr_assert_eq(c.stats.tokens, tokens);
        case_release(&c);
    }
}

/* Decode against training forward, by hand from the batch. */
Test(grpo, sampler_difference_is_measured)
{
    struct update_case c;
    double sum = 0, most = 0, entropy = 0;
    case_init(&c, TINY_MLA, LOSS_GRPO);
    c.b.logp[5] += 0.25f;
    update(&c);
    for (int i = 0; i < N; i++)
        for (int t = 0; t < c.b.n[i]; t++) {
            double gap = fabs((double)c.b.logp[i * CAP + t] - (double)c.b.logp_old[i * CAP + t]);
            sum += gap;
            most = fmax(most, gap);
            entropy += (double)c.b.entropy[i * CAP + t];
        }
    cr_assert_float_eq(c.stats.logp_difference, sum / c.stats.tokens, 1e-12);
    cr_assert_eq(c.stats.logp_difference_max, most);
    cr_assert(atomic_load(&c.b.n[0]) <= 5 || fabs(most - 0.25) < 1e-4);
    cr_assert_float_eq(c.stats.entropy, entropy / c.stats.tokens, 1e-4);
    case_release(&c);
}

/* Several updates: the ratios move, and the shares that are reported are those of the last pass over each
 * trace. */
Test(grpo, later_epochs_move_the_ratio)
{
    struct update_case c;
    int moved = 0;
    case_init(&c, TINY_MLA, LOSS_GRPO);
    c.s.inner_epochs = 3;
    c.s.mini_batches = 2;
    update(&c);
    cr_assert_eq(c.stats.updates, 6);
    cr_assert_eq(c.l.updates, 6);
    cr_assert_eq(c.stats.kl, 0, "KL is that of the policy that sampled");
    cr_assert_gt(c.stats.clip_low + c.stats.clip_high, 0);
    for (int i = 0; i < N; i++)
        for (int t = 0; t < c.b.n[i]; t++)
            moved += c.b.logp_old[i * CAP + t] != c.b.logp_new[i * CAP + t];
    cr_assert_gt(moved, N);
    case_release(&c);
}

/* The clip fractions of one further pass, recomputed from what it left in the batch. */
Test(grpo, clip_fractions_are_those_of_the_ratios)
{
    struct update_case c;
    double low = 0, high = 0, n = 0;
    case_init(&c, TINY_MHA, LOSS_GRPO);
    c.s.inner_epochs = 2;
    c.s.adamw.lr = 0.05;
    update(&c);
    for (int i = 0; i < N; i++)
        for (int t = 0; t < c.b.n[i]; t++) {
            double ratio = exp((double)c.b.logp_new[i * CAP + t] - (double)c.b.logp_old[i * CAP + t]),
                A = c.b.advantage[i];
            high += A > 0 && ratio > 1.15;
            low += A < 0 && ratio < 0.9;
            n++;
        }
    /* Two epochs: the first one, with ratio 1, clipped nothing. */
    cr_assert_float_eq(c.stats.clip_high, high / (2 * n), 1e-12);
    cr_assert_float_eq(c.stats.clip_low, low / (2 * n), 1e-12);
    cr_assert(high > 0 && low > 0);
    case_release(&c);
}

/* KL is measured whatever beta; beta 0 leaves it out of the loss. */
Test(grpo, kl_is_measured_at_beta_zero)
{
    double loss[2], kl[2];
    for (int i = 0; i < 2; i++) {
        struct update_case c;
        case_init(&c, TINY_MLA, LOSS_GRPO);
        c.s.objective.beta = i ? 0.5 : 0;
        for (size_t j = 0; j < c.x.m.params.total; j++)
            c.l.ref_w[j] *= (real)1.05;
        update(&c);
        loss[i] = c.stats.loss;
        kl[i] = c.stats.kl;
        cr_assert_gt(kl[i], 0);
        case_release(&c);
    }
    cr_assert_eq(kl[0], kl[1]);
    cr_assert_gt(loss[1], loss[0]);
}

/* Masked traces leave no trace: the same update as if they were not there. */
Test(grpo, masked_traces_do_not_count)
{
    struct update_case a, b;
    case_init(&a, TINY_MLA, LOSS_DAPO);
    case_init(&b, TINY_MLA, LOSS_DAPO);
    for (int i = 0; i < N; i += 3)
        a.b.masked[i] = b.b.masked[i] = 1;
    for (int i = 0; i < N; i += 3)
        for (int t = 0; t < b.b.n[i]; t++)
            b.b.token[i * CAP + t] = 1;   /* whatever stands there */
    update(&a);
    update(&b);
    cr_assert_arr_eq(a.l.w, b.l.w, a.x.m.params.total * sizeof(real));
    cr_assert_eq(a.stats.loss, b.stats.loss);
    cr_assert_lt(a.stats.tokens, N * CAP);
    case_release(&a);
    case_release(&b);
}

/* With everything masked nothing is updated, moments included. */
Test(grpo, nothing_left_updates_nothing)
{
    struct update_case c;
    struct digest before, after;
    case_init(&c, TINY_MLA, LOSS_GRPO);
    for (int i = 0; i < N; i++)
        c.b.masked[i] = 1;
    before = learner_digest(&c.l, 1);
    update(&c);
    after = learner_digest(&c.l, 1);
    cr_assert(digest_equal(&before, &after));
    cr_assert_eq(c.stats.updates, 0);
    cr_assert(isfinite(c.stats.loss) && isfinite(c.stats.kl));
    case_release(&c);
}

/* drop_flat and the mask for cut-off traces. */
Test(grpo, who_is_left_out)
{
    struct update_case c;
    case_init(&c, TINY_MLA, LOSS_GRPO);
    advantage_batch(&c.b, &c.s.objective, 1, CUT_OFF_MASK);
    for (int i = 0; i < N; i++)
        cr_assert_eq(c.b.masked[i], i / G == 2 || c.b.cut_off[i], "trace %d", i);
    c.s.objective.std = STD_NONE;
    advantage_batch(&c.b, &c.s.objective, 0, CUT_OFF_OVERLONG);
    for (int i = 0; i < N; i++)
        cr_assert_eq(c.b.masked[i], 0);
    case_release(&c);
}

/* The reported balance loss is the batch's, however many updates it is cut into. */
Test(grpo, balance_loss_does_not_grow_with_the_parts)
{
    double loss[2];
    for (int i = 0; i < 2; i++) {
        struct update_case c;
        case_init(&c, TINY_GROUPS, LOSS_GRPO);
        c.s.adamw.lr = 0;
        c.s.inner_epochs = i ? 2 : 1;
        update(&c);
        loss[i] = c.stats.balance_loss;
        cr_assert_gt(loss[i], 0);
        case_release(&c);
    }
    cr_assert_float_eq(loss[0], loss[1], 1e-6, "%g in one part, %g in two", loss[0], loss[1]);
}

/* Gradients push towards what had the advantage: the policy loss falls when the same batch is learned again.
 * */
Test(grpo, an_update_raises_the_likelihood_of_what_was_good)
{
    for (int loss = 0; loss < LOSS_KIND_N; loss++) {
        struct update_case c;
        double gain = 0;
        case_init(&c, TINY_MLA, (enum loss_kind)loss);
        c.s.inner_epochs = 2;
        c.s.adamw.lr = 0.002;
        c.s.objective.beta = 0;
        update(&c);
        for (int i = 0; i < N; i++)
            for (int t = 0; t < c.b.n[i]; t++)
                gain += c.b.advantage[i] * ((double)c.b.logp_new[i * CAP + t] - (double)c.b.logp_old[i * CAP +
                                                                                                     t]);
        cr_assert_gt(gain, 0, "loss %d", loss);
        case_release(&c);
    }
}

/* The advantages are those of the loss, over the whole batch where that is the baseline. */
Test(grpo, advantages_are_as_the_loss_has_them)
{
    struct update_case c;
    double mean = 0;
    case_init(&c, TINY_MLA, LOSS_RLOO);
    for (int i = 0; i < N; i++) {
        int from = i / G * G;
        double others = 0;
        mean += c.b.reward[i] / N;
        for (int j = from; j < from + G; j++)
            others += j == i ? 0 : c.b.reward[j] / (G - 1);
        cr_assert_float_eq(c.b.advantage[i], c.b.reward[i] - others, 1e-15);
    }
    c.s.objective.loss = LOSS_REINFORCE;
    advantage_batch(&c.b, &c.s.objective, 0, CUT_OFF_SCORE);
    for (int i = 0; i < N; i++)
        cr_assert_float_eq(c.b.advantage[i], c.b.reward[i] - mean, 1e-15);
    c.s.objective.baseline = BASELINE_NONE;
    advantage_batch(&c.b, &c.s.objective, 0, CUT_OFF_SCORE);
    cr_assert_arr_eq(c.b.advantage, c.b.reward, N * sizeof(double));
    cr_assert(c.b.flat[2] && c.b.advantage[2 * G] == 0.5, "a flat group teaches, too");
    case_release(&c);
}

/* bnpo's micro-batches divide by their own tokens; one that is left out whole does not count. */
Test(grpo, micro_batches_divide_by_their_own_tokens)
{
    static const int size[] = {1, 3, 2, 4};
    for (int k = 0; k < 4; k++) {
        struct update_case c;
        double want = 0;
        int counted = 0;
        case_init(&c, TINY_MLA, LOSS_BNPO);
        c.s.micro_prompts = size[k];
        advantage_batch(&c.b, &c.s.objective, 1, CUT_OFF_SCORE); /* leaves group 2 out */
        for (int at = 0; at < P; at += size[k]) {
            double tokens = 0, sum = 0;
            for (int i = at * G; i < P * G && i < (at + size[k]) * G; i++) {
                tokens += c.b.masked[i] ? 0 : c.b.n[i];
                sum += c.b.masked[i] ? 0 : c.b.n[i] * c.b.advantage[i];
            }
            counted += tokens > 0;
            want -= tokens > 0 ? sum / tokens : 0;
        }
        update(&c);
        cr_assert_eq(counted, size[k] == 1 ? 3 : size[k] == 4 ? 1 : 2);
        cr_assert_float_eq(c.stats.policy_loss, want / counted, 1e-12, "micro-batches of %d", size[k]);
        case_release(&c);
    }
}
