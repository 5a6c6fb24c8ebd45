/* `calc dpo` and `calc gae`: a pair's preference loss, a trace's advantages from a value model. */
#include <stdlib.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "app/cli/calc.h"
#include "engine/rl/dpo.h"
#include "engine/rl/gae.h"

static void put(struct json_writer *w, const char *key, double v)
{
    write_key(w, key);
    write_number(w, v);
}

enum status calc_dpo(const json_t *in, struct str *out, struct err *e)
{
    static const char where[] = "calc dpo";
    struct json_writer w = {.out = out};
    struct dpo_pair p;
    struct dpo_terms x;
    double beta;
    enum status st = json_get_number(in, where, "beta", &beta, e);
    if (!st)
        st = json_get_number(in, where, "chosen_logp", &p.chosen_logp, e);
    if (!st)
        st = json_get_number(in, where, "chosen_ref", &p.chosen_ref, e);
    if (!st)
        st = json_get_number(in, where, "rejected_logp", &p.rejected_logp, e);
    if (!st)
        st = json_get_number(in, where, "rejected_ref", &p.rejected_ref, e);
    if (!st && beta < 0)
        st = err_set(e, ST_USAGE, where, "\"beta\" must not be negative");
    if (st)
        return st;
    x = dpo_terms(&p, beta);
    write_begin(&w, '{');
    put(&w, "loss", x.loss);
    put(&w, "margin", x.margin);
    put(&w, "grad_chosen_logp", x.chosen_grad);
    put(&w, "grad_rejected_logp", x.rejected_grad);
    write_end(&w, '}');
    return ST_OK;
}

static enum status get_share(const json_t *in, const char *where, const char *key, double *out, struct err *e)
{
    enum status st = json_get_number(in, where, key, out, e);
    if (!st && !(*out >= 0 && *out <= 1))
        st = err_set(e, ST_USAGE, where, "\"%s\" must be from 0 to 1", key);
    return st;
}

enum status calc_gae(const json_t *in, struct str *out, struct err *e)
{
    static const char where[] = "calc gae";
    struct json_writer w = {.out = out};
    double *reward = NULL, *value = NULL, *adv = NULL, *ret = NULL, gamma, lambda;
    int T = 0, n = 0;
    enum status st = json_numbers(json_object_get(in, "rewards"), where, "rewards", &reward, &T, e);
    if (!st)
        st = json_numbers(json_object_get(in, "values"), where, "values", &value, &n, e);
    if (!st)
        st = get_share(in, where, "gamma", &gamma, e);
    if (!st)
        st = get_share(in, where, "lambda", &lambda, e);
    if (!st && n != T)
        st = err_set(e, ST_USAGE, where, "\"values\" has %d numbers, \"rewards\" %d", n, T);
    if (st)
        goto out;
    adv = malloc((size_t)T * sizeof *adv);
    ret = malloc((size_t)T * sizeof *ret);
    if (!adv || !ret) {
        st = err_set(e, ST_NOMEM, where, "no memory for %d tokens", T);
        goto out;
    }
    gae(T, reward, value, gamma, lambda, adv, ret);
    write_begin(&w, '{');
    write_key(&w, "advantages");
    write_numbers(&w, adv, T);
    write_key(&w, "returns");
    write_numbers(&w, ret, T);
    write_end(&w, '}');
out:
    free(reward);
    free(value);
    free(adv);
    free(ret);
    return st;
}
