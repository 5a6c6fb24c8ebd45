/* The learning rules against an independent script: tests/golden/make_objective.py wrote objective.json,
 * advantages.json, balance.json, passk.json and majk.json from the equations, and adamw.json by PyTorch. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "engine/nn/kernels.h"
#include "engine/rl/objective.h"
#include "engine/run/evaluate.h"

enum { TOKENS = 32, GROUP = 16 };

static const double TOLERANCE = 1e-12;

static json_t *cases_of(const char *file)
{
    char path[96];
    json_error_t at;
    json_t *root, *cases;
    snprintf(path, sizeof path, "tests/golden/%s.json", file);
    root = json_load_file(path, 0, &at);
    cr_assert(root, "%s: %s", path, at.text);
    cases = json_incref(json_object_get(root, "cases"));
    json_decref(root);
    cr_assert(json_array_size(cases) > 0, "%s has no cases", path);
    return cases;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    cr_assert(json_is_number(v), "no number %s", key);
    return json_number_value(v);
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    cr_assert(s, "no text %s", key);
    return s;
}

static int numbers(const json_t *list, double *out, int most)
{
    int n = (int)json_array_size(list);
    cr_assert(n <= most, "a list of %d", n);
    for (int i = 0; i < n; i++)
        out[i] = json_number_value(json_array_get(list, (size_t)i));
    return n;
}

static void close_to(double got, double want, double tolerance, const char *name, const char *what)
{
    cr_assert(fabs(got - want) <= tolerance * fmax(1, fabs(want)), "%s: %s %.15g, expected %.15g", name, what,
              got, want);
}

static void list_close(const double *got, int n, const json_t *want, const char *name, const char *what)
{
    cr_assert_eq(n, (int)json_array_size(want), "%s: %d of %s", name, n, what);
    for (int i = 0; i < n; i++)
        close_to(got[i], json_number_value(json_array_get(want, (size_t)i)), TOLERANCE, name, what);
}

/* The place of a word in a list of choices. */
static int choice(const char *word, const char *choices)
{
    int at = 0;
    size_t n = strlen(word);
    for (const char *p = choices; *p; p += strcspn(p, " "), p += *p == ' ', at++)
        if (strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]))
            return at;
    cr_assert_fail("%s is not one of %s", word, choices);
    return -1;
}

/* One sequence; returns the number of ratios, adds to the clip counts. */
static int check_sequence(const struct objective *o, const struct loss_scope *scope, const json_t *c,
                          size_t i, double advantage, double *loss, int clip[2])
{
    const json_t *in = json_object_get(c, "input"), *out = json_object_get(c, "output");
    const json_t *refs = json_object_get(in, "logp_ref");
    const char *name = text(c, "name");
    double logp[TOKENS], old[TOKENS], ref[TOKENS];
    double ratio[TOKENS], kl[TOKENS], grad[TOKENS], clipped[TOKENS];
    unsigned char flag[TOKENS];
    struct sequence_terms t = {.ratio = ratio, .clipped = flag, .kl = kl, .grad = grad};
    int n = numbers(json_array_get(json_object_get(in, "logp"), i), logp, TOKENS);
    numbers(json_array_get(json_object_get(in, "logp_old"), i), old, TOKENS);
    numbers(json_array_get(refs, i), ref, TOKENS);
    objective_sequence(o, scope, n, logp, old, refs ? ref : NULL, advantage, &t);
    list_close(ratio, t.ratio_n, json_array_get(json_object_get(out, "ratio"), i), name, "ratio");
    for (int j = 0; j < t.ratio_n; j++)
        clipped[j] = flag[j];
    list_close(clipped, t.ratio_n, json_array_get(json_object_get(out, "clipped"), i), name, "clipped");
    list_close(kl, t.kl_n, json_array_get(json_object_get(out, "kl"), i), name, "kl");
    list_close(grad, n, json_array_get(json_object_get(out, "grad_logp"), i), name, "grad_logp");
    *loss += t.loss;
    clip[0] += t.clip_low;
    clip[1] += t.clip_high;
    return t.ratio_n;
}

/* The micro-batch of sequence i. */
static void cut_scope(const json_t *in, int G, int i, struct loss_scope *scope)
{
    int micro = json_object_get(in, "micro_batch") ? (int)number(in, "micro_batch") : 0;
    scope->micro_tokens = 0;
    scope->micro_batches = micro ? (G + micro - 1) / micro : 0;
    for (int j = 0; micro && j < G; j++)
        if (j / micro == i / micro)
            scope->micro_tokens +=
                (double)json_array_size(json_array_get(json_object_get(in, "logp"), (size_t)j));
}

static void check_objective(const json_t *c)
{
    const json_t *in = json_object_get(c, "input"), *out = json_object_get(c, "output");
    const char *name = text(c, "name");
    struct objective o = {
        .loss = (enum loss_kind)choice(text(in, "loss"), LOSS_CHOICES),
        .std = (enum std_kind)choice(text(in, "std"), STD_CHOICES),
        .eps_low = number(in, "eps_low"), .eps_high = number(in, "eps_high"), .beta = number(in, "beta"),
        .max_length = json_object_get(in, "max_length") ? (int)number(in, "max_length") : 0,
    };
    double reward[GROUP], adv[GROUP], loss = 0;
    int G = numbers(json_object_get(in, "rewards"), reward, GROUP), clip[2] = {0, 0}, ratios = 0;
    struct loss_scope scope = {.sequences = G, .tokens = 0};
    double baseline = 0;
    if (json_object_get(in, "kl"))
        o.kl = (enum kl_kind)choice(text(in, "kl"), KL_CHOICES);
    if (json_object_get(in, "ratio_cap"))
        o.ratio_cap = number(in, "ratio_cap");
    if (json_object_get(in, "off_policy_delta"))
        o.off_policy_delta = number(in, "off_policy_delta");
    o.kl_clamp = json_is_true(json_object_get(in, "kl_clamp"));
    if (json_object_get(in, "baseline"))
        o.baseline = (enum baseline_kind)choice(text(in, "baseline"), BASELINE_CHOICES);
    for (int i = 0; i < G; i++)
        baseline += reward[i] / G;
    if (o.baseline != BASELINE_BATCH)
        baseline = o.baseline == BASELINE_NONE ? 0 : number(in, "running_mean");
    cr_assert_eq(advantage_objective(&o, G, reward, baseline, adv, NULL, NULL),
                 json_is_true(json_object_get(out, "flat")), "%s: flat", name);
    list_close(adv, G, json_object_get(out, "advantages"), name, "advantages");
    for (int i = 0; i < G; i++)
        scope.tokens += (double)json_array_size(json_array_get(json_object_get(in, "logp"), (size_t)i));
    for (int i = 0; i < G; i++) {
        cut_scope(in, G, i, &scope);
        ratios += check_sequence(&o, &scope, c, (size_t)i, adv[i], &loss, clip);
    }
    close_to(loss, number(out, "loss"), TOLERANCE, name, "loss");
    close_to((double)clip[0] / ratios, number(out, "clip_low"), TOLERANCE, name, "clip_low");
    close_to((double)clip[1] / ratios, number(out, "clip_high"), TOLERANCE, name, "clip_high");
}

Test(golden_objective, every_loss)
{
    json_t *cases = cases_of("objective"), *c;
    size_t i;
    json_array_foreach(cases, i, c) check_objective(c);
    json_decref(cases);
}

Test(golden_objective, advantages_with_the_engines_epsilon)
{
    json_t *cases = cases_of("advantages"), *c;
    size_t i;
    int checked = 0;
    json_array_foreach(cases, i, c) {
        enum std_kind kind = (enum std_kind)choice(text(c, "std"), STD_CHOICES);
        double reward[GROUP], adv[GROUP];
        int G = numbers(json_object_get(c, "rewards"), reward, GROUP);
        /* Other trainers' epsilon is not the engine's; those rows are there for the reader. */
        if (kind != STD_NONE && number(c, "eps") != 1e-4)
            continue;
        advantage_group(G, reward, kind, adv, NULL, NULL);
        list_close(adv, G, json_object_get(c, "advantages"), text(c, "name"), "advantages");
        checked++;
    }
    cr_assert_geq(checked, 8);
    json_decref(cases);
}

Test(golden_objective, expert_balance)
{
    json_t *cases = cases_of("balance"), *c;
    size_t i;
    json_array_foreach(cases, i, c) {
        const json_t *in = json_object_get(c, "input"), *out = json_object_get(c, "output");
        double load[GROUP], bias[GROUP], vio;
        int E = numbers(json_object_get(in, "load"), load, GROUP);
        numbers(json_object_get(in, "bias"), bias, GROUP);
        vio = balance_update(E, load, bias, number(in, "gamma"));
        close_to(vio, number(out, "max_vio"), TOLERANCE, text(c, "name"), "max_vio");
        list_close(bias, E, json_object_get(out, "bias"), text(c, "name"), "bias");
    }
    json_decref(cases);
}

Test(golden_objective, pass_at_k)
{
    json_t *cases = cases_of("passk"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
        close_to(pass_at_k((int)number(c, "n"), (int)number(c, "c"), (int)number(c, "k")), number(c, "value"),
                 TOLERANCE, "pass@k", "value");
    json_decref(cases);
}

Test(golden_objective, majority)
{
    json_t *cases = cases_of("majk"), *c, *answer;
    size_t i, j;
    json_array_foreach(cases, i, c) {
        char answers[GROUP][ANSWER_BYTES] = {{0}};
        unsigned char right[GROUP];
        json_array_foreach(json_object_get(c, "reduced"), j, answer) {
            if (!json_is_null(answer))
                snprintf(answers[j], ANSWER_BYTES, "%s", json_string_value(answer));
            right[j] = (unsigned char)json_integer_value(json_array_get(json_object_get(c, "right"), j));
        }
        close_to(majority_share((int)j, (const char (*)[ANSWER_BYTES])answers, right), number(c, "value"),
                 TOLERANCE, text(c, "name"), "share");
    }
    json_decref(cases);
}

/* A row's state from JSON to the kernels' numbers, and back for comparison. */
static void to_real(const json_t *list, real *out)
{
    double value[TOKENS];
    int n = numbers(list, value, TOKENS);
    for (int i = 0; i < n; i++)
        out[i] = (real)value[i];
}

static void near_all(const real *got, const json_t *want, const char *name, const char *what)
{
    double tolerance = sizeof(real) == sizeof(double) ? 1e-13 : 1e-6;
    for (size_t i = 0; i < json_array_size(want); i++)
        close_to(got[i], json_number_value(json_array_get(want, i)), tolerance, name, what);
}

static void check_adamw(const struct kernels *k, const json_t *c)
{
    const json_t *rows = json_object_get(c, "rows"), *steps = json_object_get(c, "steps"), *row, *step;
    double beta1 = number(c, "beta1"), beta2 = number(c, "beta2");
    size_t r, s;
    json_array_foreach(rows, r, row) {
        real w[TOKENS], m[TOKENS] = {0}, v[TOKENS] = {0}, grad[TOKENS];
        to_real(json_object_get(row, "w"), w);
        json_array_foreach(steps, s, step) {
            const json_t *want = json_array_get(json_object_get(step, "rows"), r);
            double t = (double)(s + 1);
            to_real(json_object_get(want, "grad"), grad);
            k->adamw((size_t)number(row, "n"), w, m, v, grad, (real)number(step, "scale"),
                     (real)number(step, "lr"), (real)beta1, (real)beta2, (real)(1 - pow(beta1, t)),
                     (real)(1 - pow(beta2, t)), (real)number(c, "eps"), (real)number(row, "decay"));
            near_all(w, json_object_get(want, "w"), text(c, "name"), "w");
            near_all(m, json_object_get(want, "m"), text(c, "name"), "m");
            near_all(v, json_object_get(want, "v"), text(c, "name"), "v");
        }
    }
}

Test(golden_objective, adamw_on_every_kernel_table)
{
    static const char *const TABLES[] = {"portable", "avx2", "avx512"};
    json_t *cases = cases_of("adamw"), *c;
    size_t i;
    for (size_t j = 0; j < sizeof TABLES / sizeof *TABLES; j++) {
        const struct kernels *k = kernels_find(TABLES[j]);
        if (k)
            json_array_foreach(cases, i, c) check_adamw(k, c);
    }
    json_decref(cases);
}
