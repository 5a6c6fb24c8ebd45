/* From the numbers of one token to lines that one can check with a calculator. */
#include "views/objective_text.h"

#include <math.h>
#include <stdio.h>

#include "views/explain.h"
#include "views/format.h"

const char *objective_symbol(const struct objective_state *x, enum objective_term t, int ascii)
{
    static const char *const letters[TERM_N][2] = {
        [TERM_REWARD] = {"rᵢ", "r_i"},
        [TERM_MEAN] = {"mean(r)", "mean(r)"},
        [TERM_STD] = {"std(r)", "std(r)"},
        [TERM_ADVANTAGE] = {"Aᵢ", "A_i"},
        [TERM_LOGP] = {"log π", "log pi"},
        [TERM_OLD] = {"log π_old", "log pi_old"},
        [TERM_RATIO] = {"ρₜ", "ratio"},
        [TERM_CLIP] = {"clip(ρₜ)", "clip(ratio)"},
        [TERM_MIN] = {"min(·,·)", "min(.,.)"},
        [TERM_REF] = {"log π_ref", "log pi_ref"},
        [TERM_K3] = {"KLₜ", "KL"},
        [TERM_PENALTY] = {"β KLₜ", "beta KL"},
        [TERM_WEIGHT] = {"weight", "weight"},
        [TERM_TOKEN] = {"token's loss", "token's loss"},
        [TERM_GRADIENT] = {"∂loss/∂log π", "gradient"},
        [TERM_NO_CLIP] = {"… without clip", ".. without clip"},
        [TERM_PULL] = {"… KL's part", ".. KL's part"},
        [TERM_TRACE] = {"trace's loss", "trace's loss"},
        [TERM_BATCH] = {"all traces", "all traces"},
    };

    if (x->loss == SHOWN_R1 || x->loss == SHOWN_GSPO) {
        if (t == TERM_RATIO)
            return ascii ? "ratio" : x->loss == SHOWN_R1 ? "ρᵢ" : "sᵢ";
        if (t == TERM_CLIP)
            return ascii ? "clip(ratio)" : x->loss == SHOWN_R1 ? "clip(ρᵢ)" : "clip(sᵢ)";
        if (x->loss == SHOWN_R1 && (t == TERM_K3 || t == TERM_PENALTY))
            return ascii ? letters[t][1] : t == TERM_K3 ? "KLᵢ" : "β KLᵢ";
    }
    if (t == TERM_MIN && shown_is_log(x->loss))
        return x->loss != SHOWN_CISPO ? ascii ? "A log pi" : "A log π"
               : ascii                ? "clip A log pi"
                                      : "clip A log π";
    return letters[t][ascii != 0];
}

const char *objective_figure(char out[FIGURE_BYTES], const struct objective_state *x, enum objective_term t)
{
    double v = x->value[t];
    char number[FORMAT_BYTES];

    if (isnan(v))
        snprintf(out, FIGURE_BYTES, "-");
    else if ((t == TERM_RATIO || t == TERM_CLIP) && fabs(v) < 100)
        snprintf(out, FIGURE_BYTES, v != 1 && fabs(v - 1) < 0.001 ? "%.7f" : "%.4f", v);
    else if (t == TERM_LOGP || t == TERM_OLD || t == TERM_REF)
        snprintf(out, FIGURE_BYTES, fabs(v) < 0.01 ? "%.4g" : "%.4f", v);
    else if ((t <= TERM_STD || t == TERM_MIN) && (v == 0 || (fabs(v) >= 0.001 && fabs(v) < 100)))
        snprintf(out, FIGURE_BYTES, "%.4f", v);
    else if (t == TERM_ADVANTAGE)
        snprintf(out, FIGURE_BYTES, v == 0 ? "0" : "%+.4f", v);
    else if ((t == TERM_GRADIENT || t == TERM_NO_CLIP || t == TERM_PULL) && v > 0)
        snprintf(out, FIGURE_BYTES, "+%s", format_number(number, v));
    else
        snprintf(out, FIGURE_BYTES, "%s", format_number(number, v));
    return out;
}

/* A value as it stands in another term's line: a question mark where it is not known. */
struct figures {
    char of[TERM_N][FIGURE_BYTES];
};

static void add_rewards(const struct view *v, struct str *out)
{
    const struct snapshot *s = v->now;
    const struct objective_state *x = v->objective;
    char number[FORMAT_BYTES];
    int i;

    for (i = 0; s && i < x->G && (x->group + 1) * s->group_size <= SNAP_TRACES; i++)
        str_printf(out, i == x->index ? "%s[%s]" : "%s%s", i ? " " : "",
                   format_number(number, (double)s->trace[x->group * s->group_size + i].reward));
}

static void add_weight(const struct objective_state *x, struct str *out)
{
    double S = (double)x->sequences / x->mini_batches;

    if (x->is_masked)
        str_add(out, "this trace is left out of the loss");
    else if (x->loss == SHOWN_GRPO)
        str_printf(out, "1/%g · 1/%d (traces, tokens of this one)", S, x->tokens_n);
    else if (x->loss == SHOWN_DAPO || x->loss == SHOWN_CISPO)
        str_printf(out, "1 / %.0f tokens of the batch", x->tokens / x->mini_batches);
    else if (x->loss == SHOWN_BNPO)
        str_printf(out, "1/%d · 1/%.0f (micro-batches, tokens of this one)", x->micro_batches,
                   x->micro_tokens / x->mini_batches);
    else if (x->loss == SHOWN_DR_GRPO)
        str_printf(out, "1 / (%g · %d) (traces, length limit)", S, x->max_length);
    else
        str_printf(out, "1/%g traces", S);
    if (x->mini_batches > 1 && !x->is_masked)
        str_printf(out, "; a mini-batch is 1/%d of them, about", x->mini_batches);
}

static void add_ratio(const struct objective_state *x, const struct figures *f, struct str *out)
{
    if (x->loss == SHOWN_R1)
        str_printf(out, "exp(sum of %d tokens' log-ratios)", x->tokens_n);
    else if (x->loss == SHOWN_GSPO)
        str_printf(out, "exp(mean of %d tokens' log-ratios)", x->tokens_n);
    else
        str_printf(out, "exp(%s - (%s))", f->of[TERM_LOGP], f->of[TERM_OLD]);
}

static void add_group(const struct objective_state *x, const struct figures *f, enum objective_term t,
                      struct str *out)
{
    if (t == TERM_STD && (x->loss == SHOWN_RLOO || x->loss == SHOWN_REINFORCE))
        str_printf(out, "not used by %s", x->loss == SHOWN_RLOO ? "rloo" : "reinforce");
    else if (t == TERM_MEAN)
        str_printf(out, "sum of the %d rewards / %d", x->G, x->G);
    else if (t == TERM_STD)
        str_add(out, x->std == SHOWN_SAMPLE       ? "sqrt(sum (r - mean)^2 / (G - 1))"
                     : x->std == SHOWN_POPULATION ? "sqrt(sum (r - mean)^2 / G)"
                                                  : "not used: rl.std is none");
    else if (x->loss == SHOWN_REINFORCE && !x->has_baseline)
        str_printf(out, "%s: the reward itself, no baseline", f->of[TERM_REWARD]);
    else if (x->loss == SHOWN_REINFORCE)
        str_printf(out, "%s - %.4f, the mean reward of the batch", f->of[TERM_REWARD], x->baseline);
    else if (x->is_flat)
        str_add(out, "0: all rewards of the group are equal");
    else if (x->loss == SHOWN_RLOO)
        str_printf(out, "%d/%d · (%s - %s): less the mean of the others", x->G, x->G - 1, f->of[TERM_REWARD],
                   f->of[TERM_MEAN]);
    else if (x->std == SHOWN_NONE)
        str_printf(out, "%s - %s", f->of[TERM_REWARD], f->of[TERM_MEAN]);
    else
        str_printf(out, "(%s - %s) / (%s + 0.0001)", f->of[TERM_REWARD], f->of[TERM_MEAN], f->of[TERM_STD]);
}

static void add_gradient(const struct objective_state *x, const struct figures *f, enum objective_term t,
                         struct str *out)
{
    if (x->is_masked || isnan(x->value[t])) {
        str_add(out, x->is_masked ? "0: the trace is left out" : "needs the reference's log-probability");
        return;
    }
    if (t == TERM_PULL) {
        str_printf(out, x->beta == 0 ? "0: beta is 0" : "weight · %g · (1 - exp(%s - (%s)))", x->beta,
                   f->of[TERM_REF], f->of[TERM_LOGP]);
        return;
    }
    if (t == TERM_GRADIENT && x->clip)
        str_add(out, "0 (clipped)");
    else if (x->loss == SHOWN_CISPO)
        str_printf(out, "-weight · %s · %s", f->of[t == TERM_GRADIENT ? TERM_CLIP : TERM_RATIO],
                   f->of[TERM_ADVANTAGE]);
    else if (shown_is_log(x->loss))
        str_printf(out, "-weight · %s", f->of[TERM_ADVANTAGE]);
    else
        str_printf(out, "-weight · %s · %s", f->of[TERM_RATIO], f->of[TERM_ADVANTAGE]);
    if (x->beta != 0)
        str_add(out, x->is_found ? " + KL's part" : " + KL's part, unknown");
}

static void add_token_term(const struct objective_state *x, const struct figures *f, enum objective_term t,
                           struct str *out)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES];

    switch (t) {
    case TERM_LOGP:
    case TERM_OLD:
    case TERM_REF:
        if (isnan(x->value[t]))
            str_add(out, "not on record; it is found out by replaying the step");
        else
            str_printf(out, x->value[t] > -0.005 ? "probability %.5f" : "probability %.3g", exp(x->value[t]));
        break;
    case TERM_RATIO: add_ratio(x, f, out); break;
    case TERM_CLIP:
        if (shown_is_log(x->loss) && x->loss != SHOWN_CISPO) {
            str_add(out, "not used: there is no ratio in this loss");
            break;
        }
        str_printf(out, "kept within %g … %g", 1 - x->eps_low, 1 + x->eps_high);
        break;
    case TERM_MIN:
        if (shown_is_log(x->loss)) {
            str_printf(out, x->loss == SHOWN_CISPO ? "%s · %s · %s" : "%.0s%s · %s", f->of[TERM_CLIP],
                       f->of[TERM_ADVANTAGE], f->of[TERM_LOGP]);
            break;
        }
        str_printf(out, "min(%s · A = %s, %s · A = %s)", f->of[TERM_RATIO], format_number(a, x->unclipped),
                   f->of[TERM_CLIP], format_number(b, x->clipped));
        break;
    case TERM_K3:
        if (isnan(x->value[t]))
            str_add(out, "exp(d) - d - 1; d needs the reference's log-probability");
        else
            str_printf(out, "exp(d) - d - 1, d = %s - (%s)", f->of[TERM_REF], f->of[TERM_LOGP]);
        break;
    case TERM_PENALTY: str_printf(out, "%g · %s", x->beta, f->of[TERM_K3]); break;
    default: break;
    }
}

void objective_working(const struct view *v, enum objective_term t, struct str *out)
{
    const struct objective_state *x = v->objective;
    struct figures f;
    char number[FORMAT_BYTES];
    int i;

    for (i = 0; i < TERM_N; i++)
        if (isnan(x->value[i]))
            snprintf(f.of[i], FIGURE_BYTES, "?");
        else
            objective_figure(f.of[i], x, (enum objective_term)i);
    if (!x->is_scored && (t < TERM_LOGP || t > TERM_OLD)) {
        str_add(out, "known once the trace has its reward");
        return;
    }
    if (t == TERM_REWARD)
        add_rewards(v, out);
    else if (t <= TERM_ADVANTAGE)
        add_group(x, &f, t, out);
    else if (t <= TERM_PENALTY)
        add_token_term(x, &f, t, out);
    else if (t == TERM_WEIGHT)
        add_weight(x, out);
    else if (t == TERM_TOKEN)
        str_printf(out, "-weight · (%s - %s)%s", f.of[TERM_MIN], f.of[TERM_PENALTY],
                   x->loss == SHOWN_GSPO ? " / |o|" : "");
    else if (t <= TERM_PULL)
        add_gradient(x, &f, t, out);
    else if (t == TERM_TRACE)
        str_printf(out, x->loss == SHOWN_R1 ? "one term for all %d tokens" : "sum over its %d tokens",
                   x->tokens_n);
    else if (shown_is_log(x->loss))
        str_printf(out, "needs every token's log-probability; policy_loss on record: %s",
                   format_number(number, x->policy_loss));
    else
        str_printf(out, "%d traces at ratio 1; policy_loss on record: %s", x->sequences,
                   format_number(number, x->policy_loss));
}

const char *objective_remark(const struct objective_state *x, enum objective_term t)
{
    double ratio = x->value[TERM_RATIO];

    switch (t) {
    case TERM_ADVANTAGE:
        return isnan(x->value[t])              ? ""
               : x->loss == SHOWN_REINFORCE    ? x->value[t] > 0   ? "its tokens are to become likelier"
                                                 : x->value[t] < 0 ? "its tokens are to become less likely"
                                                                   : "teaches nothing"
               : x->is_flat       ? "nothing to compare: the group teaches nothing"
               : x->value[t] > 0  ? "better than its group: its tokens are to become likelier"
               : x->value[t] < 0  ? "worse than its group: its tokens are to become less likely"
                                  : "exactly the group's mean";
    case TERM_RATIO:
        return isnan(ratio)   ? ""
               : !x->is_found ? "1 until the weights after the step are found out"
               : !x->is_after ? x->updates == 1 ? "exactly 1: one update a rollout"
                                                : "1 at the first update of the rollout"
               : ratio > 1    ? "likelier than when it was sampled"
               : ratio < 1    ? "less likely than when it was sampled"
                              : "unchanged";
    case TERM_CLIP:
        return isnan(ratio) || isnan(x->value[t]) ? ""
               : ratio > 1 + x->eps_high ? "above the range"
               : ratio < 1 - x->eps_low  ? "below the range"
                                         : "inside the range: nothing is clipped";
    case TERM_MIN:
        return isnan(x->value[t]) ? ""
               : x->loss == SHOWN_CISPO
                   ? "the weight is a constant of the gradient: clipped tokens still learn"
               : shown_is_log(x->loss) ? "no ratio corrects for weights that have moved since sampling"
               : x->clip > 0           ? "the clipped branch: enough of a good thing"
               : x->clip < 0           ? "the clipped branch: it has fallen enough"
               : x->unclipped == x->clipped
                   ? "both are the same"
                   : "the plain branch, though the ratio has left the range: A asks for the way back";
    case TERM_GRADIENT:
        return x->is_masked
                   ? "left out: passes no gradient"
                   : explain_gradient(x->value[t], x->value[TERM_ADVANTAGE], x->clip, x->value[TERM_PULL]);
    case TERM_NO_CLIP:
        return isnan(x->value[t]) || x->is_masked ? ""
               : x->value[t] != x->value[TERM_GRADIENT] && x->loss == SHOWN_CISPO
                   ? "clip bounds this push from above and from below"
               : x->clip                          ? "clip stops this push"
                                                  : "the same: clip does nothing here";
    case TERM_PULL:
        return !(fabs(x->value[t]) > 0) ? ""
               : x->value[t] < 0        ? "up, towards the reference"
                                        : "down, towards the reference";
    case TERM_WEIGHT:
        return !x->is_masked ? ""
               : x->is_flat  ? "rl.drop_flat leaves flat groups out"
                             : "rl.cut_off leaves cut-off traces out";
    default: return "";
    }
}

const char *objective_moment(const struct objective_state *x)
{
    return x->is_after ? "after the step" : x->is_found ? "at the update" : "as sampled";
}
