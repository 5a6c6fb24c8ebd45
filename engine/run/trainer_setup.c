/* A trainer's life: memory laid out at set-up for the largest step that the settings allow, so that a step
 * cannot run out of it; and its state as tensors, for keyframes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rl/numbers.h"
#include "engine/run/trainer.h"

enum { ARENA_MB = 4096 };   /* address space; pages are touched as they are used */

static enum status open_task(struct trainer *t, struct err *e)
{
    const struct scenario *s = t->set.scenario;
    const char *const *token;
    int n;
    enum status st = s->open(t->set.task, &t->task_self, e);
    if (st)
        return st;
    n = s->tokens(t->task_self, &token);
    st = vocab_init(&t->vocab, token, n, e);
    t->task = (struct task){s, t->task_self, &t->vocab, vocab_find(&t->vocab, "</answer>", 9)};
    if (!st && t->task.end_token < 0)
        st = err_set(e, ST_FAILED, "scenario", "%s has no </answer> token", s->name);
    t->held_out_n = st ? 0 : s->held_out_n(t->task_self);
    return st;
}

/* Where the update compares its routing with the sampler's, or replays that. */
static enum status keep_routes(struct trainer *t, struct err *e)
{
    enum status st = batch_keep_routes(&t->batch, config_route(&t->model.config), &t->arena, e);
    if (!st)
        st = rollout_keep_routes(&t->rollout, &t->arena, e);
    if (!st)
        st = learner_keep_routes(&t->learner, &t->arena, e);
    return st;
}

static enum status lay_out(struct trainer *t, struct err *e)
{
    const struct settings *s = &t->set;
    struct arena *a = &t->arena;
    int longest = t->model.config.positions_n, grpo = t->stage == STAGE_GRPO,
        has_reference = grpo || t->stage == STAGE_DPO;
    size_t block = t->model.params.total * sizeof(real);
    enum status st =
        learner_init(&t->learner, &t->model, t->pool, s->run.lanes, s->run.shard_tokens, longest,
                     has_reference, a, e);
    if (!st)
        st = rollout_init(&t->rollout, &t->model, (enum decode_form)s->run.decode, t->pool, s->run.slots,
                          longest, a, e);
    if (!st)
        st = evaluator_init(&t->evaluator, s->rl.max_tokens, a, e);
    if (!st && grpo) {
        st = batch_init(&t->batch, s->rl.prompts, s->rl.group, s->rl.max_tokens, a, e);
        if (!st)
            st = grpo_init(&t->grpo, s->rl.prompts, s->rl.group, s->rl.max_tokens, a, e);
        if (!st && (s->rl.router_replay || s->rl.router_measure) && config_route(&t->model.config) > 0)
            st = keep_routes(t, e);
        if (!st && s->rl.loss == LOSS_DPO)
            st = dpo_init(&t->dpo, s->rl.prompts, s->rl.group, (enum pair_rule)s->rl.pairs, a, e);
        if (!st && s->rl.loss == LOSS_PPO)
            st = ppo_init(&t->grpo.ppo, &t->batch, a, e);
    } else if (!st) {
        st = sft_init(&t->sft, settings_sft(s, t->stage)->documents, longest, a, e);
    }
    if (!st && t->stage == STAGE_REWARD)
        st = reward_init(&t->reward, 2 * s->reward.documents, longest, a, e);
    if (!st && t->stage == STAGE_DPO)
        st = dpo_corpus_init(&t->pairs, s->dpo.documents, longest, a, e);
    if (!st && grpo && s->rl.preference > 0) {
        t->reward_w = arena_alloc(a, block);
        t->reward_bias = arena_alloc(a, (size_t)(t->learner.bias_n + 1) * sizeof(real));
        st = t->reward_w && t->reward_bias
                 ? reward_init(&t->reward, 2 * t->batch.N, longest, a, e)
                 : err_set(e, ST_NOMEM, a->name, "no room for a preference model");
    }
    for (int i = 0; i < 3 && !st && grpo && s->rl.inner_epochs * s->rl.mini_batches > 1; i++)
        if (!(t->backup[i] = arena_alloc(a, block)))
            st = err_set(e, ST_NOMEM, a->name, "no room for a backup of the weights");
    for (int i = 0; i < EVALUATIONS_MAX && !st; i++)
        if (!(t->right[i] = arena_alloc(a, (size_t)t->held_out_n + 1)))
            st = err_set(e, ST_NOMEM, a->name, "no room for an evaluation");
    return st;
}

enum status trainer_init(struct trainer *t, const struct settings *s, enum stage stage, uint64_t seed,
                         const struct kernels *k, struct pool *pool, struct err *e)
{
    struct model_config c = s->model;
    enum status st;
    memset(t, 0, sizeof *t);
    t->set = *s;
    t->stage = stage;
    t->seed = seed;
    t->pool = pool;
    for (int i = 0; i < METRIC_N; i++)
        t->metric[i] = NAN;
    st = open_task(t, e);
    if (!st) {
        c.vocab_n = t->vocab.n;
        c.positions_n = PROMPT_MAX + s->rl.max_tokens;
        if (config_moe_layers(&c) > SNAP_LAYERS)
            st = err_set(e, ST_USAGE, "model", "%d MoE layers are more than %d", config_moe_layers(&c),
                         SNAP_LAYERS);
    }
    if (!st)
        st = model_init(&t->model, &c, k, e);
    if (!st)
        st = arena_init(&t->arena, "run", (size_t)ARENA_MB << 20, e);
    if (!st)
        st = lay_out(t, e);
    if (st)
        trainer_release(t);
    return st;
}

void trainer_release(struct trainer *t)
{
    if (t->sft.sequence)
        sft_release(&t->sft);
    corpus_release(&t->corpus);
    if (t->teacher.params.row)
        model_release(&t->teacher);
    arena_release(&t->arena);
    if (t->model.params.row)
        model_release(&t->model);
    vocab_release(&t->vocab);
    if (t->task_self)
        t->set.scenario->close(t->task_self);
    memset(t, 0, sizeof *t);
}

void trainer_reward(struct trainer *t, const struct trainer *reward)
{
    memcpy(t->reward_w, reward->learner.w, t->model.params.total * sizeof(real));
    memcpy(t->reward_bias, reward->learner.bias, (size_t)t->learner.bias_n * sizeof(real));
    t->has_reward = 1;
}

/* A distribution over other words, or over the same in another order, says nothing to the student. */
static enum status same_words(const struct vocab *own, const struct vocab *teacher, struct err *e)
{
    int n = own->n < teacher->n ? own->n : teacher->n, i = 0;
    while (i < n && strcmp(own->token[i], teacher->token[i]) == 0)
        i++;
    if (i == own->n && i == teacher->n)
        return ST_OK;
    return err_set(e, ST_USAGE, "teacher",
                   "its vocabulary is another: %d tokens, the student's has %d; token %d is %s there and %s "
                   "here",
                   teacher->n, own->n, i, i < teacher->n ? teacher->token[i] : "(none)",
                   i < own->n ? own->token[i] : "(none)");
}

enum status trainer_teacher(struct trainer *t, const struct trainer *from, struct err *e)
{
    const struct sft_stage *s = &t->set.cold;
    const struct learner *l = &from->learner;
    size_t block = from->model.params.total * sizeof(real), bias = (size_t)l->bias_n * sizeof(real);
    enum status st = same_words(&t->vocab, &from->vocab, e);
    if (!st && from->model.config.positions_n < t->model.config.positions_n)
        st = err_set(e, ST_USAGE, "teacher",
                     "it reads %d tokens, the student's texts have up to %d (rl.max_tokens)",
                     from->model.config.positions_n, t->model.config.positions_n);
    if (!st)
        st = model_init(&t->teacher, &from->model.config, from->model.k, e);
    if (st)
        return st;
    t->teacher_w = arena_alloc(&t->arena, block);
    t->teacher_bias = arena_alloc(&t->arena, bias + sizeof(real));
    if (!t->teacher_w || !t->teacher_bias)
        return err_set(e, ST_NOMEM, t->arena.name, "no room for a teacher");
    memcpy(t->teacher_w, l->w, block);
    memcpy(t->teacher_bias, l->bias, bias);
    st = distill_init(&t->distill, &t->learner, &t->teacher, t->teacher_w, t->teacher_bias, &t->arena, e);
    t->distill.weight = s->distill;
    t->distill.temperature = s->distill_temperature;
    t->has_teacher = st == ST_OK;
    return st;
}

enum status trainer_corpus(struct trainer *t, struct corpus *c, struct err *e)
{
    corpus_release(&t->corpus);
    t->corpus = *c;
    memset(c, 0, sizeof *c);
    return corpus_ready(&t->corpus, e);
}

void trainer_start(struct trainer *t)
{
    learner_start(&t->learner, t->seed);
    if (t->set.number_init)
        numbers_fourier(&t->model, &t->vocab, t->seed, t->learner.w);
    if (t->learner.ref_w)
        learner_reference(&t->learner);
    t->step = t->head = t->reference_step = 0;
    t->seconds = t->rl_seconds = 0;
}

void trainer_follow(struct trainer *t, const struct trainer *before)
{
    size_t block = t->model.params.total * sizeof(real), n = (size_t)t->learner.bias_n;
    trainer_start(t);
    memcpy(t->learner.w, before->learner.w, block);
    memcpy(t->learner.bias, before->learner.bias, n * sizeof(real));
    memcpy(t->learner.load_average, before->learner.load_average, n * sizeof(double));
    if (t->learner.ref_w)
        learner_reference(&t->learner);
}

void trainer_take(struct trainer *t, const struct trainer *from)
{
    struct learner *to = &t->learner;
    const struct learner *l = &from->learner;
    size_t block = t->model.params.total * sizeof(real), n = (size_t)l->bias_n;
    memcpy(to->w, l->w, block);
    memcpy(to->adam_m, l->adam_m, block);
    memcpy(to->adam_v, l->adam_v, block);
    memcpy(to->bias, l->bias, n * sizeof(real));
    memcpy(to->load_average, l->load_average, n * sizeof(double));
    if (t->reward_w && from->has_reward) {
        memcpy(t->reward_w, from->reward_w, block);
        memcpy(t->reward_bias, from->reward_bias, n * sizeof(real));
        t->has_reward = 1;
    }
    if (to->ref_w) {
        memcpy(to->ref_w, l->ref_w, block);
        memcpy(to->ref_bias, l->ref_bias, n * sizeof(real));
    }
    to->updates = l->updates;
    if (trainer_keeps_baseline(t))
        memcpy(to->running_mean, l->running_mean, sizeof to->running_mean);
    t->step = t->head = t->reference_step = from->step;
    t->seconds = t->rl_seconds = 0;
}

struct digest trainer_digest(const struct trainer *t)
{
    return learner_digest(&t->learner, t->step);
}

/* The blocks that come row by row of the parameter table; those that never move between two replacements of
 * the reference are the last. */
static int block_kinds(const struct trainer *t, const char *kind[5], real *block[5])
{
    const struct learner *l = &t->learner;
    int n = 0;
    kind[n] = "weight", block[n++] = l->w;
    kind[n] = "adam_m", block[n++] = l->adam_m;
    kind[n] = "adam_v", block[n++] = l->adam_v;
    if (l->ref_w)
        kind[n] = "reference", block[n++] = l->ref_w;
    if (t->reward_w)
        kind[n] = "reward_model", block[n++] = t->reward_w;
    return n;
}

int trainer_keeps_baseline(const struct trainer *t)
{
    return t->stage == STAGE_GRPO && t->set.rl.loss == LOSS_REINFORCE &&
           t->set.rl.baseline == BASELINE_RUNNING;
}

int trainer_tensors(const struct trainer *t, int64_t step, struct record_tensor *out, int cap)
{
    const struct learner *l = &t->learner;
    const struct params *p = &t->model.params;
    const char *kind[5];
    real *block[5];
    int n = 0, has_reference = l->ref_w && t->reference_step == step;
    int kinds = 3 + has_reference * (1 + t->has_reward);
    size_t bias = (size_t)l->bias_n * sizeof(real);
    struct record_tensor extra[] = {
        {"bias", "policy", l->bias, bias},
        {"state", "load_average", l->load_average, (size_t)l->bias_n * sizeof(double)},
        {"state", "updates", &l->updates, sizeof l->updates},
        {"state", "reference_step", &t->reference_step, sizeof t->reference_step},
        {"bias", "reference", l->ref_bias, bias},
        {"bias", "reward_model", t->reward_bias, bias},
    };
    block_kinds(t, kind, block);
    for (int b = 0; b < kinds; b++)
        for (int i = 0; i < p->n && n < cap; i++) {
            size_t stop = i + 1 < p->n ? p->row[i + 1].offset : p->total;
            out[n++] = (struct record_tensor){kind[b], p->row[i].name, block[b] + p->row[i].offset,
                                              (stop - p->row[i].offset) * sizeof(real)};
        }
    for (int i = 0; i < 4 + has_reference * (1 + t->has_reward) && n < cap; i++)
        out[n++] = extra[i];
    if (trainer_keeps_baseline(t) && n < cap)
        out[n++] = (struct record_tensor){"state", "running_mean", l->running_mean, sizeof l->running_mean};
    return n;
}

static enum status copy_exact(void *to, size_t want, const void *data, size_t bytes, const char *name,
                              struct err *e)
{
    if (want != bytes)
        return err_set(e, ST_CORRUPT, "keyframe", "%s has %zu bytes, not %zu", name, bytes, want);
    memcpy(to, data, bytes);
    return ST_OK;
}

enum status trainer_restore_tensor(struct trainer *t, const char *kind, const char *name, const void *data,
                                   size_t bytes, struct err *e)
{
    struct learner *l = &t->learner;
    const struct params *p = &t->model.params;
    const char *known[5];
    real *block[5];
    int kinds = block_kinds(t, known, block);
    if (strcmp(name, "reward_model") == 0 || strcmp(kind, "reward_model") == 0) {
        /* A fork may have left the preference out. */
        if (!t->reward_w)
            return ST_OK;
        t->has_reward = 1;
    }
    if (strcmp(kind, "bias") == 0 && strcmp(name, "reward_model") == 0)
        return copy_exact(t->reward_bias, (size_t)l->bias_n * sizeof(real), data, bytes, name, e);
    for (int b = 0; b < kinds; b++)
        for (int i = 0; strcmp(kind, known[b]) == 0 && i < p->n; i++) {
            size_t stop = i + 1 < p->n ? p->row[i + 1].offset : p->total;
            if (strcmp(name, p->row[i].name) == 0)
                return copy_exact(block[b] + p->row[i].offset, (stop - p->row[i].offset) * sizeof(real), data,
                                  bytes, name, e);
        }
    if (strcmp(kind, "bias") == 0)
        return copy_exact(name[0] == 'p' ? l->bias : l->ref_bias, (size_t)l->bias_n * sizeof(real), data,
                          bytes, name, e);
    if (strcmp(kind, "state") == 0 && strcmp(name, "updates") == 0)
        return copy_exact(&l->updates, sizeof l->updates, data, bytes, name, e);
    if (strcmp(kind, "state") == 0 && strcmp(name, "reference_step") == 0)
        return copy_exact(&t->reference_step, sizeof t->reference_step, data, bytes, name, e);
    if (strcmp(kind, "state") == 0 && strcmp(name, "running_mean") == 0) {
        /* A fork may leave its parent's baseline behind. */
        double mean[2] = {0};
        enum status st = copy_exact(mean, sizeof mean, data, bytes, name, e);
        if (!st && trainer_keeps_baseline(t))
            memcpy(l->running_mean, mean, sizeof mean);
        return st;
    }
    if (strcmp(kind, "state") == 0 && strcmp(name, "load_average") == 0)
        return copy_exact(l->load_average, (size_t)l->bias_n * sizeof(double), data, bytes, name, e);
    return err_set(e, ST_CORRUPT, "keyframe", "unknown tensor %s %s", kind, name);
}

void trainer_restored(struct trainer *t, int64_t step)
{
    t->step = step;
    t->phase = step > 0 ? PHASE_COMMIT : PHASE_DRAW;
    t->torn = 0;
    t->batch.stage = BATCH_EMPTY;
}

size_t trainer_peak_bytes(const struct trainer *t)
{
    return t->arena.peak;
}
