/* Gradients that test_objective_gradient.c does not reach: the entropy bonus, from whole distributions to
 * the weights, and DPO's update over the pairs of a batch; against finite differences of what they say they
 * are. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/rl/dpo_update.h"
#include "tests/double/difference.h"
#include "tests/unit/tiny_model.h"

enum { ELEMENTS = 120, P = 3, G = 4, N = P * G, CAP = 7, LANES = 3 };

struct entropy_case {
    struct tiny x;
    real dentropy[TINY_ROWS];
};

static double entropy_loss(void *ctx)
{
    struct entropy_case *c = ctx;
    double loss;
    tiny_forward(&c->x);
    loss = tiny_loss(&c->x);
    for (int t = 0; t < c->x.t.T; t++)
        if (c->x.t.target[t] >= 0)
            loss += c->dentropy[t] * c->x.ws.entropy[t];
    return loss;
}

Test(objective_variants, entropy_at_every_kind_of_model)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct model_config config = tiny_config((enum tiny_kind)kind);
        struct entropy_case c;
        char name[16];
        tiny_init(&c.x, &config, kernels_find("portable"));
        tiny_fill(c.dentropy, TINY_ROWS, 21, 0, 1);
        entropy_loss(&c);
        c.x.ws.dentropy = c.dentropy;
        tiny_backward(&c.x);
        c.x.ws.dentropy = NULL;
        snprintf(name, sizeof name, "kind %d", kind);
        check_random_elements(&c.x.m.params, c.x.w, c.x.grad, entropy_loss, &c, ELEMENTS, 20, name);
        tiny_release(&c.x);
    }
}

struct dpo_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct batch b;
    struct grpo g;
    struct dpo d;
    struct grpo_settings s;
    struct dpo_settings set;
    struct grpo_stats stats;
};

static double dpo_loss(void *ctx)
{
    struct dpo_case *c = ctx;
    struct err e;
    cr_assert_eq(dpo_update(&c->d, &c->g, &c->l, &c->b, &c->s, &c->set, NULL, &c->stats, &e), ST_OK, "%s",
                 e.msg);
    return c->stats.loss + c->stats.balance_loss;
}

static void dpo_case_init(struct dpo_case *c, enum tiny_kind kind, enum pair_rule rule)
{
    struct model_config config = tiny_config(kind);
    struct rng r = rng_at(3, RNG_TEST, 22, 0, 0);
    struct err e;
    memset(c, 0, sizeof *c);
    tiny_init(&c->x, &config, kernels_find("portable"));
    cr_assert_eq(pool_init(&c->pool, 1, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, LANES, 20, config.positions_n, 1, &c->x.arena, &e),
                 ST_OK);
    learner_start(&c->l, 1);
    memcpy(c->l.w, c->x.w, c->x.m.params.total * sizeof(real));
    tiny_fill(c->l.ref_w, c->x.m.params.total, 56, 0, 0.05);
    for (size_t j = 0; j < c->x.m.params.total; j++)
        c->l.ref_w[j] += c->l.w[j];
    cr_assert_eq(batch_init(&c->b, P, G, CAP, &c->x.arena, &e), ST_OK);
    cr_assert_eq(grpo_init(&c->g, P, G, CAP, &c->x.arena, &e), ST_OK);
    cr_assert_eq(dpo_init(&c->d, P, G, rule, &c->x.arena, &e), ST_OK);
    c->s = (struct grpo_settings){.adamw = {.lr = 0, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8},
                                  .inner_epochs = 1,
                                  .mini_batches = 1,
                                  .temperature = 0.8};
    c->set = (struct dpo_settings){0.7, rule};
    for (int i = 0; i < N; i++) {
        c->b.prompt_n[i / G] = 2 + i / G;
        c->b.prompt[i / G][i % G] = (uint16_t)rng_below(&r, config.vocab_n);
        c->b.n[i] = 2 + rng_below(&r, CAP - 1);
        c->b.reward[i] = i / G == 1 ? 0.1 : 0.5 * rng_below(&r, 3);   /* group 1 is flat */
        for (int t = 0; t < c->b.n[i]; t++)
            c->b.token[i * CAP + t] = (uint16_t)rng_below(&r, config.vocab_n);
    }
}

Test(objective_variants, dpo_over_the_pairs_of_a_batch)
{
    static const enum tiny_kind kind[] = {TINY_MHA, TINY_GROUPS};
    for (int i = 0; i < 4; i++) {
        struct dpo_case c;
        char name[16];
        real *grad;
        dpo_case_init(&c, kind[i / 2], (enum pair_rule)(i % 2));
        dpo_loss(&c);
        cr_assert(i % 2 ? c.stats.pairs > 4 : c.stats.pairs == 2, "%d pairs", c.stats.pairs);
        cr_assert(c.stats.margin != 0 && c.stats.updates == 1);
        grad = arena_alloc(&c.x.arena, c.x.m.params.total * sizeof(real));
        memcpy(grad, c.l.lane[0], c.x.m.params.total * sizeof(real));
        snprintf(name, sizeof name, "case %d", i);
        check_random_elements(&c.x.m.params, c.l.w, grad, dpo_loss, &c, ELEMENTS, 23, name);
        pool_release(c.pool);
        tiny_release(&c.x);
    }
}
