/* Experts knocked out, and the table of all: no token goes to one that is off, nothing else moves, and the
 * figures hang together whatever the threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run/experts.h"
#include "engine/run/inspect.h"
#include "tests/unit/tiny_run.h"

static struct err e;

static void start(struct tiny_run *r, int threads, const char *const *more)
{
    static const char *const plain[] = {"rl.max_tokens", "40", "rl.group", "2", NULL};
    struct settings s;
    tiny_settings(&s, more ? more : plain);
    tiny_run_init(r, &s, STAGE_GRPO, 5, threads);
}

Test(experts, a_list_is_read)
{
    static const char *const wrong[] = {"",        "1",   "1:",   "0:1",  "1:0", "1:2,",
                                        "1:2;1:3", "a:b", "1:2x", "-1:2", "1,2"};
    struct knock_out k;
    cr_assert_eq(knock_out_parse(&k, "1:3,2:5", &e), ST_OK);
    cr_assert(k.n == 2 && k.off[0].layer == 0 && k.off[0].expert == 2 && k.off[1].layer == 1 &&
              k.off[1].expert == 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(knock_out_parse(&k, wrong[i], &e), ST_USAGE, "'%s'", wrong[i]);
}

Test(experts, a_change_has_an_error)
{
    static const uint8_t with[] = {4, 2, 0, 3}, without[] = {2, 2, 1, 0};
    struct knock_out_effect f = knock_out_effect(without, with, 4, 4);
    /* -.5, 0, .25, -.75: mean -.25, sum of squares .875, s^2 = (.875 - .25) / 3 */
    cr_assert_float_eq(f.pass_1, 5 / 16.0, 1e-12);
    cr_assert_float_eq(f.change, -0.25, 1e-12);
    cr_assert_float_eq(f.error, sqrt((0.875 - 0.25) / 3 / 4), 1e-12);
}

/* The sampled completions by a forward with the same biases: the expert is used nowhere. */
static long uses(struct tiny_run *r, const real *bias, int expert)
{
    struct inspect_routing n = {0};
    const struct batch *b = &r->t.evaluator.batch;
    struct learner *l = &r->t.learner;
    long sum = 0;
    real kept[SNAP_EXPERTS * SNAP_LAYERS];
    memcpy(kept, l->bias, (size_t)l->bias_n * sizeof(real));
    memcpy(l->bias, bias, (size_t)l->bias_n * sizeof(real));
    cr_assert_eq(inspect_routing_init(&n, &r->t, &e), ST_OK);
    for (int i = 0; i < 20; i++) {
        struct inspect_trace x = {.prompt = b->prompt[i / b->G], .token = b->token + i * b->cap,
                                  .prompt_n = b->prompt_n[i / b->G], .n = b->n[i]};
        cr_assert_eq(inspect_routing_add(&n, &r->t, &x, &e), ST_OK, "%s", e.msg);
    }
    for (int v = 0; v < n.vocab_n; v++)
        sum += n.count[(size_t)expert * (size_t)n.vocab_n + (size_t)v];
    inspect_routing_free(&n);
    memcpy(l->bias, kept, (size_t)l->bias_n * sizeof(real));
    return sum;
}

Test(experts, one_that_is_off_is_used_nowhere_and_nothing_moves)
{
    struct tiny_run r;
    struct knock_out k = {.n = 1, .off = {{0, 1}}};
    struct evaluation whole = {.k = 2, .problems = 20, .temperature = 1, .top_p = 1, .seed = 3}, left = whole,
                      again = whole;
    struct digest before, after;
    real bias[SNAP_LAYERS * SNAP_EXPERTS];
    start(&r, 1, NULL);
    before = trainer_digest(&r.t);
    cr_assert_eq(trainer_evaluate(&r.t, &whole, NULL, &e), ST_OK);
    cr_assert_gt(uses(&r, r.t.learner.bias, 1), 0);
    cr_assert_eq(knock_out_evaluate(&r.t, &k, &left, NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_neq(whole.mean_length, left.mean_length, "an expert less changes nothing");
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_OK);
    cr_assert_eq(uses(&r, bias, 1), 0);
    cr_assert_gt(uses(&r, bias, 0), 0);
    cr_assert_eq(trainer_evaluate(&r.t, &again, NULL, &e), ST_OK);
    cr_assert(whole.mean_length == again.mean_length && whole.pass_1 == again.pass_1);
    after = trainer_digest(&r.t);
    tiny_same(&before, &after, "after a knock-out");
    tiny_run_release(&r);
}

Test(experts, enough_must_be_left)
{
    static const char *const groups[] = {"model.experts", "8", "model.groups", "4", "model.top_groups", "2",
                                         "model.top_k", "3", NULL};
    struct tiny_run r;
    struct knock_out k = {.n = 1, .off = {{0, 5}}};
    real bias[SNAP_LAYERS * SNAP_EXPERTS];
    int E;
    start(&r, 1, groups);
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_OK, "two groups of two less one are three: %s",
                 e.msg);
    cr_assert(isinf(bias[5]) && bias[5] < 0 && bias[4] == r.t.learner.bias[4]);
    k.n = 2;
    k.off[1].expert = 7;
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_USAGE, "a token could be left with two");
    cr_assert(strstr(e.msg, "find 2"), "%s", e.msg);
    k.n = 1;
    k.off[0].layer = 7;
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_USAGE);
    tiny_run_release(&r);
    start(&r, 1, NULL);
    E = r.t.model.config.experts_n;
    k.n = E - r.t.model.config.top_k + 1;
    for (int i = 0; i < k.n; i++)
        k.off[i].layer = 0, k.off[i].expert = i;
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_USAGE);
    k.n--;
    cr_assert_eq(knock_out_bias(&r.t, &k, bias, &e), ST_OK, "%s", e.msg);
    tiny_run_release(&r);
}

static struct experts_facts *table(int threads)
{
    struct experts_facts *f = calloc(1, sizeof *f);
    struct experts_hooks h = {0};
    struct tiny_run r;
    start(&r, threads, NULL);
    cr_assert_eq(experts_run(&r.t, 12, 2, &h, f, &e), ST_OK, "%s", e.msg);
    tiny_run_release(&r);
    return f;
}

Test(experts, the_table_hangs_together_with_any_threads)
{
    struct experts_facts *a = table(1), *b = table(2);
    int E = a->experts_n;
    cr_assert(!memcmp(a, b, sizeof *a), "two threads");
    cr_assert(a->problems == 12 && a->traces == 24 && a->routing.tokens > 0);
    cr_assert(a->active > 0 && a->active < a->total);
    for (int l = 0; l < a->layers_n; l++) {
        double share = 0;
        for (int i = l * E; i < (l + 1) * E; i++) {
            const struct served *s = &a->routing.served[i];
            share += (double)s->share;
            cr_assert(s->affinity > 0 && s->affinity < 1, "%g", (double)s->affinity);
            cr_assert_float_eq(a->expert[i].off.change, a->expert[i].off.pass_1 - a->pass_1, 1e-9);
        }
        cr_assert_float_eq(share, 1, 1e-5);
        cr_assert(a->max_vio[l] >= 0 && a->max_vio[l] <= E - 1);
    }
    free(a);
    free(b);
}

/* By hand: embedding, head and norms in full, the experts that a token does not use left out. */
Test(experts, active_parameters_are_counted)
{
    struct tiny_run r;
    struct model_config c;
    double total, active;
    start(&r, 1, NULL);
    c = r.t.model.config;
    experts_parameters(&c, &total, &active);
    cr_assert_eq(total, (double)r.t.model.params.total, "there is no MTP module");
    cr_assert_eq(total - active, (double)(c.layers_n - c.dense_layers) * (c.experts_n - c.top_k) * 3 *
                                     c.width * c.expert_width);
    c.dense_layers = c.layers_n;
    experts_parameters(&c, &total, &active);
    cr_assert_eq(total, active);
    tiny_run_release(&r);
}
