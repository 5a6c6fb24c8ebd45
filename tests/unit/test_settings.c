/* Settings: one table that parses, prints, restores and compares; and errors that say where and what is
 * allowed. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/run/settings.h"
#include "scenarios/registry.h"

static const char *const good =
    "[preset]\nname = small\nsummary = a test\nscenario = countdown\n\n"
    "[model]\nwidth = 32\n; a comment\n[rl]\nbeta = 0.125\nloss = dapo\ndrop_flat = yes\n"
    "[countdown]\nnumber_max = 13\n";

static struct settings defaults(void)
{
    struct settings s;
    settings_init(&s, scenario_find("countdown"));
    return s;
}

/* Row of a whole key, -1. */
static int find(const struct settings *s, const char *key)
{
    for (int i = 0; i < settings_rows(s); i++) {
        const char *section;
        const struct setting *row = settings_row(s, i, &section);
        char whole[96];
        snprintf(whole, sizeof whole, "%s.%s", section, row->key);
        if (strcmp(whole, key) == 0)
            return i;
    }
    return -1;
}

static const char *value(const struct settings *s, const char *key)
{
    static char text[64];
    int i = find(s, key);
    cr_assert_geq(i, 0, "there is no %s", key);
    settings_value(s, i, text, sizeof text);
    return text;
}

/* Every row: a key of its own, a meaning, a start in its range that the row itself accepts. */
Test(settings, rows_are_whole)
{
    struct settings s = defaults();
    for (int i = 0; i < settings_rows(&s); i++) {
        const char *section;
        const struct setting *row = settings_row(&s, i, &section);
        char whole[96], text[64], canonical[96], range[128];
        struct err e;
        snprintf(whole, sizeof whole, "%s.%s", section, row->key);
        cr_assert_eq(find(&s, whole), i, "%s stands twice", whole);
        cr_assert(row->meaning && row->meaning[0], "%s has no meaning", whole);
        cr_assert(row->initial >= row->low && row->initial <= row->high, "%s starts at %g, outside %g..%g",
                  whole, row->initial,
                  row->low, row->high);
        settings_value(&s, i, text, sizeof text);
        cr_assert_eq(settings_set(&s, STAGE_GRPO, whole, text, canonical, &e), ST_OK, "%s", e.msg);
        cr_assert_str_eq(canonical, whole);
        setting_range(row, range, sizeof range);
        cr_assert_gt(strlen(range), 3);
    }
    cr_assert_gt(settings_rows(&s), 90);
}

Test(settings, a_preset_is_read)
{
    struct settings s;
    struct err e;
    cr_assert_eq(settings_parse(&s, "small.ini", good, scenario_find, &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(s.preset, "small");
    cr_assert_str_eq(s.summary, "a test");
    cr_assert_eq(s.model.width, 32);
    cr_assert_eq(s.rl.beta, 0.125);
    cr_assert_str_eq(value(&s, "rl.loss"), "dapo");
    cr_assert_eq(s.rl.drop_flat, 1);
    cr_assert_str_eq(value(&s, "countdown.number_max"), "13");
    cr_assert_str_eq(value(&s, "rl.group"), "8");
}

static void refuses(const char *text, const char *where, const char *what)
{
    struct settings s;
    struct err e = {0};
    cr_assert_eq(settings_parse(&s, "f.ini", text, scenario_find, &e), ST_USAGE, "accepted: %s", text);
    cr_assert(strstr(e.msg, where), "%s: '%s' is not in '%s'", text, where, e.msg);
    cr_assert(strstr(e.msg, what), "%s: '%s' is not in '%s'", text, what, e.msg);
}

#define HEAD "[preset]\nname = x\nscenario = countdown\n"

Test(settings, errors_name_line_key_and_range)
{
    refuses(HEAD "[rl]\nbeta = 0\ngroup = 0\n", "f.ini:6:", "rl.group = 0: it takes a whole number 1..512");
    refuses(HEAD "[rl]\ngroup = 2.5\n", "f.ini:5:", "a whole number 1..512");
    refuses(HEAD "[rl]\ngroup = many\n", "f.ini:5:", "rl.group = many");
    refuses(HEAD "[rl]\ngroup =\n", "f.ini:5:", "rl.group");
    refuses(HEAD "[rl]\nlr = 1e-3x\n", "f.ini:5:", "0..1");
    refuses(HEAD "[rl]\nlr = nan\n", "f.ini:5:", "rl.lr = nan");
    refuses(HEAD "[rl]\nlr = inf\n", "f.ini:5:", "rl.lr = inf");
    refuses(HEAD "[rl]\nlr = 1e999\n", "f.ini:5:", "rl.lr");
    refuses(HEAD "[rl]\nloss = sarsa\n", "f.ini:5:", "one of: grpo r1 dapo dr_grpo gspo");
    refuses(HEAD "[rl]\ndrop_flat = maybe\n", "f.ini:5:", "0 or 1");
    refuses(HEAD "[rl]\nbetta = 1\n", "f.ini:5:", "there is no setting rl.betta");
    refuses(HEAD "[rll]\nbeta = 1\n", "f.ini:5:", "rll.beta");
    refuses(HEAD "[rl]\nnonsense\n", "f.ini:5:", "key = value");
    refuses("[preset]\nscenario = chess\n", "f.ini:2:", "there is no scenario chess");
    refuses("[preset]\ncolour = red\n", "f.ini:2:", "name, summary and scenario");
    refuses("[rl]\nbeta = 1\n", "f.ini:2:", "must come first");
    refuses("[preset]\nname = x\n", "f.ini", "names no scenario");
    refuses("", "f.ini", "names no scenario");
}

/* What no row can tell alone. */
Test(settings, sizes_that_do_not_fit_together)
{
    refuses(HEAD "[rl]\nsteps = 0\n", "no stage has steps", "rl.steps");
    refuses(HEAD "[rl]\nprompts = 4\nmini_batches = 5\n", "rl.mini_batches = 5", "rl.prompts = 4");
    refuses(HEAD "[rl]\nprompts = 512\n", "4096 traces", "1024");
    refuses(HEAD "[rl]\ngroup = 33\nprompts = 4\n", "rl.group = 33", "run.slots = 32");
    refuses(HEAD "[model]\nrope_dim = 5\n", "rope_dim = 5", "even");
    refuses(HEAD "[model]\ngroups = 3\n", "3 groups", "8 experts");
}

Test(settings, short_keys)
{
    struct settings s = defaults();
    char canonical[96];
    struct err e;
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "beta", "0.5", canonical, &e), ST_OK);
    cr_assert_str_eq(canonical, "rl.beta");
    cr_assert_eq(s.rl.beta, 0.5);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "lr", "0.25", canonical, &e), ST_OK);
    cr_assert_str_eq(canonical, "rl.lr");
    cr_assert_eq(settings_set(&s, STAGE_COLD, "lr", "0.125", canonical, &e), ST_OK);
    cr_assert_str_eq(canonical, "cold.lr");
    cr_assert_eq(settings_set(&s, STAGE_BASE, "lr", "0.5", NULL, &e), ST_OK);
    cr_assert(s.rl.lr == 0.25 && s.cold.lr == 0.125 && s.base.lr == 0.5);
    cr_assert_eq(settings_set(&s, STAGE_COLD, "width", "64", canonical, &e), ST_OK);
    cr_assert_str_eq(canonical, "model.width");
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "number_max", "14", canonical, &e), ST_OK);
    cr_assert_str_eq(canonical, "countdown.number_max");
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "documents", "4", NULL, &e), ST_USAGE,
                 "it stands in base and cold");
    cr_assert(strstr(e.msg, "section.documents"), "%s", e.msg);
    cr_assert_eq(settings_set(&s, STAGE_COLD, "documents", "4", NULL, &e), ST_OK);
    cr_assert_eq(s.cold.documents, 4);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "bet", "1", NULL, &e), ST_USAGE);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "beta", "-1", NULL, &e), ST_USAGE);
    cr_assert_eq(s.rl.beta, 0.5, "a refused value changes nothing");
}

/* Any value of any row goes through print and restore unchanged. */
Test(settings, print_and_restore_go_round)
{
    struct settings s = defaults(), back;
    struct str a = {0}, b = {0};
    struct err e;
    for (int i = 0; i < settings_rows(&s); i++) {
        const char *section;
        const struct setting *row = settings_row(&s, i, &section);
        char whole[96], text[64];
        double x = row->low + (row->high - row->low) * (0.3 + 0.4 / (i + 1));
        snprintf(whole, sizeof whole, "%s.%s", section, row->key);
        if (row->kind == SET_CHOICE)
            continue;
        snprintf(text, sizeof text, row->kind == SET_REAL ? "%.17g" : "%.0f",
                 row->kind == SET_REAL ? x : floor(x));
        cr_assert_eq(settings_set(&s, STAGE_GRPO, whole, text, NULL, &e), ST_OK, "%s", e.msg);
    }
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "rl.loss", "gspo", NULL, &e), ST_OK);
    cr_assert_eq(settings_set(&s, STAGE_GRPO, "countdown.ops", "+-", NULL, &e), ST_OK);
    settings_print(&s, &a);
    cr_assert_eq(settings_restore(&back, str_c(&a), scenario_find, &e), ST_OK, "%s", e.msg);
    settings_print(&back, &b);
    cr_assert_str_eq(str_c(&a), str_c(&b));
    cr_assert_eq(back.scenario, s.scenario);
    cr_assert_eq(memcmp(&back.model, &s.model, sizeof s.model), 0, "the model is another one");
    cr_assert_eq(memcmp(&back.rl, &s.rl, sizeof s.rl), 0);
    cr_assert_eq(memcmp(back.task, s.task, sizeof s.task), 0);
    str_free(&a);
    str_free(&b);
}

/* A run that was recorded before a setting existed has no line of it: it is the run with the default. */
Test(settings, a_line_left_out_is_the_default)
{
    struct settings usual = defaults(), whole = defaults(), back;
    struct str all = {0}, few = {0};
    struct err e;
    int left_out = 0;
    cr_assert_eq(settings_set(&whole, STAGE_GRPO, "rl.beta", "0.5", NULL, &e), ST_OK);
    for (int i = 0; i < settings_rows(&whole); i++) {
        const char *section;
        const struct setting *row = settings_row(&whole, i, &section);
        char was[SETTING_TEXT], is[SETTING_TEXT];
        settings_value(&usual, i, was, sizeof was);
        settings_value(&whole, i, is, sizeof is);
        if (strcmp(was, is) || !strcmp(section, whole.scenario->name))
            str_printf(&few, "%s.%s = %s\n", section, row->key, is);
        else
            left_out++;
    }
    cr_assert_gt(left_out, 100);
    settings_print(&whole, &all);
    cr_assert_eq(settings_restore(&back, str_c(&all), scenario_find, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(settings_restore(&whole, str_c(&few), scenario_find, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(memcmp(&back.model, &whole.model, sizeof back.model), 0);
    cr_assert_eq(memcmp(&back.rl, &whole.rl, sizeof back.rl), 0);
    str_clear(&few);
    settings_print(&whole, &few);
    cr_assert_str_eq(str_c(&few), str_c(&all));
    str_free(&all);
    str_free(&few);
}

Test(settings, restoring_rubbish_is_refused)
{
    struct settings s;
    struct err e;
    cr_assert_eq(settings_restore(&s, "", scenario_find, &e), ST_USAGE);
    cr_assert_eq(settings_restore(&s, "rl.beta = 1\nchess.board = 8\n", scenario_find, &e), ST_USAGE);
    cr_assert(strstr(e.msg, "chess"), "%s", e.msg);
    cr_assert_eq(settings_restore(&s, "rl.beta = 1000\ncountdown.number_max = 12\n", scenario_find, &e),
                 ST_USAGE);
    cr_assert(strstr(e.msg, "rl.beta"), "%s", e.msg);
}

/* A fork may change what steers learning, not what shapes the model or the data behind it. */
Test(settings, forks)
{
    static const char *const free_[] = {"rl.beta", "0.3", "rl.lr", "1e-3", "rl.group", "4", "eval.k", "3",
                                        "rl.loss", "dapo",
                                        "model.balance_alpha", "0.1", NULL};
    static const char *const fixed[] = {"model.width", "64", "model.experts", "16", "model.attention", "mha",
                                        "rl.max_tokens", "100",
                                        "countdown.value_max", "80", "countdown.ops", "+-", "model.init_gain",
                                            "2", NULL};
    struct err e;
    for (int i = 0; free_[i]; i += 2) {
        struct settings parent = defaults(), child = parent;
        cr_assert_eq(settings_set(&child, STAGE_GRPO, free_[i], free_[i + 1], NULL, &e), ST_OK);
        cr_assert_eq(settings_fork_check(&parent, &child, &e), ST_OK, "%s", e.msg);
    }
    for (int i = 0; fixed[i]; i += 2) {
        struct settings parent = defaults(), child = parent;
        cr_assert_eq(settings_set(&child, STAGE_GRPO, fixed[i], fixed[i + 1], NULL, &e), ST_OK, "%s", e.msg);
        cr_assert_eq(settings_fork_check(&parent, &child, &e), ST_USAGE, "%s may be changed", fixed[i]);
        cr_assert(strstr(e.msg, fixed[i]), "%s", e.msg);
    }
}

Test(settings, stages)
{
    struct settings s = defaults();
    enum stage stage[STAGE_N];
    s.base.steps = 5;
    s.cold.steps = 0;
    s.rl.steps = 7;
    cr_assert_eq(settings_stages(&s, stage), 2);
    cr_assert(stage[0] == STAGE_BASE && stage[1] == STAGE_GRPO);
    cr_assert_eq(settings_steps(&s, STAGE_GRPO), 7);
    for (int i = 0; i < STAGE_N; i++)
        cr_assert_eq(stage_find(stage_name((enum stage)i)), i);
    cr_assert_eq(stage_find("rl"), -1);
}

/* Every preset in the program is read without an error and has its own name; an empty one is not yet written.
 * */
Test(settings, presets_are_sound)
{
    int n = 0;
    for (int i = 0; i < preset_n(); i++) {
        const struct preset *p = preset_at(i);
        struct settings s;
        struct err e;
        if (p->bytes == 0)
            continue;
        cr_assert_eq(settings_parse(&s, p->name, p->text, scenario_find, &e), ST_OK, "%s", e.msg);
        cr_assert_str_eq(s.preset, p->name);
        cr_assert_gt(strlen(s.summary), 10);
        n++;
    }
    cr_assert_gt(n, 0);
}
