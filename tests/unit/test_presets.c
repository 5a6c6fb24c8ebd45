/* The presets that are built in, and INI files of the user's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/presets.h"
#include "engine/run/trainer.h"
#include "scenarios/registry.h"

static struct err e;

static void load(const char *name, struct settings *set)
{
    uint64_t seed = 0;
    cr_assert_eq(presets_load(name, NULL, 0, set, &seed, &e), ST_OK, "%s: %s", name, e.msg);
}

Test(presets, each_names_itself_and_can_be_built)
{
    struct pool *pool;
    cr_assert_eq(pool_init(&pool, 1, &e), ST_OK);
    cr_assert_geq(preset_n(), 5);
    for (int i = 0; i < preset_n(); i++) {
        struct settings set;
        struct trainer t;
        load(preset_at(i)->name, &set);
        cr_assert_str_eq(set.preset, preset_at(i)->name);
        cr_assert_gt(strlen(set.summary), 10, "%s has a summary", set.preset);
        cr_assert_eq(trainer_init(&t, &set, STAGE_GRPO, 1, kernels_best(), pool, &e), ST_OK, "%s: %s",
                     set.preset, e.msg);
        cr_assert_leq(t.arena.used, (size_t)300 << 20, "%s lays out %zu MB", set.preset, t.arena.used >> 20);
        trainer_release(&t);
    }
    pool_release(pool);
}

Test(presets, experts_and_latent_attention_unless_the_name_says_dense)
{
    for (int i = 0; i < preset_n(); i++) {
        struct settings set;
        int dense;
        load(preset_at(i)->name, &set);
        if (strcmp(set.preset, "mtp") == 0)   /* drafts are timed on dense layers, with latent attention */
            continue;
        dense = strstr(set.preset, "dense") != NULL;
        cr_assert_eq(config_moe_layers(&set.model) > 0, !dense, "%s", set.preset);
        cr_assert_eq(set.model.attention, dense ? ATTENTION_MHA : ATTENTION_MLA, "%s", set.preset);
    }
}

static int held_out(const char *name)
{
    struct settings set;
    void *self;
    int n;
    load(name, &set);
    cr_assert_eq(set.scenario->open(set.task, &self, &e), ST_OK, "%s", e.msg);
    n = set.scenario->held_out_n(self);
    set.scenario->close(self);
    return n;
}

Test(presets, enough_problems_are_held_out)
{
    cr_assert_geq(held_out("quick"), 150);
    cr_assert_geq(held_out("countdown"), 300);
    cr_assert_geq(held_out("countdown-4"), 300);
}

Test(presets, unknown_names_and_bad_values_are_named)
{
    struct settings set;
    uint64_t seed = 0;
    const char *bad[] = {"rl.group=0"}, *none[] = {"rl.colour=3"}, *plain[] = {"group"},
               *good[] = {"seed=9", "group=4"};
    cr_assert_eq(presets_load("quikc", NULL, 0, &set, &seed, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "quick"));
    cr_assert_eq(presets_load("quick", bad, 1, &set, &seed, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "rl.group = 0"));
    cr_assert_eq(presets_load("quick", none, 1, &set, &seed, &e), ST_USAGE);
    cr_assert_eq(presets_load("quick", plain, 1, &set, &seed, &e), ST_USAGE);
    cr_assert_eq(presets_load("quick", good, 2, &set, &seed, &e), ST_OK);
    cr_assert_eq(seed, 9);
    cr_assert_eq(set.rl.group, 4);
}

Test(presets, a_file_of_the_users)
{
    char path[512];
    const char *dir = getenv("TMPDIR");
    struct settings set;
    uint64_t seed = 0;
    FILE *f;
    snprintf(path, sizeof path, "%s/mine.ini", dir ? dir : "/tmp");
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs("[preset]\nname = mine\nscenario = countdown\n\n[rl]\nsteps = 3\ngroup = 5\n", f);
    fclose(f);
    cr_assert_eq(presets_load(path, NULL, 0, &set, &seed, &e), ST_OK, "%s", e.msg);
    cr_assert_str_eq(set.preset, "mine");
    cr_assert_eq(set.rl.group, 5);
    f = fopen(path, "w");
    fputs("[preset]\nscenario = countdown\n[rl]\nsteps = 3\ngroup = many\n", f);
    fclose(f);
    cr_assert_eq(presets_load(path, NULL, 0, &set, &seed, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "mine.ini:5"), "names file and line: %s", e.msg);
    remove(path);
}
