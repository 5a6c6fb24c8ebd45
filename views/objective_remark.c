/* What there is to say of a figure's value in words. */
#include <math.h>

#include "views/explain.h"
#include "views/objective_text.h"

static const char *remark_advantage(const struct objective_state *x)
{
    double A = x->value[TERM_ADVANTAGE];

    if (isnan(A))
        return "";
    if (x->loss == SHOWN_PPO)
        return A > 0   ? "better than the critic expected: the token is to become likelier"
               : A < 0 ? "worse than the critic expected: the token is to become less likely"
                       : "teaches nothing";
    if (x->loss == SHOWN_REINFORCE)
        return A > 0   ? "its tokens are to become likelier"
               : A < 0 ? "its tokens are to become less likely"
                       : "teaches nothing";
    return x->is_flat ? "nothing to compare: the group teaches nothing"
           : A > 0    ? "better than its group: its tokens are to become likelier"
           : A < 0    ? "worse than its group: its tokens are to become less likely"
                      : "exactly the group's mean";
}

static const char *remark_ratio(const struct objective_state *x)
{
    double ratio = x->value[TERM_RATIO];

    return isnan(ratio)   ? ""
           : !x->is_found ? "1 until the weights after the step are found out"
           : !x->is_after
               ? x->updates == 1 ? "exactly 1: one update a rollout" : "1 at the first update of the rollout"
           : ratio > 1 ? "likelier than when it was sampled"
           : ratio < 1 ? "less likely than when it was sampled"
                       : "unchanged";
}

static const char *remark_clip(const struct objective_state *x)
{
    double ratio = x->value[TERM_RATIO];

    return isnan(ratio) || isnan(x->value[TERM_CLIP]) ? ""
           : ratio > 1 + x->eps_high                  ? "above the range"
           : ratio < 1 - x->eps_low                   ? "below the range"
                                                      : "inside the range: nothing is clipped";
}

static const char *remark_min(const struct objective_state *x)
{
    return isnan(x->value[TERM_MIN]) || x->is_off_policy ? ""
           : x->loss == SHOWN_CISPO ? "the weight is a constant of the gradient: clipped tokens still learn"
           : x->is_capped && !shown_is_log(x->loss)    ? "beyond the cap it grows with log(ratio) only"
           : shown_is_log(x->loss) && x->ratio_cap > 0 ? "the bounded ratio is a constant of the gradient"
           : shown_is_log(x->loss) ? "no ratio corrects for weights that have moved since sampling"
           : x->clip > 0           ? "the clipped branch: enough of a good thing"
           : x->clip < 0           ? "the clipped branch: it has fallen enough"
           : x->unclipped == x->clipped
               ? "both are the same"
               : "the plain branch, though the ratio has left the range: A asks for the way back";
}

static const char *remark_gradient(const struct objective_state *x)
{
    if (x->is_masked)
        return "left out: passes no gradient";
    if (x->is_warming)
        return "the critic warms up: the policy gets no gradient";
    if (x->is_off_policy)
        return "stale: only the reference pulls";
    if (x->loss == SHOWN_DPO && !x->own_pairs_n)
        return x->is_flat ? "all rewards of the group are equal: it makes no pair"
                          : "this trace is in no pair: passes no gradient";
    if (x->loss == SHOWN_DPO)
        return isnan(x->value[TERM_GRADIENT]) ? "not known"
               : x->value[TERM_GRADIENT] < 0  ? "raises every token of this trace"
                                              : "lowers every token of this trace";
    return explain_gradient(x->value[TERM_GRADIENT], x->value[TERM_ADVANTAGE], x->clip, x->value[TERM_PULL]);
}

static const char *remark_margin(const struct objective_state *x)
{
    double m = x->value[TERM_MARGIN];

    return isnan(m) ? ""
           : m > 0  ? "ranked right: the policy prefers the chosen one more than the reference does"
           : m < 0  ? "ranked wrong: the policy prefers the rejected one more than the reference does"
                    : "0: the policy is the reference";
}

const char *objective_remark(const struct objective_state *x, enum objective_term t)
{
    switch (t) {
    case TERM_ADVANTAGE: return remark_advantage(x);
    case TERM_RATIO: return remark_ratio(x);
    case TERM_CLIP: return remark_clip(x);
    case TERM_MIN: return remark_min(x);
    case TERM_GRADIENT: return remark_gradient(x);
    case TERM_MARGIN: return remark_margin(x);
    case TERM_NO_CLIP:
        return isnan(x->value[t]) || x->is_masked || x->is_warming ? ""
               : x->value[t] != x->value[TERM_GRADIENT] && x->loss == SHOWN_CISPO
                   ? "clip bounds this push from above and from below"
               : x->clip ? "clip stops this push"
                         : "the same: clip does nothing here";
    case TERM_PULL:
        return !(fabs(x->value[t]) > 0) ? ""
               : x->kl == SHOWN_K1      ? "down, wherever the reference is"
               : x->value[t] < 0        ? "up, towards the reference"
                                        : "down, towards the reference";
    case TERM_WEIGHT:
        return !x->is_masked ? ""
               : x->is_flat  ? "rl.drop_flat leaves flat groups out"
                             : "rl.cut_off leaves cut-off traces out";
    case TERM_BONUS: return "its gradient goes to the whole distribution, not to this token alone";
    case TERM_VALUE_LOSS:
        return isnan(x->value[t]) || !x->value_clipped ? "" : "clipped: the critic gets no gradient here";
    case TERM_SIGMA: return isnan(x->value[t]) ? "" : "how much this pair still pushes";
    default: return "";
    }
}

const char *objective_moment(const struct objective_state *x)
{
    return x->is_after ? "after the step" : x->is_found ? "at the update" : "as sampled";
}
