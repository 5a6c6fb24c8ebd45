/* The value head: where its numbers stand, that they come out of a batch as they do out of one sequence,
 * and what a backward of the head alone leaves alone. */
#include <math.h>

#include "engine/rl/values.h"
#include "tests/unit/tiny_model.h"

enum { SEQUENCES = 9, LONGEST = 24 };

struct value_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct sequence sequence[SEQUENCES];
    uint16_t id[SEQUENCES][LONGEST];
    int target[SEQUENCES][LONGEST];
};

static void case_init(struct value_case *c, enum tiny_kind kind, int threads, int shard_tokens)
{
    struct model_config config = tiny_config(kind);
    struct rng r = rng_at(8, RNG_TEST, 4, 0, 0);
    struct err e;
    memset(c, 0, sizeof *c);
    tiny_init(&c->x, &config, kernels_best());
    cr_assert_eq(pool_init(&c->pool, threads, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, 4, shard_tokens, LONGEST, 0, &c->x.arena, &e), ST_OK,
                 "%s", e.msg);
    memcpy(c->l.w, c->x.w, c->x.m.params.total * sizeof(real));
    memcpy(c->l.bias, c->x.bias, (size_t)c->l.bias_n * sizeof(real));
    for (int i = 0; i < SEQUENCES; i++) {
        c->sequence[i] = (struct sequence){1 + rng_below(&r, LONGEST), i, c->id[i], c->target[i]};
        for (int t = 0; t < LONGEST; t++) {
            c->id[i][t] = (uint16_t)rng_below(&r, config.vocab_n);
            c->target[i][t] = rng_below(&r, config.vocab_n);
        }
    }
}

static void case_release(struct value_case *c)
{
    pool_release(c->pool);
    tiny_release(&c->x);
}

Test(values, of_a_batch_are_those_of_each_alone)
{
    float all[SEQUENCES * LONGEST], one[LONGEST];
    struct value_case c;
    struct err e;
    case_init(&c, TINY_VALUE, 2, 40);
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, c.sequence, SEQUENCES, LONGEST, all, NULL, &e), ST_OK);
    for (int i = 0; i < SEQUENCES; i++) {
        cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, &c.sequence[i], 1, LONGEST, one, NULL, &e), ST_OK);
        for (int t = 0; t < c.sequence[i].n; t++)
            cr_assert_float_eq(one[t], all[i * LONGEST + t], 1e-5, "sequence %d, token %d", i, t);
    }
    case_release(&c);
}

/* A value depends on what stands before it alone, and on the weights that are asked, not on the learner's. */
Test(values, of_prefixes_and_of_other_weights)
{
    float whole[LONGEST], cut[LONGEST], other[LONGEST];
    struct value_case c;
    struct err e;
    struct sequence s;
    size_t at;
    case_init(&c, TINY_VALUE, 1, 40);
    s = (struct sequence){10, 0, c.id[0], c.target[0]};
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, &s, 1, LONGEST, whole, NULL, &e), ST_OK);
    s.n = 4;
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, &s, 1, LONGEST, cut, NULL, &e), ST_OK);
    for (int t = 0; t < 4; t++)
        cr_assert_float_eq(cut[t], whole[t], 1e-5);
    at = c.x.m.params.row[c.x.m.params.value_bias].offset;
    c.x.w[at] += 3;
    cr_assert_eq(values_of(&c.l, c.x.w, c.l.bias, &s, 1, LONGEST, other, NULL, &e), ST_OK);
    for (int t = 0; t < 4; t++)
        cr_assert_float_eq(other[t], cut[t] + 3, 1e-5);
    for (int i = 0; i < c.l.bias_n * 4; i++)
        cr_assert_eq(c.l.load[i], 0, "a look at values is no load of the training batch");
    case_release(&c);
}

Test(values, start_at_zero)
{
    float value[LONGEST];
    struct value_case c;
    struct err e;
    case_init(&c, TINY_VALUE, 1, 40);
    learner_start(&c.l, 3);
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, c.sequence, 1, LONGEST, value, NULL, &e), ST_OK);
    for (int t = 0; t < c.sequence[0].n; t++)
        cr_assert_eq(value[t], 0);
    case_release(&c);
}

Test(values, errors)
{
    float value[LONGEST];
    struct value_case c;
    struct err e;
    case_init(&c, TINY_VALUE, 1, 40);
    c.sequence[0].n = 5;
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, c.sequence, 1, 4, value, NULL, &e), ST_USAGE);
    c.x.w[c.x.m.params.row[c.x.m.params.value_weight].offset] = NAN;
    cr_assert_eq(values_of(&c.l, c.x.w, c.l.bias, c.sequence, 1, LONGEST, value, NULL, &e), ST_NONFINITE);
    cr_assert(strstr(e.msg, "value_head.weight"), "%s", e.msg);
    case_release(&c);
    case_init(&c, TINY_MLA, 1, 40);
    cr_assert_eq(values_of(&c.l, c.l.w, c.l.bias, c.sequence, 1, LONGEST, value, NULL, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "model.value_head"));
    case_release(&c);
}

/* The head stands behind all other rows: with it a model starts from the same numbers. */
Test(values, other_rows_start_the_same)
{
    struct value_case with, without;
    case_init(&with, TINY_VALUE, 1, 40);
    case_init(&without, TINY_MLA, 1, 40);
    learner_start(&with.l, 3);
    learner_start(&without.l, 3);
    cr_assert_eq(memcmp(with.l.w, without.l.w, without.x.m.params.total * sizeof(real)), 0);
    cr_assert_eq(with.x.m.params.row[with.x.m.params.value_weight].offset, without.x.m.params.total);
    case_release(&with);
    case_release(&without);
}

static enum status push(void *ctx, struct shard *s)
{
    (void)ctx;
    for (int t = 0; t < s->t->T; t++) {
        s->dlogp[t] = 1;
        s->dvalue[t] = (real)0.1;
    }
    return ST_OK;
}

Test(values, a_pass_of_the_head_alone_moves_nothing_else)
{
    const struct adamw_settings adamw = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8, .clip = 1};
    struct value_case c;
    struct pass p;
    struct err e;
    size_t head, total;
    double norm;
    case_init(&c, TINY_VALUE, 2, 40);
    head = c.x.m.params.row[c.x.m.params.value_weight].offset;
    total = c.x.m.params.total;
    p = (struct pass){.sequence = c.sequence, .sequences_n = SEQUENCES, .inv_temperature = 1, .backward = 1,
                      .value_only = 1, .shard = push};
    cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(learner_apply(&c.l, &adamw, &norm, &e), ST_OK);
    cr_assert_eq(memcmp(c.l.w, c.x.w, head * sizeof(real)), 0);
    cr_assert_neq(memcmp(c.l.w + head, c.x.w + head, (total - head) * sizeof(real)), 0);
    p.value_only = 0;
    cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
    cr_assert_eq(learner_apply(&c.l, &adamw, &norm, &e), ST_OK);
    cr_assert_neq(memcmp(c.l.w, c.x.w, head * sizeof(real)), 0);
    case_release(&c);
}

/* The head has a learning rate of its own where one is given: Adam's first step is of its size. */
Test(values, head_learns_at_its_own_rate)
{
    const struct adamw_settings adamw = {.lr = 0.01, .beta1 = 0, .beta2 = 0, .eps = 1e-20, .value_lr = 0.05};
    struct value_case c;
    struct pass p;
    struct err e;
    size_t head, norm_at;
    double norm;
    case_init(&c, TINY_VALUE, 1, 40);
    head = c.x.m.params.row[c.x.m.params.value_weight].offset;
    norm_at = c.x.m.params.row[c.x.m.params.final_norm].offset;
    p = (struct pass){.sequence = c.sequence, .sequences_n = SEQUENCES, .inv_temperature = 1, .backward = 1,
                      .shard = push};
    cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(learner_apply(&c.l, &adamw, &norm, &e), ST_OK);
    cr_assert_float_eq(fabs((double)c.l.w[norm_at] - (double)c.x.w[norm_at]), 0.01, 1e-5);
    cr_assert_float_eq(fabs((double)c.l.w[head] - (double)c.x.w[head]), 0.05, 1e-5);
    case_release(&c);
}
