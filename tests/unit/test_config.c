/* The config file: what it may say, and that every wrong line is named. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"

static struct err e;
static struct config c;

static void fails(const char *text, const char *with)
{
    e.msg[0] = 0;
    cr_assert_eq(config_parse(&c, "config.ini", text, &e), ST_USAGE, "taken: %s", text);
    cr_assert_not_null(strstr(e.msg, with), "'%s' does not say '%s'", e.msg, with);
}

static const struct binding *bound(const char *key)
{
    struct key_event k;

    cr_assert_eq(key_parse(key, &k, &e), ST_OK, "%s: %s", key, e.msg);
    return config_binding(&c, &k);
}

Test(config, what_is_said_counts_and_the_rest_is_not_said)
{
    cr_assert_eq(config_parse(&c, "config.ini",
                              "; mine\n[workbench]\ntheme = mono\nmouse = off\nsmoothing = 0.25\nslow = 20\n"
                              "chars = block\n[keys]\nf5 = :eval\nx = space\nctrl-g = :goto 3\n",
                              &e),
                 ST_OK, "%s", e.msg);
    cr_assert_str_eq(c.theme, "mono");
    cr_assert_str_eq(c.chars, "block");
    cr_assert_eq(c.mouse, 0);
    cr_assert_eq(c.smoothing, 0.25);
    cr_assert_eq(c.slow, 20);
    cr_assert_eq(c.bindings_n, 3);
    cr_assert(bound("f5")->is_command);
    cr_assert_str_eq(bound("f5")->command, ":eval");
    cr_assert_str_eq(bound("Ctrl-G")->command, ":goto 3");
    cr_assert_not(bound("x")->is_command);
    cr_assert_eq(bound("x")->as.code, ' ');
    cr_assert_null(bound("y"));
    cr_assert_eq(config_parse(&c, "config.ini", "", &e), ST_OK);
    cr_assert(c.mouse == -1 && isnan(c.smoothing) && isnan(c.slow) && !c.theme[0] && !c.bindings_n);
}

Test(config, wrong_lines_are_named)
{
    fails("[workbench]\ntheme = nosuch\n", "config.ini:2: there is no theme 'nosuch', but");
    fails("[workbench]\n\nmouse = perhaps\n", "config.ini:3: mouse is on or off");
    fails("[workbench]\nsmoothing = 1.5\n", "config.ini:2: smoothing is a number from 0 to 0.99");
    fails("[workbench]\nchars = sixel\n", "config.ini:2: chars is");
    fails("[workbench]\nthem = mono\n", "did you mean `theme`");
    fails("[window]\nx = 1\n", "there is no section [window]");
    fails("[keys]\nspcae = :eval\n", "config.ini:2: there is no key 'spcae'; did you mean `space`");
    fails("[keys]\nx = :evla\n", "did you mean 'eval'");
    fails("[keys]\nx = :goto\n", ":goto STEP|live");
    fails("[keys]\nx = :\n", "after ':' comes a command");
    fails("[keys]\nx\n", "config.ini:2: not a line of the form key = value");
}

Test(config, the_newest_meaning_of_a_key_counts)
{
    char key[8];
    int i;

    config_init(&c);
    cr_assert_eq(config_bind(&c, "x", ":eval", &e), ST_OK);
    cr_assert_eq(config_bind(&c, "x", ":live", &e), ST_OK);
    cr_assert_eq(c.bindings_n, 1);
    cr_assert_str_eq(bound("x")->command, ":live");
    for (i = 1; i < BINDINGS; i++) {
        key[0] = (char)(0xc4 + i / 64); /* letters of two bytes */
        key[1] = (char)(0x80 + i % 64);
        key[2] = 0;
        cr_assert_eq(config_bind(&c, key, "space", &e), ST_OK, "%d: %s", i, e.msg);
    }
    cr_assert_eq(config_bind(&c, "y", "space", &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "at most 64"));
    cr_assert_eq(config_bind(&c, "x", "space", &e), ST_OK, "a key that is there already is no further one");
}

Test(config, names_of_keys)
{
    static const struct {
        const char *name;
        enum input key;
        uint32_t code;
    } row[] = {{"space", INPUT_CHAR, ' '},    {"ENTER", INPUT_CHAR, '\r'}, {"f1", INPUT_F1, 0},
               {"F12", INPUT_F12, 0},         {"f", INPUT_CHAR, 'f'},      {"ctrl-l", INPUT_CHAR, 12},
               {"page-up", INPUT_PAGE_UP, 0}, {"<", INPUT_CHAR, '<'},      {"é", INPUT_CHAR, 0xe9}};
    static const char *const bad[] = {"", "f13", "f0", "ctrl-", "ctrl-1", "xx", " ", "\x01"};
    struct key_event k;
    size_t i;

    for (i = 0; i < sizeof row / sizeof *row; i++) {
        cr_assert_eq(key_parse(row[i].name, &k, &e), ST_OK, "%s", row[i].name);
        cr_assert(k.key == row[i].key && k.code == row[i].code, "%s", row[i].name);
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(key_parse(bad[i], &k, &e), ST_USAGE, "taken: '%s'", bad[i]);
}

Test(config, where_the_file_is)
{
    char path[256];

    setenv("XDG_CONFIG_HOME", "/x/config", 1);
    cr_assert(config_path(path, sizeof path));
    cr_assert_str_eq(path, "/x/config/grpolab/config.ini");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    setenv("HOME", "/home/me", 1);
    cr_assert(config_path(path, sizeof path));
    cr_assert_str_eq(path, "/home/me/.config/grpolab/config.ini");
    cr_assert_not(config_path(path, 8), "a path that does not fit is none");
    setenv("XDG_CONFIG_HOME", "/nowhere/at/all", 1);
    cr_assert_eq(config_load(&c, &e), ST_OK, "a file that is not there is an empty one");
}
