/* Overlays: one number of every token, as colour and as a sign under it.
 *
 * Each overlay is a row of `overlays` and a case of trace_overlay_value; what stands under a token is a
 * digit (tenths of the scale), or a sign where only the side of a limit counts. The row of the scale is
 * written with the same digits and styles, so that it explains both. */
#include "views/trace_overlay.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/format.h"
#include "views/heat.h"
#include "views/meter.h"

static const struct overlay_row {
    const char *name;
    int needs;        /* the weights */
    int digits;       /* tenths of a scale from 0 to its greatest value */
} overlays[TRACE_OVERLAY_N] = {
    [TRACE_PLAIN] = {"none", 0, 0},
    [TRACE_PROBABILITY] = {"probability", 0, 1},
    [TRACE_ENTROPY] = {"entropy", 0, 1},
    [TRACE_ADVANTAGE] = {"advantage", 0, 0},
    [TRACE_RATIO] = {"ratio", 1, 0},
    [TRACE_CLIPPED] = {"clipped", 1, 0},
    [TRACE_KL] = {"kl", 1, 1},
    [TRACE_EXPERT] = {"expert", 1, 0},
    [TRACE_DRAFT] = {"draft", 1, 0},
};

const char *trace_overlay_name(int overlay)
{
    return overlay >= 0 && overlay < TRACE_OVERLAY_N ? overlays[overlay].name : NULL;
}

enum trace_overlay trace_overlay_find(const char *name)
{
    int i;

    for (i = 0; i < TRACE_OVERLAY_N; i++)
        if (!strcmp(overlays[i].name, name))
            return (enum trace_overlay)i;
    return TRACE_OVERLAY_N;
}

int trace_overlay_needs(enum trace_overlay overlay)
{
    return overlay < TRACE_OVERLAY_N && overlays[overlay].needs;
}

const struct trace_state *trace_state_of(const struct view *v)
{
    static const struct trace_state nothing = {.forking = NAN, .token_id = -1};

    return v->trace_screen ? v->trace_screen : &nothing;
}

static int has_facts(const struct view *v, int token)
{
    return v->facts && v->facts->has_tokens && token >= 0 && token < v->facts->n && token < SNAP_TOKENS;
}

/* The layer of the expert overlay, brought into what there is; -1: none. */
static int layer_of(const struct view *v)
{
    int n = v->facts && v->facts->has_tokens ? v->facts->layers_n : 0, layer = trace_state_of(v)->layer;

    if (n < 1 || n > SNAP_LAYERS || v->facts->top_k < 1)
        return -1;
    return layer >= 0 && layer < n ? layer : 0;
}

int trace_overlay_expert(const struct trace_facts *f, int layer, int token, int rank, double *gate)
{
    const float *g = f->gate[layer][token];
    int n = f->top_k < FACT_TOP_K ? f->top_k : FACT_TOP_K, i, k, before;

    for (i = 0; i < n; i++) {
        for (k = 0, before = 0; k < n; k++)
            before += g[k] > g[i] || (g[k] == g[i] && k < i);
        if (before == rank)
            break;
    }
    i = i < n ? i : 0; /* gates that are no numbers have no order */
    *gate = g[i];
    return f->expert[layer][token][i];
}

/* The module from 1 whose draft stood, negative where it fell; 0: the model's own token, without a draft. */
static double draft_value(const struct trace_facts *f, int token)
{
    int mark = f->draft[token];

    if (f->drafts_n < 1)
        return NAN;
    return mark & FACT_ACCEPTED ? mark & ~FACT_ACCEPTED : -mark;
}

double trace_overlay_advantage(const struct view *v, int token)
{
    const struct snap_follow *f = trace_text_follow(v);
    const struct snap_trace *t = trace_text_trace(v);

    if (!t || !t->scored)
        return NAN;
    if (f->has_critic)
        return f->advantage[token];
    if (has_facts(v, token) && v->facts->has_critic)
        return v->facts->advantage[token];
    return trace_state_of(v)->loss == SHOWN_PPO ? NAN : (double)t->advantage;
}

const char *trace_overlay_estimator(const struct view *v)
{
    static const char *const name[SHOWN_KL_N] = {"k3", "k1", "k2", "unbiased"};
    const struct trace_state *s = trace_state_of(v);

    return name[s->loss == SHOWN_DPO || (unsigned)s->estimator >= SHOWN_KL_N ? SHOWN_K3 : s->estimator];
}

double trace_overlay_value(const struct view *v, enum trace_overlay overlay, int token)
{
    const struct snap_follow *f = trace_text_follow(v);
    const struct trace_state *s = trace_state_of(v);
    double gate;
    int layer;

    if (!f || token < 0 || token >= f->tokens_n || token >= SNAP_TOKENS)
        return NAN;
    switch (overlay) {
    case TRACE_PROBABILITY: return exp(f->logp[token]);
    case TRACE_ENTROPY: return f->entropy[token];
    case TRACE_ADVANTAGE: return trace_overlay_advantage(v, token);
    case TRACE_RATIO: return s->has_ratio && token < s->terms_n ? s->ratio[token] : NAN;
    case TRACE_CLIPPED: return s->has_ratio && token < s->terms_n ? s->clipped[token] : NAN;
    case TRACE_KL: return token < s->terms_n ? s->kl[token] : NAN;
    case TRACE_EXPERT:
        layer = layer_of(v);
        return layer >= 0 && has_facts(v, token) ? trace_overlay_expert(v->facts, layer, token, 0, &gate)
                                                 : NAN;
    case TRACE_DRAFT: return has_facts(v, token) ? draft_value(v->facts, token) : NAN;
    case TRACE_PLAIN:
    case TRACE_OVERLAY_N: break;
    }
    return NAN;
}

int trace_overlay_is_forking(const struct view *v, int token)
{
    double entropy = trace_overlay_value(v, TRACE_ENTROPY, token), from = trace_state_of(v)->forking;

    return entropy > 0 && entropy >= from;
}

/* The greatest value of a scale: of the trace, for what has no limit of its own. */
static double greatest(const struct view *v, enum trace_overlay overlay)
{
    const struct snap_follow *f = trace_text_follow(v);
    double most = 0;
    int i;

    if (overlay == TRACE_PROBABILITY)
        return 1;
    for (i = 0; f && i < f->tokens_n && i < SNAP_TOKENS; i++) {
        double value = trace_overlay_value(v, overlay, i);
        if (isfinite(value) && value > most)
            most = value;
    }
    return most > 0 ? most : 1;
}

/* Advantages are compared with the largest of the group. */
static double advantage_limit(const struct view *v)
{
    const struct snapshot *s = v->now;
    double limit = 1;
    int i, g = s->follow.group;

    for (i = g * s->group_size; i < (g + 1) * s->group_size && i < SNAP_TRACES; i++)
        if (s->trace[i].scored && fabs(s->trace[i].advantage) > limit)
            limit = fabs(s->trace[i].advantage);
    return limit;
}

/* Where a ratio stands: below or above the clip range, or within it, 0.5 % from 1 or nearer. */
static char ratio_sign(const struct trace_state *s, double ratio)
{
    return ratio < 1 - s->eps_low    ? '<'
           : ratio > 1 + s->eps_high ? '>'
           : ratio < 0.995           ? '-'
           : ratio > 1.005           ? '+'
                                     : '=';
}

static enum style ratio_style(const struct trace_state *s, double ratio)
{
    double reach = 2 * log1p(s->eps_high > 0 ? s->eps_high : 0.2);

    return heat_style(log(ratio > 1e-6 ? ratio : 1e-6), -reach, reach);
}

static void apply_digit(struct trace_word *word, const struct view *v, enum trace_overlay overlay,
                        double value, double most)
{
    int digit = (int)floor(10 * value / most);

    digit = digit < 0 ? 0 : digit > 9 ? 9 : digit;
    word->style = overlay == TRACE_PROBABILITY ? heat_style(1 - value, 0, 1) : heat_style(value, 0, most);
    snprintf(word->under, sizeof word->under, "%d%s", digit,
             overlay == TRACE_ENTROPY && trace_overlay_is_forking(v, word->token) ? "*" : "");
}

static void apply_expert(struct trace_word *word, const struct view *v, double value)
{
    const struct trace_facts *f = v->facts;
    int layer = layer_of(v);
    double gate;

    word->style = heat_style(value, 0, f->experts_n > 1 ? f->experts_n - 1 : 1);
    if (f->top_k > 1)
        snprintf(word->under, sizeof word->under, "%d+%d", (int)value + 1,
                 trace_overlay_expert(f, layer, word->token, 1, &gate) + 1);
    else
        snprintf(word->under, sizeof word->under, "%d", (int)value + 1);
}

/* A draft that stood, by module; one that fell; a token that nobody drafted. */
static enum style draft_style(double value)
{
    return value > 0 ? (enum style)(value > 1 ? STYLE_HEAT_0 + 1 : STYLE_HEAT_0 + 2)
                     : value < 0 ? (enum style)STYLE_HEAT_8 : (enum style)(STYLE_HEAT_0 + 4);
}

static void apply_word(struct trace_word *word, const struct view *v, enum trace_overlay overlay,
                       double value, double most)
{
    const struct trace_state *s = trace_state_of(v);
    char sign = 0;

    if (overlays[overlay].digits) {
        apply_digit(word, v, overlay, value, most);
    } else if (overlay == TRACE_EXPERT) {
        apply_expert(word, v, value);
    } else if (overlay == TRACE_DRAFT) {
        word->style = draft_style(value);
        sign = value > 0 ? (char)('0' + (int)value % 10) : value < 0 ? 'x' : '.';
    } else if (overlay == TRACE_ADVANTAGE) {
        word->style = heat_style(value, -most, most);
        sign = value > 0 ? '+' : value < 0 ? '-' : '0';
    } else if (overlay == TRACE_RATIO) {
        word->style = ratio_style(s, value);
        sign = ratio_sign(s, value);
    } else {
        word->style = value > 0 ? (enum style)STYLE_HEAT_8 : (enum style)(STYLE_HEAT_0 + 3);
        sign = value > 0 ? 'c' : '.';
    }
    if (sign)
        snprintf(word->under, sizeof word->under, "%c", sign);
    word->under_style = word->style;
}

void trace_overlay_apply(struct trace_text *t, const struct view *v)
{
    enum trace_overlay overlay = trace_state_of(v)->overlay;
    double most;
    int i;

    if (overlay == TRACE_PLAIN || overlay >= TRACE_OVERLAY_N)
        return;
    most = overlay == TRACE_ADVANTAGE ? advantage_limit(v) : greatest(v, overlay);
    for (i = t->first_token; i < t->n; i++) {
        double value = trace_overlay_value(v, overlay, t->word[i].token);
        if (isfinite(value))
            apply_word(&t->word[i], v, overlay, value, most);
    }
}

const char *trace_overlay_missing(const struct view *v)
{
    const struct trace_state *s = trace_state_of(v);
    const struct snap_follow *f = trace_text_follow(v);

    if (!f || (v->facts && v->facts->has_tokens && v->facts->n >= f->tokens_n))
        return "";
    if (s->refused[0])
        return s->refused;
    if (s->is_racing)
        return "the run goes on: computed when it is paused (space) or at an earlier step (<)";
    return v->probing ? "being computed from the weights of that step ..."
                      : "not known: it needs the weights of that step";
}

/* The digits of a scale in their styles, between its ends. Returns the column after it. */
static int draw_digits(struct canvas *c, struct rect r, int row, int col, enum trace_overlay overlay,
                       double most)
{
    char number[FORMAT_BYTES];
    int i;

    col = canvas_text(c, r, row, col, STYLE_DIM, "0 ", -1);
    for (i = 0; i < 10; i++) {
        double part = (i + 0.5) / 10;
        col += canvas_put(c, r, row, col, heat_style(overlay == TRACE_PROBABILITY ? 1 - part : part, 0, 1),
                          (uint32_t)('0' + i));
    }
    return canvas_printf(c, r, row, col + 1, STYLE_DIM, "%s", format_number(number, most));
}

static void scale_experts(struct canvas *c, struct rect r, int row, int col, const struct view *v)
{
    const struct trace_facts *f = v->facts;
    int i;

    col = canvas_printf(c, r, row, col, STYLE_DIM,
                        "of MoE layer %d of %d (e: next), by gate: ", layer_of(v) + 1, f->layers_n);
    for (i = 0; i < f->experts_n && col + 3 < r.w; i++)
        col = canvas_printf(c, r, row, col, heat_style(i, 0, f->experts_n > 1 ? f->experts_n - 1 : 1), "%d ",
                            i + 1);
}

static void scale_ratio(struct canvas *c, struct rect r, int row, int col, const struct trace_state *s)
{
    col = canvas_printf(c, r, row, col, STYLE_DIM, "%sto the old policy, after the step: ",
                        s->is_sequence ? "of the whole sequence " : "");
    col = canvas_printf(c, r, row, col, ratio_style(s, 1 - 2 * s->eps_low), "< %.3g", 1 - s->eps_low);
    col = canvas_text(c, r, row, col + 2, ratio_style(s, 0.97), "-", -1);
    col = canvas_text(c, r, row, col + 1, ratio_style(s, 1), "= 1", -1);
    col = canvas_text(c, r, row, col + 1, ratio_style(s, 1.03), "+", -1);
    canvas_printf(c, r, row, col + 2, ratio_style(s, 1 + 2 * s->eps_high), "> %.3g", 1 + s->eps_high);
}

static void scale_clipped(struct canvas *c, struct rect r, int row, int col, const struct trace_state *s)
{
    int i, n = 0;

    for (i = 0; i < s->terms_n; i++)
        n += s->clipped[i];
    if (s->loss == SHOWN_DPO || s->loss == SHOWN_REINFORCE || s->loss == SHOWN_RLOO) {
        canvas_text(c, r, row, col, STYLE_DIM, "this run's loss has no clip", -1);
        return;
    }
    col = canvas_printf(c, r, row, col, STYLE_HEAT_8, "c %d", n);
    if (s->loss == SHOWN_CISPO) {
        canvas_printf(c, r, row, col, STYLE_DIM, " of %d: would learn with a bounded weight (eps %.3g, %.3g)",
                      s->terms_n, s->eps_low, s->eps_high);
        return;
    }
    canvas_printf(c, r, row, col, STYLE_DIM,
                  " of %d: no gradient, had another update followed (eps %.3g, %.3g)", s->terms_n, s->eps_low,
                  s->eps_high);
}

/* What the marks mean, how many drafts stood, and what that makes of the model's forwards: each gives a token
 * of its own behind the drafts that stood. */
static void scale_drafts(struct canvas *c, struct rect r, int row, int col, const struct view *v)
{
    const struct trace_facts *f = v->facts;
    int i, examined = 0, stood = 0, own = 0, n = f->n < SNAP_TOKENS ? f->n : SNAP_TOKENS;
    char sign[2] = "1";

    for (i = 0; i < n; i++) {
        examined += f->draft[i] != 0;
        stood += (f->draft[i] & FACT_ACCEPTED) != 0;
        own += !(f->draft[i] & FACT_ACCEPTED);
    }
    own += n > 0 && f->draft[n - 1] & FACT_ACCEPTED; /* the last forward's own token is not there yet */
    for (i = 1; i <= f->drafts_n && i <= 9; i++, sign[0]++)
        col = canvas_text(c, r, row, col, draft_style(i), sign, -1) + 1;
    col = canvas_text(c, r, row, col, STYLE_DIM, "stood", -1) + 1;
    col = canvas_text(c, r, row, col, draft_style(-1), "x", -1) + 1;
    col = canvas_text(c, r, row, col, STYLE_DIM, "fell", -1) + 1;
    col = canvas_text(c, r, row, col, draft_style(0), ".", -1) + 1;
    col = canvas_text(c, r, row, col, STYLE_DIM, "own:", -1) + 1;
    col = canvas_printf(c, r, row, col, STYLE_STRONG, "%d of %d", stood, examined);
    if (examined)
        col = canvas_printf(c, r, row, col, STYLE_STRONG, " (%.2f)", (double)stood / examined);
    col = canvas_printf(c, r, row, col, STYLE_DIM, ", %.2f tokens a forward", own ? (double)n / own : 0);
    if (r.w - col > 30)
        canvas_fit(c, r, row, col, r.w - col, STYLE_DIM, "; replayed: stands with min(1, q/p)");
}

/* How an overlay with numbers is read, from column col on. */
static void draw_scale(struct canvas *c, struct rect r, int row, int col, const struct view *v)
{
    const struct trace_state *s = trace_state_of(v);
    const struct snap_trace *t = trace_text_trace(v);

    if (overlays[s->overlay].digits) {
        col = draw_digits(c, r, row, col, s->overlay, greatest(v, s->overlay));
        if (s->overlay == TRACE_PROBABILITY)
            canvas_text(c, r, row, col + 2, STYLE_DIM, "tenths; warm: unlikely", -1);
        else if (s->overlay == TRACE_KL)
            canvas_printf(c, r, row, col + 2, STYLE_DIM, "nats: %s, policy against reference",
                          trace_overlay_estimator(v));
        else if (isfinite(s->forking))
            canvas_printf(c, r, row, col, STYLE_DIM, " nats  * forking: top 20 %% of this %s, from %.2f",
                          s->forking_of_step ? "step" : "trace", s->forking);
    } else if (s->overlay == TRACE_ADVANTAGE && s->loss == SHOWN_PPO) {
        canvas_text(c, r, row, col, STYLE_DIM, "of each token, by the critic: + likelier, - less likely", -1);
    } else if (s->overlay == TRACE_ADVANTAGE) {
        canvas_printf(c, r, row, col, heat_style(t->advantage, -advantage_limit(v), advantage_limit(v)),
                      "%+.3f", (double)t->advantage);
        canvas_text(c, r, row, col + 8, STYLE_DIM,
                    s->loss == SHOWN_DPO ? "of its group; dpo learns from pairs instead (5)"
                                         : "the same for every token of the trace",
                    -1);
    } else if (s->overlay == TRACE_RATIO) {
        scale_ratio(c, r, row, col, s);
    } else if (s->overlay == TRACE_CLIPPED) {
        scale_clipped(c, r, row, col, s);
    } else if (s->overlay == TRACE_DRAFT) {
        scale_drafts(c, r, row, col, v);
    } else {
        scale_experts(c, r, row, col, v);
    }
}

/* Whether the overlay has a number for any token; else *why. */
static int has_values(const struct view *v, const char **why)
{
    const struct trace_state *s = trace_state_of(v);
    const struct snap_follow *f = trace_text_follow(v);
    int i;

    for (i = 0; f && i < f->tokens_n && i < SNAP_TOKENS; i++)
        if (isfinite(trace_overlay_value(v, s->overlay, i)))
            return 1;
    *why = trace_overlay_needs(s->overlay) || (s->overlay == TRACE_ADVANTAGE && s->loss == SHOWN_PPO)
               ? trace_overlay_missing(v)
               : "";
    if (**why)
        return 0;
    *why = s->overlay == TRACE_EXPERT      ? "this model has no experts: it is dense"
           : s->overlay == TRACE_DRAFT     ? "this model has no MTP module: model.mtp_depth is 0"
           : s->overlay == TRACE_ADVANTAGE ? "not known before the rewards are there"
           : s->overlay == TRACE_RATIO || s->overlay == TRACE_CLIPPED
               ? "not known before the step is finished"
               : "not measured";
    return 0;
}

void trace_overlay_scale(struct canvas *c, struct rect r, int row, const struct view *v)
{
    const struct trace_state *s = trace_state_of(v);
    const char *why;
    int col;

    if (s->overlay == TRACE_PLAIN || s->overlay >= TRACE_OVERLAY_N)
        return;
    col = canvas_text(c, r, row, 0, STYLE_STRONG, overlays[s->overlay].name, -1) + 1;
    if (has_values(v, &why))
        draw_scale(c, r, row, col, v);
    else
        canvas_fit(c, r, row, col, r.w - col, STYLE_DIM, why);
}

void trace_probing(struct canvas *c, struct rect r, int row, const struct view *v)
{
    enum { GAUGE = 12 };
    double part = v->probing_progress > 0 ? v->probing_progress < 1 ? v->probing_progress : 1 : 0;
    int room = r.w - GAUGE - 6, col;

    if (!v->probing)
        return;
    col = canvas_fit(c, r, row, 0, room > 8 ? room : r.w, STYLE_ACCENT, v->probing);
    if (room <= 8)
        return;
    meter_gauge(c, r, row, col + 1, GAUGE, part, STYLE_ACCENT);
    canvas_printf(c, r, row, col + GAUGE + 2, STYLE_ACCENT, "%.0f %%", 100 * part);
}
