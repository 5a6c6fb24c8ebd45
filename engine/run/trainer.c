/* A step: draw, rollout, score, advantage, update, balance, (evaluate,) commit, in this order and each a
 * function that can be called alone. Between them, and inside the long ones, the gate may hold or cancel;
 * nothing that counts has changed before the update applies its gradient, and what an update of several
 * parts changed is put back. */
#include "engine/run/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "engine/run/trainer_record.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The run's own clock: what it is held at its gates does not count. */
static double working(const struct trainer_hooks *h)
{
    return now() - gate_held(h->gate);
}

static enum status enter(struct trainer *t, const struct trainer_hooks *h, enum phase phase, struct err *e)
{
    enum status st;
    t->phase = phase;
    t->progress = 0;
    st = gate_point(h->gate, GATE_PHASE, (int)phase, 0);
    return st ? err_set(e, st, phase_name(phase), "cancelled") : ST_OK;
}

/* Learning rate: linear warm-up, then a fall to lr * last at the horizon, constant after it. step counts
 * from 1. */
static double schedule(double lr, double last, int warmup, int64_t horizon, enum decay_kind kind,
                       int64_t step)
{
    double x;
    if (step <= warmup)
        return lr * (double)step / warmup;
    if (step >= horizon)
        return lr * last;
    x = (double)(step - warmup) / (double)(horizon - warmup);
    return lr * (last + (1 - last) * (kind == DECAY_COSINE ? 0.5 * (1 + cos(M_PI * x)) : 1 - x));
}

double trainer_rate(const struct trainer *t, int64_t step)
{
    const struct rl_stage *rl = &t->set.rl;
    const struct sft_stage *sft = settings_sft(&t->set, t->stage);
    return t->stage == STAGE_GRPO
               ? schedule(rl->lr, rl->lr_final, rl->warmup, rl->horizon, (enum decay_kind)rl->decay, step)
               : schedule(sft->lr, sft->lr_final, sft->warmup, sft->steps, (enum decay_kind)sft->decay, step);
}

static enum status draw(struct trainer *t, struct err *e)
{
    struct batch *b = &t->batch;
    enum status st = ST_OK;
    b->stage = BATCH_EMPTY;
    for (int p = 0; p < b->P && !st; p++)
        st = batch_draw(b, &t->task, t->seed, (uint32_t)(t->step + 1), p, (uint32_t)p, e);
    b->stage = BATCH_DRAWN;
    return st;
}

static enum status rollout(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    const struct rl_stage *s = &t->set.rl;
    struct sampling how = {.temperature = s->temperature, .top_p = 1, .max_tokens = s->max_tokens,
                           .end_token = t->task.end_token, .seed = t->seed, .stream = RNG_SAMPLE,
                           .step = (uint32_t)(t->step + 1)};
    enum status st =
        rollout_run(&t->rollout, t->learner.w, t->learner.bias, &how, &t->batch, 0, t->batch.P, h->gate, e);
    t->batch.stage = BATCH_SAMPLED;
    return st;
}

static enum status score(struct trainer *t, const struct gate *gate, struct err *e)
{
    const struct rl_stage *s = &t->set.rl;
    struct reward_weights w = {s->accuracy, s->format, s->language, s->preference, s->process,
                               (enum process_rule)s->process_rule};
    struct batch *b = &t->batch;
    enum status st = ST_OK;
    if (s->preference > 0 && !t->has_reward)
        return err_set(e, ST_USAGE, "score",
                       "rl.preference needs a preference model: a recipe's reward stage makes one");
    for (int p = 0; p < b->P; p++)
        score_group(b, &t->task, &w, s->cut_off == CUT_OFF_OVERLONG ? s->overlong_cache : 0, p);
    for (int i = 0; i < b->N; i++)
        b->preference[i] = NAN;
    if (s->preference > 0 && t->step >= s->preference_from)
        st = reward_batch(&t->reward, &t->learner, t->reward_w, t->reward_bias, &t->task, b, b->preference,
                          gate, e);
    for (int p = 0; p < b->P; p++)
        score_preference(b, &t->task, &w, p);
    b->stage = BATCH_SCORED;
    return st;
}

static struct objective objective_of(const struct trainer *t)
{
    const struct rl_stage *s = &t->set.rl;
    const struct learner *l = &t->learner;
    return (struct objective){.loss = (enum loss_kind)s->loss,
                              .std = (enum std_kind)s->std,
                              .eps_low = s->eps_low,
                              .eps_high = s->eps_high,
                              .beta = s->beta,
                              .max_length = s->max_tokens,
                              .baseline = (enum baseline_kind)s->baseline,
                              .running_mean = l->running_mean[1] > 0 ? l->running_mean[0] / l->running_mean[1]
                                                                     : 0,
                              .kl = (enum kl_kind)s->kl,
                              .kl_clamp = s->kl_clamp,
                              .ratio_cap = s->ratio_cap,
                              .off_policy_delta = s->off_policy_delta,
                              .entropy = s->entropy};
}

/* A batch's mean reward joins the running mean, after the update that compared with the earlier ones. */
static void keep_baseline(struct trainer *t)
{
    double mean = 0, decay = t->set.rl.baseline_decay, *running = t->learner.running_mean;
    if (!trainer_keeps_baseline(t))
        return;
    for (int i = 0; i < t->batch.N; i++)
        mean += t->batch.reward[i] / t->batch.N;
    running[0] = decay * running[0] + mean;
    running[1] = decay * running[1] + 1;
}

static void weigh(struct trainer *t)
{
    const struct rl_stage *s = &t->set.rl;
    struct objective o = objective_of(t);
    advantage_batch(&t->batch, &o, s->drop_flat, (enum cut_off_rule)s->cut_off);
    /* A critic's are known when the update has asked it. */
    for (int i = 0; s->loss == LOSS_PPO && i < t->batch.N; i++)
        t->batch.advantage[i] = 0;
    t->batch.stage = BATCH_WEIGHED;
}

/* Dynamic sampling (DAPO section 3.2): flat groups give way to new prompts, for at most `refill` rounds. */
static enum status refill(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    struct batch *b = &t->batch;
    uint32_t drawn = (uint32_t)b->P;
    enum status st = ST_OK;
    for (int round = 0; round < t->set.rl.refill && !st; round++) {
        int flat = 0;
        for (int p = 0; p < b->P && !st; p++)
            if (b->flat[p]) {
                st = batch_draw(b, &t->task, t->seed, (uint32_t)(t->step + 1), p, drawn++, e);
                flat++;
            }
        if (flat == 0)
            break;
        if (!st)
            st = rollout(t, h, e);
        if (!st)
            st = score(t, h->gate, e);
        if (!st)
            weigh(t);
    }
    return st;
}

static struct ppo_settings ppo_of(const struct trainer *t)
{
    const struct rl_stage *s = &t->set.rl;
    if (s->loss != LOSS_PPO)
        return (struct ppo_settings){0};
    return (struct ppo_settings){.is_on = 1,
                                 .lambda = s->gae_lambda,
                                 .gamma = s->gae_gamma,
                                 .value_clip = s->value_clip,
                                 .value_weight = s->value_weight,
                                 .kl_reward = s->kl_reward,
                                 .normalise = s->advantage_norm,
                                 .is_warming = t->step < s->critic_warmup};
}

static void backup(struct trainer *t, int restore)
{
    real *live[3] = {t->learner.w, t->learner.adam_m, t->learner.adam_v};
    size_t bytes = t->model.params.total * sizeof(real);
    for (int i = 0; i < 3 && t->backup[i]; i++)
        memcpy(restore ? live[i] : t->backup[i], restore ? t->backup[i] : live[i], bytes);
}

static enum status update(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    const struct rl_stage *s = &t->set.rl;
    int64_t step = t->step + 1, updates = t->learner.updates;
    struct grpo_settings g = {
        .objective = objective_of(t),
        .adamw = {trainer_rate(t, step), s->beta1, s->beta2, 1e-8, s->weight_decay, s->clip,
                  trainer_rate(t, step) * s->value_rate},
        .inner_epochs = s->inner_epochs,
        .mini_batches = s->mini_batches,
        .micro_prompts = s->micro_prompts,
        .ppo = ppo_of(t),
        .routes = !t->batch.route ? ROUTES_OFF : s->router_replay ? ROUTES_REPLAY : ROUTES_MEASURE,
        .temperature = s->temperature,
        .seed = t->seed,
        .step = (uint32_t)step,
    };
    struct dpo_settings pairs = {s->dpo_beta, (enum pair_rule)s->pairs};
    struct grpo_stats stats;
    enum status st;
    /* What an update of several parts has changed when it fails is put back. */
    backup(t, 0);
    if (s->loss == LOSS_DPO)
        st = dpo_update(&t->dpo, &t->grpo, &t->learner, &t->batch, &g, &pairs, h->gate, &stats, e);
    else
        st = grpo_update(&t->grpo, &t->learner, &t->batch, &g, h->gate, &stats, e);
    if (st) {
        backup(t, 1);
        t->learner.updates = updates;
        return st;
    }
    t->metric[M_LR] = g.adamw.lr;
    record_grpo(t, &stats);
    t->batch.stage = BATCH_UPDATED;
    return ST_OK;
}

/* The phase after the update; the weights are no longer those of the last step from here on. */
static enum status balance(struct trainer *t, const struct trainer_hooks *h, double gamma, struct err *e)
{
    double average[LAYERS_MAX];
    enum status st;
    t->torn = 1;
    st = enter(t, h, PHASE_BALANCE, e);
    if (st || t->learner.bias_n == 0)
        return st;
    learner_balance(&t->learner, gamma, t->set.load_decay, t->max_vio, average, t->share);
    record_balance(t, average);
    return ST_OK;
}

static enum status take_grpo_step(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    double start = working(h), sampled;
    int64_t every = t->set.rl.reference_every;
    enum status st = enter(t, h, PHASE_DRAW, e);
    if (!st)
        st = draw(t, e);
    if (!st)
        st = enter(t, h, PHASE_ROLLOUT, e);
    if (!st)
        st = rollout(t, h, e);
    sampled = working(h);
    if (!st)
        st = enter(t, h, PHASE_SCORE, e);
    if (st)
        return st;
    st = score(t, h->gate, e);
    if (!st)
        st = enter(t, h, PHASE_ADVANTAGE, e);
    if (st)
        return st;
    weigh(t);
    record_traces(t);
    st = refill(t, h, e);
    if (!st)
        st = enter(t, h, PHASE_UPDATE, e);
    t->metric[M_TIME_ROLLOUT] = sampled - start;
    start = working(h);
    if (!st)
        st = update(t, h, e);
    if (st)
        return st;
    t->metric[M_TIME_UPDATE] = working(h) - start;
    keep_baseline(t);
    st = balance(t, h, t->set.rl.gamma, e);
    if (!st && every > 0 && (t->step + 1) % every == 0) {
        learner_reference(&t->learner);
        t->reference_step = t->step + 1;
    }
    return st;
}

static enum status take_sft_step(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    const struct sft_stage *s = settings_sft(&t->set, t->stage);
    int64_t step = t->step + 1;
    struct sft_settings set = {
        .adamw = {trainer_rate(t, step), s->beta1, s->beta2, 1e-8, s->weight_decay, s->clip},
        .documents = s->documents,
        .context_weight = s->context_weight,
        .mtp_lambda = step * 3 > (int64_t)s->steps * 2 ? t->set.mtp_final : t->set.model.mtp_lambda,
        .seed = t->seed,
        .step = (uint32_t)step,
        .stream = t->stage == STAGE_BASE ? RNG_BASE : RNG_COLD,
        .corpus = t->stage == STAGE_COLD && t->corpus.n ? &t->corpus : NULL,
        .teacher = t->has_teacher ? &t->distill : NULL,
    };
    struct sft_stats stats = {0};
    struct reward_stats scores = {0};
    struct dpo_corpus_stats pairs = {0};
    int64_t first = (step - 1) * s->documents;
    double start = working(h);
    enum status st;
    if (t->stage == STAGE_COLD && t->set.cold.distill > 0 && !t->has_teacher)
        return err_set(e, ST_USAGE, "teacher",
                       "cold.distill needs a teacher, and run %d (cold.teacher) is not there: a recipe's "
                       "`teacher = STAGE` names one",
                       t->set.cold.teacher);
    st = enter(t, h, PHASE_UPDATE, e);
    if (!st && t->stage == STAGE_REWARD)
        st = reward_step(&t->reward, &t->learner, &t->task, &t->corpus, &set.adamw, t->seed, first,
                         s->documents, h->gate, &scores, e);
    else if (!st && t->stage == STAGE_DPO)
        st = dpo_corpus_step(&t->pairs, &t->learner, &t->task, &t->corpus, &set.adamw, t->set.rl.dpo_beta,
                             t->seed, first, s->documents, h->gate, &pairs, e);
    else if (!st)
        st = sft_step(&t->sft, &t->learner, &t->task, &set, h->gate, &stats, e);
    if (st)
        return st;
    t->metric[M_LR] = set.adamw.lr;
    t->metric[M_TIME_UPDATE] = working(h) - start;
    if (t->stage == STAGE_REWARD)
        record_reward(t, &scores);
    else if (t->stage == STAGE_DPO)
        record_dpo(t, &pairs);
    else
        record_sft(t, &stats);
    return balance(t, h, s->gamma, e);
}

enum status trainer_evaluate(struct trainer *t, struct evaluation *o, const struct gate *gate, struct err *e)
{
    return evaluate_run(&t->evaluator, o, &t->task, &t->rollout, t->learner.w, t->learner.bias, gate,
                        &t->progress, e);
}

/* Evaluation belongs to the step, but it is not part of its time. */
static enum status evaluate(struct trainer *t, const struct gate *gate, struct err *e)
{
    const struct eval_stage *s = &t->set.eval;
    int64_t step = t->step + 1, last = settings_steps(&t->set, t->stage);
    int is_last = step == last, on_way = t->stage == STAGE_GRPO && s->every > 0 && step % s->every == 0;
    double start = now();
    enum status st;
    t->evaluations_n = 0;
    /* A preference model writes no answers. */
    if ((!is_last && !on_way) || t->stage == STAGE_REWARD)
        return ST_OK;
    t->phase = PHASE_EVALUATE;
    for (int i = 0; i < (is_last && s->r1 ? 2 : 1); i++) {
        t->evaluation[i] = (struct evaluation){.k = s->k,
                                               .problems = is_last ? s->final_problems : s->problems,
                                               .temperature = i ? 0.6 : s->temperature,
                                               .top_p = i ? 0.95 : s->top_p,
                                               .seed = t->seed,
                                               .step = (uint32_t)step,
                                               .right = t->right[i]};
        st = trainer_evaluate(t, &t->evaluation[i], gate, e);
        if (st)
            return st;
        t->evaluations_n = i + 1;
    }
    record_evaluation(t);
    t->metric[M_TIME_EVALUATE] = now() - start;
    return ST_OK;
}

static enum status commit(struct trainer *t, const struct trainer_hooks *h, double seconds, struct err *e)
{
    struct digest d, known;
    char a[DIGEST_HEX], b[DIGEST_HEX];
    enum status st = enter(t, h, PHASE_COMMIT, e);
    if (st)
        return st;
    d = learner_digest(&t->learner, t->step + 1);
    if (t->step + 1 <= t->head && h->sink) {
        st = h->sink->digest(h->sink->self, t->step + 1, &known, e);
        if (!st && !digest_equal(&d, &known)) {
            digest_hex(&d, a);
            digest_hex(&known, b);
            st = err_set(e, ST_CORRUPT, "replay",
                         "step %lld: digest %.12s, on record %.12s: another machine or another "
                         "version; the record stands, go on as a fork",
                         (long long)t->step + 1, a, b);
        }
    } else {
        record_times(t, seconds);
        st = h->sink ? record_commit(t, h->sink, &d, seconds, e) : ST_OK;
        if (!st && t->step + 1 > t->head) {
            t->seconds = t->metric[M_SECONDS];
            t->rl_seconds = t->metric[M_RL_SECONDS];
        }
    }
    if (!st) {
        t->step++;
        t->torn = 0;
        t->head = t->step > t->head ? t->step : t->head;
    }
    return st;
}

enum status trainer_step(struct trainer *t, const struct trainer_hooks *h, struct err *e)
{
    double start = working(h), evaluating;
    enum status st;
    for (int i = 0; i < METRIC_N; i++)
        t->metric[i] = NAN;
    st = t->stage == STAGE_GRPO ? take_grpo_step(t, h, e) : take_sft_step(t, h, e);
    evaluating = working(h);
    if (!st)
        st = evaluate(t, h->gate, e);
    if (!st)
        st = commit(t, h, evaluating - start, e);
    return st;
}
