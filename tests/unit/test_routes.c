/* The sampler's experts, kept and replayed: what the decode keeps is what the training forward chooses; a
 * replay changes no bit where both agree and uses exactly those experts where they do not; any number of
 * threads. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/tiny_run.h"

static struct digest digest_of(const char *const *more, int threads, int steps, double *difference)
{
    struct settings s;
    struct tiny_run r;
    struct digest d;
    tiny_settings(&s, more);
    tiny_run_init(&r, &s, STAGE_GRPO, 11, threads);
    for (int i = 0; i < steps; i++)
        tiny_run_step(&r, NULL);
    d = trainer_digest(&r.t);
    *difference = r.t.metric[M_ROUTE_DIFFERENCE];
    cr_assert_eq(r.t.batch.route != NULL, !isnan(*difference), "memory is taken only where routing is kept");
    tiny_run_release(&r);
    return d;
}

/* One pass a rollout: decode and training agree in every choice, so that a replay is what happens anyway. */
Test(routes, a_replay_of_the_same_choices_changes_no_bit)
{
    static const char *const off[] = {NULL}, *const on[] = {"rl.router_replay", "1", NULL},
                      *const measured[] = {"rl.router_measure", "1", NULL};
    double none, replayed, seen;
    struct digest a = digest_of(off, 1, 2, &none), b = digest_of(on, 1, 2, &replayed),
                  c = digest_of(measured, 1, 2, &seen);
    cr_assert(isnan(none));
    cr_assert(replayed == 0 && seen == 0, "%g %g", replayed, seen);
    tiny_same(&a, &b, "replayed");
    tiny_same(&a, &c, "measured");
}

/* Several passes: the weights have moved, and so has the routing that is not replayed. */
Test(routes, later_passes_are_replayed_with_any_threads)
{
    static const char *const on[] = {"rl.router_replay",
                                     "1",
                                     "rl.inner_epochs",
                                     "4",
                                     "rl.mini_batches",
                                     "2",
                                     "rl.lr",
                                     "0.05",
                                     "rl.warmup",
                                     "0",
                                     NULL},
                             *const measured[] = {"rl.router_measure",
                                                  "1",
                                                  "rl.inner_epochs",
                                                  "4",
                                                  "rl.mini_batches",
                                                  "2",
                                                  "rl.lr",
                                                  "0.05",
                                                  "rl.warmup",
                                                  "0",
                                                  NULL};
    double moved, again, without;
    struct digest a = digest_of(on, 1, 2, &moved), b = digest_of(on, 2, 2, &again),
                  c = digest_of(measured, 1, 2, &without);
    tiny_same(&a, &b, "two threads");
    cr_assert_eq(moved, again);
    cr_assert(moved > 0 && moved < 1, "%g", moved);
    cr_assert(without > 0 && without < 1, "%g", without);
    cr_assert_not(digest_equal(&a, &c), "a replay that changes nothing");
}

struct held {
    const struct batch *b;
    const struct workspace *ws;
    const struct model *m;
    int rows;
};

static enum status compare(void *ctx, struct shard *s)
{
    struct held *h = ctx;
    int K = h->m->config.top_k;
    for (int q = 0; q < s->t->seq.n; q++)
        for (int i = s->t->seq.begin[q]; i < s->t->seq.begin[q + 1]; i++)
            for (int l = 0; l < h->m->config.layers_n; l++) {
                int at = h->m->params.layer[l].moe_index, row = i - s->t->seq.begin[q], p, prompt;
                int trace = s->first + q;
                const uint8_t *want;
                if (at < 0)
                    continue;
                p = trace / h->b->G;
                prompt = h->b->prompt_n[p] - 1;
                if (row < prompt)
                    want = h->b->prompt_route + (p * PROMPT_MAX + row) * h->b->route_n;
                else
                    want = h->b->route + (trace * h->b->cap + row - prompt) * h->b->route_n;
                for (int j = 0; j < K; j++)
                    cr_assert_eq(h->ws->block[l].chosen[i * K + j], want[at * K + j],
                                 "trace %d row %d layer %d", trace, row, l);
                h->rows++;
            }
    return ST_OK;
}

/* The rows that the decode kept, one by one against a forward over prompt and completion. */
Test(routes, the_decode_keeps_what_the_forward_chooses)
{
    static const char *const more[] = {"rl.router_measure", "1", "rl.lr", "0", "rl.gamma", "0", NULL};
    struct settings s;
    struct tiny_run r;
    struct held h;
    struct pass p;
    struct err e;
    int n = 0;
    tiny_settings(&s, more);
    tiny_run_init(&r, &s, STAGE_GRPO, 3, 1);
    r.t.learner.bias[1] = (real)0.3;
    tiny_run_step(&r, NULL);   /* at these rates weights and biases stay as they were in the rollout */
    for (int i = 0; i < r.t.batch.N; i++)
        n = grpo_add_trace(&r.t.grpo, &r.t.batch, i, n);
    h = (struct held){&r.t.batch, &r.t.learner.ws[0], &r.t.model, 0};
    p = (struct pass){.sequence = r.t.grpo.sequence, .sequences_n = n, .inv_temperature = 1, .shard = compare,
                      .ctx = &h};
    cr_assert_eq(learner_pass(&r.t.learner, &p, &e), ST_OK, "%s", e.msg);
    cr_assert_gt(h.rows, 100);
    tiny_run_release(&r);
}

Test(routes, dpo_has_none)
{
    static const char *const more[] = {NULL};
    struct settings s;
    struct err e;
    tiny_settings(&s, more);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "rl.loss", "dpo", NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "rl.router_replay", "1", NULL, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(settings_check(&s, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "router_replay"), "%s", e.msg);
}
