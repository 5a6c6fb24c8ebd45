/* PPO's update through the engine: which values the advantages come from, what the first update must be
 * exactly, that the critic learns, and that no thread count changes a bit. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/rl/objective.h"
#include "engine/run/publish.h"
#include "tests/unit/tiny_run.h"

static const char *const ppo[] = {"model.value_head", "1", "rl.loss", "ppo", "rl.critic_warmup", "0",
                                  "rl.value_rate", "3", "rl.kl_reward", "0", "rl.gae_lambda", "1", NULL};

static void run_init(struct tiny_run *r, int threads, const char *const *more)
{
    struct settings s;
    struct err e;
    tiny_settings(&s, ppo);
    for (; more && *more; more += 2)
        cr_assert_eq(settings_set(&s, STAGE_GRPO, more[0], more[1], NULL, &e), ST_OK, "%s", e.msg);
    tiny_run_init(r, &s, STAGE_GRPO, 3, threads);
}

/* Sums over the tokens of all traces of the batch. */
static double sum(const struct batch *b, const double *x, int squares)
{
    double total = 0;
    for (int i = 0; i < b->N; i++)
        for (int t = 0; t < b->n[i]; t++)
            total += squares ? x[i * b->cap + t] * x[i * b->cap + t] : x[i * b->cap + t];
    return total;
}

Test(ppo, needs_a_critic)
{
    struct settings s;
    struct err e;
    tiny_settings(&s, NULL);
    s.rl.loss = LOSS_PPO;
    cr_assert_eq(settings_check(&s, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "model.value_head = 1"), "%s", e.msg);
    s.model.value_head = 1;
    cr_assert_eq(settings_check(&s, &e), ST_OK, "%s", e.msg);
}

/* Lambda 1, gamma 1: a token's advantage is the trace's reward less its value; the critic that knows
 * nothing says 0 everywhere. One update: the ratio is 1 and the policy loss minus the mean advantage. */
Test(ppo, first_update_is_exact)
{
    static const char *const more[] = {"rl.advantage_norm", "0", "rl.beta", "0", NULL};
    struct tiny_run r;
    const struct batch *b = &r.t.batch;
    run_init(&r, 2, more);
    tiny_run_step(&r, NULL);
    for (int i = 0; i < b->N; i++) {
        cr_assert_float_eq(b->advantage[i], b->reward[i], 1e-12);
        for (int t = 0; t < b->n[i]; t++) {
            cr_assert_eq(b->token_advantage[i * b->cap + t], b->reward[i]);
            cr_assert_eq(b->logp_old[i * b->cap + t], b->logp_new[i * b->cap + t]);
        }
    }
    cr_assert_float_eq(r.t.metric[M_POLICY_LOSS], -sum(b, b->token_advantage, 0) / r.t.metric[M_TOKENS],
                       1e-12);
    cr_assert_eq(r.t.metric[M_VALUE], 0);
    cr_assert_eq(r.t.metric[M_CLIP_REGION], 0);
    cr_assert_float_eq(r.t.metric[M_LOSS], r.t.metric[M_POLICY_LOSS] + 0.5 * r.t.metric[M_VALUE_LOSS], 1e-12);
    cr_assert_float_eq(r.t.metric[M_VALUE_LOSS],
                       sum(b, r.t.grpo.ppo.ret, 1) / (2 * r.t.metric[M_TOKENS]), 1e-12);
    tiny_run_step(&r, NULL);
    cr_assert_neq(r.t.metric[M_VALUE], 0, "the critic has learned something");
    for (int i = 0; i < b->N; i++)
        for (int t = 0; t < b->n[i]; t++)
            cr_assert_float_eq(b->token_advantage[i * b->cap + t],
                               b->reward[i] - r.t.grpo.ppo.value[i * b->cap + t], 1e-12);
    tiny_run_release(&r);
}

Test(ppo, advantages_of_a_batch_are_normalised)
{
    struct tiny_run r;
    const struct batch *b = &r.t.batch;
    run_init(&r, 2, NULL);
    tiny_run_step(&r, NULL);
    tiny_run_step(&r, NULL);
    cr_assert_float_eq(sum(b, b->token_advantage, 0), 0, 1e-9);
    cr_assert_float_eq(sum(b, b->token_advantage, 1) / r.t.metric[M_TOKENS], 1, 1e-6);
    tiny_run_release(&r);
}

Test(ppo, kl_is_a_reward_where_it_is_asked_for)
{
    static const char *const more[] = {"rl.advantage_norm", "0", "rl.kl_reward", "0.5", NULL};
    struct tiny_run r;
    const struct batch *b = &r.t.batch;
    double kl = 0, gain = 0;
    run_init(&r, 1, more);
    tiny_run_step(&r, NULL);
    cr_assert_float_eq(b->advantage[0], b->reward[0], 1e-12, "the reference is the policy still");
    tiny_run_step(&r, NULL);
    for (int t = 0; t < b->n[0]; t++)
        kl += (double)b->logp_old[t] - (double)b->logp_ref[t];
    gain = b->token_advantage[0] + r.t.grpo.ppo.value[0];
    cr_assert_neq(kl, 0);
    cr_assert_float_eq(gain, b->reward[0] - 0.5 * kl, 1e-9, "what is to come at the first token");
    tiny_run_release(&r);
}

/* While the critic warms up the policy stands still, but for the expert biases, which have a rule of their
 * own. */
Test(ppo, warm_up_moves_the_critic_alone)
{
    static const char *const more[] = {"rl.critic_warmup", "2", "rl.gamma", "0", NULL};
    struct tiny_run r;
    size_t head, total;
    real *before;
    run_init(&r, 2, more);
    head = r.t.model.params.row[r.t.model.params.value_weight].offset;
    total = r.t.model.params.total;
    before = malloc(total * sizeof *before);
    cr_assert_not_null(before);
    memcpy(before, r.t.learner.w, total * sizeof *before);
    tiny_run_step(&r, NULL);
    tiny_run_step(&r, NULL);
    cr_assert_eq(memcmp(before, r.t.learner.w, head * sizeof *before), 0);
    cr_assert_neq(memcmp(before + head, r.t.learner.w + head, (total - head) * sizeof *before), 0);
    cr_assert_float_eq(r.t.metric[M_LOSS], 0.5 * r.t.metric[M_VALUE_LOSS], 1e-12);
    tiny_run_step(&r, NULL);
    cr_assert_neq(memcmp(before, r.t.learner.w, head * sizeof *before), 0);
    free(before);
    tiny_run_release(&r);
}

/* The critic's loss falls, and what it expects comes near to what the traces get. */
Test(ppo, critic_learns)
{
    static const char *const more[] = {"rl.critic_warmup", "60", "rl.value_clip", "0", "rl.lr", "1e-2",
                                       "rl.lr_final", "1", NULL};
    struct tiny_run r;
    double first = 0, last = 0, expected = 0, got = 0;
    run_init(&r, 2, more);
    for (int i = 0; i < 60; i++) {
        tiny_run_step(&r, NULL);
        first += i < 10 ? r.t.metric[M_VALUE_LOSS] / 10 : 0;
        last += i >= 50 ? r.t.metric[M_VALUE_LOSS] / 10 : 0;
        expected += i >= 50 ? r.t.metric[M_VALUE] / 10 : 0;
        for (int k = 0; k < r.t.batch.N && i >= 50; k++)
            got += r.t.batch.reward[k] / r.t.batch.N / 10;
    }
    cr_assert_lt(last, 0.6 * first, "value loss %g, then %g", first, last);
    cr_assert_float_eq(expected, got, 0.25, "expects %g, gets %g", expected, got);
    cr_assert_gt(fabs(expected), 0.3);
    tiny_run_release(&r);
}

Test(ppo, same_bits_with_any_threads)
{
    static const char *const set[][9] = {
        {NULL},
        {"rl.advantage_norm", "0", NULL},
        {"rl.inner_epochs", "2", "rl.mini_batches", "2", "rl.kl_reward", "0.1", NULL}};
    for (int k = 0; k < 3; k++) {
        struct digest first = {{0}};
        for (int threads = 1; threads <= 3; threads++) {
            struct tiny_run r;
            struct digest d;
            run_init(&r, threads, set[k]);
            tiny_run_step(&r, NULL);
            tiny_run_step(&r, NULL);
            d = trainer_digest(&r.t);
            if (threads == 1)
                first = d;
            tiny_same(&first, &d, "threads");
            if (k == 2)
                cr_assert(isfinite(r.t.metric[M_VALUE_LOSS]) && isfinite(r.t.metric[M_LOSS]));
            tiny_run_release(&r);
        }
    }
}

/* Traces that the loss leaves out have no advantage, and teach the critic nothing. */
Test(ppo, masked_traces_have_none)
{
    static const char *const more[] = {"rl.cut_off", "mask", NULL};
    for (int norm = 0; norm < 2; norm++) {
        struct tiny_run r;
        int masked = 0;
        run_init(&r, 1, more);
        r.t.set.rl.advantage_norm = norm;
        tiny_run_step(&r, NULL);
        for (int i = 0; i < r.t.batch.N; i++)
            if (r.t.batch.masked[i]) {
                masked++;
                cr_assert_eq(r.t.batch.advantage[i], 0);
                cr_assert_eq(r.t.batch.token_advantage[i * r.t.batch.cap], 0);
            }
        cr_assert_gt(masked, 0);
        tiny_run_release(&r);
    }
}

/* The screens get the critic's numbers of the trace that they follow, by token, while the step is at hand. */
Test(ppo, the_screens_see_each_token_s_advantage)
{
    const struct control_view c = {.follow = FOLLOW_PINNED, .follow_group = 1, .follow_index = 2};
    struct snapshot *s = calloc(1, sizeof *s), *copy = calloc(1, sizeof *copy);
    struct tiny_run r;
    const struct batch *b = &r.t.batch;
    int trace;
    cr_assert(s && copy);
    run_init(&r, 1, NULL);
    tiny_run_step(&r, NULL);
    trace = b->G + 2;
    publish_fill(s, &r.t, &c);
    snapshot_copy(copy, s);
    cr_assert_eq(copy->follow.has_critic, 1);
    cr_assert_eq(copy->follow.tokens_n, b->n[trace]);
    for (int t = 0; t < b->n[trace]; t++)
        cr_assert_eq(copy->follow.advantage[t], (float)b->token_advantage[trace * b->cap + t]);
    cr_assert_eq(copy->trace[trace].advantage, (float)b->advantage[trace]);
    r.t.batch.stage = BATCH_WEIGHED;
    publish_fill(s, &r.t, &c);
    cr_assert_eq(s->follow.has_critic, 0, "nobody has asked the critic yet");
    cr_assert(isnan(s->trace[trace].advantage), "it is no 0");
    tiny_run_release(&r);
    free(s);
    free(copy);
}
