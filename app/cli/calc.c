/* The table of calculations, and the short one of them. */
#include "app/cli/calc.h"

#include <stdlib.h>
#include <string.h>

#include "app/base/json_read.h"
#include "app/base/json_write.h"
#include "engine/rl/objective.h"

static const struct calc_row rows[] = {
    {"grpo",
     "rewards logp logp_old logp_ref loss std eps_low eps_high beta max_length baseline running_mean "
     "micro_batch kl kl_clamp ratio_cap off_policy_delta",
     calc_grpo},
    {"dpo", "beta chosen_logp chosen_ref rejected_logp rejected_ref", calc_dpo},
    {"gae", "rewards values gamma lambda", calc_gae},
    {"fp8", "values tile", calc_fp8},
    {"balance", "load bias gamma", calc_balance},
    {"schedule", "kind pp micro_batches f b w fb timeline", calc_schedule},
    {NULL, NULL, NULL},
};

const struct calc_row *calc_row(int i)
{
    return rows[i].name ? &rows[i] : NULL;
}

const struct calc_row *calc_find(const char *name)
{
    for (int i = 0; rows[i].name; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

enum status calc_balance(const json_t *in, struct str *out, struct err *e)
{
    static const char where[] = "calc balance";
    struct json_writer w = {.out = out};
    double *load = NULL, *bias = NULL, gamma, max_vio;
    int E = 0, n = 0;
    enum status st = json_numbers(json_object_get(in, "load"), where, "load", &load, &E, e);
    if (!st)
        st = json_numbers(json_object_get(in, "bias"), where, "bias", &bias, &n, e);
    if (!st)
        st = json_get_number(in, where, "gamma", &gamma, e);
    if (!st && n != E)
        st = err_set(e, ST_USAGE, where, "\"bias\" has %d numbers, \"load\" %d", n, E);
    for (int i = 0; !st && i < E; i++)
        if (load[i] < 0)
            st = err_set(e, ST_USAGE, where, "\"load\": element %d is negative", i);
    if (st)
        goto out;
    max_vio = balance_update(E, load, bias, gamma);
    write_begin(&w, '{');
    write_key(&w, "bias");
    write_numbers(&w, bias, E);
    write_key(&w, "max_vio");
    write_number(&w, max_vio);
    write_end(&w, '}');
out:
    free(load);
    free(bias);
    return st;
}
