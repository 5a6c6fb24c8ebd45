/* Settings that are texts: set, printed, read back, refused; and where a relative path leads. */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/presets.h"
#include "app/base/setting_lines.h"
#include "scenarios/registry.h"

static struct settings set, back;
static struct err e;
static uint64_t seed = 1;

static void value_of(const struct settings *s, const char *key, char out[SETTING_TEXT])
{
    const char *section;
    out[0] = 0;
    for (int i = 0; i < settings_rows(s); i++)
        if (!strcmp(settings_row(s, i, &section)->key, key) && !strcmp(section, "data"))
            settings_value(s, i, out, SETTING_TEXT);
}

Test(data_settings, a_text_is_kept_and_read_back)
{
    static const char *const good[] = {"/a/b c/\xc3\xa9 = x.jsonl", "sums", "/x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct str lines = {0};
        char value[SETTING_TEXT], found[SETTING_VALUE];
        settings_init(&set, scenario_find("data"));
        cr_assert_eq(settings_set(&set, STAGE_GRPO, "data.file", good[i], NULL, &e), ST_OK, "%s", e.msg);
        value_of(&set, "file", value);
        cr_expect_str_eq(value, good[i]);
        settings_print(&set, &lines);
        cr_expect(setting_find(str_c(&lines), "data.file", found));
        cr_expect_str_eq(found, good[i]);
        cr_assert_eq(settings_restore(&back, str_c(&lines), scenario_find, &e), ST_OK, "%s", e.msg);
        value_of(&back, "file", value);
        cr_expect_str_eq(value, good[i]);
        str_free(&lines);
    }
}

Test(data_settings, a_text_that_cannot_be_kept_is_refused)
{
    char large[SETTING_TEXT + 1];
    const char *bad[] = {"a\nb", " a", "a ", "a\x7f", large};
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = 0;
    settings_init(&set, scenario_find("data"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(settings_set(&set, STAGE_GRPO, "data.file", bad[i], NULL, &e), ST_USAGE, "%s", bad[i]);
        cr_expect(strstr(e.msg, "data.file = ") && strstr(e.msg, "a text of at most 239 bytes"), "%s", e.msg);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

/* In a preset a path is from the preset's folder, on the command line from the current one. */
Test(data_settings, relative_paths)
{
    char folder[PATH_MAX] = "", ini[PATH_MAX + 16], file[PATH_MAX + 16], want[PATH_MAX + 16],
         value[SETTING_TEXT], digest[SETTING_TEXT];
    const char *temporary = getenv("TMPDIR"), *change[] = {"data.file=other.jsonl"};
    snprintf(folder, sizeof folder, "%s/grpolab-XXXXXX", temporary ? temporary : "/tmp");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_not_null(realpath(folder, want));
    strcat(want, "/mine.jsonl");
    snprintf(ini, sizeof ini, "%s/my.ini", folder);
    snprintf(file, sizeof file, "%s/mine.jsonl", folder);
    write_file(ini, "[preset]\nscenario = data\n[rl]\nsteps = 3\n[data]\nfile = mine.jsonl\n");
    cr_expect_eq(presets_load(ini, NULL, 0, &set, &seed, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "mine.jsonl: No such file"), "%s", e.msg);
    write_file(file, "{\"prompt\":\"a\",\"answer\":\"b\"}\n");
    cr_assert_eq(presets_load(ini, NULL, 0, &set, &seed, &e), ST_OK, "%s", e.msg);
    value_of(&set, "file", value);
    cr_expect_str_eq(value, want);
    value_of(&set, "digest", digest);
    cr_expect_eq(strlen(digest), 32);
    cr_assert_eq(chdir(folder), 0);
    snprintf(file, sizeof file, "%s/other.jsonl", folder);
    write_file(file, "{\"prompt\":\"a\",\"answer\":\"c\"}\n");
    cr_assert_eq(presets_load("data", change, 1, &set, &seed, &e), ST_OK, "%s", e.msg);
    value_of(&set, "file", value);
    cr_expect(value[0] == '/' && strstr(value, "/other.jsonl"), "%s", value);
    value_of(&set, "digest", value);
    cr_expect(strlen(value) == 32 && strcmp(value, digest));
    remove(file);
    remove("mine.jsonl");
    remove("my.ini");
    rmdir(folder);
}

/* A fork stays with its data: the file may lie elsewhere, its digest may not change. */
Test(data_settings, a_fork_keeps_the_digest)
{
    settings_init(&set, scenario_find("data"));
    back = set;
    cr_assert_eq(settings_set(&back, STAGE_GRPO, "data.file", "/elsewhere/x.jsonl", NULL, &e), ST_OK);
    cr_expect_eq(settings_fork_check(&set, &back, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(settings_set(&back, STAGE_GRPO, "data.digest", "00", NULL, &e), ST_OK);
    cr_expect_eq(settings_fork_check(&set, &back, &e), ST_USAGE);
    cr_expect(strstr(e.msg, "data.digest"), "%s", e.msg);
}
