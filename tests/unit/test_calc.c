/* `grpolab calc` against an independent script: tests/golden/make_objective.py wrote objective.json and
 * balance.json, make_calc.py the others. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/calc.h"

static const double TOLERANCE = 1e-12;

static void same(const json_t *got, const json_t *want, const char *name, const char *path)
{
    char inner[160];
    if (json_is_number(want)) {
        double g = json_number_value(got), w = json_number_value(want);
        cr_assert(json_is_number(got), "%s: %s is no number", name, path);
        cr_assert(fabs(g - w) <= TOLERANCE * fmax(1, fabs(w)), "%s: %s is %.17g, not %.17g", name, path, g,
                  w);
    } else if (json_is_array(want)) {
        cr_assert(json_is_array(got) && json_array_size(got) == json_array_size(want), "%s: the length of %s",
                  name, path);
        for (size_t i = 0; i < json_array_size(want); i++) {
            snprintf(inner, sizeof inner, "%.100s[%zu]", path, i);
            same(json_array_get(got, i), json_array_get(want, i), name, inner);
        }
    } else if (json_is_object(want)) {
        json_t *value;
        const char *key;
        cr_assert_eq(json_object_size(got), json_object_size(want), "%s: keys of %s", name, path);
        json_object_foreach((json_t *)want, key, value)
        {
            snprintf(inner, sizeof inner, "%.100s.%s", path, key);
            same(json_object_get(got, key), value, name, inner);
        }
    } else {
        cr_assert(json_equal(got, want), "%s: %s", name, path);
    }
}

static void check_file(const char *what, const char *file, size_t least)
{
    const struct calc_row *row = calc_find(what);
    json_t *root = json_load_file(file, 0, NULL), *cases = json_object_get(root, "cases"), *want, *got;
    size_t i;
    json_t *c;
    const char *key;
    cr_assert(row && json_array_size(cases) >= least, "%s has %zu cases", file, json_array_size(cases));
    json_array_foreach(cases, i, c)
    {
        const char *name = json_string_value(json_object_get(c, "name"));
        struct str out = {0};
        struct err e = {0};
        cr_assert_eq(row->run(json_object_get(c, "input"), &out, &e), ST_OK, "%s: %s", name, e.msg);
        got = json_loads(str_c(&out), 0, NULL);
        cr_assert(got, "%s: not JSON: %s", name, str_c(&out));
        cr_assert_eq(json_object_size(got), json_object_size(json_object_get(c, "output")), "%s: keys", name);
        json_object_foreach(json_object_get(c, "output"), key, want)
            same(json_object_get(got, key), want, name, key);
        json_decref(got);
        str_free(&out);
    }
    json_decref(root);
}

Test(calc, grpo_is_as_the_independent_script_has_it)
{
    check_file("grpo", "tests/golden/objective.json", 70);
}

Test(calc, dpo_is_as_the_independent_script_has_it)
{
    check_file("dpo", "tests/golden/dpo.json", 14);
}

Test(calc, gae_is_as_the_independent_script_has_it)
{
    check_file("gae", "tests/golden/gae.json", 7);
}

Test(calc, fp8_is_as_the_independent_script_has_it)
{
    check_file("fp8", "tests/golden/fp8.json", 10);
}

Test(calc, schedule_is_as_the_independent_script_has_it)
{
    check_file("schedule", "tests/golden/schedule.json", 100);
}

Test(calc, balance_is_as_the_independent_script_has_it)
{
    check_file("balance", "tests/golden/balance.json", 5);
}

/* A good input, from which one thing at a time is spoilt. */
static const char good[] = "{\"rewards\":[1,0],\"logp\":[[-1,-2],[-3]],\"logp_old\":[[-1,-2],[-3]],\"loss\":"
                           "\"grpo\",\"std\":\"sample\","
                           "\"eps_low\":0.2,\"eps_high\":0.2,\"beta\":0}";

static void refuses(const char *key, const char *value, const char *named)
{
    json_t *in = json_loads(good, 0, NULL);
    struct str out = {0};
    struct err e = {0};
    if (value)
        json_object_set_new(in, key, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(in, key);
    cr_assert_eq(calc_grpo(in, &out, &e), ST_USAGE, "%s = %s is taken", key, value ? value : "(missing)");
    cr_assert(strstr(e.msg, named), "%s = %s: the message names no %s: %s", key, value ? value : "(missing)",
              named, e.msg);
    cr_assert_eq(out.n, 0, "printed in spite of the error");
    json_decref(in);
    str_free(&out);
}

Test(calc, the_good_input_is_good)
{
    json_t *in = json_loads(good, 0, NULL);
    struct str out = {0};
    struct err e = {0};
    cr_assert_eq(calc_grpo(in, &out, &e), ST_OK, "%s", e.msg);
    json_decref(in);
    str_free(&out);
}

Test(calc, a_missing_key_is_named)
{
    static const char *const key[] = {"rewards", "logp",    "logp_old", "loss",
                                      "std",     "eps_low", "eps_high", "beta"};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        refuses(key[i], NULL, key[i]);
}

Test(calc, a_wrong_value_is_named)
{
    refuses("rewards", "[]", "rewards");
    refuses("rewards", "[1,\"x\"]", "rewards");
    refuses("rewards", "[1,2,3]", "logp");
    refuses("logp", "[[-1,-2]]", "logp");
    refuses("logp", "[[-1,-2],[]]", "logp");
    refuses("logp", "[[-1,-2],3]", "logp");
    refuses("logp_old", "[[-1,-2],[-3,-4]]", "logp_old");
    refuses("logp_old", "[[-1,null],[-3]]", "logp_old");
    refuses("logp_ref", "[[-1],[-3]]", "logp_ref");
    refuses("loss", "\"ppo\"", "loss");
    refuses("std", "1", "std");
    refuses("eps_low", "-0.1", "eps_low");
    refuses("eps_high", "\"0.2\"", "eps_high");
    refuses("beta", "0.04", "logp_ref");
    refuses("loss", "\"dr_grpo\"", "max_length");
    refuses("max_length", "0", "max_length");
    refuses("max_length", "2.5", "max_length");
    refuses("baseline", "\"mean\"", "baseline");
    refuses("baseline", "\"running\"", "running_mean");
    refuses("running_mean", "null", "running_mean");
    refuses("micro_batch", "0", "micro_batch");
    refuses("micro_batch", "1.5", "micro_batch");
}

static void row_refuses(const char *what, const char *text, const char *named)
{
    char quoted[32];
    json_t *in = json_loads(text, 0, NULL);
    struct str out = {0};
    struct err e = {0};
    cr_assert_not_null(in, "%s", text);
    cr_assert_eq(calc_find(what)->run(in, &out, &e), ST_USAGE, "%s is taken", text);
    snprintf(quoted, sizeof quoted, "\"%s\"", named);
    cr_assert(strstr(e.msg, quoted), "%s: %s", text, e.msg);
    cr_assert_eq(out.n, 0, "printed in spite of the error");
    json_decref(in);
    str_free(&out);
}

Test(calc, dpo_names_what_is_wrong)
{
    row_refuses("dpo", "{\"chosen_logp\":0,\"chosen_ref\":0,\"rejected_logp\":0,\"rejected_ref\":0}", "beta");
    row_refuses("dpo", "{\"beta\":1,\"chosen_ref\":0,\"rejected_logp\":0,\"rejected_ref\":0}", "chosen_logp");
    row_refuses("dpo", "{\"beta\":1,\"chosen_logp\":0,\"rejected_logp\":0,\"rejected_ref\":0}", "chosen_ref");
    row_refuses("dpo", "{\"beta\":1,\"chosen_logp\":0,\"chosen_ref\":0,\"rejected_ref\":0}", "rejected_logp");
    row_refuses("dpo", "{\"beta\":1,\"chosen_logp\":0,\"chosen_ref\":0,\"rejected_logp\":0}", "rejected_ref");
    row_refuses("dpo",
                "{\"beta\":-1,\"chosen_logp\":0,\"chosen_ref\":0,\"rejected_logp\":0,\"rejected_ref\":0}",
                "beta");
}

Test(calc, gae_names_what_is_wrong)
{
    row_refuses("gae", "{\"values\":[0],\"gamma\":1,\"lambda\":1}", "rewards");
    row_refuses("gae", "{\"rewards\":[0],\"gamma\":1,\"lambda\":1}", "values");
    row_refuses("gae", "{\"rewards\":[0],\"values\":[0],\"lambda\":1}", "gamma");
    row_refuses("gae", "{\"rewards\":[0],\"values\":[0],\"gamma\":1}", "lambda");
    row_refuses("gae", "{\"rewards\":[0],\"values\":[0,1],\"gamma\":1,\"lambda\":1}", "values");
    row_refuses("gae", "{\"rewards\":[0],\"values\":[0],\"gamma\":1.5,\"lambda\":1}", "gamma");
    row_refuses("gae", "{\"rewards\":[0],\"values\":[0],\"gamma\":1,\"lambda\":-0.1}", "lambda");
}

Test(calc, fp8_names_what_is_wrong)
{
    row_refuses("fp8", "{\"tile\":128}", "values");
    row_refuses("fp8", "{\"values\":[],\"tile\":128}", "values");
    row_refuses("fp8", "{\"values\":[1,null],\"tile\":128}", "values");
    row_refuses("fp8", "{\"values\":[1]}", "tile");
    row_refuses("fp8", "{\"values\":[1],\"tile\":0}", "tile");
    row_refuses("fp8", "{\"values\":[1],\"tile\":1.5}", "tile");
}

static void schedule_refuses(const char *key, const char *value, const char *named)
{
    static const char even[] =
        "{\"kind\":\"dualpipe\",\"pp\":4,\"micro_batches\":8,\"f\":1,\"b\":2,\"w\":1}";
    json_t *in = json_loads(even, 0, NULL);
    char *text;
    if (value)
        json_object_set_new(in, key, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(in, key);
    text = json_dumps(in, JSON_COMPACT);
    row_refuses("schedule", text, named);
    free(text);
    json_decref(in);
}

Test(calc, schedule_names_what_is_wrong)
{
    static const char *const key[] = {"kind", "pp", "micro_batches", "f", "b", "w"};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        schedule_refuses(key[i], NULL, key[i]);
    schedule_refuses("kind", "\"gpipe\"", "kind");
    schedule_refuses("pp", "3", "pp");
    schedule_refuses("pp", "2.5", "pp");
    schedule_refuses("micro_batches", "7", "micro_batches");
    schedule_refuses("w", "3", "w");
    schedule_refuses("f", "-1", "f");
    schedule_refuses("fb", "\"x\"", "fb");
    schedule_refuses("timeline", "1", "timeline");
}

static void balance_refuses(const char *text, const char *named)
{
    json_t *in = json_loads(text, 0, NULL);
    struct str out = {0};
    struct err e = {0};
    cr_assert_eq(calc_balance(in, &out, &e), ST_USAGE, "%s is taken", text);
    cr_assert(strstr(e.msg, named), "%s: %s", text, e.msg);
    json_decref(in);
    str_free(&out);
}

Test(calc, balance_names_what_is_wrong)
{
    balance_refuses("{\"bias\":[0],\"gamma\":0.1}", "load");
    balance_refuses("{\"load\":[1],\"gamma\":0.1}", "bias");
    balance_refuses("{\"load\":[1],\"bias\":[0]}", "gamma");
    balance_refuses("{\"load\":[1,2],\"bias\":[0],\"gamma\":0.1}", "bias");
    balance_refuses("{\"load\":[1,-2],\"bias\":[0,0],\"gamma\":0.1}", "load");
}

Test(calc, what_is_not_there_is_not_found)
{
    cr_assert_null(calc_find("ppo"));
    cr_assert_null(calc_find(""));
    cr_assert_null(calc_row(6));
}
