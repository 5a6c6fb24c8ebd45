/* Tiny Countdown runs for the tests of trainer, cancelling and determinism. */
#include "tests/unit/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/registry.h"

static void set_all(struct settings *s, const char *const *pair)
{
    struct err e;
    for (; pair && *pair; pair += 2)
        cr_assert_eq(settings_set(s, STAGE_GRPO, pair[0], pair[1], NULL, &e), ST_OK, "%s", e.msg);
}

void tiny_settings(struct settings *s, const char *const *more)
{
    /* Cut-off traces are penalised, so that a model which knows nothing gets rewards that differ. */
    static const char *const base[] = {
        "model.width", "16", "model.layers", "2", "model.heads", "2", "model.q_rank", "8", "model.kv_rank",
            "8",
        "model.nope_dim", "4", "model.rope_dim", "4", "model.v_dim", "4", "model.ffn_width", "24",
            "model.dense_layers", "1",
        "model.experts", "4", "model.expert_width", "8", "base.steps", "3", "base.documents", "6",
            "base.warmup", "1",
        "cold.steps", "3", "cold.documents", "6", "cold.warmup", "1", "rl.steps", "3", "rl.prompts", "4",
            "rl.group", "4",
        "rl.max_tokens", "24", "rl.cut_off", "overlong", "rl.overlong_cache", "8", "rl.warmup", "1", "rl.lr",
            "3e-3",
        "rl.beta", "0.05", "eval.every", "2", "eval.k", "2", "eval.problems", "5", "eval.final_problems", "6",
        "run.lanes", "3", "run.shard_tokens", "64", "run.slots", "8", NULL,
    };
    struct err e;
    settings_init(s, scenario_find("countdown"));
    set_all(s, base);
    set_all(s, more);
    cr_assert_eq(settings_check(s, &e), ST_OK, "%s", e.msg);
}

void tiny_run_init(struct tiny_run *r, const struct settings *s, enum stage stage, uint64_t seed, int threads)
{
    struct err e;
    cr_assert_eq(pool_init(&r->pool, threads, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(trainer_init(&r->t, s, stage, seed, kernels_best(), r->pool, &e), ST_OK, "%s", e.msg);
    trainer_start(&r->t);
}

void tiny_run_release(struct tiny_run *r)
{
    trainer_release(&r->t);
    pool_release(r->pool);
}

void tiny_run_step(struct tiny_run *r, const struct trainer_hooks *h)
{
    static const struct trainer_hooks none;
    struct err e;
    cr_assert_eq(trainer_step(&r->t, h ? h : &none, &e), ST_OK, "%s", e.msg);
}

void tiny_run_pairs(struct tiny_run *r)
{
    struct corpus c = {0};
    struct err e;
    for (int i = 0; i < 24; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "%d + 1 yes </think> <answer> %d </answer>", i % 9, i % 7);
        snprintf(b, sizeof b, "%d + 1 no </think> <answer> %d wait </answer>", i % 9, i % 5);
        cr_assert_eq(corpus_add(&c, "User : 3 2 1 -> 6 Assistant : <think>", a, b, i % 2, &e), ST_OK);
    }
    cr_assert_eq(trainer_corpus(&r->t, &c, &e), ST_OK);
}

static void add_metrics(struct hash *h, const double *metric)
{
    for (int i = 0; i < METRIC_N; i++)
        if (!metric_row(i)->is_time)
            hash_add(h, &metric[i], sizeof metric[i]);
}

static enum status commit(void *self, const struct record_step *r, const struct record_keyframe *k,
                          struct err *e)
{
    struct tiny_sink *s = self;
    struct hash h;
    cr_assert_eq(r->step, s->last + 1, "steps are committed in order");
    cr_assert_lt(r->step, TINY_STEPS);
    hash_init(&h);
    add_metrics(&h, r->metric);
    for (int i = 0; i < r->groups_n; i++)
        hash_add(&h, r->group[i].problem, strlen(r->group[i].problem));
    for (int i = 0; i < r->traces_n; i++) {
        const struct record_trace *t = &r->trace[i];
        hash_add(&h, t->token, (size_t)t->n * sizeof *t->token);
        hash_add(&h, t->logp, (size_t)t->n * sizeof *t->logp);
        hash_add(&h, t->entropy, (size_t)t->n * sizeof *t->entropy);
        hash_add(&h, &t->reward, sizeof t->reward);
        hash_add(&h, &t->advantage, sizeof t->advantage);
    }
    for (int i = 0; i < r->evaluations_n; i++)
        hash_add(&h, r->evaluation[i].right, (size_t)r->evaluation[i].problems);
    if (r->layers_n) {
        hash_add(&h, r->load, (size_t)(r->layers_n * r->experts_n) * sizeof *r->load);
        hash_add(&h, r->bias, (size_t)(r->layers_n * r->experts_n) * sizeof *r->bias);
    }
    s->digest[r->step] = r->digest;
    s->content[r->step] = hash_end(&h);
    s->last = r->step;
    s->keyframes += k != NULL;
    s->evaluations += r->evaluations_n;
    (void)e;
    return ST_OK;
}

static enum status find_digest(void *self, int64_t step, struct digest *out, struct err *e)
{
    struct tiny_sink *s = self;
    if (step > s->last)
        return err_set(e, ST_NOTFOUND, "sink", "no step %d", (int)step);
    *out = s->digest[step];
    return ST_OK;
}

void tiny_sink_init(struct tiny_sink *s)
{
    memset(s, 0, sizeof *s);
    s->sink = (struct sink){.self = s, .commit = commit, .digest = find_digest};
}

void tiny_state_save(struct tiny_state *s, const struct trainer *t)
{
    s->tensor = calloc(TENSORS_MAX, sizeof *s->tensor);
    cr_assert_not_null(s->tensor);
    s->n = trainer_tensors(t, t->reference_step, s->tensor, TENSORS_MAX);
    s->step = t->step;
    for (int i = 0; i < s->n; i++) {
        void *copy = malloc(s->tensor[i].bytes + 1);
        cr_assert_not_null(copy);
        s->tensor[i].data = memcpy(copy, s->tensor[i].data, s->tensor[i].bytes);
    }
}

void tiny_state_restore(const struct tiny_state *s, struct trainer *t)
{
    struct err e;
    for (int i = 0; i < s->n; i++)
        cr_assert_eq(trainer_restore_tensor(t, s->tensor[i].kind, s->tensor[i].name, s->tensor[i].data,
                                            s->tensor[i].bytes, &e),
                     ST_OK, "%s", e.msg);
    trainer_restored(t, s->step);
}

void tiny_state_free(struct tiny_state *s)
{
    for (int i = 0; i < s->n; i++)
        free((void *)s->tensor[i].data);
    free(s->tensor);
    memset(s, 0, sizeof *s);
}

void tiny_same(const struct digest *a, const struct digest *b, const char *what)
{
    char x[DIGEST_HEX], y[DIGEST_HEX];
    digest_hex(a, x);
    digest_hex(b, y);
    cr_assert(digest_equal(a, b), "%s: %s against %s", what, x, y);
}
