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

/* `dense` in a name: neither experts nor latent attention; at its end -mha, -gqa or -mqa: plain attention of that
 * kind, with experts. */
Test(presets, experts_and_latent_attention_unless_the_name_says_otherwise)
{
    for (int i = 0; i < preset_n(); i++) {
        struct settings set;
        const char *end;
        int dense, mha, gqa, mqa;
        load(preset_at(i)->name, &set);
        end = strrchr(set.preset, '-');
        dense = strstr(set.preset, "dense") != NULL;
        mha = end && strcmp(end, "-mha") == 0;
        gqa = end && strcmp(end, "-gqa") == 0;
        mqa = end && strcmp(end, "-mqa") == 0;
        cr_assert_eq(config_moe_layers(&set.model) > 0, !dense, "%s", set.preset);
        cr_assert_eq(set.model.attention, dense || mha || gqa || mqa ? ATTENTION_MHA : ATTENTION_MLA, "%s",
                     set.preset);
        if (gqa)
            cr_assert(set.model.kv_heads_n > 1 && set.model.kv_heads_n < set.model.heads_n, "%s", set.preset);
        else
            cr_assert_eq(set.model.kv_heads_n, mqa, "%s", set.preset);
    }
}

/* What stands beside quick for comparison differs in its attention alone, and has as many parameters. */
Test(presets, kinds_of_attention_of_one_size)
{
    static const struct {
        const char *name;
        int kv_heads, head_dim, cached;
    } want[] = {{"quick-mha", 0, 20, 160}, {"quick-gqa", 2, 26, 104}, {"quick-mqa", 1, 32, 64}};
    struct settings quick;
    load("quick", &quick);
    for (int i = 0; i < 3; i++) {
        struct settings set;
        struct model_config c = config_plain(&quick.model, want[i].kv_heads);
        load(want[i].name, &set);
        cr_assert(set.model.attention == c.attention && set.model.kv_heads_n == c.kv_heads_n &&
                      set.model.head_dim == c.head_dim && set.model.heads_n == c.heads_n,
                  "%s", want[i].name);
        cr_assert(set.model.width == c.width && set.model.layers_n == c.layers_n &&
                      set.model.experts_n == c.experts_n,
                  "%s", want[i].name);
        cr_assert(c.head_dim == want[i].head_dim && config_cached(&c, 0) == want[i].cached, "%s", want[i].name);
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
