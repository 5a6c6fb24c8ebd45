/* `calc grpo`. The input is read whole and checked before anything is computed. */
#include "app/cli/calc.h"

#include <stdlib.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "engine/rl/objective.h"

static const char where[] = "calc grpo";

/* The group as it was given. Lists of lists are held one after the other: sequence i is first[i] ..
 * first[i+1]-1. */
struct group {
    struct objective o;
    double running;       /* the running mean of earlier rewards */
    int G, *first, micro; /* micro: sequences of a micro-batch; 0: the group is one */
    double *reward, *logp, *old, *ref; /* ref: NULL without a reference */
};

/* What was computed, in the same shapes. */
struct result {
    double *advantage, *ratio, *kl, *grad;
    unsigned char *clipped;
    int *ratio_n, *kl_n; /* [G] */
    double loss;
    int flat, low, high, ratios;
};

static enum status read_objective(const json_t *in, struct objective *o, struct err *e)
{
    int loss, std, length = 1;
    enum status st = json_get_choice(in, where, "loss", LOSS_CHOICES, &loss, e);
    if (!st)
        st = json_get_choice(in, where, "std", STD_CHOICES, &std, e);
    if (!st)
        st = json_get_number(in, where, "eps_low", &o->eps_low, e);
    if (!st)
        st = json_get_number(in, where, "eps_high", &o->eps_high, e);
    if (!st)
        st = json_get_number(in, where, "beta", &o->beta, e);
    if (!st && (loss == LOSS_DR_GRPO || json_object_get(in, "max_length")))
        st = json_get_whole(in, where, "max_length", 1, 1000000000, &length, e);
    if (st)
        return st;
    if (o->eps_low < 0 || o->eps_high < 0)
        return err_set(e, ST_USAGE, where, "\"%s\" must not be negative",
                       o->eps_low < 0 ? "eps_low" : "eps_high");
    o->loss = (enum loss_kind)loss;
    o->std = (enum std_kind)std;
    o->max_length = length;
    return ST_OK;
}

/* Keys that may be left out: the estimator of KL, and what is done about stale ratios. */
static enum status read_optional(const json_t *in, struct objective *o, struct err *e)
{
    static const char *const bound[] = {"ratio_cap", "off_policy_delta"};
    double *const value[] = {&o->ratio_cap, &o->off_policy_delta};
    const json_t *clamp = json_object_get(in, "kl_clamp");
    int kind = KL_K3;
    enum status st = ST_OK;
    if (json_object_get(in, "kl"))
        st = json_get_choice(in, where, "kl", KL_CHOICES, &kind, e);
    o->kl = (enum kl_kind)kind;
    if (!st && clamp && !json_is_boolean(clamp))
        st = err_set(e, ST_USAGE, where, "\"kl_clamp\" must be true or false");
    o->kl_clamp = json_is_true(clamp);
    for (int i = 0; i < 2 && !st; i++) {
        if (json_object_get(in, bound[i]))
            st = json_get_number(in, where, bound[i], value[i], e);
        if (!st && *value[i] < 0)
            st = err_set(e, ST_USAGE, where, "\"%s\" must not be negative; 0 is off", bound[i]);
    }
    return st;
}

/* The keys of single losses: reinforce's baseline, bnpo's micro-batch. */
static enum status read_variant(const json_t *in, struct group *g, struct err *e)
{
    int kind = BASELINE_BATCH;
    enum status st = ST_OK;
    if (json_object_get(in, "baseline"))
        st = json_get_choice(in, where, "baseline", BASELINE_CHOICES, &kind, e);
    if (!st && (kind == BASELINE_RUNNING || json_object_get(in, "running_mean")))
        st = json_get_number(in, where, "running_mean", &g->running, e);
    if (!st && json_object_get(in, "micro_batch"))
        st = json_get_whole(in, where, "micro_batch", 1, 1 << 24, &g->micro, e);
    g->o.baseline = (enum baseline_kind)kind;
    return st;
}

/* The lengths of a list of G lists; the first one that is read sets them, the others must agree. */
static enum status check_shape(const json_t *in, const char *key, struct group *g, int sets, struct err *e)
{
    const json_t *lists = json_object_get(in, key);
    if (!lists)
        return err_set(e, ST_USAGE, where, "the key \"%s\" is missing", key);
    if (!json_is_array(lists) || json_array_size(lists) != (size_t)g->G)
        return err_set(e, ST_USAGE, where, "\"%s\" must be %d lists of numbers, one for each reward", key,
                       g->G);
    for (int i = 0; i < g->G; i++) {
        const json_t *list = json_array_get(lists, (size_t)i);
        size_t n = json_array_size(list);
        if (!json_is_array(list) || n == 0 || n > 1 << 24)
            return err_set(e, ST_USAGE, where, "\"%s\": element %d must be a list of numbers, not empty", key,
                           i);
        if (sets)
            g->first[i + 1] = g->first[i] + (int)n;
        else if ((int)n != g->first[i + 1] - g->first[i])
            return err_set(e, ST_USAGE, where, "\"%s\": list %d has %zu numbers, \"logp\" has %d", key, i, n,
                           g->first[i + 1] - g->first[i]);
    }
    return ST_OK;
}

static enum status read_lists(const json_t *in, const char *key, struct group *g, int sets, double **out,
                              struct err *e)
{
    enum status st = check_shape(in, key, g, sets, e);
    if (st)
        return st;
    *out = malloc((size_t)g->first[g->G] * sizeof **out);
    if (!*out)
        return err_set(e, ST_NOMEM, where, "no memory for \"%s\"", key);
    for (int i = 0; i < g->G; i++)
        for (int t = 0; t < g->first[i + 1] - g->first[i]; t++) {
            const json_t *v = json_array_get(json_array_get(json_object_get(in, key), (size_t)i), (size_t)t);
            if (!json_is_number(v))
                return err_set(e, ST_USAGE, where, "\"%s\": element %d of list %d is not a number", key, t,
                               i);
            (*out)[g->first[i] + t] = json_number_value(v);
        }
    return ST_OK;
}

static enum status read_group(const json_t *in, struct group *g, struct err *e)
{
    enum status st = read_objective(in, &g->o, e);
    if (!st)
        st = read_variant(in, g, e);
    if (!st)
        st = read_optional(in, &g->o, e);
    if (!st)
        st = json_numbers(json_object_get(in, "rewards"), where, "rewards", &g->reward, &g->G, e);
    if (!st) {
        g->first = calloc((size_t)g->G + 1, sizeof *g->first);
        st = g->first ? ST_OK : err_set(e, ST_NOMEM, where, "no memory for %d sequences", g->G);
    }
    if (!st)
        st = read_lists(in, "logp", g, 1, &g->logp, e);
    if (!st)
        st = read_lists(in, "logp_old", g, 0, &g->old, e);
    if (!st && json_object_get(in, "logp_ref"))
        st = read_lists(in, "logp_ref", g, 0, &g->ref, e);
    else if (!st && g->o.beta != 0)
        st = err_set(e, ST_USAGE, where, "the key \"logp_ref\" is missing, and \"beta\" is not 0");
    return st;
}

/* The group is the whole batch. */
static double baseline_of(const struct group *g)
{
    double mean = 0;
    for (int i = 0; i < g->G; i++)
        mean += g->reward[i] / g->G;
    return g->o.baseline == BASELINE_BATCH ? mean : g->o.baseline == BASELINE_RUNNING ? g->running : 0;
}

/* The micro-batch of sequence i: `micro` of them from a multiple of it on. */
static void cut_scope(const struct group *g, int i, struct loss_scope *scope)
{
    int from, to;
    if (!g->micro)
        return;
    from = i / g->micro * g->micro;
    to = g->G - from < g->micro ? g->G : from + g->micro;
    scope->micro_tokens = g->first[to] - g->first[from];
    scope->micro_batches = (g->G - 1) / g->micro + 1;
}

static enum status compute(const struct group *g, struct result *r, struct err *e)
{
    size_t n = (size_t)g->first[g->G], G = (size_t)g->G;
    struct loss_scope scope = {.sequences = g->G, .tokens = (double)n};
    r->advantage = calloc(G, sizeof *r->advantage);
    r->ratio = calloc(n, sizeof *r->ratio);
    r->kl = calloc(n, sizeof *r->kl);
    r->grad = calloc(n, sizeof *r->grad);
    r->clipped = calloc(n, 1);
    r->ratio_n = calloc(G, sizeof *r->ratio_n);
    r->kl_n = calloc(G, sizeof *r->kl_n);
    if (!r->advantage || !r->ratio || !r->kl || !r->grad || !r->clipped || !r->ratio_n || !r->kl_n)
        return err_set(e, ST_NOMEM, where, "no memory for %zu tokens", n);
    r->flat = advantage_objective(&g->o, g->G, g->reward, baseline_of(g), r->advantage, NULL, NULL);
    for (int i = 0; i < g->G; i++) {
        int at = g->first[i];
        struct sequence_terms t = {
            .ratio = r->ratio + at, .clipped = r->clipped + at, .kl = r->kl + at, .grad = r->grad + at};
        cut_scope(g, i, &scope);
        objective_sequence(&g->o, &scope, g->first[i + 1] - at, g->logp + at, g->old + at,
                           g->ref ? g->ref + at : NULL, r->advantage[i], &t);
        r->ratio_n[i] = t.ratio_n;
        r->kl_n[i] = t.kl_n;
        r->loss += t.loss;
        r->low += t.clip_low;
        r->high += t.clip_high;
        r->ratios += t.ratio_n;
    }
    return ST_OK;
}

static void write_lists(struct json_writer *w, const char *key, const struct group *g, const double *x,
                        const int *n)
{
    write_key(w, key);
    write_begin(w, '[');
    for (int i = 0; i < g->G; i++)
        write_numbers(w, x + g->first[i], n ? n[i] : g->first[i + 1] - g->first[i]);
    write_end(w, ']');
}

static void write_result(struct json_writer *w, const struct group *g, const struct result *r)
{
    write_begin(w, '{');
    write_key(w, "advantages");
    write_numbers(w, r->advantage, g->G);
    write_lists(w, "ratio", g, r->ratio, r->ratio_n);
    write_key(w, "clipped");
    write_begin(w, '[');
    for (int i = 0; i < g->G; i++) {
        write_begin(w, '[');
        for (int t = 0; t < r->ratio_n[i]; t++)
            write_whole(w, r->clipped[g->first[i] + t]);
        write_end(w, ']');
    }
    write_end(w, ']');
    if (g->ref) {
        write_lists(w, "kl", g, r->kl, r->kl_n);
    } else {
        write_key(w, "kl");
        write_null(w);
    }
    write_key(w, "loss");
    write_number(w, r->loss);
    write_lists(w, "grad_logp", g, r->grad, NULL);
    write_key(w, "clip_low");
    write_number(w, (double)r->low / r->ratios);
    write_key(w, "clip_high");
    write_number(w, (double)r->high / r->ratios);
    write_key(w, "flat");
    write_bool(w, r->flat);
    write_end(w, '}');
}

enum status calc_grpo(const json_t *in, struct str *out, struct err *e)
{
    struct group g = {0};
    struct result r = {0};
    struct json_writer w = {.out = out};
    enum status st = read_group(in, &g, e);
    if (!st)
        st = compute(&g, &r, e);
    if (!st)
        write_result(&w, &g, &r);
    free(g.first);
    free(g.reward);
    free(g.logp);
    free(g.old);
    free(g.ref);
    free(r.advantage);
    free(r.ratio);
    free(r.kl);
    free(r.grad);
    free(r.clipped);
    free(r.ratio_n);
    free(r.kl_n);
    return st;
}
