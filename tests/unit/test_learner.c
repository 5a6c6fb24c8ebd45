/* The learner: how a batch is cut must not depend on threads, what it sums must not depend on the cut, and
 * what goes wrong is named. */
#include <math.h>
#include <stdio.h>

#include "engine/base/hash.h"
#include "engine/rl/learner.h"
#include "tests/unit/tiny_model.h"

enum { SEQUENCES = 23, LONGEST = 24 };

struct learn_case {
    struct tiny x;
    struct pool *pool;
    struct learner l;
    struct sequence sequence[SEQUENCES];
    uint16_t id[SEQUENCES][LONGEST];
    int target[SEQUENCES][LONGEST], seen[SEQUENCES], calls;
};

static enum status weigh(void *ctx, struct shard *s)
{
    struct learn_case *c = ctx;
    for (int q = 0; q < s->t->seq.n; q++)
        for (int t = s->t->seq.begin[q]; t < s->t->seq.begin[q + 1]; t++)
            s->dlogp[t] = (real)(1 + (s->first + q) % 3) / 8;
    for (int t = 0; s->dvalue && t < s->t->T; t++)
        s->dvalue[t] = (real)0.5;
    for (int t = 0; s->mtp_dlogp && t < c->x.m.config.mtp_depth * s->t->T; t++)
        s->mtp_dlogp[t] = (real)0.25;
    for (int q = 0; q < s->t->seq.n; q++)
        c->seen[s->first + q]++;
    return ST_OK;
}

static void case_init(struct learn_case *c, enum tiny_kind kind, int threads, int lanes, int shard_tokens)
{
    struct model_config config = tiny_config(kind);
    struct rng r = rng_at(8, RNG_TEST, 1, 0, 0);
    struct err e;
    memset(c, 0, sizeof *c);
    tiny_init(&c->x, &config, kernels_best());
    cr_assert_eq(pool_init(&c->pool, threads, &e), ST_OK);
    cr_assert_eq(learner_init(&c->l, &c->x.m, c->pool, lanes, shard_tokens, LONGEST, 1, &c->x.arena, &e),
                 ST_OK, "%s", e.msg);
    learner_start(&c->l, 5);
    for (int i = 0; i < SEQUENCES; i++) {
        int n = 1 + rng_below(&r, LONGEST);
        c->sequence[i] = (struct sequence){n, i, c->id[i], c->target[i]};
        for (int t = 0; t < n; t++) {
            c->id[i][t] = (uint16_t)rng_below(&r, config.vocab_n);
            c->target[i][t] = t < 2 ? -1 : rng_below(&r, config.vocab_n);
        }
    }
}

static void case_release(struct learn_case *c)
{
    pool_release(c->pool);
    tiny_release(&c->x);
}

static struct pass pass_of(struct learn_case *c)
{
    return (struct pass){.sequence = c->sequence, .sequences_n = SEQUENCES, .inv_temperature = 1,
                         .with_mtp = c->x.m.config.mtp_depth > 0, .with_reference = 1, .backward = 1,
                             .shard = weigh, .ctx = c};
}

static const struct adamw_settings adamw = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-8,
                                            .weight_decay = 0.1, .clip = 1};

static double update(struct learn_case *c)
{
    struct pass p = pass_of(c);
    struct err e;
    double norm, vio[LAYERS_MAX], average[LAYERS_MAX];
    float share[256];
    learner_clear_load(&c->l);
    cr_assert_eq(learner_pass(&c->l, &p, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(learner_apply(&c->l, &adamw, &norm, &e), ST_OK, "%s", e.msg);
    learner_balance(&c->l, 0.01, 0.9, vio, average, share);
    return norm;
}

Test(learner, same_bits_with_any_threads)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct digest first = {{0}};
        for (int threads = 1; threads <= 3; threads++) {
            struct learn_case c;
            struct digest d;
            case_init(&c, (enum tiny_kind)kind, threads, 4, 40);
            for (int i = 0; i < 3; i++)
                update(&c);
            d = learner_digest(&c.l, 3);
            if (threads == 1)
                first = d;
            cr_assert(digest_equal(&d, &first), "kind %d: %d threads give other bits", kind, threads);
            cr_assert_eq(c.seen[0] + c.seen[SEQUENCES - 1], 6, "each sequence once a pass");
            case_release(&c);
        }
    }
}

/* Lanes and shards are only a matter of rounding: the gradient is that of one lane and one shard. */
Test(learner, cut_changes_rounding_only)
{
    static const struct {
        int lanes, tokens;
    } cut[] = {{1, 2000}, {1, 40}, {4, 40}, {7, 24}, {16, 100}};
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        real *whole = NULL;
        double norm[5], want = 0;
        for (int i = 0; i < 5; i++) {
            struct learn_case c;
            size_t n;
            case_init(&c, (enum tiny_kind)kind, 2, cut[i].lanes, cut[i].tokens);
            n = c.x.m.params.total;
            norm[i] = update(&c);
            if (i == 0) {
                whole = malloc(n * sizeof *whole);
                cr_assert_not_null(whole);
                memcpy(whole, c.l.lane[0], n * sizeof *whole);
                want = norm[0];
            }
            cr_assert_leq(fabs(norm[i] - want), 1e-5 * want, "kind %d, cut %d: norm %g, not %g", kind, i,
                          norm[i], want);
            for (size_t j = 0; j < n; j++)
                cr_assert_leq(fabs((double)c.l.lane[0][j] - (double)whole[j]), 1e-5 * want,
                              "kind %d, cut %d, element %zu", kind, i, j);
            case_release(&c);
        }
        free(whole);
    }
}

/* The norm is that of the reduced gradient, and with clip 1 the first step of AdamW does not depend on its
 * size. */
Test(learner, norm_is_of_the_sum)
{
    struct learn_case c;
    double norm, squares = 0;
    case_init(&c, TINY_MLA, 2, 4, 40);
    norm = update(&c);
    for (size_t j = 0; j < c.x.m.params.total; j++)
        squares += (double)c.l.lane[0][j] * (double)c.l.lane[0][j];
    cr_assert_leq(fabs(norm - sqrt(squares)), 1e-6 * norm);
    cr_assert_gt(norm, 1);
    cr_assert_eq(c.l.updates, 1);
    case_release(&c);
}

/* Loads: K assignments a token and layer, the MTP blocks' included; shares sum to 1. */
Test(learner, loads_count_every_assignment)
{
    static const enum tiny_kind kinds[] = {TINY_MLA, TINY_GROUPS, TINY_MTP2};
    for (int i = 0; i < 3; i++) {
        struct learn_case c;
        struct pass p;
        struct err e;
        double vio[LAYERS_MAX], average[LAYERS_MAX];
        float share[256];
        int E, tokens = 0;
        case_init(&c, kinds[i], 2, 3, 40);
        E = c.x.m.config.experts_n;
        p = pass_of(&c);
        p.backward = 0;
        for (int q = 0; q < SEQUENCES; q++)
            tokens += c.sequence[q].n;
        learner_clear_load(&c.l);
        cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
        for (int layer = 0; layer < c.x.m.params.moe_layers; layer++) {
            double sum = 0, most = 0;
            for (int j = 0; j < E; j++) {
                double load = 0;
                for (int lane = 0; lane < 3; lane++)
                    load += (double)c.l.load[lane * c.l.bias_n + layer * E + j];
                sum += load;
                most = fmax(most, load);
            }
            cr_assert_eq(sum, c.x.m.config.top_k * tokens, "kind %d, layer %d", kinds[i], layer);
            vio[LAYERS_MAX - 1 - layer] = most * E / sum - 1;
        }
        learner_balance(&c.l, 0.01, 0.5, vio, average, share);
        for (int layer = 0; layer < c.x.m.params.moe_layers; layer++) {
            double sum = 0;
            cr_assert_float_eq(vio[layer], vio[LAYERS_MAX - 1 - layer], 1e-12);
            for (int j = 0; j < E; j++) {
                double part = share[layer * E + j], bias = (double)c.l.bias[layer * E + j];
                sum += part;
                cr_assert_float_eq(c.l.load_average[layer * E + j], 0.5 / E + 0.5 * part, 1e-6);
                cr_assert_float_eq(bias, part * E > 1 + 1e-6 ? -0.01 : part * E < 1 - 1e-6 ? 0.01 : 0, 1e-8);
            }
            cr_assert_float_eq(sum, 1, 1e-6);
        }
        case_release(&c);
    }
}

/* The reference is measured with its own weights and biases: where it equals the policy, to the bit. */
static enum status same_as_reference(void *ctx, struct shard *s)
{
    struct learn_case *c = ctx;
    for (int t = 0; t < s->t->T; t++)
        c->calls += s->ref_logp[t] != s->logp[t];
    return weigh(ctx, s);
}

Test(learner, reference_is_the_policy_until_the_policy_moves)
{
    for (int kind = 0; kind < TINY_KINDS; kind++) {
        struct learn_case c;
        struct pass p;
        struct err e;
        case_init(&c, (enum tiny_kind)kind, 2, 3, 40);
        update(&c);
        learner_reference(&c.l);
        p = pass_of(&c);
        p.shard = same_as_reference;
        cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
        cr_assert_eq(c.calls, 0, "kind %d: %d tokens differ from the reference", kind, c.calls);
        if (c.l.bias_n) {
            /* Its expert biases are its own. */
            c.l.bias[0] += 9;
            cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
            cr_assert_gt(c.calls, 0, "kind %d: the reference follows the policy's biases", kind);
            c.calls = 0;
        }
        update(&c);
        cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
        cr_assert_gt(c.calls, 0);
        case_release(&c);
    }
}

/* A gate that gives up at one shard. */
static enum status give_up(void *ctx, enum gate_kind kind, int unit, int worker)
{
    (void)worker;
    return kind == GATE_SHARD && unit == *(int *)ctx ? ST_CANCELLED : ST_OK;
}

Test(learner, cancelled_at_any_shard_changes_nothing)
{
    for (int at = 0; at < 5; at++) {
        struct learn_case c;
        struct gate g = {&at, give_up};
        struct pass p;
        struct digest before, after;
        struct err e = {0};
        case_init(&c, TINY_MLA, 2, 3, 40);
        p = pass_of(&c);
        p.gate = &g;
        before = learner_digest(&c.l, 1);
        cr_assert_eq(learner_pass(&c.l, &p, &e), ST_CANCELLED);
        cr_assert_eq(e.code, ST_CANCELLED);
        after = learner_digest(&c.l, 1);
        cr_assert(digest_equal(&before, &after));
        case_release(&c);
    }
}

Test(learner, nonfinite_gradients_are_named)
{
    struct learn_case c;
    struct pass p;
    struct digest before, after;
    struct err e;
    double norm;
    case_init(&c, TINY_MLA, 1, 3, 40);
    p = pass_of(&c);
    cr_assert_eq(learner_pass(&c.l, &p, &e), ST_OK);
    c.l.lane[1][c.x.m.params.row[c.x.m.params.layer[1].router].offset + 3] = (real)INFINITY;
    before = learner_digest(&c.l, 1);
    cr_assert_eq(learner_apply(&c.l, &adamw, &norm, &e), ST_NONFINITE);
    cr_assert(strstr(e.msg, "layers.1.moe.router"), "%s", e.msg);
    after = learner_digest(&c.l, 1);
    cr_assert(digest_equal(&before, &after), "the state is that before the update");
    case_release(&c);
}

Test(learner, too_long_a_sequence_is_said)
{
    struct learn_case c;
    struct pass p;
    struct err e;
    case_init(&c, TINY_MHA, 1, 3, 40);
    p = pass_of(&c);
    c.sequence[4].n = LONGEST + 1;
    cr_assert_eq(learner_pass(&c.l, &p, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "25 tokens"), "%s", e.msg);
    case_release(&c);
}
