/* Lines of the figures that only one kind of loss has: a critic's, and a pair's. */
#include "views/objective_line.h"

#include <math.h>

#include "views/format.h"

static const char not_known[] = "not on record: found out by replaying the step";

static void add_gradient(const struct objective_state *x, const struct figures *f, struct str *out)
{
    if (!x->own_pairs_n) {
        str_add(out, "0: this trace is in no pair");
        return;
    }
    str_printf(out, "%sweight · %g · %s", x->is_chosen ? "-" : "", x->dpo_beta, f->of[TERM_SIGMA]);
    if (x->own_pairs_n > 1)
        str_printf(out, ", and so on: the sum over its %d pairs", x->own_pairs_n);
    else
        str_add(out, ", for every token of this trace");
}

static void add_sum(const struct objective_state *x, enum objective_term t, struct str *out)
{
    int is_chosen = t == TERM_CHOSEN || t == TERM_CHOSEN_REF, is_own = is_chosen == x->is_chosen;

    if (x->other_index < 0)
        str_add(out, "this trace is in no pair");
    else if (isnan(x->value[t]))
        str_add(out, not_known);
    else
        str_printf(out, "sum over the tokens of completion %d%s", (is_own ? x->index : x->other_index) + 1,
                   is_own ? ", this one" : "");
}

static void add_record(const struct objective_state *x, struct str *out)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES];

    str_printf(out, "the mean over %d pairs, on record; their margin %s, ranked right %s", x->pairs_n,
               format_number(a, x->margin), format_number(b, x->accuracy));
}

void objective_line_update(const struct objective_state *x, struct str *out)
{
    if (x->mini_batches < 2)
        return;
    str_printf(out, "; of mini-batch %d of %d", x->mini_batch, x->mini_batches);
    if (x->epochs > 1)
        str_printf(out, " in the first of %d epochs", x->epochs);
}

int objective_line_pair(const struct objective_state *x, const struct figures *f, enum objective_term t,
                        struct str *out)
{
    if (x->loss != SHOWN_DPO)
        return 0;
    switch (t) {
    case TERM_CHOSEN:
    case TERM_CHOSEN_REF:
    case TERM_REJECTED:
    case TERM_REJECTED_REF: add_sum(x, t, out); break;
    case TERM_MARGIN:
        if (x->other_index < 0)
            str_add(out, "this trace is in no pair");
        else
            str_printf(out, "%g · ((%s - (%s)) - (%s - (%s)))", x->dpo_beta, f->of[TERM_CHOSEN],
                       f->of[TERM_CHOSEN_REF], f->of[TERM_REJECTED], f->of[TERM_REJECTED_REF]);
        break;
    case TERM_SIGMA: str_printf(out, "1 / (1 + exp(%s))", f->of[TERM_MARGIN]); break;
    case TERM_PAIR:
        str_printf(out, "log(1 + exp(-(%s)))", f->of[TERM_MARGIN]);
        if (x->own_pairs_n > 1)
            str_printf(out, ", of pair %d/%d", x->pair + 1, x->own_pairs_n);
        break;
    case TERM_WEIGHT:
        if (!x->own_pairs_n)
            str_add(out, "this trace is in no pair");
        else
            str_printf(out, x->mini_batches > 1 ? "1/%d pairs" : "1/%d pairs of the step", x->part_pairs_n);
        objective_line_update(x, out);
        break;
    case TERM_GRADIENT: add_gradient(x, f, out); break;
    case TERM_BATCH: add_record(x, out); break;
    default: return 0;
    }
    return 1;
}

static void add_return(const struct objective_state *x, const struct figures *f, struct str *out)
{
    int is_whole = x->gae_lambda == 1 && x->gae_gamma == 1;

    if (is_whole && x->kl_reward == 0)
        str_add(out, "the trace's reward: lambda and gamma are 1");
    else if (is_whole)
        str_add(out, "all rewards from here on, those of rl.kl_reward too");
    else
        str_printf(out, "%s + (%s)", f->of[TERM_VALUE], f->of[TERM_GAE]);
}

/* The recursion from the token after this one. */
static void add_gae(const struct objective_state *x, const struct figures *f, struct str *out)
{
    char a[FORMAT_BYTES], b[FORMAT_BYTES], c[FORMAT_BYTES];

    str_printf(out, "r %s + %g · V' %s - %s + %g · A' %s", format_number(a, x->token_reward), x->gae_gamma,
               format_number(b, x->next_value), f->of[TERM_VALUE], x->gae_gamma * x->gae_lambda,
               format_number(c, x->next_gae));
}

static void add_value_loss(const struct objective_state *x, const struct figures *f, struct str *out)
{
    char now[FORMAT_BYTES];

    if (x->is_masked) {
        str_add(out, "0: the trace is left out");
        return;
    }
    format_number(now, x->value_now);
    str_printf(out, "%g · 1/%.0f · 1/2 · ", x->value_weight, x->tokens);
    if (x->value_clip > 0 && x->value_clipped)
        str_printf(out, "(clip(%s, %s +- %g) - %s)^2", now, f->of[TERM_VALUE], x->value_clip,
                   f->of[TERM_RETURN]);
    else
        str_printf(out, "(%s - %s)^2", now, f->of[TERM_RETURN]);
}

int objective_line_critic(const struct objective_state *x, const struct figures *f, enum objective_term t,
                          struct str *out)
{
    int is_own =
        t == TERM_ADVANTAGE || t == TERM_VALUE || t == TERM_RETURN || t == TERM_GAE || t == TERM_VALUE_LOSS;

    if (x->loss != SHOWN_PPO || !is_own)
        return 0;
    if (isnan(x->value[t])) {
        str_add(out, !x->is_committed ? t == TERM_ADVANTAGE || t == TERM_VALUE
                                            ? "the critic's: after the update"
                                            : "after the step's end"
                     : t == TERM_ADVANTAGE ? "the critic's; found out by taking the step once more"
                                           : not_known);
        return 1;
    }
    switch (t) {
    case TERM_VALUE: str_add(out, "the value head, by the weights that sampled"); break;
    case TERM_RETURN: add_return(x, f, out); break;
    case TERM_GAE: add_gae(x, f, out); break;
    case TERM_VALUE_LOSS: add_value_loss(x, f, out); break;
    default:
        if (x->is_masked)
            str_add(out, "0: the trace is left out");
        else if (isnan(x->value[TERM_GAE]))
            str_add(out, "the critic's, of this token");
        else if (x->normalises)
            str_printf(out, "(%s - (%.4f)) / %.4f, mean and std of all tokens", f->of[TERM_GAE],
                       x->advantage_mean, x->advantage_std);
        else
            str_printf(out, "%s, not normalised", f->of[TERM_GAE]);
    }
    return 1;
}
