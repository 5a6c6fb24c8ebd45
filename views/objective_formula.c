/* The objective as the papers write it, as pieces; each is a place of the formula and belongs to one figure.
 */
#include "views/objective_formula.h"

#include <math.h>
#include <stdio.h>

#include "views/objective_text.h"

static void add(struct formula *f, int term, const char *symbols, const char *plain)
{
    if (f->n < PIECES) {
        snprintf(f->piece[f->n].text, sizeof f->piece[f->n].text, "%s", f->ascii ? plain : symbols);
        f->piece[f->n++].term = term;
    }
}

static void add_sums(struct formula *f, enum shown_loss loss)
{
    switch (loss) {
    case SHOWN_GRPO: add(f, TERM_WEIGHT, "1/G Σᵢ 1/|oᵢ| Σₜ ", "1/G sum_i 1/|o_i| sum_t "); break;
    case SHOWN_CISPO:
    case SHOWN_PPO:
    case SHOWN_DAPO: add(f, TERM_WEIGHT, "1/Σ|oᵢ| Σᵢ Σₜ ", "1/sum|o_i| sum_i sum_t "); break;
    case SHOWN_BNPO: add(f, TERM_WEIGHT, "1/M Σₘ 1/Σ|o| Σᵢ Σₜ ", "1/M sum_m 1/sum|o| sum_i sum_t "); break;
    case SHOWN_REINFORCE:
    case SHOWN_RLOO: add(f, TERM_WEIGHT, "1/S Σᵢ Σₜ ", "1/S sum_i sum_t "); break;
    case SHOWN_DR_GRPO: add(f, TERM_WEIGHT, "1/(G L_max) Σᵢ Σₜ ", "1/(G L_max) sum_i sum_t "); break;
    default: add(f, TERM_WEIGHT, "1/G Σᵢ ", "1/G sum_i "); break;
    }
}

/* The ratio's letter: of a token, of a sequence, or GSPO's. */
static const char *letter(const struct objective_state *x, int ascii)
{
    return objective_symbol(x, TERM_RATIO, ascii);
}

/* The term of losses that weigh log-probabilities. */
static void write_log(struct formula *f, const struct objective_state *x, const char *clip, const char *plain)
{
    int is_cispo = x->loss == SHOWN_CISPO;

    if (is_cispo || x->ratio_cap > 0) {
        add(f, TERM_MIN, "sg[ ", "sg[ ");
        if (x->ratio_cap > 0)
            add(f, TERM_MIN, "min( ", "min( ");
        add(f, is_cispo ? TERM_CLIP : TERM_RATIO, is_cispo ? clip : letter(x, 0),
            is_cispo ? plain : letter(x, 1));
        if (x->ratio_cap > 0)
            add(f, TERM_MIN, ", C )", ", C )");
        add(f, TERM_MIN, " ] ", " ] ");
    }
    add(f, TERM_ADVANTAGE, "Aᵢ ", "A_i ");
    add(f, TERM_LOGP, "log π(oₜ|q,o₍<t₎)", "log pi(o_t|q,o_<t)");
}

static void write_min(struct formula *f, const struct objective_state *x, const char *clip, const char *plain)
{
    int is_ppo = x->loss == SHOWN_PPO;

    add(f, TERM_MIN, "min( ", "min( ");
    add(f, TERM_RATIO, letter(x, 0), letter(x, 1));
    add(f, TERM_ADVANTAGE, is_ppo ? " Aₜ" : " Aᵢ", is_ppo ? " A_t" : " A_i");
    add(f, NO_TERM, ", ", ", ");
    add(f, TERM_CLIP, clip, plain);
    add(f, TERM_ADVANTAGE, is_ppo ? " Aₜ" : " Aᵢ", is_ppo ? " A_t" : " A_i");
    add(f, TERM_MIN, " )", " )");
}

static void write_symbols(struct formula *f, const struct objective_state *x)
{
    char clip[64], plain[64], range[24], plain_range[32];

    if (x->eps_low == x->eps_high) {
        snprintf(range, sizeof range, "1-ε, 1+ε");
        snprintf(plain_range, sizeof plain_range, "1-eps, 1+eps");
    } else {
        snprintf(range, sizeof range, "1-ε₁, 1+ε₂");
        snprintf(plain_range, sizeof plain_range, "1-eps_low, 1+eps_high");
    }
    snprintf(clip, sizeof clip, "clip(%s, %s)", letter(x, 0), range);
    snprintf(plain, sizeof plain, "clip(%s, %s)", letter(x, 1), plain_range);
    add(f, NO_TERM, "J(θ) = E[ ", "J = E[ ");
    add_sums(f, x->loss);
    add(f, NO_TERM, "( ", "( ");
    if (shown_is_log(x->loss))
        write_log(f, x, clip, plain);
    else
        write_min(f, x, clip, plain);
    add(f, TERM_PENALTY, " - β ", " - beta ");
    add(f, TERM_K3, objective_symbol(x, TERM_K3, 0), objective_symbol(x, TERM_K3, 1));
    if (x->entropy != 0)
        add(f, TERM_BONUS, " + η Hₜ", " + eta H");
    add(f, NO_TERM, " ) ]", " ) ]");
    if (x->loss == SHOWN_PPO)
        add(f, TERM_VALUE_LOSS, "   and the critic's loss", "   and the critic's loss");
}

/* Preferences instead of advantages: nothing of the above. */
static void write_pair(struct formula *f)
{
    add(f, TERM_PAIR, "loss = - log σ( ", "loss = - log sigma( ");
    add(f, TERM_MARGIN, "β [ ", "beta [ ");
    add(f, TERM_CHOSEN, "(log π(chosen)", "(log pi(chosen)");
    add(f, TERM_CHOSEN_REF, " - log π_ref(chosen))", " - log pi_ref(chosen))");
    add(f, NO_TERM, " - ", " - ");
    add(f, TERM_REJECTED, "(log π(rejected)", "(log pi(rejected)");
    add(f, TERM_REJECTED_REF, " - log π_ref(rejected))", " - log pi_ref(rejected))");
    add(f, TERM_MARGIN, " ]", " ]");
    add(f, TERM_PAIR, " ),  mean over pairs", " ),  mean over pairs");
}

static void add_figure(struct formula *f, const struct objective_state *x, enum objective_term t)
{
    char out[FIGURE_BYTES];

    objective_figure(out, x, t);
    add(f, (int)t, isnan(x->value[t]) ? "?" : out, isnan(x->value[t]) ? "?" : out);
}

/* The bounded weight of a log-probability, or nothing where there is none. */
static void write_weight(struct formula *f, const struct objective_state *x)
{
    char text[32];

    if (x->is_capped) {
        snprintf(text, sizeof text, "%g", x->ratio_cap);
        add(f, TERM_MIN, text, text);
    } else if (x->loss == SHOWN_CISPO || x->ratio_cap > 0) {
        add_figure(f, x, x->loss == SHOWN_CISPO ? TERM_CLIP : TERM_RATIO);
    } else {
        return;
    }
    add(f, NO_TERM, " · ", " . ");
}

static void write_term(struct formula *f, const struct objective_state *x)
{
    if (x->is_off_policy) {
        add(f, TERM_MIN, "0 (stale)", "0 (stale)");
        return;
    }
    if (shown_is_log(x->loss)) {
        write_weight(f, x);
        add_figure(f, x, TERM_ADVANTAGE);
        add(f, NO_TERM, " · ", " . ");
        add_figure(f, x, TERM_LOGP);
        return;
    }
    if (x->is_capped) {
        add_figure(f, x, TERM_MIN);
        return;
    }
    add(f, TERM_MIN, "min( ", "min( ");
    add_figure(f, x, TERM_RATIO);
    add(f, NO_TERM, " · ", " . ");
    add_figure(f, x, TERM_ADVANTAGE);
    add(f, NO_TERM, ", ", ", ");
    add_figure(f, x, TERM_CLIP);
    add(f, NO_TERM, " · ", " . ");
    add_figure(f, x, TERM_ADVANTAGE);
    add(f, TERM_MIN, " )", " )");
}

/* The pair's numbers, and which completion is which. */
static void write_pair_numbers(struct formula *f, const struct objective_state *x)
{
    char text[64];

    if (x->other_index < 0) {
        add(f, NO_TERM,
            x->is_flat ? "all rewards of the group are equal: it makes no pair"
                       : "this completion is in no pair: see others with { }",
            x->is_flat ? "all rewards of the group are equal: it makes no pair"
                       : "this completion is in no pair: see others with { }");
        return;
    }
    snprintf(text, sizeof text, "chosen %d, rejected %d:  ", (x->is_chosen ? x->index : x->other_index) + 1,
             (x->is_chosen ? x->other_index : x->index) + 1);
    add(f, NO_TERM, text, text);
    add(f, TERM_PAIR, "- log σ( ", "- log sigma( ");
    snprintf(text, sizeof text, "%g [ (", x->dpo_beta);
    add(f, TERM_MARGIN, text, text);
    add_figure(f, x, TERM_CHOSEN);
    add(f, NO_TERM, " - ", " - ");
    add_figure(f, x, TERM_CHOSEN_REF);
    add(f, NO_TERM, ") - (", ") - (");
    add_figure(f, x, TERM_REJECTED);
    add(f, NO_TERM, " - ", " - ");
    add_figure(f, x, TERM_REJECTED_REF);
    add(f, TERM_MARGIN, ") ]", ") ]");
    add(f, NO_TERM, " ) = ", " ) = ");
    add_figure(f, x, TERM_PAIR);
}

static void write_numbers(struct formula *f, const struct objective_state *x)
{
    char text[64];

    add(f, TERM_TOKEN, "loss of this token = ", "loss of this token = ");
    add(f, NO_TERM, "- ", "- ");
    if (x->is_masked || x->is_warming)
        snprintf(text, sizeof text, "0");
    else if (x->loss == SHOWN_GRPO)
        snprintf(text, sizeof text, "1/%g · 1/%d", (double)x->sequences, x->tokens_n);
    else if (x->loss == SHOWN_GSPO)
        snprintf(text, sizeof text, "1/%g · 1/%d", x->scale, x->tokens_n);
    else
        snprintf(text, sizeof text, "1/%.0f", x->scale);
    add(f, TERM_WEIGHT, text, text);
    add(f, NO_TERM, " ( ", " ( ");
    write_term(f, x);
    snprintf(text, sizeof text, " - %g · ", x->beta);
    add(f, TERM_PENALTY, text, text);
    add_figure(f, x, TERM_K3);
    if (x->entropy != 0) {
        snprintf(text, sizeof text, " + %g · ", x->entropy);
        add(f, TERM_BONUS, text, text);
        add_figure(f, x, TERM_ENTROPY);
    }
    add(f, NO_TERM, " ) = ", " ) = ");
    add_figure(f, x, TERM_TOKEN);
}

static void write_ratio(struct formula *f, const struct objective_state *x)
{
    if (x->loss == SHOWN_R1)
        add(f, TERM_RATIO, "ρᵢ = π(oᵢ|q) / π_old(oᵢ|q)", "ratio = pi(o_i|q) / pi_old(o_i|q)");
    else if (x->loss == SHOWN_GSPO)
        add(f, TERM_RATIO, "sᵢ = (π(oᵢ|q) / π_old(oᵢ|q))^(1/|oᵢ|)",
            "ratio = (pi(o_i|q) / pi_old(o_i|q))^(1/|o_i|)");
    else
        add(f, TERM_RATIO, "ρₜ = π(oₜ|q,o₍<t₎) / π_old(oₜ|q,o₍<t₎)",
            "ratio = pi(o_t|q,o_<t) / pi_old(o_t|q,o_<t)");
    add(f, NO_TERM, "    ", "    ");
}

static void write_kl(struct formula *f, const struct objective_state *x)
{
    static const char *const form[SHOWN_KL_N][2] = {
        [SHOWN_K3] = {"π_ref/π - log(π_ref/π) - 1", "pi_ref/pi - log(pi_ref/pi) - 1"},
        [SHOWN_K1] = {"log(π/π_ref)", "log(pi/pi_ref)"},
        [SHOWN_K2] = {"log(π/π_ref)² / 2", "log(pi/pi_ref)^2 / 2"},
        [SHOWN_UNBIASED] = {"π/π_old (π_ref/π - log(π_ref/π) - 1)",
                            "pi/pi_old (pi_ref/pi - log(pi_ref/pi) - 1)"},
    };
    char text[64];

    snprintf(text, sizeof text, "%s = %s", objective_symbol(x, TERM_K3, 0), form[x->kl][0]);
    add(f, TERM_K3, text, "");
    if (f->ascii) {
        f->n--;
        snprintf(text, sizeof text, "KL = %s", form[x->kl][1]);
        add(f, TERM_K3, text, text);
    }
    add(f, NO_TERM, "    ", "    ");
}

/* Past the cap, where nothing is clipped. */
static void write_cap(struct formula *f, const struct objective_state *x)
{
    char text[64];

    if (x->ratio_cap == 0)
        return;
    snprintf(text, sizeof text, shown_is_log(x->loss) ? "C = %g" : "past C = %g: C A (1 + log(ratio/C))",
             x->ratio_cap);
    add(f, TERM_MIN, text, text);
    add(f, NO_TERM, "    ", "    ");
}

static void write_advantage(struct formula *f, const struct objective_state *x)
{
    int is_running = x->against == SHOWN_RUNNING;

    if (x->loss == SHOWN_PPO) {
        add(f, TERM_ADVANTAGE, x->normalises ? "Aₜ = (Rₜ - Vₜ - mean) / (std + 1e-8)" : "Aₜ = Rₜ - Vₜ",
            x->normalises ? "A_t = (R_t - V_t - mean) / (std + 1e-8)" : "A_t = R_t - V_t");
        add(f, NO_TERM, "    ", "    ");
        add(f, TERM_VALUE_LOSS, "critic: c_v/Σ|oᵢ| Σ ½ (v - Rₜ)², clipped",
            "critic: c_v/sum|o_i| sum 1/2 (v - R_t)^2, clipped");
    } else if (x->loss == SHOWN_REINFORCE && x->against != SHOWN_NO_BASELINE) {
        add(f, TERM_ADVANTAGE,
            is_running ? "Aᵢ = rᵢ - running mean of earlier batches" : "Aᵢ = rᵢ - mean reward of the batch",
            is_running ? "A_i = r_i - running mean of earlier batches"
                       : "A_i = r_i - mean reward of the batch");
    } else if (x->loss == SHOWN_REINFORCE) {
        add(f, TERM_ADVANTAGE, "Aᵢ = rᵢ", "A_i = r_i");
    } else if (x->loss == SHOWN_RLOO) {
        add(f, TERM_ADVANTAGE, "Aᵢ = G/(G-1) (rᵢ - mean(r))", "A_i = G/(G-1) (r_i - mean(r))");
    } else if (x->std == SHOWN_NONE) {
        add(f, TERM_ADVANTAGE, "Aᵢ = rᵢ - mean(r)", "A_i = r_i - mean(r)");
    } else {
        add(f, TERM_ADVANTAGE, "Aᵢ = (rᵢ - mean(r)) / (std(r) + 1e-4)",
            "A_i = (r_i - mean(r)) / (std(r) + 1e-4)");
    }
}

static void write_pair_gradient(struct formula *f, const struct objective_state *x)
{
    add(f, TERM_GRADIENT, "∂loss/∂log π(token) = ∓ β σ(-m) / pairs",
        "gradient of a token = -+ beta sigma(-m) / pairs");
    add(f, NO_TERM, "    ", "    ");
    add(f, TERM_REWARD,
        x->pairs_all ? "pairs: every better against every worse of a group"
                     : "pairs: the best of a group against its worst",
        x->pairs_all ? "pairs: every better against every worse of a group"
                     : "pairs: the best of a group against its worst");
}

void objective_formula(struct formula *f, const struct objective_state *x)
{
    f->n = 0;
    if (x->loss == SHOWN_DPO)
        write_pair(f);
    else
        write_symbols(f, x);
}

void objective_formula_numbers(struct formula *f, const struct objective_state *x)
{
    f->n = 0;
    if (x->loss == SHOWN_DPO)
        write_pair_numbers(f, x);
    else
        write_numbers(f, x);
}

void objective_formula_parts(struct formula *f, const struct objective_state *x)
{
    f->n = 0;
    if (x->loss == SHOWN_DPO) {
        write_pair_gradient(f, x);
        return;
    }
    write_ratio(f, x);
    write_kl(f, x);
    write_cap(f, x);
    write_advantage(f, x);
}
