/* Fuzzing of settings: INI files, `key=value` texts, and settings as a run keeps them. Plain main:
 * [SECONDS [SEED [NUMBER]]]. */
#include "engine/run/settings.h"
#include "scenarios/registry.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "[preset]", "[rl]", "[model]", "[data]\n", "scenario = ", "countdown", "data",  "program", "name = ",
    "file = ",  " = ",  "\n",      "lr = ",    "group=",      "rl.beta",   "seed=", "1e-3",    "mla",
    "yes",      ".",    ";",       "#",        "[",           "]",         NULL,
};

/* What was accepted is printed, read again, and printed as the same. */
static void check_round(const struct settings *s)
{
    static struct settings back;
    struct str a = {0}, b = {0};
    struct err e;
    settings_print(s, &a);
    fuzz_must(settings_restore(&back, str_c(&a), scenario_find, &e) == ST_OK,
              "settings that were printed are read");
    settings_print(&back, &b);
    fuzz_must(strcmp(str_c(&a), str_c(&b)) == 0, "as the same");
    str_free(&a);
    str_free(&b);
}

static void one(void *self, const char *s, size_t n, struct rng *r)
{
    static struct settings set;
    struct err e = {0};
    uint64_t seed = 1;
    (void)self;
    (void)n;
    switch (rng_below(r, 3)) {
    case 0:
        if (settings_parse(&set, "fuzz.ini", s, scenario_find, &e) == ST_OK)
            check_round(&set);
        break;
    case 1:
        if (settings_restore(&set, s, scenario_find, &e) == ST_OK)
            check_round(&set);
        break;
    default:
        settings_init(&set, scenario_at(rng_below(r, scenario_n())));
        if (settings_assign(&set, (enum stage)rng_below(r, STAGE_N), &s, 1, &seed, &e) == ST_OK)
            check_round(&set);
    }
    fuzz_must(memchr(e.msg, 0, sizeof e.msg) != NULL, "the message ends");
}

int main(int argc, char **argv)
{
    static struct fuzz f = {.name = "fuzz_settings", .word = words, .one = one};
    static struct settings set;
    const char *section;
    for (int i = 0; i < preset_n(); i++)
        fuzz_add(&f, preset_at(i)->text);
    for (int i = 0; i < scenario_n(); i++) {
        struct str lines = {0};
        settings_init(&set, scenario_at(i));
        settings_print(&set, &lines);
        fuzz_add(&f, str_c(&lines));
        str_free(&lines);
        for (int k = 0; k < settings_rows(&set); k++) {
            const struct setting *row = settings_row(&set, k, &section);
            char value[SETTING_TEXT], line[SETTING_TEXT + 96];
            settings_value(&set, k, value, sizeof value);
            snprintf(line, sizeof line, "%s.%s=%s", section, row->key, value);
            fuzz_add(&f, line);
        }
    }
    return fuzz_main(&f, argc, argv);
}
