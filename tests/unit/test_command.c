/* The command line: parsing, errors that help, completion; every row of its table is whole. */
#include <criterion/criterion.h>
#include <string.h>

#include "app/command/command.h"
#include "scenarios/registry.h"

static struct err e;

static void parses(const char *text, const char *name, int argc)
{
    struct command_line l;

    cr_assert_eq(command_parse(text, &l, &e), ST_OK, "%s: %s", text, e.msg);
    cr_assert_not_null(l.row, "%s has no row", text);
    cr_assert_str_eq(l.row->name, name);
    cr_assert_eq(l.argc, argc, "%s has %d arguments", text, l.argc);
}

static void fails(const char *text, const char *with)
{
    struct command_line l;

    cr_assert_eq(command_parse(text, &l, &e), ST_USAGE, "%s was taken", text);
    cr_assert_not_null(strstr(e.msg, with), "%s: '%s' does not say '%s'", text, e.msg, with);
}

Test(command, words)
{
    struct command_line l;

    parses(":step 3 token", "step", 2);
    parses("  pause ", "pause", 0);
    parses("plot kl \"a file.png\"", "plot", 2);
    cr_assert_eq(command_parse("plot kl \"a file.png\"", &l, &e), ST_OK);
    cr_assert_str_eq(l.argv[1], "a file.png");
    cr_assert_eq(command_parse(":note two  words", &l, &e), ST_OK);
    cr_assert_str_eq(l.rest, "two  words");
    cr_assert_eq(command_parse("  ", &l, &e), ST_OK);
    cr_assert_null(l.row);
}

Test(command, names)
{
    parses("q", "quit", 0);
    parses("sa x.txt", "save-screen", 1);
    parses("run", "resume", 0);
    cr_assert_null(command_by_name("s-"));
    cr_assert_null(command_by_name(""));
    cr_assert_null(command_by_name("re"), "a beginning of several names is none of them");
}

Test(command, errors_help)
{
    fails("frok 3", "did you mean 'fork'");
    fails("pausee", "did you mean 'pause'");
    fails("xyzzyx", ":help");
    fails("goto", ":goto STEP|live");
    fails("pause now", "nothing more");
    fails("note \"open", "not closed");
    fails("plot 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25", "more than 24");
}

Test(command, a_long_line_is_refused)
{
    static char text[COMMAND_BYTES + 1000];
    struct command_line l;

    memset(text, 'a', sizeof text - 1);
    cr_assert_eq(command_parse(text, &l, &e), ST_USAGE);
    memcpy(text, "note ", 5);
    text[COMMAND_BYTES - 1] = 0;
    cr_assert_eq(command_parse(text, &l, &e), ST_OK, "%s", e.msg);
    cr_assert_eq(strlen(l.rest), (size_t)COMMAND_BYTES - 1 - 5);
}

static enum status fork_of(const char *text, struct engine_message *m)
{
    struct command_line l;

    cr_assert_eq(command_parse(text, &l, &e), ST_OK, "%s", e.msg);
    return command_fork(&l, 0, m, &e);
}

Test(command, fork_arguments)
{
    struct engine_message m;

    cr_assert_eq(fork_of("fork", &m), ST_OK);
    cr_assert(m.step == -1 && m.arguments_n == 0 && !m.text[0]);
    cr_assert_eq(fork_of("fork 40 rl.beta=0 cold seed=3", &m), ST_OK);
    cr_assert(m.step == 40 && m.arguments_n == 2 && !strcmp(m.text, "cold") &&
              !strcmp(m.argument[1], "seed=3"));
    cr_assert_eq(fork_of("fork beta=0 0", &m), ST_OK);
    cr_assert(m.step == 0 && m.arguments_n == 1);
    cr_assert_eq(fork_of("fork one two", &m), ST_USAGE);
    cr_assert(strstr(e.msg, "two names") && strstr(e.msg, "key=value"));
    cr_assert_eq(fork_of("fork -3", &m), ST_USAGE);
}

Test(command, integers)
{
    long long v = 7;

    cr_assert_eq(command_integer("12", "a step", 0, &v, &e), ST_OK);
    cr_assert_eq(v, 12);
    cr_assert_eq(command_integer("12x", "a step", 0, &v, &e), ST_USAGE);
    cr_assert_eq(command_integer("", "a step", 0, &v, &e), ST_USAGE);
    cr_assert_eq(command_integer("99999999999999999999", "a step", 0, &v, &e), ST_USAGE);
    cr_assert_eq(command_integer("0", "a number", 1, &v, &e), ST_USAGE);
    cr_assert_not_null(strstr(e.msg, "from 1 on"));
    cr_assert_eq(v, 12);
}

static const char *offers(const struct command_source *s, const char *line, int *files)
{
    static struct str out;
    int end = (int)strlen(line), begin = end;

    while (begin > 0 && line[begin - 1] != ' ')
        begin--;
    str_clear(&out);
    command_complete(s, line, begin, end, &out, files);
    return str_c(&out);
}

Test(command, completion)
{
    struct record_run runs[2] = {{.id = 1, .name = "alpha"}, {.id = 2, .name = "beta"}};
    static struct settings set;
    struct command_source s = {&set, runs, 2};
    int files;

    settings_init(&set, scenario_at(0));
    cr_assert_str_eq(offers(&s, "fo", &files), "fork\nfollow\n");
    cr_assert_str_eq(offers(&s, "open a", &files), "alpha\n");
    cr_assert_str_eq(offers(&s, "step 3 t", &files), "token\n");
    cr_assert_str_eq(offers(&s, "fork 3 rl.beta", &files), "rl.beta=\nrl.beta1=\nrl.beta2=\n");
    cr_assert_str_eq(offers(&s, "fork rl.loss=da", &files), "rl.loss=dapo\n");
    cr_assert_str_eq(offers(&s, "set reference_e", &files), "rl.reference_every=\n");
    cr_assert_str_eq(offers(&s, "new quick-de", &files), "quick-dense\n");
    cr_assert_eq(files, 0);
    cr_assert_str_eq(offers(&s, "plot entr", &files), "entropy\n");
    cr_assert_eq(files, 0);
    cr_assert_str_eq(offers(&s, "plot /etc/pa", &files), "");
    cr_assert_eq(files, 1);
    cr_assert_str_eq(offers(&s, "pause x", &files), "");
    cr_assert_eq(files, 0);
    cr_assert_str_eq(offers(&(struct command_source){NULL, NULL, 0}, "fork rl.", &files), "");
}

Test(command, usage)
{
    char out[256];

    command_usage(":fork 3", out, sizeof out);
    cr_assert_not_null(strstr(out, "[STEP]"));
    command_usage(":fork", out, sizeof out);
    cr_assert_str_eq(out, "", "while a name is typed its end is not known");
}

Test(command, rows_are_whole)
{
    const struct command_row *a, *b;
    int i, k;

    for (i = 0; (a = command_row(i)); i++) {
        cr_assert(a->name && a->name[0] && a->arguments && a->what && a->run, "row %d", i);
        cr_assert_leq(strlen(a->what), 60u, "%s: help is cut on a small screen", a->name);
        cr_assert(a->most < 0 || a->most >= a->least);
        cr_assert_eq(command_by_name(a->name), a);
        for (k = 0; (b = command_row(k)); k++) {
            cr_assert(i == k || strcmp(a->name, b->name), "%s stands twice", a->name);
            cr_assert(!a->alias || strcmp(a->alias, b->name), "%s is a name and an alias", b->name);
        }
    }
    cr_assert_gt(i, 20);
    cr_assert_null(command_row(-1));
}
