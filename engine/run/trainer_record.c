/* Metrics of a step, and the step as the sink takes it. */
#include "engine/run/trainer_record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_TRACES = 1024 };

/* Why a trace was not right, in the order of what is looked at first. */
static enum metric failure(const struct batch *b, int i)
{
    const struct score *s = &b->score[i];
    if (b->cut_off[i])
        return M_FAIL_CUT;
    if (s->format < 1)
        return M_FAIL_FORMAT;
    if (!s->answer[0])
        return M_FAIL_NUMBERS;
    if (b->counts[i].false_yes)
        return M_FAIL_FALSE_YES;
    if (b->counts[i].verifications && b->counts[i].verifications_right == b->counts[i].verifications)
        return M_FAIL_GAVE_UP;
    return M_FAIL_OTHER;
}

void record_traces(struct trainer *t)
{
    const struct batch *b = &t->batch;
    double *m = t->metric, N = b->N, ratio = 0;
    static const enum metric mean[] = {M_REWARD,
                                       M_ACCURACY,
                                       M_FORMAT,
                                       M_LANGUAGE,
                                       M_READABLE,
                                       M_LENGTH,
                                       M_CUT_OFF,
                                       M_WAITS,
                                       M_ATTEMPTS,
                                       M_ATTEMPTS_DISTINCT,
                                       M_EQUATIONS,
                                       M_EQUATIONS_RIGHT,
                                       M_REFLECTIONS,
                                       M_VERIFICATIONS,
                                       M_VERIFICATIONS_RIGHT,
                                       M_BACKTRACKS,
                                       M_FALSE_YES,
                                       M_AHA,
                                       M_FAIL_CUT,
                                       M_FAIL_FORMAT,
                                       M_FAIL_NUMBERS,
                                       M_FAIL_FALSE_YES,
                                       M_FAIL_GAVE_UP,
                                       M_FAIL_OTHER};
    double equations = 0, verifications = 0, std = 0, flat = 0, preference = 0, process = 0;
    int open_n = 0;
    for (size_t i = 0; i < sizeof mean / sizeof *mean; i++)
        m[mean[i]] = 0;
    m[M_LENGTH_MIN] = INFINITY;
    m[M_LENGTH_MAX] = 0;
    for (int i = 0; i < b->N; i++) {
        const struct trace_counts *c = &b->counts[i];
        double n = b->n[i];
        m[M_REWARD] += b->reward[i] / N;
        m[M_ACCURACY] += b->score[i].accuracy / N;
        m[M_FORMAT] += b->score[i].format / N;
        m[M_LANGUAGE] += b->score[i].language / N;
        if (t->set.rl.process != 0)
            process += process_reward(c, (enum process_rule)t->set.rl.process_rule) / N;
        if (!isnan(b->preference[i])) {
            preference += b->preference[i];
            open_n++;
        }
        m[M_READABLE] += readability(&b->score[i], &b->counts[i], b->cut_off[i]) / N;
        m[M_LENGTH] += n / N;
        m[M_LENGTH_MIN] = fmin(m[M_LENGTH_MIN], n);
        m[M_LENGTH_MAX] = fmax(m[M_LENGTH_MAX], n);
        m[M_CUT_OFF] += b->cut_off[i] / N;
        m[M_WAITS] += c->waits / N;
        m[M_ATTEMPTS] += c->attempts / N;
        ratio += c->attempts_distinct;
        equations += c->equations;
        m[M_EQUATIONS_RIGHT] += c->equations_right;
        m[M_REFLECTIONS] += c->reflections / N;
        verifications += c->verifications;
        m[M_VERIFICATIONS_RIGHT] += c->verifications_right;
        m[M_BACKTRACKS] += c->backtracks / N;
        m[M_FALSE_YES] += (c->false_yes > 0) / N;
        m[M_AHA] += (c->ahas > 0) / N;
        if (b->score[i].accuracy < 1)
            m[failure(b, i)] += 1 / N;
    }
    m[M_PREFERENCE] = open_n ? preference / open_n : NAN;
    m[M_EQUATIONS] = equations / N;
    m[M_EQUATIONS_RIGHT] = equations > 0 ? m[M_EQUATIONS_RIGHT] / equations : NAN;
    m[M_VERIFICATIONS] = verifications / N;
    m[M_VERIFICATIONS_RIGHT] = verifications > 0 ? m[M_VERIFICATIONS_RIGHT] / verifications : NAN;
    m[M_ATTEMPTS_DISTINCT] = m[M_ATTEMPTS] > 0 ? ratio / (m[M_ATTEMPTS] * N) : NAN;
    for (int p = 0; p < b->P; p++) {
        std += b->std[p] / b->P;
        flat += (double)b->flat[p] / b->P;
    }
    m[M_REWARD_STD] = std;
    if (t->set.rl.process != 0)
        m[M_PROCESS] = process;
    m[M_FLAT] = flat;
    m[M_TOKENS] = m[M_LENGTH] * N;
}

void record_grpo(struct trainer *t, const struct grpo_stats *s)
{
    double *m = t->metric;
    m[M_LOSS] = s->loss;
    m[M_POLICY_LOSS] = s->policy_loss;
    m[M_GRAD_NORM] = s->grad_norm;
    if (t->set.model.balance_alpha > 0)
        m[M_BALANCE_LOSS] = s->balance_loss;
    if (s->tokens > 0) {
        m[M_KL] = s->kl;
        m[M_ENTROPY] = s->entropy;
        m[M_LOGP_DIFFERENCE] = s->logp_difference;
        m[M_LOGP_DIFFERENCE_MAX] = s->logp_difference_max;
    }
    if (t->set.rl.loss != LOSS_DPO)
        m[M_ROUTE_DIFFERENCE] = s->route_difference;
    if (t->set.rl.loss == LOSS_PPO) {
        m[M_VALUE_LOSS] = s->value_loss;
        m[M_VALUE] = s->ppo.value_mean;
        m[M_EXPLAINED_VARIANCE] = s->ppo.explained_variance;
    }
    if (t->set.rl.loss == LOSS_DPO) {
        m[M_DPO_MARGIN] = s->pairs > 0 ? s->margin : NAN;
        m[M_DPO_ACCURACY] = s->pairs > 0 ? s->pair_accuracy : NAN;
        m[M_DPO_CHOSEN] = s->pairs > 0 ? s->chosen : NAN;
        m[M_DPO_REJECTED] = s->pairs > 0 ? s->rejected : NAN;
        return;
    }
    if (t->set.rl.ratio_cap > 0)
        m[M_CAPPED] = s->capped;
    if (t->set.rl.off_policy_delta > 0)
        m[M_OFF_POLICY] = s->off_policy;
    m[M_CLIP_LOW] = s->clip_low;
    m[M_CLIP_HIGH] = s->clip_high;
    m[M_CLIP_REGION] = s->clip_low + s->clip_high;
}

void record_sft(struct trainer *t, const struct sft_stats *s)
{
    double *m = t->metric;
    m[M_LOSS] = s->loss;
    m[M_ENTROPY] = s->entropy;
    m[M_GRAD_NORM] = s->grad_norm;
    m[M_TOKENS] = s->tokens;
    if (t->set.model.mtp_depth > 0)
        m[M_MTP_LOSS] = s->mtp_loss;
    if (t->set.model.balance_alpha > 0)
        m[M_BALANCE_LOSS] = s->balance_loss;
    if (t->stage == STAGE_COLD && t->set.cold.distill > 0)
        m[M_DIVERGENCE] = s->divergence;
}

void record_balance(struct trainer *t, const double *average)
{
    int layers = t->model.params.moe_layers;
    t->metric[M_MAX_VIO] = t->metric[M_MAX_VIO_AVERAGE] = 0;
    for (int i = 0; i < layers; i++) {
        t->metric[M_MAX_VIO] += t->max_vio[i] / layers;
        t->metric[M_MAX_VIO_AVERAGE] += average[i] / layers;
        t->metric[M_MAX_VIO_LAYER_0 + i] = t->max_vio[i];
    }
}

void record_reward(struct trainer *t, const struct reward_stats *stats)
{
    double *m = t->metric;
    m[M_LOSS] = stats->loss;
    m[M_REWARD_ACCURACY] = stats->accuracy;
    m[M_REWARD_MARGIN] = stats->margin;
    m[M_GRAD_NORM] = stats->grad_norm;
    m[M_TOKENS] = stats->tokens;
}

void record_dpo(struct trainer *t, const struct dpo_corpus_stats *stats)
{
    double *m = t->metric;
    m[M_LOSS] = stats->loss;
    m[M_DPO_MARGIN] = stats->margin;
    m[M_DPO_ACCURACY] = stats->accuracy;
    m[M_DPO_CHOSEN] = stats->chosen;
    m[M_DPO_REJECTED] = stats->rejected;
    m[M_GRAD_NORM] = stats->grad_norm;
    m[M_TOKENS] = stats->tokens;
}

void record_evaluation(struct trainer *t)
{
    const struct evaluation *o = t->evaluation;
    double *m = t->metric;
    m[M_PASS_1] = o[0].pass_1;
    m[M_PASS_K] = o[0].pass_k;
    m[M_MAJ_K] = o[0].maj_k;
    m[M_EVAL_LENGTH] = o[0].mean_length;
    m[M_EVAL_WAITS] = o[0].waits;
    m[M_EVAL_FORMAT] = o[0].format;
    m[M_EVAL_LANGUAGE] = o[0].language;
    m[M_EVAL_READABLE] = o[0].readable;
    if (t->evaluations_n > 1) {
        m[M_R1_PASS_1] = o[1].pass_1;
        m[M_R1_MAJ_K] = o[1].maj_k;
    }
}

void record_times(struct trainer *t, double seconds)
{
    double *m = t->metric;
    m[M_STEP_TIME] = seconds;
    m[M_TOKENS_PER_SECOND] = seconds > 0 ? m[M_TOKENS] / seconds : NAN;
    m[M_SECONDS] = t->seconds + seconds;
    m[M_RL_SECONDS] = t->stage == STAGE_GRPO ? t->rl_seconds + seconds : 0;
}

/* Texts of the groups, kept for the length of a commit. */
struct texts {
    struct str problem[RECORD_TRACES], prompt[RECORD_TRACES];
};

static void fill_groups(const struct trainer *t, struct texts *x, struct record_group *group)
{
    const struct batch *b = &t->batch;
    for (int p = 0; p < b->P; p++) {
        t->task.scenario->print(t->task_self, &b->problem[p], &x->problem[p]);
        t->task.scenario->prompt(t->task_self, &b->problem[p], &x->prompt[p]);
        group[p] = (struct record_group){str_c(&x->problem[p]), str_c(&x->prompt[p]), b->mean[p], b->std[p],
                                         b->flat[p]};
    }
}

static void fill_traces(const struct batch *b, struct record_trace *trace)
{
    for (int i = 0; i < b->N; i++) {
        size_t at = (size_t)i * (size_t)b->cap;
        trace[i] = (struct record_trace){
            .group = i / b->G, .index = i % b->G, .n = b->n[i], .token = b->token + at, .logp = b->logp + at,
            .entropy = b->entropy + at, .reward = b->reward[i], .advantage = b->advantage[i],
            .accuracy = b->score[i].accuracy, .format = b->score[i].format, .at = b->score[i].at,
            .why = b->score[i].why, .cut_off = b->cut_off[i], .aha = b->counts[i].ahas,
        };
    }
}

static void fill_evaluations(const struct trainer *t, struct record_evaluation *out)
{
    for (int i = 0; i < t->evaluations_n; i++) {
        const struct evaluation *o = &t->evaluation[i];
        out[i] = (struct record_evaluation){o->k,      o->problems, o->temperature, o->top_p, o->pass_1,
                                            o->pass_k, o->maj_k,    o->mean_length, o->waits, o->right};
    }
}

enum status record_commit(struct trainer *t, const struct sink *sink, const struct digest *d, double seconds,
                          struct err *e)
{
    struct record_evaluation evaluation[EVALUATIONS_MAX];
    struct record_keyframe keyframe = {0};
    int grpo = t->stage == STAGE_GRPO;
    /* A stage's end is what the next one starts from, a replaced reference is kept nowhere else. */
    int is_kept = t->step + 1 == settings_steps(&t->set, t->stage) ||
                  (grpo && t->reference_step == t->step + 1);
    int due = is_kept || (sink->due && sink->due(sink->self, t->step + 1));
    struct texts *x = calloc(1, sizeof *x);
    struct record_group *group = calloc((size_t)t->batch.P + 1, sizeof *group);
    struct record_trace *trace = calloc((size_t)t->batch.N + 1, sizeof *trace);
    struct record_tensor *tensor = calloc(TENSORS_MAX + 4, sizeof *tensor);
    struct record_step r = {.step = t->step + 1, .digest = *d, .seconds = seconds, .metric = t->metric,
                            .group = group, .trace = trace, .evaluation = evaluation,
                            .evaluations_n = t->evaluations_n};
    float bias[SNAP_LAYERS * SNAP_EXPERTS];
    enum status st;
    if (!x || !group || !trace || !tensor) {
        st = err_set(e, ST_NOMEM, "commit", "no memory to record step %lld", (long long)t->step + 1);
        goto out;
    }
    if (grpo) {
        fill_groups(t, x, group);
        fill_traces(&t->batch, trace);
        r.groups_n = t->batch.P;
        r.traces_n = t->batch.N;
    }
    fill_evaluations(t, evaluation);
    if (t->learner.bias_n) {
        r.layers_n = t->model.params.moe_layers;
        r.experts_n = t->model.config.experts_n;
        r.load = t->share;
        for (int i = 0; i < t->learner.bias_n; i++)
            bias[i] = (float)t->learner.bias[i];
        r.bias = bias;
    }
    keyframe.tensor = tensor;
    keyframe.pinned = is_kept;
    if (due)
        keyframe.tensors_n = trainer_tensors(t, t->step + 1, tensor, TENSORS_MAX + 4);
    st = sink->commit(sink->self, &r, due ? &keyframe : NULL, e);
out:
    for (int p = 0; x && p < t->batch.P; p++) {
        str_free(&x->problem[p]);
        str_free(&x->prompt[p]);
    }
    free(x);
    free(group);
    free(trace);
    free(tensor);
    return st;
}
