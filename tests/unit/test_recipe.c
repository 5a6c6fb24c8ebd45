/* Recipes: what is read, what is refused, and what a stage's key depends on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "app/session/session_recipe.h"
#include "scenarios/registry.h"

static struct err e;
static struct recipe r;

#define HEAD "[recipe]\nname = x\n[stage a]\nrun = base\npreset = quick\n"

static void check_refused(const char *text, const char *what)
{
    cr_assert_eq(recipe_parse(&r, "x.ini", text, &e), ST_USAGE, "%s was taken", text);
    cr_assert_not_null(strstr(e.msg, what), "'%s' does not name '%s'", e.msg, what);
}

Test(recipe, what_is_wrong_is_named_with_its_line)
{
    check_refused("[recipe]\nname = x\n", "there must be a [stage");
    check_refused("[stage a]\nrun = base\npreset = quick\n", "needs a name");
    check_refused(HEAD "from = b\n", "x.ini:6: from = b: no earlier stage");
    check_refused(HEAD "from = a\n", "from = a: no earlier stage");
    check_refused(HEAD "colour = red\n", "x.ini:6: a stage has");
    check_refused(HEAD "run = dream\n", "a stage is base, cold, reward, dpo or grpo");
    check_refused(HEAD "epochs = -1\n", "epochs=-1 is not a number of 0 to 1000");
    check_refused(HEAD "set = lr\n", "lr: key=value");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\ncollect = songs a\n",
                  "one of traces templates pairs");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\ncollect = traces c\n",
                  "c is no earlier stage");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\ncollect = traces a keep=0\n", "keep=0 is not");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\ncollect = traces a x=1\n", "not x");
    check_refused(HEAD "[stage b]\nrun = grpo\npreset = quick\ncollect = traces a\n", "grpo does not");
    check_refused(HEAD "[stage b]\nrun = reward\npreset = quick\n", "reward learns from pairs");
    check_refused(HEAD "[stage b]\nrun = dpo\npreset = quick\n", "dpo learns from pairs");
    check_refused(HEAD "[stage b]\nrun = dpo\npreset = quick\ncollect = traces a\n", "stage b: reward and dpo");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\ncollect = pairs a\n", "cold from traces");
    check_refused(HEAD "[stage b]\nrun = grpo\npreset = quick\nreward = a\n", "a is no reward stage");
    check_refused(HEAD "[stage b]\nrun = cold\n", "stage b names no preset");
    check_refused(HEAD "[stage b]\nrun = cold\npreset = quick\n[stage a]\nrun = cold\n", "stands twice");
    check_refused(HEAD "nonsense\n", "not a line of the form key = value");
}

Test(recipe, those_built_in_are_whole)
{
    cr_assert_gt(recipe_n(), 2);
    for (int i = 0; i < recipe_n(); i++) {
        static struct course c;
        memset(&c, 0, sizeof c);
        cr_assert_eq(recipe_load(&c.recipe, recipe_at(i)->name, &e), ST_OK, "%s", e.msg);
        cr_assert_str_eq(c.recipe.name, recipe_at(i)->name);
        cr_assert_eq(course_plan(&c, NULL, NULL, 0, 1, &e), ST_OK, "%s: %s", c.recipe.name, e.msg);
        for (int k = 0; k < c.recipe.stages_n; k++) {
            enum stage only[STAGE_N];
            int n = settings_stages(&c.set[k], only);
            cr_assert(n == 0 || (n == 1 && only[0] == c.recipe.stage[k].stage));
        }
    }
}

static void plan(struct course *c, const char *text, const char *set)
{
    memset(c, 0, sizeof *c);
    cr_assert_eq(recipe_parse(&c->recipe, "x.ini", text, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(course_plan(c, NULL, &set, set != NULL, 1, &e), ST_OK, "%s", e.msg);
}

#define TWO HEAD "[stage b]\nrun = cold\npreset = quick\nfrom = a\ncollect = traces a problems=20\n"

Test(recipe, a_change_changes_the_keys_of_what_rests_on_it)
{
    static struct course c, d;
    plan(&c, TWO, NULL);
    plan(&d, TWO, "base.lr=1e-3");
    cr_assert_str_neq(c.key[0], d.key[0]);
    cr_assert_str_neq(c.key[1], d.key[1], "what follows a changed stage would be reused");
    plan(&d, TWO, "cold.lr=1e-4");
    cr_assert_str_eq(c.key[0], d.key[0], "a stage does not depend on a later one");
    cr_assert_str_neq(c.key[1], d.key[1]);
    plan(&d, HEAD "[stage b]\nrun = cold\npreset = quick\nfrom = a\ncollect = traces a problems=21\n", NULL);
    cr_assert_str_neq(c.key[1], d.key[1], "other texts are another stage");
}

/* beta is of the rl section, whose other settings come after a dpo stage. */
Test(recipe, another_beta_is_another_dpo_stage)
{
    static struct course c, d;
    const char *three = HEAD "[stage b]\nrun = dpo\npreset = quick\nfrom = a\ncollect = pairs a\nepochs = 1\n"
                             "[stage c]\nrun = cold\npreset = quick\nfrom = a\n";
    plan(&c, three, NULL);
    plan(&d, three, "rl.dpo_beta=1");
    cr_assert_str_neq(c.key[1], d.key[1], "what was learned under another beta would be reused");
    cr_assert_str_eq(c.key[0], d.key[0]);
    cr_assert_str_eq(c.key[2], d.key[2]);
    plan(&d, three, "rl.lr=1");
    cr_assert_str_eq(c.key[1], d.key[1]);
}

Test(recipe, an_unknown_setting_of_the_user_is_refused)
{
    static struct course c;
    const char *set = "base.colour=3";
    memset(&c, 0, sizeof c);
    cr_assert_eq(recipe_parse(&c.recipe, "x.ini", TWO, &e), ST_OK);
    cr_assert_eq(course_plan(&c, NULL, &set, 1, 1, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "base.colour"));
}

Test(recipe, two_objectives_are_two_stages)
{
    static struct course c;
    plan(&c,
         HEAD "[stage b]\nrun = grpo\npreset = quick\nfrom = a\n"
              "[stage c]\nrun = grpo\npreset = quick\nfrom = a\nset = rl.loss=rloo\n",
         NULL);
    cr_assert_str_neq(c.key[1], c.key[2], "the second objective would be taken for the first");
}
