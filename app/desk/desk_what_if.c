/* What if: a copy of a group, the engine's arithmetic on the run's values and on the edited ones, and what
 * the background answers. The keys are in desk_what_if_keys.c.
 *
 * Advantages and gradients come from the functions that the trainer calls (R1 eq. 1-3, see objective.h), on
 * this group alone: its G completions are the batch. What one update would change needs weights, and is asked
 * of the background, for the run's own values first, so that there is something to compare with. Nothing here
 * reaches the run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_group.h"
#include "app/desk/objective_numbers.h"

static const char *const loss_names[LOSS_KIND_N] = {"grpo", "r1",        "dapo", "dr_grpo", "gspo",
                                                     "bnpo", "reinforce", "rloo", "cispo"};
static const char *const std_names[] = {"sample", "population", "none"};

static struct what_if *edited(const struct desk *d)
{
    return &group_desk(d)->shown.what_if;
}

void what_if_name(struct what_if_objective *o)
{
    snprintf(o->loss_name, sizeof o->loss_name, "%s", loss_names[o->loss]);
    snprintf(o->std_name, sizeof o->std_name, "%s", std_names[o->std]);
}

static void take_objective(struct group_desk *g, const struct settings *set)
{
    struct what_if_objective o = {.loss = set->rl.loss < LOSS_KIND_N ? set->rl.loss : (int)LOSS_GRPO,
                                  .std = set->rl.std,
                                  .eps_low = set->rl.eps_low,
                                  .eps_high = set->rl.eps_high,
                                  .beta = set->rl.beta};
    struct objective_state x = {0};

    what_if_name(&o);
    g->shown.what_if.objective[WHAT_IF_REAL] = o;
    g->shown.what_if.objective[WHAT_IF_EDITED] = o;
    objective_settings(set, &x);
    g->own = objective_of(&x);
}

/* Losses that know no advantage of a group: what is edited here would answer a question of another run. */
static const char *why_foreign(const struct settings *set)
{
    return set->rl.loss == LOSS_PPO ? "what-if edits a group; this run's loss is ppo, where a critic gives "
                                      "each token its own advantage and "
                                      "no group is compared. See it token by token on the objective screen "
                                      "(5), or fork with another "
                                      "loss: :fork loss=dapo"
           : set->rl.loss == LOSS_DPO
               ? "what-if edits advantages; this run's loss is dpo, which learns from pairs and has none. "
                 "See a pair's "
                 "numbers on the objective screen (5), or fork with another loss: :fork loss=dapo"
               : NULL;
}

static void forget_answers(struct what_if *w)
{
    w->known[WHAT_IF_REAL] = w->known[WHAT_IF_EDITED] = WHAT_IF_UNKNOWN;
}

static int is_scored(const struct snapshot *s, int group)
{
    int i;

    for (i = 0; i < s->group_size; i++)
        if (!s->trace[group * s->group_size + i].scored)
            return 0;
    return s->group_size > 0;
}

/* Not on record: neither the last committed step nor one that is replayed. */
static int is_under_way(const struct snapshot *s)
{
    return s->step > snapshot_last(s);
}

/* The group on screen, copied where it is another one than before. Of another group of the run the objective
 * stays as it was edited. */
static void take_group(struct desk *d)
{
    struct group_desk *g = group_desk(d);
    struct what_if *w = &g->shown.what_if;
    const struct snapshot *s = desk_shown(d);
    const struct settings *set = desk_settings(d);
    int group = view_group(&d->view), i;

    w->why_not = set ? why_foreign(set) : NULL;
    if (w->why_not) {
        w->n = 0;
        return;
    }
    if (!s || group < 0 || !set || !is_scored(s, group) || s->group_size > WHAT_IF_GROUP) {
        w->n = 0;
        w->why_not = s && group >= 0 && s->group_size > WHAT_IF_GROUP
                         ? "a group of at most 64 completions can be edited"
                         : "this group has no rewards yet";
        return;
    }
    /* A group that is not on record is sampled again, which takes its prompt; at full speed nobody knows its
     * step. */
    if (is_under_way(s) && (s->state != RUN_PAUSED || s->follow.group != group || s->follow.prompt_n < 1))
        w->why_not = s->state != RUN_PAUSED
                         ? "the step is under way: pause it (space) to try an update out"
                         : "the step is under way: choose one of this group's completions first";
    if (w->run == s->run_id && w->step == s->step && w->group == group && w->n == s->group_size)
        return;
    if (w->run != s->run_id || w->n == 0)
        take_objective(g, set);
    w->run = s->run_id;
    w->step = s->step;
    w->group = group;
    w->n = s->group_size;
    w->cursor = w->cursor < w->n + FIELD_N ? w->cursor : 0;
    forget_answers(w);
    for (i = 0; i < w->n; i++) { /* what a float cannot hold of 0.1 would show in the advantages */
        double reward = round((double)s->trace[group * w->n + i].reward * 1e6) / 1e6;
        w->reward[WHAT_IF_REAL][i] = w->reward[WHAT_IF_EDITED][i] = reward;
    }
}

/* One side's objective: what can be edited, and the rest as the run has it. A baseline is that of the step,
 * which the other groups have a part in, as a constant. */
static struct objective side_objective(const struct group_desk *g, int side)
{
    const struct what_if_objective *w = &g->shown.what_if.objective[side];
    struct objective o = g->own;

    o.loss = (enum loss_kind)w->loss;
    o.std = (enum std_kind)w->std;
    o.eps_low = w->eps_low;
    o.eps_high = w->eps_high;
    o.beta = w->beta;
    if (o.baseline != BASELINE_NONE) {
        o.baseline = BASELINE_RUNNING;
        o.running_mean = g->baseline[side];
    }
    return o;
}

/* Buffers of one sequence's terms. */
struct room {
    double logp[SNAP_TOKENS], old[SNAP_TOKENS], ref[SNAP_TOKENS], ratio[SNAP_TOKENS], kl[SNAP_TOKENS],
        grad[SNAP_TOKENS];
    unsigned char clipped[SNAP_TOKENS];
};

static int length_of(const struct snapshot *s, const struct what_if *w, int i)
{
    int n = s->trace[w->group * w->n + i].n;

    return n < 0 ? 0 : n > SNAP_TOKENS ? SNAP_TOKENS : n;
}

static struct loss_scope scope_of(const struct snapshot *s, const struct what_if *w)
{
    struct loss_scope scope = {.sequences = w->n};
    int i;

    for (i = 0; i < w->n; i++)
        scope.tokens += length_of(s, w, i);
    if (scope.tokens < 1)
        scope.tokens = 1;
    return scope;
}

/* Every token of a completion at ratio 1, the KL aside, is pushed alike. */
static void work_out_pushes(const struct group_desk *g, const struct snapshot *s, struct what_if *w, int side)
{
    struct objective o = side_objective(g, side);
    struct loss_scope scope = scope_of(s, w);
    struct room q;
    struct sequence_terms terms = {.ratio = q.ratio, .clipped = q.clipped, .kl = q.kl, .grad = q.grad};
    int i;

    memset(q.logp, 0, sizeof q.logp);
    for (i = 0; i < w->n; i++) {
        int n = length_of(s, w, i);
        w->push[side][i] = 0;
        if (n < 1)
            continue;
        objective_sequence(&o, &scope, n, q.logp, q.logp, NULL, w->advantage[side][i], &terms);
        w->push[side][i] = -q.grad[0];
    }
}

/* The log-probabilities of the chosen completion: of the training forward where they are known, else the
 * sampler's, at ratio 1. Returns how many tokens. */
static int take_logp(const struct desk *d, const struct snapshot *s, struct what_if *w, struct room *q)
{
    const struct trace_facts *f = d->view.facts;
    const struct snap_follow *follow = &s->follow;
    struct what_if_tokens *t = &w->tokens;
    int n = follow->tokens_n, i;

    t->index = group_chosen(&d->view);
    t->has_ratio = t->has_kl = 0;
    if (follow->group != w->group || follow->index != t->index || n < 1 || n > SNAP_TOKENS)
        return 0;
    t->has_kl = t->has_ratio = f && f->has_tokens && f->n == n;
    for (i = 0; i < n; i++) {
        q->old[i] = q->logp[i] = t->has_kl                   ? (double)f->logp[i]
                                 : isfinite(follow->logp[i]) ? (double)follow->logp[i]
                                                             : 0;
        q->ref[i] = t->has_kl ? (double)f->ref_logp[i] : 0;
        t->has_ratio = t->has_ratio && isfinite(f->new_logp[i]);
    }
    for (i = 0; w->after && t->has_ratio && i < n; i++)
        q->logp[i] = (double)f->new_logp[i];
    return n;
}

static void work_out_tokens(const struct desk *d, const struct snapshot *s, struct what_if *w)
{
    struct what_if_tokens *t = &w->tokens;
    struct loss_scope scope = scope_of(s, w);
    struct room q;
    struct sequence_terms terms = {.ratio = q.ratio, .clipped = q.clipped, .kl = q.kl, .grad = q.grad};
    int side, i;

    t->n = take_logp(d, s, w, &q);
    for (side = 0; side < WHAT_IF_SIDES && t->n > 0; side++) {
        struct objective o = side_objective(group_desk(d), side);
        objective_sequence(&o, &scope, t->n, q.logp, q.old, t->has_kl ? q.ref : NULL,
                           w->advantage[side][t->index], &terms);
        t->up[side] = t->down[side] = t->none[side] = 0;
        for (i = 0; i < t->n; i++) {
            t->sign[side][i] = (signed char)((q.grad[i] < 0) - (q.grad[i] > 0));
            t->clipped[side][i] = q.clipped[terms.ratio_n > 1 ? i : 0];
            t->up[side] += t->sign[side][i] > 0;
            t->down[side] += t->sign[side][i] < 0;
            t->none[side] += t->sign[side][i] == 0;
        }
    }
}

static int same_objective(const struct what_if_objective *a, const struct what_if_objective *b)
{
    return a->loss == b->loss && a->std == b->std && a->eps_low == b->eps_low && a->eps_high == b->eps_high &&
           a->beta == b->beta;
}

static int same_rewards(const double *a, const double *b, int n)
{
    int i;

    for (i = 0; i < n; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static enum status ask(struct desk *d, int side, struct err *e)
{
    struct group_desk *g = group_desk(d);
    struct what_if *w = &g->shown.what_if;
    const struct snapshot *s = desk_shown(d);
    struct probe_question *q = calloc(1, sizeof *q);
    enum status st;

    if (!q)
        return err_set(e, ST_NOMEM, "what-if", "no memory for a question");
    q->what = PROBE_WHAT_IF;
    q->run = w->run;
    q->step = w->step;
    q->is_finished = !is_under_way(s);
    if (!q->is_finished)
        snprintf(q->prompt, sizeof q->prompt, "%.*s", s->follow.prompt_n, s->follow.text);
    q->group = w->group;
    q->index = w->tokens.index > 0 && w->tokens.index < w->n ? w->tokens.index : 0;
    q->at = -1;
    memcpy(q->reward, w->reward[side], sizeof q->reward);
    q->objective = side_objective(g, side);
    st = probe_ask(&d->probe, q, e);
    free(q);
    if (st)
        return st;
    g->asked_side = side;
    g->asked = w->objective[side];
    memcpy(g->asked_reward, w->reward[side], sizeof g->asked_reward);
    w->known[side] = WHAT_IF_ASKED;
    return ST_OK;
}

/* The run's own values need not be asked about twice. */
static void copy_answer(struct group_desk *g)
{
    struct what_if *w = &g->shown.what_if;

    memcpy(w->change[WHAT_IF_EDITED], w->change[WHAT_IF_REAL], sizeof w->change[0]);
    w->grad_norm[WHAT_IF_EDITED] = w->grad_norm[WHAT_IF_REAL];
    w->kl[WHAT_IF_EDITED] = w->kl[WHAT_IF_REAL];
    w->known[WHAT_IF_EDITED] = WHAT_IF_KNOWN;
    g->asked = w->objective[WHAT_IF_REAL];
    memcpy(g->asked_reward, w->reward[WHAT_IF_REAL], sizeof g->asked_reward);
}

static void keep_answer(struct what_if *w, int side, const struct what_if_facts *f)
{
    memcpy(w->change[side], f->change, sizeof w->change[side]);
    w->grad_norm[side] = f->grad_norm;
    w->kl[side] = f->kl;
    w->known[side] = WHAT_IF_KNOWN;
}

/* What the background has answered. The run's own values are asked about first, the edited ones after that.
 */
static void take_answer(struct desk *d)
{
    struct group_desk *g = group_desk(d);
    struct what_if *w = &g->shown.what_if;
    const struct what_if_facts *f = d->what_if;
    struct err e;

    if (f->version != g->answer_seen && f->run == w->run && f->step == w->step && f->group == w->group &&
        f->n == w->n && w->known[g->asked_side] == WHAT_IF_ASKED &&
        same_rewards(f->reward, g->asked_reward, w->n)) {
        keep_answer(w, g->asked_side, f);
        if (g->asked_side == WHAT_IF_REAL && g->wants_edited && what_if_is_edited(w, -1)) {
            if (ask(d, WHAT_IF_EDITED, &e))
                desk_fail(d, &e);
        } else if (g->asked_side == WHAT_IF_REAL) {
            copy_answer(g);
        }
        g->wants_edited = 0;
    }
    g->answer_seen = f->version;
    if (w->known[WHAT_IF_EDITED] >= WHAT_IF_KNOWN)
        w->known[WHAT_IF_EDITED] = same_objective(&g->asked, &w->objective[WHAT_IF_EDITED]) &&
                                           same_rewards(g->asked_reward, w->reward[WHAT_IF_EDITED], w->n)
                                       ? WHAT_IF_KNOWN
                                       : WHAT_IF_STALE;
}

/* The mean of the step with the group's rewards as they are on this side; a running mean is of earlier steps,
 * and stays. */
static void weigh(struct group_desk *g, const struct snapshot *s, struct what_if *w, int side)
{
    struct objective o;
    int i, n = s->groups_n * s->group_size;

    g->baseline[side] = 0;
    if (g->own.baseline == BASELINE_BATCH ||
        (g->own.baseline == BASELINE_RUNNING && g->own.loss == LOSS_REINFORCE))
        g->baseline[side] = objective_baseline(s, (enum shown_baseline)g->own.baseline);
    for (i = 0; i < w->n && g->own.baseline == BASELINE_BATCH; i++)
        g->baseline[side] += (w->reward[side][i] - w->reward[WHAT_IF_REAL][i]) / n;
    o = side_objective(g, side);
    w->flat[side] = advantage_objective(&o, w->n, w->reward[side], g->baseline[side], w->advantage[side],
                                        &w->mean[side], &w->std[side]);
}

void what_if_refresh(struct desk *d)
{
    struct what_if *w = edited(d);
    const struct snapshot *s = desk_shown(d);
    int side, chosen;

    take_group(d);
    if (!w->n)
        return;
    chosen = group_chosen(&d->view);
    if (w->cursor < w->n && chosen >= 0)
        w->cursor = chosen;
    for (side = 0; side < WHAT_IF_SIDES; side++) {
        weigh(group_desk(d), s, w, side);
        work_out_pushes(group_desk(d), s, w, side);
    }
    work_out_tokens(d, s, w);
    take_answer(d);
}

enum status what_if_run(struct desk *d, struct err *e)
{
    struct group_desk *g = group_desk(d);
    struct what_if *w = &g->shown.what_if;
    enum status st;

    what_if_refresh(d);
    if (!w->n || w->why_not)
        return err_set(e, ST_USAGE, "what-if", "%s", w->why_not ? w->why_not : "there is no group");
    if (w->known[WHAT_IF_REAL] == WHAT_IF_KNOWN && !what_if_is_edited(w, -1)) {
        copy_answer(g);
        return ST_OK;
    }
    g->wants_edited = w->known[WHAT_IF_REAL] != WHAT_IF_KNOWN;
    st = ask(d, g->wants_edited ? WHAT_IF_REAL : WHAT_IF_EDITED, e);
    if (!st && w->tokens.n > 0 && !w->tokens.has_kl)
        st = desk_probe(d, PROBE_TOKENS, -1, 0, e); /* with them the KL term's part is known, too */
    return st;
}
