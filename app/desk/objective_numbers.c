/* The objective screen's numbers: the same arithmetic as the trainer's, on the tokens of one trace.
 *
 * What a step records of a token is the sampler's log-probability. Its log-probability in the training
 * forward, under the reference and after the step, and what a critic said of it, come from the probe; until
 * it has answered the ratio is 1, which at the update of a rollout with one update it is exactly, and the KL
 * term and a critic's advantage are unknown. Here is read what is known; objective_apart.c takes the loss
 * apart. */
#include "app/desk/objective_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rl/score.h"

_Static_assert(SHOWN_GRPO == (int)LOSS_GRPO && SHOWN_R1 == (int)LOSS_R1 && SHOWN_DAPO == (int)LOSS_DAPO &&
                   SHOWN_DR_GRPO == (int)LOSS_DR_GRPO && SHOWN_GSPO == (int)LOSS_GSPO &&
                   SHOWN_BNPO == (int)LOSS_BNPO && SHOWN_REINFORCE == (int)LOSS_REINFORCE &&
                   SHOWN_RLOO == (int)LOSS_RLOO && SHOWN_CISPO == (int)LOSS_CISPO &&
                   SHOWN_DPO == (int)LOSS_DPO && SHOWN_PPO == (int)LOSS_PPO,
               "views name the kinds of loss in the engine's order");
_Static_assert(SHOWN_SAMPLE == (int)STD_SAMPLE && SHOWN_POPULATION == (int)STD_POPULATION &&
                   SHOWN_NONE == (int)STD_NONE,
               "views name the kinds of std in the engine's order");
_Static_assert(SHOWN_K3 == (int)KL_K3 && SHOWN_K1 == (int)KL_K1 && SHOWN_K2 == (int)KL_K2 &&
                   SHOWN_UNBIASED == (int)KL_UNBIASED,
               "views name the estimators of the KL in the engine's order");
_Static_assert(SHOWN_BATCH == (int)BASELINE_BATCH && SHOWN_NO_BASELINE == (int)BASELINE_NONE &&
                   SHOWN_RUNNING == (int)BASELINE_RUNNING,
               "views name the baselines in the engine's order");

void objective_settings(const struct settings *set, struct objective_state *x)
{
    const struct rl_stage *rl = &set->rl;

    x->loss = (enum shown_loss)rl->loss;
    x->kl = (enum shown_kl)rl->kl;
    x->kl_clamp = rl->kl_clamp;
    x->ratio_cap = rl->ratio_cap;
    x->off_policy_delta = rl->loss == LOSS_PPO ? 0 : rl->off_policy_delta;
    x->entropy = rl->loss == LOSS_DPO ? 0 : rl->entropy;
    x->std = (enum shown_std)rl->std;
    x->eps_low = rl->eps_low;
    x->eps_high = rl->eps_high;
    x->beta = rl->beta;
    x->temperature = rl->temperature;
    x->max_length = rl->max_tokens;
    x->updates = rl->inner_epochs * rl->mini_batches;
    x->mini_batches = rl->mini_batches;
    x->epochs = rl->inner_epochs;
    x->against = (enum shown_baseline)rl->baseline;
    x->running_decay = rl->baseline_decay;
    x->gae_lambda = rl->gae_lambda;
    x->gae_gamma = rl->gae_gamma;
    x->kl_reward = rl->kl_reward;
    x->value_clip = rl->value_clip;
    x->value_weight = rl->value_weight;
    x->normalises = rl->advantage_norm;
    x->dpo_beta = rl->dpo_beta;
    x->pairs_all = rl->pairs == PAIRS_ALL;
}

struct objective objective_of(const struct objective_state *x)
{
    return (struct objective){.loss = (enum loss_kind)x->loss,
                              .std = (enum std_kind)x->std,
                              .eps_low = x->eps_low,
                              .eps_high = x->eps_high,
                              .beta = x->beta,
                              .max_length = x->max_length,
                              .baseline = (enum baseline_kind)x->against,
                              .running_mean = x->baseline,
                              .kl = (enum kl_kind)x->kl,
                              .kl_clamp = x->kl_clamp,
                              .ratio_cap = x->ratio_cap,
                              .off_policy_delta = x->off_policy_delta,
                              .entropy = x->entropy};
}

double objective_baseline(const struct snapshot *s, enum shown_baseline against)
{
    int i, n = s->groups_n * s->group_size;
    double sum = 0;

    /* A running mean is not on record, but every advantage is a reward less that mean. */
    for (i = 0; i < n && against != SHOWN_NO_BASELINE; i++)
        sum += (double)s->trace[i].reward - (against == SHOWN_RUNNING ? (double)s->trace[i].advantage : 0);
    return n > 0 ? sum / n : 0;
}

int objective_is_masked(const struct snapshot *s, const struct settings *set, int i)
{
    return (set->rl.drop_flat && s->group[i / s->group_size].flat) ||
           (set->rl.cut_off == CUT_OFF_MASK && s->trace[i].cut_off) || s->trace[i].n < 1;
}

static void read_group(const struct snapshot *s, struct objective_state *x, struct objective_work *w)
{
    struct objective o = {.loss = (enum loss_kind)x->loss, .std = (enum std_kind)x->std};
    int i, from = x->group * s->group_size;

    x->baseline = x->loss == SHOWN_REINFORCE ? objective_baseline(s, x->against) : 0;
    for (i = 0; i < s->group_size; i++)
        w->reward[i] = s->trace[from + i].reward;
    x->is_flat = advantage_objective(&o, s->group_size, w->reward, x->baseline, w->advantage,
                                     &x->value[TERM_MEAN], &x->value[TERM_STD]);
    x->value[TERM_REWARD] = w->reward[x->index];
    x->value[TERM_ADVANTAGE] = w->advantage[x->index];
}

/* The words about the token, as the text has them. */
static void read_words(const struct snap_follow *f, struct objective_state *x)
{
    int first = x->token - OBJECTIVE_WORDS / 2, i, at;

    first = first + OBJECTIVE_WORDS > f->tokens_n ? f->tokens_n - OBJECTIVE_WORDS : first;
    first = first < 0 ? 0 : first;
    x->words_n = 0;
    x->word_at = x->token - first;
    for (i = first; i < f->tokens_n && x->words_n < OBJECTIVE_WORDS; i++) {
        int end = f->prompt_n + f->begin[i + 1];
        at = f->prompt_n + f->begin[i];
        while (end > at && f->text[end - 1] == ' ')
            end--;
        snprintf(x->word[x->words_n++], OBJECTIVE_WORD, "%.*s", end - at, f->text + at);
    }
}

/* log-probabilities of the n tokens. What the text had no room for counts as unchanged. */
static void read_tokens(const struct snap_follow *f, const struct trace_facts *facts, int n,
                        struct objective_state *x, struct objective_work *w)
{
    int t;

    x->is_found = facts && facts->has_tokens && facts->n >= n;
    x->has_after = x->is_found && isfinite(facts->new_logp[0]);
    x->is_after = x->has_after && !x->wants_update;
    for (t = 0; t < n; t++) {
        double sampled = t < f->tokens_n && isfinite(f->logp[t]) ? f->logp[t] : 0;
        w->old[t] = x->is_found ? facts->logp[t] : sampled;
        w->logp[t] = x->is_after ? facts->new_logp[t] : w->old[t];
        w->ref[t] = x->is_found ? facts->ref_logp[t] : NAN;
        w->entropy[t] = x->is_after       ? facts->new_entropy[t]
                        : x->is_found     ? facts->entropy[t]
                        : t < f->tokens_n ? f->entropy[t]
                                          : NAN;
    }
    x->value[TERM_LOGP] = w->logp[x->token];
    x->value[TERM_OLD] = w->old[x->token];
    x->value[TERM_REF] = w->ref[x->token];
}

/* The loss of a stage that samples nothing; NULL for one that does. */
static const char *loss_of_texts(const char *stage)
{
    return !strcmp(stage, "grpo") ? NULL
           : !strcmp(stage, "reward")
               ? "a preference model learns from pairs: its loss is the mean of -log sigma(s_preferred - "
                 "s_other), Bradley and Terry 1952"
           : !strcmp(stage, "dpo")
               ? "DPO on stored pairs: its loss is the mean of -log sigma(beta ((log pi_c - log ref_c) - "
                 "(log pi_r - log ref_r))), Rafailov et al. 2023, eq. 7; :explain dpo/chosen"
               : "a base or a cold start learns from text: its loss is the cross entropy, there is no GRPO yet";
}

static const char *why_missing(const struct snapshot *s, const struct settings *set)
{
    const struct snap_follow *f = s ? &s->follow : NULL;

    return !s || !s->run_id          ? "no run is open"
           : loss_of_texts(s->stage) ? loss_of_texts(s->stage)
           : !set                    ? "the settings of the run cannot be read"
           : f->group < 0 || f->group >= s->groups_n || f->index >= s->group_size || f->tokens_n < 1
               ? "no trace yet: it is sampled when a step begins"
               : NULL;
}

/* What the step has on record beside the traces. */
static double recorded(const struct desk *d, const struct snapshot *s, enum metric m)
{
    double v = s->metric[m];

    if (isnan(v) && d->history.run == s->run_id) /* a run that was opened */
        v = history_last(&d->history, m, s->step);
    return v;
}

static void compute_scored(struct desk *d, const struct snapshot *s, const struct settings *set, int n,
                           struct objective_state *x, struct objective_work *w)
{
    read_group(s, x, w);
    x->is_masked = objective_is_masked(s, set, x->group * s->group_size + x->index);
    objective_parts(s, set, d->seed, x, &w->parts);
    objective_scope(s, set, x, &w->parts);
    x->policy_loss = recorded(d, s, M_POLICY_LOSS);
    if (x->loss == SHOWN_DPO) {
        x->margin = recorded(d, s, M_DPO_MARGIN);
        x->accuracy = recorded(d, s, M_DPO_ACCURACY);
        objective_pair(s, set, d->view.facts, x, &w->parts);
        return;
    }
    x->is_warming = x->loss == SHOWN_PPO && s->step <= set->rl.critic_warmup;
    if (x->loss == SHOWN_PPO)
        objective_critic(&s->follow, d->view.facts, n, x, w);
    objective_apart(x, w, n);
}

void objective_compute(struct desk *d, struct objective_state *x)
{
    const struct snapshot *s = desk_shown(d);
    const struct settings *set = s && s->run_id ? desk_settings(d) : NULL;
    const struct snap_follow *f = s ? &s->follow : NULL;
    const struct snap_trace *trace;
    struct objective_work *w;
    int i, n;

    for (i = 0; i < TERM_N; i++)
        x->value[i] = NAN;
    x->policy_loss = x->unclipped = x->clipped = x->value_now = x->margin = x->accuracy = NAN;
    x->clip = x->is_found = x->has_after = x->is_after = x->words_n = x->is_off_policy = x->is_capped = 0;
    x->is_warming = x->value_clipped = x->pairs_n = x->part_pairs_n = x->own_pairs_n = 0;
    x->other_index = -1;
    x->missing = why_missing(s, set);
    if (set)
        objective_settings(set, x);
    if (x->missing)
        return;
    if (x->step != s->step || x->group != f->group || x->index != f->index)
        x->wants_pair = 0;
    x->step = s->step;
    x->group = f->group;
    x->index = f->index;
    x->G = s->group_size;
    trace = &s->trace[f->group * s->group_size + f->index];
    n = trace->n > f->tokens_n ? trace->n : f->tokens_n;
    n = n > SNAP_TOKENS ? SNAP_TOKENS : n;
    x->tokens_n = n;
    x->token = d->view.token < 0 ? 0 : d->view.token >= f->tokens_n ? f->tokens_n - 1 : d->view.token;
    x->is_scored = trace->scored;
    x->is_committed = s->step <= snapshot_last(s);
    read_words(f, x);
    w = calloc(1, sizeof *w);
    if (!w) {
        x->missing = "no memory for the numbers of a trace";
        return;
    }
    read_tokens(f, d->view.facts, n, x, w);
    if (x->is_scored)
        compute_scored(d, s, set, n, x, w);
    else
        x->value[TERM_RATIO] = exp(x->value[TERM_LOGP] - x->value[TERM_OLD]);
    free(w);
}
