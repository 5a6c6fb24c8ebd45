/* From the numbers of one token to lines that one can check with a calculator. */
#include "views/objective_text.h"

#include <math.h>
#include <stdio.h>

#include "views/format.h"
#include "views/objective_line.h"

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
    if (x->is_masked)
        str_add(out, "this trace is left out of the loss");
    else if (x->is_warming)
        str_add(out, "a step of rl.critic_warmup: the critic learns, the policy does not");
    else if (x->loss == SHOWN_GRPO)
        str_printf(out, "1/%d · 1/%d (traces, tokens of this one)", x->sequences, x->tokens_n);
    else if (x->loss == SHOWN_DAPO || x->loss == SHOWN_CISPO || x->loss == SHOWN_PPO)
        str_printf(out, x->mini_batches > 1 ? "1 / %.0f tokens" : "1 / %.0f tokens of the batch", x->tokens);
    else if (x->loss == SHOWN_BNPO)
        str_printf(out, "1/%d · 1/%.0f (micro-batches, tokens of this one)", x->micro_batches,
                   x->micro_tokens);
    else if (x->loss == SHOWN_DR_GRPO)
        str_printf(out, "1 / (%d · %d) (traces, length limit)", x->sequences, x->max_length);
    else
        str_printf(out, "1/%d traces", x->sequences);
    if (!x->is_masked && !x->is_warming)
        objective_line_update(x, out);
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
        str_printf(out, "sum of the %d rewards / %d%s", x->G, x->G,
                   x->loss == SHOWN_REINFORCE ? "; not used by reinforce" : "");
    else if (t == TERM_STD)
        str_add(out, x->std == SHOWN_SAMPLE       ? "sqrt(sum (r - mean)^2 / (G - 1))"
                     : x->std == SHOWN_POPULATION ? "sqrt(sum (r - mean)^2 / G)"
                                                  : "not used: rl.std is none");
    else if (x->loss == SHOWN_REINFORCE && x->against == SHOWN_NO_BASELINE)
        str_printf(out, "%s: the reward itself, no baseline", f->of[TERM_REWARD]);
    else if (x->loss == SHOWN_REINFORCE)
        str_printf(out, "%s - %.4f, the %s", f->of[TERM_REWARD], x->baseline,
                   x->against == SHOWN_RUNNING ? "running mean of earlier batches' rewards"
                                               : "mean reward of the batch");
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

/* log(pi / pi_ref) or its negative, with the numbers where it is of one token. */
static void add_gap(const struct objective_state *x, const struct figures *f, int is_policy_first,
                    struct str *out)
{
    if (x->loss == SHOWN_R1)
        str_printf(out, "sum of %d tokens' log(%s)", x->tokens_n, is_policy_first ? "pi/ref" : "ref/pi");
    else if (is_policy_first)
        str_printf(out, "%s - (%s)", f->of[TERM_LOGP], f->of[TERM_REF]);
    else
        str_printf(out, "%s - (%s)", f->of[TERM_REF], f->of[TERM_LOGP]);
}

/* The ratio within the unbiased estimator is the token's own, whatever the loss does with its ratio. */
static void add_own_ratio(const struct objective_state *x, const struct figures *f, struct str *out)
{
    if (x->loss == SHOWN_GSPO)
        str_printf(out, "exp(%s - (%s))", f->of[TERM_LOGP], f->of[TERM_OLD]);
    else
        str_add(out, f->of[TERM_RATIO]);
}

static void add_kl(const struct objective_state *x, const struct figures *f, struct str *out)
{
    static const char *const form[] = {[SHOWN_K3] = "exp(d) - d - 1",
                                       [SHOWN_K1] = "d",
                                       [SHOWN_K2] = "d^2 / 2",
                                       [SHOWN_UNBIASED] = " · (exp(d) - d - 1)"};
    int is_known = !isnan(x->value[TERM_K3]), is_forward = x->kl == SHOWN_K1 || x->kl == SHOWN_K2;

    if (x->kl == SHOWN_UNBIASED)
        add_own_ratio(x, f, out);
    str_add(out, form[x->kl]);
    if (is_known) {
        str_add(out, ", d = ");
        add_gap(x, f, is_forward, out);
    } else {
        str_add(out, "; d needs the reference's log-probability");
    }
    if (x->kl_clamp && !is_forward)
        str_add(out, "; d kept to +-20, k3 to 10");
}

static void add_pull(const struct objective_state *x, const struct figures *f, struct str *out)
{
    if (x->beta == 0) {
        str_add(out, "0: beta is 0");
        return;
    }
    str_printf(out, "weight · %g", x->beta);
    if (x->kl == SHOWN_UNBIASED) {
        str_add(out, " · ");
        add_own_ratio(x, f, out);
    }
    if (x->kl == SHOWN_K3) {
        str_add(out, " · (1 - exp(");
        add_gap(x, f, 0, out);
        str_add(out, "))");
    } else if (x->kl != SHOWN_K1) {
        str_add(out, " · (");
        add_gap(x, f, 1, out);
        str_add(out, ")");
    }
    if (x->loss == SHOWN_GSPO)
        str_add(out, " / |o|");
    if (x->kl == SHOWN_K1)
        str_add(out, ": the same for every token");
}

static void add_gradient(const struct objective_state *x, const struct figures *f, enum objective_term t,
                         struct str *out)
{
    double weight = t == TERM_GRADIENT && x->loss == SHOWN_CISPO ? x->value[TERM_CLIP] : x->value[TERM_RATIO];
    int is_capped = x->ratio_cap > 0 && weight > x->ratio_cap;

    if (x->is_masked || x->is_warming || isnan(x->value[t])) {
        str_add(out, x->is_masked    ? "0: the trace is left out"
                     : x->is_warming ? "0: only the critic learns yet"
                     : isnan(x->value[TERM_ADVANTAGE]) ? "needs the critic's advantage"
                                                       : "needs the reference's log-probability");
        return;
    }
    if (t == TERM_PULL) {
        add_pull(x, f, out);
        return;
    }
    if (x->is_off_policy)
        str_add(out, "0 (stale)");
    else if (t == TERM_GRADIENT && x->clip)
        str_add(out, "0 (clipped)");
    else if (is_capped)
        str_printf(out, "-weight · %g · %s", x->ratio_cap, f->of[TERM_ADVANTAGE]);
    else if (x->loss == SHOWN_CISPO)
        str_printf(out, "-weight · %s · %s", f->of[t == TERM_GRADIENT ? TERM_CLIP : TERM_RATIO],
                   f->of[TERM_ADVANTAGE]);
    else if (shown_is_log(x->loss) && x->ratio_cap == 0)
        str_printf(out, "-weight · %s", f->of[TERM_ADVANTAGE]);
    else
        str_printf(out, "-weight · %s · %s", f->of[TERM_RATIO], f->of[TERM_ADVANTAGE]);
    if (x->loss == SHOWN_GSPO && !(t == TERM_GRADIENT && x->clip))
        str_add(out, " / |o|");
    if (x->beta != 0)
        str_add(out, x->is_found ? " + KL's part" : " + KL's part, unknown");
}

/* What is gained by a token: the smaller branch, or a weighted log-probability. */
static void add_gain(const struct objective_state *x, const struct figures *f, struct str *out)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES];

    if (x->is_off_policy)
        str_printf(out, "0: A < 0 and mean log(pi_old/pi) above %g, rl.off_policy_delta",
                   x->off_policy_delta);
    else if (x->is_capped && shown_is_log(x->loss))
        str_printf(out, "%g · %s · %s, the ratio bounded by rl.ratio_cap", x->ratio_cap,
                   f->of[TERM_ADVANTAGE], f->of[TERM_LOGP]);
    else if (x->is_capped)
        str_printf(out, "%g · %s · (1 + log(%s / %g)), above rl.ratio_cap", x->ratio_cap,
                   f->of[TERM_ADVANTAGE], f->of[TERM_RATIO], x->ratio_cap);
    else if (x->loss == SHOWN_CISPO || (shown_is_log(x->loss) && x->ratio_cap > 0))
        str_printf(out, "%s · %s · %s", f->of[x->loss == SHOWN_CISPO ? TERM_CLIP : TERM_RATIO],
                   f->of[TERM_ADVANTAGE], f->of[TERM_LOGP]);
    else if (shown_is_log(x->loss))
        str_printf(out, "%s · %s", f->of[TERM_ADVANTAGE], f->of[TERM_LOGP]);
    else
        str_printf(out, "min(%s · A = %s, %s · A = %s)", f->of[TERM_RATIO], format_number(a, x->unclipped),
                   f->of[TERM_CLIP], format_number(b, x->clipped));
}

static void add_token_term(const struct objective_state *x, const struct figures *f, enum objective_term t,
                           struct str *out)
{
    switch (t) {
    case TERM_LOGP:
    case TERM_OLD:
    case TERM_REF:
        if (isnan(x->value[t]))
            str_add(out, "not on record: found out by replaying the step");
        else
            str_printf(out, x->value[t] > -0.005 ? "probability %.5f" : "probability %.3g", exp(x->value[t]));
        break;
    case TERM_RATIO: add_ratio(x, f, out); break;
    case TERM_CLIP:
        if (shown_is_log(x->loss) && x->loss != SHOWN_CISPO)
            str_add(out, x->ratio_cap > 0 ? "not used: the ratio is bounded by rl.ratio_cap alone"
                                          : "not used: there is no ratio in this loss");
        else
            str_printf(out, "kept within %g … %g", 1 - x->eps_low, 1 + x->eps_high);
        break;
    case TERM_MIN: add_gain(x, f, out); break;
    case TERM_K3: add_kl(x, f, out); break;
    case TERM_PENALTY: str_printf(out, "%g · %s", x->beta, f->of[TERM_K3]); break;
    default: break;
    }
}

static void add_sum(const struct objective_state *x, const struct figures *f, enum objective_term t,
                    struct str *out)
{
    char number[FORMAT_BYTES], mean[48] = "";

    if (x->updates > 1)
        snprintf(mean, sizeof mean, ", mean of %d updates", x->updates);
    if (t == TERM_TOKEN) {
        str_printf(out, "-weight · (%s - %s", f->of[TERM_MIN], f->of[TERM_PENALTY]);
        if (x->entropy != 0)
            str_printf(out, " + %s", f->of[TERM_BONUS]);
        str_printf(out, ")%s", x->loss == SHOWN_GSPO ? " / |o|" : "");
    } else if (t == TERM_TRACE) {
        str_printf(out, x->loss == SHOWN_R1 ? "one term for all %d tokens" : "sum over its %d tokens",
                   x->tokens_n);
        if (x->loss == SHOWN_PPO)
            str_add(out, ", the critic's loss left out");
    } else if (shown_is_log(x->loss)) {
        str_printf(out, "needs every token's log-probability; policy_loss on record: %s%s",
                   format_number(number, x->policy_loss), mean);
    } else {
        str_printf(out, "%d traces at ratio 1; policy_loss on record: %s%s", x->step_sequences,
                   format_number(number, x->policy_loss), mean);
    }
}

void objective_working(const struct view *v, enum objective_term t, struct str *out)
{
    const struct objective_state *x = v->objective;
    struct figures f;
    int i;

    for (i = 0; i < TERM_N; i++)
        if (isnan(x->value[i]))
            snprintf(f.of[i], FIGURE_BYTES, "?");
        else
            objective_figure(f.of[i], x, (enum objective_term)i);
    if (!x->is_scored && (t < TERM_LOGP || t > TERM_OLD))
        str_add(out, "known once the trace has its reward");
    else if (t == TERM_REWARD)
        add_rewards(v, out);
    else if (objective_line_pair(x, &f, t, out) || objective_line_critic(x, &f, t, out))
        return;
    else if (t <= TERM_ADVANTAGE)
        add_group(x, &f, t, out);
    else if (t <= TERM_PENALTY)
        add_token_term(x, &f, t, out);
    else if (t == TERM_WEIGHT)
        add_weight(x, out);
    else if (t == TERM_GRADIENT || t == TERM_NO_CLIP || t == TERM_PULL)
        add_gradient(x, &f, t, out);
    else if (t == TERM_ENTROPY)
        str_printf(out, x->loss == SHOWN_R1 ? "of the distributions of its %d tokens, summed"
                                            : "-sum p log p of what token %d was drawn from",
                   x->loss == SHOWN_R1 ? x->tokens_n : x->token);
    else if (t == TERM_BONUS)
        str_printf(out, "%g · %s", x->entropy, f.of[TERM_ENTROPY]);
    else
        add_sum(x, &f, t, out);
}
