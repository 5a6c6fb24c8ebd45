/* From a trainer to a snapshot. */
#include "engine/run/publish.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void publish_answer(const struct vocab *v, const uint16_t *token, int n, char out[ANSWER_BYTES])
{
    int open = vocab_find(v, "<answer>", 8), close = vocab_find(v, "</answer>", 9), from = -1, to = n;
    struct str text = {0};
    out[0] = 0;
    for (int i = 0; i < n; i++) {
        if (token[i] == open)
            from = i + 1;
        if (token[i] == close && from >= 0) {
            to = i;
            break;
        }
    }
    if (from >= 0 && from < to) {
        vocab_decode(v, token + from, to - from, &text);
        snprintf(out, ANSWER_BYTES, "%s", str_c(&text));
    }
    str_free(&text);
}

void publish_follow(struct snap_follow *f, const struct task *task, const struct problem *p,
                    const uint16_t *token, const float *logp, const float *entropy, int n, double accuracy)
{
    struct str text = {0};
    struct marks marks;
    int at = 0;
    task->scenario->prompt(task->self, p, &text);
    str_add_n(&text, " ", 1);
    f->prompt_n = (int)text.n;
    n = n > SNAP_TOKENS ? SNAP_TOKENS : n;
    for (int i = 0; i < n; i++) {
        const char *word = token[i] < task->vocab->n ? task->vocab->token[token[i]] : "<?>";
        if (text.n + strlen(word) + 2 > SNAP_TEXT) {
            n = i;
            break;
        }
        if (i > 0)
            str_add_n(&text, " ", 1);
        at = (int)text.n - f->prompt_n;
        f->begin[i] = at;
        str_add(&text, word);
        f->logp[i] = logp ? logp[i] : NAN;
        f->entropy[i] = entropy ? entropy[i] : NAN;
    }
    f->begin[n] = (int)text.n - f->prompt_n;
    f->tokens_n = n;
    f->has_critic = 0;
    f->text_n = (int)text.n;
    memcpy(f->text, str_c(&text), text.n + 1);
    task->scenario->analyse(task->self, p, f->text + f->prompt_n, text.n - (size_t)f->prompt_n, accuracy,
                            &marks);
    f->marks_n = marks.n;
    memcpy(f->mark, marks.mark, (size_t)marks.n * sizeof *f->mark);
    f->target_ok = accuracy >= 1;
    str_free(&text);
}

/* Which trace the pane follows: pinned, or, once there are scores, the first with an aha or the best. */
static void choose(const struct batch *b, const struct control_view *c, int is_scored, int *group, int *index)
{
    int best = -1;
    *group = c->follow_group < b->P ? c->follow_group : 0;
    *index = c->follow_index < b->G ? c->follow_index : 0;
    if (!is_scored || c->follow == FOLLOW_PINNED)
        return;
    for (int i = 0; i < b->N && c->follow == FOLLOW_AHA; i++)
        if (b->counts[i].ahas) {
            *group = i / b->G;
            *index = i % b->G;
            return;
        }
    for (int i = 0; i < b->N; i++)
        if (best < 0 || b->advantage[i] > b->advantage[best])
            best = i;
    *group = best / b->G;
    *index = best % b->G;
}

static void fill_groups(struct snapshot *s, const struct trainer *t, int is_scored)
{
    const struct batch *b = &t->batch;
    s->groups_n = b->stage >= BATCH_DRAWN ? b->P : 0;
    s->group_size = b->G;
    for (int p = 0; p < s->groups_n; p++) {
        struct str text = {0};
        const char *body, *end;
        t->task.scenario->prompt(t->task_self, &b->problem[p], &text);
        /* What stands between the roles: "User : 11 8 7 -> 26 Assistant : <think>". */
        body = strstr(str_c(&text), ": ");
        body = body ? body + 2 : str_c(&text);
        end = strstr(body, " Assistant");
        snprintf(s->group[p].prompt, sizeof s->group[p].prompt, "%.*s",
                 end ? (int)(end - body) : (int)strlen(body), body);
        s->group[p].mean = is_scored ? (float)b->mean[p] : NAN;
        s->group[p].std = is_scored ? (float)b->std[p] : NAN;
        s->group[p].flat = is_scored && b->flat[p];
        str_free(&text);
    }
}

static void fill_traces(struct snapshot *s, const struct trainer *t, int is_scored)
{
    const struct batch *b = &t->batch;
    int waits = b->token_advantage && b->stage < BATCH_UPDATED;   /* for a critic, whom the update asks */
    for (int i = 0; i < s->groups_n * s->group_size; i++) {
        struct snap_trace *x = &s->trace[i];
        *x = (struct snap_trace){.n = atomic_load_explicit(&b->n[i], memory_order_acquire),
                                 .done = atomic_load_explicit(&b->done[i], memory_order_acquire), .at = -1,
                                 .scored = is_scored, .reward = NAN, .advantage = NAN};
        if (!is_scored)
            continue;
        x->cut_off = b->cut_off[i];
        x->reward = (float)b->reward[i];
        x->advantage = waits ? NAN : (float)b->advantage[i];
        x->accuracy = (float)b->score[i].accuracy;
        x->format = (float)b->score[i].format;
        x->at = b->score[i].at;
        x->aha = b->counts[i].ahas;
        x->waits = b->counts[i].waits;
        memcpy(x->why, b->score[i].why, sizeof x->why);
        publish_answer(t->task.vocab, b->token + (size_t)i * b->cap, x->n, x->answer);
    }
}

static double progress(const struct snapshot *s, const struct trainer *t)
{
    int done = 0, N = s->groups_n * s->group_size;
    if (t->phase == PHASE_ROLLOUT && N > 0) {
        for (int i = 0; i < N; i++)
            done += s->trace[i].done;
        return (double)done / N;
    }
    if (t->phase == PHASE_UPDATE && t->learner.shards_n > 0)
        return (double)atomic_load(&t->learner.shards_done) / t->learner.shards_n;
    return t->phase == PHASE_EVALUATE ? t->progress : 0;
}

/* A critic's advantages and values, once the update has them. */
static void fill_critic(struct snap_follow *f, const struct trainer *t, int trace)
{
    const struct batch *b = &t->batch;
    size_t at = (size_t)trace * (size_t)b->cap;
    f->has_critic = b->token_advantage && b->stage >= BATCH_UPDATED;
    for (int i = 0; i < f->tokens_n && f->has_critic; i++) {
        f->advantage[i] = (float)b->token_advantage[at + (size_t)i];
        f->value[i] = (float)t->grpo.ppo.value[at + (size_t)i];
    }
}

void publish_fill(struct snapshot *s, const struct trainer *t, const struct control_view *c)
{
    const struct batch *b = &t->batch;
    int is_grpo = t->stage == STAGE_GRPO, is_scored = is_grpo && b->stage >= BATCH_WEIGHED;
    int layers = t->model.params.moe_layers, experts = t->model.config.experts_n;
    s->is_live = 1;
    s->phase = t->phase;
    s->quantum = c->quantum;
    s->committed = t->step;
    s->head = t->head;
    s->step = t->phase == PHASE_COMMIT && !t->torn ? t->step : t->step + 1;   /* torn: not committed yet */
    s->seconds = t->seconds;
    s->rl_seconds = t->rl_seconds;
    s->pace = c->hold_after_step ? -1 : c->pace;
    memcpy(s->metric, t->metric, sizeof s->metric);
    s->tokens_per_second = t->metric[M_TOKENS_PER_SECOND];
    snprintf(s->preset, sizeof s->preset, "%s", t->set.preset);
    snprintf(s->stage, sizeof s->stage, "%s", stage_name(t->stage));
    s->groups_n = 0;
    s->follow.group = s->follow.index = -1;
    s->follow.tokens_n = s->follow.text_n = s->follow.marks_n = 0;
    s->layers_n = experts <= SNAP_EXPERTS ? layers : 0;
    s->experts_n = experts;
    for (int i = 0; i < s->layers_n * experts; i++) {
        s->load[i] = t->share[i];
        s->load_average[i] = (float)t->learner.load_average[i];
        s->bias[i] = (float)t->learner.bias[i];
    }
    if (is_grpo && b->stage >= BATCH_DRAWN && b->N <= SNAP_TRACES) {
        struct snap_follow *f = &s->follow;
        int i;
        fill_groups(s, t, is_scored);
        fill_traces(s, t, is_scored);
        choose(b, c, is_scored, &f->group, &f->index);
        i = f->group * b->G + f->index;
        f->why = is_scored ? c->follow : FOLLOW_PINNED;
        publish_follow(f, &t->task, &b->problem[f->group], b->token + (size_t)i * b->cap,
                       b->logp + (size_t)i * b->cap, b->entropy + (size_t)i * b->cap, s->trace[i].n,
                       is_scored ? b->score[i].accuracy : 0);
        fill_critic(f, t, i);
    }
    s->progress = progress(s, t);
}
