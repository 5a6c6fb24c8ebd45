/* The desk's part of the trace screen: the cursor on the tokens, the overlays' numbers, and the questions
 * about a trace that need the weights of its step.
 *
 * Such a question is put by itself only where something on the screen needs the answer, and only while
 * that trace stays: at a stored step, or while the run holds. What the objective makes of a token is computed
 * here with the engine's own arithmetic, when new facts have come. */
#include "app/desk/desk_trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk/desk_attention.h"
#include "app/desk/desk_screen.h"
#include "app/desk/objective_numbers.h"
#include "engine/rl/ppo.h"
#include "views/pane_text.h"
#include "views/trace_overlay.h"

#define FORKING_SHARE 0.2 /* arXiv 2506.01939 */

static enum status init(struct desk *d, struct err *e)
{
    struct trace_state *s = d->view.trace_screen = calloc(1, sizeof *s);

    if (!s)
        return err_set(e, ST_NOMEM, "workbench", "no memory for a screen");
    if (desk_attention_init(d, e))
        return ST_NOMEM;
    s->token_id = -1;
    s->forking = s->forking_step_value = NAN;
    s->forking_run = s->forking_step = -1;
    return ST_OK;
}

static void release(struct desk *d)
{
    if (d->view.trace_screen)
        str_free(&d->view.trace_screen->vocabulary);
    free(d->view.trace_screen);
    desk_attention_release(d);
}

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x < y) - (x > y);
}

/* The value from which on the greatest fifth of v[n] lies; NaN for none. Sorts v. */
static double top_share(float *v, size_t n)
{
    if (!n)
        return NAN;
    qsort(v, n, sizeof *v, descending);
    return v[(size_t)ceil(FORKING_SHARE * (double)n) - 1];
}

static size_t add_finite(float *out, const float *v, int n)
{
    size_t kept = 0;
    int i;

    for (i = 0; v && i < n; i++)
        if (isfinite(v[i]))
            out[kept++] = v[i];
    return kept;
}

/* Of all traces of the step that the moment holds. */
static double forking_of_step(const struct query_step *q)
{
    size_t n = 0;
    float *all;
    double from;
    int i;

    for (i = 0; i < q->traces_n; i++)
        n += q->trace[i].n > 0 ? (size_t)q->trace[i].n : 0;
    all = malloc((n + 1) * sizeof *all);
    if (!all)
        return NAN;
    for (i = 0, n = 0; i < q->traces_n; i++)
        n += add_finite(all + n, q->trace[i].entropy, q->trace[i].n);
    from = top_share(all, n);
    free(all);
    return from;
}

static void find_forking(struct desk *d, struct trace_state *s, const struct snapshot *now)
{
    float own[SNAP_TOKENS] = {0};
    size_t own_n;
    int is_read = d->moment.has_step && d->moment.run.id == now->run_id && d->moment.step.step == now->step &&
                  (d->at >= 0 || d->filled_run == now->run_id);

    if (is_read && (s->forking_run != now->run_id || s->forking_step != now->step)) {
        s->forking_run = now->run_id;
        s->forking_step = now->step;
        s->forking_step_value = forking_of_step(&d->moment.step);
    }
    s->forking_of_step = is_read && isfinite(s->forking_step_value);
    own_n = add_finite(own, now->follow.entropy, now->follow.tokens_n);
    s->forking = s->forking_of_step ? s->forking_step_value : top_share(own, own_n);
}

static struct trace_asked identity(const struct snapshot *s)
{
    return (struct trace_asked){s->run_id, s->step, s->follow.group, s->follow.index, s->follow.tokens_n};
}

static int is_same(const struct trace_asked *a, const struct trace_asked *b)
{
    return a->run == b->run && a->step == b->step && a->group == b->group && a->index == b->index &&
           a->n == b->n;
}

static int is_finite(const float *v, int n)
{
    int i;

    for (i = 0; i < n && isfinite(v[i]); i++)
        ;
    return i == n;
}

/* Ratio, clipping and KL term of every token. The KL term is that of the policy which sampled, the ratio
 * that which the step has brought about: with one update a rollout the ratio during the update is 1
 * throughout. */
static void make_terms(struct trace_state *s, const struct trace_facts *f, const struct objective *run,
                       const struct snap_trace *t)
{
    static const struct loss_scope scope = {1, SNAP_TOKENS};
    double logp[SNAP_TOKENS], old[SNAP_TOKENS], ref[SNAP_TOKENS], grad[SNAP_TOKENS], kl[SNAP_TOKENS],
        critic[SNAP_TOKENS];
    struct objective by_token = *run;
    struct sequence_terms out = {.ratio = s->ratio, .clipped = s->clipped, .kl = s->kl, .grad = grad};
    int i, n = f->n < SNAP_TOKENS ? f->n : SNAP_TOKENS;

    s->terms_n = 0;
    s->has_ratio = s->is_sequence = 0;
    if (n < 1 || !is_finite(f->logp, n))
        return;
    for (i = 0; i < n; i++) {
        old[i] = f->logp[i];
        logp[i] = f->new_logp[i];
        ref[i] = f->ref_logp[i];
        critic[i] = f->has_critic ? (double)f->advantage[i] : 0;
    }
    by_token.loss = LOSS_GRPO;
    objective_sequence(&by_token, &scope, n, old, old, ref, 0, &out);
    s->terms_n = n;
    if (!t || !t->scored || !is_finite(f->new_logp, n))
        return;
    out.kl = kl;
    if ((int)run->loss == LOSS_PPO)
        ppo_policy(run, SNAP_TOKENS, n, logp, old, ref, critic, &out);
    else
        objective_sequence(run, &scope, n, logp, old, ref, t->advantage, &out);
    s->has_ratio = 1;
    s->is_sequence = out.ratio_n == 1 && n > 1;
    for (i = 1; s->is_sequence && i < n; i++) {
        s->ratio[i] = s->ratio[0];
        s->clipped[i] = s->clipped[0];
    }
}

/* The terms of what is known of the trace, made anew when that has changed. */
static void find_terms(struct desk *d, struct trace_state *s, const struct snapshot *now)
{
    const struct trace_facts *f = d->view.facts;
    const struct settings *set = desk_settings(d);
    struct trace_asked here = identity(now);
    struct objective o = {.eps_low = 0.2, .eps_high = 0.2};
    struct objective_state x = {0};

    s->loss = set ? (enum shown_loss)set->rl.loss : SHOWN_GRPO;
    if (!f || !f->has_tokens) {
        s->terms_n = s->has_ratio = 0;
        s->terms_version = 0;
        return;
    }
    if (s->terms_version == f->version && is_same(&s->terms_of, &here))
        return;
    s->terms_version = f->version;
    s->terms_of = here;
    s->eps_low = s->eps_high = 0;
    s->estimator = SHOWN_K3;
    if (set) {
        objective_settings(set, &x);
        o = objective_of(&x);
        s->estimator = x.kl;
    }
    if (s->loss == SHOWN_DPO) /* whose ratios are measured, and do nothing */
        o = (struct objective){.loss = LOSS_REINFORCE, .eps_low = o.eps_low, .eps_high = o.eps_high};
    make_terms(s, f, &o, trace_text_trace(&d->view));
    s->eps_low = o.eps_low;
    s->eps_high = o.eps_high;
}

static int is_racing(const struct desk *d)
{
    return d->at < 0 && (d->live->state == RUN_RUNNING || d->live->state == RUN_REPLAYING);
}

/* What the screen needs and nobody has found out yet. While something is being found out, nothing is
 * asked; what was refused once is not asked again of the same trace. */
static void ask_for_facts(struct desk *d, struct trace_state *s, const struct snapshot *now)
{
    const struct trace_facts *f = d->view.facts;
    struct trace_asked here = identity(now);
    int is_wanted = trace_overlay_needs(s->overlay) || d->view.token >= 0 ||
                    (s->overlay == TRACE_ADVANTAGE && s->loss == SHOWN_PPO);
    struct err e = {0};

    if (!is_same(&s->asked, &here))
        s->refused[0] = 0;
    s->asked = here;
    if (s->is_racing || !is_wanted || s->refused[0] || d->probing[0] || now->follow.tokens_n < 1 ||
        (f && f->has_tokens && f->n >= now->follow.tokens_n))
        return;
    if (desk_probe(d, PROBE_TOKENS, -1, 0, &e))
        snprintf(s->refused, sizeof s->refused, "%s", e.msg);
}

/* The id of the token that is shown: its place among the words of the run's vocabulary, read once a run. */
static int find_id(struct desk *d, struct trace_state *s, const struct snapshot *now)
{
    char word[64];
    const char *p;
    struct err e;
    size_t n;
    int id = 0;

    if (s->vocabulary_of != now->run_id) {
        str_clear(&s->vocabulary);
        s->vocabulary_of = now->run_id;
        if (query_vocabulary(d->query, now->run_id, &s->vocabulary, &e))
            str_clear(&s->vocabulary);
    }
    trace_text_copy(&now->follow, trace_text_token(&d->view), word, sizeof word);
    for (p = str_c(&s->vocabulary); *(p += strspn(p, " \n")); p += n, id++) {
        n = strcspn(p, " \n");
        if (n == strlen(word) && !memcmp(p, word, n))
            return id;
    }
    return -1;
}

static int refresh(struct desk *d)
{
    struct trace_state *s = d->view.trace_screen;
    const struct snapshot *now = desk_shown(d);

    s->is_racing = is_racing(d);
    if (!now || !trace_text_follow(&d->view)) {
        d->view.token = -1;
        s->terms_n = s->has_ratio = 0;
        return 0;
    }
    if (d->view.token >= now->follow.tokens_n)
        d->view.token = -1;
    find_forking(d, s, now);
    find_terms(d, s, now);
    ask_for_facts(d, s, now);
    desk_attention_refresh(d);
    s->token_id = find_id(d, s, now);
    return 0;
}

void desk_trace_overlay(struct desk *d, int overlay, int layer)
{
    struct trace_state *s = d->view.trace_screen;
    int layers = d->view.facts && d->view.facts->has_tokens ? d->view.facts->layers_n : 0;

    s->overlay = (enum trace_overlay)((overlay + TRACE_OVERLAY_N) % TRACE_OVERLAY_N);
    if (layer >= 0)
        s->layer = layers > 0 ? layer % layers : layer;
    if (s->overlay == TRACE_PLAIN)
        desk_say(d, "no overlay: the marks' own colours");
    else
        desk_say(d, "overlay: %s", trace_overlay_name(s->overlay));
}

/* The trace has to stay while it is asked about. */
static enum status check_trace(const struct desk *d, const char *where, struct err *e)
{
    if (!trace_text_follow(&d->view) || trace_text_token(&d->view) < 0)
        return err_set(e, ST_NOTFOUND, where, "there is no trace on the screen");
    if (is_racing(d))
        return err_set(e, ST_NOTFOUND, where,
                       "the run goes on: pause it (space), or look at an earlier step (<)");
    return ST_OK;
}

enum status desk_trace_test(struct desk *d, struct err *e)
{
    struct trace_tally counts;
    enum status st = check_trace(d, "test-aha", e);

    if (st)
        return st;
    trace_text_count(&d->view.now->follow, NULL, &counts);
    if (!counts.candidates)
        return err_set(e, ST_NOTFOUND, "test-aha",
                       "no aha candidate in this trace; a goes to the first trace of the step that has one");
    st = desk_probe(d, PROBE_AHA, -1, 0, e);
    if (!st)
        desk_say(d, "resampling %d aha candidate%s, with the word and without it", counts.candidates,
                 counts.candidates > 1 ? "s" : "");
    return st;
}

enum status desk_trace_resample(struct desk *d, int token, struct err *e)
{
    enum status st = check_trace(d, "value", e);

    if (st)
        return st;
    if (token > d->view.now->follow.tokens_n)
        return err_set(e, ST_USAGE, "value", "the trace has tokens 0 to %d, not %d",
                       d->view.now->follow.tokens_n - 1, token);
    st = desk_probe(d, PROBE_VALUES, token, 0, e);
    if (!st && token < 0)
        desk_say(d, "resampling along the trace: before every equation and at its end");
    else if (!st)
        desk_say(d, "resampling 32 continuations from before token %d", token);
    return st;
}

static void show_value(struct desk *d)
{
    struct layout l;

    view_layout(&d->view, d->canvas.w, d->canvas.h, &l);
    if (!layout_find(&l, PANE_VALUE))
        d->view.zoom = d->view.focus = PANE_VALUE; /* no room beside the text */
}

/* Another completion of the group, round and round. */
static void next_completion(struct desk *d, int by)
{
    const struct snapshot *s = desk_shown(d);

    if (!s || s->group_size < 1 || s->follow.group < 0 || s->follow.index < 0)
        return;
    desk_follow(d, FOLLOW_PINNED, s->follow.group, (s->follow.index + by + s->group_size) % s->group_size);
    d->view.token = -1;
}

/* By tokens. Behind the last token of a trace that still grows stands no cursor: the view follows its end. */
static void move_token(struct desk *d, int to)
{
    const struct snapshot *s = desk_shown(d);
    int n = s && trace_text_follow(&d->view) ? s->follow.tokens_n : 0;

    d->view.trace_up = 0;
    if (to >= n)
        to = trace_text_ended(trace_text_trace(&d->view)) ? n - 1 : -1;
    d->view.token = n < 1 ? -1 : to < 0 && to != -1 ? 0 : to;
}

static void step_token(struct desk *d, int by)
{
    int at = d->view.token, last = trace_text_token(&d->view);

    if (at < 0)
        move_token(d, by < 0 ? last : last + 1);
    else
        move_token(d, at + by > 0 ? at + by : 0);
}

static void complain(struct desk *d, enum status st, const struct err *e)
{
    if (st)
        desk_fail(d, e);
}

/* The requests that move the cursor. Returns whether it was one. */
static int move_cursor(struct desk *d, enum request r)
{
    const struct canvas *c = &d->canvas;
    const struct view *v = &d->view;
    int page;

    switch (r) {
    case REQUEST_LEFT: step_token(d, -1); return 1;
    case REQUEST_RIGHT: step_token(d, 1); return 1;
    case REQUEST_HOME: move_token(d, 0); return 1;
    case REQUEST_END: move_token(d, SNAP_TOKENS); return 1;
    case REQUEST_UP: move_token(d, pane_text_move(c, v, -1)); return 1;
    case REQUEST_DOWN: move_token(d, pane_text_move(c, v, 1)); return 1;
    case REQUEST_PAGE_UP:
    case REQUEST_PAGE_DOWN:
        page = pane_text_page(c, v);
        move_token(d, pane_text_move(c, v, r == REQUEST_PAGE_UP ? -page : page));
        return 1;
    default: return 0;
    }
}

static int request(struct desk *d, enum request r, int argument)
{
    struct trace_state *s = d->view.trace_screen;
    struct err e = {0};

    if (move_cursor(d, r) || desk_attention_request(d, r, argument))
        return 1;
    switch (r) {
    case REQUEST_OVERLAY: desk_trace_overlay(d, (int)s->overlay + argument, -1); return 1;
    case REQUEST_LAYER:
        desk_trace_overlay(d, TRACE_EXPERT, s->overlay == TRACE_EXPERT ? s->layer + 1 : s->layer);
        return 1;
    case REQUEST_TEST_AHA: complain(d, desk_trace_test(d, &e), &e); return 1;
    case REQUEST_RESAMPLE: complain(d, desk_trace_resample(d, trace_text_token(&d->view), &e), &e); return 1;
    case REQUEST_VALUES:
        show_value(d);
        complain(d, desk_trace_resample(d, -1, &e), &e);
        return 1;
    case REQUEST_COMPLETION: next_completion(d, argument); return 1;
    case REQUEST_ZOOM:
        if (d->view.focus == PANE_NONE)
            d->view.focus = PANE_TEXT;
        return 0;
    case REQUEST_BACK_OUT:
        if (d->view.token < 0 || d->view.zoom != PANE_NONE)
            return 0;
        d->view.token = -1;
        return 1;
    default: return 0;
    }
}

const struct desk_screen desk_trace = {init, release, refresh, request};
