/* The desk's part of the objective screen: the same arithmetic as the trainer's, on the numbers of one trace.
 *
 * What a step records of a token is the sampler's log-probability. Its log-probability in the training
 * forward, under the reference and after the step comes from the probe; until it has answered the ratio is 1,
 * which at the update of a rollout with one update it is exactly, and the KL term is unknown. All kinds of
 * loss go through objective_sequence; what is taken apart here is only what that function adds up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_explain.h"
#include "app/desk/desk_screen.h"
#include "engine/rl/objective.h"
#include "engine/rl/score.h"
#include "views/objective_state.h"

_Static_assert(SHOWN_GRPO == (int)LOSS_GRPO && SHOWN_R1 == (int)LOSS_R1 && SHOWN_DAPO == (int)LOSS_DAPO &&
                   SHOWN_DR_GRPO == (int)LOSS_DR_GRPO && SHOWN_GSPO == (int)LOSS_GSPO &&
                   SHOWN_BNPO == (int)LOSS_BNPO && SHOWN_REINFORCE == (int)LOSS_REINFORCE &&
                   SHOWN_RLOO == (int)LOSS_RLOO && SHOWN_CISPO == (int)LOSS_CISPO,
               "views name the kinds of loss in the engine's order");
_Static_assert(SHOWN_SAMPLE == (int)STD_SAMPLE && SHOWN_POPULATION == (int)STD_POPULATION &&
                   SHOWN_NONE == (int)STD_NONE,
               "views name the kinds of std in the engine's order");

enum { PAGE = 5 }; /* terms */

/* The arrays of one trace; too large for a stack that draws frames. */
struct work {
    double logp[SNAP_TOKENS], old[SNAP_TOKENS], ref[SNAP_TOKENS];
    double ratio[SNAP_TOKENS], kl[SNAP_TOKENS], grad[SNAP_TOKENS], free_grad[SNAP_TOKENS],
        policy_grad[SNAP_TOKENS];
    unsigned char clipped[SNAP_TOKENS];
    double reward[SNAP_TRACES], advantage[SNAP_TRACES];
};

static enum status init(struct desk *d, struct err *e)
{
    d->view.objective = calloc(1, sizeof *d->view.objective);
    return d->view.objective ? ST_OK : err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
}

static void release(struct desk *d)
{
    free(d->view.objective);
    d->view.objective = NULL;
}

static void read_settings(const struct settings *set, struct objective_state *x)
{
    const struct rl_stage *rl = &set->rl;

    x->loss = rl->loss < LOSS_KIND_N ? (enum shown_loss)rl->loss : SHOWN_GRPO;
    x->kl = rl->kl;
    x->kl_clamp = rl->kl_clamp;
    x->ratio_cap = rl->ratio_cap;
    x->off_policy_delta = rl->off_policy_delta;
    x->std = (enum shown_std)rl->std;
    x->eps_low = rl->eps_low;
    x->eps_high = rl->eps_high;
    x->beta = rl->beta;
    x->temperature = rl->temperature;
    x->max_length = rl->max_tokens;
    x->updates = rl->inner_epochs * rl->mini_batches;
    x->mini_batches = rl->mini_batches;
    x->has_baseline = rl->baseline == BASELINE_BATCH;
}

/* Whether the loss leaves a trace out: the trainer's rule. */
static int is_masked(const struct snapshot *s, const struct settings *set, int i)
{
    return (set->rl.drop_flat && s->group[i / s->group_size].flat) ||
           (set->rl.cut_off == CUT_OFF_MASK && s->trace[i].cut_off) || s->trace[i].n < 1;
}

/* bnpo's micro-batches, where the order of the groups is known: in one mini-batch it is theirs. Returns the
 * policy part of the loss at ratio 1. */
static double read_micro(const struct snapshot *s, const struct settings *set, struct objective_state *x)
{
    int size = set->rl.mini_batches == 1 ? set->rl.micro_prompts : 0, at, i;
    double loss = 0;

    size = size > 0 ? size : s->groups_n;
    x->micro_batches = 0;
    for (at = 0; at < s->groups_n; at += size) {
        int end = at + size < s->groups_n ? at + size : s->groups_n;
        double tokens = 0, sum = 0;
        for (i = at * s->group_size; i < end * s->group_size; i++) {
            int n = is_masked(s, set, i) ? 0 : s->trace[i].n;
            tokens += n;
            sum += n * (double)s->trace[i].advantage;
        }
        if (x->group >= at && x->group < end)
            x->micro_tokens = tokens;
        x->micro_batches += tokens > 0;
        loss -= tokens > 0 ? sum / tokens : 0;
    }
    return x->micro_batches ? loss / x->micro_batches : 0;
}

/* The traces and tokens that the loss divides by, and its policy part at ratio 1, where it is
 * - w |o_i| A_i. */
static void read_scope(const struct snapshot *s, const struct settings *set, struct objective_state *x)
{
    int i, n = s->groups_n * s->group_size;
    double by_trace = 0, by_token = 0;

    x->sequences = 0;
    x->tokens = 0;
    for (i = 0; i < n; i++) {
        if (is_masked(s, set, i))
            continue;
        x->sequences++;
        x->tokens += s->trace[i].n;
        by_trace += (double)s->trace[i].advantage;
        by_token += (double)s->trace[i].advantage * s->trace[i].n;
    }
    if (!x->sequences)
        return;
    x->value[TERM_BATCH] = x->loss == SHOWN_DAPO      ? -by_token / x->tokens
                           : x->loss == SHOWN_DR_GRPO ? -by_token / ((double)x->sequences * x->max_length)
                           : shown_is_log(x->loss)    ? NAN
                                                      : -by_trace / x->sequences;
    if (x->loss == SHOWN_BNPO)
        x->value[TERM_BATCH] = read_micro(s, set, x);
}

static void read_group(const struct snapshot *s, struct objective_state *x, struct work *w)
{
    struct objective o = {.loss = (enum loss_kind)x->loss, .std = (enum std_kind)x->std};
    int i, from = x->group * s->group_size, n = s->groups_n * s->group_size;

    x->baseline = 0;
    for (i = 0; x->has_baseline && i < n; i++)
        x->baseline += (double)s->trace[i].reward / n;
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
                        struct objective_state *x, struct work *w)
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
    }
    x->value[TERM_LOGP] = w->logp[x->token];
    x->value[TERM_OLD] = w->old[x->token];
    x->value[TERM_REF] = w->ref[x->token];
}

static double sum_of(const struct objective *o, const struct loss_scope *scope, int n, const double *ref,
                     double A, struct work *w, double *grad, struct sequence_terms *out)
{
    *out = (struct sequence_terms){.ratio = w->ratio, .clipped = w->clipped, .kl = w->kl, .grad = grad};
    objective_sequence(o, scope, n, w->logp, w->old, ref, A, out);
    return out->loss;
}

/* How the loss divides: by 1 / weight of a token's term. */
static double weight_scale(const struct objective_state *x, const struct loss_scope *scope, int n)
{
    double S = scope->sequences;

    switch (x->loss) {
    case SHOWN_GRPO: return S * n;
    case SHOWN_DAPO:
    case SHOWN_CISPO: return scope->tokens;
    case SHOWN_BNPO: return scope->micro_tokens * scope->micro_batches;
    case SHOWN_DR_GRPO: return S * x->max_length;
    default: return S;
    }
}

static void fill_nothing(struct objective_state *x)
{
    static const enum objective_term term[] = {TERM_WEIGHT,  TERM_TOKEN, TERM_GRADIENT,
                                               TERM_NO_CLIP, TERM_PULL,  TERM_TRACE};
    size_t i;

    for (i = 0; i < sizeof term / sizeof *term; i++)
        x->value[term[i]] = 0;
}

static void take_apart(struct objective_state *x, struct work *w, int n)
{
    struct objective o = {.loss = (enum loss_kind)x->loss,
                          .std = (enum std_kind)x->std,
                          .eps_low = x->eps_low,
                          .eps_high = x->eps_high,
                          .beta = x->beta,
                          .max_length = x->max_length,
                          .kl = (enum kl_kind)x->kl,
                          .kl_clamp = x->kl_clamp,
                          .ratio_cap = x->ratio_cap,
                          .off_policy_delta = x->off_policy_delta};
    struct objective unclipped = o, policy = o;
    struct sequence_terms out;
    struct loss_scope scope = {.sequences = x->sequences / x->mini_batches,
                               .tokens = x->tokens / x->mini_batches,
                               .micro_tokens = x->micro_tokens / x->mini_batches,
                               .micro_batches = x->micro_batches};
    const double *ref = x->is_found ? w->ref : NULL;
    double A = x->value[TERM_ADVANTAGE], ratio, kl = 0, gain;
    int t = x->token;

    scope.sequences += scope.sequences < 1;
    unclipped.eps_low = unclipped.eps_high = INFINITY;
    policy.beta = 0;
    sum_of(&unclipped, &scope, n, ref, A, w, w->free_grad, &out);
    sum_of(&policy, &scope, n, ref, A, w, w->policy_grad, &out);
    x->value[TERM_TRACE] = sum_of(&o, &scope, n, ref, A, w, w->grad, &out);
    ratio = w->ratio[out.ratio_n == 1 ? 0 : t];
    x->value[TERM_RATIO] = ratio;
    x->value[TERM_CLIP] = fmin(fmax(ratio, 1 - x->eps_low), 1 + x->eps_high);
    x->unclipped = ratio * A;
    x->clipped = x->value[TERM_CLIP] * A;
    x->clip = !w->clipped[out.ratio_n == 1 ? 0 : t] ? 0 : A > 0 ? 1 : -1;
    gain = fmin(x->unclipped, x->clipped);
    if (shown_is_log(x->loss)) { /* nothing is held back: a bounded ratio is a weight, or there is none */
        x->clip = 0;
        if (x->loss != SHOWN_CISPO)
            x->value[TERM_CLIP] = NAN;
        gain = (x->loss == SHOWN_CISPO ? x->clipped : A) * x->value[TERM_LOGP];
    }
    x->value[TERM_MIN] = gain;
    if (ref) {
        x->value[TERM_K3] = kl = w->kl[out.kl_n == 1 ? 0 : t];
        x->value[TERM_PENALTY] = x->beta * kl;
    } else if (x->beta == 0) {
        x->value[TERM_PENALTY] = 0;
    }
    if (x->is_masked) {
        fill_nothing(x);
        return;
    }
    x->scale = weight_scale(x, &scope, n);
    x->value[TERM_WEIGHT] = 1 / x->scale;
    x->value[TERM_TOKEN] = -(gain - x->beta * kl) / x->scale / (x->loss == SHOWN_GSPO ? n : 1);
    x->value[TERM_GRADIENT] = w->grad[t];
    x->value[TERM_NO_CLIP] = w->free_grad[t];
    if (ref || x->beta == 0)
        x->value[TERM_PULL] = w->grad[t] - w->policy_grad[t];
}

/* Everything that is shown, of the trace that is followed; `missing` says why there is nothing. */
static void compute(struct desk *d, struct objective_state *x)
{
    const struct snapshot *s = desk_shown(d);
    const struct snap_follow *f = s ? &s->follow : NULL;
    const struct settings *set = s && s->run_id ? desk_settings(d) : NULL;
    const struct snap_trace *trace;
    struct work *w;
    int i, n;

    for (i = 0; i < TERM_N; i++)
        x->value[i] = NAN;
    x->policy_loss = x->unclipped = x->clipped = NAN;
    x->clip = x->is_found = x->has_after = x->is_after = x->words_n = 0;
    x->missing =
        !s || !s->run_id ? "no run is open"
        : strcmp(s->stage, "grpo")
            ? "a base or a cold start learns from text: its loss is the cross entropy, there is no GRPO yet"
        : !set ? "the settings of the run cannot be read"
        : set->rl.loss == LOSS_DPO
            ? "DPO learns from pairs of traces: there is no loss of a single token to take apart"
        : f->group < 0 || f->group >= s->groups_n || f->index >= s->group_size || f->tokens_n < 1
            ? "no trace yet: it is sampled when a step begins"
            : NULL;
    if (set)
        read_settings(set, x);
    if (x->missing)
        return;
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
    read_words(f, x);
    w = calloc(1, sizeof *w);
    if (!w) {
        x->missing = "no memory for the numbers of a trace";
        return;
    }
    read_tokens(f, d->view.facts, n, x, w);
    if (x->is_scored) {
        read_group(s, x, w);
        read_scope(s, set, x);
        x->is_masked = is_masked(s, set, f->group * s->group_size + f->index);
        x->policy_loss = s->metric[M_POLICY_LOSS];
        if (isnan(x->policy_loss) && d->history.run == s->run_id) /* a run that was opened */
            x->policy_loss = history_last(&d->history, M_POLICY_LOSS, s->step);
        take_apart(x, w, n);
    } else {
        x->value[TERM_RATIO] = exp(x->value[TERM_LOGP] - x->value[TERM_OLD]);
    }
    free(w);
}

/* As on the experts screen: unbidden only where nothing is lost by it, and once a trace. */
static void ask_by_itself(struct desk *d, struct objective_state *x)
{
    const struct snapshot *s = desk_shown(d);
    struct err e;

    if (!d->has_engine || x->missing || x->is_found || !x->is_scored ||
        (d->at < 0 && s->state != RUN_PAUSED && s->state != RUN_DONE) ||
        (x->asked_run == s->run_id && x->asked_step == s->step && x->asked_group == x->group &&
         x->asked_index == x->index))
        return;
    x->asked_run = s->run_id;
    x->asked_step = s->step;
    x->asked_group = x->group;
    x->asked_index = x->index;
    (void)desk_probe(d, PROBE_TOKENS, -1, 0, &e); /* the screen says what it lacks */
}

static int refresh(struct desk *d)
{
    struct objective_state *x = d->view.objective;

    compute(d, x);
    x->list.n = TERM_N;
    list_clamp(&x->list, TERM_N);
    ask_by_itself(d, x);
    return 0;
}

void desk_objective_refresh(struct desk *d)
{
    compute(d, d->view.objective);
}

/* Another completion of the group. */
static void move_trace(struct desk *d, int by)
{
    const struct objective_state *x = d->view.objective;

    if (!x->missing && x->G > 0)
        desk_follow(d, FOLLOW_PINNED, x->group, (x->index + by + x->G) % x->G);
}

static void move_token(struct desk *d, int by)
{
    const struct objective_state *x = d->view.objective;
    const struct snapshot *s = desk_shown(d);
    int to = x->token + by;

    if (x->missing)
        return;
    d->view.token = to < 0 ? 0 : to >= s->follow.tokens_n ? s->follow.tokens_n - 1 : to;
}

static void choose_moment(struct desk *d)
{
    struct objective_state *x = d->view.objective;

    x->wants_update = !x->wants_update;
    desk_say(d, x->wants_update ? "the numbers at the update: the weights that sampled the trace"
                : x->has_after  ? "the numbers after the step: how far it has moved each token"
                                : "the numbers after the step, once they are found out");
}

static int request(struct desk *d, enum request r, int argument)
{
    struct objective_state *x = d->view.objective;

    switch (r) {
    case REQUEST_UP: list_move(&x->list, -1, TERM_N); break;
    case REQUEST_DOWN: list_move(&x->list, 1, TERM_N); break;
    case REQUEST_HOME: list_move(&x->list, -TERM_N, TERM_N); break;
    case REQUEST_END: list_move(&x->list, TERM_N, TERM_N); break;
    case REQUEST_PAGE_UP: list_move(&x->list, -PAGE, TERM_N); break;
    case REQUEST_PAGE_DOWN: list_move(&x->list, PAGE, TERM_N); break;
    case REQUEST_COMPLETION: move_trace(d, argument); break;
    case REQUEST_LEFT: move_token(d, -1); break;
    case REQUEST_RIGHT: move_token(d, 1); break;
    case REQUEST_MOMENT: choose_moment(d); break;
    case REQUEST_ENTER:
    case REQUEST_EXPLAIN: desk_explain_term(d, (enum objective_term)x->list.selected); break;
    default: return 0;
    }
    return 1;
}

const struct desk_screen desk_objective = {init, release, refresh, request};
