/* Which figures a loss has, how its formula writes them, and their values in few columns. */
#include <math.h>
#include <stdio.h>

#include "views/format.h"
#include "views/objective_text.h"

int objective_terms(const struct objective_state *x, enum objective_term out[TERM_N])
{
    static const enum objective_term pair[] = {
        TERM_REWARD, TERM_LOGP,  TERM_REF,  TERM_CHOSEN, TERM_CHOSEN_REF, TERM_REJECTED, TERM_REJECTED_REF,
        TERM_MARGIN, TERM_SIGMA, TERM_PAIR, TERM_WEIGHT, TERM_GRADIENT,   TERM_BATCH};
    static const enum objective_term critic[] = {TERM_VALUE, TERM_RETURN, TERM_GAE};
    int n = 0, t;
    size_t i;

    if (x->loss == SHOWN_DPO) {
        for (i = 0; i < sizeof pair / sizeof *pair; i++)
            out[n++] = pair[i];
        return n;
    }
    for (t = 0; t <= TERM_BATCH; t++) {
        if (x->loss == SHOWN_PPO && (t == TERM_MEAN || t == TERM_STD))
            continue;
        out[n++] = (enum objective_term)t;
        for (i = 0; x->loss == SHOWN_PPO && t == TERM_REWARD && i < sizeof critic / sizeof *critic; i++)
            out[n++] = critic[i];
        if (x->entropy != 0 && t == TERM_PENALTY) {
            out[n++] = TERM_ENTROPY;
            out[n++] = TERM_BONUS;
        }
        if (x->loss == SHOWN_PPO && t == TERM_PULL)
            out[n++] = TERM_VALUE_LOSS;
    }
    return n;
}

enum objective_term objective_term_at(const struct objective_state *x, int row)
{
    enum objective_term term[TERM_N];
    int n = objective_terms(x, term);

    return term[row < 0 ? 0 : row < n ? row : n - 1];
}

/* What only some losses write otherwise; NULL: as all do. */
static const char *own_symbol(const struct objective_state *x, enum objective_term t, int ascii)
{
    int is_r1 = x->loss == SHOWN_R1;

    if (is_r1 || x->loss == SHOWN_GSPO) {
        if (t == TERM_RATIO)
            return ascii ? "ratio" : is_r1 ? "ρᵢ" : "sᵢ";
        if (t == TERM_CLIP)
            return ascii ? "clip(ratio)" : is_r1 ? "clip(ρᵢ)" : "clip(sᵢ)";
        if (is_r1 && (t == TERM_K3 || t == TERM_PENALTY) && !ascii)
            return t == TERM_K3 ? "KLᵢ" : "β KLᵢ";
    }
    if (t == TERM_MIN && shown_is_log(x->loss))
        return x->loss != SHOWN_CISPO ? ascii ? "A log pi" : "A log π"
               : ascii                ? "clip A log pi"
                                      : "clip A log π";
    if (t == TERM_ADVANTAGE && x->loss == SHOWN_PPO)
        return ascii ? "A_t" : "Aₜ";
    if (t == TERM_BATCH && x->loss == SHOWN_DPO)
        return "all pairs";
    return NULL;
}

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
        [TERM_ENTROPY] = {"Hₜ", "entropy"},
        [TERM_BONUS] = {"η Hₜ", "bonus"},
        [TERM_VALUE] = {"Vₜ", "V_t"},
        [TERM_RETURN] = {"Rₜ", "R_t"},
        [TERM_GAE] = {"Rₜ - Vₜ", "R_t - V_t"},
        [TERM_VALUE_LOSS] = {"critic's loss", "critic's loss"},
        [TERM_CHOSEN] = {"log π(chosen)", "logp chosen"},
        [TERM_CHOSEN_REF] = {"log ref(ch.)", "ref chosen"},
        [TERM_REJECTED] = {"log π(reject.)", "logp rejected"},
        [TERM_REJECTED_REF] = {"log ref(rej.)", "ref rejected"},
        [TERM_MARGIN] = {"margin m", "margin m"},
        [TERM_SIGMA] = {"σ(-m)", "sigma(-m)"},
        [TERM_PAIR] = {"-log σ(m)", "-log sigma(m)"},
    };
    const char *own = own_symbol(x, t, ascii);

    return own ? own : letters[t][ascii != 0];
}

static int is_gradient(enum objective_term t)
{
    return t == TERM_GRADIENT || t == TERM_NO_CLIP || t == TERM_PULL;
}

const char *objective_figure(char out[FIGURE_BYTES], const struct objective_state *x, enum objective_term t)
{
    double v = x->value[t];
    char number[FORMAT_BYTES];
    int is_logp =
            t == TERM_LOGP || t == TERM_OLD || t == TERM_REF || (t >= TERM_CHOSEN && t <= TERM_REJECTED_REF),
        is_plain = t <= TERM_STD || t == TERM_MIN || t == TERM_ENTROPY || t == TERM_VALUE ||
                   t == TERM_RETURN || t == TERM_SIGMA || t == TERM_PAIR || t == TERM_MARGIN;

    if (isnan(v))
        snprintf(out, FIGURE_BYTES, "-");
    else if ((t == TERM_RATIO || t == TERM_CLIP) && fabs(v) < 100)
        snprintf(out, FIGURE_BYTES, v != 1 && fabs(v - 1) < 0.001 ? "%.7f" : "%.4f", v);
    else if (is_logp)
        snprintf(out, FIGURE_BYTES, fabs(v) < 0.01 ? "%.4g" : "%.4f", v);
    else if (is_plain && (v == 0 || (fabs(v) >= 0.001 && fabs(v) < 100)))
        snprintf(out, FIGURE_BYTES, "%.4f", v);
    else if (t == TERM_ADVANTAGE || t == TERM_GAE)
        snprintf(out, FIGURE_BYTES, v == 0 ? "0" : "%+.4f", v);
    else if (is_gradient(t) && v > 0)
        snprintf(out, FIGURE_BYTES, "+%s", format_number(number, v));
    else
        snprintf(out, FIGURE_BYTES, "%s", format_number(number, v));
    return out;
}
